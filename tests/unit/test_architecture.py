"""The floor plan, held by a test: layers, file length, names, and what is forbidden."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from places import ROOT

MAY_IMPORT = {
    "benchmarks": {"reports", "baselines", "leo", "evaluation"},
    "reports": {"baselines", "evaluation"},
    "baselines": {"evaluation"},
    "leo": {"evaluation"},
    "evaluation": set[str](),
    "leo_bench": {"benchmarks"},  # __main__ alone
}
VAGUE = {"utils", "helpers", "common", "misc", "core", "base", "manager", "tools"}
FILES = sorted(
    path.relative_to(ROOT)
    for package in MAY_IMPORT
    for path in (ROOT / package).rglob("*.py")
    if not path.is_relative_to(ROOT / "leo_bench") or path.parent == ROOT / "leo_bench"
)


def imports(path: Path) -> Iterator[str]:
    """Every imported module, those inside functions too."""
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""


@pytest.mark.parametrize("path", FILES, ids=str)
def test_imports_point_downward(path: Path) -> None:
    package = path.parts[0]
    for name in imports(path):
        first, *rest = name.split(".")
        assert first not in MAY_IMPORT or first == "leo_bench", f"imports {name} by its bare name"
        if first == "leo_bench" and rest:
            target = rest[0]
            assert target == package or target in MAY_IMPORT[package], f"imports {name}"


@pytest.mark.parametrize("path", FILES, ids=str)
def test_a_file_is_small_and_well_named(path: Path) -> None:
    assert path.stem not in VAGUE
    assert not VAGUE & set(path.parts)
    assert len((ROOT / path).read_text().splitlines()) <= 350


@pytest.mark.parametrize("path", FILES, ids=str)
def test_pickle_is_never_trusted_and_nothing_is_asserted(path: Path) -> None:
    """torch.load only with weights_only=True; pickle only as a base for a stricter reader."""
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        assert not isinstance(node, ast.Assert), f"{path}:{node.lineno}: bare assert"
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in {"pickle.load", "pickle.loads"}, f"{path}:{node.lineno}"
            if called == "torch.load":
                safe = {k.arg: ast.unparse(k.value) for k in node.keywords}
                assert safe.get("weights_only") == "True", f"{path}:{node.lineno}"


def test_reports_do_not_load_torch() -> None:
    code = "import leo_bench.reports, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from leo_bench.benchmarks.cli import main; "
        "sys.exit(any(m in sys.modules for m in ('torch', 'numpy', 'pydantic', 'rich', 'av')))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


@pytest.mark.parametrize("name", ["evaluation", "leo", "baselines", "reports", "benchmarks"])
def test_a_package_refuses_its_bare_name(name: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", f"import {name}"], cwd=ROOT, capture_output=True, text=True
    )
    assert run.returncode != 0
    assert run.stderr.endswith(f"ImportError: import leo_bench.{name}, not {name}\n")


def test_the_lock_file_names_no_address() -> None:
    assert "://" not in (ROOT / "constraints.txt").read_text()
