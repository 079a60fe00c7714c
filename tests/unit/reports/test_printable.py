"""Names of strangers: no control character reaches a screen or a page, no cell is a formula."""

import csv
import io
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_records import features, keep_fvd
from made_tables import digan, put

from leo_bench.evaluation.files.printable import csv_cell, from_csv_cell, printable
from leo_bench.evaluation.records.influences import VideoInfluences, beside_record, read_influences
from leo_bench.reports.comparing import compare, load_settings
from leo_bench.reports.formats import FORMATS
from leo_bench.reports.layouts import load_layout
from leo_bench.reports.page import Extras, render
from leo_bench.reports.records import read_tree
from leo_bench.reports.regression_comment import markdown
from leo_bench.reports.regression_text import junit
from leo_bench.reports.tables import fill

EVIL = "a\x1b[2J\x00\u202eb\x9b"
HIDDEN = set(EVIL) - set("a[2Jb")


def test_control_characters_are_escapes_and_all_else_stays() -> None:
    assert printable(EVIL) == "a\\x1b[2J\\x00\\u202eb\\x9b"
    assert printable("\udce9\n\u2028") == "\\udce9\\x0a\\u2028"
    for kept in ("FVD∞ ± 2", "Ümläut é 日本語 👩‍🦰", "a b-c_d.e"):
        assert printable(kept) == kept


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@x", "\tx", "'=x", "''+x"])
def test_a_cell_starts_no_formula_and_comes_back(name: str) -> None:
    assert csv_cell(name)[0] == "'"
    assert from_csv_cell(csv_cell(name)) == name


@given(st.text())
def test_any_cell_comes_back(name: str) -> None:
    assert from_csv_cell(csv_cell(name)) == name
    assert not csv_cell(name).startswith(("=", "+", "-", "@"))


def test_videos_named_like_formulas_keep_their_influences(tmp_path: Path) -> None:
    moved = VideoInfluences(real={"=1+1": (0.5, 0.5)}, fake={"-x": (-0.25, 0.0), "'y": (0.25, 0.0)})
    for ending, content in beside_record(moved).items():
        (tmp_path / "fvd.json").with_suffix(ending).write_bytes(content)
    text = (tmp_path / "fvd.videos.csv").read_text()
    assert "real,'=1+1,0.5" in text
    assert "fake,'-x,-0.25" in text  # numbers stay numbers
    assert read_influences(tmp_path / "fvd.json") == moved


def test_no_format_of_a_table_holds_them(tmp_path: Path) -> None:
    put(tmp_path, "digan", digan(caveats=(EVIL,)))
    put(tmp_path, "=mine", digan(), "other")
    table = fill(load_layout("1"), tmp_path)
    for name in ("terminal", "markdown", "latex", "html"):
        text = FORMATS[name].write(table)
        assert not HIDDEN & set(text), name
        assert "x1b" in text, name
    rows = list(csv.DictReader(io.StringIO(FORMATS["csv"].write(table))))
    assert "'=mine" in {row["model"] for row in rows}
    assert not any(row[key].startswith("=") for row in rows for key in row)
    differences = {row["difference"] for row in rows}
    assert not any(cell.startswith("'") for cell in differences)


def test_nor_do_a_gate_and_a_page(tmp_path: Path) -> None:
    for name, device in (("old", "cpu"), ("new", EVIL)):
        keep_fvd(tmp_path / name, features(1, 16), features(2, 16, 0.5), device=device)
    changes = compare(tmp_path / "old", tmp_path / "new", load_settings())
    assert ET.fromstring(junit(changes)) is not None
    for text in (markdown(changes, tmp_path, tmp_path), junit(changes)):
        assert not HIDDEN & set(text)
        assert "\\x1b" in text
    keep_fvd(tmp_path / "page", features(1, 16), features(2, 16, 0.5), caveats=(EVIL,))
    page = render(read_tree(tmp_path / "page"), EVIL, Extras())
    assert not HIDDEN & set(page)
    assert "\\x1b" in page
