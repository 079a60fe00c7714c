"""What each metric answers to graded damage: `leo-bench doctor --metrics`.

Fakes: beginnings of videos of an embedded world, untouched and damaged at three levels. Reals:
other moments of the same videos, so that little but the damage sets the two apart. Only pairs of
metric and damage are measured of which it is known whether the number grows or holds still.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from statistics import fmean
from typing import Literal, Protocol, Self

from benchmarks.plan import FID_PROTOCOL, TOY_EMBEDDER, TOY_EXTRACTOR
from benchmarks.repetition import RepetitionRequest, calibrated_on, found_in
from benchmarks.score import build_network
from benchmarks.sources import SourceOptions, open_source
from evaluation.acd import source_acd
from evaluation.clip_frames import FrameExtractor
from evaluation.clips import ClipChoice, Window
from evaluation.embedded_videos import EmbeddingSettings
from evaluation.embedders import EmbedderRequest, build_embedder
from evaluation.errors import InputError
from evaluation.extractors import ClipExtractor, ExtractorRequest
from evaluation.features import Machinery
from evaluation.frame_features import FrameRecipe
from evaluation.influence import ClipFeatures
from evaluation.intervals import MIN_VIDEOS, Interval
from evaluation.mean_intervals import difference_interval
from evaluation.measure import Measurement, Settings, Side, measure
from evaluation.numbers import Metric as DistanceMetric
from evaluation.protocol import load_protocol
from evaluation.shared_videos import shared_difference_interval
from evaluation.videos.discover import OpenOptions
from evaluation.videos.source import VideoSource

WORLDS = ("toy-faces", "toy-bodies")
FRAMES = 16
LONG = 128  # frames in which motion is looked for twice
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

LEVEL = 0.9  # of the intervals: that a number grows is a claim to one side, with 5 % beyond it

# A metric holds still where it moves by less than this share of its largest rightful answer.
STILL = 0.1

Expectation = Literal["grows", "still"]
Verdict = Literal["grows", "DOES NOT GROW", "still", "MOVES"]
WRONG: frozenset[Verdict] = frozenset({"DOES NOT GROW", "MOVES"})


@dataclass(frozen=True)
class Videos:
    """What a metric is given: sources of VIDEOS videos each, at one level of one damage."""

    real: VideoSource
    fake: VideoSource
    machinery: Machinery


class Reading(Protocol):
    """A metric's number for some videos, comparable with its number for other fakes."""

    @property
    def value(self) -> float:
        """The number."""

    def difference(self, other: Self) -> Interval | None:
        """Interval of this value less the other's; all show the same videos."""


@dataclass(frozen=True)
class DistanceReading:
    """FVD, KVD or FID."""

    measured: Measurement

    @property
    def value(self) -> float:
        """In float64."""
        return self.measured.numbers.value_float64

    def difference(self, other: "DistanceReading") -> Interval | None:
        """See `evaluation.shared_videos`."""
        mine, others = (
            m.form.weighted(
                ClipFeatures(m.real.values[0], m.real.videos[0]),
                ClipFeatures(m.fake.values[0], m.fake.videos[0]),
            )
            for m in (self.measured, other.measured)
        )
        return shared_difference_interval(mine, others, seed=0, level=LEVEL)


def read_distance(metric: DistanceMetric, protocol: str, videos: Videos) -> Reading:
    """A distance of the fakes to the reals."""
    count = len(videos.fake.names)
    changed = load_protocol(protocol).changed("repeats", 1).changed("real.start", "random")
    changed = changed.changed("real.count", count)
    settings = Settings(
        extractor=_network(protocol),
        seed=0,
        resolution=None,
        on_error="fail",
        machinery=videos.machinery,
    )
    real, fake = (Side(source, Window(FRAMES)) for source in (videos.real, videos.fake))
    return DistanceReading(
        measure(metric, real, fake, changed.changed("fake.count", count), settings)
    )


@dataclass(frozen=True)
class MeanReading:
    """A mean over the fakes of one number a video."""

    of_video: Mapping[str, float]

    @property
    def value(self) -> float:
        """The mean."""
        return fmean(self.of_video.values())

    def difference(self, other: "MeanReading") -> Interval | None:
        """See `evaluation.mean_intervals`."""
        return difference_interval(self.of_video, other.of_video, paired=True, level=LEVEL)


def read_acd(embedder: str, videos: Videos) -> MeanReading:
    """Average Content Distance of the fakes alone."""
    settings = EmbeddingSettings(
        recipe=FrameRecipe(build_embedder(EmbedderRequest(embedder)), "center-crop-lanczos", None),
        choice=ClipChoice(start="first"),
        subject="person",
        seed=0,
        on_error="fail",
        machinery=videos.machinery,
    )
    return MeanReading(source_acd(videos.fake, Window(FRAMES), settings).by_video)


def read_repetition(videos: Videos) -> MeanReading:
    """Share of the fakes that contain repeated motion, calibrated on the reals."""
    request = RepetitionRequest(sources=(), calibrate=videos.real.name, frames=LONG)
    calibrated = calibrated_on(videos.real, request, videos.machinery)
    flags = found_in(videos.fake, calibrated, videos.machinery).flags
    return MeanReading({name: float(flag) for name, flag in flags.items()})


@lru_cache(maxsize=4)
def _network(protocol: str) -> ClipExtractor | FrameExtractor:
    """The shipped network that takes the place of the protocol's."""
    shipped = load_protocol(protocol)
    name = TOY_EMBEDDER if shipped.frames_of_clip else TOY_EXTRACTOR
    return build_network(ExtractorRequest(name, shipped.bn_eps), shipped)


@dataclass(frozen=True)
class Metric:
    """A metric, and what is expected of it.

    Args:
        read: its number for some videos.
        grows: damages with which the number must grow.
        still: damages that must not move it.
    """

    name: str
    read: Callable[[Videos], Reading]
    grows: frozenset[str]
    still: frozenset[str] = field(default_factory=frozenset)

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
        partial(read_distance, "fid", FID_PROTOCOL),
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
    Metric("repeated motion, pixels", read_repetition, grows=frozenset({"repetition"})),
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
    changes: tuple[Interval | None, ...]
    steps: tuple[Interval | None, ...]

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
    machinery: Callable[[str], Machinery],
    *,
    videos: int = VIDEOS,
    worlds: Sequence[str] = WORLDS,
    metrics: Sequence[Metric] = METRICS,
) -> Iterator[tuple[Response, Verdict]]:
    """Every metric's answer to the damages of which something is claimed, world by world.

    Args:
        machinery: cache, threads and progress for a piece of work of that name.
        videos: a side.
        worlds: which embedded worlds.
        metrics: which metrics.

    Raises:
        InputError: too few videos for an interval, or more than half a world has.
    """
    if not MIN_VIDEOS <= videos <= MOST_VIDEOS:
        raise InputError(
            f"{videos} videos a side: the answer of a metric needs {MIN_VIDEOS} to {MOST_VIDEOS}"
        )
    for world in worlds:
        responses = _responses(world, machinery, videos, metrics)
        for metric in metrics:
            mine = [response for response in responses if response.metric == metric.name]
            scale = max((r.largest for r in mine if r.expected == "grows"), default=0.0)
            for response in mine:
                yield response, response.verdict(scale)


def _responses(
    world: str, machinery: Callable[[str], Machinery], videos: int, metrics: Sequence[Metric]
) -> list[Response]:
    options = SourceOptions(OpenOptions(), limit=videos)
    real = open_source(f"part:2/2:{world}/test", options)

    def readings(fake: str, wanted: Sequence[Metric]) -> dict[str, Reading]:
        source = open_source(f"part:2/2:{fake}", options)
        given = Videos(real, source, machinery(source.name))
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
