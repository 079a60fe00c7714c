"""`leo-bench demo`: known damage to known videos, measured under both of the paper's protocols.

Half of each embedded world is the real side. The other half is the fake side: untouched, which is
as good as a generator can be, and damaged in five ways. A metric that is worth anything puts the
untouched half first.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.montage import montage
from benchmarks.plan import ScoreRequest, plan
from benchmarks.score import scored
from benchmarks.sources import SourceOptions, open_source
from evaluation.features import Machinery
from evaluation.intervals import Interval
from evaluation.measure import Measurement
from evaluation.numbers import Metric
from evaluation.record import Record, record_path, write_record
from evaluation.videos.discover import OpenOptions

WORLDS = ("toy-faces", "toy-bodies")
UNTOUCHED = "other half"
FRAMES = 16
# The fake clip is the first of a video's 128 frames, so the other person comes in at its middle.
DAMAGES = ("frozen", "shuffled", "blur", "noise", f"identity-swap={FRAMES / 2 / 128}")


@dataclass(frozen=True)
class Trial:
    """A protocol at the size of a demo.

    Args:
        clips: on each side, of the 128 videos of a half.
        repeats: DIGAN's ten, cut to what a demo has time for.
    """

    protocol: str
    metrics: tuple[Metric, ...]
    clips: int
    repeats: int


TRIALS = (Trial("digan", ("fvd", "kvd"), 96, 2), Trial("stylegan-v", ("fvd",), 96, 1))


@dataclass(frozen=True)
class Cell:
    """One number, and how much worse it is than the untouched half's (None for that itself)."""

    record: Record
    worse_by: Interval | None

    @property
    def noticed(self) -> bool:
        """Whether the metric tells the damage from none: the whole interval lies above 0."""
        return self.worse_by is None or self.worse_by.low > 0


@dataclass(frozen=True)
class Line:
    """One row of the demo's table: a fake side under every metric of every protocol."""

    world: str
    fake: str
    cells: tuple[Cell, ...]

    @property
    def damage(self) -> str:
        """The fake side without its amount."""
        return self.fake.partition("=")[0]


def run_demo(out: Path, machinery: Callable[[str], Machinery]) -> Iterator[Line]:
    """Measure everything, line by line; records go under `out`/records.

    Args:
        out: folder of the records and the picture `clips.png`.
        machinery: cache, threads and progress for a piece of work of that name.

    Raises:
        InputError: `out` cannot be written to.
    """
    _picture(out / "clips.png")
    for world in WORLDS:
        untouched: list[Measurement] = []
        for fake in (UNTOUCHED, *DAMAGES):
            results = [
                scored(plan(_request(world, fake, trial, metric)), machinery(f"{world}, {fake}"))
                for trial in TRIALS
                for metric in trial.metrics
            ]
            for result in results:
                write_record(result.record, record_path(out / "records", result.record))
            if not untouched:
                untouched = [result.measured for result in results]
                yield Line(world, fake, tuple(Cell(result.record, None) for result in results))
                continue
            differences = [
                result.measured.difference(none, seed=0)
                for result, none in zip(results, untouched, strict=True)
            ]
            cells = [Cell(r.record, d) for r, d in zip(results, differences, strict=True)]
            yield Line(world, fake, tuple(cells))


def _source(world: str, fake: str) -> str:
    whole = f"{world}/test" if fake == UNTOUCHED else f"damaged:{fake}:{world}/test"
    return f"part:2/2:{whole}"


def _request(world: str, fake: str, trial: Trial, metric: Metric) -> ScoreRequest:
    return ScoreRequest(
        metric=metric,
        real=f"part:1/2:{world}/test",
        fake=_source(world, fake),
        frames=FRAMES,
        protocol=trial.protocol,
        clips=trial.clips,
        repeats=trial.repeats,
        extractor="i3d-toy",
    )


def _picture(path: Path) -> None:
    """One video of each world, untouched and damaged: every second frame of its first clip."""
    rows, labels = [], []
    options = SourceOptions(OpenOptions(), resolution=96)
    for world in WORLDS:
        for fake in (UNTOUCHED, *DAMAGES):
            source = open_source(_source(world, fake), options)
            rows.append(source.read(3, range(0, FRAMES, 2)))
            labels.append(fake.partition("=")[0])
    path.parent.mkdir(parents=True, exist_ok=True)
    montage(rows, labels, path)
