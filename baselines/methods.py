"""The compared methods as data: repository, commit, command, checkpoints and output.

The source of every fact is under `[sources]` in the method's file. Options that were written from
memory, not read at the commit, are listed as `recalled`; `baselines.planning` looks for them in the
checkout before anything runs.
"""

import hashlib
import string
from functools import cached_property
from pathlib import Path

from pydantic import Field, model_validator

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.known_names import known_are
from leo_bench.evaluation.files.schema import Data, Named, list_named, load_named_or_own

METHODS = Path(__file__).parent / "methods"

# Holes of a command that `adapt` fills, besides those named as the checkpoints are.
HOLES = frozenset({"python", "checkout", "out", "count", "frames", "seed"})


class GridLayout(Data):
    """How tiles lie in a picture; the fields of `evaluation.videos.tiles.TileGrid`."""

    rows: int | None = Field(default=None, ge=1)
    cols: int | None = Field(default=None, ge=1)
    tile: int | None = Field(default=None, ge=1)
    padding: int = Field(default=0, ge=0)
    lead: int | None = Field(default=None, ge=0)
    count: int | None = Field(default=None, ge=1)


class OutputLayout(Data):
    """Which files of a folder are the method's videos.

    Args:
        about: the layout in words.
        files: patterns of names of its files; none: every file that can be read.
        without: patterns of names that are excluded.
        loss: what the files have lost compared with the generator's output; "": nothing.
        grid: how tiles lie in each file; None: each file, or folder of frames, is one video.
    """

    about: str
    files: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    loss: str = ""
    grid: GridLayout | None = None


class Method(Named):
    """One compared method.

    Args:
        title: its name in the paper's tables.
        repository, commit: its code, and the commit that this file describes.
        command: the command of its sampler, with {holes}: `HOLES` and the names of `checkpoints`.
        recalled: options in `command` that were not read at the commit.
        why_no_command: in place of a command, why its sampler cannot make what is measured.
        frames: frames of a video, if `command` has no {frames}; otherwise the default.
        checkpoints: the files it needs -> what they are and where their authors published them.
        settings: other choices that the numbers depend on.
        layouts: what it writes, by name; the first is the default.
        sources: the source of each of these facts.
    """

    title: str
    paper: str
    repository: str | None = None
    commit: str | None = None
    licence: str
    command: tuple[str, ...] = ()
    recalled: tuple[str, ...] = ()
    why_no_command: str = ""
    frames: int | None = Field(default=None, ge=1)
    checkpoints: dict[str, str] = Field(default_factory=dict)
    settings: dict[str, str] = Field(default_factory=dict)
    layouts: dict[str, OutputLayout] = Field(default_factory=dict)
    sources: dict[str, str]

    @model_validator(mode="after")
    def _is_whole(self) -> "Method":
        if bool(self.command) == bool(self.why_no_command):
            raise ValueError("either a command or why_no_command is needed")
        if self.command and not self.layouts:
            raise ValueError("a method with a command needs a layout")
        if (self.repository is None) != (self.commit is None):
            raise ValueError("repository and commit go together")
        if unknown := self.holes - HOLES - set(self.checkpoints):
            raise ValueError(f"the command has unknown holes: {', '.join(sorted(unknown))}")
        if self.command and not {"out", "count"} <= self.holes:
            raise ValueError("the command needs the holes {out} and {count}")
        if strange := [option for option in self.recalled if option not in self.command]:
            raise ValueError(f"recalled options are not in the command: {', '.join(strange)}")
        if missing := [fact for fact in self._facts if fact not in self.sources]:
            raise ValueError(f"sources are missing for {', '.join(missing)}")
        return self

    @property
    def _facts(self) -> list[str]:
        """The facts that the file states, by their names under [sources]."""
        code = ["code"] if self.repository is not None else []
        optional = ("checkpoints", "settings", "layouts")
        there = [fact for fact in optional if getattr(self, fact)]
        return ["paper", "licence", "command", *code, *there]

    @cached_property
    def holes(self) -> set[str]:
        """Names of the holes in the command."""
        parsed = (string.Formatter().parse(word) for word in self.command)
        return {name for word in parsed for _, name, _, _ in word if name is not None}

    @property
    def options(self) -> list[str]:
        """Options of the sampler in the command: ["--outdir", ...]."""
        return [word for word in self.command if word.startswith("--")]

    @property
    def digest(self) -> str:
        """Hex SHA-256 of the file's content."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    def layout(self, name: str | None) -> OutputLayout:
        """The layout with this name; None: the first.

        Raises:
            InputError: there is no such layout.
        """
        if name is None and self.layouts:
            return next(iter(self.layouts.values()))
        if name not in self.layouts:
            raise InputError(f"{self.id}: no layout {name!r}; {known_are(str(name), self.layouts)}")
        return self.layouts[name]


def load_method(name: str) -> Method:
    """A method of `baselines/methods` by name, or the user's own .toml file by path.

    Raises:
        InputError: no such method, or a wrong file.
    """
    return load_named_or_own(Method, METHODS, name, "method")


def list_methods() -> list[Method]:
    """Every method of `baselines/methods`, by id."""
    return list_named(Method, METHODS)


def method_names() -> list[str]:
    """Ids of these methods, without reading the files."""
    return sorted(path.stem for path in METHODS.glob("*.toml"))
