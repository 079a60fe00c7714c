"""From a request to a plan: every choice is made here, and no video is opened yet.

`plan` is for distances between clips (fvd, kvd, fid), `plan_frames` for scores of single frames
(acd, drift).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from leo_bench.benchmarks.datasets import Dataset, absolute_dataset, load_dataset, parted
from leo_bench.benchmarks.datasets.dataset import DATASETS
from leo_bench.benchmarks.scores.requests import (
    FrameScoreRequest,
    NetworkOptions,
    ScoreRequest,
    VideoOptions,
)
from leo_bench.benchmarks.sources.leo_stride import leo_stride, samples_needed, samples_of_the_run
from leo_bench.benchmarks.sources.open import SourceOptions, limited, open_source, side_named
from leo_bench.evaluation.clips import Window
from leo_bench.evaluation.embedders import EmbedderRequest
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.extractors import ExtractorRequest
from leo_bench.evaluation.extractors.numerics import usual_device
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.files.schema import Data
from leo_bench.evaluation.metrics import DISTANCES
from leo_bench.evaluation.protocols.of_clips import EvalProtocol, check_metric, load_protocol
from leo_bench.evaluation.protocols.of_frames import FrameProtocol, load_frame_protocol
from leo_bench.evaluation.videos.discover import OpenOptions
from leo_bench.evaluation.videos.listing import suffixes_of
from leo_bench.evaluation.videos.source import VideoSource

# Fields of requests that must be 1 or more.
SAMPLING = ("real_stride", "fake_stride", "resolution", "limit")

RequestT = TypeVar("RequestT", ScoreRequest, FrameScoreRequest)

# The networks for embedded worlds.
TOY_EXTRACTOR, TOY_EMBEDDER = "i3d-toy", "random-filters"


# Makes a source of videos in memory (`benchmarks.api.sides`).
Opener = Callable[[SourceOptions], VideoSource]


@dataclass(frozen=True)
class PlannedSide:
    """Videos to measure.

    Args:
        spec: the source, as on the command line.
        split: of a data set; None: other videos.
        window: frames and stride of a clip.
        default: the user named no source: these are samples of the data set's LEO run.
        in_memory: opens videos in memory, which `spec` only names; None: `spec` is opened.
    """

    spec: str
    split: str | None
    window: Window
    default: bool = False
    in_memory: Opener | None = None


@dataclass(frozen=True)
class Plan:
    """The request of a distance with every choice made.

    Args:
        resolution: the request's, or that of papers for the data set; None: as stored.
        protocol: with the request's number of clips and repeats.
        published: the protocol as shipped; if the two differ the number is not comparable.
        network: the extractor of clips, or the embedder of frames (FID).
        weights_sha256: the digest that the weights must have; None: any.
    """

    request: ScoreRequest
    dataset: Dataset | None
    real: PlannedSide
    fake: PlannedSide
    resolution: int | None
    protocol: EvalProtocol
    published: EvalProtocol
    network: ExtractorRequest
    weights_sha256: str | None = None

    @property
    def benchmark(self) -> str | None:
        """The data set and split as records name it; None: files of the user."""
        return None if self.dataset is None else f"{self.dataset.id}-{self.real.split}"


@dataclass(frozen=True)
class FramePlan:
    """The request of a score of frames with every choice made; one side may be absent.

    Args:
        resolution: the request's, or the protocol's, or the data set's; None: as stored.
        network: the embedder of frames.
        weights_sha256: the digest that the weights must have; None: any.
    """

    request: FrameScoreRequest
    dataset: Dataset | None
    real: PlannedSide | None
    fake: PlannedSide | None
    resolution: int | None
    protocol: FrameProtocol
    network: EmbedderRequest
    weights_sha256: str | None = None

    @property
    def benchmark(self) -> str | None:
        """The data set and split as records name it; None: files of the user."""
        if self.dataset is None or self.real is None:
            return None
        return f"{self.dataset.id}-{self.real.split}"


def plan(request: ScoreRequest) -> Plan:
    """Choose data set, protocol, windows and extractor of a distance.

    Raises:
        InputError: something is missing, unknown or contradictory.
    """
    check_counts(request, (*SAMPLING, "clips", "repeats"))
    request = _with_definition(request)
    dataset, split = named_dataset(request.dataset)
    if (request.real is None) == (dataset is None):
        raise InputError("give the real side either as --dataset ID or as --real PATH")
    of_dataset = dataset.evaluation.protocol if dataset else None
    name = request.protocol or DISTANCES[request.metric].protocol or of_dataset
    if name is None:
        raise InputError("give --protocol (leo-bench list protocols), or --dataset, which has one")
    published = load_protocol(name)
    check_metric(request.metric, published)
    fake = request.fake or samples_needed(dataset)
    real_window, fake_window = _windows(request, fake, dataset, published)
    is_world = dataset is not None and dataset.layout == "world"
    if is_world and request.extractor is None:
        toy = TOY_EMBEDDER if published.frames_of_clip else TOY_EXTRACTOR
        request = request.model_copy(update={"extractor": toy})
    return Plan(
        request=request,
        dataset=dataset,
        real=PlannedSide(request.real or f"dataset:{request.dataset}", split, real_window),
        fake=PlannedSide(fake, None, fake_window, request.fake is None),
        resolution=request.resolution or (dataset.evaluation.resolution if dataset else None),
        protocol=_with_counts(published, request),
        published=published,
        network=extractor_request(request, published),
    )


def plan_frames(request: FrameScoreRequest) -> FramePlan:
    """Choose data set, protocol, windows and embedder of a score of frames.

    Raises:
        InputError: something is missing, unknown or contradictory.
    """
    check_counts(request, SAMPLING)
    request = _with_definition(request)
    dataset, split = named_dataset(request.dataset)
    if request.real is not None and dataset is not None:
        raise InputError("give the real side either as --dataset ID or as --real PATH")
    name = request.protocol or (dataset.evaluation.acd if dataset else None)
    if name is None:
        known = f"{dataset.id} has no usual one" if dataset else "--dataset may have one"
        raise InputError(
            f"give --protocol (leo-bench list frame-protocols); {known}: acd-face and "
            "acd-body-pose-eval are the paper's"
        )
    protocol = load_frame_protocol(name)
    real = f"dataset:{request.dataset}" if dataset else request.real
    fake = request.fake or (samples_of_the_run(dataset) if dataset else None)
    if real is None and fake is None:
        raise InputError("give videos: --dataset ID, --real PATH or --fake PATH")
    real_window, fake_window = _windows(request, fake, dataset, protocol)
    of_dataset = dataset.evaluation.resolution if dataset else None
    return FramePlan(
        request=request,
        dataset=dataset,
        real=None if real is None else PlannedSide(real, split, real_window),
        fake=None if fake is None else PlannedSide(fake, None, fake_window, request.fake is None),
        resolution=request.resolution or protocol.resolution or of_dataset,
        protocol=protocol,
        network=embedder_request(request, protocol),
    )


def extractor_request(options: NetworkOptions, protocol: EvalProtocol) -> ExtractorRequest:
    """The extractor of the protocol, or the one that the user named."""
    name = options.extractor or protocol.extractor
    return ExtractorRequest(
        name=name,
        bn_eps=protocol.bn_eps,
        files=protocol.weights if name == protocol.extractor else (),
        weights=None if options.weights is None else Path(options.weights),
        allow_unverified=options.allow_unverified,
        trust_torchscript=options.trust_torchscript,
        device=device_of(options),
        precision=options.precision,
    )


def embedder_request(request: FrameScoreRequest, protocol: FrameProtocol) -> EmbedderRequest:
    """The embedder of the protocol, or the one that the user named."""
    return EmbedderRequest(
        name=request.embedder or protocol.embedder,
        weights=None if request.weights is None else Path(request.weights),
        allow_unverified=request.allow_unverified,
        device=device_of(request),
    )


def device_of(request: VideoOptions) -> str:
    """The device of a request, or the usual one."""
    return request.device or usual_device()


def source_options(
    request: VideoOptions,
    resolution: int | None,
    protocol: EvalProtocol | FrameProtocol | None,
    resources: Resources,
) -> SourceOptions:
    """How sources are opened for a request; without a protocol, float arrays are rounded."""
    return SourceOptions(
        files=OpenOptions(
            quantise="round" if protocol is None else protocol.quantise,
            frame_order=protocol.frame_order if isinstance(protocol, EvalProtocol) else "text",
            on_error=request.on_error,
            float_range=request.float_range,
            frames_glob=request.frames_glob,
            suffixes=suffixes_of(request.only),
            decoder=request.decoder,
            workers=max(resources.workers, resources.processes),
            on_progress=resources.opening,
            team=resources.team,
        ),
        data_root=None if request.data_root is None else Path(request.data_root),
        resolution=resolution,
        limit=request.limit,
        device=request.device,
    )


def open_side(
    side: str, spec: str, options: SourceOptions, in_memory: Opener | None = None
) -> VideoSource:
    """The videos of a side, "real" or "fake", which errors name.

    Args:
        side: the word in errors.
        spec: the source.
        options: how it is opened.
        in_memory: opens the videos in the place of `spec`.

    Raises:
        InputError: they cannot be opened.
    """
    with side_named(side):
        if in_memory is not None:
            return limited(in_memory(options), options.limit)
        return open_source(spec, options)


def check_weights(network: str, wanted: str | None, found: str) -> None:
    """Refuse weights that are not those of a record; `wanted` None allows any.

    Raises:
        InputError: the digests differ.
    """
    if wanted is not None and wanted != found:
        raise InputError(
            f"weights of {network}: the record was made with SHA-256 {wanted[:16]}, here are "
            f"{found[:16]}: another network's number says nothing of it; give --weights FILE"
        )


def named_dataset(spec: str | None) -> tuple[Dataset | None, str | None]:
    """The data set and the split of --dataset, as `ID`, `ID/SPLIT` or with FILE.toml for the id.

    Raises:
        InputError: there is no such data set or split.
    """
    if spec is None:
        return None, None
    name, split = parted(spec)
    if Path(spec).is_dir() and not DATASETS.knows(name):
        raise InputError(f"--dataset {spec}: a folder of videos is given as --real {spec}")
    dataset = load_dataset(name)
    return dataset, dataset.split(split)


def _with_definition(request: RequestT) -> RequestT:
    """The request of a record: a data set of the user's own is named by the path of its file."""
    if request.dataset is None:
        return request
    return request.model_copy(update={"dataset": absolute_dataset(request.dataset)})


def check_counts(request: Data, options: Sequence[str]) -> None:
    """Refuse counts below 1; None is no count.

    Raises:
        InputError: one of these fields of the request is below 1.
    """
    for option in options:
        value = getattr(request, option)
        if value is not None and value < 1:
            raise InputError(f"--{option.replace('_', '-')} {value}: must be 1 or more")


def _windows(
    request: ScoreRequest | FrameScoreRequest,
    fake: str | None,
    dataset: Dataset | None,
    protocol: EvalProtocol | FrameProtocol,
) -> tuple[Window, Window]:
    """The windows of both sides, with the strides of the request, the data set or the protocol."""
    strides = None
    if dataset is not None:  # scores of frames have the strides of the data set's usual distance
        name = protocol.id if isinstance(protocol, EvalProtocol) else dataset.evaluation.protocol
        strides = dataset.evaluation.strides.get(name)
    usual_real, usual_fake = (
        (strides.real, strides.fake) if strides else (protocol.real_stride, protocol.fake_stride)
    )
    real = Window(request.frames, request.real_stride or usual_real)
    stride = request.fake_stride or leo_stride(fake, real.stride, usual_fake)
    return real, Window(request.frames, stride)


def _with_counts(protocol: EvalProtocol, request: ScoreRequest) -> EvalProtocol:
    if request.clips is not None:
        protocol = protocol.changed("real.count", request.clips)
        protocol = protocol.changed("fake.count", request.clips)
    if request.repeats is not None:
        protocol = protocol.changed("repeats", request.repeats)
    return protocol
