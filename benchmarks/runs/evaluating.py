"""FVD and KVD of samples while a stage is trained: `leo.training.evaluating.Evaluator`.

The numbers are those of `leo-bench fvd` for the same model and options, to the last bit: the model
is laid into a run of its own, RUN/STAGE/.evaluation, and its samples go the way of any fake videos.
Features of real videos come from the user's cache; those of samples are forgotten.
"""

import contextlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from leo_bench.benchmarks.scores.plan import TOY_EXTRACTOR, Plan, open_side, plan
from leo_bench.benchmarks.scores.requests import ScoreRequest
from leo_bench.benchmarks.sources.open import SourceOptions, dataset_behind
from leo_bench.evaluation.clips import ClipRef, Window
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.extractors import ClipExtractor, ExtractorRequest, build_extractor
from leo_bench.evaluation.features.cache import FeatureStore
from leo_bench.evaluation.features.of_clips import Features, Resources, clip_features
from leo_bench.evaluation.files.places import cache_root
from leo_bench.evaluation.files.schema import parse
from leo_bench.evaluation.measure import Settings, Side, check_two, draw, measure
from leo_bench.evaluation.protocols.of_clips import Loading
from leo_bench.evaluation.uncertainty.intervals import ends
from leo_bench.evaluation.videos.source import Selection, VideoSource
from leo_bench.leo.checkpoint import Model, save_model
from leo_bench.leo.data.encode import CODES
from leo_bench.leo.data.videos import judged, split
from leo_bench.leo.diffusion.gaussian import Sampler
from leo_bench.leo.sampling.drawing import Drawing
from leo_bench.leo.sampling.model import LeoModel, device_named
from leo_bench.leo.sampling.nearest_frames import NearestFrames
from leo_bench.leo.sampling.options import Sampling
from leo_bench.leo.sampling.source import LeoSource
from leo_bench.leo.stages import ENTRIES, STAGES
from leo_bench.leo.training.job import Job
from leo_bench.leo.training.watching import Distance
from leo_bench.leo.training_config import Evaluation

SCRATCH = ".evaluation"


@dataclass(frozen=True)
class StageSamples:
    """Samples that show what a stage has learned: the other stages are those of its run.

    Args:
        job: the training run.
        stage: being trained.
        sampling: all options but the mode and transitions, which follow from the stage.
        real: videos whose first frames begin the samples of stages that learn motion.
    """

    job: Job
    stage: str
    sampling: Sampling
    real: VideoSource

    def of(self, model: LeoModel) -> Drawing:
        """The samples of a model; nothing is drawn yet.

        lmdm: motion from given first frames; transition-dm: likewise, with transitions; frame-dm:
        first codes, with the nearest frames of the training videos; cddpm and super-resolution:
        first frames.

        Raises:
            InputError: what it needs of the run is not there.
        """
        if self.stage in ("lmdm", "transition-dm"):
            transitions = self.stage == "transition-dm"
            given = {"mode": "conditional", "transitions": transitions}
            return Drawing(model, self.sampling.model_copy(update=given), self.real)
        if self.stage == "frame-dm":
            side = model.config.resolution
            frames = NearestFrames(self.job.source, model.codes(), side)
            return Drawing(model, self.sampling, pictures=frames)
        return Drawing(model, self.sampling)

    def check(self, device: str) -> None:
        """Check that the run has all that samples need, but for the stage itself.

        Raises:
            InputError: it has not, or the sampler does not fit.
        """
        model = LeoModel.open(self.job.run.root, device)
        drawing = self.of(model)
        for stage in drawing.stages():
            if stage != self.stage:
                model.file(stage)
        drawing.check_steps()
        lmdm = model.config.lmdm
        if self.stage == "transition-dm" and self.sampling.frames <= lmdm.length:
            raise InputError(
                f"{self.sampling.frames} frames end before the first transition, after "
                f"{lmdm.length}: give a larger transition_dm.training.evaluation.frames"
            )


@dataclass(frozen=True)
class SampleDistances:
    """Distances of a stage's samples to real videos.

    Args:
        samples: which samples.
        plans: of the distances, by metric.
        extractors: by the request of a plan.
        real: the real videos.
        device: of all networks.
        resources: of real features.
    """

    samples: StageSamples
    plans: Mapping[str, Plan]
    extractors: Mapping[ExtractorRequest, ClipExtractor]
    real: VideoSource
    device: str
    resources: Resources

    def __call__(self, model: Model) -> dict[str, Distance]:
        """See `Evaluator`."""
        broken = [name for name, tensor in model.network.items() if not tensor.isfinite().all()]
        if broken:  # their samples would be black
            raise InputError(f"weights that are not finite, such as {broken[0]}")
        run, stage = self.samples.job.run.root, self.samples.stage
        with run_with(model, run, stage) as root:
            fake = LeoSource(self.samples.of(LeoModel.open(root, self.device)))
            kept = FeatureStore(root / "features")  # shared by the metrics, and then removed
            return {metric: self._measured(plan, fake, kept) for metric, plan in self.plans.items()}

    def count_real(self) -> int:
        """Extract the features of the real videos; the largest number of clips.

        Raises:
            InputError: there are too few, or they are too short.
        """
        return max(self._real_clips(plan) for plan in self.plans.values())

    def _real_clips(self, chosen: Plan) -> int:
        side, loading = self._real_side(chosen), self._loading(chosen)
        clips = draw(side, loading, chosen.protocol, self._settings(chosen, None)).clips
        check_two(side, clips)
        return clips

    def _measured(self, chosen: Plan, fake: VideoSource, kept: FeatureStore) -> Distance:
        sides = self._real_side(chosen), Side(fake, chosen.fake.window, "fake")
        settings = self._settings(chosen, kept)
        numbers = measure(chosen.request.metric, *sides, chosen.protocol, settings).numbers
        return Distance(numbers.value, ends(numbers.interval))

    def _real_side(self, chosen: Plan) -> Side:
        return Side(self.real, chosen.real.window, "real")

    def _loading(self, chosen: Plan) -> Loading:
        return chosen.protocol.loading("real", self.real.medium.layout)

    def _settings(self, chosen: Plan, kept: FeatureStore | None) -> Settings:
        """How a distance is measured; the features of samples go to another store."""
        extractor = self.extractors[chosen.network]
        of_real, of_fake = (
            clip_features(extractor, chosen.protocol, chosen.resolution, resources)
            for resources in (self.resources, replace(self.resources, store=kept))
        )

        def features_of(
            source: VideoSource, refs: Sequence[ClipRef], window: Window, loading: Loading
        ) -> Features:
            through = of_real if source is self.real else of_fake
            return through(source, refs, window, loading)

        return Settings(
            features_of=features_of,
            seed=chosen.request.seed,
            resolution=chosen.resolution,
            on_error="fail",
            store=None,
        )


def open_evaluator(job: Job, stage: str, *, data: str, options: SourceOptions) -> SampleDistances:
    """Open what evaluates a stage as its config says; extracts the features of the real videos.

    Args:
        job: the training run.
        stage: to be evaluated.
        data: source of the training videos.
        options: how sources are opened.

    Raises:
        InputError: unknown protocols or extractor; absent weights; real videos that cannot be
            opened or are too few or too short; a stage that samples need is not trained.
    """
    device = device_named("cpu" if job.cpu else None)
    asked: Evaluation = getattr(job.run.config, ENTRIES[stage].table).training.evaluation
    spec = asked.real or data
    plans = _plans(job, asked, spec, device)
    real = open_side("real", spec, options) if asked.real else _held_out(job)
    sampling = _sampling(asked, plans, stage)
    samples = StageSamples(job, stage, sampling, real)
    samples.check(device)
    extractors = {chosen.network: build_extractor(chosen.network) for chosen in plans.values()}
    resources = Resources(FeatureStore(cache_root()))
    found = SampleDistances(samples, plans, extractors, real, device, resources)
    clips = found.count_real()
    job.say(f"{stage}: {asked.clips} samples are evaluated against {clips} clips of {real.name}")
    return found


def _plans(job: Job, asked: Evaluation, spec: str, device: str) -> dict[str, Plan]:
    dataset = dataset_behind(spec)
    is_world = dataset is not None and dataset.layout == "world"
    request = ScoreRequest(
        metric="fvd",
        frames=asked.frames,
        real=spec,
        fake=f"leo:{job.run.root}",
        resolution=job.run.config.resolution,
        clips=asked.clips,
        extractor=asked.extractor or (TOY_EXTRACTOR if is_world else None),
        seed=asked.seed,
        device=device,
    )
    return {
        metric: plan(request.model_copy(update={"metric": metric, "protocol": protocol}))
        for metric, protocol in asked.protocols.items()
    }


def _sampling(asked: Evaluation, plans: Mapping[str, Plan], stage: str) -> Sampling:
    sampler = Sampler.parse(asked.sampler)
    needed = [p.protocol.fake.frames_needed(p.fake.window) for p in plans.values()]
    options = {
        "frames": max(needed),
        "count": asked.clips,
        "seed": asked.seed,
        "sampler": sampler.kind,
        "steps": sampler.steps,
    }
    return parse(Sampling, options, where=f"{stage}: evaluation")


def _held_out(job: Job) -> VideoSource:
    source = job.source
    training, held_out = split(source.names, job.run.config.held_out)
    return Selection(source, judged(training, held_out), f"{source.name} (held out)")


@contextlib.contextmanager
def run_with(model: Model, run: Path, stage: str) -> Iterator[Path]:
    """A run that has this model of a stage, and everything else from `run`; removed afterwards.

    Raises:
        InputError: it cannot be written.
    """
    scratch = (run / stage / SCRATCH).absolute()
    shutil.rmtree(scratch, ignore_errors=True)  # of a killed process
    try:
        scratch.mkdir(parents=True)
        for name in ("config.toml", CODES, *STAGES):
            if name != stage and (run / name).exists():
                (scratch / name).symlink_to((run / name).absolute())
        save_model(scratch / stage / "model.safetensors", model)
        yield scratch
    except OSError as error:
        raise InputError(f"{scratch}: cannot be written: {error.strerror or error}") from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
