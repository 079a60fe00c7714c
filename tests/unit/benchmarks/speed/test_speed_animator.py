"""That the animator's speed is measured over equal results; never how fast."""

import pytest
import torch

from leo_bench.benchmarks.speed import animator
from leo_bench.benchmarks.speed.animator import COLUMNS, AnimatorTiming, measure
from leo_bench.benchmarks.speed.machine import Timing
from leo_bench.leo.networks.generator import Generator


def narrow() -> Generator:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = Generator(32, channel_cap=16, style=24)
    return net.requires_grad_(False)


def test_both_forms_of_every_job_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def at_once(tasks: dict[str, object], rounds: int) -> dict[str, Timing]:
        assert rounds > 0
        return {name: Timing(1.0, 1.0) for name in tasks}

    monkeypatch.setattr(animator, "_stand_in", narrow)
    monkeypatch.setattr(animator, "interleaved", at_once)
    rows = measure()
    assert [row.what for row in rows[::2]] == [
        "encode", "decode", "animate by a video", "one convolution alone, fp32",
    ]  # fmt: skip
    assert all(row.error < 1e-4 for row in rows if row.error is not None)
    assert rows[4].flops > rows[0].flops * 1.9 + rows[2].flops * 0.9  # two encodes and a decode
    assert all(len(row.cells()) == len(COLUMNS) for row in rows)


def test_cells_are_ratios_of_the_fastest_rounds() -> None:
    row = AnimatorTiming(
        "decode", "fast", Timing(0.1, 0.2), 30e9, plain=0.32, machine=600e9, error=1e-6
    )
    cells = dict(zip(COLUMNS, row.cells(), strict=True))
    assert cells["times plain"] == "3.20"
    assert cells["GFLOP/s"] == "300"
    assert cells["of the machine's"] == "50%"
