"""Loads I3D from a weights file of any of three formats, which is told by its content.

The formats: the state dict of the VideoGPT line, StyleGAN-V's TorchScript archive, and this
project's safetensors.
"""

import json
import re
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import Tensor, nn

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.extractors.i3d import I3D, KINETICS_CLASSES
from leo_bench.evaluation.extractors.torchscript import is_torchscript, read_torchscript
from leo_bench.evaluation.files.given_files import shortened
from leo_bench.evaluation.weights.state_dicts import (
    COUNTER,
    first_bytes,
    load_strictly,
    read_state_dict,
)

# hassony2's names -> VideoGPT's. Sources: hassony2/kinetics_i3d_pytorch 786fbae src/i3dpt.py (the
# port that StyleGAN-V's archive is made of), wilson1yan/VideoGPT 733d2b1.
_RENAMES = (
    (r"^conv3d_(1a_7x7|2b_1x1|2c_3x3)\.", r"Conv3d_\1."),
    (r"^conv3d_0c_1x1\.", "logits."),
    (r"^mixed_(\d\w)\.branch_0\.", r"Mixed_\1.b0."),
    (r"^mixed_(\d\w)\.branch_([12])\.0\.", r"Mixed_\1.b\2a."),
    (r"^mixed_(\d\w)\.branch_([12])\.1\.", r"Mixed_\1.b\2b."),
    (r"^mixed_(\d\w)\.branch_3\.1\.", r"Mixed_\1.b3b."),
    (r"\.batch3d\.", ".bn."),
)


def load_i3d(path: Path, bn_eps: float) -> I3D:
    """The network in `path`, in eval mode on the CPU.

    Args:
        path: `i3d_pretrained_400.pt`, `i3d_torchscript.pt`, or a .safetensors file with the
            metadata key "i3d": {"classes": ..., "width": ...} as JSON.
        bn_eps: epsilon of batch norm: the protocol's, since no file says it.

    Raises:
        InputError: no such file, not weights, or the weights of another network.
    """
    kind = _kind(path)
    classes, width = KINETICS_CLASSES, 1.0
    if kind == "safetensors":
        classes, width = read_shape(path)
        tensors = load_file(path)
    elif kind == "torchscript":
        tensors = _read_archive(path)
    else:
        tensors = read_state_dict(path)
    with torch.device("meta"):
        net = I3D(classes, width, bn_eps)
    return load_strictly(net, match_names(tensors, net.state_dict(), where=str(path)), path)


def read_shape(path: Path) -> tuple[int, float]:
    """Classes and width in the metadata of a .safetensors file; tensors are not loaded.

    Raises:
        InputError: the file cannot be read as safetensors.
    """
    try:
        with safe_open(path, framework="pt") as file:
            shape = json.loads((file.metadata() or {}).get("i3d", "{}"))
            return int(shape.get("classes", KINETICS_CLASSES)), float(shape.get("width", 1))
    except (SafetensorError, OSError, ValueError, AttributeError, TypeError) as error:
        raise InputError(f"{path}: cannot be read as safetensors: {error}") from error


def match_names(
    found: Mapping[str, Tensor], wanted: Mapping[str, Tensor], where: str
) -> dict[str, Tensor]:
    """The tensors of `found` under the names of `wanted`: matched by name, else by order.

    They are matched by order only if the last part of the name and the shape agree for every tensor
    of the network.

    Raises:
        InputError: neither matches; the message lists the tensors found.
    """
    found = {name: tensor for name, tensor in found.items() if COUNTER not in name}
    wanted = {name: tensor for name, tensor in wanted.items() if COUNTER not in name}
    renamed = {_renamed(name): tensor for name, tensor in found.items()}
    if renamed.keys() == wanted.keys():
        for name, tensor in wanted.items():
            if renamed[name].shape != tensor.shape:
                given, needed = list(renamed[name].shape), list(tensor.shape)
                raise InputError(f"{where}: {name} is {given}; this I3D needs {needed}")
        return renamed
    if [_role(item) for item in found.items()] == [_role(item) for item in wanted.items()]:
        return dict(zip(wanted, found.values(), strict=True))
    listed = ", ".join(f"{name} {list(tensor.shape)}" for name, tensor in list(found.items())[:4])
    missing = [name for name in wanted if name not in renamed]
    raise InputError(
        f"{where}: not the weights of this I3D: it holds {len(found)} tensors ({listed or 'none'},"
        f" ...); {len(wanted)} are needed, {len(missing)} of them missing (first {missing[:1]})"
    )


class TorchScriptProgram(nn.Module):
    """Runs the program in `i3d_torchscript.pt`; only for files from a trusted author.

    The program's own rescaling and resizing are off: clips are preprocessed already, and
    `squash_224` computes the same.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        with warnings.catch_warnings():
            # Deprecated in torch 2.15, but the only way to run such an archive.
            warnings.simplefilter("ignore", FutureWarning)
            load: Callable[..., nn.Module] = torch.jit.load  # torch leaves it untyped
            self.program = load(path, map_location="cpu").eval()

    def forward(self, clips: Tensor) -> Tensor:
        """float32 [B,3,T,224,224], -1..1 -> float32 [B,400].

        Raises:
            InputError: the program has another signature, or gives no features [B,D].
        """
        try:
            features: object = self.program(
                clips.contiguous(), rescale=False, resize=False, return_features=True
            )
        except RuntimeError as error:  # such as another signature of forward()
            reason = shortened(str(error).strip().partition("\n")[0])
            raise InputError(f"{self.path}: its program cannot be run: {reason}") from None
        if not isinstance(features, Tensor) or features.dim() != 2 or len(features) != len(clips):
            shape = (
                list(features.shape) if isinstance(features, Tensor) else type(features).__name__
            )
            raise InputError(f"{self.path}: its program gives {shape}, not features [B,D]")
        return features


def load_torchscript_program(path: Path) -> TorchScriptProgram:
    """Load the archive's own program.

    Raises:
        InputError: not a TorchScript archive, or torch cannot load it.
    """
    if _kind(path) != "torchscript":
        raise InputError(
            f"{path}: not a TorchScript archive; --trust-torchscript is for those only"
        )
    try:
        return TorchScriptProgram(path)
    except RuntimeError as error:
        reason = str(error).strip().partition("\n")[0]
        raise InputError(f"{path}: torch cannot load this archive: {reason}") from error


def _kind(path: Path) -> str:
    """One of "safetensors", "torchscript", "state dict"."""
    if first_bytes(path)[8:9] == b"{":  # eight bytes of length, then a JSON header
        return "safetensors"
    return "torchscript" if is_torchscript(path) else "state dict"


def _read_archive(path: Path) -> dict[str, Tensor]:
    """The parameters and batch-norm statistics; other tensors of the program are left out."""
    roles = {"weight", "bias", "running_mean", "running_var"}
    tensors = read_torchscript(path)
    return {name: t for name, t in tensors.items() if name.rpartition(".")[2] in roles}


def _renamed(name: str) -> str:
    for pattern, replacement in _RENAMES:
        name = re.sub(pattern, replacement, name)
    return name


def _role(item: tuple[str, Tensor]) -> tuple[str, tuple[int, ...]]:
    name, tensor = item
    return name.rpartition(".")[2], tuple(tensor.shape)
