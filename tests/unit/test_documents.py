"""Paths, modules, links and headings that the documents name are there."""

import re
import subprocess
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

from places import ROOT

PACKAGES = ("evaluation", "leo", "baselines", "benchmarks", "reports")
FOLDERS = (*PACKAGES, "docs", "tests", "leo_bench", ".github", ".ci")

FENCE = re.compile(r"^```.*?^```$", re.M | re.S)
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^()\s]+)\)")
MODULE = re.compile(rf"(?:leo_bench\.)?(?:{'|'.join(PACKAGES)})(?:\.\w+)+")
WRITTEN_HERE = re.compile(r"^`([^`\n]+)`:$", re.M)  # files of the examples of docs/extending.md


@cache
def committed() -> tuple[str, ...]:
    """Paths of all committed files."""
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return tuple(listed.stdout.splitlines())


@cache
def documents() -> dict[Path, str]:
    """Text of every committed document, without blocks of code."""
    names = [name for name in committed() if name.endswith(".md")]
    return {Path(name): FENCE.sub("", _today(ROOT / name)) for name in names}


def _today(path: Path) -> str:
    """What a document says of this version: of migration.md, the last column of its tables."""
    text = path.read_text()
    if path.name != "migration.md":
        return text
    lines = text.splitlines()
    return "\n".join(li.rpartition(" | ")[2] if li.startswith("|") else li for li in lines)


@cache
def is_there(word: str, document: Path) -> bool:
    """Whether a path or pattern fits a committed file, from the top or from the document's folder.

    A bare name may be anywhere below that folder.
    """
    path = word.split(":")[0].rstrip("/")
    patterns = [path, str(document.parent / path)] if "/" in word else []
    if not patterns:
        below = "" if document.parent == Path() else f"{document.parent}/"
        patterns = [below + path, f"{below}*/{path}"]
    known = committed()
    return any(fnmatch(n, p) or fnmatch(n, f"{p}/*") for n in known for p in patterns)


def is_path(word: str) -> bool:
    """Whether a word in backticks means a file or folder of this repository."""
    first, slash, _ = word.partition("/")
    plain = re.fullmatch(r"[\w./*-]+(?::\d+(?:-\d+)?)?", word) is not None
    return plain and (word.endswith(".py") or (bool(slash) and first in FOLDERS))


def module_is_there(dotted: str) -> bool:
    """Whether a dotted name is a module, a package, or a name in one."""
    parts = dotted.removeprefix("leo_bench.").split(".")
    for count in range(len(parts), 0, -1):
        stem = ROOT.joinpath(*parts[:count])
        for file in (stem.with_suffix(".py"), stem / "__init__.py"):
            if file.is_file():
                rest = parts[count : count + 1]
                return all(re.search(rf"\b{name}\b", file.read_text()) for name in rest)
    return False


def words() -> Iterator[tuple[Path, str]]:
    for path, text in documents().items():
        made = set(WRITTEN_HERE.findall(text)) if path.name == "extending.md" else set()
        for word in CODE.findall(text):
            if word not in made:
                yield path, word


def test_paths_and_modules_in_backticks_are_there() -> None:
    gone = [f"{doc}: `{w}`" for doc, w in words() if is_path(w) and not is_there(w, doc)]
    for doc, word in words():
        found = MODULE.findall(word) if " -m " in word or MODULE.fullmatch(word) else []
        gone += [f"{doc}: `{name}`" for name in found if not module_is_there(name)]
    assert not gone, "\n".join(sorted(set(gone)))


def test_modules_in_backticks_of_the_code_are_there() -> None:
    """`distances.frechet` is short for `evaluation.distances.frechet`."""
    rooms = {f"{room.name}": package for package in PACKAGES for room in (ROOT / package).iterdir()}
    gone = []
    for path in (name for name in committed() if name.endswith(".py")):
        for word in re.findall(r"`([a-z]\w*(?:\.\w+)+)`", (ROOT / path).read_text()):
            first = word.partition(".")[0]
            if word.endswith((".toml", ".json", ".jsonl")):
                continue
            if first in rooms and first not in PACKAGES:
                word = f"{rooms[first]}.{word}"
            if word.partition(".")[0] in PACKAGES and not module_is_there(word):
                gone.append(f"{path}: `{word}`")
    assert not gone, "\n".join(gone)


def test_moved_modules_are_where_the_migration_page_says() -> None:
    (table,) = re.findall(
        r"^```text\n(.*?)^```$", (ROOT / "docs/migration.md").read_text(), re.M | re.S
    )
    rows = [line.split(maxsplit=1) for line in table.splitlines()]
    gone = [
        f"{old} -> {module}"
        for old, now in rows
        for module in now.split(", ")
        if not module_is_there(module)
    ]
    assert len(rows) > 100
    assert not gone, "\n".join(gone)


def slug(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    kept = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return kept.replace(" ", "-")


def test_links_and_their_anchors_lead_somewhere() -> None:
    texts = documents()
    broken = []
    for doc, text in texts.items():
        for target in LINK.findall(text):
            place, _, anchor = target.partition("#")
            if "://" in place:
                continue
            path = (ROOT / doc.parent / place).resolve() if place else ROOT / doc
            if not path.exists():
                broken.append(f"{doc}: {target}")
            elif anchor:
                headings = re.findall(r"^#+ (.*)$", path.read_text(), re.M)
                if anchor not in map(slug, headings):
                    broken.append(f"{doc}: {target}")
    assert not broken, "\n".join(broken)
