"""LEO runs from the command line's words: which config, which videos, which folder.

A run remembers its data: `RUN/data.json` holds what was given as --data, word for word.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.sources import SourceOptions, open_source
from evaluation.atomic import write_atomically
from evaluation.errors import InputError
from evaluation.videos.discover import OpenOptions
from leo.config import Config, load_config
from leo.run_folder import RunFolder
from leo.training import Job

DATA = "data.json"


@dataclass(frozen=True)
class RunRequest:
    """What the user asked; None is "as the run remembers, or as the machine says"."""

    run: Path
    config: str | None = None
    data: str | None = None
    changes: Sequence[str] = ()
    data_root: Path | None = None
    vgg: Path | None = None
    cpu: bool = False


def resolved_config(request: RunRequest) -> Config:
    """The config asked for with its changes, or the run's own.

    Raises:
        InputError: neither is there.
    """
    if request.config is not None:
        return load_config(request.config, request.changes)
    begun = request.run / "config.toml"
    if not begun.is_file():
        raise InputError(f"{request.run}: a new run; give --config (leo-bench list configs)")
    return load_config(str(begun), request.changes)


def open_job(request: RunRequest) -> Job:
    """The run, new or begun, ready to be trained.

    Raises:
        InputError: no config or no data, or others than the run was begun with.
    """
    config = resolved_config(request)
    spec = _data(request)
    run = RunFolder.create(request.run, config)
    write_atomically(request.run / DATA, json.dumps({"data": spec}).encode())
    options = SourceOptions(
        files=OpenOptions(), data_root=request.data_root, resolution=config.resolution
    )
    return Job(run, lambda: open_source(spec, options), vgg=request.vgg, cpu=request.cpu)


def remembered_data(run: Path) -> str | None:
    """What was given as --data when the run was begun; None where nothing was."""
    path = run / DATA
    return json.loads(path.read_text(encoding="utf-8"))["data"] if path.is_file() else None


def _data(request: RunRequest) -> str:
    begun = remembered_data(request.run)
    if request.data is None and begun is None:
        raise InputError(f"{request.run}: a new run; give --data, as in --data toy-faces/train")
    if None not in (request.data, begun) and request.data != begun:
        raise InputError(
            f"{request.run}: was begun with --data {begun}; give another --run for {request.data}"
        )
    return str(request.data or begun)
