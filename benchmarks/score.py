"""From the options of `leo-bench fvd` to a record: opens, measures, writes down.

A `ScoreRequest` is what a user asked, word for word; it goes into the record, and `verify` and
`explain` run it again.
"""

import platform
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

from benchmarks.datasets import Dataset, load_dataset
from benchmarks.sources import SourceOptions, open_source
from evaluation import record as records
from evaluation.clips import Window
from evaluation.errors import InputError
from evaluation.extractors import ExtractorRequest, build_extractor
from evaluation.features import Machinery
from evaluation.measure import Draws, Measurement, Metric, Settings, Side, measure
from evaluation.protocol import EvalProtocol, load_protocol
from evaluation.record import ExtrapolationRecord, Record, SideRecord
from evaluation.schema import Data
from evaluation.videos.discover import OpenOptions
from evaluation.videos.source import fingerprint

# Under this many clips the small-sample bias of FVD is most of the number (FETV-EVAL's logs at
# N = 256 against 1,024: ×1.9).
FEW_CLIPS = 256

TOY_EXTRACTOR = "i3d-toy"


class NetworkOptions(Data):
    """How videos become features; None is "as the protocol or the machine says"."""

    extractor: str | None = None
    weights: str | None = None
    allow_unverified: bool = False
    trust_torchscript: bool = False
    precision: Literal["fp32", "bf16"] = "fp32"
    device: str | None = None
    data_root: str | None = None
    on_error: Literal["fail", "skip"] = "fail"
    limit: int | None = None


class ScoreRequest(NetworkOptions):
    """What the user asked for; None is "as the protocol or the data set says"."""

    metric: Metric
    frames: int
    dataset: str | None = None
    real: str | None = None
    fake: str | None = None
    protocol: str | None = None
    resolution: int | None = None
    clips: int | None = None
    repeats: int | None = None
    seed: int = 0
    real_stride: int | None = None
    fake_stride: int | None = None


@dataclass(frozen=True)
class Plan:
    """A request with every choice made.

    Args:
        protocol: with the request's own counts and repeats in place.
        published: the protocol as shipped; where the two differ the number is not comparable.
    """

    request: ScoreRequest
    dataset: Dataset | None
    split: str | None
    real: str
    fake: str
    protocol: EvalProtocol
    published: EvalProtocol
    real_window: Window
    fake_window: Window
    extractor: ExtractorRequest


def score(request: ScoreRequest, machinery: Machinery) -> Record:
    """Do what `request` asks.

    Raises:
        InputError: anything that the user has to mend.
    """
    return score_plan(plan(request), machinery)


def plan(request: ScoreRequest) -> Plan:
    """Make every choice that needs no video: data set, protocol, windows, extractor.

    Raises:
        InputError: something is missing, unknown or contradictory.
    """
    dataset, split = _dataset(request)
    if (request.real is None) == (dataset is None):
        raise InputError("give the real side either as --dataset ID or as --real PATH")
    name = request.protocol or (dataset.evaluation.protocol if dataset else None)
    if name is None:
        raise InputError("give --protocol (leo-bench list protocols), or --dataset, which has one")
    published = load_protocol(name)
    strides = dataset.evaluation.strides.get(published.id) if dataset else None
    real_stride, fake_stride = (
        (strides.real, strides.fake) if strides else (published.real_stride, published.fake_stride)
    )
    is_world = dataset is not None and dataset.layout == "world"
    if is_world and request.extractor is None:
        request = request.model_copy(update={"extractor": TOY_EXTRACTOR})
    return Plan(
        request=request,
        dataset=dataset,
        split=split,
        real=request.real or f"dataset:{request.dataset}",
        fake=request.fake or _samples_of_the_run(dataset),
        protocol=_with_counts(published, request),
        published=published,
        real_window=Window(request.frames, request.real_stride or real_stride),
        fake_window=Window(request.frames, request.fake_stride or fake_stride),
        extractor=extractor_request(request, published),
    )


def score_plan(chosen: Plan, machinery: Machinery) -> Record:
    """Measure as planned, and write everything down.

    Raises:
        InputError: the sources or weights cannot be used.
    """
    began = time.monotonic()
    request = chosen.request
    options = source_options(request, request.resolution, chosen.protocol)
    real = Side(open_source(chosen.real, options), chosen.real_window)
    fake = Side(open_source(chosen.fake, options), chosen.fake_window)
    extractor = build_extractor(chosen.extractor)
    settings = Settings(
        extractor=extractor,
        seed=request.seed,
        resolution=request.resolution,
        on_error=request.on_error,
        machinery=machinery,
    )
    measured = measure(request.metric, real, fake, chosen.protocol, settings)
    caveats = _caveats(chosen, extractor.weights_verified)
    commit, dirty = records.code_state()
    return Record(
        metric=measured.metric,
        value=measured.value,
        value_float64=measured.value_float64,
        spread=measured.spread,
        values=measured.values,
        values_float64=measured.values_float64,
        interval=(measured.interval.low, measured.interval.high),
        interval_level=measured.interval.level,
        interval_method=measured.interval.method,
        standard_error=measured.interval.standard_error,
        fvd_infinity=None if measured.extrapolation is None else measured.extrapolation.value,
        extrapolation=_extrapolation(measured),
        protocol=chosen.protocol.id,
        protocol_version=chosen.protocol.version,
        protocol_digest=chosen.protocol.digest,
        protocol_settings=chosen.protocol.model_dump(mode="json"),
        window_name=chosen.protocol.window_name(chosen.real_window),
        frames=request.frames,
        resolution=request.resolution,
        seed=request.seed,
        n_real=len(measured.real.values[0]),
        n_fake=len(measured.fake.values[0]),
        real=_side(chosen.real, chosen.split, measured.real),
        fake=_side(chosen.fake, None, measured.fake),
        extractor=extractor.name,
        weights_sha256=extractor.weights,
        weights_verified=extractor.weights_verified,
        precision=extractor.precision,
        device=_device(extractor.device),
        dataset=None if chosen.dataset is None else f"{chosen.dataset.id}-{chosen.split}",
        comparable=not caveats,
        caveats=caveats,
        notes=_notes(measured),
        seconds=round(time.monotonic() - began, 3),
        created=records.now(),
        versions=records.versions(),
        commit=commit,
        dirty=dirty,
        request=request.model_dump(mode="json"),
    )


def extractor_request(options: NetworkOptions, protocol: EvalProtocol) -> ExtractorRequest:
    """The extractor that the protocol names, or the one that the user put in its place."""
    name = options.extractor or protocol.extractor
    return ExtractorRequest(
        name=name,
        bn_eps=protocol.bn_eps,
        files=protocol.weights if name == protocol.extractor else (),
        weights=None if options.weights is None else Path(options.weights),
        allow_unverified=options.allow_unverified,
        trust_torchscript=options.trust_torchscript,
        device=options.device or ("cuda" if torch.cuda.is_available() else "cpu"),
        precision=options.precision,
    )


def source_options(
    options: NetworkOptions, resolution: int | None, protocol: EvalProtocol
) -> SourceOptions:
    """How sources are opened for a protocol."""
    return SourceOptions(
        data_root=None if options.data_root is None else Path(options.data_root),
        resolution=resolution,
        files=OpenOptions(quantise=protocol.quantise, on_error=options.on_error),
        limit=options.limit,
    )


def _dataset(request: ScoreRequest) -> tuple[Dataset | None, str | None]:
    if request.dataset is None:
        return None, None
    name, _, split = request.dataset.partition("/")
    dataset = load_dataset(name)
    return dataset, dataset.split(split or None)


def _samples_of_the_run(dataset: Dataset | None) -> str:
    """The place where samples of the LEO run for a data set lie; there has to be one."""
    if dataset is None:
        raise InputError("give the fake side as --fake PATH")
    samples = Path("runs") / dataset.id / "samples"
    if not samples.exists():
        raise InputError(
            f"{samples}: no samples of a LEO run for {dataset.id} are there; "
            "give the videos to score as --fake PATH"
        )
    return str(samples)


def _with_counts(protocol: EvalProtocol, request: ScoreRequest) -> EvalProtocol:
    for option, value in (("--clips", request.clips), ("--repeats", request.repeats)):
        if value is not None and value < 1:
            raise InputError(f"{option} {value}: must be 1 or more")
    if request.clips is not None:
        protocol = protocol.changed("real.count", request.clips)
        protocol = protocol.changed("fake.count", request.clips)
    if request.repeats is not None:
        protocol = protocol.changed("repeats", request.repeats)
    return protocol


def _caveats(chosen: Plan, weights_verified: bool) -> tuple[str, ...]:
    """Why the number may not stand beside published ones; empty where it may."""
    request, published = chosen.request, chosen.published
    found = []
    if chosen.extractor.name != published.extractor:
        found.append(f"extractor {chosen.extractor.name}, not {published.extractor}")
    elif not weights_verified:
        found.append("weights of unknown digest")
    if not published.comparable_to_paper:
        found.append(f"protocol {published.id}: {published.caveat}")
    if request.clips is not None:
        found.append(f"{request.clips} clips a side, not the protocol's number")
    if request.limit is not None:
        found.append(f"limited to {request.limit} videos: not for publication")
    if request.precision != "fp32":
        found.append(f"{request.precision} arithmetic: not for publication")
    return tuple(found)


def _notes(measured: Measurement) -> tuple[str, ...]:
    """What the reader of the number should know besides."""
    fewest = min(len(measured.real.values[0]), len(measured.fake.values[0]))
    found = []
    if fewest < FEW_CLIPS and measured.metric == "fvd":
        found.append(
            f"{fewest} clips on the smaller side: FVD is biased upwards by few clips; compare only "
            "numbers with the same counts, and see fvd_infinity"
        )
    if measured.extrapolation is not None and not measured.extrapolation.reliable:
        found.append(f"fvd_infinity is not reliable: {measured.extrapolation.reason}")
    if len(measured.values) > 1 and not measured.fake_varies:
        found.append("every repeat has the same fakes: the spread is of the real clips alone")
    if not measured.real.side.source.medium.lossy and measured.fake.side.source.medium.lossy:
        found.append("the fake side is stored with loss and the real side is not")
    return tuple(found)


def _side(spec: str, split: str | None, draws: Draws) -> SideRecord:
    source = draws.side.source
    counts = [source.frame_counts[i] for i in draws.used]
    sizes = source.sizes()
    return SideRecord(
        source=spec,
        name=source.name,
        split=split,
        fingerprint=fingerprint(source, draws.used),
        videos=len(source.names),
        videos_used=len(draws.used),
        clips=len(draws.values[0]),
        stride=draws.side.window.stride,
        frame_counts=(min(counts), max(counts)),
        sizes=tuple(sorted({sizes[i] for i in draws.used})),
        layout=source.medium.layout,
        codecs=source.medium.codecs,
        decoder=source.medium.decoder,
        lossy=source.medium.lossy,
        skipped=tuple((s.name, s.reason) for s in source.skipped),
        notes=tuple(source.notes),
    )


def _extrapolation(measured: Measurement) -> ExtrapolationRecord | None:
    found = measured.extrapolation
    if found is None:
        return None
    return ExtrapolationRecord(
        value=found.value,
        interval=None if found.interval is None else (found.interval.low, found.interval.high),
        n_real=tuple(p.n_real for p in found.points),
        n_fake=tuple(p.n_fake for p in found.points),
        values=tuple(p.value for p in found.points),
        r_squared=found.r_squared,
        reliable=found.reliable,
        reason=found.reason,
    )


def _device(device: str) -> str:
    if device.startswith("cuda"):
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return f"{device} ({platform.machine()}, {torch.get_num_threads()} threads)"
