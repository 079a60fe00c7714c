"""The table of `leo-bench speed opening`."""

import pytest

from leo_bench.benchmarks.speed import opening


def test_a_few_files_are_opened_in_every_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "ROUNDS", 1)
    (row,) = opening.measure(counts=(3,), to_scan=2)
    assert row["files"] == "3"
    assert float(row["first, ms a file, 2 threads"]) > 0
    assert float(row["first, ms a file, 2 processes"]) > 0
    assert float(row["again, s"]) >= 0
    assert float(row["peak MB"]) >= float(row["MB before"]) > 0
