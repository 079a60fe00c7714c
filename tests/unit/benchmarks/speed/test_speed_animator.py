"""That the animator's speed is measured over equal results; never how fast."""

import pytest
import torch

from leo_bench.benchmarks.speed import animator
from leo_bench.benchmarks.speed.animator import measure
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
        return {name: Timing(1e-9, 1e-9) for name in tasks}  # so that GFLOP/s are operations

    monkeypatch.setattr(animator, "_stand_in", narrow)
    monkeypatch.setattr(animator, "interleaved", at_once)
    rows = measure()
    assert [row["what"] for row in rows[::2]] == [
        "encode", "decode", "animate by a video", "one convolution alone, fp32",
    ]  # fmt: skip
    assert all(float(row["differs"]) < 1e-4 for row in rows[:-1])
    encode, decode, animate = (float(row["GFLOP/s"]) for row in rows[:-1:2])
    assert animate >= 1.9 * encode + 0.9 * decode  # two encodes and a decode
    assert all(list(row) == list(rows[0]) for row in rows)
