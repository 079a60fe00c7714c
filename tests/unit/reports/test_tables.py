"""Tables from records: what is shown, what is compared, what is refused."""

import html
import re
from pathlib import Path
from typing import Any

import pytest
from made_records import side
from made_tables import digan, put, rows_of

from conftest import Run
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.protocols.of_clips import load_protocol
from leo_bench.reports.formats import FORMATS
from leo_bench.reports.grid import grid_of
from leo_bench.reports.layouts import load_layout
from leo_bench.reports.tables import Cell, Table, fill


def cell_of(table: Table, model: str, column: int = 0) -> Cell:
    (row,) = [row for row in table.rows if row.head.model == model]
    return row.cells[column]


def test_a_comparable_number_has_its_difference_and_interval(tmp_path: Path) -> None:
    put(tmp_path, "DIGAN", digan())
    cell = cell_of(fill(load_layout("1"), tmp_path), "digan")
    assert cell.measured is not None
    assert cell.measured.caveats == ()
    assert cell.difference == pytest.approx(130.1 - 128.1)
    # The interval lies around the float64 form; beside the protocol's own it moves with it.
    assert cell.measured.interval == pytest.approx((120.1, 142.1))
    assert cell.difference_interval == pytest.approx((-8.0, 14.0))
    text = FORMATS["terminal"].write(fill(load_layout("1"), tmp_path))
    assert "130 ± 2.5# (" in text
    assert "[120, 142]" in text
    assert "+2 [-8, +14]" in text
    assert f"digan v{VERSION}, 2,048 real and 2,048 fake clips, i3d-kinetics400." in text


def test_a_difference_and_its_interval_have_the_same_decimals(tmp_path: Path) -> None:
    put(tmp_path, "DIGAN", digan(interval=(0.4, 258.9), standard_error=65.9))
    text = FORMATS["terminal"].write(fill(load_layout("1"), tmp_path))
    assert "[0.5, 259.0]" in text
    assert "+2 [-128, +131]" in text


VERSION = load_protocol("digan").version
CHANGED = load_protocol("digan").changed("bn_eps", 0.5).model_dump(mode="json")


@pytest.mark.parametrize(
    ("changes", "caveat"),
    [
        ({"n_fake": 512}, "512 fakes, not 2,048"),
        ({"protocol": "tats"}, "protocol tats, not digan"),
        ({"protocol_settings": CHANGED}, "settings of digan were changed"),
        (
            {"protocol_version": VERSION + 1},
            f"version {VERSION + 1} of the protocol, not {VERSION}",
        ),
        ({"dataset": "taichihd-test"}, "split test, not train"),
        ({"real": side("taichihd/train", 2048)}, "real stride 1, not 4"),
        ({"caveats": ("weights of unknown digest",)}, "weights of unknown digest"),
    ],
)
def test_an_incomparable_number_is_shown_with_its_caveat_and_without_difference(
    tmp_path: Path, changes: dict[str, Any], caveat: str
) -> None:
    put(tmp_path, "digan", digan(**changes))
    table = fill(load_layout("1"), tmp_path)
    cell = cell_of(table, "digan")
    assert cell.measured is not None
    assert caveat in cell.measured.caveats
    assert cell.difference is None
    assert cell.difference_interval is None
    for name in ("markdown", "latex", "html", "terminal"):
        text = html.unescape(FORMATS[name].write(table)).replace("\\", "")
        assert f"Not comparable with printed numbers: {caveat}" in text
        assert re.search(r"\b130\b", text)
        assert "+2" not in text
    (line,) = [line for line in rows_of(FORMATS["csv"].write(table)) if line["measured"]]
    assert (line["comparable"], line["difference"]) == ("no", "")


@pytest.mark.parametrize(
    "changes",
    [{"frames": 128}, {"resolution": 64}, {"dataset": "celebvhq-train"}, {"dataset": None}],
)
def test_a_number_of_other_videos_has_no_cell_and_is_counted(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    put(tmp_path, "digan", digan(**changes))
    table = fill(load_layout("1"), tmp_path)
    assert not any(cell.measured for row in table.rows for cell in row.cells)
    assert table.unused == ("b/digan/fvd",)


def test_the_size_of_frames_as_stored_is_theirs(tmp_path: Path) -> None:
    real = side("ffs", 704).model_copy(update={"sizes": ((256, 256),)})
    put(tmp_path, "leo", digan(dataset="faceforensics-train", resolution=None, real=real))
    cell = cell_of(fill(load_layout("1"), tmp_path), "leo", 5)
    assert cell.measured is not None
    assert cell.measured.caveats == ("protocol digan, not stylegan-v",)


def test_of_two_records_the_columns_own_protocol_is_shown_and_the_other_named(
    tmp_path: Path,
) -> None:
    put(
        tmp_path,
        "digan",
        digan(protocol="tats", values=(127.0, 132.0), value=129.5),
        "a",
    )
    put(tmp_path, "digan", digan(caveats=("bf16",)), "b")
    measured = cell_of(fill(load_layout("1"), tmp_path), "digan").measured
    assert measured is not None
    assert (measured.value, measured.others) == (130.1, ("a/digan/fvd",))
    assert "a/digan/fvd" in FORMATS["terminal"].write(fill(load_layout("1"), tmp_path))


def test_a_model_that_the_paper_lacks_has_a_row_of_its_own(tmp_path: Path) -> None:
    put(tmp_path, "mine", digan())
    table = fill(load_layout("1"), tmp_path)
    assert [row.head.label for row in table.rows][-1] == "mine"
    assert cell_of(table, "mine").difference is None


@pytest.mark.parametrize(
    ("source", "notes", "declared", "mark"),
    [
        ("leo:runs/taichi", (), None, "§"),
        ("gaussian:leo:runs/taichi?start=x&fit=x", (), None, "§"),
        ("part:1/2:leo:runs/taichi", (), None, "§"),
        ("part:1/2:my_samples/", (), None, "#"),
        ("part:2/2:dataset:taichihd/train", (), None, "¶"),
        ("damaged:frozen:taichihd/train", (), None, "¶"),
        ("nearest:taichihd/train?start=taichihd/test", (), None, "¶"),
        ("my_samples/", (), None, "#"),
        ("my_samples/", (), "authors-samples", "‡"),
        ("digan:out/", ("made by leo-bench adapt digan: commit e8, ckpt 12ab, seed 0",), None, "†"),
        (
            "digan:out/",
            ("made by leo-bench adapt digan: commit e8, no checkpoint, seed 0",),
            None,
            "#",
        ),
    ],
)
def test_the_mark_says_where_a_number_comes_from(
    tmp_path: Path, source: str, notes: tuple[str, ...], declared: str | None, mark: str
) -> None:
    fake = side("fake", 2048).model_copy(update={"source": source, "notes": notes})
    put(tmp_path, "digan", digan(fake=fake))
    if declared:
        (tmp_path / "models.toml").write_text(f'[digan]\norigin = "{declared}"\n')
    grid = grid_of(fill(load_layout("1"), tmp_path))
    (line,) = [line for line in grid.lines if line.kind == "measured"]
    assert line.cells[0].marks[0] == mark
    assert mark in dict(grid.signs)


def test_a_broken_record_is_named(tmp_path: Path, leo_bench: Run) -> None:
    path = put(tmp_path, "digan", digan())
    path.write_text(path.read_text()[:100])
    ended = leo_bench("table", "1", "--records", tmp_path)
    assert ended.code == 2
    assert ended.err.startswith(f"leo-bench: {path}: not JSON")
    assert len(ended.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "problem"),
    [('[a]\norigin = "found"\n', "models.toml: a: origin is 'found'"), ("[", "not a TOML file")],
)
def test_wrong_facts_of_models_are_named(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "models.toml").write_text(text)
    with pytest.raises(InputError, match=problem):
        fill(load_layout("1"), tmp_path)


def test_facts_of_models_that_cannot_be_read_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "models.toml").mkdir()
    with pytest.raises(InputError, match=r"models\.toml: cannot be read"):
        fill(load_layout("1"), tmp_path)


def test_bad_input_is_one_line(tmp_path: Path, leo_bench: Run) -> None:
    for arguments, said in (
        (("table", "8"), "no table '8'; known are 1, 2, 3, 4, 5, 6"),
        (("table", tmp_path), f"; for the folder {tmp_path}: --records {tmp_path}"),
        (("table", "1", "--records", tmp_path / "none"), "none: no such folder of records"),
        (("tables", "--out", tmp_path, "--format", "docx"), "--format docx: known are terminal"),
    ):
        ended = leo_bench(*arguments)
        assert ended.code == 2
        assert said in ended.err
        assert len(ended.err.splitlines()) == 1


def test_tables_are_written_and_records_without_a_cell_told(tmp_path: Path, leo_bench: Run) -> None:
    put(tmp_path / "records", "mine", digan())
    put(tmp_path / "records", "mine", digan(dataset="weizmann-train"), "other")
    ended = leo_bench("tables", "--out", tmp_path / "out", "--records", tmp_path / "records")
    assert ended.code == 0
    written = sorted(path.name for path in (tmp_path / "out").glob("t*"))
    assert written == sorted(
        f"table{n}.{end}" for n in range(1, 7) for end in ("md", "tex", "csv", "html")
    )
    assert "1 records belong to no cell of any table: other/mine/fvd" in ended.err
