"""How sources are written on the command line: options after `?`, and paths made absolute.

`LOCATION?OPTION=VALUE&OPTION=VALUE`. A record keeps a source as it was written and with absolute
paths, so that `leo-bench verify` finds the videos from any folder. A data set of the user's own is
a path, too: that of its TOML file.
"""

import json
import os
import re
from collections.abc import Callable, Sequence
from functools import partial
from glob import has_magic
from itertools import takewhile
from pathlib import Path

from leo_bench.baselines.methods import method_names
from leo_bench.benchmarks.datasets import names_dataset, parted
from leo_bench.benchmarks.datasets.dataset import absolute_dataset, dataset_now
from leo_bench.benchmarks.datasets.definitions import is_toml
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.records.parts import SideRecord

NESTED = ("part", "damaged")  # kinds with an argument and then another source
LOCATED = ("grid", "method", "leo", "gaussian", "nearest")  # kinds with a path or another source
SOURCE_KEYS = ("start", "fit")  # options whose values are sources (`benchmarks.sources.open`)


def split_query(spec: str) -> tuple[str, dict[str, object]]:
    """The location, and the options after the last `?`.

    Raises:
        InputError: as `query_options`.
    """
    where, _, query = spec.rpartition("?") if "?" in spec else (spec, "", "")
    return where, query_options(query, spec)


def query_options(query: str, spec: str) -> dict[str, object]:
    """The options in `OPTION=VALUE&OPTION=VALUE`, which is part of `spec`.

    Raises:
        InputError: a part is not OPTION=VALUE, or an option is given twice.
    """
    options: dict[str, object] = {}
    for pair in filter(None, query.split("&")):
        key, equals, value = pair.partition("=")
        if not equals:
            raise InputError(f"{spec}: {pair!r} behind the ? is not OPTION=VALUE")
        if key in options:
            raise InputError(f"{spec}: {key}= is there twice")
        options[key] = value
    return options


def listed_paths(spec: str) -> list[str]:
    """The paths of a source `paths:["A.mp4","B.mp4"]`.

    Raises:
        InputError: it is no JSON list of paths.
    """
    try:
        found = json.loads(spec.removeprefix("paths:"))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list) or not found or not all(isinstance(p, str) for p in found):
        raise InputError(f'{spec[:80]}: a JSON list of paths is expected, as paths:["A.mp4"]')
    return found


def paths_source(paths: Sequence[str]) -> str:
    """Several paths as one source; the inverse of `listed_paths`."""
    return f"paths:{json.dumps(list(paths), ensure_ascii=False, separators=(',', ':'))}"


def absolute_source(spec: str) -> str | None:
    """`spec` with its paths made absolute; None if no part of it is on disk."""
    made = _rewritten(spec, _absolute)
    return None if made == spec and not Path(spec).is_absolute() else made


def paths_in(spec: str) -> list[Path]:
    """The files and folders that a source names; of a pattern the folder that it begins with."""
    found: list[Path] = []

    def add(leaf: str) -> str:
        path = Path(leaf).expanduser()
        if not path.exists() and has_magic(leaf):
            path = Path(*takewhile(lambda part: not has_magic(part), path.parts))
        if path.exists() and not names_dataset(leaf):
            found.append(path)
        return leaf

    _rewritten(spec, add)
    return found


def with_definitions(spec: str) -> str:
    """`spec` with included data sets named by the absolute paths of their files."""
    return _rewritten(spec, lambda leaf: absolute_dataset(leaf) if names_dataset(leaf) else leaf)


def definitions_now(spec: str) -> str:
    """`spec` with included files for those of the user's own data sets that are gone."""
    return _rewritten(spec, dataset_now)


def below(folder: Path, spec: str) -> str:
    """`spec` with the paths and patterns that exist below `folder` made absolute."""
    return _rewritten(spec, partial(_below, folder))


def where_now(side: SideRecord, option: str) -> str:
    """The source of a record's videos: with absolute paths, if they still exist.

    Where the file of a data set of the user's own is gone, an included one of its id is taken.

    Raises:
        InputError: the folder or file does not exist; the message names `option`, which can say
            where it is now.
    """
    source = definitions_now(side.source)
    absolute = None if side.absolute is None else definitions_now(side.absolute)
    if absolute is not None and all(Path(path).exists() for path in _paths(absolute)):
        return absolute
    gone = [path for path in _paths(absolute or source) if not Path(path).exists()]
    if gone and is_toml(gone[0]):
        raise InputError(
            f"{gone[0]}: no such file, and it defines the data set of the videos; name the folder "
            f"that it is in now with --include, or the videos with {option}"
        )
    is_file = absolute == side.source or Path(side.source).name == Path(absolute or ".").name
    if is_file and not Path(side.source).expanduser().exists():
        raise InputError(
            f"{absolute}: the record's videos are not there; say where they are now with {option}"
        )
    return source


def _paths(spec: str) -> list[str]:
    """The absolute paths in a source; of a data set of the user's own that of its file."""
    found = re.findall(r"(?:^|[:=])(/[^?&]*)", spec)
    return [name if is_toml(name := parted(path)[0]) else path for path in found]


def _absolute(leaf: str) -> str:
    path = Path(leaf).expanduser()
    if path.exists():
        return str(path.absolute())
    return absolute_dataset(leaf) if names_dataset(leaf) else leaf


def _below(folder: Path, leaf: str) -> str:
    made = os.path.normpath(folder / Path(leaf).expanduser())
    definition = parted(made)[0]
    fixed = Path(*takewhile(lambda part: not has_magic(part), Path(made).parts))
    there = (
        Path(made).exists()
        or (is_toml(definition) and Path(definition).is_file())
        or (has_magic(leaf) and fixed != folder and fixed.is_dir())
    )
    return made if there else leaf


def _rewritten(spec: str, leaf: Callable[[str], str]) -> str:
    """`spec` with `leaf` applied to each path, pattern or data set in it."""
    kind, colon, rest = spec.partition(":")
    if colon and kind == "paths":
        return paths_source([leaf(path) for path in listed_paths(spec)])
    if colon and kind in NESTED:
        how, _, inner = rest.partition(":")
        return f"{kind}:{how}:{_rewritten(inner, leaf)}"
    if colon and kind == "dataset":
        return f"{kind}:{leaf(rest) if is_toml(parted(rest)[0]) else absolute_dataset(rest)}"
    if colon and (kind in LOCATED or kind in method_names()):
        return f"{kind}:{_of_place(rest, leaf)}"
    return leaf(spec)


def _of_place(location: str, leaf: Callable[[str], str]) -> str:
    place, mark, query = location.partition("?")
    head, colon, inner = place.partition(":")
    if colon and not Path(place).exists():  # method:MY.toml:FOLDER, gaussian:leo:RUN
        made = f"{_rewritten(head, leaf)}:{_rewritten(inner, leaf)}"
    else:
        made = _rewritten(place, leaf)
    parts = []
    for part in query.split("&") if mark else ():
        key, equals, value = part.partition("=")
        is_source = bool(equals) and key in SOURCE_KEYS
        parts.append(f"{key}={_rewritten(value, leaf)}" if is_source else part)
    return made + (mark + "&".join(parts) if mark else "")
