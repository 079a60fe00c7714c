"""Metrics read from the same videos at some damage, and how sure a change of theirs is.

What `benchmarks.doctor.sensitivity` puts into its table.
"""

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
from leo_bench.evaluation.uncertainty.intervals import Interval, shared_difference_interval
from leo_bench.evaluation.uncertainty.mean_intervals import difference_interval
from leo_bench.evaluation.uncertainty.paired_shares import paired_difference
from leo_bench.evaluation.videos.source import VideoSource

FRAMES = 16
LONG = 128  # frames in which motion is looked for twice

LEVEL = 0.9  # of the intervals: that a number grows is a claim to one side, with 5 % beyond it


@dataclass(frozen=True)
class Change:
    """Interval, at LEVEL, of one number less another."""

    low: float
    high: float


@dataclass(frozen=True)
class Videos:
    """What a metric is given: sources of VIDEOS videos each, at one level of one damage."""

    real: VideoSource
    fake: VideoSource
    resources: Resources


class Reading(Protocol):
    """A metric's number for some videos, comparable with its number for other fakes."""

    @property
    def value(self) -> float:
        """The number."""

    def difference(self, other: Self) -> Change | None:
        """Of this value less the other's; all show the same videos."""


@dataclass(frozen=True)
class DistanceReading:
    """FVD, KVD or FID."""

    measured: Measurement

    @property
    def value(self) -> float:
        """In float64."""
        return self.measured.numbers.value_float64

    def difference(self, other: "DistanceReading") -> Change | None:
        """See `evaluation.uncertainty.shared_videos`."""
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
        return _change(shared_difference_interval(mine, others, seed=0, level=LEVEL))


def read_distance(metric: str, protocol: str, videos: Videos) -> Reading:
    """A distance of the fakes to the reals."""
    count = len(videos.fake.names)
    changed = load_protocol(protocol).changed("repeats", 1).changed("real.start", "random")
    changed = changed.changed("real.count", count)
    settings = Settings(
        features_of=_network(protocol).through(None, videos.resources),
        seed=0,
        resolution=None,
        on_error="fail",
        store=videos.resources.store,
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

    def difference(self, other: "MeanReading") -> Change | None:
        """See `evaluation.uncertainty.mean_intervals`."""
        found = difference_interval(self.of_video, other.of_video, paired=True, level=LEVEL)
        return None if found is None else _change(found)


@dataclass(frozen=True)
class ShareReading:
    """The share of the fakes that contain something."""

    of_video: Mapping[str, bool]

    @property
    def value(self) -> float:
        """The share, 0 to 1."""
        return fmean(self.of_video.values())

    def difference(self, other: "ShareReading") -> Change | None:
        """See `uncertainty.paired_shares`: a mean's interval has no width at shares of 0 and 1."""
        pairs = [(flag, other.of_video[name]) for name, flag in self.of_video.items()]
        mine, others = zip(*pairs, strict=True)
        return Change(*paired_difference(mine, others, LEVEL).interval)


def read_acd(embedder: str, videos: Videos) -> MeanReading:
    """Average Content Distance of the fakes alone."""
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
    """Share of the fakes that contain repeated motion, calibrated on the reals."""
    request = RepetitionRequest(sources=(), calibrate=videos.real.name, frames=LONG)
    calibrated = calibrated_on(videos.real, request, videos.resources)
    return ShareReading(found_in(videos.fake, calibrated, videos.resources).flags)


def _change(interval: Interval) -> Change:
    return Change(interval.low, interval.high)


@lru_cache(maxsize=4)
def _network(protocol: str) -> Network:
    """The shipped network that takes the place of the protocol's."""
    shipped = load_protocol(protocol)
    name = TOY_EMBEDDER if shipped.frames_of_clip else TOY_EXTRACTOR
    return build_network(ExtractorRequest(name, shipped.bn_eps), shipped)
