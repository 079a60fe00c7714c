"""Run a suite for some models: one record for each number, reusing records that still hold.

Records go to RECORDS/BENCHMARK/MODEL/METRIC.json, as those of single commands. Features are cached
by content, so all numbers of one pair of sides share them, and all models share the real side's. A
number that fails is listed, and the others go on.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

from leo_bench.benchmarks.scores.acd import acd_of
from leo_bench.benchmarks.scores.plan import plan, plan_frames
from leo_bench.benchmarks.scores.requests import FrameScoreRequest, ScoreRequest
from leo_bench.benchmarks.scores.score import scored
from leo_bench.benchmarks.sources.leo_stride import leo_stride
from leo_bench.benchmarks.suites import Benchmark, Suite
from leo_bench.benchmarks.suites.models import ModelSource, names, source_for
from leo_bench.benchmarks.suites.reusable import reusable_record, reusable_score
from leo_bench.evaluation.errors import InfrastructureError, InputError
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.files.atomic import write_atomically
from leo_bench.evaluation.files.known_names import did_you_mean
from leo_bench.evaluation.processes.team import ShareDone, UnlikeError
from leo_bench.evaluation.records.distance import Record, benchmark_name, make_room
from leo_bench.evaluation.records.score import ScoreRecord, read_score_record
from leo_bench.evaluation.videos.float_range import FloatRange
from leo_bench.evaluation.videos.layouts import DecoderName
from leo_bench.reports.origins import MODELS, Declared, ModelFacts, models_text, read_models

# Errors that fail one number and not the others; any other error is a bug and stops the run.
BEARABLE = (InputError, InfrastructureError, RuntimeError, OSError, MemoryError)


@dataclass(frozen=True)
class SuiteSettings:
    """Options of all numbers of a suite; None: as the suite or the protocol says.

    Args:
        records: folder of the records.
        benchmarks: ids of those to run; empty: all.
        clips, repeats, extractor: in place of the protocol's; numbers are then not comparable.
    """

    records: Path
    benchmarks: tuple[str, ...] = ()
    clips: int | None = None
    repeats: int | None = None
    seed: int = 0
    extractor: str | None = None
    device: str | None = None
    data_root: str | None = None
    on_error: Literal["fail", "skip"] = "fail"
    float_range: FloatRange | None = None
    frames_glob: str | None = None
    only: str | None = None
    decoder: DecoderName = "pyav"


@dataclass(frozen=True)
class Done:
    """One number of a suite, and its state.

    Args:
        number: "fvd", or the id of a frame protocol.
        record: None if it failed; `why` then says why.
    """

    benchmark: str
    model: str
    number: str
    state: Literal["measured", "stands", "failed"]
    record: Record | ScoreRecord | None = None
    why: str = ""


def run_suite(
    suite: Suite,
    models: Sequence[ModelSource],
    settings: SuiteSettings,
    resources: Callable[[str], Resources],
) -> Iterator[Done]:
    """Measure every number of the suite; benchmarks for which a model has no source are skipped.

    Several processes divide the videos of each number among them. The first computes and writes it,
    while the others go on with the videos of the next.

    Args:
        suite: the benchmarks.
        models: sources of videos (`benchmarks.suites.models.parse_models`).
        settings: where records go, and options in place of the protocols'.
        resources: cache, threads, progress and processes for a piece of work of that name.

    Yields:
        In the first process, every number; in the others, those that stand or failed there.

    Raises:
        InputError: `settings.benchmarks` names one that the suite lacks.
    """
    known = [benchmark.id for benchmark in suite.benchmark]
    for wanted in settings.benchmarks:
        if wanted not in known:
            raise InputError(
                f"suite {suite.id} has no {wanted!r}; {did_you_mean(wanted, known)}it has "
                f"{', '.join(known)}"
            )
    for benchmark in suite.benchmark:
        if settings.benchmarks and benchmark.id not in settings.benchmarks:
            continue
        for name in names(models):
            source = source_for(models, name, benchmark)
            if source is None:
                continue
            shared = resources(f"{benchmark.id}, {name}")
            for number in (*benchmark.metrics, *benchmark.scores):
                of_number = replace(shared, purpose=f"{benchmark.id}, {name}, {number}: ")
                job = _Job(benchmark, name, source, settings, of_number)
                work = job.distance if number in benchmark.metrics else job.score
                done = job.tried(number, partial(work, number))
                if done is not None:
                    yield done


def declare_origins(records: Path, origins: Mapping[str, Declared]) -> None:
    """Write beside the records how models' videos came about; entries of other models stay.

    Raises:
        InputError: the file there is broken, or the folder cannot be written to.
    """
    if origins:
        facts = read_models(records)
        facts |= {name: ModelFacts(origin=origin) for name, origin in origins.items()}
        write_atomically(records / MODELS, models_text(facts).encode())


_Made = tuple[Literal["measured", "stands"], Record | ScoreRecord]


@dataclass(frozen=True)
class _Job:
    """One model on one benchmark."""

    benchmark: Benchmark
    name: str
    source: str
    settings: SuiteSettings
    resources: Resources

    def tried(self, number: str, work: Callable[[], _Made]) -> Done | None:
        """The number, or why it failed; None: the first process computes it, this one is another.

        Raises:
            UnlikeError: the processes differ, which is wrong for all numbers.
        """
        try:
            state, record = work()
        except ShareDone:
            return None
        except UnlikeError:
            raise
        except BEARABLE as error:
            why = " ".join(str(error).split()) or type(error).__name__
            return Done(self.benchmark.id, self.name, number, "failed", why=why)
        return Done(self.benchmark.id, self.name, number, state, record)

    @property
    def fake_stride(self) -> int:
        """The suite's stride, or that of LEO samples, which keeps the speed of motion."""
        return leo_stride(self.source, self.benchmark.real_stride, self.benchmark.fake_stride)

    def distance(self, metric: str) -> _Made:
        """Measure a distance, or reuse its record."""
        benchmark, settings = self.benchmark, self.settings
        request = ScoreRequest(
            metric=metric,
            frames=benchmark.frames,
            dataset=benchmark.dataset if benchmark.folder is None else None,
            real=benchmark.folder,
            fake=self.source,
            protocol=benchmark.protocol,
            resolution=benchmark.resolution,
            clips=settings.clips or benchmark.clips,
            repeats=settings.repeats or benchmark.repeats,
            seed=settings.seed,
            real_stride=benchmark.real_stride,
            fake_stride=self.fake_stride,
            extractor=settings.extractor,
            device=settings.device,
            data_root=settings.data_root,
            on_error=settings.on_error,
            float_range=settings.float_range,
            frames_glob=settings.frames_glob,
            only=settings.only,
            decoder=settings.decoder,
        )
        chosen = plan(request)
        path = self._path(metric, chosen.resolution, chosen.protocol.id)
        record = reusable_record(path, chosen, self.resources)
        if record is not None:
            return "stands", record
        found = scored(chosen, self.resources)
        found.keep(path)
        return "measured", found.record

    def score(self, protocol: str) -> _Made:
        """Measure the model's ACD, or reuse its record; the real side's is named by data set."""
        benchmark, settings = self.benchmark, self.settings
        request = FrameScoreRequest(
            metric="acd",
            frames=benchmark.frames,
            dataset=benchmark.dataset if benchmark.folder is None else None,
            real=benchmark.folder,
            fake=self.source,
            protocol=protocol,
            resolution=benchmark.resolution,
            seed=settings.seed,
            real_stride=benchmark.real_stride,
            fake_stride=self.fake_stride,
            device=settings.device,
            data_root=settings.data_root,
            on_error=settings.on_error,
            float_range=settings.float_range,
            frames_glob=settings.frames_glob,
            only=settings.only,
            decoder=settings.decoder,
            limit=settings.clips or benchmark.clips,
        )
        chosen = plan_frames(request)
        path = self._path(request.metric, chosen.resolution, chosen.protocol.id)
        standing = reusable_score(path, chosen, self.resources)
        if standing is not None:
            return "stands", standing
        real, fake = acd_of(chosen, self.resources)
        fake.keep(path)
        beside = path.parent.with_name(benchmark.videos) / path.name
        if not _says_the_same(beside, real.record):
            real.keep(make_room(beside))
        return "measured", fake.record

    def _path(self, metric: str, resolution: int | None, protocol: str) -> Path:
        """Where a record of the model goes, as in single commands but for the model's name.

        Raises:
            InputError: another file is there.
        """
        benchmark = self.benchmark
        folder = benchmark_name(
            benchmark.videos,
            resolution,
            benchmark.frames,
            benchmark.real_stride,
            protocol,
        )
        path = self.settings.records / folder / self.name / f"{metric}.json"
        return path if self.resources.team.rank else make_room(path)


def _says_the_same(path: Path, record: ScoreRecord) -> bool:
    try:
        there = read_score_record(path)
    except InputError:
        return False
    facts = ("value", "interval", "protocol_digest", "weights_sha256", "source")
    return all(getattr(there, fact) == getattr(record, fact) for fact in facts)
