"""A training job: from a config, videos and a run folder to trained stages, in order.

job = Job(run, lambda: source)
train_stage(job, "animator"); encode_run(job); train_stage(job, "lmdm")
"""

import hashlib
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from filelock import FileLock

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.extractors.numerics import usual_device
from leo_bench.evaluation.files.known_names import known_are
from leo_bench.evaluation.processes.team import Alone, Team
from leo_bench.evaluation.videos.digests import file_sha256
from leo_bench.evaluation.videos.source import VideoSource, fingerprint
from leo_bench.leo.data.cropping import CroppedVideos
from leo_bench.leo.data.encode import (
    CODES,
    CodeBook,
    Progress,
    encode,
    machine_of,
    read_codes,
    write_codes,
)
from leo_bench.leo.data.kept_crops import CROPS, find_crops
from leo_bench.leo.data.videos import (
    PACK_BYTES,
    TrainingVideos,
    check_enough,
    cut_note,
    judged,
    open_training_videos,
    split,
)
from leo_bench.leo.stages import ENTRIES, STAGES, WindowSize
from leo_bench.leo.stages.perceptual import Chosen, choose
from leo_bench.leo.training.evaluating import Evaluator
from leo_bench.leo.training.loop import is_done, train
from leo_bench.leo.training.run_folder import RunFolder, has_begun
from leo_bench.leo.training.taken_animator import take
from leo_bench.leo.training.watching import Watcher

PARTS = ".codes"  # folder of unfinished codes, in that of the run
SHARES = (0.05, 0.1, 0.2, 0.3, 0.4)  # of held-out videos, to suggest


@dataclass(frozen=True)
class Job:
    """A training run and its data, which are opened when a stage first needs them.

    Args:
        run: the folder, with its config.
        open_source: opens the training videos.
        vgg: VGG-19's weights; None: where `leo-bench weights fetch` puts them.
        animator: file of the animator, if the config takes it from one; None: it was taken already.
        watchers: are told the progress of training.
        progress: is told the progress of finding crops, packing and encoding.
        cpu: use the CPU even where there is a GPU.
        pack_bytes: disk space for packed frames, at most; changes no result.
        evaluator: (job, stage) -> what evaluates its samples; for stages with `evaluate_every`.
        show_crops: is told of cropped videos when all crops are known.
    """

    run: RunFolder
    open_source: Callable[[], VideoSource]
    vgg: Path | None = None
    animator: Path | None = None
    watchers: Sequence[Watcher] = field(default=())
    progress: Progress | None = None
    cpu: bool = False
    pack_bytes: int = PACK_BYTES
    evaluator: Callable[["Job", str], Evaluator] | None = None
    show_crops: Callable[[CroppedVideos], None] | None = None

    def say(self, line: str) -> None:
        """Pass a line for the user to the watchers."""
        for watcher in self.watchers:
            watcher.say(line)

    @cached_property
    def opened(self) -> VideoSource:
        """The training videos, before any crop is found; notes are passed to the watchers."""
        source = self.open_source()
        for note in filter(None, dict.fromkeys([*source.notes, cut_note(source)])):
            self.say(f"note: {note}")
        return source

    @cached_property
    def source(self) -> VideoSource:
        """The training videos at the size that they are stored or cropped at."""
        source = self.opened
        if isinstance(source, CroppedVideos):
            find_crops(source, self.run.root / CROPS, self.progress)
            for note in source.crop_notes:
                self.say(f"note: {note}")
            if self.show_crops is not None:
                self.show_crops(source)
        return source

    @cached_property
    def fingerprint(self) -> str:
        """Of the training videos; no frame is decoded for it."""
        return fingerprint(self.opened)

    @cached_property
    def videos(self) -> TrainingVideos:
        """The training videos at the config's resolution."""
        return self.videos_at(self.run.config.resolution)

    def videos_at(self, resolution: int) -> TrainingVideos:
        """The training videos at another resolution."""
        held_out = self.run.config.held_out
        videos = open_training_videos(
            self.source, resolution, held_out, self.pack_bytes, self.progress
        )
        if videos.unpacked_note is not None:
            self.say(videos.unpacked_note)
        return videos

    @property
    def larger_videos(self) -> TrainingVideos | None:
        """The videos at the size that the animator's pairs are cropped from; None: the model's."""
        crop_from = self.run.config.animator.augmentation.crop_from
        return None if crop_from is None else self.videos_at(crop_from)

    @property
    def perceptual(self) -> Chosen:
        """The animator's perceptual loss."""
        chosen = choose(self.run.config.animator.perceptual, self.vgg)
        self.say(chosen.note)
        return chosen

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
    def animator_digest(self) -> str:
        """Hex SHA-256 of the animator's file, which is final once it is there."""
        return file_sha256(self.animator_file)

    @property
    def codes_digest(self) -> str:
        """Hex SHA-256 of what the codes follow from: the videos and the animator's file."""
        return hashlib.sha256(f"{self.fingerprint}\0{self.animator_digest}".encode()).hexdigest()

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
        # Which older files do not hold.
        return replace(book, animator=animator, licence=self.run.config.licence)

    def has(self, stage: str) -> bool:
        """Whether the config has a table for a stage."""
        return getattr(self.run.config, ENTRIES[stage].table) is not None


def train_stage(job: Job, name: str) -> Path:
    """Train one stage, from where it stopped; return its model file.

    Raises:
        InputError: no such stage in this config, or what comes before it is missing; videos that
            are too short for it; as `train`; as `take`, of an animator that is taken from a file.
    """
    check_stage(name)
    if name in _windows(job):
        check_lengths(job, [name])
    if job.animator is not None and name != STAGES[0]:
        _train(job, STAGES[0])
    return _train(job, name)


def _train(job: Job, name: str) -> Path:
    entry, first = ENTRIES[name], name == STAGES[0]
    if first and job.run.config.animator.checkpoint is not None:
        model, line = take(job.run, job.animator)
        job.say(line)
        return model
    if first and is_done(folder := job.run.stage(name, job.fingerprint)):
        return folder.model  # a finished animator needs no VGG weights
    table: Any = getattr(job.run.config, entry.table)
    if table is None:
        there = ", ".join(stage for stage in STAGES if job.has(stage))
        raise InputError(
            f"config {job.run.config.id} has no [{entry.table}], for {entry.about}; it has {there}"
        )
    stage = entry.module().build(table, **entry.inputs(job))
    data = job.fingerprint if first else job.codes.digest
    folder = job.run.stage(name, data, stage.metadata.get("perceptual"))
    evaluator = None if job.evaluator is None else partial(job.evaluator, job, name)
    return train(stage, table.training, folder, job.watchers, job.cpu, evaluator)


def check_stage(name: str) -> None:
    """Check that there is a stage of this name.

    Raises:
        InputError: there is none.
    """
    if name not in STAGES:
        raise InputError(f"no stage {name!r}; {known_are(name, (*STAGES, 'all'))}")


def encode_run(job: Job, team: Team | None = None) -> CodeBook:
    """The run's codes, made if they are not there yet.

    Args:
        job: the run.
        team: processes that divide the videos; None: one encodes, and the others wait for it.

    Raises:
        ShareDone: in every process of a team but the first.
    """
    from leo_bench.leo.models.animator import ImageAnimator
    from leo_bench.leo.models.animator_files import generator_from_file

    team = team or Alone()
    animator, path = job.animator_file, job.run.root / CODES
    device = "cpu" if job.cpu else usual_device()
    lock = FileLock(path.with_suffix(".lock")) if team.rank == 0 else nullcontext()
    with lock:  # of several commands, one encodes
        if not path.is_file():
            encoder = ImageAnimator(generator_from_file(animator).to(device))
            parts = path.with_name(PARTS)
            machine = machine_of(device)
            book = encode(encoder, job.videos, job.codes_digest, machine, parts, team, job.progress)
            licence = job.run.config.licence
            write_codes(replace(book, animator=job.animator_digest, licence=licence), path)
            shutil.rmtree(parts, ignore_errors=True)
    team.first_only()
    return job.codes


def train_all(job: Job) -> list[Path]:
    """Train every stage that the config has, in order; finished stages are left as they are.

    Raises:
        InputError: as `train_stage`; videos that are too short, before anything is trained.
    """
    check_lengths(job)
    done = [_train(job, STAGES[0])]
    encode_run(job)
    return done + [_train(job, name) for name in STAGES[1:] if job.has(name)]


def check_lengths(job: Job, stages: Sequence[str] | None = None) -> None:
    """Check that some videos are long enough for the windows that motion is learned from.

    Of `stages`; None: of all that the config has. Where some videos are too short, a line says how
    many.

    Raises:
        InputError: no training video, or no held-out one, is long enough for a window, or no
            training video for a window and the codes before it; as `check_enough`.
    """
    source = job.opened
    check_enough(source)
    counts = source.frame_counts
    training, held_out = split(source.names, job.run.config.held_out)
    validated = judged(training, held_out)
    windows = _windows(job)
    for stage in windows if stages is None else stages:
        table, (codes, stride, before) = ENTRIES[stage].table, windows[stage]
        frames = (codes - 1) * stride + 1
        fitting = [sum(counts[i] >= frames for i in part) for part in (training, validated)]
        line = (
            f"{source.name}: {table} learns windows of {codes} codes at frame stride {stride} "
            f"and needs videos of {frames} frames; {fitting[0]} of {len(training)} "
            f"training videos and {fitting[1]} of {len(validated)} that it is judged on are as "
            f"long (the longest has {max(counts)})"
        )
        if 0 in fitting:
            raise InputError(
                f"{line}: give longer videos, or a smaller {table}.length"
                f"{_other_share(job.run.root, source, frames)}"
            )
        longest = max(counts[i] for i in training)
        if longest < frames + before * stride:
            raise InputError(
                f"{source.name}: {table}.history needs one training video with {before} codes "
                f"before a window, which are {frames + before * stride} frames; the longest has "
                f"{longest}: give longer videos, or a smaller {table}.history or {table}.length"
            )
        if fitting[0] < len(training):
            job.say(line)


def _windows(job: Job) -> Mapping[str, WindowSize]:
    """The windows of the stages that learn any, by stage."""
    return {
        name: entry.windows(getattr(job.run.config, entry.table))
        for name, entry in ENTRIES.items()
        if entry.windows is not None and job.has(name)
    }


def _other_share(run: Path, source: VideoSource, frames: int) -> str:
    """Advice, if any: a share of held-out videos that leaves a video of `frames` in both parts.

    The held-out videos are the same for all stages, so a run that has begun keeps its share.
    """
    for share in SHARES:
        parts = split(source.names, share)
        if all(any(source.frame_counts[i] >= frames for i in part) for part in parts):
            where = " in another --run" if has_begun(run) else ""
            return f", or hold out another share: --set held_out={share}{where}"
    return ""
