"""Generators out of files: the official checkpoints, and models of `leo-bench train animator`.

Official (wyhsirius/LIA: vox.pt, taichi.pt, ted.pt): a pickled dictionary whose key `gen` holds the
state; beside it may lie the discriminator, optimisers and an argparse.Namespace. It is read by
torch's safe loader, which runs no code from the file.
"""

import argparse
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from evaluation.errors import InputError
from leo.checkpoint import load_model
from leo.networks.generator import Generator
from leo.networks.layers import fir_kernel

_UNUSED = (".noise.weight", ".to_rgb1.")  # in official files; no forward pass reads them
_SHOWN = 4  # keys in an error
_WANTED = "give LIA's vox.pt, taichi.pt or ted.pt, or a model.safetensors"


@dataclass(frozen=True)
class AnimatorFile:
    """A generator read from a file, and what a person should know of it."""

    generator: Generator
    notes: list[str]


def generator_from_file(path: Path) -> Generator:
    """The generator in `path`, on the CPU, frozen.

    Raises:
        InputError: as `read_animator`.
    """
    return read_animator(path).generator


def read_animator(path: Path) -> AnimatorFile:
    """The generator of a .safetensors model of ours, or of an official checkpoint.

    Raises:
        InputError: there is no such file, it is neither of the two, or keys or shapes are not those
            of the network; the message names them.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file; {_WANTED}")
    if path.suffix == ".safetensors":
        model = load_model(path)
        if "animator" not in model.metadata:
            raise InputError(f"{path}: a model of another stage, not of the animator")
        generator = _new(**json.loads(model.metadata["animator"]))
        return AnimatorFile(_filled(path, generator, model.network), [])
    state = _official_state(path)
    unused = [key for key in state if _is_unused(key)]
    notes = [f"{len(unused)} tensors are unused by design (noise.weight, to_rgb1)"] * bool(unused)
    return AnimatorFile(_filled(path, _fitting(path, state), state), notes)


def _official_state(path: Path) -> dict[str, Tensor]:
    """What lies under `gen`."""
    try:
        with torch.serialization.safe_globals([argparse.Namespace]):
            # Mapped, since the optimisers beside `gen` are twice its size and are not needed.
            content = torch.load(
                path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path)
            )
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
    except Exception:  # torch.load has no error of its own, and its messages advise to run the file
        raise InputError(
            f"{path}: no PyTorch checkpoint, a damaged one, or one of more than tensors; {_WANTED}"
        ) from None
    state = content.get("gen") if isinstance(content, dict) else None
    if not isinstance(state, dict):
        keys = sorted(map(str, content)) if isinstance(content, dict) else type(content).__name__
        raise InputError(f"{path}: no checkpoint of LIA: it has no key 'gen', but {keys}")
    if nameless := [repr(key) for key in state if not isinstance(key, str)]:
        raise InputError(
            f"{path}: no generator of LIA: under 'gen', no texts are the keys {_few(nameless)}"
        )
    wrong = [key for key, value in state.items() if not isinstance(value, Tensor)]
    if wrong:
        raise InputError(f"{path}: under 'gen', no tensors are {_few(sorted(wrong))}")
    return state


def _fitting(path: Path, state: Mapping[str, Tensor]) -> Generator:
    """An empty generator of the size, width and so on that the shapes in `state` tell."""
    levels = sum(key.startswith("dec.to_flows.") and key.endswith(".conv.weight") for key in state)
    try:
        style, cap, *_ = state[f"enc.net_app.convs.{levels + 1}.weight"].shape
        _, directions = state["dec.direction.weight"].shape
        return _new(2 ** (levels + 2), cap, style, directions)
    except KeyError as error:
        raise InputError(f"{path}: no generator of LIA: under 'gen', {error} is missing") from None
    except ValueError as error:
        raise InputError(f"{path}: no generator of LIA: {error}") from None


def _new(
    size: int,
    channel_cap: int,
    style: int,
    directions: int,
    align_corners: bool = False,
    channel_base: int = 16384,
) -> Generator:
    """A generator to be filled; what it draws at its making is no one else's chance."""
    with torch.random.fork_rng(devices=[]):
        return Generator(
            size,
            channel_cap=channel_cap,
            channel_base=channel_base,
            style=style,
            directions=directions,
            align_corners=align_corners,
        )


def _filled(path: Path, generator: Generator, state: Mapping[str, Tensor]) -> Generator:
    """The generator with the values of `state`; what nothing reads may be absent from it."""
    expected = generator.state_dict()
    kernels = {name: _kernel(name) for name, _ in generator.named_buffers()}
    unused = {k: torch.zeros(v.shape) for k, v in expected.items() if _is_unused(k)}
    optional = kernels | unused
    found = {
        "missing": expected.keys() - state.keys() - optional.keys(),
        "unexpected": state.keys() - expected.keys(),
        "of another shape": {
            key for key in expected.keys() & state.keys() if expected[key].shape != state[key].shape
        },
    }
    if problems := [f"{what}: {_few(sorted(keys))}" for what, keys in found.items() if keys]:
        raise InputError(
            f"{path}: not this generator ({generator.size} pixels): {'; '.join(problems)}"
        )
    other = [k for k, v in kernels.items() if not torch.allclose(state.get(k, v).float(), v)]
    if other:
        raise InputError(f"{path}: another FIR filter than [1,3,3,1]: {_few(other)}")
    values = {
        key: value.to(torch.float32, copy=True) for key, value in (optional | {**state}).items()
    }
    generator.load_state_dict(values, assign=True)
    return generator.eval().requires_grad_(False)


def _is_unused(key: str) -> bool:
    return any(part in key for part in _UNUSED)


def _kernel(name: str) -> Tensor:
    """The FIR filter of a module: those of the decoder enlarge, and so sum to four."""
    return fir_kernel(4.0 if name.startswith("dec.") else 1.0)


def _few(keys: Sequence[object]) -> str:
    """The first of them, and how many more."""
    more = f" and {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else ""
    return ", ".join(map(str, keys[:_SHOWN])) + more
