"""docs/first-numbers.ipynb runs from the first cell to the last, and shows what its text says."""

import json
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from places import ROOT

NOTEBOOK = ROOT / "docs" / "first-numbers.ipynb"
FOUND = """
import json

shown = {name: (one.value, one.interval) for name, one in {**results, **by_count}.items()}
print(json.dumps({"shown": shown, "rows": len(table), "caveats": len(untouched.record.caveats)}))
"""


def test_the_notebook_is_committed_without_outputs() -> None:
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells)


def test_the_numbers_are_in_the_order_that_the_text_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEO_BENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    asked = nbformat.v4.new_code_cell(FOUND)
    notebook.cells.append(asked)
    NotebookClient(notebook, timeout=240, resources={"metadata": {"path": str(tmp_path)}}).execute()

    found = json.loads(notebook.cells[-1].outputs[0].text)
    value = {name: number for name, (number, _) in found["shown"].items()}
    interval = {name: ends for name, (_, ends) in found["shown"].items()}
    assert value["8"] > value["12"] > value["16"] == value["untouched"]
    assert value["untouched"] < value["blur 1"] < value["blur 2"]
    assert interval["blur 2"][0] > interval["untouched"][1]
    assert value["frozen"] > value["untouched"]
    low, high = interval["untouched"]
    assert low < value["LEO"] < high
    assert found["rows"] == 5
    assert found["caveats"]

    kinds = [
        set(out.data) for cell in notebook.cells for out in cell.get("outputs", []) if "data" in out
    ]
    assert sum("image/gif" in kind for kind in kinds) == 2
    assert sum("image/png" in kind for kind in kinds) == 1
    assert sum("text/html" in kind for kind in kinds) == 2  # the first number, and the records
