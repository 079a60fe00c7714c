"""The tables of modules in the READMEs say what the docstrings say."""

from pathlib import Path

import pytest
from places import ROOT

from leo_bench.benchmarks.evidence.module_tables import first_line, main, with_table


def test_the_readmes_are_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["--check"])
    command = "python -m leo_bench.benchmarks.evidence.module_tables"
    assert code == 0, f"{capsys.readouterr().out}run `{command}`"


@pytest.mark.parametrize("package", ["evaluation", "leo", "baselines", "benchmarks", "reports"])
def test_every_package_has_its_tables_in_its_readme(package: str) -> None:
    text = (ROOT / package / "README.md").read_text()
    assert with_table(text, "of something else\n") != text


def test_what_stands_around_a_table_stays() -> None:
    readme = "before\n<!-- modules -->\nold\n<!-- /modules -->\nafter\n"
    assert with_table(readme, "new\n") == readme.replace("old", "new")
    assert with_table("no marker\n", "new\n") == "no marker\n"


def test_a_line_is_the_first_of_the_docstring(tmp_path: Path) -> None:
    file = tmp_path / "module.py"
    file.write_text('"""a | b.\n\nMore.\n"""\n')
    assert first_line(file) == r"a \| b"
