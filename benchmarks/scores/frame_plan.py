"""From a command line's options to a plan for a score of single frames, such as ACD.

As `benchmarks.scores.plan` for distances: every choice is made here, nothing is opened. A
`FrameScoreRequest` is what a user asked, word for word; it goes into the record, and `verify` plans
from it again.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

from leo_bench.benchmarks.datasets import Dataset
from leo_bench.benchmarks.scores.plan import (
    SAMPLING,
    check_counts,
    check_weights,
    named_dataset,
    samples_of_the_run,
)
from leo_bench.benchmarks.sources.leo_stride import leo_stride
from leo_bench.benchmarks.sources.open import SourceOptions, open_source, side_named
from leo_bench.evaluation.clips import Window
from leo_bench.evaluation.embedders import EmbedderRequest, FrameEmbedder
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.files.schema import Data
from leo_bench.evaluation.protocols.of_frames import FrameProtocol, load_frame_protocol
from leo_bench.evaluation.videos.discover import OpenOptions
from leo_bench.evaluation.videos.float_range import FloatRange
from leo_bench.evaluation.videos.source import VideoSource


class FrameScoreRequest(Data):
    """What the user asked for; None is "as the protocol, the data set or the machine says"."""

    metric: str
    frames: int
    dataset: str | None = None
    real: str | None = None
    fake: str | None = None
    protocol: str | None = None
    resolution: int | None = None
    seed: int = 0
    real_stride: int | None = None
    fake_stride: int | None = None
    embedder: str | None = None
    weights: str | None = None
    allow_unverified: bool = False
    device: str | None = None
    data_root: str | None = None
    on_error: Literal["fail", "skip"] = "fail"
    float_range: FloatRange | None = None
    frames_glob: str | None = None
    limit: int | None = None


@dataclass(frozen=True)
class PlannedSide:
    """Videos to be scored.

    Args:
        spec: as on the command line.
        split: of a data set; None: files.
        default: whether the user named them; if not, they are samples of the data set's LEO run.
    """

    spec: str
    split: str | None
    window: Window
    default: bool = False


@dataclass(frozen=True)
class FramePlan:
    """A request with every choice made; at least one of the sides is there.

    Args:
        resolution: the request's, or the protocol's, or the data set's; None: as stored.
        weights_sha256: what the network's weights must have; None: whatever is found.
    """

    request: FrameScoreRequest
    dataset: Dataset | None
    real: PlannedSide | None
    fake: PlannedSide | None
    resolution: int | None
    protocol: FrameProtocol
    embedder: EmbedderRequest
    weights_sha256: str | None = None

    def check_weights(self, sha256: str) -> None:
        """Refuse a network whose weights are not those that were asked for.

        Raises:
            InputError: they are others.
        """
        check_weights(self.embedder.name, self.weights_sha256, sha256)

    @property
    def benchmark(self) -> str | None:
        """The data set and split as records name it; None for files of the user's."""
        if self.dataset is None or self.real is None:
            return None
        return f"{self.dataset.id}-{self.real.split}"


def plan_frames(request: FrameScoreRequest) -> FramePlan:
    """Make every choice that needs no video.

    Raises:
        InputError: something is missing, unknown or contradictory.
    """
    check_counts(request, SAMPLING)
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
    strides = dataset.evaluation.strides.get(dataset.evaluation.protocol) if dataset else None
    real_stride, fake_stride = (
        (strides.real, strides.fake) if strides else (protocol.real_stride, protocol.fake_stride)
    )
    real = f"dataset:{request.dataset}" if dataset else request.real
    fake = request.fake or (samples_of_the_run(dataset) if dataset else None)
    if real is None and fake is None:
        raise InputError("give videos: --dataset ID, --real PATH or --fake PATH")
    of_real = Window(request.frames, request.real_stride or real_stride)
    pace = request.fake_stride or leo_stride(fake, of_real.stride, fake_stride)
    of_fake = Window(request.frames, pace)
    of_dataset = dataset.evaluation.resolution if dataset else None
    return FramePlan(
        request=request,
        dataset=dataset,
        real=None if real is None else PlannedSide(real, split, of_real),
        fake=None if fake is None else PlannedSide(fake, None, of_fake, request.fake is None),
        resolution=request.resolution or protocol.resolution or of_dataset,
        protocol=protocol,
        embedder=embedder_request(request, protocol),
    )


def open_side(chosen: FramePlan, side: PlannedSide, resources: Resources) -> VideoSource:
    """The videos of one side.

    Raises:
        InputError: they cannot be opened.
    """
    request = chosen.request
    options = SourceOptions(
        files=OpenOptions(
            quantise=chosen.protocol.quantise,
            on_error=request.on_error,
            float_range=request.float_range,
            frames_glob=request.frames_glob,
            workers=resources.workers,
            on_progress=resources.opening,
        ),
        data_root=None if request.data_root is None else Path(request.data_root),
        resolution=chosen.resolution,
        limit=request.limit,
        frames=chosen.protocol.videos.frames_needed(side.window),
        count=chosen.protocol.videos.count,
        device=request.device,
    )
    with side_named("real" if side is chosen.real else "fake"):
        return open_source(side.spec, options)


def caveats(chosen: FramePlan, embedder: FrameEmbedder) -> tuple[str, ...]:
    """Why a number may not stand beside published ones; empty where it may."""
    request, protocol = chosen.request, chosen.protocol
    found = []
    if embedder.name != protocol.embedder:
        found.append(f"embedder {embedder.name}, not {protocol.embedder}")
    elif not embedder.weights_verified:
        found.append("weights of unknown digest")
    if not protocol.comparable_to_paper:
        found.append(f"protocol {protocol.id}: {protocol.caveat}")
    if protocol.resolution is not None and chosen.resolution != protocol.resolution:
        found.append(f"resolution {chosen.resolution}, not the protocol's {protocol.resolution}")
    if request.limit is not None:
        found.append(f"limited to {request.limit} videos: not for publication")
    return tuple(found)


def embedder_request(request: FrameScoreRequest, protocol: FrameProtocol) -> EmbedderRequest:
    """The embedder that the protocol names, or the one that the user put in its place."""
    return EmbedderRequest(
        name=request.embedder or protocol.embedder,
        weights=None if request.weights is None else Path(request.weights),
        allow_unverified=request.allow_unverified,
        device=request.device or ("cuda" if torch.cuda.is_available() else "cpu"),
    )
