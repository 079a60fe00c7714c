"""Checkpoint and model files: safetensors, written atomically, with a digest of the tensors.

The metadata are one JSON text: safetensors writes several entries in an order that varies, and the
same model is to be the same bytes.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from leo_bench.evaluation.errors import InputError

ABOUT = "leo-bench"
DIGEST = "sha256_of_tensors"
STATS = "stats."
NETWORK = "network."
LICENCE = "licence"  # in the metadata of models whose weights, or codes, have one


class DamagedFileError(InputError):
    """A file of tensors is cut short or altered."""


@dataclass(frozen=True)
class Model:
    """The content of `RUN/STAGE/model.safetensors`.

    Args:
        network: the network's `state_dict`.
        stats: the stage's tensors: statistics of codes.
        metadata: text by name: the stage's own (JSON), and "stage", "step", "validation",
            "config", "config_digest", "data"; LICENCE, of weights that were given.
        path: the file that it was read from; None: none.
    """

    network: dict[str, Tensor]
    stats: dict[str, Tensor]
    metadata: dict[str, str]
    path: Path | None = None


def save_model(path: Path, model: Model, dtype: torch.dtype = torch.float32) -> None:
    """Write a model; the network's floating-point tensors as `dtype`, statistics unchanged.

    Raises:
        InputError: the file cannot be written.
    """
    network = {
        NETWORK + name: tensor.to(dtype) if tensor.is_floating_point() else tensor
        for name, tensor in model.network.items()
    }
    stats = {STATS + name: tensor for name, tensor in model.stats.items()}
    write_tensors(path, network | stats, model.metadata)


def load_model(path: Path) -> Model:
    """The model in a file of `save_model`, on the CPU; float16 weights become float32.

    Raises:
        InputError: there is no such file, it is damaged, or it is not a model.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such model; train this stage first")
    tensors, metadata = read_tensors(path)
    network = {
        name.removeprefix(NETWORK): tensor.float() if tensor.is_floating_point() else tensor
        for name, tensor in tensors.items()
        if name.startswith(NETWORK)
    }
    if not network or "stage" not in metadata:
        raise InputError(f"{path}: holds no model of leo-bench; give a RUN/STAGE/model.safetensors")
    stats = {
        name.removeprefix(STATS): tensor
        for name, tensor in tensors.items()
        if name.startswith(STATS)
    }
    return Model(network, stats, metadata, path)


def write_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Write a safetensors file atomically and durably (fsync).

    Raises:
        InputError: the disk is full, or the folder cannot be written to.
    """
    # Copies: safetensors refuses tensors that share memory, and strides are not kept anyway.
    own = {
        name: t.detach().to("cpu", copy=True, memory_format=torch.contiguous_format)
        for name, t in tensors.items()
    }
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        about = json.dumps({**metadata, DIGEST: _digest(own)}, sort_keys=True)
        # With the permissions of the umask; safetensors lets only the owner read.
        temporary.touch()
        mode = temporary.stat().st_mode
        save_file(own, temporary, {ABOUT: about})
        temporary.chmod(mode)
        _force_to_disk(temporary)
        temporary.replace(path)
        _force_to_disk(path.parent)
    except (OSError, SafetensorError) as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InputError(
            f"{path}: cannot be written ({reason}); what was written before is intact: "
            "make room and run the same command again"
        ) from None


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors (on the CPU) and the metadata of a file of `write_tensors`.

    Raises:
        DamagedFileError: the file is cut short or altered.
    """
    try:
        with safe_open(path, "pt") as file:
            metadata: dict[str, str] = json.loads((file.metadata() or {}).get(ABOUT, "{}"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise DamagedFileError(f"{path}: cannot be read: {error}") from None
    if metadata.pop(DIGEST, None) != _digest(tensors):
        raise DamagedFileError(f"{path}: its tensors are not those that were written")
    return tensors, metadata


def read_metadata(path: Path) -> dict[str, str]:
    """The metadata of a file of `write_tensors`, without reading its tensors.

    Raises:
        DamagedFileError: the file is cut short or altered.
    """
    try:
        with safe_open(path, "pt") as file:
            found: dict[str, str] = json.loads((file.metadata() or {}).get(ABOUT, "{}"))
    except (OSError, SafetensorError) as error:
        raise DamagedFileError(f"{path}: cannot be read: {error}") from None
    return found


def trained_with(metadata: Mapping[str, str]) -> dict[str, Any]:
    """The table `training` that a stage's file states, without defaults; {}: it states none."""
    found: dict[str, Any] = json.loads(metadata.get("config", "{}")).get("training") or {}
    return found


def _force_to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _digest(tensors: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(json.dumps([name, str(tensor.dtype), list(tensor.shape)]).encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
