"""Weights of embedders: which file, and strictly into the network."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

from leo_bench.evaluation.embedders import EmbedderRequest
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.extractors.checkpoints import read_pickled
from leo_bench.evaluation.weights.registry import (
    Verified,
    find,
    identify,
    require_registered,
    weights_for,
)

# What training loops wrap a state dict in: torchreid's, Xiaoccer's.
_WRAPPERS = ("state_dict", "net_state_dict")
_COUNTER = "num_batches_tracked"  # training only; some files lack it

Network = TypeVar("Network", bound=nn.Module)


def chosen_file(request: EmbedderRequest) -> Verified:
    """The file that the request means, checked against the registry.

    Raises:
        InputError: absent (the message says how to get it), or not a registered one and that is
            not allowed.
    """
    registered = weights_for(request.name)
    path = find(tuple(registered), request.weights)
    if request.allow_unverified:
        return identify(path, registered)
    return require_registered(path, registered)


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """Names to tensors of a file of `torch.save`; wrappers and the prefix "module." taken off.

    Raises:
        InputError: the file cannot be read, or holds no state dict.
    """
    content = read_pickled(path)
    for wrapper in _WRAPPERS:
        if isinstance(content, dict) and isinstance(content.get(wrapper), dict):
            content = content[wrapper]
    if not isinstance(content, dict) or not all(isinstance(v, Tensor) for v in content.values()):
        raise InputError(f"{path}: holds no state dict (names to tensors)")
    return {str(name).removeprefix("module."): tensor for name, tensor in content.items()}


def without(tensors: Mapping[str, Tensor], prefixes: Iterable[str]) -> dict[str, Tensor]:
    """All but the parts of a network that embedding does not run, such as its classifier."""
    unused = tuple(prefixes)
    return {name: tensor for name, tensor in tensors.items() if not name.startswith(unused)}


def load_strictly(net: Network, tensors: Mapping[str, Tensor], where: Path) -> Network:
    """The network (built on the meta device) with exactly these tensors, in eval mode.

    Raises:
        InputError: a name is missing or too many, or a shape is another; the message says which.
    """
    wanted = net.state_dict()
    found = {name: tensor for name, tensor in tensors.items() if _COUNTER not in name}
    missing = [name for name in wanted if name not in found and _COUNTER not in name]
    surplus = [name for name in found if name not in wanted]
    if missing or surplus:
        raise InputError(
            f"{where}: the weights of another network: {len(missing)} tensors are missing"
            f" (first {missing[:1]}), {len(surplus)} are not known (first {surplus[:1]})"
        )
    for name, tensor in found.items():
        if tensor.shape != wanted[name].shape:
            given, needed = list(tensor.shape), list(wanted[name].shape)
            raise InputError(f"{where}: {name} is {given}; this network needs {needed}")
    counters = {name: torch.zeros((), dtype=torch.int64) for name in wanted if _COUNTER in name}
    net.load_state_dict(counters | found, assign=True)
    return net.float().eval().requires_grad_(False)
