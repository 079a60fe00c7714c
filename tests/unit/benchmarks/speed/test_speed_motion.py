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

    monkeypatch.setattr(motion, "_MODELS", {"fast": "toy64"})
    monkeypatch.setattr(motion, "_TIMED", 2)
    monkeypatch.setattr(motion, "interleaved", at_once)
    found = motion.measure()
    assert [row["sampler"] for row in found] == 2 * ["ddpm-1000", "ddim-50", "dpm-20"]
    assert [row["timed"] for row in found[:2]] == ["2 of 17,000 steps", "2 of 850 steps"]
    # Seconds of 2 steps x 17,000 / 2, shared by one video or by eight.
    assert [row["s a video, best"] for row in found[::3]] == ["8500.00", "1062.50"]
    assert [row["times ddpm-1000"] for row in found[:3]] == ["1.0", "20.0", "50.0"]
