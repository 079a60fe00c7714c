"""What samples follow from, written down beside them: who goes on with them is held to it."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from leo_bench.benchmarks.runs.shared_folder import in_turn
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.atomic import write_atomically
from leo_bench.evaluation.files.json_files import read_json
from leo_bench.evaluation.files.schema import Data
from leo_bench.evaluation.videos.discover import content_digest
from leo_bench.evaluation.videos.seals import KEY
from leo_bench.evaluation.videos.source import fingerprint
from leo_bench.leo.sampling.source import LeoSource
from leo_bench.leo.training.origin import first_difference

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
        found = read_json(path)
    except InputError as error:
        raise InputError(f"{error}; give another folder") from None
    return found if isinstance(found, dict) else {}


def difference(path: Path, now: Mapping[str, object]) -> str | None:
    """The first thing in which written settings differ from those of now; None: in none.

    How model and first frames are spelled is no part of it: their digests say which they are. Nor
    are the digests of what was drawn.

    Raises:
        InputError: the file cannot be read.
    """
    return first_difference(_compared(read_settings(path)), _compared(now))


def _compared(told: Mapping[str, object]) -> dict[str, object]:
    request = told.get("request")
    kept = request if isinstance(request, dict) else {}
    spelled = {"request": {k: v for k, v in kept.items() if k not in _SPELLINGS}}
    return {key: value for key, value in {**told, **spelled}.items() if key != KEY}


def add_digests(path: Path, videos: Sequence[Path]) -> None:
    """Write down what these videos, in the folder of `path`, are as they were just written.

    Several processes may do so at once. Videos that are listed already keep their digest, unless
    they are of `videos`.

    Raises:
        InputError: the disk refuses.
    """
    digests = {video.name: content_digest(video) for video in videos}
    with in_turn(path.with_name(f".{path.name}.lock")):
        told = read_settings(path)
        every = sorted({**told.get(KEY, {}), **digests}.items())  # the same from any processes
        write_settings(path, {**told, KEY: dict(every)})


def without_digest(path: Path, videos: Sequence[Path]) -> list[Path]:
    """Those of these videos that `add_digests` has not listed: a killed process wrote them.

    Raises:
        InputError: the file cannot be read.
    """
    listed = read_settings(path).get(KEY, {})
    return [video for video in videos if video.name not in listed]
