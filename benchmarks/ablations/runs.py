"""The training runs of an ablation: one for all shared stages, and one a variant and seed.

OUT/shared/          animator, codes, models of first codes and first frames: linked from the given
                     run, or trained here
OUT/VARIANT-seedK/   a complete training run: the shared files, and its own LMDM

The variants of a seed have the same codes, initial weights, batches, diffusion steps and noise
(`leo.stages.lmdm`) and differ in the condition alone. What is finished is not trained again.
"""

import contextlib
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from leo_bench.benchmarks.ablations.ablation import Variant
from leo_bench.benchmarks.runs.training import RunRequest, open_job
from leo_bench.benchmarks.sources.training_data import DATA, remembered
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.features.of_clips import Progress
from leo_bench.evaluation.videos.digests import file_sha256
from leo_bench.leo.checkpoint import load_model
from leo_bench.leo.config import Config, load_config
from leo_bench.leo.data.encode import CODES, CodeBook
from leo_bench.leo.sampling.model import find_model, model_file
from leo_bench.leo.stages import lmdm
from leo_bench.leo.training.job import Job, encode_run, train_stage
from leo_bench.leo.training.loop import train
from leo_bench.leo.training.run_folder import RunFolder, StageFolder
from leo_bench.leo.training.watching import Watcher

SHARED_STAGES = ("animator", "frame-dm", "cddpm", "super-resolution")


@dataclass(frozen=True)
class RunsRequest:
    """The training runs of an ablation.

    Args:
        out: folder of all of them.
        run: the run or shipped model that has the animator; None: train all stages by `config`.
        config: a shipped config or a .toml file; None: that of `run`.
        data: training videos; None: those of `run`.
        changes: changes of the config for all variants, such as "lmdm.training.steps=1500".
        stages: those of SHARED_STAGES that samples need besides the animator.
        data_root, vgg, cpu: as in `RunRequest`.
    """

    out: Path
    run: str | None
    config: str | None
    data: str | None
    changes: Sequence[str] = ()
    stages: Sequence[str] = ()
    data_root: Path | None = None
    vgg: Path | None = None
    cpu: bool = False


@dataclass(frozen=True)
class Shared:
    """What all variants have in common.

    Args:
        root: OUT/shared.
        config: of the run, with the requested changes.
        book: codes of the training videos.
        data: the training videos, as on the command line.
        given: the run that was given, if any.
    """

    root: Path
    config: Config
    book: CodeBook
    data: str
    given: Path | None


@dataclass(frozen=True)
class Trained:
    """The trained run of a variant; `reused`: its LMDM is that of the given run."""

    variant: str
    seed: int
    run: Path
    reused: bool

    @property
    def name(self) -> str:
        """The name of its folder."""
        return self.run.name


def share(request: RunsRequest, watchers: Sequence[Watcher], progress: Progress | None) -> Shared:
    """Link or train everything but the LMDMs.

    Raises:
        InputError: neither run nor config, or both; the given run has no animator, no model of
            first frames, or no data; changes of stages that are taken from it.
    """
    if (request.run is None) == (request.config is None):
        raise InputError("give --run (a run, or leo:NAME), or --config to train everything")
    root = request.out / "shared"
    given = None if request.run is None else find_model(request.run)
    if given is not None:
        _check(given, request)
    job = open_job(
        RunRequest(
            run=root,
            config=str(given / "config.toml") if given is not None else request.config,
            data=request.data,
            like=given,
            changes=request.changes,
            data_root=request.data_root,
            vgg=request.vgg,
            cpu=request.cpu,
        )
    )
    job = replace(job, watchers=watchers, progress=progress)
    if given is None:
        train_stage(job, "animator")
    else:
        _link_stages(given, root)
        if (given / CODES).is_file():
            link(given / CODES, root / CODES)
    book = encode_run(job)
    for stage in request.stages:
        if getattr(job.run.config, stage.replace("-", "_")) is not None:
            _provide(job, stage, given)
    training = remembered(root)
    data = "" if training is None else training.data
    return Shared(root, job.run.config, book, data, given)


def train_variant(
    shared: Shared,
    variant: tuple[str, Variant],
    seed: int,
    out: Path,
    watchers: Sequence[Watcher],
    cpu: bool = False,
) -> Trained:
    """Train the LMDM of a variant and seed, or take that of the given run if it is the same.

    Raises:
        InputError: as `train`; the folder has another config or other shared files.
    """
    name, how = variant
    root = out / f"{name}-seed{seed}"
    changes = [*how.changes, f"seed={seed}"]
    run = RunFolder.create(root, load_config(str(shared.root / "config.toml"), changes))
    _link_stages(shared.root, root)
    for file in (CODES, DATA):
        link(shared.root / file, root / file)
    config = run.config
    folder = run.stage("lmdm", shared.book.digest)
    reused = shared.given is not None and _reuse(model_file(shared.given, "lmdm"), folder)
    model = lmdm.build(config.lmdm, shared.book, config.seed)
    train(model, config.lmdm.training.without_evaluations, folder, watchers, cpu)
    return Trained(name, seed, root, reused)


def held_out_loss(run: Path) -> float | None:
    """The held-out loss of a run's LMDM after its last step."""
    found = json.loads(load_model(model_file(run, "lmdm")).metadata.get("validation", "{}"))
    return found.get("loss") if isinstance(found, dict) else None


def link(source: Path, target: Path) -> None:
    """Hard-link a file, or copy it; safe since files of runs are replaced, not written into.

    Raises:
        InputError: another file is at `target`, or its folder cannot be written to.
    """
    if target.exists():
        if not target.samefile(source) and file_sha256(target) != file_sha256(source):
            raise InputError(
                f"{target}: is not {source}: this folder was begun with another run; "
                "give another --out"
            )
        return
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = target.with_name(f".{target.name}.{os.getpid()}.part")
        with contextlib.suppress(FileNotFoundError):
            unfinished.unlink()
        try:
            os.link(source.resolve(), unfinished)
        except OSError:  # another disk, or one without links
            shutil.copyfile(source, unfinished)
        unfinished.replace(target)
    except OSError as error:
        raise InputError(f"{target}: cannot be written: {error.strerror or error}") from None


def _link_stages(run: Path, root: Path) -> None:
    for stage in SHARED_STAGES:
        if model_file(run, stage).is_file():
            link(model_file(run, stage), root / stage / "model.safetensors")


def _check(given: Path, request: RunsRequest) -> None:
    """Refuse a given run that lacks what is taken from it."""
    if not model_file(given, "animator").is_file():
        raise InputError(
            f"{given}: no trained animator; `leo-bench train animator --run {given}` comes first, "
            "or give --config to train everything"
        )
    training = remembered(given)
    if training is not None and training.has_other_framing:
        raise InputError(
            f"{given}: was trained on {training}, and an ablation crops no videos: give a run "
            "whose training videos were cropped beforehand"
        )
    if request.data is None and training is None:
        raise InputError(
            f"{given}: does not say what it was trained on: give --data, as in "
            "--data toy-faces/train; its codes are made of these videos"
        )
    for change in request.changes:
        if not change.strip().startswith("lmdm."):
            raise InputError(
                f"--set {change}: all but the LMDM is taken from {given}; change lmdm.… alone, or "
                "train everything with --config"
            )


def _provide(job: Job, stage: str, given: Path | None) -> None:
    """Train a missing stage; a model of first frames is not trained for a given run."""
    if model_file(job.run.root, stage).is_file():
        return
    if given is not None and stage != "frame-dm":
        raise InputError(
            f"{given}: no {stage} to draw first frames with; `leo-bench train {stage} --run "
            f"{given}` makes it, or use --start given"
        )
    train_stage(job, stage)


def _reuse(lmdm_file: Path, folder: StageFolder) -> bool:
    """Link an LMDM if it was made from the same config, seed and codes; return whether it was."""
    if folder.model.exists():
        return lmdm_file.is_file() and folder.model.samefile(lmdm_file)
    try:
        folder.origin.check(lmdm_file, load_model(lmdm_file).metadata)
    except InputError:
        return False
    link(lmdm_file, folder.model)
    return True
