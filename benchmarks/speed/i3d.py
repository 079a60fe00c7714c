"""Speed of I3D: plain form, fast form and the machine's own convolution rate.

The weights are random: time does not depend on their values.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from leo_bench.benchmarks.peers.parts import random_i3d
from leo_bench.benchmarks.speed.machine import (
    CONVOLUTION_FLOPS,
    Row,
    Task,
    compute_cells,
    convolution,
    interleaved,
)
from leo_bench.evaluation.extractors.i3d import I3D, SIZE
from leo_bench.evaluation.extractors.i3d_fast import FastI3D
from leo_bench.evaluation.extractors.numerics import computes_bf16, full_precision
from leo_bench.evaluation.features.single_thread_pool import lanes

_SHORT, _LONG = 16, 128  # frames of the clips
_CPU = torch.device("cpu")
_FLOAT, _BRAIN = torch.float32, torch.bfloat16
_DTYPES = {_FLOAT: "fp32", _BRAIN: "bf16"}


def measure() -> list[Row]:
    """Time on the CPU, and the relative L2 difference of the features from the plain form's.

    Side by side, each clip goes through the network on one thread, as in a measurement. Takes half
    a minute on two quiet cores.
    """
    net = random_i3d()
    fast = FastI3D(net, _CPU, _FLOAT)
    pair = torch.rand(2, 3, _SHORT, SIZE, SIZE, generator=_generator(0)) * 2 - 1
    clip, long = pair[:1], torch.rand(1, 3, _LONG, SIZE, SIZE, generator=_generator(1)) * 2 - 1
    several = clip.expand(lanes("cpu").count, -1, -1, -1, -1)
    short_forms = [
        _Form("plain, fp32", _FLOAT, net, clip),
        _Form("plain, fp32, clips in pairs", _FLOAT, net, pair),
        _Form("fast, fp32", _FLOAT, fast, clip),
        _Form("fast, fp32, clips side by side", _FLOAT, _side_by_side(fast), several),
    ]
    if computes_bf16(_CPU):
        brain = FastI3D(net, _CPU, _BRAIN)
        short_forms.append(_Form("fast, bf16 (not for tables)", _BRAIN, brain, clip))
    long_forms = [
        _Form("plain, fp32", _FLOAT, net, long),
        _Form("fast, fp32", _FLOAT, fast, long),
    ]
    with full_precision(), torch.inference_mode():
        short, long_ = _rows(net, short_forms, rounds=7), _rows(net, long_forms, rounds=2)
        return [*short, _in_float64(net, clip, like=short[0]), *long_]


@dataclass(frozen=True)
class _Form:
    what: str
    dtype: torch.dtype
    network: Callable[[Tensor], Tensor]
    clips: Tensor

    def run(self) -> Tensor:
        return self.network(self.clips)


def _rows(net: I3D, forms: Sequence[_Form], rounds: int) -> list[Row]:
    """Time `forms` and a convolution in turn; the first form is `net` itself, on one clip."""
    tasks: dict[str, Task] = {form.what: form.run for form in forms}
    alone = {
        dtype: f"one convolution alone, {name}"
        for dtype, name in _DTYPES.items()
        if dtype == _FLOAT or computes_bf16(_CPU)
    }
    tasks |= {alone[dtype]: convolution(dtype) for dtype in alone}
    timings = interleaved(tasks, rounds)
    machine = {dtype: CONVOLUTION_FLOPS / timings[what].fastest for dtype, what in alone.items()}

    frames = forms[0].clips.shape[2]
    plain = timings[forms[0].what].fastest
    reference, flops = _with_flops(net, forms[0].clips)
    rows: list[Row] = []
    for form in forms:
        timing = timings[form.what].shared_by(len(form.clips))
        error = float((form.run()[:1] - reference).norm() / reference.norm())
        rows.append(
            {"what": form.what, "frames": str(frames)}
            | compute_cells("clip", timing, flops, plain, machine[form.dtype])
            | {"features differ": f"{error:.1e}"}
        )
    for dtype, what in alone.items():
        rows.append(
            {"what": what, "frames": ""}
            | compute_cells("clip", timings[what], CONVOLUTION_FLOPS, None, machine[dtype])
            | {"features differ": ""}
        )
    return rows


def _side_by_side(network: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    def run(clips: Tensor) -> Tensor:
        return torch.cat(list(lanes("cpu").map(lambda clip: network(clip[None]), clips)))

    return run


def _in_float64(net: I3D, clip: Tensor, like: Row) -> Row:
    """How far the forms differ in float64: by rounding alone, if both compute the same."""
    clip, plain = clip.double(), copy.deepcopy(net).double()
    expected, found = plain(clip), FastI3D(net, _CPU, torch.float64)(clip)
    error = float((found - expected).norm() / expected.norm())
    row = dict.fromkeys(like, "")
    return row | {
        "what": "fast, fp64, from plain, fp64",
        "frames": like["frames"],
        "features differ": f"{error:.1e}",
    }


def _with_flops(net: I3D, clip: Tensor) -> tuple[Tensor, float]:
    """Features [1,classes] of one clip, and the operations of the convolutions behind them."""
    counts: list[int] = []

    def count(module: torch.nn.Module, _inputs: object, output: Tensor) -> None:
        if isinstance(module, torch.nn.Conv3d):
            counts.append(2 * module.weight[0].numel() * output.numel())

    hooks = [module.register_forward_hook(count) for module in net.modules()]
    features = net(clip)
    for hook in hooks:
        hook.remove()
    return features, float(sum(counts))


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)
