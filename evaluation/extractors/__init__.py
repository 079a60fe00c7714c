"""Extractors: frozen networks that turn clips into features, and the table of their names.

    i3d-kinetics400   I3D with the published weights, as papers use it
    i3d-toy           the same network at a small width, trained on the toy worlds; shipped
    pixels            an untrained projection of pixels, for tests
    FILE.py:FUNCTION  the user's own (`extractors.own`); also PACKAGE.MODULE:FUNCTION, and names
                      that `register_extractor` was given

Letters: B clips, T frames, D feature size.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.known_names import known_are

# Module and function that build each.
_BUILDERS = {
    "i3d-kinetics400": ("i3d_extractor", "build_kinetics400"),
    "i3d-toy": ("i3d_extractor", "build_toy"),
    "pixels": ("pixels", "build"),
}
_OWN: dict[str, Callable[[], Callable[[Tensor], Tensor]]] = {}  # of `register_extractor`

# The options of an extractor of clips, and of the FID's embedder, that need no weights.
TRIAL, TRIAL_OF_FRAMES = "--extractor i3d-toy", "--extractor random-filters"

TOY_WEIGHTS = Path(__file__).parent / "i3d_toy.safetensors"


class FrozenNetwork(Protocol):
    """What clip extractors and frame embedders state alike."""

    @property
    def name(self) -> str:
        """As in the table of its package; with a suffix if an archive's own program runs."""

    @property
    def dim(self) -> int:
        """D, the number of features."""

    @property
    def weights(self) -> str:
        """Hex SHA-256 of the weights file; "none" where there is none."""

    @property
    def weights_verified(self) -> bool:
        """Whether the weights are the registered or the shipped ones."""

    @property
    def device(self) -> str:
        """The torch device: "cpu", "cuda:0"."""


class ClipExtractor(FrozenNetwork, Protocol):
    """Features of clips: bit-identical for a clip, whatever other clips are in the call.

    This holds on one machine and device with one thread of torch, which `features.of_clips` uses
    on a CPU; otherwise float32 features agree to about 1e-6 relative. Safe to call from several
    threads at once.
    """

    @property
    def precision(self) -> str:
        """One of "fp32" (TF32 always off) and "bf16" (approximate, not for tables)."""

    def __call__(self, clips: Tensor) -> Tensor:
        """float32 [B,3,T,224,224], RGB, -1..1 -> float32 [B,D] on the CPU."""


@dataclass(frozen=True)
class ExtractorRequest:
    """Which extractor, and how it runs.

    Args:
        name: of the table in this module's docstring; a FILE.py:FUNCTION is imported and run.
        bn_eps: epsilon of batch norm, from the protocol.
        files: registered weights to look for, preferred first; (): all that the extractor can use.
        weights: a weights file of the user's own; None: look for `files`.
        allow_unverified: accept a file of unknown digest; `weights_verified` is then false.
        trust_torchscript: run the archive's own program instead of extracting its weights.
        device: a torch device.
        precision: "fp32" or "bf16".
    """

    name: str
    bn_eps: float
    files: tuple[str, ...] = ()
    weights: Path | None = None
    allow_unverified: bool = False
    trust_torchscript: bool = False
    device: str = "cpu"
    precision: str = "fp32"


@dataclass(frozen=True)
class Described:
    """An entry of `leo-bench list`."""

    name: str
    dim: int
    about: str


def list_extractors() -> list[Described]:
    """All extractors; no network is loaded."""
    from leo_bench.evaluation.extractors.checkpoints import read_shape
    from leo_bench.evaluation.extractors.i3d import KINETICS_CLASSES
    from leo_bench.evaluation.extractors.pixels import DIM

    return [
        Described(
            "i3d-kinetics400", KINETICS_CLASSES, "published weights (leo-bench weights list)"
        ),
        Described("i3d-toy", read_shape(TOY_WEIGHTS)[0], "shipped; not comparable to papers"),
        Described("pixels", DIM, "untrained, for tests"),
    ]


def register_extractor(name: str, build: Callable[[], Callable[[Tensor], Tensor]]) -> None:
    """Make an extractor of one's own known by name in this process, as `--extractor` takes it.

    Args:
        name: a new one, without ":".
        build: called without arguments; returns a module or a function from clips, float32
            [B,3,T,224,224], RGB, -1..1, to features, floating [B,D] (`extractors.own`).

    Raises:
        InputError: the name is taken or has a ":".
    """
    if ":" in name or name in (*_BUILDERS, *_OWN):
        raise InputError(f"{name}: an extractor's name must be new and without a colon")
    _OWN[name] = build


def is_own(name: str) -> bool:
    """Whether a name is FILE.py:FUNCTION or PACKAGE.MODULE:FUNCTION, whose program would be run."""
    return ":" in name


def build_extractor(request: ExtractorRequest) -> ClipExtractor:
    """The requested extractor, ready to run; torch's random state stays as it is.

    Raises:
        InputError: unknown name, precision or device; weights that are absent or wrong.
    """
    with torch.random.fork_rng(devices=[]):  # layers draw initial weights
        return _built(request)


def _built(request: ExtractorRequest) -> ClipExtractor:
    from leo_bench.evaluation.extractors.own import build_own, imported

    if is_own(request.name):
        return build_own(request, imported(request.name))
    if request.name in _OWN:
        return build_own(request, _OWN[request.name])
    if request.name not in _BUILDERS:
        known = known_are(request.name, (*_BUILDERS, *_OWN))
        raise InputError(f"{request.name}: no such extractor; {known}")
    module, function = _BUILDERS[request.name]
    build = getattr(import_module(f"leo_bench.evaluation.extractors.{module}"), function)
    extractor: ClipExtractor = build(request)
    return extractor
