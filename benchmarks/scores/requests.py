"""Requests: the options of a command, word for word, as a record stores them.

`verify` and `explain` plan from the request of a record again. The order of fields is the order in
records; pydantic puts the fields of the last base class first.
"""

from typing import Any, Literal

from pydantic import SerializerFunctionWrapHandler, model_serializer

from leo_bench.evaluation.files.schema import Data
from leo_bench.evaluation.metrics import DistanceName
from leo_bench.evaluation.videos.float_range import FloatRange
from leo_bench.evaluation.videos.layouts import DecoderName


class VideoOptions(Data):
    """How videos are opened; None: as the protocol or the machine says."""

    device: str | None = None
    data_root: str | None = None
    on_error: Literal["fail", "skip"] = "fail"
    float_range: FloatRange | None = None
    frames_glob: str | None = None
    limit: int | None = None
    only: str | None = None
    decoder: DecoderName = "pyav"

    @model_serializer(mode="wrap")
    def _without_younger_defaults(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # Younger than the first records: written down only where it says something.
        content: dict[str, Any] = handler(self)
        if self.only is None:
            content.pop("only", None)
        if self.decoder == "pyav":
            content.pop("decoder", None)
        return content


class ExtractorOptions(Data):
    """The network that turns clips into features; None: as the protocol says."""

    extractor: str | None = None
    weights: str | None = None
    allow_unverified: bool = False
    trust_torchscript: bool = False
    precision: Literal["fp32", "bf16"] = "fp32"


class NetworkOptions(VideoOptions, ExtractorOptions):
    """How videos become features."""


class ScoreRequest(NetworkOptions):
    """A distance between two sets of videos; None: as the protocol or the data set says."""

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


class FrameOptions(Data):
    """What is scored frame by frame, and by which network; None: as the protocol says."""

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


class FrameScoreRequest(VideoOptions, FrameOptions):
    """A score of single frames of one or two sets of videos, such as ACD."""
