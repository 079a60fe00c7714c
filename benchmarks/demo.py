"""`leo-bench demo`: measures LEO and damaged videos under both of the paper's protocols.

Half of each embedded world is the real side. The other half is the fake side: untouched, the best
that a generator could do, and damaged in five ways. A useful metric ranks the untouched half first.
Samples of the shipped LEO are measured too: from first frames of the other half, and
unconditional.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from leo_bench.benchmarks.montage import montage
from leo_bench.benchmarks.runs.sampling import Place, SampleRequest, write_samples
from leo_bench.benchmarks.scores.plan import plan
from leo_bench.benchmarks.scores.requests import ScoreRequest
from leo_bench.benchmarks.scores.score import scored
from leo_bench.benchmarks.sources.open import SourceOptions, open_source
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.measure import Measurement
from leo_bench.evaluation.metrics import DistanceName
from leo_bench.evaluation.records.distance import Record, record_path
from leo_bench.evaluation.uncertainty.intervals import Interval
from leo_bench.evaluation.videos.discover import OpenOptions
from leo_bench.leo.sampling.drawing import Drawing
from leo_bench.leo.sampling.grid import renderings
from leo_bench.leo.sampling.model import LeoModel, find_model
from leo_bench.leo.sampling.options import Sampling

WORLDS = ("toy-faces", "toy-bodies")
UNTOUCHED = "other half"
FRAMES = 16
# A fake clip is the beginning of a video of 128 frames: the person changes in the middle of it.
DAMAGES = ("frozen", "shuffled", "blur", "noise", f"identity-swap={FRAMES / 2 / 128}")


@dataclass(frozen=True)
class Trial:
    """A protocol with fewer clips on each side, and fewer repeats than DIGAN's ten."""

    protocol: str
    metrics: tuple[DistanceName, ...]
    clips: int
    repeats: int


CLIPS = 96  # on each side, of the 128 videos of a half
# Rows of samples: measured like the others, but without an expected rank.
LEOS = {
    "LEO from first frames": Sampling(mode="conditional", frames=FRAMES, count=CLIPS),
    "LEO unconditional": Sampling(mode="unconditional", frames=FRAMES, count=CLIPS, steps=25),
}
MOTIONS = Sampling(mode="conditional", frames=64, count=5)  # of the picture `motions.png`

TRIALS = (Trial("digan", ("fvd", "kvd"), CLIPS, 2), Trial("stylegan-v", ("fvd",), CLIPS, 1))


@dataclass(frozen=True)
class Cell:
    """A value, and the interval of its excess over the untouched half's (None for that half)."""

    record: Record
    worse_by: Interval | None

    @property
    def noticed(self) -> bool:
        """Whether the whole interval lies above 0."""
        return self.worse_by is None or self.worse_by.low > 0


@dataclass(frozen=True)
class Line:
    """One row of the demo's table: a fake side under all metrics of all protocols."""

    world: str
    fake: str
    cells: tuple[Cell, ...]

    @property
    def label(self) -> str:
        """The fake side without the amount of its damage."""
        return self.fake.partition("=")[0]

    @property
    def missed(self) -> bool:
        """Whether it is a damage that some metric did not notice."""
        return self.fake not in LEOS and not all(cell.noticed for cell in self.cells)


def run_demo(out: Path, resources: Callable[[str], Resources]) -> Iterator[Line]:
    """Measure everything, and yield each line as it is done.

    Args:
        out: folder of `records/`, `samples/`, `clips.png` and `motions.png`.
        resources: cache, threads and progress for a piece of work of this name.

    Raises:
        InputError: `out` cannot be written to.
    """
    for world in WORLDS:
        for fake in LEOS:
            write_samples(*_samples(out, world, fake, resources))
    _picture(out)
    _motions(out / "motions.png")
    for world in WORLDS:
        untouched: list[Measurement] = []
        for fake in (UNTOUCHED, *LEOS, *DAMAGES):
            source = _source(out, world, fake)
            results = [
                scored(plan(_request(world, source, trial, metric)), resources(f"{world}, {fake}"))
                for trial in TRIALS
                for metric in trial.metrics
            ]
            for result in results:
                result.keep(record_path(out / "records", result.record))
            worse: list[Interval | None] = [None] * len(results)
            if untouched:
                pairs = zip(results, untouched, strict=True)
                worse = [result.measured.difference(none, seed=0) for result, none in pairs]
            else:
                untouched = [result.measured for result in results]
            cells = [Cell(r.record, w) for r, w in zip(results, worse, strict=True)]
            yield Line(world, fake, tuple(cells))


def _source(out: Path, world: str, fake: str) -> str:
    if fake in LEOS:
        return str(_folder(out, world, fake))
    whole = f"{world}/test" if fake == UNTOUCHED else f"damaged:{fake}:{world}/test"
    return f"part:2/2:{whole}"


def _folder(out: Path, world: str, fake: str) -> Path:
    return out / "samples" / f"{world}-{fake.removeprefix('LEO ').replace(' ', '-')}"


def _samples(
    out: Path, world: str, fake: str, resources: Callable[[str], Resources]
) -> tuple[SampleRequest, Place]:
    given = f"part:2/2:{world}/test" if LEOS[fake].mode == "conditional" else ""
    request = SampleRequest(run=world, sampling=LEOS[fake], start=given)
    progress = resources(f"{world}, {fake}").progress
    return request, Place(_folder(out, world, fake), device="cpu", progress=progress)


def _request(world: str, fake: str, trial: Trial, metric: DistanceName) -> ScoreRequest:
    return ScoreRequest(
        metric=metric,
        real=f"part:1/2:{world}/test",
        fake=fake,
        frames=FRAMES,
        protocol=trial.protocol,
        clips=trial.clips,
        repeats=trial.repeats,
        extractor="i3d-toy",
    )


def _picture(out: Path) -> None:
    """Write every second frame of one video of each world: untouched, LEO's and damaged."""
    rows, labels = [], []
    options = SourceOptions(OpenOptions(), resolution=64)
    for world in WORLDS:
        for fake in (UNTOUCHED, *LEOS, *DAMAGES):
            source = open_source(_source(out, world, fake), options)
            rows.append(source.read(3, range(0, FRAMES, 2)))
            labels.append(fake.partition("=")[0])
    montage(rows, labels, out / "clips.png")


def _motions(path: Path) -> None:
    """Write every seventh frame of several motions of LEO from one first frame of each world."""
    rows, labels = [], []
    options = SourceOptions(OpenOptions(), resolution=64)
    for world in WORLDS:
        starts = open_source(f"part:2/2:{world}/test", options)
        drawing = Drawing(LeoModel.open(find_model(world)), MOTIONS, starts)
        for number, motion in enumerate(renderings(drawing, "motions", MOTIONS.count), start=1):
            rows.append(motion.read(range(0, MOTIONS.frames, 7)))
            labels.append(f"motion {number}")
    montage(rows, labels, path)
