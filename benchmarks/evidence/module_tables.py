"""Tables of rooms and modules in the READMEs, from the first lines of docstrings.

    python -m leo_bench.benchmarks.evidence.module_tables            writes them
    python -m leo_bench.benchmarks.evidence.module_tables --check    exit 1 where one is out of date

A table stands between `<!-- modules -->` and `<!-- /modules -->` in the README of a package.
CONTRIBUTING.md has a tree of the packages and their rooms there.
"""

import argparse
import ast
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from leo_bench.evaluation.files.atomic import write_atomically

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("evaluation", "leo", "baselines", "benchmarks", "reports")
BEGIN, END = "<!-- modules -->", "<!-- /modules -->"


def with_table(readme: str, table: str) -> str:
    """The text of a README with `table` between its markers; as it was, if it has none."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        return readme
    return f"{before}{BEGIN}\n{table}{END}{after}"


def tree_of_packages(root: Path) -> str:
    """The tree of CONTRIBUTING.md: each package, and one line for each of its rooms."""
    lines = []
    for name in PACKAGES:
        rooms = [(f"  {r.name}/", first_line(r)) for r in _members(root / name) if r.is_dir()]
        lines += [(f"{name}/", first_line(root / name)), *rooms]
    width = max(len(name) for name, _ in lines) + 2
    return "".join(f"    {name:{width}}{about}\n" for name, about in lines)


def tables_of_modules(package: Path) -> str:
    """The tables of a package's README: its rooms and modules, then the modules of each room."""
    members = list(_members(package))
    rows = [(_link(path), first_line(path), _names(path)) for path in members]
    parts = [_table(("room or module", "what it is", "modules"), rows)]
    rooms = [path for path in members if path.is_dir()]
    if rooms:
        parts.append("\n<details>\n<summary>Every module of every room</summary>\n")
        for room in rooms:
            modules = [(f"`{path.name}`", first_line(path)) for path in _modules(room)]
            parts.append(f"\n{_table((_link(room), first_line(room)), modules)}")
        parts.append("\n</details>\n")
    return "".join(parts)


def first_line(path: Path) -> str:
    """First line of the docstring of a module or of a package, without its full stop."""
    file = path / "__init__.py" if path.is_dir() else path
    docstring = ast.get_docstring(ast.parse(file.read_text())) or ""
    return docstring.partition("\n")[0].removesuffix(".").replace("|", "\\|")


def _members(package: Path) -> Iterator[Path]:
    """Rooms of a package, then its modules."""
    yield from sorted(file.parent for file in package.glob("*/__init__.py"))
    yield from _modules(package)


def _modules(package: Path) -> list[Path]:
    return sorted(path for path in package.glob("*.py") if path.name != "__init__.py")


def _names(path: Path) -> str:
    if path.is_file():
        return ""
    return ", ".join(f"{m.name}/" if m.is_dir() else m.stem for m in _members(path))


def _link(path: Path) -> str:
    name = f"{path.name}/" if path.is_dir() else path.name
    return f"[`{name}`]({name})"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check every table; the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if one differs")
    check: bool = parser.parse_args(arguments).check
    tables = {ROOT / name / "README.md": tables_of_modules(ROOT / name) for name in PACKAGES}
    tables[ROOT / "CONTRIBUTING.md"] = tree_of_packages(ROOT)
    stale = 0
    for path, table in tables.items():
        text = path.read_text()
        new = with_table(text, table)
        if new != text:
            stale += 1
            sys.stdout.write(f"{path.relative_to(ROOT)}: {'out of date' if check else 'written'}\n")
            if not check:
                write_atomically(path, new.encode())
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
