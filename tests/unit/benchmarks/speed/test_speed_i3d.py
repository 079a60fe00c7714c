"""That the speed suite runs what it says; never how fast."""

import pytest
import torch
from torch import Tensor

from leo_bench.benchmarks.peers.parts import random_i3d
from leo_bench.benchmarks.speed import i3d
from leo_bench.benchmarks.speed.i3d import measure
from leo_bench.benchmarks.speed.machine import (
    Timing,
    compute_cells,
    convolution,
    describe,
    interleaved,
)
from leo_bench.evaluation.extractors.i3d import I3D
from leo_bench.evaluation.extractors.numerics import computes_bf16


def test_tasks_take_turns_after_one_untimed_run_each() -> None:
    order: list[str] = []
    timings = interleaved(
        {"a": lambda: order.append("a"), "b": lambda: order.append("b")}, rounds=2
    )
    assert "".join(order) == "ababab"
    assert timings.keys() == {"a", "b"}
    assert all(0 <= t.fastest <= t.median for t in timings.values())


def test_cells_are_ratios_of_the_fastest_rounds() -> None:
    cells = compute_cells("clip", Timing(0.2, 0.25), flops=50e9, plain=0.5, machine=500e9)
    assert cells["ms a clip, best"] == "200"
    assert cells["times plain"] == "2.50"
    assert cells["GFLOP/s"] == "250"
    assert cells["of the machine's"] == "50%"


def test_the_convolution_alone_keeps_its_precision() -> None:
    # Emulated, as it is without AVX-512, the one in bfloat16 takes minutes.
    dtype = torch.bfloat16 if computes_bf16(torch.device("cpu")) else torch.float64
    assert convolution(dtype)().dtype == dtype


def test_the_machine_is_named_in_one_line() -> None:
    assert f"torch {torch.__version__}" in describe()
    assert "\n" not in describe()


def test_every_form_is_measured_against_the_plain_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def narrow() -> I3D:
        return I3D(classes=3, width=0.125).eval().requires_grad_(False)

    def at_once(tasks: dict[str, object], rounds: int) -> dict[str, Timing]:
        assert rounds > 0
        return {name: Timing(1.0, 1.0) for name in tasks}

    monkeypatch.setattr(i3d, "_LONG", 20)
    monkeypatch.setattr(i3d, "random_i3d", narrow)
    monkeypatch.setattr(i3d, "interleaved", at_once)
    rows = measure()
    errors = {(r["what"], r["frames"]): float(r["features differ"]) for r in rows if r["frames"]}
    assert errors["plain, fp32", "16"] == 0
    assert all(error < 1e-5 for (what, _), error in errors.items() if "bf16" not in what)
    assert errors["fast, fp64, from plain, fp64", "16"] < 1e-9
    assert {row["frames"] for row in rows} == {"16", "20", ""}
    assert all(list(row) == list(rows[0]) for row in rows)


def test_random_weights_keep_activations_in_range() -> None:
    with torch.inference_mode():
        features: Tensor = random_i3d()(torch.zeros(1, 3, 9, 224, 224) + 0.5)
    assert 1e-2 < float(features.abs().mean()) < 1e2


def test_operations_are_those_of_the_convolutions() -> None:
    features, flops = i3d._with_flops(I3D().eval(), torch.zeros(1, 3, 16, 224, 224))
    assert features.shape == (1, 400)
    assert flops == 55_575_957_504  # as torch.utils.flop_counter counts them
