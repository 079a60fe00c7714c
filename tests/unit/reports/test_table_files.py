"""The tables' data: printed numbers as the paper has them, and layouts that suites can fill."""

import csv
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from places import ROOT, SHARED_FOLDER

from conftest import Run
from leo_bench.baselines.methods import METHODS
from leo_bench.baselines.published import Published, load_published
from leo_bench.benchmarks.datasets import load_dataset
from leo_bench.benchmarks.suites import Benchmark, list_suites
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.protocols.of_clips import list_protocols
from leo_bench.evaluation.protocols.of_frames import list_frame_protocols
from leo_bench.reports.formats import FORMATS
from leo_bench.reports.grid import grid_of
from leo_bench.reports.layouts import (
    Column,
    Group,
    Layout,
    list_layouts,
    load_layout,
)
from leo_bench.reports.measured import known_protocols
from leo_bench.reports.tables import fill

PAPER = SHARED_FOLDER / "paper"
PUBLISHED = load_published()
LAYOUTS = list_layouts()

# The paper's own tables, line by line, as extracted from its PDF: method, then its numbers.
PRINTED = {
    "Table 1": """144.7 6.0 25.4 1.9 111.8 0.33 212.4
        128.1 4.9 20.6 1.1 2.17 156.7 6.2 62.5 72.9
        136.5 1.2 22.2 1.0 2.28
        47.4 0.36 69.1
        39.7 0.38 132.1
        100.4 3.1 11.4 3.2 1.83 122.7 1.1 20.49 0.9 52.3 0.28
        57.6 2.0 4.0 1.5 1.22 94.8 4.2 13.47 2.3 35.9 0.27 40.2""",
    "Table 2": """1824.7
        1194.58 1.1 462.03 8.2 2.85
        89.34 0.49
        155.54 2.6 48.82 5.9 2.06 96.28 0.34""",
    "Table 3": "93.00 7.00 91.33 8.67 98.60 1.40 93.20 6.80",
    "Table 4": "118.6 60.03 100.4 52.32",
    "Table 5": "0.45 0.02",
    "Table 6": "1729.6 1630.2 1431.0 367.23 550.61 540.30 1356.2",
}


def digits(where: str) -> list[str]:
    """Every printed number and spread of a table, digit for digit."""
    numbers = [n for n in PUBLISHED.values() if n.where == where]
    return [str(d) for n in numbers for d in (n.value, n.spread) if d is not None]


@pytest.mark.parametrize("where", PRINTED)
def test_the_printed_numbers_are_the_papers(where: str) -> None:
    assert Counter(digits(where)) == Counter(PRINTED[where].split())


def test_there_are_sixty_seven_and_two_are_reproduced() -> None:
    assert len(PUBLISHED) == 67
    reproduced = [n for n in PUBLISHED.values() if n.origin == "reproduced"]
    assert [(n.method, n.metric) for n in reproduced] == [("tats", "fvd"), ("tats", "kvd")]


@pytest.mark.skipif(not PAPER.is_dir(), reason="../shared/paper is not there")
def test_every_number_stands_in_the_papers_text_and_in_the_other_transcription() -> None:
    text = (PAPER / "leo-2305.03989.txt").read_text(encoding="utf-8")
    for number in PUBLISHED.values():
        for printed in filter(None, (number.value, number.spread)):
            assert re.search(rf"(?<![\d.]){re.escape(str(printed))}(?!\d)", text), printed
    with (PAPER / "published.csv").open(encoding="utf-8") as file:
        other = Counter((f"Table {r['table']}", r["value"], r["std"]) for r in csv.DictReader(file))
    ours = ((n.where, str(n.value), str(n.spread or "")) for n in PUBLISHED.values())
    assert Counter(ours) == other


def test_methods_and_data_sets_are_ours() -> None:
    methods = {path.stem for path in METHODS.glob("*.toml")}
    for number in PUBLISHED.values():
        assert number.method in methods
        assert number.against in methods | {""}
        load_dataset(number.dataset)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("Table 1,leo,,,ucf101,,,fvd,12.3,,printed,x,", "line 3: a number for that place"),
        ("Table 9,leo,,,ucf101,,,fvd,twelve,,printed,x,", r"line 3: value is 'twelve'"),
        ("Table 9,leo,,,ucf101,,,fid,1,,printed,x,", "line 3: metric is 'fid'"),
        ("Table 9,leo,,,ucf101,,,fvd,1,,printed", "line 3: not as many cells"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: str, problem: str) -> None:
    head = "where,method,setting,against,dataset,resolution,frames,metric,value,spread,origin,"
    path = tmp_path / "published.csv"
    good = "Table 1,leo,,,ucf101,,,fvd,1356.2,,printed,x,"
    path.write_text(f"{head}source,note\n{good}\n{line}\n")
    with pytest.raises(InputError, match=problem):
        load_published(path)


def benchmarks_of(layout: Layout) -> dict[str, Benchmark]:
    return {b.id: b for suite in list_suites() if suite.id == layout.suite for b in suite.benchmark}


def measured_columns() -> list[tuple[Layout, Group, Column]]:
    found = [(layout, *pair) for layout in LAYOUTS for pair in layout.columns()]
    return [(layout, group, column) for layout, group, column in found if column.protocol]


@pytest.mark.parametrize(
    ("layout", "group", "column"),
    measured_columns(),
    ids=lambda value: getattr(value, "id", getattr(value, "label", "")),
)
def test_a_suite_measures_what_a_column_holds(layout: Layout, group: Group, column: Column) -> None:
    benchmark = benchmarks_of(layout)[group.benchmark]
    dataset = load_dataset(group.dataset)
    assert benchmark.dataset == f"{group.dataset}/{group.split}"
    size = benchmark.resolution or dataset.evaluation.resolution or dataset.stored
    assert size == (group.resolution or group.measured_at)
    assert (benchmark.frames, benchmark.real_stride) == (group.frames, group.stride)
    if column.metric == "acd":
        assert column.protocol in benchmark.scores
    else:
        assert column.protocol == benchmark.protocol
        assert column.metric in benchmark.metrics
        protocol = next(p for p in list_protocols() if p.id == column.protocol)
        assert column.samples == (protocol.fake.count if layout.where else None)


def test_the_known_protocols_are_those_that_are_shipped() -> None:
    """A protocol that was changed for a reason: its digest goes into reports/protocols.toml."""
    shipped = {p.id: p for p in (*list_protocols(), *list_frame_protocols())}
    for name, known in known_protocols().items():
        assert (known.version, known.digest) == (shipped[name].version, shipped[name].digest)
    columns = {column.protocol for _, _, column in measured_columns()}
    assert {n for n in columns & shipped.keys() if shipped[n].comparable_to_paper} >= {
        "digan",
        "stylegan-v",
    }


def test_numbers_in_footnotes_are_printed_ones() -> None:
    printed = {digit for where in PRINTED for digit in digits(where)}
    for layout in LAYOUTS:
        for note in layout.footnote:
            text = note.text.replace("Sec. 4.2", "")
            assert set(re.findall(r"\d+\.\d+", text)) <= printed, note.text


def test_where_text_and_numbers_disagree_the_table_says_so() -> None:
    def notes(name: str) -> str:
        return FORMATS["terminal"].write(fill(load_layout(name), None))

    assert "StyleGAN-V's 89.34 is the lower FVD" in notes("2")
    assert "Table 1 prints the same number as 52.3" in notes("4")
    assert "read as shares" in notes("5")


@pytest.mark.parametrize(
    "layout", [layout for layout in LAYOUTS if layout.where], ids=lambda layout: layout.id
)
def test_the_committed_rendering_is_todays(layout: Layout) -> None:
    """Else: leo-bench tables --format markdown --out reports/rendered."""
    path = ROOT / "reports" / "rendered" / f"{layout.id}.md"
    assert path.read_text(encoding="utf-8") == FORMATS["markdown"].write(fill(layout, None))


def test_an_unknown_table_is_answered_with_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"no table '7'; known are 1, 2, 3, 4, 5, 6"):
        load_layout("7")
    with pytest.raises(InputError, match=r"no table 'one'; known are table1, .*toy"):
        load_layout("one")


def test_a_footnote_must_have_its_place() -> None:
    content = load_layout("2").model_dump()
    content["footnote"] = [{"text": "astray", "row": "nobody"}]
    with pytest.raises(ValueError, match="row 'nobody' is none of"):
        Layout.model_validate(content)


def test_tables_need_no_torch() -> None:
    code = (
        "import sys, leo_bench.reports.formats; from leo_bench.reports.tables import fill; "
        "from leo_bench.reports.layouts import load_layout; fill(load_layout('1'), None); "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_every_printed_number_has_a_cell() -> None:
    shown: Counter[Published] = Counter()
    for layout in LAYOUTS:
        for row in fill(layout, None).rows:
            for cell in row.cells:
                shown.update(n for n in (cell.printed, cell.opposite) if n is not None)
    assert shown == Counter(PUBLISHED.values())


def test_every_table_is_listed_with_what_fills_it(leo_bench: Run) -> None:
    shown = leo_bench("list", "tables")
    assert shown.code == 0
    for layout in list_layouts():
        assert layout.title[:20] in shown.out
    assert "leo-bench run long" in shown.out


def test_the_marks_of_a_cell_ascend() -> None:
    grids = [grid_of(fill(layout, None)) for layout in LAYOUTS]
    for cell in (cell for grid in grids for line in grid.lines for cell in line.cells):
        numbers = [int(mark) for mark in cell.marks if mark.isdigit()]
        assert numbers == sorted(numbers)
