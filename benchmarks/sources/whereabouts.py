"""Where the videos of a record lie: the words of the command line with their paths made absolute.

A record keeps both, so that `leo-bench verify` finds the videos from any folder.
"""

import re
from pathlib import Path

from leo_bench.baselines.methods import method_names
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.records.parts import SideRecord

# Kinds of sources whose last part is a source again, and those whose is a folder or file.
NESTED = ("part", "damaged")
FILES = ("grid", "method")
RUNS = ("leo", "gaussian", "nearest")

# Keys behind a `?` whose values are sources (`benchmarks.sources.open`).
SOURCE_KEYS = ("start", "fit")


def absolute_source(spec: str) -> str | None:
    """`spec` with its path made absolute; None where nothing of it lies on disk."""
    made = _absolute(spec)
    return None if made == spec and not Path(spec).is_absolute() else made


def where_now(side: SideRecord, option: str) -> str:
    """How to open a record's videos: by absolute path where that is still there.

    Raises:
        InputError: they are a folder or a file that is not there; `option` can say where it is.
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
    if colon and (kind in FILES or kind in RUNS or kind in method_names()):
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
