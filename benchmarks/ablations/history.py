"""`leo-bench ablate history`: long motion with and without history and anchor, paired by seed.

For every seed one LMDM a variant is trained (`benchmarks.ablations.runs`). Each continues the first
frames of the same held-out real videos with the same noise; codes are compared, and no frame is
rendered. Differences are taken seed by seed; their mean has an interval over seeds and videos
(`benchmarks.ablations.long_motion`). The same command again resumes: trained LMDMs, drawn codes and
cached real codes are used again.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from pydantic import Field

from leo_bench.benchmarks.ablations.ablation import Ablation, load_ablation
from leo_bench.benchmarks.ablations.code_windows import Windows, drawn_windows
from leo_bench.benchmarks.ablations.combining import Scores, combine
from leo_bench.benchmarks.ablations.long_motion import LongMotion, changes_within
from leo_bench.benchmarks.ablations.parts import (
    Parts,
    Surroundings,
    Trainings,
    check_seeds,
    real_side,
)
from leo_bench.benchmarks.ablations.record import AblationRecord, TrainedModel
from leo_bench.benchmarks.ablations.runs import (
    RunsRequest,
    Shared,
    Trained,
    held_out_loss,
    share,
)
from leo_bench.benchmarks.scores.code_motion import seams
from leo_bench.benchmarks.scores.code_signals import CodeSignals
from leo_bench.benchmarks.sources.open import SourceOptions, open_source
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.schema import Data
from leo_bench.evaluation.records import distance as records
from leo_bench.evaluation.records.circumstances import circumstances
from leo_bench.evaluation.videos.discover import OpenOptions
from leo_bench.evaluation.videos.source import Selection, VideoSource, fingerprint
from leo_bench.leo.diffusion import SamplerKind
from leo_bench.leo.sampling.drawing import Drawing
from leo_bench.leo.sampling.model import LeoModel, device_named
from leo_bench.leo.sampling.options import Sampling


class HistoryRequest(Data):
    """What the user asked for.

    Args:
        run: a run or shipped model with an animator.
        data, changes: as in `RunsRequest`.
        real: real videos to begin with and to compare with; None: the data set's test videos.
        variants: names of variants; empty: all.
        seeds: number of trainings of each variant.
        frames, count: length and number of the samples of each training.
        sampler, steps: as in `leo.sampling.options.Sampling`.
        data_root: where prepared data sets lie.
        device: of the networks; None: a GPU where there is one.
    """

    run: str
    data: str | None = None
    changes: tuple[str, ...] = ()
    real: str | None = None
    variants: tuple[str, ...] = ()
    seeds: int = 3
    frames: int = Field(default=1024, ge=3)
    count: int = Field(default=64, ge=1)
    sampler: SamplerKind = "ddim"
    steps: int = Field(default=50, ge=1)
    data_root: str | None = None
    device: str | None = None

    @property
    def cpu(self) -> bool:
        """Whether to train on the CPU."""
        return self.device is not None and self.device.startswith("cpu")

    @property
    def root(self) -> Path | None:
        """`data_root` as a path."""
        return None if self.data_root is None else Path(self.data_root)


@dataclass(frozen=True)
class Bench:
    """Measures trained models; `shared` is what they have in common."""

    request: HistoryRequest
    shared: Shared
    around: Surroundings

    @cached_property
    def real(self) -> VideoSource:
        """The real videos, one a sample; a world is rendered at the length of the samples.

        Raises:
            InputError: there are not as many.
        """
        spec, count = real_side(self.request.real, self.shared.data), self.request.count
        side, frames = self.shared.config.resolution, self.request.frames
        options = SourceOptions(OpenOptions(), self.request.root, side, frames=frames)
        source = open_source(spec, options)
        if len(source.names) < count:
            raise InputError(
                f"--count {count}: each sample begins with another real video, and {spec} has "
                f"{len(source.names)}"
            )
        return Selection(source, range(count), spec)

    @cached_property
    def seams(self) -> range:
        """The frames, counted from 0, at which windows of samples meet.

        Raises:
            InputError: samples are of one window.
        """
        lmdm, frames = self.shared.config.lmdm, self.request.frames
        met = seams(lmdm, frames)
        if not met:
            raise InputError(
                f"--frames {frames}: samples are of one window; give {met.start + 2} or more"
            )
        return met

    @cached_property
    def motion(self) -> LongMotion:
        """What samples are measured against.

        Raises:
            InputError: samples are of one window; real videos are too short, or do not move.
        """
        met, frames = self.seams, min(self.request.frames, *self.real.frame_counts)
        if frames < 3:
            raise InputError(f"{self.real.name}: a video has {frames} frames; give 3 or more")
        signals = CodeSignals.by(LeoModel.open(self.shared.root, device_named(self.request.device)))
        videos = range(len(self.real.names))
        codes = signals.of(self.real, videos, frames, self.around.resources("real codes"))
        real = Windows(torch.stack(list(codes)), self.real.names)
        return LongMotion(real, met, changes_within(self.shared.book.sequences))

    def measure(self, trained: Trained, scores: Scores) -> TrainedModel:
        """Draw a trained model's codes, and add their scores.

        Raises:
            InputError: as `drawn_windows`.
        """
        request = self.request
        sampling = Sampling(
            mode="conditional",
            seed=trained.seed,
            **request.model_dump(include={"frames", "count", "sampler", "steps"}),
        )
        model = LeoModel.open(trained.run, device_named(request.device))
        drawing = Drawing(model, sampling, self.real)
        digest = model.digest(drawing.stages())
        progress = self.around.resources(f"{trained.name}, codes").progress
        drawn = drawn_windows(drawing, digest, trained.run / "drawn.codes.safetensors", progress)
        for measure, score in self.motion.scores(drawn.codes):
            scores.add(measure.name, measure.about, trained, score)
        return TrainedModel(
            variant=trained.variant,
            seed=trained.seed,
            run=str(trained.run),
            model=digest,
            steps=model.config.lmdm.training.steps,
            reused=trained.reused,
            held_out_loss=held_out_loss(trained.run),
            start_distance=None,
        )


def ablate_history(request: HistoryRequest, around: Surroundings) -> AblationRecord:
    """Train what is missing, measure, and write OUT/history.json.

    A part (a variant of a seed) that fails is listed in `AblationRecord.unfinished`.

    Raises:
        InputError: the request is wrong, or no part could be finished.
    """
    began = time.monotonic()
    ablation = load_ablation("history")
    names = ablation.chosen(request.variants)
    check_seeds(request.seeds)
    runs = RunsRequest(
        out=around.out,
        run=request.run,
        config=None,
        data=request.data,
        changes=request.changes,
        data_root=request.root,
        cpu=request.cpu,
    )
    shared = share(runs, around.watchers, around.resources("encoding").progress)
    bench = Bench(request, shared, around)
    _ = bench.motion  # before the trainings: real videos may not fit
    variants = {name: ablation.variants[name] for name in names}
    parts = Trainings(shared, variants, request.seeds, request.cpu).measured(bench.measure, around)
    record = _record(ablation, names, bench, parts, time.monotonic() - began)
    records.write_record(record, around.out / "history.json")
    return record


def _record(
    ablation: Ablation, names: Sequence[str], bench: Bench, parts: Parts, seconds: float
) -> AblationRecord:
    request, real = bench.request, bench.motion.real.codes.shape[1]
    notes = []
    if real < request.frames:
        notes.append(
            f"the real videos have {real} frames, the samples {request.frames}: what is outside "
            "in the one length is not so in the other"
        )
    return AblationRecord(
        ablation=ablation.id,
        source=ablation.source,
        column=bench.real.name,
        setting=(
            f"{request.count} samples of {request.frames} frames a training, codes alone, "
            f"{request.sampler}-{request.steps}, from the first frames of {bench.real.name} "
            f"({fingerprint(bench.real)[:12]}); seams in each: {len(bench.seams)}"
        ),
        measured=tuple(combine(parts.scores, ablation, names)),
        trained=parts.trained,
        unfinished=parts.unfinished,
        dataset=None,
        comparable=False,
        caveats=("measured in motion codes; nothing was published",),
        notes=(*notes, *sorted(parts.scores.notes)),
        seconds=round(seconds, 3),
        **circumstances(),
        request=request.model_dump(mode="json"),
    )
