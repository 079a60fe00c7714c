"""Tables 3 and 5 with the shares of a study beside the printed numbers."""

from pathlib import Path

import pytest
from made_results import keep, preference, repeated
from made_tables import rows_of

from leo_bench.reports.formats import FORMATS
from leo_bench.reports.layouts import load_layout
from leo_bench.reports.tables import Cell, fill

RENDERED = Path(__file__).parents[3] / "reports" / "rendered"
SIMULATED = {"by_way": {"simulated": 20}}


def cell_of(folder: Path, table: str, model: str, column: int = 0) -> Cell:
    (row,) = [row for row in fill(load_layout(table), folder).rows if row.head.model == model]
    return row.cells[column]


def test_a_share_stands_below_the_printed_one(tmp_path: Path) -> None:
    keep(tmp_path, preference())
    cell = cell_of(tmp_path, "3", "quality-tats")
    assert cell.printed is not None
    assert cell.measured is not None
    assert (cell.measured.value, cell.measured.opposite) == pytest.approx((93, 7))
    assert cell.measured.interval == pytest.approx((88, 96))
    assert cell.difference is None
    text = FORMATS["terminal"].write(fill(load_layout("3"), tmp_path))
    assert text.startswith(
        """\
Table 3. User study: which of two videos is more realistic, which is more coherent

Method                  TaichiHD (%)    FaceForensics (%)
-----------------  -----------------  -------------------
Quality
Ours / TATS             93.00 / 7.00                    -
own study          93.0 / 7.0‖ (1,2)                    -
                        [88.0, 96.0]
Ours / StyleGAN-V                  -         91.33 / 8.67
Coherency
Ours / TATS             98.60 / 1.40                    -
Ours / StyleGAN-V                  -         93.20 / 6.80

‖  answers of raters in a study of one's own
(1) 1,000 votes of 20 raters on 50 pairs, study 0123456789abcdef; 1 rater set apart, with them \
90 [84, 94] %.
(2) Not comparable with printed numbers: raters and videos of a study of one's own, not those of \
a paper.
"""
    )


def test_methods_in_the_other_order_are_the_same_row(tmp_path: Path) -> None:
    keep(tmp_path, preference(first="TATS", second="LEO"))
    measured = cell_of(tmp_path, "3", "quality-tats").measured
    assert measured is not None
    assert (measured.value, measured.opposite) == pytest.approx((7, 93))
    assert measured.interval == pytest.approx((4, 12))
    assert measured.value + (measured.opposite or 0) == pytest.approx(100)
    assert "with them 10 [6, 16] %" in measured.recipe


def test_other_methods_and_data_sets_have_rows_and_columns_of_their_own(tmp_path: Path) -> None:
    keep(tmp_path, preference(second="real", dataset="toy-faces"))
    keep(tmp_path, preference(asked="coherence", first="mine", second="yours", dataset=None))
    table = fill(load_layout("3"), tmp_path)
    labels = [(row.head.panel, row.head.label) for row in table.rows]
    assert labels == [
        ("Quality", "Ours / TATS"),
        ("Quality", "Ours / StyleGAN-V"),
        ("Quality", "leo / real"),
        ("Coherency", "Ours / TATS"),
        ("Coherency", "Ours / StyleGAN-V"),
        ("Coherency", "mine / yours"),
    ]
    heads = [column.label for _, column in table.layout.columns()]
    assert heads == ["TaichiHD (%)", "FaceForensics (%)", "own videos (%)", "toy-faces (%)"]
    shown = {
        (row.head.label, column.label)
        for row in table.rows
        for cell, (_, column) in zip(row.cells, table.layout.columns(), strict=True)
        if cell.measured
    }
    assert shown == {("leo / real", "toy-faces (%)"), ("mine / yours", "own videos (%)")}
    assert table.unused == ()


def test_simulated_raters_are_named_as_such_and_never_hide_people(tmp_path: Path) -> None:
    keep(tmp_path, preference(**SIMULATED, study="f" * 16, created="2026-12-01T00:00:00+00:00"))
    text = FORMATS["terminal"].write(fill(load_layout("3"), tmp_path))
    assert "SIMULATED raters   93.0 / 7.0! (1,2)" in text
    assert "!  SIMULATED raters: no person answered" in text
    assert "(1) 1,000 votes of 20 SIMULATED raters on 50 pairs" in text
    assert "not those of a paper; simulated raters: no person answered." in text
    keep(tmp_path, preference(dataset="faceforensics"))
    assert "raters, SIMULATED ones marked  93.0 / 7.0! (1,2)" in FORMATS["terminal"].write(
        fill(load_layout("3"), tmp_path)
    )
    keep(tmp_path, preference())
    measured = cell_of(tmp_path, "3", "quality-tats").measured
    assert measured is not None
    assert measured.origin == "raters"
    assert "study-ffffffffffffffff" in measured.others[0]


def test_repeated_motion_is_a_share_as_the_printed_numbers_are_read(tmp_path: Path) -> None:
    keep(tmp_path, repeated())
    keep(tmp_path, repeated(first="gaussian"))
    table = fill(load_layout("5"), tmp_path)
    text = FORMATS["terminal"].write(table)
    assert text.startswith(
        """\
Table 5. User study of repeated motion in long videos, with and without the Transition DM

Method                Occurrence (%) (1)
------------------  --------------------
w/o Transition DM               0.45 (2)
own study                    0.45‖ (3,4)
                            [0.30, 0.60]
with Transition DM            0.02 < (2)
gaussian                     0.45‖ (3,4)
                            [0.30, 0.60]

"""
    )
    assert '(3) Share of "yes", from 0 to 1: 100 votes of 10 raters on 10 clips' in text


def test_csv_has_the_share_and_says_that_it_is_not_comparable(tmp_path: Path) -> None:
    keep(tmp_path, preference())
    lines = rows_of(FORMATS["csv"].write(fill(load_layout("3"), tmp_path)))
    (line,) = [line for line in lines if line["measured"]]
    assert float(line["measured"]) == pytest.approx(93)
    assert line["printed"] == "93.00"
    assert line["measured_origin"] == "raters"
    assert (line["comparable"], line["difference"]) == ("no", "")


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_every_format_writes_it(tmp_path: Path, name: str) -> None:
    keep(tmp_path, preference())
    text = FORMATS[name].write(fill(load_layout("3"), tmp_path))
    assert "93.0" in text
    assert name != "latex" or r"\textbardbl{}" in text


@pytest.mark.parametrize("number", [3, 5])
def test_without_records_the_tables_are_as_they_were(tmp_path: Path, number: int) -> None:
    written = FORMATS["markdown"].write(fill(load_layout(str(number)), tmp_path))
    assert written == (RENDERED / f"table{number}.md").read_text()
