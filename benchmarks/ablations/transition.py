"""`leo-bench ablate transition`: long motion with and without the Transition DM (Table 5).

One trained LEO draws the same samples twice: a sample has the same first code and the same noise in
every window. The paper asks raters "does the clip contain repeated motion?"; here
`repetition.score` decides from the motion codes, calibrated on real videos of the same length. No
frame is rendered. Samples are paired: `uncertainty.paired_shares` gives interval and test.
"""

import hashlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import torch
from pydantic import Field
from torch import Tensor

from leo_bench.benchmarks.ablations.ablation import Ablation, load_ablation
from leo_bench.benchmarks.ablations.code_windows import Windows, drawn_windows
from leo_bench.benchmarks.ablations.record import AblationRecord, AblationRow, Change, Measured
from leo_bench.benchmarks.scores.code_signals import CodeSignals
from leo_bench.benchmarks.sources.open import SourceOptions, open_source
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.files.schema import Data
from leo_bench.evaluation.records import distance as records
from leo_bench.evaluation.records.circumstances import circumstances
from leo_bench.evaluation.repetition.recurrence import check_frames
from leo_bench.evaluation.repetition.score import (
    REPETITION_VERSION,
    Calibration,
    Null,
    RepetitionSettings,
    SourceRepetition,
    calibrate,
    source_repetition,
)
from leo_bench.evaluation.uncertainty.intervals import ends
from leo_bench.evaluation.uncertainty.mean_intervals import difference_interval, mean_interval
from leo_bench.evaluation.uncertainty.paired_shares import paired_difference, wilson_interval
from leo_bench.evaluation.videos.discover import OpenOptions
from leo_bench.evaluation.videos.source import Selection, VideoSource, fingerprint
from leo_bench.leo.sampling.drawing import Drawing
from leo_bench.leo.sampling.model import LeoModel, device_named, find_model
from leo_bench.leo.sampling.options import Sampling

LEAST_ALIKE = -1.0  # of samples without motion, or whose positions diverge entirely

JOINED_SEGMENTS = 3  # shortest length of a real video that is joined with others, in segments

NULLS: dict[Null, str] = {
    "real": "a segment comes back more closely than in real videos of this length",
    "strangers": "a segment is more like an earlier one than motions of two real videos ever are",
}


class TransitionRequest(Data):
    """What the user asked for.

    Args:
        run: a training run or shipped model with an LMDM, a frame-wise DM and a Transition DM.
        real: real videos to calibrate on; a world is rendered at the length of the samples.
        frames, count: length and number of the samples.
        join: concatenate the codes of different real videos, which are shorter than the samples.
        real_count: largest number of real videos; None: the number of samples, but at least as
            many as the calibration needs.
        seed, sampler, steps: as in `leo.sampling.options.Sampling`.
        repetition: what counts as repeated motion.
        data_root: where prepared data sets lie.
        device: of the networks; None: a GPU where there is one.
    """

    run: str
    real: str
    frames: int = 512
    count: int = Field(default=64, ge=1)
    join: bool = False
    real_count: int | None = Field(default=None, ge=1)
    seed: int = 0
    sampler: str = "ddim"
    steps: int = 50
    repetition: RepetitionSettings = RepetitionSettings()
    data_root: str | None = None
    device: str | None = None


@dataclass(frozen=True)
class Found:
    """The drawn samples, and the real videos that they are compared with."""

    model: LeoModel
    real: VideoSource
    calibration: Calibration
    by_variant: dict[str, SourceRepetition]


def ablate_transition(
    request: TransitionRequest, out: Path, resources: Callable[[str], Resources]
) -> AblationRecord:
    """Draw samples, find repeats in them, and write OUT/transition.json.

    Raises:
        InputError: a stage is not trained; real videos are too few or too short; `out` cannot be
            written to.
    """
    began = time.monotonic()
    check_frames(request.frames, request.repetition.search)
    ablation = load_ablation("transition")
    model = _model(request)
    source = open_real(request, model.config.resolution)
    real = real_signals(request, model, source, resources("real codes"))
    calibration = calibrate(real, request.repetition)
    drawn = {name: _drawn(request, ablation, name, model, out, resources) for name in ablation.rows}
    found = {
        name: source_repetition(zip(windows.videos, windows.codes, strict=True), calibration)
        for name, windows in drawn.items()
    }
    record = _record(
        request, ablation, Found(model, source, calibration, found), time.monotonic() - began
    )
    records.write_record(record, out / "transition.json")
    return record


def measured_under(null: Null, ablation: Ablation, found: Found) -> Measured:
    """The table's measure: the share of samples whose closest repeat exceeds that of `null`."""
    limit = found.calibration.threshold_of(null)
    flags = {
        name: [video.closest > limit for video in of.videos.values()]
        for name, of in found.by_variant.items()
    }
    rows = tuple(
        _row(ablation, name, sum(own) / len(own), wilson_interval(sum(own), len(own)), len(own))
        for name, own in flags.items()
    )
    pairs = {
        name: paired_difference(own, flags[ablation.reference])
        for name, own in flags.items()
        if name != ablation.reference
    }
    settings = found.calibration.settings
    return Measured(
        name="repeated motion" if null == settings.null else f"repeated motion ({null})",
        about=f"share of samples in which {NULLS[null]} ({settings.false_alarms:g} of these may)",
        covers="samples, in pairs (Newcombe's interval); the calibration's own chance is not in it",
        rows=rows,
        changes=tuple(
            Change(
                variant=name,
                reference=ablation.reference,
                value=pair.value,
                interval=pair.interval,
                p_value=pair.p_value,
            )
            for name, pair in pairs.items()
        ),
    )


def measured_closeness(ablation: Ablation, found: Found) -> Measured:
    """The mean similarity of closest repeats, which also differs between shares of 0."""
    alike = {
        name: {video: max(result.closest, LEAST_ALIKE) for video, result in of.videos.items()}
        for name, of in found.by_variant.items()
    }
    rows = tuple(
        _row(ablation, name, fmean(own.values()), ends(mean_interval(own)), len(own))
        for name, own in alike.items()
    )
    reference = alike[ablation.reference]
    changes = tuple(
        Change(
            variant=name,
            reference=ablation.reference,
            value=fmean(own.values()) - fmean(reference.values()),
            interval=ends(difference_interval(own, reference, paired=True)),
        )
        for name, own in alike.items()
        if name != ablation.reference
    )
    real = fmean(max(closest, LEAST_ALIKE) for closest in found.calibration.closest["real"])
    return Measured(
        name="closest repeat",
        about=(
            "how alike a sample's closest two segments are: 1 the same, 0 unrelated, less where "
            f"places part; real videos have {real:.3g} on average, and what exceeds "
            f"{found.calibration.threshold:.3g} is flagged"
        ),
        covers="samples, in pairs",
        rows=rows,
        changes=changes,
    )


def _row(
    ablation: Ablation, name: str, value: float, interval: tuple[float, float] | None, count: int
) -> AblationRow:
    return AblationRow(
        variant=name,
        label=ablation.variants[name].label,
        value=value,
        by_seed=(),
        spread=None,
        interval=interval,
        count=count,
    )


def open_real(request: TransitionRequest, resolution: int) -> VideoSource:
    """Open the real videos to calibrate on; a world is rendered at the samples' length.

    Raises:
        InputError: there are none, or they are too short.
    """
    root = None if request.data_root is None else Path(request.data_root)
    frames = None if request.join else request.frames
    options = SourceOptions(OpenOptions(), root, resolution, frames=frames)
    source = open_source(request.real, options)
    needed = frames or JOINED_SEGMENTS * request.repetition.segment
    long_enough = [i for i, count in enumerate(source.frame_counts) if count >= needed]
    if not long_enough:
        raise InputError(
            f"{source.name}: no video has {needed} frames, the longest {max(source.frame_counts)}: "
            "give longer real videos, or --join to put different ones end to end"
        )
    few = request.real_count or max(request.count, request.repetition.fewest_videos)
    kept = long_enough if request.join else long_enough[:few]
    return Selection(source, kept, source.name)


def real_signals(
    request: TransitionRequest, model: LeoModel, source: VideoSource, resources: Resources
) -> dict[str, Tensor]:
    """Codes of real motion, [frames,20] each; concatenated by `joined` if the request says so."""
    length = min(*source.frame_counts, request.frames)
    videos = range(len(source.names))
    codes = CodeSignals.by(model).of(source, videos, length, resources)
    found = dict(zip(source.names, codes, strict=True))
    return joined(found, request.frames) if request.join else found


def joined(signals: dict[str, Tensor], frames: int) -> dict[str, Tensor]:
    """The codes of different videos concatenated, in the order of a hash of their names.

    Each video is used once. So a repeat in such a signal is either within one short video, or a
    similarity of two different ones.
    """
    length = min(len(signal) for signal in signals.values())
    each = math.ceil(frames / length)
    order = sorted(signals, key=lambda name: hashlib.sha256(name.encode()).digest())
    return {
        "+".join(group): torch.cat([signals[name] for name in group])[:frames]
        for group in (order[i : i + each] for i in range(0, len(order), each))
        if len(group) == each
    }


def _model(request: TransitionRequest) -> LeoModel:
    root = find_model(request.run)
    model = LeoModel.open(root, device_named(request.device))
    for stage in ("animator", "lmdm", "frame-dm", "transition-dm"):
        if not model.has(stage):
            raise InputError(
                f"{root}: no {stage} trained; `leo-bench train {stage} --run {root}` comes first"
            )
    return model


def _drawn(
    request: TransitionRequest,
    ablation: Ablation,
    name: str,
    model: LeoModel,
    out: Path,
    resources: Callable[[str], Resources],
) -> Windows:
    options = request.model_dump(include={"frames", "count", "seed", "sampler", "steps"})
    sampling = Sampling.model_validate(options | ablation.variants[name].sampling)
    stages = ["lmdm", "frame-dm", *(["transition-dm"] if sampling.transitions else [])]
    place = out / f"{name}.codes.safetensors"
    progress = resources(f"{name}, codes").progress
    return drawn_windows(Drawing(model, sampling), model.digest(stages), place, progress)


def _record(
    request: TransitionRequest, ablation: Ablation, found: Found, seconds: float
) -> AblationRecord:
    calibration = found.calibration
    nulls: list[Null] = sorted(NULLS, key=lambda null: null != calibration.settings.null)
    how = f"joined, {min(found.real.frame_counts)} frames each, to" if request.join else "of"
    return AblationRecord(
        ablation=ablation.id,
        source=ablation.source,
        column=request.run.removeprefix("leo:"),
        setting=(
            f"{request.count} samples of {request.frames} frames of LEO "
            f"{found.model.digest(['lmdm', 'frame-dm', 'transition-dm'])[:12]}, codes alone; "
            f"calibrated on {calibration.videos} real videos of {found.real.name} "
            f"({fingerprint(found.real)[:12]}) {how} {request.frames} frames; a repeat is "
            f"{calibration.settings.segment} frames; repetition v{REPETITION_VERSION}"
        ),
        measured=(
            *(measured_under(null, ablation, found) for null in nulls),
            measured_closeness(ablation, found),
        ),
        trained=(),
        unfinished=(),
        dataset=None,
        comparable=False,
        caveats=("found in motion codes, not by raters",),
        notes=(),
        seconds=round(seconds, 3),
        **circumstances(),
        request=request.model_dump(mode="json"),
    )
