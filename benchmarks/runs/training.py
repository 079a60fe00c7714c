"""Opens a training run from options of the command line: its config, videos and folder."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from leo_bench.benchmarks.runs.crops import show_training_crops
from leo_bench.benchmarks.runs.evaluating import open_evaluator
from leo_bench.benchmarks.sources.open import SourceOptions, open_source
from leo_bench.benchmarks.sources.training_data import TrainingData, remembered, rule_of
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.videos.discover import OpenOptions
from leo_bench.leo.config import Config, load_config
from leo_bench.leo.data.crop_choice import CropKind
from leo_bench.leo.sampling.model import device_named, model_file
from leo_bench.leo.stages import STAGES, perceptual
from leo_bench.leo.training.extending import extended
from leo_bench.leo.training.job import Job
from leo_bench.leo.training.origin import first_difference
from leo_bench.leo.training.run_folder import RunFolder, has_begun
from leo_bench.leo.training.taken_animator import with_checkpoint


@dataclass(frozen=True)
class RunRequest:
    """What the user asked for; None: as the run was begun, or as the machine allows.

    Args:
        like: a run whose training videos are taken by a new run without `data`.
        extend: a stage, and how many steps it trains more than it was to.
    """

    run: Path
    config: str | None = None
    data: str | None = None
    changes: Sequence[str] = ()
    data_root: Path | None = None
    vgg: Path | None = None
    cpu: bool = False
    animator: Path | None = None
    crop: CropKind | None = None
    like: Path | None = None
    extend: tuple[str, int] | None = None


def resolved_config(request: RunRequest) -> tuple[Config, Path | None]:
    """The requested config or else the run's own, with the requested changes; its animator's file.

    Returns:
        The config, and the file if the animator is taken from one that is to be read
        (`with_checkpoint`).

    Raises:
        InputError: there is neither config; as `with_checkpoint`, `extended`.
    """
    name = request.config
    if name is None:
        begun = request.run / "config.toml"
        if not begun.is_file():
            raise InputError(f"{request.run}: a new run; give --config (leo-bench list configs)")
        name = str(begun)
    config = load_config(name, request.changes)
    if request.extend is not None:
        before = RunFolder.open(request.run).config
        config = extended(config, before, request.run, *request.extend)
    return with_checkpoint(config, request.run, request.animator)


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
    elif request.extend is not None or not model_file(request.run, STAGES[0]).is_file():
        perceptual.check(config.animator.perceptual, request.vgg)


def open_job(request: RunRequest) -> Job:
    """The run, created if it is new, ready to be trained.

    Raises:
        InputError: no config or no data; others than the run was begun with; no such videos.
    """
    config, animator = resolved_config(request)
    begun = remembered(request.run)
    training = _training_data(request, begun)
    device = device_named("cpu" if request.cpu else None)
    rule = rule_of(training.crop, config.framing, request.run, device)
    training = training.model_copy(update={"rule": None if rule is None else dict(rule.facts)})
    if begun is not None and has_begun(request.run):
        _check_rule(request.run, begun, training)
    options = SourceOptions(
        files=OpenOptions(), data_root=request.data_root, resolution=config.resolution
    )
    videos = cache(lambda: training.open(partial(open_source, options=options), rule))
    news = begun != training
    if news:
        videos()  # before it is written down: a mistyped source must not become the run's data
    run = RunFolder.create(request.run, config)
    if news:
        training.write(request.run)
    return Job(
        run,
        videos,
        vgg=request.vgg,
        animator=animator,
        cpu=request.cpu,
        evaluator=partial(open_evaluator, data=training.data, options=options),
        show_crops=partial(show_training_crops, run=request.run),
    )


def _training_data(request: RunRequest, begun: TrainingData | None) -> TrainingData:
    """The training videos that are asked for, or else those of the run."""
    run, data, crop = request.run, request.data, request.crop
    known = begun
    if known is None and request.like is not None:
        known = remembered(request.like)
    if known is not None and (data is None or _one_spelling(data) == _one_spelling(known.data)):
        if crop in (None, known.crop):
            return known
        if has_begun(run):
            raise InputError(
                f"{run}: was begun with --crop {known.crop}; give another --run for --crop {crop}"
            )
        return known.model_copy(update={"crop": crop})
    if data is None:
        raise InputError(f"{run}: a new run; give --data, as in --data toy-faces/train")
    if begun is not None and has_begun(run):
        raise InputError(
            f"{run}: was begun with --data {begun.data}; give another --run for {data}"
        )
    return TrainingData(data=data, upright=True, crop=crop or "none")


def _check_rule(run: Path, begun: TrainingData, now: TrainingData) -> None:
    """Check that crops follow from the same as when the run was begun."""
    if (key := first_difference(begun.rule, now.rule, "rule")) is not None:
        raise InputError(
            f"{run}: its training videos would be cropped otherwise than when it was begun: {key}; "
            "give another --run"
        )


def _one_spelling(spec: str) -> str:
    """The same for DIR, DIR/, ./DIR and ~/…/DIR, also after a prefix such as `part:1/2:`."""
    kind, colon, place = spec.rpartition(":")
    return f"{kind}{colon}{Path(place).expanduser().resolve()}"
