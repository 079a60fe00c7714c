"""The rules that hold for every file: layers, circles, size, names, forbidden calls."""

import ast
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from places import ROOT

import leo_bench

MAY_IMPORT = {
    "benchmarks": {"reports", "baselines", "leo", "evaluation"},
    "reports": {"baselines", "evaluation"},
    "baselines": {"evaluation"},
    "leo": {"evaluation"},
    "evaluation": set[str](),
    "leo_bench": {"benchmarks", "reports"},
}
# Rooms that still import each other: no room may join them.
CIRCULAR_ROOMS = [
    {"evaluation.embedders", "evaluation.extractors"},
    {"evaluation.records", "evaluation.uncertainty"},
    {"benchmarks.cli", "benchmarks.evidence", "benchmarks.speed"},
]
VAGUE = {"utils", "helpers", "common", "misc", "core", "base", "manager", "tools"}
FILES = sorted(
    path.relative_to(ROOT)
    for package in MAY_IMPORT
    for path in (ROOT / package).rglob("*.py")
    if not path.is_relative_to(ROOT / "leo_bench") or path.parent == ROOT / "leo_bench"
)


@cache
def nodes(path: Path) -> list[ast.AST]:
    """All nodes of a file's syntax."""
    return list(ast.walk(ast.parse((ROOT / path).read_text())))


def module(path: Path) -> str:
    """`evaluation/videos/__init__.py` -> `leo_bench.evaluation.videos`."""
    parts = path.with_suffix("").parts
    parts = parts[:-1] if parts[-1] == "__init__" else parts
    return ".".join(parts if parts[:1] == ("leo_bench",) else ("leo_bench", *parts))


MODULES = {module(path): path for path in FILES}


@cache
def imports(path: Path) -> list[tuple[int, str]]:
    """Line and name of every imported module, those inside functions too."""
    found: list[tuple[int, str]] = []
    for node in nodes(path):
        if isinstance(node, ast.Import):
            found += ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = "." * node.level + (node.module or "")
            for alias in node.names:
                below = f"{origin}.{alias.name}"
                found.append((node.lineno, below if below in MODULES else origin))
    return found


def forbidden_imports(path: Path) -> Iterator[str]:
    package = path.parts[0]
    for line, name in imports(path):
        first, *rest = name.split(".")
        if not first:
            yield f"{path}:{line}: relative import"
        elif first in MAY_IMPORT and first != "leo_bench":
            yield f"{path}:{line}: import leo_bench.{name}, not {name}"
        elif first == "leo_bench" and rest and rest[0] not in MAY_IMPORT[package] | {package}:
            yield f"{path}:{line}: {package} may not import {name}"


def room(name: str) -> str:
    """`leo_bench.leo.data.videos` -> `leo.data`; of `CIRCULAR_ROOMS`, the whole group."""
    own = ".".join(name.split(".")[1:3])
    return next((" + ".join(sorted(group)) for group in CIRCULAR_ROOMS if own in group), own)


def circle_in(edges: Iterable[tuple[str, str]]) -> list[str]:
    """The first circle of imports, as one message; empty if there is none."""
    graph: dict[str, set[str]] = {}
    for importer, imported in edges:
        graph.setdefault(importer, set()).add(imported)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return [f"circle: {' imports '.join(reversed(error.args[1]))}"]
    return []


def test_imports_point_downward_and_never_in_a_circle() -> None:
    wrong = [line for path in FILES for line in forbidden_imports(path)]
    edges = {
        (importer, imported)
        for importer, path in MODULES.items()
        for _, imported in imports(path)
        if imported in MODULES and imported != importer
    }
    # The `__init__` of a room may list the modules of its room: they are imported on demand.
    wrong += circle_in((a, b) for a, b in edges if not b.startswith(f"{a}."))
    wrong += circle_in((room(a), room(b)) for a, b in edges if room(a) != room(b))
    assert not wrong, "\n".join(wrong)


def test_files_are_small_and_well_named() -> None:
    sizes = {path: len((ROOT / path).read_text().splitlines()) for path in FILES}
    wrong = [f"{path}: {size} lines, 350 at most" for path, size in sizes.items() if size > 350]
    wrong += [f"{path}: a vague name" for path in FILES if VAGUE & {*path.parts, path.stem}]
    assert not wrong, "\n".join(wrong)


def test_files_of_tests_have_names_of_their_own() -> None:
    """pytest imports them by their basenames: of two it refuses one."""
    names = Counter(path.name for path in (ROOT / "tests").rglob("test_*.py"))
    assert not [name for name, count in names.items() if count > 1]


def forbidden_calls(path: Path) -> Iterator[str]:
    for node in nodes(path):
        if isinstance(node, ast.Assert):
            yield f"{path}:{node.lineno}: bare assert"
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called in {"pickle.load", "pickle.loads"}:
                yield f"{path}:{node.lineno}: {called}"
            elif called == "torch.load":
                given = {k.arg: ast.unparse(k.value) for k in node.keywords}
                if given.get("weights_only") != "True":
                    yield f"{path}:{node.lineno}: torch.load without weights_only=True"


def test_pickle_is_never_trusted_and_nothing_is_asserted() -> None:
    """torch.load only with weights_only=True; pickle only as a base for a stricter reader."""
    wrong = [line for path in FILES for line in forbidden_calls(path)]
    assert not wrong, "\n".join(wrong)


def test_reports_do_not_load_torch() -> None:
    modules = [".".join(p.with_suffix("").parts) for p in FILES if p.parts[0] == "reports"]
    names = ", ".join(f"leo_bench.{name.removesuffix('.__init__')}" for name in modules)
    code = f"import {names}, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_help_loads_nothing_heavy() -> None:
    code = """if True:
        import contextlib, sys
        from leo_bench.benchmarks.cli.main import main
        for typed in ("", "study", "fvd", "train", "study create"):
            sys.argv = ["leo-bench", *typed.split(), "--help"]
            with contextlib.suppress(SystemExit):
                main()
        heavy = ("torch", "numpy", "pandas", "pydantic", "rich", "av")
        sys.exit(", ".join(name for name in heavy if name in sys.modules) or 0)
    """
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.count("Usage: ") == 5


def test_the_package_alone_loads_nothing_and_hands_on_its_names() -> None:
    code = (
        "import sys, leo_bench; own = [m for m in sys.modules if m.startswith('leo_bench')]; "
        "assert own == ['leo_bench'], own; "
        "assert not {'torch', 'numpy', 'pydantic'} & sys.modules.keys(); "
        "assert {*leo_bench.__all__} <= {*dir(leo_bench)}"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
    assert all(callable(getattr(leo_bench, name)) for name in leo_bench.__all__)


@pytest.mark.parametrize("name", ["evaluation", "leo", "baselines", "reports", "benchmarks"])
def test_a_package_refuses_its_bare_name(name: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", f"import {name}"], cwd=ROOT, capture_output=True, text=True
    )
    assert run.returncode != 0
    assert run.stderr.endswith(f"ImportError: import leo_bench.{name}, not {name}\n")


def test_the_lock_file_names_no_address() -> None:
    assert "://" not in (ROOT / "constraints.txt").read_text()
