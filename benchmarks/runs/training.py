"""Opens a training run from options of the command line: its config, videos and folder.

`RUN/data.json` holds the value of --data, so that later commands on the run need not repeat it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from leo_bench.benchmarks.runs.evaluating import open_evaluator
from leo_bench.benchmarks.runs.settings import read_settings
from leo_bench.benchmarks.sources.broken_videos import NamedVideos, broken_videos_named
from leo_bench.benchmarks.sources.open import SourceOptions, open_source
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.atomic import write_atomically
from leo_bench.evaluation.files.schema import Data, parse
from leo_bench.evaluation.videos.discover import OpenOptions
from leo_bench.leo.config import Config, load_config
from leo_bench.leo.sampling.model import model_file
from leo_bench.leo.stages import STAGES, perceptual
from leo_bench.leo.training.job import Job
from leo_bench.leo.training.run_folder import RunFolder, has_begun
from leo_bench.leo.training.taken_animator import with_checkpoint

DATA = "data.json"
_MEND = "mend it, or remove it from the training data"


@dataclass(frozen=True)
class RunRequest:
    """What the user asked for; None: as the run was begun, or as the machine allows."""

    run: Path
    config: str | None = None
    data: str | None = None
    changes: Sequence[str] = ()
    data_root: Path | None = None
    vgg: Path | None = None
    cpu: bool = False
    animator: Path | None = None


def resolved_config(request: RunRequest) -> tuple[Config, Path | None]:
    """The requested config or else the run's own, with the requested changes; its animator's file.

    Returns:
        The config, and the file if the animator is taken from one that is to be read
        (`with_checkpoint`).

    Raises:
        InputError: there is neither config; as `with_checkpoint`.
    """
    name = request.config
    if name is None:
        begun = request.run / "config.toml"
        if not begun.is_file():
            raise InputError(f"{request.run}: a new run; give --config (leo-bench list configs)")
        name = str(begun)
    return with_checkpoint(load_config(name, request.changes), request.run, request.animator)


def check_loss(request: RunRequest, config: Config, stage: str) -> None:
    """Check that a stage, or "all", can have the perceptual loss of its config.

    Raises:
        InputError: it cannot, or --vgg is given for a stage that does not use it.
    """
    if stage not in (STAGES[0], "all"):
        if request.vgg is not None:
            raise InputError(f"--vgg {request.vgg}: is for the animator alone; leave it out")
    elif config.animator.checkpoint is not None:
        if request.vgg is not None:
            raise InputError(
                f"--vgg {request.vgg}: is for an animator that is trained, and this one is taken "
                f"from {config.animator.checkpoint.file}; leave it out"
            )
    elif not model_file(request.run, STAGES[0]).is_file():
        perceptual.check(config.animator.perceptual, request.vgg)


def open_job(request: RunRequest) -> Job:
    """The run, created if it is new, ready to be trained.

    Raises:
        InputError: no config or no data; others than the run was begun with; no such videos.
    """
    config, animator = resolved_config(request)
    spec = _data(request)
    options = SourceOptions(
        files=OpenOptions(), data_root=request.data_root, resolution=config.resolution
    )
    videos = cache(lambda: _training_videos(spec, options))
    news = remembered_data(request.run) != spec
    if news:
        videos()  # before it is written down: a mistyped source must not become the run's data
    run = RunFolder.create(request.run, config)
    if news:
        write_atomically(request.run / DATA, json.dumps({"data": spec}).encode())
    evaluator = partial(open_evaluator, data=spec, options=options)
    return Job(
        run, videos, vgg=request.vgg, animator=animator, cpu=request.cpu, evaluator=evaluator
    )


def _training_videos(spec: str, options: SourceOptions) -> NamedVideos:
    with broken_videos_named(spec, _MEND):
        found = open_source(spec, options)
    return NamedVideos(found, range(len(found.names)), found.name, advice=_MEND)


def remembered_data(run: Path) -> str | None:
    """The value of --data with which the run was begun; None if it has none.

    Raises:
        InputError: `RUN/data.json` is damaged.
    """
    path = run / DATA
    if not path.is_file():
        return None
    found = read_settings(path, "delete it, and give --data again as the run was begun with")
    return parse(_Remembered, found, where=str(path)).data


class _Remembered(Data):
    """The content of `DATA`."""

    data: str


def _data(request: RunRequest) -> str:
    given, remembered = request.data, remembered_data(request.run)
    if remembered is None:
        if given is None:
            raise InputError(f"{request.run}: a new run; give --data, as in --data toy-faces/train")
        return given
    if given is None or _one_spelling(given) == _one_spelling(remembered):
        return remembered
    if has_begun(request.run):
        raise InputError(
            f"{request.run}: was begun with --data {remembered}; give another --run for {given}"
        )
    return given


def _one_spelling(spec: str) -> str:
    """The same for DIR, DIR/, ./DIR and ~/…/DIR, also after a prefix such as `part:1/2:`."""
    kind, colon, place = spec.rpartition(":")
    return f"{kind}{colon}{Path(place).expanduser().resolve()}"
