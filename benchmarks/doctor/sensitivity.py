"""`leo-bench doctor --metrics`: the response of each metric to graded damage.

Fakes are the beginnings of videos of an embedded world, untouched and damaged at three levels.
Reals are other clips of the same videos, so that the two sides differ in little but the damage.
Only those pairs of metric and damage are measured for which the right response is known.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from leo_bench.benchmarks.doctor.metric_readings import (
    LONG,
    Change,
    Reading,
    Videos,
    read_acd,
    read_distance,
    read_repetition,
)
from leo_bench.benchmarks.scores.plan import TOY_EMBEDDER
from leo_bench.benchmarks.sources.open import SourceOptions, open_source
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.metrics import DISTANCES
from leo_bench.evaluation.repetition.score import RepetitionSettings
from leo_bench.evaluation.uncertainty.intervals import MIN_VIDEOS
from leo_bench.evaluation.videos.discover import OpenOptions

WORLDS = ("toy-faces", "toy-bodies")
VIDEOS = 48  # on each side
MOST_VIDEOS = 128  # half of a world's test split

# Ascending. In identity-swap the person changes at this share of 128 frames: later is weaker.
LEVELS: dict[str, tuple[float, ...]] = {
    "blur": (0.5, 1.0, 2.0),
    "noise": (6.0, 12.0, 24.0),
    "jitter": (4.0, 8.0, 16.0),
    "identity-swap": (14 / 128, 12 / 128, 8 / 128),
    "repetition": (0.2, 0.3, 0.4),
}

# "still": the value changes by at most this share of the metric's largest expected response.
STILL = 0.1

Expectation = Literal["grows", "still"]
Verdict = Literal["grows", "DOES NOT GROW", "still", "MOVES"]
WRONG: frozenset[Verdict] = frozenset({"DOES NOT GROW", "MOVES"})


@dataclass(frozen=True)
class Metric:
    """A metric and its expected responses.

    Args:
        read: measures it.
        grows: damages with which the value must grow.
        still: damages that must not change it.
        fewest: smallest number of videos a side.
    """

    name: str
    read: Callable[[Videos], Reading]
    grows: frozenset[str]
    still: frozenset[str] = field(default_factory=frozenset)
    fewest: int = MIN_VIDEOS

    def expected(self, damage: str) -> Expectation | None:
        """The expected response to a damage; None: none is claimed."""
        if damage in self.grows:
            return "grows"
        return "still" if damage in self.still else None


METRICS: tuple[Metric, ...] = (
    Metric(
        "FVD16, i3d-toy",
        partial(read_distance, "fvd", "digan"),
        grows=frozenset({"blur", "noise", "jitter", "identity-swap"}),
    ),
    Metric(
        "KVD16, i3d-toy",
        partial(read_distance, "kvd", "digan"),
        grows=frozenset({"blur", "noise", "jitter", "identity-swap"}),
    ),
    Metric(
        f"FID, {TOY_EMBEDDER}",
        partial(read_distance, "fid", DISTANCES["fid"].protocol),
        grows=frozenset({"blur", "noise"}),
        still=frozenset({"jitter"}),
    ),
    Metric(
        "ACD, id-toy",
        partial(read_acd, "id-toy"),
        grows=frozenset({"identity-swap"}),
        still=frozenset({"jitter"}),
    ),
    Metric(
        "ACD, mean-colour",
        partial(read_acd, "mean-colour"),
        grows=frozenset({"identity-swap"}),
        still=frozenset({"noise", "jitter"}),
    ),
    Metric(
        f"repeated motion{LONG}, pixels",
        read_repetition,
        grows=frozenset({"repetition"}),
        fewest=RepetitionSettings().fewest_videos,
    ),
)


@dataclass(frozen=True)
class Response:
    """The response of a metric to a damage in one world.

    Args:
        amounts: of the damage, ascending.
        untouched: value without damage.
        values: value at each amount.
        changes: difference between each amount and no damage.
        steps: difference between each amount and the one before, the first being no damage.
    """

    world: str
    metric: str
    damage: str
    expected: Expectation
    amounts: tuple[float, ...]
    untouched: float
    values: tuple[float, ...]
    changes: tuple[Change | None, ...]
    steps: tuple[Change | None, ...]

    @property
    def largest(self) -> float:
        """The change by the strongest damage."""
        return abs(self.values[-1] - self.untouched)

    @property
    def grows(self) -> bool:
        """Whether the strongest damage is significant, and no step is significantly negative."""
        last = self.changes[-1]
        return (
            last is not None
            and last.low > 0
            and all(step is not None and step.high >= 0 for step in self.steps)
        )

    def holds_still(self, scale: float) -> bool:
        """Whether each level is insignificant, or changes the value by at most STILL * `scale`."""
        return all(
            (change is not None and change.low <= 0 <= change.high)
            or abs(value - self.untouched) <= STILL * scale
            for value, change in zip(self.values, self.changes, strict=True)
        )

    def verdict(self, scale: float) -> Verdict:
        """Whether the response is as expected; `scale` as in `holds_still`."""
        if self.expected == "grows":
            return "grows" if self.grows else "DOES NOT GROW"
        return "still" if self.holds_still(scale) else "MOVES"


def examine_metrics(
    resources: Callable[[str], Resources],
    *,
    videos: int = VIDEOS,
    worlds: Sequence[str] = WORLDS,
    metrics: Sequence[Metric] = METRICS,
) -> Iterator[tuple[Response, Verdict]]:
    """Yield the responses of metrics to the damages with a claim, world by world.

    Args:
        resources: cache, threads and progress for a piece of work of this name.
        videos: number of videos on each side.
        worlds: names of embedded worlds.
        metrics: the metrics.

    Raises:
        InputError: too few videos for a metric, or more than half of a world has.
    """
    fewest = max(metric.fewest for metric in metrics)
    if not fewest <= videos <= MOST_VIDEOS:
        raise InputError(
            f"{videos} videos a side: the answers of metrics need {fewest} to {MOST_VIDEOS}"
        )
    for world in worlds:
        responses = _responses(world, resources, videos, metrics)
        for metric in metrics:
            mine = [response for response in responses if response.metric == metric.name]
            scale = max((r.largest for r in mine if r.expected == "grows"), default=0.0)
            for response in mine:
                yield response, response.verdict(scale)


def _responses(
    world: str, resources: Callable[[str], Resources], videos: int, metrics: Sequence[Metric]
) -> list[Response]:
    options = SourceOptions(OpenOptions(), limit=videos)
    real = open_source(f"part:2/2:{world}/test", options)

    def readings(fake: str, wanted: Sequence[Metric]) -> dict[str, Reading]:
        source = open_source(f"part:2/2:{fake}", options)
        given = Videos(real, source, resources(source.name))
        return {metric.name: metric.read(given) for metric in wanted}

    untouched = readings(f"{world}/test", metrics)
    found = []
    for damage, amounts in LEVELS.items():
        claimed = [
            (metric, expected)
            for metric in metrics
            if (expected := metric.expected(damage)) is not None
        ]
        claiming = [metric for metric, _ in claimed]
        levels = [
            readings(f"damaged:{damage}={amount}:{world}/test", claiming) for amount in amounts
        ]
        for metric, expected in claimed:
            none, at = untouched[metric.name], [level[metric.name] for level in levels]
            found.append(
                Response(
                    world=world,
                    metric=metric.name,
                    damage=damage,
                    expected=expected,
                    amounts=amounts,
                    untouched=none.value,
                    values=tuple(reading.value for reading in at),
                    changes=tuple(reading.difference(none) for reading in at),
                    steps=tuple(
                        after.difference(before)
                        for before, after in zip([none, *at[:-1]], at, strict=True)
                    ),
                )
            )
    return found
