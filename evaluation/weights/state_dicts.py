"""State dicts of weights files: read without running anything, loaded strictly into a network."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.given_files import check_regular

# Keys under which training loops store a state dict: torchreid's, Xiaoccer's.
_WRAPPERS = ("state_dict", "net_state_dict")
COUNTER = "num_batches_tracked"  # of training; some files lack it

Network = TypeVar("Network", bound=nn.Module)


def first_bytes(path: Path) -> bytes:
    """The first 64 bytes of a weights file.

    Raises:
        InputError: it is no regular file, cannot be read, or is a web page.
    """
    if path.exists():
        check_regular(path)
    try:
        with path.open("rb") as file:
            head = file.read(64)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    if head.lstrip()[:1] == b"<":
        raise InputError(f"{path}: a web page, not weights: the download went wrong")
    return head


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """Name -> tensor of a file of `torch.save`, on the CPU; nothing in the file is run.

    The wrappers of training loops and the prefix "module." are taken off.

    Raises:
        InputError: the file cannot be read, is a web page, or holds no state dict.
    """
    first_bytes(path)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch.load has no error of its own, and advises to run the file
        raise InputError(
            f"{path}: cannot be read as a file of weights: damaged, or more than tensors in it; "
            "fetch it anew (leo-bench weights list)"
        ) from error
    for wrapper in _WRAPPERS:
        if isinstance(content, dict) and isinstance(content.get(wrapper), dict):
            content = content[wrapper]
    if not isinstance(content, dict) or not all(isinstance(v, Tensor) for v in content.values()):
        raise InputError(f"{path}: holds no state dict (names to tensors)")
    return {str(name).removeprefix("module."): tensor for name, tensor in content.items()}


def without(tensors: Mapping[str, Tensor], prefixes: Iterable[str]) -> dict[str, Tensor]:
    """The tensors whose names have none of the prefixes, such as that of an unused classifier."""
    unused = tuple(prefixes)
    return {name: tensor for name, tensor in tensors.items() if not name.startswith(unused)}


def load_strictly(net: Network, tensors: Mapping[str, Tensor], where: Path) -> Network:
    """Load a network, built on the meta device, with exactly these tensors -> `net`, in eval mode.

    Args:
        net: the network.
        tensors: name -> tensor; counters of batch norm may be missing, and are not used.
        where: the file, which an error names first.

    Raises:
        InputError: a tensor is missing, not known, or of another shape; the message names it.
    """
    problem = misfit(net, tensors)
    if problem is not None:
        raise InputError(f"{where}: {problem}")
    found = {name: tensor for name, tensor in tensors.items() if COUNTER not in name}
    counted = [name for name in net.state_dict() if COUNTER in name]
    counters = {name: torch.zeros((), dtype=torch.int64) for name in counted}
    net.load_state_dict(counters | found, assign=True)
    return net.float().eval().requires_grad_(False)


def misfit(net: nn.Module, tensors: Mapping[str, Tensor]) -> str | None:
    """What of these tensors does not fit a network, counters of batch norm aside; None: all fits.

    The first tensor of another shape is named, or the first one that is missing or not known.
    """
    wanted = net.state_dict()
    found = {name: tensor for name, tensor in tensors.items() if COUNTER not in name}
    missing = [name for name in wanted if name not in found and COUNTER not in name]
    surplus = [name for name in found if name not in wanted]
    if missing or surplus:
        return (
            f"the weights of another network: {len(missing)} tensors are missing"
            f" (first {missing[:1]}), {len(surplus)} are not known (first {surplus[:1]})"
        )
    for name, tensor in found.items():
        if tensor.shape != wanted[name].shape:
            given, needed = list(tensor.shape), list(wanted[name].shape)
            return f"{name} is {given}; this network needs {needed}"
    return None
