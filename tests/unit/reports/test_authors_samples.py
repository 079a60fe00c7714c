"""What was measured of authors' samples: in Table 1, apart from printed and users' numbers."""

from pathlib import Path

import pytest
from made_tables import digan, put, rows_of

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.protocols.of_frames import load_frame_protocol
from leo_bench.reports.authors_samples import PATH, Samples, read_samples
from leo_bench.reports.formats import FORMATS
from leo_bench.reports.grid import grid_of
from leo_bench.reports.layouts import column_id, load_layout
from leo_bench.reports.tables import fill

FACES = "faceforensics-256-16/acd"


def test_every_row_has_its_place_and_its_protocol() -> None:
    layout = load_layout("table1")
    columns = {column_id(group, column) for group, column in layout.columns()}
    found = read_samples("table1")
    assert {column for _, column in found} <= columns
    assert {model for model, _ in found} <= {row.model for row in layout.row}
    assert len(PATH.read_text().splitlines()) == 1 + sum(map(len, found.values()))
    for sets in found.values():
        for measured in sets:
            protocol, version = measured.recipe.partition(",")[0].split(" v")
            assert load_frame_protocol(protocol).version == int(version)
            assert measured.interval is not None
            assert measured.interval[0] < measured.value < measured.interval[1]
            assert measured.caveats


def test_leos_own_samples_have_what_was_measured_of_them() -> None:
    found = read_samples("table1")
    assert [m.value for m in found["leo", FACES]] == [0.297]
    assert [m.value for m in found["leo-conditional", FACES]] == [0.284]
    assert [m.interval for m in found["leo", FACES]] == [(0.262, 0.331)]
    assert read_samples("table2") == {}


def test_they_have_a_line_of_their_own_and_no_difference(tmp_path: Path) -> None:
    put(tmp_path, "leo", digan())
    table = fill(load_layout("1"), tmp_path)
    kinds = [line.kind for line in grid_of(table).lines if "samples" in line.label.lines[0]]
    assert kinds == ["samples"] * 5
    (row,) = [row for row in table.rows if row.head.model == "leo"]
    (cell,) = [cell for cell in row.cells if cell.samples]
    assert (cell.measured, cell.difference) == (None, None)
    assert sum(line.kind == "measured" for line in grid_of(table).lines) == 1  # the user's
    for name in ("terminal", "markdown", "html", "latex"):
        text = FORMATS[name].write(table)
        assert "25 clips of leo" in text
        assert "CASIA" in text
    (line,) = [
        line
        for line in rows_of(FORMATS["csv"].write(table))
        if line["model"] == "leo" and line["samples"]
    ]
    assert (line["printed"], line["samples"], line["measured"]) == ("0.28", "0.297", "")
    assert line["difference"] == ""


def test_a_wrong_row_is_named(tmp_path: Path) -> None:
    path = tmp_path / "samples.csv"
    path.write_text(f"{','.join(Samples.model_fields)}\ntable1,leo,{FACES},p v1,s,few,1,0,2\n")
    with pytest.raises(InputError, match=r"samples\.csv: line 2.*clips"):
        read_samples("table1", path)
