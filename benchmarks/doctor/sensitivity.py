"""What each metric answers to graded damage: `leo-bench doctor --metrics`.

Fakes: beginnings of videos of an embedded world, untouched and damaged at three levels. Reals:
other moments of the same videos, so that little but the damage sets the two apart. Only pairs of
metric and damage are measured of which it is known whether the number grows or holds still.
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
VIDEOS = 48  # a side
MOST_VIDEOS = 128  # half a world's test split

# Growing (benchmarks.damage). The other person comes in at a share of 128 frames: later is less.
LEVELS: dict[str, tuple[float, ...]] = {
    "blur": (0.5, 1.0, 2.0),
    "noise": (6.0, 12.0, 24.0),
    "jitter": (4.0, 8.0, 16.0),
    "identity-swap": (14 / 128, 12 / 128, 8 / 128),
    "repetition": (0.2, 0.3, 0.4),
}

# A metric holds still where it moves by less than this share of its largest rightful answer.
STILL = 0.1

Expectation = Literal["grows", "still"]
Verdict = Literal["grows", "DOES NOT GROW", "still", "MOVES"]
WRONG: frozenset[Verdict] = frozenset({"DOES NOT GROW", "MOVES"})


@dataclass(frozen=True)
class Metric:
    """A metric, and what is expected of it.

    Args:
        read: its number for some videos.
        grows: damages with which the number must grow.
        still: damages that must not move it.
        fewest: videos a side that it can be read from.
    """

    name: str
    read: Callable[[Videos], Reading]
    grows: frozenset[str]
    still: frozenset[str] = field(default_factory=frozenset)
    fewest: int = MIN_VIDEOS

    def expected(self, damage: str) -> Expectation | None:
        """What is expected of it under a damage; None: nothing is claimed."""
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
    """A metric's answer to a damage in one world.

    Args:
        amounts: of the damage.
        values: of the metric at each amount; `untouched` at none.
        changes: from untouched to each amount.
        steps: from each amount to the next, from none to the first.
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
        """How far the strongest damage moves the value."""
        return abs(self.values[-1] - self.untouched)

    @property
    def grows(self) -> bool:
        """Whether the strongest damage is told from none, and no step surely goes down."""
        last = self.changes[-1]
        return (
            last is not None
            and last.low > 0
            and all(step is not None and step.high >= 0 for step in self.steps)
        )

    def holds_still(self, scale: float) -> bool:
        """Whether no level is told from none, or moves by STILL * `scale`."""
        return all(
            (change is not None and change.low <= 0 <= change.high)
            or abs(value - self.untouched) <= STILL * scale
            for value, change in zip(self.values, self.changes, strict=True)
        )

    def verdict(self, scale: float) -> Verdict:
        """Whether the answer is as expected; `scale` as in `holds_still`."""
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
    """Every metric's answer to the damages of which something is claimed, world by world.

    Args:
        resources: cache, threads and progress for a piece of work of that name.
        videos: a side.
        worlds: which embedded worlds.
        metrics: which metrics.

    Raises:
        InputError: too few videos for some metric, or more than half a world has.
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
            (metric.name, expected)
            for metric in metrics
            if (expected := metric.expected(damage)) is not None
        ]
        names = {name for name, _ in claimed}
        levels = [
            readings(
                f"damaged:{damage}={amount}:{world}/test",
                [metric for metric in metrics if metric.name in names],
            )
            for amount in amounts
        ]
        for name, expected in claimed:
            none, at = untouched[name], [level[name] for level in levels]
            found.append(
                Response(
                    world=world,
                    metric=name,
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
