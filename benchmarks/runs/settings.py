"""The settings file beside samples: what they were made from, and digests of the videos."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from leo_bench.benchmarks.runs.shared_folder import in_turn
from leo_bench.evaluation.files.atomic import write_atomically
from leo_bench.evaluation.files.json_files import read_object
from leo_bench.evaluation.files.schema import Data
from leo_bench.evaluation.videos.discover import content_digest
from leo_bench.evaluation.videos.seals import KEY
from leo_bench.evaluation.videos.source import fingerprint
from leo_bench.leo.checkpoint import LICENCE
from leo_bench.leo.data.cropping import CroppedVideos
from leo_bench.leo.sampling.options import Sampling
from leo_bench.leo.sampling.source import VERSION, LeoSource
from leo_bench.leo.training.origin import first_difference

CROPS = "crops"  # key of the crops of first frames, by the name of the picture or video
_SPELLINGS = ("run", "start", "to")  # the same model or source can be written in many ways


def settings(request: Data, source: LeoSource) -> dict[str, object]:
    """All that the files depend on, but for the count: more samples may be requested later."""
    starts, ends = source.drawing.starts, source.drawing.ends
    found: dict[str, object] = {
        "request": request.model_dump(mode="json", exclude={"sampling": {"count"}}),
        "model": source.model_digest,
        "version": VERSION,
        "starts": "" if starts is None else fingerprint(starts),
        **({LICENCE: licence} if (licence := source.drawing.model.config.licence) else {}),
    }
    cropped = [each for each in (starts, ends) if isinstance(each, CroppedVideos)]
    if cropped:
        found["rule"] = dict(cropped[0].rule.facts)
    return found if ends is None else {**found, "to": fingerprint(ends)}


def write_settings(path: Path, content: Mapping[str, object]) -> None:
    """Write a settings file atomically.

    Raises:
        InputError: the file cannot be written.
    """
    write_atomically(path, (json.dumps(content, indent=2) + "\n").encode())


def read_settings(path: Path) -> dict[str, Any]:
    """The content of a settings file; {} if it is not a JSON object.

    Raises:
        InputError: the file cannot be read.
    """
    return read_object(path, "give another folder")


def difference(path: Path, now: Mapping[str, object]) -> str | None:
    """The first difference between a settings file and the settings `now`; None if there is none.

    Options come first, as others, such as the model's digest, follow from them. Model, first frames
    and last poses are compared by digest, not by how they are written on the command line. Digests
    of the videos and crops are not compared.

    Raises:
        InputError: the file cannot be read.
    """
    there, here = _compared(read_settings(path)), _compared(now)
    option = first_difference(_options(there), _options(here))
    return first_difference(there, here) if option is None else option


def _compared(content: Mapping[str, object]) -> dict[str, object]:
    request = content.get("request")
    kept = request if isinstance(request, dict) else {}
    spelled = {"request": {k: v for k, v in kept.items() if k not in _SPELLINGS}}
    return {key: value for key, value in {**content, **spelled}.items() if key not in (KEY, CROPS)}


def _options(compared: Mapping[str, Any]) -> dict[str, object]:
    """Options of sampling, also those that are off and so not recorded; whether poses are given."""
    off = {name: field.default for name, field in Sampling.model_fields.items()}
    asked = compared["request"].get("sampling")
    sampling = {**off, **(asked if isinstance(asked, dict) else {})}
    return {"request": {"sampling": sampling, "to": "to" in compared}}


def add_digests(path: Path, videos: Sequence[Path]) -> None:
    """Add the digests of `videos`, which lie beside the settings file `path`.

    Safe for several processes at once. Digests of other videos are kept.

    Raises:
        InputError: a file cannot be read or written.
    """
    add(path, KEY, {video.name: content_digest(video) for video in videos})


def add(path: Path, key: str, values: Mapping[str, object]) -> None:
    """Add values to a table of the settings file `path`; others in it are kept.

    Safe for several processes at once.

    Raises:
        InputError: the file cannot be read or written.
    """
    with in_turn(path.with_name(f".{path.name}.lock")):
        content = read_settings(path)
        every = sorted({**content.get(key, {}), **values}.items())  # in whatever order they finish
        write_settings(path, {**content, key: dict(every)})


def without_digest(path: Path, videos: Sequence[Path]) -> list[Path]:
    """Those of `videos` without a digest in the settings file: a killed process wrote them.

    Raises:
        InputError: the file cannot be read.
    """
    listed = read_settings(path).get(KEY, {})
    return [video for video in videos if video.name not in listed]
