"""From a config, videos and a run folder to trained stages, in their order (spec 5.2).

job = Job(run, lambda: source)
train_stage(job, "animator"); encode_run(job); train_stage(job, "lmdm")
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import torch
from filelock import FileLock

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.videos.digests import file_sha256
from leo_bench.evaluation.videos.source import VideoSource, fingerprint
from leo_bench.leo.config import STAGES, Training
from leo_bench.leo.data.cut_frames import cut_note
from leo_bench.leo.data.encode import CODES, CodeBook, Progress, encode, read_codes, write_codes
from leo_bench.leo.data.videos import (
    PACK_BYTES,
    TrainingVideos,
    check_enough,
    judged,
    open_training_videos,
    split,
)
from leo_bench.leo.stage import Stage
from leo_bench.leo.stages.perceptual import choose
from leo_bench.leo.training.loop import is_done, train
from leo_bench.leo.training.run_folder import RunFolder, has_begun, table_of
from leo_bench.leo.training.watching import Watcher

SHARES = (0.05, 0.1, 0.2, 0.3, 0.4)  # of held-out videos, to be advised

TableT = TypeVar("TableT")


@dataclass(frozen=True)
class Job:
    """A run and what its stages are built from; data are opened when a stage first needs them.

    Args:
        run: the folder, with its config.
        open_source: gives the training videos.
        vgg: VGG-19's weights; None: where `leo-bench weights fetch` puts them.
        watchers: are told how training goes.
        progress: is told how packing and encoding go.
        cpu: stay on the CPU even where there is a GPU.
        pack_bytes: how much of the disk packed frames may take; changes no result.
    """

    run: RunFolder
    open_source: Callable[[], VideoSource]
    vgg: Path | None = None
    watchers: Sequence[Watcher] = field(default=())
    progress: Progress | None = None
    cpu: bool = False
    pack_bytes: int = PACK_BYTES

    @property
    def device(self) -> str:
        """Where codes are made."""
        return "cuda" if torch.cuda.is_available() and not self.cpu else "cpu"

    def say(self, line: str) -> None:
        """Something that a person should read."""
        for watcher in self.watchers:
            watcher.say(line)

    @cached_property
    def source(self) -> VideoSource:
        """The training videos as they are stored; what is to be known of them is said."""
        source = self.open_source()
        for note in filter(None, dict.fromkeys([*source.notes, cut_note(source)])):
            self.say(f"note: {note}")
        return source

    @cached_property
    def fingerprint(self) -> str:
        """Of the training videos; no frame is decoded for it."""
        return fingerprint(self.source)

    @cached_property
    def videos(self) -> TrainingVideos:
        """The training videos at the config's resolution."""
        return self.videos_at(self.run.config.resolution)

    def videos_at(self, resolution: int) -> TrainingVideos:
        """The training videos at another resolution: the cDDPM's, before super-resolution."""
        held_out = self.run.config.held_out
        videos = open_training_videos(
            self.source, resolution, held_out, self.pack_bytes, self.progress
        )
        if videos.unpacked_note is not None:
            self.say(videos.unpacked_note)
        return videos

    @property
    def animator_file(self) -> Path:
        """The trained animator.

        Raises:
            InputError: there is none yet.
        """
        path = self.run.root / "animator" / "model.safetensors"
        if not path.is_file():
            raise InputError(
                f"{path}: no animator yet; `leo-bench train animator --run {self.run.root}` "
                "comes first"
            )
        return path

    @cached_property
    def codes(self) -> CodeBook:
        """The codes of the training videos, as `leo-bench encode` made them.

        Raises:
            InputError: there are none, or they are of another animator or other videos.
        """
        animator, path = self.animator_digest, self.run.root / CODES
        book = read_codes(path)
        if book.digest != self.codes_digest:
            raise InputError(
                f"{path}: codes of another animator or other videos; "
                f"remove the file and run `leo-bench encode --run {self.run.root}` again"
            )
        return replace(book, animator=animator)  # in files from before, too

    @property
    def codes_digest(self) -> str:
        """What codes follow from: the videos and the animator's file."""
        return hashlib.sha256(f"{self.fingerprint}\0{self.animator_digest}".encode()).hexdigest()

    @cached_property
    def animator_digest(self) -> str:
        """Hex SHA-256 of the animator's file, which is final once it is there."""
        return file_sha256(self.animator_file)


def train_stage(job: Job, name: str) -> Path:
    """Train one stage, from where it stopped; -> its model file.

    Raises:
        InputError: no such stage in this config, or what comes before it is missing; videos that
            are too short for it; as `train`.
    """
    check_stage(name)
    if name in _windows(job):
        check_lengths(job, [name])
    return _train(job, name)


def _train(job: Job, name: str) -> Path:
    if name == "animator" and is_done(folder := job.run.stage(name, job.fingerprint)):
        return folder.model  # whatever VGG weights are here: it needs none any more
    stage, data = _BUILDERS[name](job)
    folder = job.run.stage(name, data, stage.metadata.get("perceptual"))
    training: Training = getattr(job.run.config, table_of(name)).training
    return train(stage, training, folder, job.watchers, cpu=job.cpu)


def check_stage(name: str) -> None:
    """See that there is such a stage.

    Raises:
        InputError: there is none.
    """
    if name not in STAGES:
        raise InputError(f"no stage {name!r}; known are {', '.join(STAGES)}, all")


def encode_run(job: Job) -> CodeBook:
    """The run's codes, made if they are not there yet."""
    from leo_bench.leo.models.animator import ImageAnimator
    from leo_bench.leo.models.animator_files import generator_from_file

    animator, path = job.animator_file, job.run.root / CODES
    with FileLock(path.with_suffix(".lock")):  # of several processes, one encodes
        if not path.is_file():
            maker = ImageAnimator(generator_from_file(animator).to(job.device))
            book = encode(maker, job.videos, job.codes_digest, job.progress)
            write_codes(replace(book, animator=job.animator_digest), path)
    return job.codes


def train_all(job: Job) -> list[Path]:
    """Every stage that the config has, in order; what is done already is left as it is.

    Raises:
        InputError: as `train_stage`; before anything is trained, where videos are too short.
    """
    check_lengths(job)
    done = [_train(job, "animator")]
    encode_run(job)
    return done + [_train(job, name) for name in _stages_of(job)[1:]]


def check_lengths(job: Job, stages: Sequence[str] | None = None) -> None:
    """Say at the start which videos are too short for the windows that motion is learned from.

    Of `stages`; None: of all that the config has.

    Raises:
        InputError: no training video, or no held-out one, is long enough; as `check_enough`.
    """
    check_enough(job.source)
    counts = job.source.frame_counts
    training, held_out = split(job.source.names, job.run.config.held_out)
    shown = judged(training, held_out)
    windows = _windows(job)
    for stage in windows if stages is None else stages:
        table, (length, stride) = table_of(stage), windows[stage]
        frames = (length - 1) * stride + 1
        fitting = [sum(counts[i] >= frames for i in part) for part in (training, shown)]
        line = (
            f"{job.source.name}: {table} learns windows of {length} codes at frame stride {stride} "
            f"and needs videos of {frames} frames; {fitting[0]} of {len(training)} training videos "
            f"and {fitting[1]} of {len(shown)} that it is judged on are as long "
            f"(the longest has {max(counts)})"
        )
        if 0 in fitting:
            raise InputError(
                f"{line}: give longer videos, or a smaller {table}.length"
                f"{_other_share(job.run.root, job.source, frames)}"
            )
        if fitting[0] < len(training):
            job.say(line)


def _windows(job: Job) -> dict[str, tuple[int, int]]:
    """The length and the smallest frame stride of windows, of stages that learn from them."""
    config = job.run.config
    found = {"lmdm": (config.lmdm.length, config.lmdm.frame_stride)}
    if config.transition_dm is not None:
        found["transition-dm"] = config.transition_dm.length, min(config.transition_dm.strides)
    return found


def _other_share(run: Path, source: VideoSource, frames: int) -> str:
    """Advice, if there is any: a share of held-out videos with one of so many frames in each part.

    What is held out is the same for all stages: of a run that has begun it cannot be changed.
    """
    for share in SHARES:
        parts = split(source.names, share)
        if all(any(source.frame_counts[i] >= frames for i in part) for part in parts):
            where = " in another --run" if has_begun(run) else ""
            return f", or hold out another share: --set held_out={share}{where}"
    return ""


def _stages_of(job: Job) -> list[str]:
    """The stages that the config has, in order."""
    config = job.run.config
    return [name for name in STAGES if getattr(config, table_of(name)) is not None]


def _there(table: TableT | None, job: Job, name: str) -> TableT:
    """The config's table of a stage.

    Raises:
        InputError: it has none.
    """
    if table is None:
        raise InputError(
            f"config {job.run.config.id} has no [{table_of(name)}]; "
            f"it has {', '.join(_stages_of(job))}"
        )
    return table


# Each gives the stage and the digest of what it is trained on. A stage's module is imported when
# it is wanted: the diffusion stages bring diffusers, which takes seconds.
_Built = tuple[Stage, str]


def _animator(job: Job) -> _Built:
    from leo_bench.leo.stages import animator

    config = job.run.config
    perceptual = choose(config.animator.perceptual, job.vgg)
    job.say(perceptual.note)
    crop_from = config.animator.augmentation.crop_from
    larger = None if crop_from is None else job.videos_at(crop_from)
    stage = animator.build(config.animator, job.videos, perceptual, config.seed, larger)
    return stage, job.videos.digest


def _lmdm(job: Job) -> _Built:
    from leo_bench.leo.stages import lmdm

    config, book = job.run.config, job.codes
    return lmdm.build(config.lmdm, book, config.seed), book.digest


def _frame_dm(job: Job) -> _Built:
    from leo_bench.leo.stages import frame_dm

    config, book = job.run.config, job.codes
    return frame_dm.build(config.frame_dm, book, config.seed), book.digest


def _transition_dm(job: Job) -> _Built:
    from leo_bench.leo.stages import transition_dm

    config = _there(job.run.config.transition_dm, job, "transition-dm")
    return transition_dm.build(config, job.codes, job.run.config.seed), job.codes.digest


def _cddpm(job: Job) -> _Built:
    from leo_bench.leo.stages import cddpm

    config, book = job.run.config, job.codes  # codes first: frames may take long to pack
    videos = job.videos_at(config.cddpm.resolution)
    return cddpm.build(config.cddpm, videos, book, config.seed), book.digest


def _super_resolution(job: Job) -> _Built:
    from leo_bench.leo.stages import super_resolution

    config = _there(job.run.config.super_resolution, job, "super-resolution")
    low, seed, book = job.run.config.cddpm.resolution, job.run.config.seed, job.codes
    return super_resolution.build(config, low, job.videos, book, seed), book.digest


_BUILDERS: dict[str, Callable[[Job], _Built]] = {
    "animator": _animator,
    "lmdm": _lmdm,
    "frame-dm": _frame_dm,
    "transition-dm": _transition_dm,
    "cddpm": _cddpm,
    "super-resolution": _super_resolution,
}
