"""Calls into peers, in a process of their own: finding their modules, and what several share."""

import inspect
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

import scipy.linalg
from torch import nn

from leo_bench.benchmarks.peers.definitions import checkout, load_peers
from leo_bench.benchmarks.peers.parts import ARCHIVE, Inputs, Prepared, registered_archive

OURS = "leo-bench"


def prepare(key: str, job: str, inputs: Inputs) -> Prepared:
    """What the peer `key` (or leo-bench, as `OURS`) computes for one part.

    Changes `sys.path`, and may change modules of the peer.

    Args:
        key: id of a peer that is on this machine.
        job: a function of the peer's module, named as the part.
        inputs: written by `write_inputs` for this part.
    """
    name = "leo_bench_itself"
    if key != OURS:
        peer = load_peers()[key]
        name = peer.module
        if peer.checkout is not None:
            sys.path.insert(0, str(checkout(key)))
    module = import_module(f"leo_bench.benchmarks.peers.{name}")
    made: Callable[[Inputs], Prepared] = getattr(module, job)
    return made(inputs)


def peer_module(name: str) -> Any:
    """A module of a peer; nothing is known of its types."""
    return import_module(name)


def archive(inputs: Inputs) -> nn.Module:
    """StyleGAN-V's archive of I3D with its own program; `archive_remark` says what it is here."""
    program: nn.Module = peer_module("torch.jit").load(str(inputs.torchscript))
    return program.eval()


def archive_remark() -> str:
    """What a table has to say where StyleGAN-V's archive is not on this machine."""
    return "" if registered_archive() else f"{ARCHIVE} is not here: I3D's plain form in its place"


def with_old_sqrtm() -> str:
    """Let `scipy.linalg.sqrtm` take `disp` where SciPy no longer does -> a remark on it, or ""."""
    new = scipy.linalg.sqrtm
    if "disp" in inspect.signature(new).parameters:
        return ""
    scipy.linalg.sqrtm = lambda matrix, disp=True: new(matrix) if disp else (new(matrix), 0.0)
    return "sqrtm(disp=), which SciPy 1.18 removed, is given back"
