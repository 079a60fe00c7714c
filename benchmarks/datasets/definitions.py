"""Where the TOML files of data sets and suites are: shipped, in included folders, or named by path.

`--include DIR`, which may be repeated, and LEO_BENCH_INCLUDE, separated as PATH is, name folders of
the user's own. The TOML files that lie in such a folder itself are known by their ids: one with
`splits` is a data set, one with `benchmark` is a suite, and others are left alone.
"""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.given_files import read_toml, shortened
from leo_bench.evaluation.files.known_names import known_are

VARIABLE = "LEO_BENCH_INCLUDE"

_FILE = re.compile(r"(.*\.toml)(?:/([^/]*))?")


def parted(spec: str) -> tuple[str, str | None]:
    """`ID/SPLIT` or `FILE.toml/SPLIT` -> ID or FILE.toml, and the split; None: none is named."""
    found = _FILE.fullmatch(spec)
    name, split = (found[1], found[2]) if found else spec.partition("/")[::2]
    return name, split or None


def is_toml(name: str) -> bool:
    """Whether a name is the path of a TOML file rather than an id."""
    return name.endswith(".toml")


@contextmanager
def included(folders: Sequence[Path]) -> Iterator[None]:
    """Include these folders while the context lasts, for processes that are started too."""
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = os.pathsep.join(str(absolute(f.expanduser())) for f in folders)
    try:
        yield
    finally:
        if before is None:
            del os.environ[VARIABLE]
        else:
            os.environ[VARIABLE] = before


def included_folders() -> list[Path]:
    """The included folders, as absolute paths, each once.

    Raises:
        InputError: one of them does not exist.
    """
    given = filter(None, os.environ.get(VARIABLE, "").split(os.pathsep))
    folders = [absolute(Path(folder).expanduser()) for folder in given]
    for folder in folders:
        if not folder.is_dir():
            raise InputError(f"{folder}: no such folder (--include, {VARIABLE})")
    return list(dict.fromkeys(folders))


def absolute(path: Path) -> Path:
    """The absolute path without `..`; links are not followed."""
    return Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links


@dataclass(frozen=True)
class Definitions:
    """One kind of definition: data sets, or suites.

    Args:
        what: what one is called, such as "data set".
        table: the key that only files of this kind have.
        shipped: the folder of the shipped ones.
    """

    what: str
    table: str
    shipped: Path

    def shipped_ids(self) -> list[str]:
        """The ids that are shipped, sorted."""
        return sorted(path.stem for path in self.shipped.glob("*.toml"))

    def own(self) -> dict[str, Path]:
        """The files of included folders by id.

        Raises:
            InputError: a folder does not exist, a file is not TOML, or an id is taken.
        """
        found: dict[str, Path] = {}
        for folder in included_folders():
            for path in sorted(folder.glob("*.toml")):
                if self.table not in read_toml(path):
                    continue
                self._refuse_shipped(path)
                if path.stem in found:
                    raise InputError(
                        f"{path} and {found[path.stem]} are both {self.what} {path.stem}: "
                        "rename one, and its id"
                    )
                found[path.stem] = path
        return found

    def ids(self) -> list[str]:
        """The ids of the shipped definitions, then of the included ones.

        Raises:
            InputError: as `own`.
        """
        return [*self.shipped_ids(), *self.own()]

    def knows(self, name: str) -> bool:
        """Whether a name is the id of a shipped or an included definition."""
        return name in self.ids()

    def files(self) -> list[Path]:
        """The file of each definition, those of included folders after the shipped ones.

        Raises:
            InputError: as `own`.
        """
        shipped = [self.shipped / f"{name}.toml" for name in self.shipped_ids()]
        return [*shipped, *(path for _, path in sorted(self.own().items()))]

    def file_of(self, name: str) -> Path:
        """The file that an id or a path ending in `.toml` names.

        Raises:
            InputError: no such id; the id of a shipped one; or as `own`.
        """
        if is_toml(name):
            path = Path(name).expanduser()
            self._refuse_shipped(path)
            return path
        own = self.own()
        if name in own:
            return own[name]
        shipped = self.shipped_ids()
        if name in shipped:
            return self.shipped / f"{name}.toml"
        for folder in included_folders():
            if (folder / f"{name}.toml").is_file():
                raise InputError(
                    f"{folder / name}.toml: is no {self.what}: it has no {self.table!r}"
                )
        raise InputError(
            f"no {self.what} {shortened(name)!r}; {known_are(name, [*shipped, *own])}; "
            f"your own is given as FILE.toml, or by its id with --include FOLDER"
        )

    def is_shipped(self, path: Path) -> bool:
        """Whether a file is one of the shipped ones."""
        place = self.shipped / path.name
        return place.is_file() and path.exists() and place.samefile(path)

    def _refuse_shipped(self, path: Path) -> None:
        if path.stem in self.shipped_ids() and path.exists() and not self.is_shipped(path):
            raise InputError(
                f"{path}: {path.stem} is a shipped {self.what}; give yours another id and file name"
            )
