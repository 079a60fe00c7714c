"""From the options of a command line to a plan: every choice made, nothing opened yet.

A `ScoreRequest` is what a user asked, word for word; it goes into the record, and `verify` and
`explain` plan from it again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

from leo_bench.benchmarks.datasets import Dataset, load_dataset
from leo_bench.benchmarks.sources.leo_stride import leo_stride
from leo_bench.benchmarks.sources.open import SourceOptions
from leo_bench.evaluation.clips import Window
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.extractors import ExtractorRequest
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.files.schema import Data
from leo_bench.evaluation.metrics import DISTANCES, DistanceName
from leo_bench.evaluation.protocols.of_clips import EvalProtocol, check_metric, load_protocol
from leo_bench.evaluation.videos.discover import OpenOptions
from leo_bench.evaluation.videos.float_range import FloatRange

# Fields of requests that say how videos are sampled, by numbers of 1 or more.
SAMPLING = ("real_stride", "fake_stride", "resolution", "limit")

# What measures the embedded worlds.
TOY_EXTRACTOR, TOY_EMBEDDER = "i3d-toy", "random-filters"


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
    float_range: FloatRange | None = None
    frames_glob: str | None = None
    limit: int | None = None


class ScoreRequest(NetworkOptions):
    """What the user asked for; None is "as the protocol or the data set says"."""

    metric: DistanceName
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
        resolution: the request's, or the one that papers fix for the data set; None: as stored.
        protocol: with the request's own counts and repeats in place.
        published: the protocol as shipped; where the two differ the number is not comparable.
        weights_sha256: what the network's weights must have; None: whatever is found.
    """

    request: ScoreRequest
    dataset: Dataset | None
    split: str | None
    real: str
    fake: str
    resolution: int | None
    protocol: EvalProtocol
    published: EvalProtocol
    real_window: Window
    fake_window: Window
    extractor: ExtractorRequest
    weights_sha256: str | None = None

    def check_weights(self, sha256: str) -> None:
        """Refuse a network whose weights are not those that were asked for.

        Raises:
            InputError: they are others.
        """
        check_weights(self.extractor.name, self.weights_sha256, sha256)


def check_weights(network: str, wanted: str | None, found: str) -> None:
    """Refuse weights that are not the ones of a record; None: any will do.

    Raises:
        InputError: they are others.
    """
    if wanted is not None and wanted != found:
        raise InputError(
            f"weights of {network}: the record was made with SHA-256 {wanted[:16]}, here are "
            f"{found[:16]}: another network's number says nothing of it; give --weights FILE"
        )


def plan(request: ScoreRequest) -> Plan:
    """Make every choice that needs no video: data set, protocol, windows, extractor.

    Raises:
        InputError: something is missing, unknown or contradictory.
    """
    check_counts(request, (*SAMPLING, "clips", "repeats"))
    dataset, split = named_dataset(request.dataset)
    if (request.real is None) == (dataset is None):
        raise InputError("give the real side either as --dataset ID or as --real PATH")
    of_dataset = dataset.evaluation.protocol if dataset else None
    name = request.protocol or DISTANCES[request.metric].protocol or of_dataset
    if name is None:
        raise InputError("give --protocol (leo-bench list protocols), or --dataset, which has one")
    published = load_protocol(name)
    check_metric(request.metric, published)
    strides = dataset.evaluation.strides.get(published.id) if dataset else None
    real_stride, fake_stride = (
        (strides.real, strides.fake) if strides else (published.real_stride, published.fake_stride)
    )
    fake = request.fake or _fake_of(dataset)
    of_real = Window(request.frames, request.real_stride or real_stride)
    is_world = dataset is not None and dataset.layout == "world"
    if is_world and request.extractor is None:
        toy = TOY_EMBEDDER if published.frames_of_clip else TOY_EXTRACTOR
        request = request.model_copy(update={"extractor": toy})
    return Plan(
        request=request,
        dataset=dataset,
        split=split,
        real=request.real or f"dataset:{request.dataset}",
        fake=fake,
        resolution=request.resolution or (dataset.evaluation.resolution if dataset else None),
        protocol=_with_counts(published, request),
        published=published,
        real_window=of_real,
        fake_window=Window(
            request.frames, request.fake_stride or leo_stride(fake, of_real.stride, fake_stride)
        ),
        extractor=extractor_request(request, published),
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
    options: NetworkOptions, resolution: int | None, protocol: EvalProtocol, resources: Resources
) -> SourceOptions:
    """How sources are opened for a protocol."""
    return SourceOptions(
        files=OpenOptions(
            quantise=protocol.quantise,
            frame_order=protocol.frame_order,
            on_error=options.on_error,
            float_range=options.float_range,
            frames_glob=options.frames_glob,
            workers=resources.workers,
            on_progress=resources.opening,
        ),
        data_root=None if options.data_root is None else Path(options.data_root),
        resolution=resolution,
        limit=options.limit,
        device=options.device,
    )


def named_dataset(spec: str | None) -> tuple[Dataset | None, str | None]:
    """`ID` or `ID/SPLIT` of --dataset: the data set, and the split that is meant.

    Raises:
        InputError: there is no such data set or split.
    """
    if spec is None:
        return None, None
    name, _, split = spec.partition("/")
    dataset = load_dataset(name)
    return dataset, dataset.split(split or None)


def samples_of_the_run(dataset: Dataset) -> str | None:
    """Samples of the LEO run for a data set: the folder of them, or else drawn from the run."""
    run = Path("runs") / dataset.id
    if (run / "samples").exists():
        return str(run / "samples")
    return f"leo:{run}" if (run / "config.toml").is_file() else None


def _fake_of(dataset: Dataset | None) -> str:
    if dataset is None:
        raise InputError("give the fake side as --fake PATH")
    found = samples_of_the_run(dataset)
    if found is None:
        raise InputError(
            f"{Path('runs') / dataset.id}: no LEO run for {dataset.id} is there, nor samples of "
            "one; give the videos to score as --fake PATH"
        )
    return found


def check_counts(request: Data, options: Sequence[str]) -> None:
    """Refuse counts below 1; None is no count.

    Raises:
        InputError: one of these fields of the request is below 1.
    """
    for option in options:
        value = getattr(request, option)
        if value is not None and value < 1:
            raise InputError(f"--{option.replace('_', '-')} {value}: must be 1 or more")


def _with_counts(protocol: EvalProtocol, request: ScoreRequest) -> EvalProtocol:
    if request.clips is not None:
        protocol = protocol.changed("real.count", request.clips)
        protocol = protocol.changed("fake.count", request.clips)
    if request.repeats is not None:
        protocol = protocol.changed("repeats", request.repeats)
    return protocol
