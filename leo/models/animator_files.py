"""Reads generators from official checkpoints of LIA and from models of this project.

Official checkpoints (wyhsirius/LIA: vox.pt, taichi.pt, ted.pt) are pickled dictionaries with the
state dict under `gen`, and perhaps discriminator, optimisers and an argparse.Namespace. Copies hold
it under another key, or alone, or with the prefixes of parallel training and compilation. Anything
else in a file is skipped; no code of it is run.
"""

import argparse
import contextlib
import json
import pickle
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.extractors.torchscript import is_torchscript
from leo_bench.leo.checkpoint import LICENCE, load_model
from leo_bench.leo.models.stub_pickle import read_with_stubs
from leo_bench.leo.networks.generator import Generator
from leo_bench.leo.networks.layers import fir_kernel

_UNUSED = (".noise.weight", ".to_rgb1.")  # in official files, read by no forward pass
_STATES = ("gen", "g_ema", "state_dict")  # keys of the state dict, in order of preference
_PREFIXES = ("module.", "_orig_mod.")  # of DataParallel and of torch.compile
_LIAS = {"channel_base": 16384, "align_corners": False}  # where a file does not state them
_DEEPEST = 3  # nested dictionaries
_LARGEST = 1024  # pixels; LIA has no larger model
_SHOWN, _KEY, _LINE = 2, 40, 200  # keys in an error, characters of a key, characters of an error
_WANTED = "give LIA's vox.pt, taichi.pt or ted.pt, or a model.safetensors"


@dataclass(frozen=True)
class AnimatorFile:
    """A generator read from a file.

    Args:
        generator: on the CPU, frozen.
        notes: for the user.
        licence: that the file states; "": none.
    """

    generator: Generator
    notes: list[str]
    licence: str = ""


def generator_from_file(path: Path) -> Generator:
    """The generator in `path`, on the CPU, frozen."""
    return read_animator(path).generator


def read_animator(path: Path, wanted: Mapping[str, Any] | None = None) -> AnimatorFile:
    """The generator of a .safetensors model of this project, or of an official checkpoint.

    Args:
        path: the file.
        wanted: the arguments of `Generator` that it must have been built with. An official
            checkpoint states neither `channel_base` nor `align_corners`, and is taken to have
            those. None: any generator; an official checkpoint then has LIA's.

    Raises:
        InputError: there is no such file, it is neither of the two, or keys or shapes are not those
            of the network, or not those that are wanted; the message names them.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file; {_WANTED}")
    if path.suffix == ".safetensors":
        model = load_model(path)
        if "animator" not in model.metadata:
            raise InputError(f"{path}: a model of another stage, not of the animator")
        arguments = _LIAS | json.loads(model.metadata["animator"])
        _check(path, arguments, wanted)
        generator = _filled(path, _new(**arguments), model.network)
        return AnimatorFile(generator, [], model.metadata.get(LICENCE, ""))
    state = _official_state(path)
    unused = [key for key in state if _is_unused(key)]
    notes = [f"{len(unused)} tensors are unused by design (noise.weight, to_rgb1)"] * bool(unused)
    stated = _stated(path, state)
    # Widths are compared with those of the state's tensors.
    _check(path, {key: stated[key] for key in ("size", "style", "directions")}, wanted)
    return AnimatorFile(_filled(path, _new(**(wanted or _LIAS | stated)), state), notes)


def _official_state(path: Path) -> dict[str, Tensor]:
    """The state dict in an official checkpoint or a copy of one."""
    content, where = _content(path), "the file"
    for _ in range(_DEEPEST):
        inner = [key for key in _STATES if isinstance(content, dict) and key in content]
        if not isinstance(content, dict) or not inner:
            break
        # An empty dictionary counts only if there is no other.
        key = next((key for key in inner if content[key]), inner[0])
        content, where = content[key], f"'{key}'"
    if not isinstance(content, dict):
        found = _type_of(content)
        raise _refusal(
            path, f"no checkpoint of LIA: {where} is a {found}, no state dict; {_WANTED}"
        )
    if where == "the file" and not any(isinstance(value, Tensor) for value in content.values()):
        found = _few(sorted(map(str, content))) or "nothing"
        raise _refusal(
            path,
            f"no checkpoint of LIA: looked for a state dict under {', '.join(map(repr, _STATES))}, "
            f"or alone; found the keys {found}",
        )
    if nameless := [repr(key) for key in content if not isinstance(key, str)]:
        raise _refusal(
            path, f"no generator of LIA: under {where}, no texts are the keys {_few(nameless)}"
        )
    if wrong := [key for key, value in content.items() if not isinstance(value, Tensor)]:
        raise _refusal(path, f"under {where}, no tensors are {_few(sorted(wrong))}")
    return _without_prefixes(content)


def _content(path: Path) -> object:
    """The content of the file: tensors, containers, and stubs of everything else."""
    try:
        if is_torchscript(path):
            raise _refusal(path, f"a TorchScript program, no checkpoint; {_WANTED}")
        with (
            contextlib.suppress(pickle.UnpicklingError, RuntimeError),
            torch.serialization.safe_globals([argparse.Namespace]),
        ):
            # Memory-mapped: optimisers are twice the size of `gen`, and not needed.
            return torch.load(
                path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path)
            )
        return read_with_stubs(path)
    except InputError:
        raise
    except OSError as error:
        raise _refusal(path, f"cannot be read: {error.strerror or error}") from None
    except Exception:  # a damaged pickle raises anything
        raise _refusal(path, f"no PyTorch checkpoint, or a damaged one; {_WANTED}") from None


def _without_prefixes(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The state dict without prefixes that all names have."""
    while prefix := next(
        (p for p in _PREFIXES if state and all(k.startswith(p) for k in state)), ""
    ):
        state = {key.removeprefix(prefix): value for key, value in state.items()}
    return state


def _check(path: Path, stated: Mapping[str, Any], wanted: Mapping[str, Any] | None) -> None:
    """Refuse a generator whose arguments are not those that are wanted."""
    for key, value in stated.items():
        if wanted is not None and wanted[key] != value:
            raise _refusal(
                path, f"another animator than the config's: {key} is {value}, not {wanted[key]}"
            )


def _stated(path: Path, state: Mapping[str, Tensor]) -> dict[str, Any]:
    """The arguments of `Generator` that follow from the shapes in `state`."""
    levels = sum(key.startswith("dec.to_flows.") and key.endswith(".conv.weight") for key in state)
    size = 2 ** (levels + 2)
    if size > _LARGEST:
        raise _refusal(
            path, f"no generator of LIA: {levels} flows; it has {_LARGEST} pixels at most"
        )
    shapes = []
    for key, dims in ((f"enc.net_app.convs.{levels + 1}.weight", 4), ("dec.direction.weight", 2)):
        if key not in state:
            found = _few(sorted(state)) or "nothing"
            raise _refusal(path, f"no generator of LIA: '{key}' is missing; found {found}")
        if state[key].ndim != dims:
            given = list(state[key].shape)
            raise _refusal(path, f"no generator of LIA: {key} is {given}, not of {dims} dimensions")
        shapes.append(state[key].shape)
    (style, cap, *_), (_, directions) = shapes
    return {"size": size, "channel_cap": cap, "style": style, "directions": directions}


def _new(**arguments: Any) -> Generator:
    """A generator to be filled; torch's random state is left as it was."""
    with torch.random.fork_rng(devices=[]):
        return Generator(**arguments)


def _filled(path: Path, generator: Generator, state: Mapping[str, Tensor]) -> Generator:
    """The generator with the values of `state`, from which unused tensors may be absent."""
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
        raise _refusal(path, f"not this generator ({generator.size} pixels): {'; '.join(problems)}")
    other = [k for k, v in kernels.items() if not torch.allclose(state.get(k, v).float(), v)]
    if other:
        raise _refusal(path, f"another FIR filter than [1,3,3,1]: {_few(other)}")
    values = {
        key: value.to(torch.float32, copy=True) for key, value in (optional | {**state}).items()
    }
    generator.load_state_dict(values, assign=True)
    return generator.eval().requires_grad_(False)


def _is_unused(key: str) -> bool:
    return any(part in key for part in _UNUSED)


def _kernel(name: str) -> Tensor:
    """The FIR filter of a module; those of the decoder upsample and sum to four."""
    return fir_kernel(4.0 if name.startswith("dec.") else 1.0)


def _few(keys: Sequence[object]) -> str:
    """The first keys, and the number of others."""
    more = f" and {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else ""
    return ", ".join(_short(str(key), _KEY) for key in keys[:_SHOWN]) + more


def _type_of(value: object) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")


def _short(text: str, most: int) -> str:
    """On one line, cut to `most` characters."""
    text = " ".join(text.split())
    return text if len(text) <= most else f"{text[: most - 3]}..."


def _refusal(path: Path, why: str) -> InputError:
    """An error about a file, in one short line."""
    return InputError(f"{path}: {_short(why, _LINE)}")
