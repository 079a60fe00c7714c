"""Tables of a folder of records as they are written: formats, hostile names, refusals."""

import html
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from made_own_tables import keep, made, three
from made_tables import rows_of

from conftest import Run
from leo_bench.evaluation.errors import InputError
from leo_bench.reports.formats import FORMATS
from leo_bench.reports.own_tables.filling import Wish, table_of

NASTY = "a<b>&'\"_%$#{x}^~|*`\\[1]模é\u202e"


def test_the_csv_has_one_row_for_each_record_with_all_digits(tmp_path: Path) -> None:
    rows = rows_of(FORMATS["csv"].write(table_of(three(tmp_path), Wish())))
    assert [row["model"] for row in rows] == ["ours", "theirs", "worst"]
    assert [row["best"] for row in rows].count("yes") == 1
    written, _ = made(0.4)
    assert written.interval is not None
    assert (float(rows[0]["value"]), float(rows[0]["low"])) == (written.value, written.interval[0])
    assert (rows[0]["n_fake"], rows[0]["frames"], rows[0]["spread"]) == ("40", "16", "")


def test_names_are_escaped_in_every_format(tmp_path: Path) -> None:
    path = tmp_path / "faces" / NASTY.replace("/", "") / "fvd.json"
    caveats = ("<script>alert(1)</script>\n& 100 % _x_ |",)
    keep(path, 0.4, caveats=caveats, dataset="=da_ta|<b>-test")
    table = table_of(tmp_path, Wish())
    page = FORMATS["html"].write(table)
    assert "<script" not in page
    assert "\u202e" not in page
    assert html.escape(NASTY[:-1]) in page
    text = FORMATS["markdown"].write(table)
    (row,) = [line for line in text.splitlines() if line.startswith("| a")]
    assert len(re.findall(r"(?<!\\)\|", row)) == 3
    latex = FORMATS["latex"].write(table)
    assert "U+6A21é" in latex
    without = re.sub(r"\\.", "", latex)
    assert without.count("{") == without.count("}")
    assert "_" not in re.sub(r"\\\\", "", without)
    (line,) = rows_of(FORMATS["csv"].write(table))
    assert line["model"] == NASTY
    assert line["dataset"] == "'=da_ta|<b>-test"


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not there")
def test_latex_compiles(tmp_path: Path) -> None:
    records = three(tmp_path / "records")
    keep(records / "faces" / NASTY / "fvd.json", 0.4, caveats=("& 100 % of _x_ [a]\\",))
    keep(records / "faces" / ("w" * 200) / "fvd.json", 0.4)
    text = FORMATS["latex"].write(table_of(records, Wish()))
    (tmp_path / "all.tex").write_text(
        "\\documentclass{article}\\usepackage{booktabs,graphicx}\\begin{document}\n"
        f"{text}\\end{{document}}\n",
        encoding="utf-8",
    )
    line = ["pdflatex", "-draftmode", "-halt-on-error", "-interaction=nonstopmode", "all.tex"]
    run = subprocess.run(line, cwd=tmp_path, capture_output=True, check=False)
    assert run.returncode == 0, run.stdout[-1000:]


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ({"rows": ("mdoel",)}, "--rows mdoel: no such fact of a record; did you mean model?"),
        ({"rows": ("metric",)}, "--columns metric: is a fact of --rows, too"),
        ({"where": ("frames",)}, "--where frames: FACT=VALUE or FACT=VALUE,VALUE"),
        ({"where": ("frames=17",)}, "--where frames=17: no record has it; frames is 16"),
    ],
)
def test_what_is_not_there_is_one_line(tmp_path: Path, wish: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as refused:
        table_of(three(tmp_path), Wish(**wish))
    assert str(refused.value).startswith(message)


def test_the_command(leo_bench: Run, tmp_path: Path) -> None:
    records = three(tmp_path)
    ended = leo_bench("table", "--records", records, "--where", "model=ours,worst")
    assert (ended.code, ended.err) == (0, "")
    assert "ours" in ended.out
    assert "theirs" not in ended.out
    for line, said in (
        (("table",), "table: name a table (1 to 6, or toy), or a folder of records: --records R"),
        (("table", "1", "--rows", "model"), "table 1: has rows and columns of its own; "),
        (("table", "--records", tmp_path / "faces" / "none"), "no such folder of records"),
    ):
        ended = leo_bench(*line)
        assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
        assert said in ended.err
