"""The main path of the command line: a request becomes a plan, a measurement and a record."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from leo_bench.benchmarks.scores.plan import Plan, ScoreRequest, plan, source_options
from leo_bench.benchmarks.scores.stamp import record_of, with_news
from leo_bench.benchmarks.sources.open import open_source, side_named
from leo_bench.evaluation.embedders import EmbedderRequest, FrameEmbedder, build_embedder
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.extractors import ClipExtractor, ExtractorRequest, build_extractor
from leo_bench.evaluation.features.of_clips import FeaturesOf, Resources, clip_features
from leo_bench.evaluation.features.of_frames import frame_features
from leo_bench.evaluation.measure import Measurement, Settings, Side, measure
from leo_bench.evaluation.protocols.of_clips import EvalProtocol
from leo_bench.evaluation.records.distance import Record, write_record
from leo_bench.evaluation.records.influences import beside_record


def score(request: ScoreRequest, resources: Resources) -> Record:
    """Do what `request` asks.

    Raises:
        InputError: anything that the user has to mend.
    """
    return score_plan(plan(request), resources)


def score_plan(chosen: Plan, resources: Resources) -> Record:
    """Measure as planned, and write everything down.

    Raises:
        InputError: the sources or weights cannot be used.
    """
    return scored(chosen, resources).record


@dataclass(frozen=True)
class Scored:
    """A record, and the features behind it for comparisons with other fakes."""

    record: Record
    measured: Measurement


def scored(chosen: Plan, resources: Resources) -> Scored:
    """As `score_plan`, and keep the features.

    Raises:
        InputError: the sources or weights cannot be used.
    """
    began = time.monotonic()
    request = chosen.request
    real, fake = open_sides(chosen, resources)
    network = build_network(chosen.extractor, chosen.protocol)
    chosen.check_weights(network.frozen.weights)
    settings = Settings(
        features_of=network.through(chosen.resolution, resources),
        seed=request.seed,
        resolution=chosen.resolution,
        on_error=request.on_error,
        store=resources.store,
    )
    measured = measure(request.metric, real, fake, chosen.protocol, settings)
    seconds = round(time.monotonic() - began, 3)
    record = with_news(record_of(chosen, measured, network.frozen, seconds), resources)
    return Scored(record, measured)


def open_sides(chosen: Plan, resources: Resources) -> tuple[Side, Side]:
    """The real videos and the fake ones, of which nothing is read yet.

    Raises:
        InputError: the sources cannot be opened.
    """
    options = source_options(chosen.request, chosen.resolution, chosen.protocol, resources)
    with side_named("real"):
        real = Side(open_source(chosen.real, options), chosen.real_window, "real")
    made = replace(
        options,
        frames=chosen.protocol.fake.frames_needed(chosen.fake_window),
        count=chosen.protocol.fake.count,
    )
    with side_named("fake"):
        return real, Side(open_source(chosen.fake, made), chosen.fake_window, "fake")


class Network(NamedTuple):
    """The frozen network of a measurement, and clips through it at a resolution."""

    frozen: ClipExtractor | FrameEmbedder
    through: Callable[[int | None, Resources], FeaturesOf]


def build_network(request: ExtractorRequest, protocol: EvalProtocol) -> Network:
    """The extractor of clips, or the embedder where the protocol's samples are frames.

    Raises:
        InputError: unknown name or device; weights that are absent or wrong; an option that
            embedders do not have.
    """
    if protocol.frames_of_clip is None:
        extractor = build_extractor(request)
        return Network(extractor, partial(clip_features, extractor, protocol))
    if request.precision != "fp32" or request.trust_torchscript:
        raise InputError(
            f"protocol {protocol.id} measures frames, in fp32 and by our own network: drop "
            "--precision and --trust-torchscript"
        )
    embedder = build_embedder(
        EmbedderRequest(
            name=request.name,
            weights=request.weights,
            allow_unverified=request.allow_unverified,
            device=request.device,
        )
    )
    return Network(embedder, partial(frame_features, embedder, protocol.frames_of_clip))


def keep(found: Scored, path: Path) -> None:
    """Write the record to `path`, and beside it how far each video moves the number.

    Raises:
        InputError: the folder cannot be written to, or the disk is full.
    """
    write_record(found.record, path, beside_record(found.measured.numbers.influences))
