"""Reads JSON files strictly: bounded size and depth, no duplicate keys, finite numbers only.

NaN, Infinity, numbers beyond float64 and text with lone surrogates are refused.
"""

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.given_files import read_given

LARGEST = 64 << 20  # bytes: a record has some 5 kB, a report of 100,000 videos some 10 MB
DEEPEST = 64  # nested objects and lists
LONGEST_INTEGER = 32  # digits


class _RefusedError(ValueError):
    """Well-formed JSON with content that is refused."""


def read_json(path: Path, most: int = LARGEST) -> Any:
    """The content of a JSON file of at most `most` bytes.

    Raises:
        InputError: it cannot be read, is not JSON, or is refused; the message names the file.
    """
    try:
        text = read_given(path, most).decode()
    except UnicodeDecodeError:
        raise InputError(f"{path}: not JSON: it is no UTF-8") from None
    return parse_json(text, str(path))


def read_object(path: Path, advice: str) -> dict[str, Any]:
    """The content of a file that holds a JSON object; {} if it holds something else.

    Raises:
        InputError: as `read_json`; the message ends with `advice`.
    """
    try:
        found = read_json(path)
    except InputError as error:
        raise InputError(f"{error}; {advice}") from None
    return found if isinstance(found, dict) else {}


def parse_json(text: str, where: str) -> Any:
    """The content of JSON text; errors begin with `where`.

    Raises:
        InputError: it is not JSON, or is refused.
    """
    try:
        content = json.loads(
            text, object_pairs_hook=_object, parse_int=_integer, parse_constant=float
        )
        _check(content, "", 0)
    except _RefusedError as error:
        raise InputError(f"{where}: {error}") from None
    except RecursionError:
        raise InputError(f"{where}: nested deeper than {DEEPEST}") from None
    except ValueError as error:
        raise InputError(f"{where}: not JSON: {error}") from None
    return content


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        ((twice, _),) = Counter(key for key, _ in pairs).most_common(1)
        raise _RefusedError(f"key {twice[:40]!r} stands there twice")
    return found


def _integer(text: str) -> int:
    if len(text) > LONGEST_INTEGER:
        raise _RefusedError(f"a whole number of {len(text)} digits ({text[:12]}...)")
    return int(text)


def _check(content: Any, key: str, depth: int) -> None:
    """Refuse numbers that are not finite, text that is not Unicode, and deep nesting."""
    if depth > DEEPEST:
        raise _RefusedError(f"nested deeper than {DEEPEST}")
    if isinstance(content, dict):
        for name, value in content.items():
            _check(name, key, depth)
            _check(value, f"{key}.{name}" if key else name, depth + 1)
    elif isinstance(content, list):
        for place, value in enumerate(content):
            _check(value, f"{key}[{place}]", depth + 1)
    elif isinstance(content, float):
        if not math.isfinite(content):
            raise _RefusedError(f"{key or 'it'} is {content}: not a finite number")
    elif isinstance(content, str) and not _is_unicode(content):
        raise _RefusedError(f"{key or 'it'} holds a lone surrogate, which is no text")


def _is_unicode(text: str) -> bool:
    """Whether text is Unicode, or a file name in Python's form (surrogateescape)."""
    try:
        text.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return False
    return True
