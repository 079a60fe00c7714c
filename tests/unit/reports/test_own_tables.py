"""Tables of a folder of records: what they show, rank, tell apart, and refuse."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from made_own_tables import keep, made, three
from made_records import side
from made_scores import SCORE
from places import ROOT

from leo_bench.evaluation.records.comparison import PrecisionOf, ScoresExtra
from leo_bench.evaluation.records.distance import record_path, write_record
from leo_bench.evaluation.records.documents import Document
from leo_bench.evaluation.records.influences import beside_record
from leo_bench.evaluation.records.shares import PrecisionExtra, ShareOfClips
from leo_bench.reports.formats import FORMATS
from leo_bench.reports.own_tables.filling import Wish, table_of
from leo_bench.reports.own_tables.numbers import numbers_of
from leo_bench.reports.own_tables.texts import recipe

GOLDEN = ROOT / "tests" / "golden" / "records"


def cells_of(folder: Path, **wish: Any) -> dict[tuple[str, str], Any]:
    """The texts of the cells by row and head."""
    grid = table_of(folder, Wish(**wish)).grid
    return {
        (line.label.lines[0], head.lines[0] + head.below): cell
        for line in grid.lines
        for head, cell in zip(grid.columns, line.cells, strict=True)
    }


def test_the_samples_of_a_distance_of_frames_are_frames(tmp_path: Path) -> None:
    number = numbers_of(keep(tmp_path / "fvd.json", 0.4))[0]
    assert "; 40 real and 40 fake clips of 16 frames at " in recipe(number)
    frames = replace(number, metric="fid")
    assert "; 40 real and 40 fake frames of clips of 16 frames at " in recipe(frames)


def test_the_text_of_a_small_table(tmp_path: Path) -> None:
    assert FORMATS["terminal"].write(table_of(three(tmp_path), Wish())) == (
        "Measured with leo-bench ?\n"
        "\n"
        "           faces-test,\n"
        "model         64 x 64,\n"
        "            stylegan-v\n"
        "             FVD16 (1)\n"
        "-------  -------------\n"
        "ours              2.1≈\n"
        "            [1.2, 3.5]\n"
        "theirs           2.1 <\n"
        "            [1.3, 3.3]\n"
        "worst             30.4\n"
        "          [25.4, 35.9]\n"
        "\n"
        "≈  cannot be told from the best number of its column: the interval of their "
        "difference, 95 % over all pairs of the column, contains 0; videos of one name are "
        "pairs\n"
        "(1) Protocol stylegan-v v2 (a8fc59fcd2da); 40 real and 40 fake clips of 16 "
        "frames at 64 x 64, strides 1 and 1; made-up (weights none); real: real.\n"
        "<: the best number of its column (lower is better for FVD). Numbers that were "
        "not measured as the column says, known videos and real sides are not ranked.\n"
        "95 % intervals: where a number would fall with as many other videos; FVD "
        "and FID of real against real are not 0 at these counts.\n"
    )


def test_the_best_is_bold_and_what_cannot_be_told_from_it_is_marked(tmp_path: Path) -> None:
    cells = cells_of(three(tmp_path))
    ours, theirs, worst = (cells[model, "FVD16"] for model in ("ours", "theirs", "worst"))
    best, other = (ours, theirs) if ours.bold else (theirs, ours)
    assert best.bold
    assert "≈" not in best.marks
    assert not other.bold
    assert "≈" in other.marks
    assert (worst.bold, worst.marks) == (False, ())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"protocol": "latte"}, "protocol latte, not stylegan-v"),
        ({"extractor": "other"}, "extractor other, not made-up"),
        ({"weights_sha256": "w"}, "weights_sha256 w, not none"),
        ({"count": 30}, "n_fake 30, not 40"),
        ({"real": side("elsewhere", 40)}, "real.fingerprint elsewhere, not real"),
        ({"frames": 128}, "frames 128, not 16"),
    ],
)
def test_a_number_measured_in_another_way_is_never_the_best(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    keep(three(tmp_path) / "faces" / "other" / "fvd.json", 0.0, **changes)
    table = table_of(tmp_path, Wish())
    cell = cells_of(tmp_path)["other", table.grid.columns[0].lines[0] + table.grid.columns[0].below]
    assert not cell.bold
    (note,) = [table.grid.footnotes[int(mark) - 1] for mark in cell.marks]
    assert note.startswith("Measured otherwise than this column: ")
    assert said in note
    assert sum(line.cells[0].bold for line in table.grid.lines) == 1


def test_models_as_columns_are_compared_along_rows(tmp_path: Path) -> None:
    three(tmp_path)
    for model, shift in (("ours", 0.9), ("worst", 0.2)):
        keep(tmp_path / "faces" / model / "kvd.json", shift, metric="kvd")
    table = table_of(tmp_path, Wish(rows=("metric",), columns=("model",)))
    upright = table_of(tmp_path, Wish(columns=("metric",)))
    assert [line.label.lines[0] + line.label.below for line in table.grid.lines] == [
        "FVD16",
        "KVD16",
    ]
    assert [head.lines[0] for head in table.grid.columns] == ["ours", "theirs", "worst"]
    across = [[cell.bold for cell in line.cells] for line in table.grid.lines]
    assert [list(row) for row in zip(*across, strict=True)] == [
        [cell.bold for cell in line.cells] for line in upright.grid.lines
    ]
    assert [sum(row) for row in across] == [1, 1]
    assert any(note.startswith("Bold: the best number of its row (") for note in table.grid.notes)
    for name in FORMATS:
        assert "KVD" in FORMATS[name].write(table)
    row = table.frame.iloc[0]
    assert (row["row"], row["group"], row["column"]) == ("FVD16", "", "ours")


def test_a_number_too_small_for_the_decimals_of_its_column_is_not_shown_as_0(
    tmp_path: Path,
) -> None:
    small = {"value": 4e-5, "value_float64": 4e-5, "values": (4e-5,), "values_float64": (4e-5,)}
    around = {"interval": (2e-5, 6e-5), "standard_error": 1.02e-5}
    keep(tmp_path / "faces" / "copy" / "kvd.json", 0.4, metric="kvd", **small, **around)
    keep(tmp_path / "faces" / "other" / "kvd.json", 2.0, metric="kvd")
    cells = cells_of(tmp_path)
    assert cells["copy", "KVD16"].lines == ("4e-05", "[2e-05, 6e-05]")
    assert cells["other", "KVD16"].lines == ("32", "[27, 38]")


def test_two_numbers_of_two_ways_have_no_best(tmp_path: Path) -> None:
    keep(tmp_path / "faces" / "a" / "fvd.json", 0.4)
    keep(tmp_path / "faces" / "b" / "fvd.json", 0.2, extractor="other")
    assert not any(cell.bold for cell in cells_of(tmp_path).values())


def test_without_influences_the_difference_is_that_of_independent_samples(tmp_path: Path) -> None:
    for path in three(tmp_path).rglob("*.videos.csv"):
        path.unlink()
    assert sum("≈" in cell.marks for cell in cells_of(tmp_path).values()) == 1


def test_known_videos_and_real_sides_are_not_ranked_and_come_last() -> None:
    grid = table_of(GOLDEN, Wish()).grid
    assert [line.label.lines[0] for line in grid.lines] == [
        "leo-conditional",
        "frozen",
        "real",
        "shuffled",
        "toy-bodies-test (real side)",
        "toy-faces-test (real side)",
    ]
    assert not any(cell.bold for line in grid.lines for cell in line.cells)
    assert [group.lines[0] for group, _ in grid.groups] == [
        "toy-bodies-test, 64 x 64, acd-toy",
        "toy-bodies-test, 64 x 64, digan",
        "toy-faces-test, 64 x 64, acd-toy",
        "toy-faces-test, 64 x 64, stylegan-v",
    ]


def test_records_of_one_cell_are_told_apart_by_what_they_differ_in(tmp_path: Path) -> None:
    for frames, stride in ((16, 1), (128, 1), (16, 8)):
        sides = {name: side(name, 40).model_copy(update={"stride": stride}) for name in ("real",)}
        path = tmp_path / f"faces-{frames}-{stride}" / "ours" / "fvd.json"
        keep(path, 0.4, frames=frames, **sides)
    grid = table_of(tmp_path, Wish(columns=("metric",))).grid
    heads = [(group.lines[0], width) for group, width in grid.groups]
    assert heads == [("real stride 1", 2), ("real stride 8", 1)]
    assert [column.below for column in grid.columns] == ["16", "128", "16"]
    said = "Also split by frames and real_stride, in which records of one cell differed."
    assert said in grid.notes
    grid = table_of(tmp_path, Wish(columns=("metric", "frames"))).grid
    assert [group.lines[0] for group, _ in grid.groups] == [
        "FVD, real stride 1",
        "FVD, real stride 8",
    ]
    assert [column.lines[0] for column in grid.columns] == ["16 frames", "128 frames", "16 frames"]


def test_the_newest_of_equal_measurements_is_shown_and_the_others_are_named(tmp_path: Path) -> None:
    keep(tmp_path / "a.json", 0.4, created="2026-11-22T00:00:00+00:00")
    keep(tmp_path / "b.json", 0.4, created="2026-11-23T00:00:00+00:00", commit="1" * 40)
    table = table_of(tmp_path, Wish())
    (line,) = table.grid.lines
    assert line.label.lines[0] == "fake"  # as --records would name it
    (note,) = [text for text in table.grid.footnotes if "newest" in text]
    assert note.startswith("The newest of 2 records of this cell; not shown: a (")
    assert [(row["key"], row["shown"]) for row in table.frame.to_dict("records")] == [
        ("a", "no"),
        ("b", "yes"),
    ]


def test_different_videos_of_one_name_are_two_rows(tmp_path: Path) -> None:
    for name in ("a", "b"):
        fake = side("samples", 40).model_copy(update={"fingerprint": name})
        keep(tmp_path / f"{name}.json", 0.4, fake=fake)
    grid = table_of(tmp_path, Wish()).grid
    assert [line.label.lines[0] for line in grid.lines] == [
        "samples, fake_fingerprint a",
        "samples, fake_fingerprint b",
    ]


def test_precision_and_recall_have_columns_and_higher_is_better(tmp_path: Path) -> None:
    for model, share in (("ours", 0.5), ("theirs", 0.75)):
        written, _ = made(0.4, seed=len(model))
        shares = ShareOfClips(value=share, interval=(share - 0.2, share + 0.2))
        extra = PrecisionExtra(neighbours=3, precision=shares, recall=shares)
        path = tmp_path / "faces" / model / "precision.json"
        write_record(Document("precision", (written,), extra), path)
    cells = cells_of(tmp_path)
    assert {head for _, head in cells} == {"Precision16", "Recall16"}
    assert cells["theirs", "Recall16"].bold
    assert cells["ours", "Recall16"].lines == ("0.50", "[0.30, 0.70]")
    assert not cells["ours", "Recall16"].bold


def test_numbers_of_leo_bench_score_are_given_once(tmp_path: Path) -> None:
    """Each record has a file of its own in a folder of records, and stands in scores.json too."""
    written, influences = made(0.4)
    shares = PrecisionExtra(
        neighbours=3,
        precision=ShareOfClips(value=0.5, interval=None),
        recall=ShareOfClips(value=0.75, interval=None),
    )
    extra = ScoresExtra(precision=(PrecisionOf(record=0, shares=shares),), differences=())
    write_record(Document("scores", (written,), extra), tmp_path / "scores.json")
    heads = [("fake", head) for head in ("FVD16", "Precision16", "Recall16")]
    assert list(cells_of(tmp_path)) == heads
    tree = record_path(tmp_path, written)
    write_record(written, tree, beside_record(influences))
    write_record(Document("precision", (written,), shares), tree.with_stem("precision"))
    assert list(cells_of(tmp_path)) == heads
    assert len(table_of(tmp_path, Wish()).frame) == 3
    assert not any("newest" in text for text in table_of(tmp_path, Wish()).grid.footnotes)


def test_scores_and_fvd_without_bias(tmp_path: Path) -> None:
    write_record(SCORE, tmp_path / "faces" / "toy-faces-test" / "acd.json")
    keep(tmp_path / "faces" / "ours" / "fvd.json", 0.4)
    cells = cells_of(tmp_path)
    assert cells["toy-faces-test (real side)", "ACD16"].lines == ("0.25", "[0.20, 0.30]")
    fit = {
        "value": 1.5,
        "interval": (0.5, 2.5),
        "n_real": (40.0, 20.0),
        "n_fake": (40.0, 20.0),
        "values": (2.0, 3.0),
        "method": "jackknife",
        "line": 1.0,
        "needs": 30,
        "reliable": True,
        "reason": "",
    }
    path = tmp_path / "faces" / "told" / "fvd.json"
    keep(path, 0.4, fvd_infinity=1.5, extrapolation=fit, seed=3)
    assert len(cells_of(tmp_path)["told", "FVD16"].lines) == 2
    lines = cells_of(tmp_path, infinity=True)["told", "FVD16"].lines
    assert [line.split(".")[0] for line in lines[2:]] == ["FVD∞ 1", "[0"]
    fit |= {"reliable": False, "interval": None, "reason": "too few"}
    notes = ("fvd_infinity is not told: too few",)
    keep(tmp_path / "faces" / "few" / "fvd.json", 0.5, extrapolation=fit, notes=notes)
    assert cells_of(tmp_path, infinity=True)["few", "FVD16"].lines[2:] == ("FVD∞ not told",)
    assert "Fvd_infinity" not in FORMATS["terminal"].write(table_of(tmp_path, Wish()))
