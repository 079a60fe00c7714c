"""That the shares of FVD's time count each kind of work; never how long it takes."""

from pathlib import Path

import pytest

from leo_bench.benchmarks.api.distances import fvd
from leo_bench.benchmarks.peers.parts import Inputs
from leo_bench.benchmarks.speed import shares
from leo_bench.benchmarks.speed.shares import KINDS, LAYOUTS, measure


def test_every_layout_is_measured_and_the_shares_are_all_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def with_toy(real: Path, fake: Path, inputs: Inputs, cache: Path) -> float:
        monkeypatch.setenv("LEO_BENCH_CACHE", str(cache))
        sides = {"real": str(real), "fake": str(fake)}
        return fvd(**sides, extractor="i3d-toy", clips=inputs.videos, device="cpu").value

    monkeypatch.setattr(shares, "fvd_of", with_toy)
    monkeypatch.setattr(shares, "write_weights", lambda inputs: None)
    monkeypatch.setattr("leo_bench.benchmarks.peers.parts.PIXELS", 32)
    rows = measure(videos=2)
    assert [row["videos"] for row in rows] == list(LAYOUTS)
    for row in rows:
        parts = [float(row[kind].removesuffix("%")) for kind in KINDS]
        assert sum(parts) == pytest.approx(100, abs=1)
        assert all(part > 0 for part in parts)
        assert parts[KINDS.index(row["bound by"])] == max(parts)
