"""How sources are written on the command line: options after `?`, and paths made absolute.

`LOCATION?OPTION=VALUE&OPTION=VALUE`. A record keeps a source as it was written and with absolute
paths, so that `leo-bench verify` finds the videos from any folder.
"""

import re
from pathlib import Path

from leo_bench.baselines.methods import method_names
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


def absolute_source(spec: str) -> str | None:
    """`spec` with its paths made absolute; None if no part of it is on disk."""
    made = _absolute(spec)
    return None if made == spec and not Path(spec).is_absolute() else made


def where_now(side: SideRecord, option: str) -> str:
    """The source of a record's videos: with absolute paths, if they still exist.

    Raises:
        InputError: the folder or file does not exist; the message names `option`, which can say
            where it is now.
    """
    absolute = side.absolute
    if absolute is not None and all(Path(path).exists() for path in _paths(absolute)):
        return absolute
    is_file = absolute == side.source or Path(side.source).name == Path(absolute or ".").name
    if is_file and not Path(side.source).expanduser().exists():
        raise InputError(
            f"{absolute}: the record's videos are not there; say where they are now with {option}"
        )
    return side.source


def _paths(spec: str) -> list[str]:
    """The absolute paths in a source."""
    return re.findall(r"(?:^|[:=])(/[^?&]*)", spec)


def _absolute(spec: str) -> str:
    kind, colon, rest = spec.partition(":")
    if colon and kind in NESTED:
        how, _, inner = rest.partition(":")
        return f"{kind}:{how}:{_absolute(inner)}"
    if colon and (kind in LOCATED or kind in method_names()):
        return f"{kind}:{_of_place(rest)}"
    path = Path(spec).expanduser()
    return str(path.absolute()) if path.exists() else spec


def _of_place(location: str) -> str:
    place, mark, query = location.partition("?")
    head, colon, inner = place.partition(":")
    if colon and not Path(place).exists():  # method:MY.toml:FOLDER, gaussian:leo:RUN
        made = f"{_absolute(head)}:{_absolute(inner)}"
    else:
        made = _absolute(place)
    parts = []
    for part in query.split("&") if mark else ():
        key, equals, value = part.partition("=")
        parts.append(f"{key}={_absolute(value)}" if equals and key in SOURCE_KEYS else part)
    return made + (mark + "&".join(parts) if mark else "")
