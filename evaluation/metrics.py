"""Every metric, one row each: what all other modules need to know of it.

The command line's verbs, records, protocols, suites, notes, `leo-bench list metrics` and the
regression test read these rows. A new distance is one module in `evaluation/distances` with a
function `form(options)`, one row here, a protocol file that lists it, and its floor in
`reports/regression.toml`.

Imports neither torch nor pydantic, so that help texts are quick and records are read without both.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal


@dataclass(frozen=True)
class Metric:
    """One row.

    Args:
        name: of the verb, in records and in protocols.
        title: what it is, in one line; `summary` is what comes before its first comma or bracket.
        samples: what it is computed from: clips or frames of two sides, or videos of one side.
        better: which numbers are the better ones.
        module: of a distance, in `evaluation/distances`; "" where it is no distance.
        options: the protocol's table that `form` takes; "": `form` takes None.
        has_dtype: whether the published form is in the `dtype` of `options`; else in float64.
        biased: whether few samples raise its expected value, so that real against real is not 0.
        gaussian: whether mean and covariance of each side are enough to compute it.
        heavy: whether its variance rests on high moments (`intervals.cautious_interval`).
        protocol: the one that is used unless the user names another; "": the data set's.
        usual: the one that `leo-bench score` uses where neither the user nor the data set names
            one that fits; "": there is none.
        fewest: samples on the smaller side below which records say `few`.
        few: the note, with {count}.
        suspicious: a value above it usually has a trivial cause, with `fewest` samples or more.
    """

    name: str
    title: str
    samples: Literal["clips", "frames", "one side"]
    better: Literal["lower", "higher"] = "lower"
    module: str = ""
    options: str = ""
    has_dtype: bool = False
    biased: bool = False
    gaussian: bool = False
    heavy: bool = False
    protocol: str = ""
    usual: str = ""
    fewest: int = 0
    few: str = ""
    suspicious: float = float("inf")

    @property
    def summary(self) -> str:
        """What it is, in a few words: a line of `leo-bench --help`."""
        return re.split(r",| \(", self.title, maxsplit=1)[0].rstrip(".")


METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(
            "fvd",
            "Fréchet Video Distance of fake videos to real ones, with interval and provenance.",
            samples="clips",
            module="frechet",
            biased=True,
            gaussian=True,
            options="frechet",
            has_dtype=True,
            usual="stylegan-v",
            # Below it the bias is most of the number (FETV-EVAL's logs at N = 256 against 1,024:
            # a factor of 1.9).
            fewest=256,
            few="{count} clips on the smaller side: FVD is biased upwards by few clips; compare "
            "only numbers with the same counts, and see fvd_infinity",
            # songweige/TATS issue 5: a forgotten stride gave 3,245 where the paper has some 100.
            suspicious=1500,
        ),
        Metric(
            "kvd",
            "Kernel Video Distance of fake videos to real ones (unbiased squared MMD).",
            samples="clips",
            module="kernel",
            options="kernel",
            has_dtype=True,
            heavy=True,
            usual="digan",
        ),
        Metric(
            "fid",
            "Fréchet Inception Distance of single frames (of the chosen clips), interval by "
            "videos.",
            samples="frames",
            module="frechet_of_frames",
            options="frechet",
            biased=True,
            gaussian=True,
            protocol="pytorch-fid",
            usual="pytorch-fid",
            # bioinf-jku/TTUR, README: fewer are not enough for 2048 dimensions.
            fewest=10_000,
            few="{count} frames on the smaller side: FID is biased upwards by few frames (10,000 "
            "and more are usual); compare only numbers with the same counts",
        ),
        Metric(
            "precision",
            "Precision and recall of fake videos among real ones.",
            samples="clips",
            better="higher",
        ),
        Metric("acd", "Average Content Distance within each video.", samples="one side"),
        Metric("drift", "Distance to the first frame against time.", samples="one side"),
        Metric("repetition", "Share of videos with repeated motion.", samples="one side"),
    )
}
DISTANCES = {name: metric for name, metric in METRICS.items() if metric.module}

# A distance's name in data files and records.
if TYPE_CHECKING:
    DistanceName = str
else:
    DistanceName = Literal[tuple(DISTANCES)]

COVERS = "where this number would fall with as many other videos"
COVERS_FAKES = (
    "where this number would fall with as many other fake videos, against the same statistics "
    "of the real side"
)
NOT_ZERO = "real against real is not 0 at this count"
ALL_COVER = (
    "95 % intervals: where a number would fall with as many other videos; "
    f"{' and '.join(name.upper() for name, metric in METRICS.items() if metric.biased)} of real "
    "against real are not 0 at these counts."
)


def covers(metric: str) -> str:
    """What the interval of one number covers; the bias of few samples is part of that."""
    return f"{COVERS}; {NOT_ZERO}" if metric in METRICS and METRICS[metric].biased else COVERS


def covers_fakes(metric: str) -> str:
    """`covers` for an interval of the fake videos alone, against fixed statistics."""
    return covers(metric).replace(COVERS, COVERS_FAKES)


def is_higher_better(metric: str) -> bool:
    """Whether a larger number of this metric is the better one."""
    return metric in METRICS and METRICS[metric].better == "higher"
