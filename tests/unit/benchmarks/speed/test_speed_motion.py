"""That the speed suite of motion runs what it says; never how fast."""

import pytest

from leo_bench.benchmarks.speed import motion
from leo_bench.benchmarks.speed.machine import Task, Timing


def test_every_sampler_is_timed_for_a_few_steps_and_counted_for_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def at_once(tasks: dict[str, Task], rounds: int) -> dict[str, Timing]:
        for task in tasks.values():
            task()
        return {name: Timing(1.0, rounds) for name in tasks}

    monkeypatch.setattr(motion, "_MODELS", {"toy": "toy64"})
    monkeypatch.setattr(motion, "_TIMED", 2)
    monkeypatch.setattr(motion, "interleaved", at_once)
    monkeypatch.setattr(motion, "computes_bf16", lambda _device: True)
    found = motion.measure()
    forms = ["plain, fp32", *3 * ["fast, fp32"], "fast, bf16"]
    assert [row["form"] for row in found] == 2 * forms
    assert [row["sampler"] for row in found[:5]] == [
        "ddim-50", "ddpm-1000", "ddim-50", "dpm-20", "ddim-50",
    ]  # fmt: skip
    assert [row["timed"] for row in found[:2]] == ["2 of 850 steps", "2 of 17,000 steps"]
    # Seconds of 2 steps x 17,000 / 2, shared by one video or by eight.
    assert [row["s a video, best"] for row in found[1::5]] == ["8500.00", "1062.50"]
    assert {row["times plain"] for row in found} == {"1.00"}
    assert found[0]["ms a step of all"] == "500.0"
