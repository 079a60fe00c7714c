"""The leaderboard of bundles: which numbers stand in one table, and in which order."""

from pathlib import Path

import pytest
from made_records import features, fvd_of, keep_fvd, record, side, statistics
from typer.testing import CliRunner

from leo_bench.benchmarks.cli.main import app
from leo_bench.evaluation.records.distance import Record, write_record
from leo_bench.reports.bundles import check, pack
from leo_bench.reports.leaderboard import boards, render
from leo_bench.reports.origins import MODELS, ModelFacts, models_text

REAL, FAKE = features(1, 64), features(2, 64, 0.5)
KEY = "made-16f/model/fvd"


def test_the_leaderboard_ranks_what_is_comparable(tmp_path: Path) -> None:
    for name, shift in (("worse", 1.0), ("better", 0.2)):
        fake = features(5, 64, shift)
        keep_fvd(tmp_path / name, REAL, fake)
        pack(tmp_path / name, {KEY: statistics(REAL, fake)}, name, tmp_path / f"{name}.leo.zip")
    keep_fvd(tmp_path / "other", REAL, FAKE, protocol="digan")
    pack(tmp_path / "other", {}, "<b>other</b>", tmp_path / "other.leo.zip")
    found = [
        check(path, tmp_path / "scratch" / path.name) for path in sorted(tmp_path.glob("*.leo.zip"))
    ]
    by_way = {board.way.split(" ")[1]: board for board in boards(found)}
    assert [entry.bundle for entry in by_way["stylegan-v"].entries] == ["better", "worse"]
    assert [entry.checked for entry in by_way["digan"].entries] == ["not checked"]
    assert not by_way["stylegan-v"].entries[1].overlaps
    page = render(found, "board")
    assert "<b>other" not in page
    assert "&lt;b&gt;other" in page
    result = CliRunner().invoke(app, ["leaderboard", str(tmp_path)])
    assert result.exit_code == 0
    assert (tmp_path / "index.html").read_text().count("<table ") == 2


def test_known_videos_have_no_rank_and_an_uncertain_order_is_marked(tmp_path: Path) -> None:
    for name, shift, seed in (("ours", 0.5, 5), ("theirs", 0.5, 6), ("real", 0.2, 7)):
        keep_fvd(tmp_path / name, REAL, features(seed, 64, shift))
        if name == "real":
            known = models_text({"model": ModelFacts(origin="known")})
            (tmp_path / name / MODELS).write_text(known)
        pack(tmp_path / name, {}, name, tmp_path / f"{name}.leo.zip")
    paths = sorted(tmp_path.glob("*.leo.zip"))
    found = [check(path, tmp_path / "scratch" / path.name) for path in paths]
    (board,) = boards(found)
    assert (board.setting, board.metric) == (
        "real, 16 frames, size as stored, stride 1",
        "FVD16 (lower is better)",
    )
    assert [(entry.rank, entry.overlaps) for entry in board.entries] == [
        (None, False),
        (1, False),
        (2, True),
    ]
    assert board.entries[0].model == "model: fake"
    page = render(found, "board")
    assert page.count("chance alone could change their order") == 1


@pytest.mark.parametrize(
    "change",
    [
        {"frames": 128},
        {"resolution": 128},
        {"fake": side("fake", 64).model_copy(update={"stride": 4})},
    ],
    ids=str,
)
def test_clips_of_another_kind_stand_in_a_table_of_their_own(
    tmp_path: Path, change: dict[str, object]
) -> None:
    for name, changes in (("usual", {}), ("other", change)):
        made = record(fvd_of(REAL, FAKE), REAL.values, FAKE.values).model_copy(update=changes)
        write_record(made, tmp_path / name / f"{KEY}.json")
        pack(tmp_path / name, {}, name, tmp_path / f"{name}.leo.zip")
    found = [
        check(tmp_path / f"{name}.leo.zip", tmp_path / f"{name}-2") for name in ("usual", "other")
    ]
    assert len(boards(found)) == 2


def test_the_counts_of_fid_are_of_frames(tmp_path: Path) -> None:
    counts = {"n_real": 16 * 64, "n_fake": 16 * 64}
    made = record(fvd_of(REAL, FAKE), REAL.values, FAKE.values)
    made = Record.model_validate(made.model_dump() | {"metric": "fid", **counts})
    write_record(made, tmp_path / "made" / "made-16f" / "model" / "fid.json")
    pack(tmp_path / "made", {}, "fid", tmp_path / "fid.leo.zip")
    (board,) = boards([check(tmp_path / "fid.leo.zip", tmp_path / "scratch")])
    assert board.counts == "1,024 real and 1,024 fake frames"
