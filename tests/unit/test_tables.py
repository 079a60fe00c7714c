"""Tables from records: what is shown, what is compared, what is refused; and every format."""

import csv
import html
import io
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from made_records import features, fvd_of, record, side

from conftest import Run
from evaluation.errors import InputError
from evaluation.record import Record, write_record
from evaluation.score_record import ScoreRecord
from reports.formats import FORMATS
from reports.grid import grid_of, printed_text
from reports.layouts import known_protocols, list_layouts, load_layout
from reports.tables import Cell, Table, fill

REAL, FAKE = features(1, 40), features(2, 40, 0.4)
MADE = record(fvd_of(REAL, FAKE), REAL.values, FAKE.values)
PRINTED = [layout for layout in list_layouts() if layout.where]


def digan(**changes: Any) -> Record:
    """A record that may stand beside Table 1's TaichiHD128, but for `changes`."""
    content: dict[str, Any] = {
        "value": 130.1,
        "value_float64": 130.0,
        "spread": 2.5,
        "interval": (120.0, 142.0),
        "protocol": "digan",
        "protocol_digest": known_protocols()["digan"].digest,
        "resolution": 128,
        "n_real": 2048,
        "n_fake": 2048,
        "dataset": "taichihd-train",
        "extractor": "i3d-kinetics400",
        "real": side("taichihd/train", 2048).model_copy(update={"stride": 4}),
    }
    return MADE.model_copy(update=content | changes)


def put(folder: Path, model: str, made: Record | ScoreRecord, benchmark: str = "b") -> Path:
    path = folder / benchmark / model / f"{made.metric}.json"
    write_record(made, path)
    return path


def cell_of(table: Table, model: str, column: int = 0) -> Cell:
    (row,) = [row for row in table.rows if row.model == model]
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
    assert "130.1 ± 2.5# (" in text
    assert "[120.1, 142.1]" in text
    assert "+2.0 [-8.0, +14.0]" in text
    assert "digan v1, 2,048 real and 2,048 fake clips, i3d-kinetics400." in text


@pytest.mark.parametrize(
    ("changes", "caveat"),
    [
        ({"n_fake": 512}, "512 fakes, not 2,048"),
        ({"protocol": "tats"}, "protocol tats, not digan"),
        ({"protocol_digest": "0" * 64}, "settings of digan were changed"),
        ({"protocol_version": 2}, "version 2 of the protocol, not 1"),
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
        assert "130.1" in text
        assert "+2.0" not in text
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
    put(tmp_path, "digan", digan(protocol="latte", value=1.0), "a")
    put(tmp_path, "digan", digan(caveats=("bf16",)), "b")
    measured = cell_of(fill(load_layout("1"), tmp_path), "digan").measured
    assert measured is not None
    assert (measured.value, measured.others) == (130.1, ("a/digan/fvd",))
    assert "a/digan/fvd" in FORMATS["terminal"].write(fill(load_layout("1"), tmp_path))


def test_a_model_that_the_paper_lacks_has_a_row_of_its_own(tmp_path: Path) -> None:
    put(tmp_path, "mine", digan())
    table = fill(load_layout("1"), tmp_path)
    assert [row.label for row in table.rows][-1] == "mine"
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
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert written == sorted(
        f"table{n}.{end}" for n in range(1, 7) for end in ("md", "tex", "csv", "html")
    )
    assert "1 records belong to no cell of any table: other/mine/fvd" in ended.err


# Every format has every printed number, in its cell.


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


class _Cells(HTMLParser):
    """Rows of cells of an HTML table; a cell is its text before a <sup>."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self._open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
        self._open = tag in ("td", "th", "b")

    def handle_endtag(self, tag: str) -> None:
        self._open = False

    def handle_data(self, data: str) -> None:
        if self._open:
            self.rows[-1][-1] += data


def markdown_cells(text: str) -> list[list[str]]:
    lines = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    bare = [[re.sub(r"<sup>.*?</sup>|\*\*", "", cell).strip() for cell in line] for line in lines]
    return bare[2:]


def latex_cells(text: str) -> list[list[str]]:
    body = text.partition("\\midrule\n")[2].partition("\\bottomrule")[0]
    lines = [line.removesuffix(" \\\\").split(" & ") for line in body.splitlines()]
    bare = r"\\textsuperscript\{.*?\}(?=$)|\\textbf\{|\}"
    return [
        [re.sub(bare, "", cell).replace("$\\pm$", "±").strip() for cell in line] for line in lines
    ]


def html_cells(text: str) -> list[list[str]]:
    parser = _Cells()
    parser.feed(text.partition("<tbody>")[2])
    return parser.rows


@pytest.mark.parametrize("layout", PRINTED, ids=lambda layout: layout.id)
@pytest.mark.parametrize(
    ("name", "read"),
    [("markdown", markdown_cells), ("latex", latex_cells), ("html", html_cells)],
)
def test_every_cell_is_the_papers(layout: Any, name: str, read: Any) -> None:
    table = fill(layout, None)
    found = [line for line in read(FORMATS[name].write(table)) if len(line) > 1 and any(line[1:])]
    expected = [[printed_text(cell) for cell in row.cells] for row in table.rows]
    assert [line[1:] for line in found] == expected


@pytest.mark.parametrize("layout", PRINTED, ids=lambda layout: layout.id)
def test_the_terminal_and_csv_have_every_number(layout: Any) -> None:
    table = fill(layout, None)
    cells = [(row, cell) for row in table.rows for cell in row.cells if cell.printed]
    lines = FORMATS["terminal"].write(table).splitlines()
    for row, cell in cells:
        assert any(line.startswith(row.label) and printed_text(cell) in line for line in lines)
    for line, (row, cell) in zip(rows_of(FORMATS["csv"].write(table)), cells, strict=True):
        assert cell.printed is not None
        assert (line["model"], line["printed"]) == (row.model, str(cell.printed.value))
        assert line["printed_spread"] == str(cell.printed.spread or "")


def test_the_best_of_a_column_is_bold_and_given_first_frames_stand_apart() -> None:
    table = fill(load_layout("1"), None)
    best = [
        (row.model, str(c.printed.value))
        for row in table.rows
        for c in row.cells
        if c.best and c.printed
    ]
    assert best == [
        ("stylegan-v", "69.1"),
        ("mostgan-v", "39.7"),
        *[("leo", value) for value in ("100.4", "11.4", "1.83", "122.7", "0.28")],
    ]
    assert "\\textbf{39.7}" in FORMATS["latex"].write(table)
    assert "**39.7**" in FORMATS["markdown"].write(table)
    assert "<b>39.7</b>" in FORMATS["html"].write(table)


def test_groups_span_their_columns() -> None:
    latex, page = (FORMATS[name].write(fill(load_layout("1"), None)) for name in ("latex", "html"))
    assert "\\multicolumn{3}{c}{TaichiHD128} & \\multicolumn{2}{c}{TaichiHD256}" in latex
    assert "\\cmidrule(lr){2-4}\n\\cmidrule(lr){5-6}\n\\cmidrule(lr){7-8}\n" in latex
    assert '<th scope="colgroup" colspan="3">TaichiHD128</th>' in page


def test_latex_sets_intervals_in_rows_of_their_own(tmp_path: Path) -> None:
    put(tmp_path, "digan", digan())
    cells = latex_cells(FORMATS["latex"].write(fill(load_layout("1"), tmp_path)))
    at = [cell[0] for cell in cells].index("DIGAN")
    found = [line[1].split("\\textsuperscript")[0] for line in cells[at + 1 : at + 5]]
    expected = ("130.1 ± 2.5", "[120.1, 142.1]", "+2.0", "[-8.0, +14.0]")
    bare = [re.sub(r"\\scriptsize |[{}]", "", text) for text in found]
    assert bare == list(expected)


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not there")
def test_latex_compiles_and_fits_the_page(tmp_path: Path) -> None:
    put(tmp_path / "records", NASTY, digan(caveats=("& 100 % of _x_ [a]",)))
    for size in (128, 256):
        for metric in ("fvd", "kvd"):
            made = digan(metric=metric, resolution=size)
            put(tmp_path / "records", "digan", made, f"taichihd-{size}")
    inputs = []
    for layout in PRINTED:
        text = FORMATS["latex"].write(fill(layout, tmp_path / "records"))
        (tmp_path / f"{layout.id}.tex").write_text(text, encoding="utf-8")
        inputs.append(f"\\input{{{layout.id}}}")
    (tmp_path / "all.tex").write_text(
        "\\documentclass{article}\\usepackage{booktabs,graphicx}\\begin{document}\n"
        + "\n".join(inputs)
        + "\n\\end{document}\n"
    )
    line = ["pdflatex", "-draftmode", "-halt-on-error", "-interaction=nonstopmode", "all.tex"]
    run = subprocess.run(line, cwd=tmp_path, capture_output=True, check=False)
    said = run.stdout.decode(errors="replace")
    assert run.returncode == 0, said[-1000:]
    assert "Overfull" not in said


NASTY = "a<b>&'\"_%$#{x}^~|*`\\[1]"


def test_names_are_escaped_in_every_format(tmp_path: Path) -> None:
    put(tmp_path, NASTY, digan(caveats=("<script>alert(1)</script> & 100 % _x_",)))
    table = fill(load_layout("1"), tmp_path)
    page = FORMATS["html"].write(table)
    assert "<script" not in page
    assert html.escape(NASTY) in page
    text = FORMATS["markdown"].write(table)
    assert "<script" not in text.replace("\\<", "")
    (row,) = [line for line in text.splitlines() if line.startswith("| a")]
    assert len(re.findall(r"(?<!\\)\|", row)) == 10
    latex = FORMATS["latex"].write(table)
    assert "a\\textless{}b\\textgreater{}\\&'''\\_\\%\\$\\#\\{x\\}" in latex
    without = re.sub(r"\\.", "", latex)
    assert without.count("{") == without.count("}")
    assert "_" not in re.sub(r"\\\\", "", without)
    begun, ended = (re.findall(rf"\\{word}\{{(\w+)\}}", latex) for word in ("begin", "end"))
    assert begun == ended[::-1] == ["table", "tabular"]
    assert rows_of(FORMATS["csv"].write(table))[-1]["model"] == NASTY
