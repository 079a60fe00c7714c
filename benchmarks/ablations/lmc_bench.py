"""How a trained variant is measured: FVD of its samples, their identity, and their codes alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from leo_bench.benchmarks.ablations.ablation import Ablation
from leo_bench.benchmarks.ablations.code_windows import (
    COMPONENTS,
    READINGS,
    REAL_WINDOWS,
    Cut,
    Windows,
    components,
    drawn_windows,
    real_windows,
    window_distance,
)
from leo_bench.benchmarks.ablations.combining import Score, Scores, influences_or_none
from leo_bench.benchmarks.ablations.lmc_request import LmcRequest, Surroundings
from leo_bench.benchmarks.ablations.record import TrainedModel
from leo_bench.benchmarks.ablations.runs import Shared, Trained, held_out_loss
from leo_bench.benchmarks.datasets import list_datasets, load_dataset
from leo_bench.benchmarks.scores.acd import measure_acd
from leo_bench.benchmarks.scores.code_signals import CodeSignals
from leo_bench.benchmarks.scores.frame_plan import FrameScoreRequest, plan_frames
from leo_bench.benchmarks.scores.plan import (
    NetworkOptions,
    Plan,
    ScoreRequest,
    plan,
    source_options,
)
from leo_bench.benchmarks.scores.score import Scored, keep, scored
from leo_bench.benchmarks.sources.leo_samples import LeoPlace, open_leo
from leo_bench.benchmarks.sources.open import SourceOptions, open_source
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.records.distance import read_record
from leo_bench.evaluation.records.influences import mean_influences
from leo_bench.evaluation.videos.discover import OpenOptions
from leo_bench.evaluation.videos.source import VideoSource
from leo_bench.leo.diffusion.conditioning import READINGS as CONDITIONS
from leo_bench.leo.sampling.drawing import Drawing
from leo_bench.leo.sampling.model import LeoModel, device_named
from leo_bench.leo.sampling.nearest_frames import NearestFrames

LEAST_WINDOWS = 16  # of each kind, for a distance of windows


@dataclass(frozen=True)
class Bench:
    """What every trained model is measured with.

    Args:
        request: what was asked.
        ablation: whose variants these are.
        shared: what all models have in common.
        around: cache, threads, progress.
    """

    request: LmcRequest
    ablation: Ablation
    shared: Shared
    around: Surroundings

    def check(self, names: Sequence[str]) -> None:
        """Stop before the long part where the measuring would fail after it."""
        config, frames = self.shared.config.lmdm, self.request.frames
        for name in names:
            condition = condition_of(self.ablation, name)
            if not CONDITIONS[condition].begins and frames > config.length:
                raise InputError(
                    f"--frames {frames}: an LMDM of condition {condition!r} makes {config.length} "
                    "at once and cannot go on from them"
                )
        self.open_real()
        if (protocol := self.acd) is not None:
            plan_frames(self.acd_request(protocol, fake="leo:checked"))

    def plan(self, fake: str) -> Plan:
        """How FVD is measured."""
        request, real = self.request, self.real
        is_dataset = real.split("/")[0] in {d.id for d in list_datasets()}
        network = request.model_dump(include=set(NetworkOptions.model_fields))
        return plan(
            ScoreRequest(
                metric="fvd",
                frames=request.frames,
                dataset=real if is_dataset else None,
                real=None if is_dataset else real,
                fake=fake,
                protocol=request.protocol,
                resolution=self.shared.config.resolution,
                clips=request.clips,
                **network,
            )
        )

    @property
    def real(self) -> str:
        """The real side: what was asked for, or the test videos of the training videos' set."""
        if self.request.real is not None:
            return self.request.real
        name, _, split = self.shared.data.partition("/")
        if split == "train" and name in {d.id for d in list_datasets()}:
            load_dataset(name).split("test")
            return f"{name}/test"
        raise InputError(
            f"{self.shared.data}: which videos are held out is not known: give --real SOURCE"
        )

    @property
    def acd(self) -> str | None:
        """The frame protocol of the ACD; None: none is measured."""
        if self.request.acd is not None:
            return None if self.request.acd == "none" else self.request.acd
        known = {d.id: d for d in list_datasets()}
        dataset = known.get(self.real.split("/")[0])
        ready = dataset is not None and dataset.layout == "world"
        return dataset.evaluation.acd if dataset is not None and ready else None

    def open_real(self) -> VideoSource:
        """The real side's videos.

        Raises:
            InputError: they are not there.
        """
        chosen, resources = self.plan("leo:checked"), self.around.resources("opening")
        options = source_options(chosen.request, chosen.resolution, chosen.protocol, resources)
        return open_source(chosen.real, options)

    def measure(self, trained: Trained, scores: Scores) -> TrainedModel:
        """Score the samples of a trained model: FVD, codes, and ACD if it is to be.

        Raises:
            InputError: as `scored` and `measure_acd`.
        """
        fvd = f"FVD{self.request.frames}"
        found = scored(
            self.plan(self.samples(trained)), self.around.resources(f"{trained.name}, {fvd}")
        )
        _keep_once(found, trained.run / "fvd.json")
        made_by = f"{found.record.extractor}, protocol {found.record.protocol}"
        influences = found.measured.numbers.influences
        score = Score(found.record.value, found.record.n_fake, influences)
        model = LeoModel.open(trained.run, self.device)
        drawing = self.drawing(trained, found.record.n_fake)
        digest = model.digest(drawing.stages())
        windows = drawn_windows(
            drawing,
            digest,
            trained.run / "drawn.codes.safetensors",
            self.around.resources(f"{trained.name}, codes").progress,
        )
        scores.add(fvd, made_by, trained, score)
        if (protocol := self.acd) is not None:
            self.add_acd(protocol, trained, found.record.n_fake, scores)
        self.add_windows(trained, windows, scores)
        distance = None
        if isinstance(drawing.pictures, NearestFrames):
            distance = float(drawing.pictures.distances(windows.codes[:, 0]).mean())
        return TrainedModel(
            variant=trained.variant,
            seed=trained.seed,
            run=str(trained.run),
            model=digest,
            steps=model.config.lmdm.training.steps,
            reused=trained.reused,
            held_out_loss=held_out_loss(trained.run),
            start_distance=distance,
            score=found.record,
        )

    def samples(self, trained: Trained, frames: int | None = None, count: int | None = None) -> str:
        """A model's samples as on the command line; chance is that of its seed."""
        request = self.request
        options: dict[str, object] = {
            "mode": request.mode,
            "frames": frames or request.frames,
            "seed": trained.seed,
            "sampler": request.sampler,
            "steps": request.steps,
        }
        if count is not None:
            options["count"] = count
        if request.mode == "conditional":
            options["start"] = self.real
        elif request.start == "given":
            options["nearest"] = self.shared.data
        return f"leo:{trained.run}?" + "&".join(f"{k}={v}" for k, v in options.items())

    def drawing(self, trained: Trained, count: int) -> Drawing:
        """Whole windows of a model's samples: those whose beginnings FVD sees."""
        length = self.shared.config.lmdm.length
        spec = self.samples(trained, length, min(REAL_WINDOWS, count))

        def open_start(start: str, side: int) -> VideoSource:
            return open_source(start, SourceOptions(OpenOptions(), self.data_root, resolution=side))

        place = LeoPlace(open_start, device=self.request.device)
        return open_leo(spec.removeprefix("leo:"), place).drawing

    def add_windows(self, trained: Trained, drawn: Windows, scores: Scores) -> None:
        """Distances of code windows, where there are enough real ones."""
        config, real = self.shared.config.lmdm, self.real_codes
        fewest = min(len(real.videos), len(drawn.videos))
        if fewest < LEAST_WINDOWS:
            scores.notes.add(
                f"codes are not compared: {len(real.videos)} real windows of {config.length} "
                f"frames and {len(drawn.videos)} drawn ones; {LEAST_WINDOWS} of each are needed"
            )
            return
        for reading in READINGS:
            found = components(self.shared.book, config, reading, min(COMPONENTS, fewest // 4))
            statistic = window_distance(real, drawn, reading, found)
            about = (
                f"windows of {config.length}, {found.directions.shape[1]} principal components "
                f"({found.share:.0%} of the training windows' variance), {len(real.videos)} real "
                "ones; nothing is rendered"
            )
            value = statistic.at(statistic.ones).value
            score = Score(value, len(drawn.videos), influences_or_none(statistic, seed=0))
            scores.add(f"Fréchet distance of {reading}", about, trained, score)

    def add_acd(self, protocol: str, trained: Trained, count: int, scores: Scores) -> None:
        """ACD of the samples, beside that of the real videos."""
        fake = self.samples(trained, count=count)
        resources = self.around.resources(f"{trained.name}, ACD")
        (side,) = measure_acd(self.acd_request(protocol, fake=fake), resources)
        about = (
            f"protocol {protocol}, {side.record.embedder}; real videos have {self.real_acd:.4g}; "
            "a still video has 0, so nearer to the real ones is better"
        )
        by_video = side.measured.by_video
        score = Score(side.record.value, len(by_video), mean_influences(by_video, "fake"))
        scores.add(f"ACD{self.request.frames}", about, trained, score)

    def acd_request(
        self, protocol: str, fake: str | None = None, real: str | None = None
    ) -> FrameScoreRequest:
        """The ACD of one side."""
        return FrameScoreRequest(
            metric="acd",
            frames=self.request.frames,
            real=real,
            fake=fake,
            protocol=protocol,
            resolution=self.shared.config.resolution,
            device=self.request.device,
            data_root=self.request.data_root,
            on_error=self.request.on_error,
            limit=self.request.limit,
        )

    @cached_property
    def real_acd(self) -> float:
        """Of the real videos."""
        request = self.acd_request(str(self.acd), real=self.real)
        (side,) = measure_acd(request, self.around.resources("real ACD"))
        return side.record.value

    @cached_property
    def real_codes(self) -> Windows:
        """Code windows of the real videos."""
        config = self.shared.config.lmdm
        return real_windows(
            self.open_real(),
            CodeSignals.by(LeoModel.open(self.shared.root, self.device)),
            Cut(config.length, config.frame_stride, REAL_WINDOWS),
            self.around.resources("real codes"),
        )

    @property
    def device(self) -> str:
        """Where samples are drawn."""
        return device_named(self.request.device)

    @property
    def data_root(self) -> Path | None:
        """Where prepared data sets lie."""
        return None if self.request.data_root is None else Path(self.request.data_root)

    def setting(self) -> str:
        """How samples begin, in a sentence."""
        request = self.request
        if request.mode == "conditional":
            return f"conditional: samples begin with the first frames of {self.real}"
        if request.start == "drawn":
            return "unconditional, --start drawn: x_1 by the cDDPM given code 1, as in the paper"
        return (
            "unconditional, --start given: no cDDPM; x_1 is the real training frame of "
            f"{self.shared.data} whose code is nearest to the drawn code 1, in all variants alike"
        )


def _keep_once(found: Scored, path: Path) -> None:
    """Write the record down, unless the same number of the same samples is there."""
    if path.is_file():
        known = read_record(path)
        same = known.fake.fingerprint == found.record.fake.fingerprint
        if same and known.values_float64 == found.record.values_float64:
            return
    keep(found, path)


def condition_of(ablation: Ablation, name: str) -> str:
    """How a variant's LMDM is conditioned."""
    changes = dict(change.split("=") for change in ablation.variants[name].changes)
    return changes["lmdm.condition"]
