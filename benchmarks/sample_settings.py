"""What samples follow from, written down beside them: who goes on with them is held to it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evaluation.atomic import write_atomically
from evaluation.errors import InputError
from evaluation.schema import Data
from evaluation.videos.source import fingerprint
from leo.run_folder import first_difference
from leo.sample import LeoSource

_SPELLINGS = ("run", "start")  # of a request: one model, one source has several


def settings(request: Data, source: LeoSource) -> dict[str, object]:
    """All that the files follow from. The count is no part: more samples may be asked for later."""
    starts = source.drawing.starts
    return {
        "request": request.model_dump(mode="json", exclude={"sampling": {"count"}}),
        "model": source.model_digest,
        "starts": "" if starts is None else fingerprint(starts),
    }


def write_settings(path: Path, told: Mapping[str, object]) -> None:
    """Write `settings` down.

    Raises:
        InputError: the disk refuses.
    """
    write_atomically(path, (json.dumps(told, indent=2) + "\n").encode())


def read_settings(path: Path) -> dict[str, Any]:
    """What `write_settings` wrote.

    Raises:
        InputError: it cannot be read.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({error}); give another folder") from None
    return found if isinstance(found, dict) else {}


def difference(path: Path, now: Mapping[str, object]) -> str | None:
    """The first thing in which written settings differ from those of now; None: in none.

    How model and first frames are spelled is no part of it: their digests say which they are.

    Raises:
        InputError: the file cannot be read.
    """
    return first_difference(_without_spellings(read_settings(path)), _without_spellings(now))


def _without_spellings(told: Mapping[str, object]) -> dict[str, object]:
    request = told.get("request")
    kept = request if isinstance(request, dict) else {}
    return {**told, "request": {k: v for k, v in kept.items() if k not in _SPELLINGS}}
