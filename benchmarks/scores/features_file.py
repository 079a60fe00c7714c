"""Files of features (.npz): features of a source's clips, or their statistics, are written."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from leo_bench.benchmarks.scores.feature_sides import features_version
from leo_bench.benchmarks.scores.plan import (
    check_counts,
    extractor_request,
    source_options,
)
from leo_bench.benchmarks.scores.requests import NetworkOptions
from leo_bench.benchmarks.scores.score import build_network
from leo_bench.benchmarks.scores.stamp import (
    FrozenNetwork,
    device_name,
    drawn_side,
    protocol_fields,
)
from leo_bench.benchmarks.sources.open import dataset_behind, open_source
from leo_bench.evaluation.clips import SEED_RULE, Window
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.feature_files.files import Features, Statistics
from leo_bench.evaluation.feature_files.origin import Kind, Origin
from leo_bench.evaluation.feature_files.sources import FeaturesSource, StatisticsSource
from leo_bench.evaluation.features.jobs import Job
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.features.shared_pass import fill_together
from leo_bench.evaluation.features.single_thread_pool import on_one_thread
from leo_bench.evaluation.files.atomic import write_atomically
from leo_bench.evaluation.measure import Settings, Side, SideFeatures, draw, wanted_of_side
from leo_bench.evaluation.metrics import DISTANCES
from leo_bench.evaluation.preprocess import PREPROCESS_VERSION
from leo_bench.evaluation.protocols.of_clips import EvalProtocol, Loading, form_of, load_protocol
from leo_bench.evaluation.records.circumstances import circumstances
from leo_bench.evaluation.records.parts import SideRecord
from leo_bench.evaluation.videos.source import check_unchanged


class FeaturesRequest(NetworkOptions):
    """Options of features.

    Args:
        resolution: size of the resized frames; None: that of papers for the data set of `source`,
            or as stored.
        side: clips are chosen as the protocol does for this side.
        clips, repeats: of statistics; None: the protocol's.
        name: what the file calls the videos; None: the last part of their path, or the source.
    """

    source: str
    frames: int
    stride: int
    protocol: str
    side: Literal["real", "fake"]
    resolution: int | None
    seed: int
    clips: int | None = None
    repeats: int | None = None
    name: str | None = None


@dataclass(frozen=True)
class _Drawn:
    """The clips of a request, and what made their features."""

    protocol: EvalProtocol
    resolution: int | None
    network: FrozenNetwork
    side: SideFeatures


def write_features(request: FeaturesRequest, out: Path, resources: Resources) -> tuple[int, int]:
    """Extract and write the features of every clip that the protocol could draw to `out`.

    Several processes divide the videos among them, and the first writes.

    Returns:
        N and D.

    Raises:
        ShareDone: in every process but the first.
        InputError: the source, the weights or `out` cannot be used; clips or repeats are given.
    """
    if request.clips is not None or request.repeats is not None:
        raise InputError(
            "--clips and --repeats need --statistics: a file of features holds every clip that the "
            "protocol could draw"
        )
    protocol = load_protocol(request.protocol)
    found = _drawn(request, protocol.changed("repeats", 1), _every_clip, resources)
    drawn = found.side
    source = drawn.side.source
    used = set(drawn.used)
    stored = Features(
        origin=_origin(
            "features", request, replace(found, protocol=protocol), _named(request, drawn)
        ),
        features=drawn.values[0].numpy(),
        videos=drawn.videos[0],
        starts=drawn.starts[0],
        source_videos=source.names,
        source_frames=source.frame_counts,
        source_sizes=source.sizes(),
        source_digests=[source.digest(i) if i in used else "" for i in range(len(source.names))],
    )
    write_atomically(out, stored.to_bytes())
    count, size = drawn.values[0].shape
    return count, size


def write_statistics(request: FeaturesRequest, out: Path, resources: Resources) -> tuple[int, int]:
    """Extract features of the clips that a measurement draws; write mean and covariance to `out`.

    Several processes divide the videos among them, and the first writes.

    Returns:
        N and D.

    Raises:
        ShareDone: in every process but the first.
        InputError: the source, the weights or `out` cannot be used; the protocol has no distance
            for which mean and covariance are enough.
    """
    check_counts(request, ("clips", "repeats"))
    protocol = load_protocol(request.protocol)
    for path, value in (("real.count", request.clips), ("fake.count", request.clips)):
        protocol = protocol if value is None else protocol.changed(path, value)
    if request.repeats is not None:
        protocol = protocol.changed("repeats", request.repeats)
    metric = next((name for name in protocol.metrics if DISTANCES[name].gaussian), None)
    fit = None if metric is None else form_of(metric, protocol).of_statistics
    if fit is None:
        raise InputError(
            f"protocol {protocol.id} has {', '.join(protocol.metrics)}: mean and covariance are "
            "enough for none of these; leave out --statistics to write features"
        )
    found = _drawn(request, protocol, lambda loading: loading, resources)
    fitted = on_one_thread(lambda: [fit.fit(values) for values in found.side.values])
    videos = _unnamed(_named(request, found.side), found.side.side.source.names)
    stored = Statistics(_origin("statistics", request, found, videos), fitted)
    write_atomically(out, stored.to_bytes())
    count, size = found.side.values[0].shape
    return count, size


def _every_clip(loading: Loading) -> Loading:
    """All clips that the protocol could draw in one repeat."""
    if loading.choice.start == "every":  # a video has hundreds: keep the number
        return loading
    return replace(loading, choice=loading.choice.model_copy(update={"count": None}))


def _drawn(
    request: FeaturesRequest,
    protocol: EvalProtocol,
    choosing: Callable[[Loading], Loading],
    resources: Resources,
) -> _Drawn:
    """The features of a request's clips; `choosing` says what is other than in a measurement."""
    behind = dataset_behind(request.source)
    resolution = request.resolution or (behind.evaluation.resolution if behind else None)
    options = source_options(request, resolution, protocol, resources)
    window = Window(request.frames, request.stride)
    own = protocol.real if request.side == "real" else protocol.fake
    made = replace(options, frames=own.frames_needed(window))
    source = open_source(request.source, made)
    if isinstance(source, FeaturesSource | StatisticsSource):
        raise InputError(f"{source.path}: holds {source.origin.kind} already; name the videos")
    network = build_network(extractor_request(request, protocol), protocol)
    settings = Settings(
        features_of=network.through(resolution, resources),
        seed=request.seed,
        resolution=resolution,
        on_error=request.on_error,
        store=resources.store,
    )
    loading = choosing(protocol.loading(request.side, source.medium.layout))
    side = Side(source, window, request.side)

    def jobs() -> list[Job]:
        wanted = wanted_of_side(side, loading, protocol, settings)
        return [network.job(resolution, wanted)]

    fill_together(jobs, resources, request.on_error)
    drawn = draw(side, loading, protocol, settings)
    check_unchanged(drawn.side.source, drawn.used)
    return _Drawn(protocol, resolution, network.frozen, drawn)


def _origin(kind: Kind, request: FeaturesRequest, found: _Drawn, videos: SideRecord) -> Origin:
    return Origin(
        kind=kind,
        side=request.side,
        **protocol_fields(found.protocol),
        frames=request.frames,
        resolution=found.resolution,
        limit=request.limit,
        seed=request.seed,
        seed_rule=SEED_RULE,
        extractor=found.network.name,
        weights_sha256=found.network.weights,
        weights_verified=found.network.weights_verified,
        precision=request.precision,
        device=device_name(found.network.device),
        features_version=features_version(found.protocol),
        preprocess_version=PREPROCESS_VERSION,
        rows_a_clip=found.side.rows // found.side.clips,
        videos=videos,
        **circumstances(),
    )


def _named(request: FeaturesRequest, drawn: SideFeatures) -> SideRecord:
    """The record of the videos, with the name that the file gives them in place of their path."""
    path = Path(request.source).expanduser().absolute()
    name = request.name or (request.source if dataset_behind(request.source) else path.name)
    made = drawn_side(request.source, None, drawn)
    return made.model_copy(update={"source": name, "name": name, "absolute": None})


def _unnamed(side: SideRecord, names: Sequence[str]) -> SideRecord:
    """The record without the names of single videos: skipped ones are counted."""
    longest_first = sorted({*names, *(name for name, _ in side.skipped)}, key=len, reverse=True)
    anywhere = re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, longest_first))})(?![\w-])")
    notes, chosen = (
        tuple(_before(anywhere, note) for note in told) for told in (side.notes, side.chosen)
    )
    if side.skipped:
        notes = (*notes, f"broken videos that were left out: {len(side.skipped):,}")
    return side.model_copy(update={"notes": notes, "chosen": chosen, "skipped": ()})


def _before(names: re.Pattern[str], note: str) -> str:
    """The note as far as it names no video."""
    found = names.search(note)
    return note if found is None else f"{note[: found.start()].rstrip(' :,(')} ..."
