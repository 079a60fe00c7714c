"""Raters at once at a server that is killed: no acknowledged vote is lost, none is there twice."""

from pathlib import Path

from made_studies import made_study

from leo_bench.benchmarks.evidence.study_load import load_of

RATERS, PAIRS, CHECKS, SHARE = 30, 10, 2, 0.7


def test_thirty_raters_at_once_and_a_killed_server(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    made_study(
        folder, methods=("ours", "theirs"), videos=PAIRS, raters=RATERS, checks=CHECKS, seed=1
    )
    load = load_of(folder, SHARE, kills=1, seed=1)
    assert load.sent == load.kept
    assert len(load.kept) == RATERS * (PAIRS + CHECKS)
    assert sum(len(one.votes) for one in load.stored) == len(load.kept)
    assert all(one.finished for one in load.stored)
    assert load.traffic.retries > 0  # by raters that the killed server did not answer
    assert load.traffic.acknowledged > len(load.kept)  # some were sent twice, or changed
    assert (load.share.raters, load.share.items) == (RATERS, PAIRS)
    assert load.share.interval[0] < SHARE < load.share.interval[1]
