"""How large the code is, and how much of it one command or one addition touches.

    python -m leo_bench.benchmarks.evidence.house

prints one Markdown table: files and lines, flat modules of each package, the rooms in which a
function runs during `fvd` of two folders and during `sample`, and the Python files that name one
thing of each kind that can be added. A room is a sub-folder of a package, or a module beside them.

The file needs nothing but the standard library and runs in an older checkout, too:

    cd OLD-CHECKOUT && .venv/bin/python PATH/TO/house.py .
"""

import ast
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

PACKAGES = ("evaluation", "leo", "baselines", "benchmarks", "reports")

# What is added -> how one that exists is written. Its name as a string or as an import counts.
EXISTING = {
    "distance": ("kvd", "kernel"),
    "extractor": ("i3d-toy", "i3d_toy"),
    "stage": ("frame-dm", "frame_dm"),
    "data set": ("weizmann",),
}

# Runs a command line in one process and writes the files whose functions ran, in all threads.
TRACER = """
import importlib, sys, threading
seen = set()
def profile(frame, event, argument):
    if frame.f_code.co_flags & 1:  # a function: bodies of modules and classes have no fast locals
        seen.add(frame.f_code.co_filename)
out, package, *sys.argv[1:] = sys.argv[1:]
main = importlib.import_module(package + ".cli.main").main
threading.setprofile(profile)
sys.setprofile(profile)
try:
    main()
finally:
    sys.setprofile(None)
    open(out, "w").write("\\n".join(seen))
"""


def python_files(root: Path) -> list[Path]:
    """Every product file of a checkout, without the links of `leo_bench/`."""
    folders = [root / name for name in PACKAGES]
    own = list((root / "leo_bench").glob("*.py"))
    return sorted(own + [path for folder in folders for path in folder.rglob("*.py")])


def room_of(path: Path, root: Path) -> str | None:
    """`evaluation/videos` or `evaluation/measure.py`; None for a package's own `__init__`."""
    parts = path.relative_to(root).parts
    if len(parts) < 2 or parts[0] not in PACKAGES or parts[1] == "__init__.py":
        return None
    return "/".join(parts[:2])


def files_run(root: Path, arguments: Sequence[object], cwd: Path) -> list[Path]:
    """The product files in which at least one function ran during a command."""
    has_one_name = (root / "leo_bench" / "evaluation").exists()
    package = "leo_bench.benchmarks" if has_one_name else "benchmarks"
    out = cwd / "files.txt"
    line = [sys.executable, "-c", TRACER, str(out), package, *map(str, arguments)]
    environment = os.environ | {
        "PYTHONPATH": str(root),
        "LEO_BENCH_CACHE": str(cwd / "cache"),
        "OMP_NUM_THREADS": "1",
    }
    subprocess.run(line, cwd=cwd, env=environment, check=True, stdout=subprocess.DEVNULL)
    ran = {Path(name).resolve() for name in out.read_text().splitlines()}
    return [path for path in python_files(root) if path.resolve() in ran]


def naming(root: Path, names: Sequence[str]) -> list[Path]:
    """The product files that hold one of the names as a string, or import it."""
    return [path for path in python_files(root) if set(names) & set(_names_in(path))]


def _names_in(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.Import):
            yield from (part for alias in node.names for part in alias.name.split("."))
        elif isinstance(node, ast.ImportFrom):
            yield from (node.module or "").split(".")
            yield from (alias.name for alias in node.names)


def sizes(root: Path) -> dict[str, str]:
    """Files and lines, and the flat modules of each package."""
    files = python_files(root)
    lines = [len(path.read_text().splitlines()) for path in files]
    flat = {
        f"flat modules in {name}/": str(len([*(root / name).glob("*.py")]) - 1) for name in PACKAGES
    }
    return {
        "product files": f"{len(files):,}",
        "lines": f"{sum(lines):,}",
        "median of lines a file": f"{statistics.median(lines):.0f}",
        "longest file": f"{max(lines)}",
        **flat,
    }


def roads(root: Path, folder: Path) -> dict[str, str]:
    """What runs for `fvd` of two folders of videos, and for `sample` with a shipped model."""
    how = ("--run", "leo:toy-faces", "--frames", 16, "--count", 4, "--device", "cpu")
    drawn = ("sample", *how, "--mode", "unconditional")
    for seed, name in enumerate(("real", "fake")):
        files_run(root, (*drawn, "--seed", seed, "--out", folder / name), folder)
    sides = ("--real", folder / "real", "--fake", folder / "fake", "--frames", 16)
    network = ("--protocol", "stylegan-v", "--extractor", "i3d-toy", "--device", "cpu")
    lines = {
        "`fvd` of two folders": ("fvd", *sides, *network),
        "`sample`": (*drawn, "--out", folder / "drawn"),
    }
    found = {}
    for verb, line in lines.items():
        ran = files_run(root, line, folder)
        rooms = {room for path in ran if (room := room_of(path, root))}
        found[f"rooms that run for {verb}"] = f"{len(rooms)}: {', '.join(sorted(rooms))}"
        found[f"files that run for {verb}"] = str(len(ran))
    return found


def additions(root: Path) -> dict[str, str]:
    """How many Python files name one thing of each kind."""
    return {
        f"Python files that name the {what} {names[0]}": str(len(naming(root, names)))
        for what, names in EXISTING.items()
    }


def main(arguments: Sequence[str]) -> None:
    """Print the table of a checkout: of this one, or of the folder that is given."""
    root = Path(arguments[0] if arguments else Path(__file__).parents[2]).resolve()
    measured: list[Callable[[], dict[str, str]]] = [lambda: sizes(root), lambda: additions(root)]
    with tempfile.TemporaryDirectory() as folder:
        measured.append(lambda: roads(root, Path(folder)))
        rows = [item for measure in measured for item in measure().items()]
    sys.stdout.write("| what | number |\n|---|---|\n")
    sys.stdout.writelines(f"| {what} | {number} |\n" for what, number in rows)


if __name__ == "__main__":
    main(sys.argv[1:])
