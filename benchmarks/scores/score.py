"""Distances as a command measures them: plan, open both sides, measure, record."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from leo_bench.benchmarks.scores.distance_record import record_of
from leo_bench.benchmarks.scores.feature_sides import check_fits
from leo_bench.benchmarks.scores.plan import Plan, check_weights, open_side, plan, source_options
from leo_bench.benchmarks.scores.requests import ScoreRequest
from leo_bench.benchmarks.scores.stamp import seconds_since, with_news
from leo_bench.evaluation.embedders import EmbedderRequest, FrameEmbedder, build_embedder
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.extractors import ClipExtractor, ExtractorRequest, build_extractor
from leo_bench.evaluation.features.jobs import ClipJob, FrameJob, Job
from leo_bench.evaluation.features.of_clips import (
    FeatureRecipe,
    FeaturesOf,
    Resources,
    clip_features,
)
from leo_bench.evaluation.features.of_frames import FrameRecipe, frame_features, frames_of_clips
from leo_bench.evaluation.features.shared_pass import fill_together
from leo_bench.evaluation.measure import (
    Measurement,
    Settings,
    Side,
    WantedClips,
    measure,
    wanted_clips,
)
from leo_bench.evaluation.protocols.of_clips import EvalProtocol
from leo_bench.evaluation.records.distance import Record, write_record
from leo_bench.evaluation.records.documents import Document, LeverageExtra, document_of
from leo_bench.evaluation.records.influences import beside_record
from leo_bench.evaluation.records.shares import PrecisionExtra

ExtraT = TypeVar("ExtraT", PrecisionExtra, LeverageExtra)


@dataclass(frozen=True)
class Scored:
    """A record, and the features behind it for comparisons with other fakes."""

    record: Record
    measured: Measurement

    def keep(self, path: Path) -> None:
        """Write the record to `path`, and beside it how much each video moves the number.

        Raises:
            InputError: the folder cannot be written to, or the disk is full.
        """
        write_record(self.record, path, beside_record(self.measured.numbers.influences))


@dataclass(frozen=True)
class DistanceReport(Generic[ExtraT]):
    """What else was computed from the features of a distance, and the distance's record.

    Args:
        kind: the command, "precision" or "leverage".
    """

    kind: str
    record: Record
    extra: ExtraT

    @property
    def document(self) -> Document:
        """Both, as --json writes them."""
        return document_of(self.kind, [self.record], self.extra)


def score(request: ScoreRequest, resources: Resources) -> Record:
    """The record of the distance that `request` asks for.

    Raises:
        InputError: options, sources or weights cannot be used.
    """
    return scored(plan(request), resources).record


def scored(chosen: Plan, resources: Resources) -> Scored:
    """Measure a distance as planned; several processes divide the videos among them.

    Raises:
        ShareDone: in every process but the first.
        InputError: the sources or weights cannot be used.
    """
    began = time.monotonic()
    real, fake = open_sides(chosen, resources)
    network = build_network(chosen.network, chosen.protocol)
    jobs = partial(jobs_of, chosen, real, fake, network, resources)
    fill_together(jobs, resources, chosen.request.on_error)
    return score_opened(chosen, real, fake, network, resources, began)


def score_opened(
    chosen: Plan, real: Side, fake: Side, network: "Network", resources: Resources, began: float
) -> Scored:
    """Measure two sides that are open already, through a network that is built already.

    Args:
        chosen: the plan.
        real: videos of the real side, with the window of the plan.
        fake: videos of the fake side, likewise.
        network: of the plan (`build_network`).
        resources: cache, threads and progress.
        began: `time.monotonic()` at the beginning, for the record's seconds.

    Raises:
        InputError: the videos or the weights cannot be used.
    """
    request = chosen.request
    check_weights(chosen.network.name, chosen.weights_sha256, network.frozen.weights)
    for side in (real, fake):
        check_fits(side, chosen, network.frozen)
    settings = settings_of(chosen, network, resources)
    measured = measure(request.metric, real, fake, chosen.protocol, settings)
    record = record_of(chosen, measured, network.frozen, seconds_since(began))
    return Scored(with_news(record, resources), measured)


def jobs_of(
    chosen: Plan, real: Side, fake: Side, network: "Network", resources: Resources
) -> list[Job]:
    """What a distance needs of the videos of both sides, for `features.one_pass`.

    Raises:
        InputError: as `wanted_clips`, and where features of a file do not fit.
    """
    for side in (real, fake):
        check_fits(side, chosen, network.frozen)
    settings = settings_of(chosen, network, resources)
    wanted = wanted_clips(real, fake, chosen.protocol, settings)
    return [network.job(chosen.resolution, each) for each in wanted]


def settings_of(chosen: Plan, network: "Network", resources: Resources) -> Settings:
    """What fixes the measurement of a plan besides its protocol."""
    return Settings(
        features_of=network.through(chosen.resolution, resources),
        seed=chosen.request.seed,
        resolution=chosen.resolution,
        on_error=chosen.request.on_error,
        store=resources.store,
    )


def open_sides(chosen: Plan, resources: Resources) -> tuple[Side, Side]:
    """The real and the fake videos; no frame is read yet.

    Raises:
        InputError: the sources cannot be opened.
    """
    real, fake = chosen.real, chosen.fake
    options = source_options(chosen.request, chosen.resolution, chosen.protocol, resources)
    made = replace(
        options,
        frames=chosen.protocol.fake.frames_needed(fake.window),
        count=chosen.protocol.fake.count,
    )
    return (
        Side(open_side("real", real.spec, options, real.in_memory), real.window, "real"),
        Side(open_side("fake", fake.spec, made, fake.in_memory), fake.window, "fake"),
    )


class Network(NamedTuple):
    """The frozen network of a measurement, and clips through it at a resolution.

    Args:
        frozen: the network.
        through: from a resolution to a function from chosen clips to features.
        job: from a resolution and the clips of a side to the work of `features.one_pass`.
    """

    frozen: ClipExtractor | FrameEmbedder
    through: Callable[[int | None, Resources], FeaturesOf]
    job: Callable[[int | None, WantedClips], Job]


def build_network(request: ExtractorRequest, protocol: EvalProtocol) -> Network:
    """The extractor of clips, or the embedder if the protocol measures frames.

    Raises:
        InputError: unknown name or device; absent or wrong weights; an option that embedders do
            not have.
    """
    if protocol.frames_of_clip is None:
        extractor = build_extractor(request)
        return Network(
            extractor,
            partial(clip_features, extractor, protocol),
            partial(_clip_job, extractor, protocol),
        )
    if request.precision != "fp32" or request.trust_torchscript:
        raise InputError(
            f"protocol {protocol.id} measures frames, in fp32 and by our own network: drop "
            "--dtype and --trust-torchscript"
        )
    embedder = build_embedder(
        EmbedderRequest(
            name=request.name,
            weights=request.weights,
            allow_unverified=request.allow_unverified,
            device=request.device,
        )
    )
    return Network(
        embedder,
        partial(frame_features, embedder, protocol.frames_of_clip),
        partial(_frame_job, embedder, protocol.frames_of_clip),
    )


def _clip_job(
    extractor: ClipExtractor, protocol: EvalProtocol, resolution: int | None, wanted: WantedClips
) -> Job:
    recipe = FeatureRecipe.of(extractor, protocol, wanted.loading, resolution)
    return ClipJob(wanted.side.source, wanted.refs, wanted.side.window, recipe)


def _frame_job(
    embedder: FrameEmbedder, of_clip: int, resolution: int | None, wanted: WantedClips
) -> Job:
    loading, side = wanted.loading, wanted.side
    recipe = FrameRecipe(embedder, loading.resize, loading.resolution(resolution))
    return FrameJob(side.source, frames_of_clips(wanted.refs, side.window, of_clip), recipe)
