"""`leo-bench demo`: known damage to known videos, measured under both of the paper's protocols.

Half of each embedded world is the real side. The other half is the fake side: untouched, which is
as good as a generator can be, and damaged in five ways. A metric that is worth anything puts the
untouched half first.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.montage import montage
from benchmarks.plan import ScoreRequest
from benchmarks.score import score
from benchmarks.sources import SourceOptions, open_source
from evaluation.features import Machinery
from evaluation.numbers import Metric
from evaluation.record import Record, record_path, write_record
from evaluation.videos.discover import OpenOptions

WORLDS = ("toy-faces", "toy-bodies")
UNTOUCHED = "other half"
DAMAGES = ("frozen", "shuffled", "blur", "noise", "identity-swap")
FRAMES = 16


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


TRIALS = (Trial("digan", ("fvd", "kvd"), 96, 3), Trial("stylegan-v", ("fvd",), 96, 1))


@dataclass(frozen=True)
class Line:
    """One row of the demo's table: a fake side under every metric of every protocol."""

    world: str
    fake: str
    records: tuple[Record, ...]


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
        for fake in (UNTOUCHED, *DAMAGES):
            records = tuple(
                score(_request(world, fake, trial, metric), machinery(f"{world}, {fake}"))
                for trial in TRIALS
                for metric in trial.metrics
            )
            for record in records:
                write_record(record, record_path(out / "records", record))
            yield Line(world, fake, records)


def not_noticed(lines: list[Line]) -> list[str]:
    """The damages that a metric did not tell from no damage: intervals that touch."""
    found = []
    for world in WORLDS:
        (untouched,) = [r for r in lines if r.world == world and r.fake == UNTOUCHED]
        for line in lines:
            if line.world != world or line is untouched:
                continue
            for record, none in zip(line.records, untouched.records, strict=True):
                if not _above(record, none):
                    found.append(f"{world}, {line.fake}: {record.metric} of {record.protocol}")
    return found


def _above(record: Record, other: Record) -> bool:
    """Whether the whole interval of `record` lies above the other's."""
    if record.interval is None or other.interval is None:
        return False
    return record.interval[0] > other.interval[1]


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
            labels.append(fake)
    path.parent.mkdir(parents=True, exist_ok=True)
    montage(rows, labels, path)
