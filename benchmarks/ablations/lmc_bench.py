"""Measures a trained variant of the LMC ablation: FVD, ACD and code windows of its samples."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from leo_bench.benchmarks.ablations.ablation import Ablation
from leo_bench.benchmarks.ablations.code_windows import (
    COMPONENTS,
    READINGS,
    REAL_WINDOWS,
    Windows,
    components,
    drawn_windows,
    real_windows,
    window_distance,
)
from leo_bench.benchmarks.ablations.combining import Score, Scores, influences_or_none
from leo_bench.benchmarks.ablations.parts import Surroundings, real_side
from leo_bench.benchmarks.ablations.record import TrainedModel
from leo_bench.benchmarks.ablations.runs import Shared, Trained, held_out_loss
from leo_bench.benchmarks.datasets import load_dataset, names_dataset, parted
from leo_bench.benchmarks.scores.acd import acd_of
from leo_bench.benchmarks.scores.code_signals import CodeSignals
from leo_bench.benchmarks.scores.plan import Plan, plan, plan_frames, source_options
from leo_bench.benchmarks.scores.requests import FrameScoreRequest, NetworkOptions, ScoreRequest
from leo_bench.benchmarks.scores.score import Scored, scored
from leo_bench.benchmarks.sources.leo_samples import LeoPlace, open_leo
from leo_bench.benchmarks.sources.open import SourceOptions, open_source
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.records.distance import read_record
from leo_bench.evaluation.records.influences import mean_influences
from leo_bench.evaluation.videos.discover import OpenOptions
from leo_bench.evaluation.videos.source import VideoSource
from leo_bench.leo.diffusion import SamplerKind
from leo_bench.leo.diffusion.conditioning import CONDITIONS
from leo_bench.leo.sampling.drawing import Drawing
from leo_bench.leo.sampling.model import LeoModel, device_named
from leo_bench.leo.sampling.nearest_frames import NearestFrames

LEAST_WINDOWS = 16  # real ones and drawn ones, for a distance of windows


class LmcRequest(NetworkOptions):
    """What the user asked for.

    Args:
        run, config, data, changes: as in `RunsRequest`.
        real: real videos to measure against; None: the data set's test videos.
        variants: names of variants; empty: the rows of the paper's table.
        seeds: number of trainings of each variant: with the run's own seed and those after it.
        mode, start: how samples begin, see `benchmarks.ablations.lmc`.
        frames, protocol, clips: of FVD, as in `ScoreRequest`.
        acd: frame protocol of the ACD; None: that of the data set if it needs no download; "none":
            no ACD.
        sampler, steps: as in `leo.sampling.options.Sampling`.
    """

    run: str | None = None
    config: str | None = None
    data: str | None = None
    changes: tuple[str, ...] = ()
    real: str | None = None
    variants: tuple[str, ...] = ()
    seeds: int = 3
    mode: Literal["unconditional", "conditional"] = "unconditional"
    start: Literal["given", "drawn"] = "given"
    frames: int = 16
    protocol: str | None = None
    clips: int | None = None
    acd: str | None = None
    sampler: SamplerKind = "ddim"
    steps: int = 50

    @property
    def cpu(self) -> bool:
        """Whether to train on the CPU."""
        return self.device is not None and self.device.startswith("cpu")


@dataclass(frozen=True)
class Bench:
    """Measures trained models; `shared` is what they have in common."""

    request: LmcRequest
    ablation: Ablation
    shared: Shared
    around: Surroundings

    def check(self, names: Sequence[str]) -> None:
        """Check before the trainings that their samples can be measured."""
        config, frames = self.shared.config.lmdm, self.request.frames
        for name in names:
            condition = condition_of(self.ablation, name)
            if not CONDITIONS[condition].conditional and frames > config.length:
                raise InputError(
                    f"--frames {frames}: an LMDM of condition {condition!r} makes {config.length} "
                    "at once and cannot go on from them"
                )
        self.open_real()
        if (protocol := self.acd) is not None:
            plan_frames(self.acd_request(protocol, fake="leo:checked"))

    def plan(self, fake: str) -> Plan:
        """The plan of FVD."""
        request, real = self.request, self.real
        is_dataset = names_dataset(real)
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
        """The real side: the requested one, or the test split of the training videos' data set."""
        return real_side(self.request.real, self.shared.data)

    @property
    def acd(self) -> str | None:
        """The frame protocol of the ACD; None: no ACD is measured."""
        if self.request.acd is not None:
            return None if self.request.acd == "none" else self.request.acd
        dataset = load_dataset(parted(self.real)[0]) if names_dataset(self.real) else None
        return dataset.evaluation.acd if dataset and dataset.layout == "world" else None

    def open_real(self) -> VideoSource:
        """Open the videos of the real side.

        Raises:
            InputError: there are none.
        """
        chosen, resources = self.plan("leo:checked"), self.around.resources("opening")
        options = source_options(chosen.request, chosen.resolution, chosen.protocol, resources)
        return open_source(chosen.real.spec, options)

    def measure(self, trained: Trained, scores: Scores) -> TrainedModel:
        """Add the scores of a trained model's samples to `scores`: FVD, code windows, ACD.

        Raises:
            InputError: as `scored` and `acd_of`.
        """
        fvd = f"FVD{self.request.frames}"
        resources = self.around.resources(f"{trained.name}, {fvd}")
        found = scored(self.plan(self.samples(trained)), resources)
        _keep_once(found, trained.run / "fvd.json")
        record, influences = found.record, found.measured.numbers.influences
        model = LeoModel.open(trained.run, self.device)
        drawing = self.drawing(trained, record.n_fake)
        digest = model.digest(drawing.stages())
        place = trained.run / "drawn.codes.safetensors"
        progress = self.around.resources(f"{trained.name}, codes").progress
        windows = drawn_windows(drawing, digest, place, progress)
        made_by = f"{record.extractor}, protocol {record.protocol}"
        scores.add(fvd, made_by, trained, Score(record.value, record.n_fake, influences))
        if (protocol := self.acd) is not None:
            self.add_acd(protocol, trained, record.n_fake, scores)
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
            score=record,
        )

    def samples(self, trained: Trained, frames: int | None = None, count: int | None = None) -> str:
        """A model's samples as a source on the command line, with the seed of its training."""
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
        """The samples whose first frames FVD sees, as long as a whole window."""
        length = self.shared.config.lmdm.length
        spec = self.samples(trained, length, min(REAL_WINDOWS, count))

        root = None if self.request.data_root is None else Path(self.request.data_root)
        open_start = SourceOptions(OpenOptions(), root).open_start
        place = LeoPlace(open_start, device=self.request.device)
        return open_leo(spec.removeprefix("leo:"), place).drawing

    def add_windows(self, trained: Trained, drawn: Windows, scores: Scores) -> None:
        """Add the distances of code windows, if there are enough windows."""
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
        """Add the ACD of the samples, with that of the real videos in its description."""
        fake = self.samples(trained, count=count)
        resources = self.around.resources(f"{trained.name}, ACD")
        (side,) = acd_of(plan_frames(self.acd_request(protocol, fake=fake)), resources)
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
        """A request of the ACD of one side."""
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
        """The ACD of the real videos."""
        request = self.acd_request(str(self.acd), real=self.real)
        (side,) = acd_of(plan_frames(request), self.around.resources("real ACD"))
        return side.record.value

    @cached_property
    def real_codes(self) -> Windows:
        """The code windows of the real videos."""
        config = self.shared.config.lmdm
        return real_windows(
            self.open_real(),
            CodeSignals.by(LeoModel.open(self.shared.root, self.device)),
            config,
            self.around.resources("real codes"),
        )

    @property
    def device(self) -> str:
        """The device that draws samples."""
        return device_named(self.request.device)

    def setting(self) -> str:
        """The origin of first frames, in a sentence."""
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
    """Write the record, unless one with the same samples and values exists."""
    if path.is_file():
        known = read_record(path)
        same = known.fake.fingerprint == found.record.fake.fingerprint
        if same and known.values_float64 == found.record.values_float64:
            return
    found.keep(path)


def condition_of(ablation: Ablation, name: str) -> str:
    """The condition of a variant's LMDM."""
    return dict(change.split("=") for change in ablation.variants[name].changes)["lmdm.condition"]
