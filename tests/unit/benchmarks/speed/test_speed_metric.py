"""That the cost of FVD in a loop is measured as it says; never how fast."""

import pytest

from leo_bench.benchmarks.speed import metric
from leo_bench.benchmarks.speed.machine import Task, Timing


def test_an_evaluation_with_kept_real_clips_gives_the_same_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values: dict[str, object] = {}

    def at_once(tasks: dict[str, Task], rounds: int) -> dict[str, Timing]:
        for name, task in tasks.items():
            values[name] = task()
        return {name: Timing(1.0, rounds) for name in tasks}

    monkeypatch.setattr(metric, "CLIPS", 3)
    monkeypatch.setattr(metric, "FRAMES", 9)
    monkeypatch.setattr(metric, "TIMED", 2)
    monkeypatch.setattr(metric, "interleaved", at_once)
    found = metric.measure()
    trained, computed, kept = values.values()
    assert trained is None
    assert computed == kept
    # Seconds of 2 steps are those of 1,000 by 500; the rest is as timed.
    assert [row["seconds, best"] for row in found] == ["500.00", "1.00", "1.00"]
    assert [row["of both sides"] for row in found] == ["500.00", "1.00", "1.00"]
