"""A run's animator that is taken from a file, such as LIA's vox.pt, in place of training one.

`with_checkpoint` writes the file's name, digest and licence into the config of the run, so that
another file is refused later; `take` writes the model, after which the stage is finished.
"""

import json
from pathlib import Path
from typing import Any

from filelock import FileLock

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.videos.digests import file_sha256
from leo_bench.evaluation.weights.registry import LIA, find, weights_for
from leo_bench.leo.animator_config import AnimatorCheckpoint
from leo_bench.leo.checkpoint import LICENCE, Model, save_model
from leo_bench.leo.config import Config
from leo_bench.leo.models.animator_files import read_animator
from leo_bench.leo.stages import STAGES
from leo_bench.leo.training.loop import is_done
from leo_bench.leo.training.run_folder import RunFolder, StageFolder, has_begun

OPTION = "--animator"
NAME = STAGES[0]
GIVEN = f"a file given by {OPTION}"
NOT_STATED = "not stated by the file; LIA's own checkpoints have CC-BY-NC-4.0"
_DIGITS = 12  # of a digest in a message


def with_checkpoint(config: Config, root: Path, given: Path | None) -> tuple[Config, Path | None]:
    """The config for a run with its animator's file, and that file where it is to be read.

    Args:
        config: the one that is asked for.
        root: folder of the run, which may have begun.
        given: the file that is asked for; None: the run's own, or, of a new run whose config names
            one of LIA's checkpoints, that one in the folder of weights.

    Returns:
        The config as it is and None, if the animator is to be trained.

    Raises:
        InputError: the run has begun with another file, or trains its animator; the file does not
            fit the config; the config names a file, and there is none.
    """
    before = _of_run(root) if has_begun(root) else None
    if given is None and before is not None:
        return _with(config, before), None
    named = config.animator.checkpoint
    if given is None:
        if named is None or has_begun(root):
            return config, None
        given = _find(root, named.file)
    elif not given.is_file():
        raise InputError(f"{OPTION} {given}: no such file")
    elif before is None and has_begun(root):
        raise InputError(
            f"{root}: was begun without {OPTION}, its animator is trained; give another --run for "
            f"{given}"
        )
    sha256 = file_sha256(given)
    if before is None:
        return _with(config, _checkpoint(given, sha256, config)), given
    if before.sha256 != sha256:
        raise InputError(
            f"{root}: was begun with the animator {before.file} (SHA-256 "
            f"{before.sha256[:_DIGITS]}...), and {given} is another (SHA-256 {sha256[:_DIGITS]}"
            "...); give another --run for it, or leave --animator out"
        )
    return _with(config, before), given


def take(run: RunFolder, given: Path | None) -> tuple[Path, str]:
    """The model of the run's taken animator, written unless it is there; and a line on it.

    Args:
        run: its config has a checkpoint.
        given: the checkpoint.

    Raises:
        InputError: the model is of another checkpoint, or there is none yet and no file is given.
    """
    checkpoint = run.config.animator.checkpoint
    if checkpoint is None:
        raise ValueError(f"{run.root}: the animator is to be trained")
    folder = run.stage(NAME, checkpoint.sha256)
    if not is_done(folder):
        if given is None:
            raise InputError(
                f"{folder.model}: is not there yet; give {OPTION} FILE, the {checkpoint.file} that "
                f"this run was begun with (SHA-256 {checkpoint.sha256[:_DIGITS]}...)"
            )
        folder.path.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.path / ".lock"):  # of several processes, one writes
            if not folder.model.is_file():
                _write(folder, given, run.config, checkpoint.licence)
    licence = f", licence {checkpoint.licence}" if checkpoint.licence else ""
    return folder.model, (
        f"animator: taken from {checkpoint.file} (SHA-256 {checkpoint.sha256[:_DIGITS]}...{licence}"
        "); it is not trained"
    )


def _write(folder: StageFolder, given: Path, config: Config, licence: str) -> None:
    arguments = _arguments(config)
    generator = read_animator(given, arguments).generator
    about = {NAME: json.dumps(arguments), "step": "0", **folder.origin.metadata()}
    if licence:
        about[LICENCE] = licence
    save_model(folder.model, Model(dict(generator.state_dict()), {}, about))


def _arguments(config: Config) -> dict[str, Any]:
    """What the config's generator is built with, as `leo.stages.animator.shape` says it."""
    keys = ("channel_cap", "channel_base", "style", "directions", "align_corners")
    return {"size": config.resolution, **{key: getattr(config.animator, key) for key in keys}}


def _checkpoint(given: Path, sha256: str, config: Config) -> AnimatorCheckpoint:
    """A file as the config describes it, or, if that names none, as the file or its name does."""
    found = read_animator(given, _arguments(config))
    named, official = config.animator.checkpoint, given.suffix != ".safetensors"
    entry = weights_for(LIA).get(given.name if named is None else named.file) if official else None
    if entry is not None and config.animator.align_corners:  # which no tensor shows
        raise InputError(
            f"{given}: LIA's own checkpoints need animator.align_corners = false, and config "
            f"{config.id} has true"
        )
    if named is not None:
        return named.model_copy(update={"file": given.name, "sha256": sha256})
    source, licence = GIVEN, NOT_STATED if official else found.licence
    if entry is not None:
        source, licence = entry.pages[0], entry.licence
    return AnimatorCheckpoint(file=given.name, source=source, licence=licence, sha256=sha256)


def _find(root: Path, name: str) -> Path:
    if name not in weights_for(LIA):
        raise InputError(f"{root}: its config takes the animator from a file; give {OPTION} {name}")
    return find([name], option=OPTION)


def _with(config: Config, checkpoint: AnimatorCheckpoint) -> Config:
    return config.model_copy(update={"animator": config.animator.taken_from(checkpoint)})


def _of_run(root: Path) -> AnimatorCheckpoint | None:
    return RunFolder.open(root).config.animator.checkpoint
