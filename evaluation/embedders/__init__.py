"""Frozen networks that turn single frames into embeddings, and the table of their names.

mean-colour       mean red, green and blue: MoCoGAN's embedding for its shapes; no weights
id-toy            who is in a frame of the toy worlds; trained by this project, shipped

Letters: T frames, D embedding size.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from evaluation.errors import InputError


@dataclass(frozen=True)
class Embedded:
    """Embeddings of some frames.

    Args:
        values: float32 [T,D], on the CPU; zeros where nothing was found.
        found: bool [T]; False where the frame shows nothing to embed, such as no face.
    """

    values: Tensor
    found: Tensor


class FrameEmbedder(Protocol):
    """Embeddings of frames. The same frame gives the same bits, whatever shares the call with it.

    As for `evaluation.extractors.ClipExtractor`, that holds for one machine, device and number of
    torch's threads.
    """

    @property
    def name(self) -> str:
        """As in the table above."""

    @property
    def dim(self) -> int:
        """D."""

    @property
    def weights(self) -> str:
        """Hex SHA-256 of the weights; "none" where there are none."""

    @property
    def weights_verified(self) -> bool:
        """Whether the weights are the registered or the shipped ones."""

    @property
    def device(self) -> str:
        """Where it runs, as torch writes it: "cpu", "cuda:0"."""

    def __call__(self, frames: Tensor) -> Embedded:
        """uint8 [T,3,H,W], RGB, of any size -> embeddings; resizes and normalises by itself."""


@dataclass(frozen=True)
class EmbedderRequest:
    """Which embedder, and how it is to run.

    Args:
        name: of the table in this module's docstring.
        weights: a weights file of the user's own; None: the registered one, if it is there.
        allow_unverified: use a file of unknown digest; `weights_verified` is then false.
        device: as torch writes it.
    """

    name: str
    weights: Path | None = None
    allow_unverified: bool = False
    device: str = "cpu"


@dataclass(frozen=True)
class MeanColour:
    """Mean red, green and blue of a frame, each 0..1."""

    name: str = "mean-colour"
    dim: int = 3
    weights: str = "none"
    weights_verified: bool = True
    device: str = "cpu"

    def __call__(self, frames: Tensor) -> Embedded:
        """uint8 [T,3,H,W] -> [T,3]."""
        means = frames.double().mean(dim=(2, 3)) / 255
        return Embedded(means.float(), torch.ones(len(frames), dtype=torch.bool))


_BUILDERS: dict[str, Callable[[EmbedderRequest], FrameEmbedder]] = {
    "mean-colour": lambda request: MeanColour(),
}


def build_embedder(request: EmbedderRequest) -> FrameEmbedder:
    """The embedder asked for, ready to run.

    Raises:
        InputError: unknown name or device; weights that are absent or wrong.
    """
    if request.name not in _BUILDERS:
        raise InputError(f"{request.name}: no such embedder; known are {', '.join(_BUILDERS)}")
    return _BUILDERS[request.name](request)
