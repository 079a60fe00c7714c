"""Every format of a table has every printed number, in its cell."""

import html
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from made_tables import PRINTED, digan, put, rows_of

from leo_bench.reports.formats import FORMATS
from leo_bench.reports.grid import printed_text
from leo_bench.reports.layouts import load_layout
from leo_bench.reports.tables import fill


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
    # What was measured of authors' samples stands in lines below: their intervals have no label.
    found = [line for line in found if line[0] and "authors' samples" not in line[0]]
    expected = [[printed_text(cell) for cell in row.cells] for row in table.rows]
    assert [line[1:] for line in found] == expected


@pytest.mark.parametrize("layout", PRINTED, ids=lambda layout: layout.id)
def test_the_terminal_and_csv_have_every_number(layout: Any) -> None:
    table = fill(layout, None)
    cells = [(row, cell) for row in table.rows for cell in row.cells if cell.printed]
    lines = FORMATS["terminal"].write(table).splitlines()
    for row, cell in cells:
        assert any(line.startswith(row.head.label) and printed_text(cell) in line for line in lines)
    for line, (row, cell) in zip(rows_of(FORMATS["csv"].write(table)), cells, strict=True):
        assert cell.printed is not None
        assert (line["model"], line["printed"]) == (row.head.model, str(cell.printed.value))
        assert line["printed_spread"] == str(cell.printed.spread or "")


def test_the_best_of_a_column_is_bold_and_given_first_frames_stand_apart() -> None:
    table = fill(load_layout("1"), None)
    best = [
        (row.head.model, str(c.printed.value))
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
    expected = ("130 ± 2.5", "[120, 142]", "+2", "[-8, +14]")
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
