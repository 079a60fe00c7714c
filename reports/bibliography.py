"""What to cite for numbers: works as data (`bibliography.toml`), and entries for BibTeX.

Besides the works of its protocol, network, metric and data set, a record cites LEO, whose benchmark
this is, the repository that its protocol follows, and leo-bench.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import model_validator

from leo_bench.evaluation.files.printable import printable
from leo_bench.evaluation.files.schema import Data, load_toml
from leo_bench.reports.formats.latex import escape

PATH = Path(__file__).parent / "bibliography.toml"
LEO, OURSELVES = "wang2024leo", "leo-bench"
FIELDS = ("author", "title", "journal", "booktitle", "year", "eprint", "doi", "url", "note")

# Accents and letters as commands of LaTeX, which every BibTeX reads and sorts.
ACCENTS = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0308": '"', "\u030a": "r ",
    "\u030c": "v ", "\u0327": "c ",
}  # fmt: skip
LETTERS = {"ß": "ss", "ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "æ": "ae", "å": "aa"}

REPOSITORY = re.compile(r"https://github\.com/([\w.-]+/[\w.-]+)")
COMMIT = re.compile(r"[0-9a-f]{7,40}")

Kind = Literal["protocol", "network", "metric", "dataset"]


class Work(Data):
    """A work; names and titles are Unicode, and braces in a title keep its capitals.

    Args:
        author: "Surname, Given and Surname, Given"; "" if none is stated.
        source: where the other fields are from.
    """

    type: Literal["article", "inproceedings", "misc"]
    author: str = ""
    title: str
    journal: str = ""
    booktitle: str = ""
    year: int | None = None
    eprint: str = ""
    doi: str = ""
    url: str = ""
    note: str = ""
    source: str

    @property
    def label(self) -> str:
        """As text cites it: "Ge et al., 2022"; the title where no author is stated."""
        surnames = [one.partition(",")[0] for one in self.author.split(" and ") if one]
        title = self.title.partition(":")[0].replace("{", "").replace("}", "")
        who = surnames[0] if surnames else title
        if len(surnames) > 1:
            who += f" and {surnames[1]}" if len(surnames) == 2 else " et al."
        return who if self.year is None else f"{who}, {self.year}"

    @property
    def reference(self) -> str:
        """As a list of references has it: authors, year, title, where it stands."""
        year = "" if self.year is None else f"({self.year})"
        who = " ".join(part for part in (self.author.replace(" and ", "; "), year) if part)
        eprint = f"arXiv:{self.eprint}" if self.eprint else ""
        title = self.title.replace("{", "").replace("}", "")
        where = (self.journal, self.booktitle, eprint, self.doi, self.url, self.note)
        return ". ".join(part.rstrip(".") for part in (who, title, *where) if part) + "."


class Bibliography(Data):
    """`bibliography.toml`.

    Args:
        works: by the key of their BibTeX entry.
        cite: by kind and name the keys of works, or why there is none.
    """

    works: dict[str, Work]
    cite: dict[Kind, dict[str, list[str] | str]]

    @model_validator(mode="after")
    def _works_exist(self) -> "Bibliography":
        for names in self.cite.values():
            for name, keys in names.items():
                unknown = [key for key in keys if key not in self.works]
                if isinstance(keys, list) and unknown:
                    raise ValueError(f"{name}: no work {unknown[0]!r}")
        return self


@dataclass(frozen=True)
class Citations:
    """What records cite.

    Args:
        works: by key.
        of: their keys by kind and name of what they belong to.
        without: "KIND NAME" of what has no entry, each with the reason.
    """

    works: Mapping[str, Work]
    of: Mapping[tuple[Kind, str], tuple[str, ...]]
    without: Mapping[str, str]


@cache
def bibliography() -> Bibliography:
    """The shipped bibliography."""
    return load_toml(Bibliography, PATH)


def citations(contents: Sequence[Mapping[str, Any]]) -> Citations:
    """What the records with this content cite, in the order in which a paper would name it."""
    known = bibliography()
    of: dict[tuple[Kind, str], tuple[str, ...]] = {}
    works = {LEO: known.works[LEO]}
    without: dict[str, str] = {}
    for kind, name, content in _subjects(contents):
        if (kind, name) in of:
            continue
        keys = known.cite[kind].get(name, "leo-bench has no entry for it; cite its origin yourself")
        if isinstance(keys, str):
            without[f"{kind} {name}"] = keys
        found = {key: known.works[key] for key in keys} if isinstance(keys, list) else {}
        if kind == "protocol":
            addresses = {work.url for work in found.values()}
            code = _code(content["protocol_settings"])
            found |= {key: work for key, work in code.items() if work.url not in addresses}
        works |= found
        of[kind, name] = tuple(found)
    return Citations(works | _ourselves(contents), of, without)


def bibtex(works: Mapping[str, Work]) -> str:
    """The entries, each with an empty line behind it."""
    return "\n".join(_entry(key, work) for key, work in works.items())


def _subjects(
    contents: Sequence[Mapping[str, Any]],
) -> Iterable[tuple[Kind, str, Mapping[str, Any]]]:
    for content in contents:
        if content["kind"] == "preference":  # its data set is named without a split
            if content["dataset"] is not None:
                yield "dataset", content["dataset"], content
            continue
        yield "metric", content["metric"], content
        yield "protocol", content["protocol"], content
        yield "network", content.get("extractor") or content["embedder"], content
        if content["dataset"] is not None:
            yield "dataset", content["dataset"].rpartition("-")[0], content


@dataclass(frozen=True)
class Repository:
    """The repository that a protocol follows.

    Args:
        name: OWNER/NAME.
        version: "commit e822320" or "version 0.3.0"; "" if none is stated, or if the protocol
            follows a folder of it, since its commit may be that of another repository.
        note: what else the protocol's source says.
    """

    name: str
    version: str
    note: str


def repository(settings: Mapping[str, Any]) -> Repository | None:
    """The repository of a protocol, if its source is the address of one."""
    source, commit = str(settings.get("source", "")), str(settings.get("commit", ""))
    found = REPOSITORY.match(source)
    if found is None:
        return None
    rest = source.removeprefix(found[0])
    kind = "commit" if COMMIT.fullmatch(commit) else "version"
    version = "" if rest.startswith("/") or not commit else f"{kind} {commit}"
    return Repository(found[1], version, rest.strip(" ,:@/"))


def _code(settings: Mapping[str, Any]) -> dict[str, Work]:
    """The work that a protocol's repository is."""
    found = repository(settings)
    if found is None:
        return {}
    work = Work(
        type="misc",
        title=f"{{{found.name}}}",
        url=f"https://github.com/{found.name}",
        note=found.version.capitalize() or found.note,
        source="the protocol",
    )
    return {found.name.replace("/", "-").lower(): work}


def _ourselves(contents: Sequence[Mapping[str, Any]]) -> dict[str, Work]:
    """leo-bench, with the versions and commits that made the records."""
    made = sorted({one["created"][:4] for one in contents if one["created"][:4].isdigit()})
    versions = sorted({one["versions"].get("leo-bench", "?") for one in contents})
    commits = sorted({one["commit"][:12] for one in contents if one["commit"]})
    note = f"Version {', '.join(versions)}" + (f", commit {', '.join(commits)}" if commits else "")
    work = Work(
        type="misc",
        title="{leo-bench}: A benchmark for generated human video",
        year=int(made[-1]) if made else None,
        note=note,
        source="the records",
    )
    return {OURSELVES: work}


def _entry(key: str, work: Work) -> str:
    found = {name: getattr(work, name) for name in FIELDS}
    fields = {name: _written(name, str(value)) for name, value in found.items() if value}
    if "eprint" in fields:
        fields["archiveprefix"] = "arXiv"
    if "url" in fields:  # which the oldest styles do not print
        fields["howpublished"] = f"\\url{{{fields.pop('url')}}}"
    if not work.author:  # styles sort by it
        fields["key"] = _written("note", work.label)
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items()]
    return "\n".join([f"@{work.type}{{{key},", *lines, "}"]) + "\n"


def _written(name: str, value: str) -> str:
    """A field of an entry: addresses as they are, braces of titles kept."""
    if name in ("url", "doi", "eprint"):
        return "".join(c for c in printable(value) if c not in "{}\\")
    return "".join(c if c in "{}" and name == "title" else _letter(c) for c in value)


def _letter(character: str) -> str:
    if character in LETTERS:
        return f"{{\\{LETTERS[character]}}}"
    parts = unicodedata.normalize("NFD", character)
    if len(parts) == 2 and parts[0].isascii() and parts[1] in ACCENTS:
        return f"{{\\{ACCENTS[parts[1]]}{parts[0]}}}"
    return escape(character)
