"""Values of metrics on damaged videos, and confidence intervals of their differences."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from statistics import fmean
from typing import Protocol, Self

from leo_bench.benchmarks.scores.plan import TOY_EMBEDDER, TOY_EXTRACTOR
from leo_bench.benchmarks.scores.repetition import RepetitionRequest, calibrated_on, found_in
from leo_bench.benchmarks.scores.score import Network, build_network
from leo_bench.evaluation.clips import ClipChoice, Window
from leo_bench.evaluation.distances.influence import ClipFeatures
from leo_bench.evaluation.embedders import EmbedderRequest, build_embedder
from leo_bench.evaluation.extractors import ExtractorRequest
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.features.of_frames import FrameRecipe
from leo_bench.evaluation.identity.acd import source_acd
from leo_bench.evaluation.identity.embedded_videos import EmbeddingSettings
from leo_bench.evaluation.measure import Measurement, Settings, Side, measure
from leo_bench.evaluation.protocols.of_clips import load_protocol
from leo_bench.evaluation.uncertainty.intervals import shared_difference_interval
from leo_bench.evaluation.uncertainty.mean_intervals import difference_interval
from leo_bench.evaluation.uncertainty.paired_shares import paired_difference
from leo_bench.evaluation.videos.source import VideoSource

FRAMES = 16
LONG = 128  # frames in which repeated motion is searched

LEVEL = 0.9  # of the intervals: "grows" is a one-sided claim, with an error of 5 %


@dataclass(frozen=True)
class Change:
    """Confidence interval, at LEVEL, of the difference of two values."""

    low: float
    high: float


@dataclass(frozen=True)
class Videos:
    """The input of a metric: real videos, and fakes at one level of one damage."""

    real: VideoSource
    fake: VideoSource
    resources: Resources


class Reading(Protocol):
    """The value of a metric for some fakes, comparable with its value for other fakes."""

    @property
    def value(self) -> float:
        """The value."""

    def difference(self, other: Self) -> Change | None:
        """This value minus the other's, for the same videos; None without an interval."""


@dataclass(frozen=True)
class DistanceReading:
    """FVD, KVD or FID."""

    measured: Measurement

    @property
    def value(self) -> float:
        """In float64."""
        return self.measured.numbers.value_float64

    def difference(self, other: "DistanceReading") -> Change | None:
        """By `uncertainty.intervals.shared_difference_interval`."""
        weighted = self.measured.form.weighted
        if weighted is None:
            return None
        mine, others = (
            weighted(
                ClipFeatures(m.real.values[0], m.real.videos[0]),
                ClipFeatures(m.fake.values[0], m.fake.videos[0]),
            )
            for m in (self.measured, other.measured)
        )
        found = shared_difference_interval(mine, others, seed=0, level=LEVEL)
        return Change(found.low, found.high)


def read_distance(metric: str, protocol: str, videos: Videos) -> Reading:
    """The distance between fakes and reals, measured once by the shipped network."""
    count = len(videos.fake.names)
    changed = load_protocol(protocol).changed("repeats", 1).changed("real.start", "random")
    changed = changed.changed("real.count", count).changed("fake.count", count)
    settings = Settings(
        features_of=_network(protocol).through(None, videos.resources),
        seed=0,
        resolution=None,
        on_error="fail",
        store=videos.resources.store,
    )
    real, fake = (Side(source, Window(FRAMES)) for source in (videos.real, videos.fake))
    return DistanceReading(measure(metric, real, fake, changed, settings))


@dataclass(frozen=True)
class MeanReading:
    """The mean over the fakes of one value a video."""

    of_video: Mapping[str, float]

    @property
    def value(self) -> float:
        """The mean."""
        return fmean(self.of_video.values())

    def difference(self, other: "MeanReading") -> Change | None:
        """By `uncertainty.mean_intervals`, in pairs."""
        found = difference_interval(self.of_video, other.of_video, paired=True, level=LEVEL)
        return None if found is None else Change(found.low, found.high)


@dataclass(frozen=True)
class ShareReading:
    """The share of the fakes that contain something."""

    of_video: Mapping[str, bool]

    @property
    def value(self) -> float:
        """The share, 0..1."""
        return fmean(self.of_video.values())

    def difference(self, other: "ShareReading") -> Change | None:
        """By `uncertainty.paired_shares`, whose interval also has a width at shares of 0 and 1."""
        pairs = [(flag, other.of_video[name]) for name, flag in self.of_video.items()]
        mine, others = zip(*pairs, strict=True)
        return Change(*paired_difference(mine, others, LEVEL).interval)


def read_acd(embedder: str, videos: Videos) -> MeanReading:
    """The Average Content Distance of the fakes."""
    settings = EmbeddingSettings(
        recipe=FrameRecipe(build_embedder(EmbedderRequest(embedder)), "center-crop-lanczos", None),
        choice=ClipChoice(start="first"),
        subject="person",
        seed=0,
        on_error="fail",
        resources=videos.resources,
    )
    return MeanReading(source_acd(videos.fake, Window(FRAMES), settings).by_video)


def read_repetition(videos: Videos) -> ShareReading:
    """The share of the fakes with repeated motion, calibrated on the reals."""
    request = RepetitionRequest(sources=(), calibrate=videos.real.name, frames=LONG)
    calibrated = calibrated_on(videos.real, request, videos.resources)
    return ShareReading(found_in(videos.fake, calibrated, videos.resources).flags)


@lru_cache(maxsize=4)
def _network(protocol: str) -> Network:
    """The shipped network that replaces the protocol's."""
    shipped = load_protocol(protocol)
    name = TOY_EMBEDDER if shipped.frames_of_clip else TOY_EXTRACTOR
    return build_network(ExtractorRequest(name, shipped.bn_eps), shipped)
