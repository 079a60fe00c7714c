"""Embedders: frozen networks that turn frames into embeddings, and the table of their names.

mean-colour                mean red, green and blue: MoCoGAN's embedding for its shapes; no weights
id-toy                     who is in a frame of the toy worlds; trained by this project, shipped
facenet-vggface2           faces, whole frame; -aligned: the largest face's box
facenet-casia-webface      the same network trained on CASIA-WebFace; -aligned likewise
mobilefacenet-foamliu      faces, aligned by landmarks; -xiaoccer: another file
osnet-x0-25-msmt17         persons, whole frame; osnet-x1-0, resnet50-torchreid: larger ones
layumi-ft-resnet50         persons, whole frame and its mirror image
pose-eval-reid             that network as pose-evaluation ran it; -corrected: without quirks
inception-fid              the 2048 pool features of the FID, by pytorch-fid's network
random-filters             responses of random filters: the FID of the toy worlds; no weights

Letters: T frames, D embedding size.
"""

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.extractors import Described, FrozenNetwork
from leo_bench.evaluation.files.known_names import known_are

TRIAL = "--embedder id-toy"  # the option of an embedder that needs no weights


@dataclass(frozen=True)
class Embedded:
    """Embeddings of some frames.

    Args:
        values: float32 [T,D], on the CPU; zeros where nothing was found.
        found: bool [T]; False where there is nothing to embed, such as no face.
    """

    values: Tensor
    found: Tensor


class FrameEmbedder(FrozenNetwork, Protocol):
    """Embeddings of frames: bit-identical for a frame, whatever other frames are in the call.

    As for `evaluation.extractors.ClipExtractor`, this holds on one machine and device with one
    thread of torch. Safe to call from several threads at once.
    """

    def __call__(self, frames: Tensor) -> Embedded:
        """uint8 [T,3,H,W], RGB, of any size -> embeddings; resizes and normalises by itself."""


@dataclass(frozen=True)
class EmbedderRequest:
    """Which embedder, and how it runs.

    Args:
        name: of the table in this module's docstring.
        weights: a weights file of the user's own; None: the first registered one that is found.
        allow_unverified: accept a file of unknown digest; `weights_verified` is then false.
        device: a torch device.
    """

    name: str
    weights: Path | None = None
    allow_unverified: bool = False
    device: str = "cpu"


@dataclass(frozen=True)
class _Entry:
    """A row of the table: the module whose `build` makes the embedder, and its description."""

    module: str
    dim: int
    about: str


# Of those that say so the weights are published: `leo-bench weights list`.
_BUILDERS = {
    "mean-colour": _Entry("untrained", 3, "no weights"),
    "id-toy": _Entry("id_toy", 64, "shipped; toy worlds only"),
    "facenet-vggface2": _Entry("facenet", 512, "faces, whole frame; published weights"),
    "facenet-vggface2-aligned": _Entry("facenet", 512, "faces, detected; published weights"),
    "facenet-casia-webface": _Entry("facenet", 512, "faces, whole frame; published weights"),
    "facenet-casia-webface-aligned": _Entry("facenet", 512, "faces, detected; published weights"),
    "mobilefacenet-foamliu": _Entry("mobilefacenet", 128, "faces, aligned; published weights"),
    "mobilefacenet-xiaoccer": _Entry("mobilefacenet", 128, "faces, aligned; published weights"),
    "osnet-x0-25-msmt17": _Entry(
        "torchreid_networks", 512, "persons, whole frame; published weights"
    ),
    "osnet-x1-0": _Entry("torchreid_networks", 512, "persons, whole frame; published weights"),
    "resnet50-torchreid": _Entry(
        "torchreid_networks", 512, "persons, whole frame; published weights"
    ),
    "layumi-ft-resnet50": _Entry("layumi", 512, "persons, whole frame; published weights"),
    "pose-eval-reid": _Entry("layumi", 2048, "persons, whole frame; published weights"),
    "pose-eval-reid-corrected": _Entry("layumi", 2048, "persons, whole frame; published weights"),
    "inception-fid": _Entry("inception", 2048, "images, for the FID; published weights"),
    "random-filters": _Entry("untrained", 48, "untrained, for tests"),
}


def list_embedders() -> list[Described]:
    """All embedders; no network is loaded."""
    return [Described(name, entry.dim, entry.about) for name, entry in _BUILDERS.items()]


def build_embedder(request: EmbedderRequest) -> FrameEmbedder:
    """The requested embedder, ready to run; torch's random state stays as it is.

    Raises:
        InputError: unknown name or device; weights that are absent or wrong.
    """
    if request.name not in _BUILDERS:
        raise InputError(f"{request.name}: no such embedder; {known_are(request.name, _BUILDERS)}")
    module = import_module(f"leo_bench.evaluation.embedders.{_BUILDERS[request.name].module}")
    with torch.random.fork_rng(devices=[]):  # layers draw initial weights
        embedder: FrameEmbedder = module.build(request)
    return embedder
