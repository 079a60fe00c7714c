"""`leo-bench data prepare`: plans what a download holds and prepares every video once.

Prepared data lies in `OUT/DATASET/SPLIT/VIDEO`, where OUT is a data root. The same command again
resumes where the last one stopped; other options need another OUT.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from leo_bench.benchmarks.datasets.dataset import Dataset, load_dataset
from leo_bench.benchmarks.datasets.preparation import (
    Entry,
    Journal,
    LeftOut,
    PartJournal,
    PrepareReport,
    write_report,
)
from leo_bench.benchmarks.montage import evenly_spaced, montage
from leo_bench.benchmarks.prepare import celebvhq, faceforensics, grid, taichihd, ucf101, weizmann
from leo_bench.benchmarks.prepare.job import Job, Plan, PrepareOptions
from leo_bench.benchmarks.prepare.work import Progress, Work, remove_partial
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.processes.team import Alone, Team
from leo_bench.evaluation.records.circumstances import now, versions
from leo_bench.evaluation.videos.discover import OpenOptions, open_videos

MONTAGE = "montage.png"
MONTAGE_ROWS, MONTAGE_FRAMES = 8, 6
MONTAGE_LABEL = 28  # characters of a name, its end


@dataclass(frozen=True)
class PrepareRecipe:
    """How one data set is prepared.

    Args:
        options: the options it has, besides `limit` and `workers`.
        version: must be raised when it could give other pixels or another set of videos.
    """

    plan: Callable[[Path, PrepareOptions], Plan]
    options: frozenset[str]
    version: int = 1


RECIPES: Mapping[str, PrepareRecipe] = {
    "celebvhq": PrepareRecipe(
        celebvhq.plan, frozenset({"storage", "resolution", "metadata"}), version=2
    ),
    "faceforensics": PrepareRecipe(
        faceforensics.plan, frozenset({"storage", "resolution", "wide_crop"})
    ),
    "grid": PrepareRecipe(grid.plan, frozenset({"storage", "resolution"}), version=3),
    "taichihd": PrepareRecipe(
        taichihd.plan, frozenset({"storage", "resolution", "metadata"}), version=2
    ),
    "ucf101": PrepareRecipe(
        ucf101.plan, frozenset({"storage", "resolution", "metadata"}), version=2
    ),
    "weizmann": PrepareRecipe(weizmann.plan, frozenset({"storage"})),
}


def prepare(
    dataset_id: str,
    download: Path,
    out: Path,
    options: PrepareOptions | None = None,
    progress: Progress | None = None,
    team: Team | None = None,
) -> PrepareReport:
    """Prepare a data set from its download, and return the report that is also `prepare.json`.

    Args:
        dataset_id: one of `RECIPES`.
        download: the folder with the official files.
        out: the data root; the data set becomes the folder of its id in it.
        options: None: as published.
        progress: called after every video, from this thread.
        team: processes that divide the videos; None: this one alone.

    Raises:
        ShareDone: in every process but the first, when no video is left for it.
        UnlikeError: the processes find other videos in the download.
        InputError: the download holds nothing of the data set, an option is not for it, `out` holds
            it prepared with other options, another preparation is running there, or the disk is
            full.
    """
    options = options or PrepareOptions()
    dataset = load_dataset(dataset_id)
    recipe = _recipe(dataset, options)
    if not download.is_dir():
        raise InputError(f"{download}: no such folder")
    plan = recipe.plan(download, options)
    _check_names(plan.jobs)
    jobs = _limited(plan.jobs, options.limit)
    folder = out / dataset_id
    chosen = options.model_dump(mode="json", include=set(recipe.options) - {"metadata"})
    header = {"dataset": dataset_id, "prepare_version": recipe.version, "options": chosen}
    team = team or Alone()
    names = "\n".join(f"{job.split}/{job.name}" for job in jobs).encode("utf-8", "surrogateescape")
    team.agree(f"videos of {dataset_id} in {download}", hashlib.sha256(names).hexdigest()[:16])
    with ExitStack() as held:
        journal: Journal | PartJournal
        if team.rank == 0:
            held.enter_context(_only_one(folder))
            journal = Journal(folder, header)
            journal.take_parts()  # of processes that were killed
            remove_partial(folder)
        team.after_first(f"prepare/{dataset_id}")
        if team.rank:
            journal = PartJournal(folder, header, team.rank)
        work = Work(plan, jobs, folder, journal, options.workers, team, progress)
        resumed = len(jobs) - len(work.waiting(jobs))
        excluded = work.divide()
        excluded.sort(key=lambda video: (video.split, video.name))
        done = [
            journal.entries[j.split, j.name] for j in jobs if (j.split, j.name) in journal.entries
        ]
        report = PrepareReport(
            dataset=dataset_id,
            prepare_version=recipe.version,
            versions=versions(),
            options=chosen | {"limit": options.limit},
            download=str(download),
            created=now(),
            videos=dict(Counter(entry.split for entry in done)),
            expected={name: split.videos for name, split in dataset.splits.items()},
            failed=tuple(video for video in excluded if not isinstance(video, LeftOut)),
            left_out=tuple(video for video in excluded if isinstance(video, LeftOut)),
            missing=plan.missing,
            notes=plan.notes,
            noted=sum(bool(entry.notes) for entry in done),
            resumed=resumed,
            digests={f"{e.split}/{e.path}": e.digest for e in done if e.digest},
        )
        write_report(folder, report)  # before the montage, which checks the videos by its digests
        _write_montage(folder, done)
    return report


def _recipe(dataset: Dataset, options: PrepareOptions) -> PrepareRecipe:
    if dataset.id not in RECIPES:
        why = "is rendered" if dataset.layout == "world" else "is measured where its videos are"
        raise InputError(f"{dataset.id} {why}, not prepared; prepared are {', '.join(RECIPES)}")
    recipe = RECIPES[dataset.id]
    usual = PrepareOptions()
    chosen = {name for name, value in options if value != getattr(usual, name)}
    foreign = sorted(chosen - recipe.options - {"limit", "workers"})
    if foreign:
        raise InputError(f"{foreign[0]} is no option of {dataset.id}, whose preparation is fixed")
    if options.workers < 1 or (options.limit is not None and options.limit < 1):
        raise InputError("limit and workers have to be at least 1")
    return recipe


def _check_names(jobs: Sequence[Job]) -> None:
    """Refuse names, which come from the download, that are hidden, not unique or no safe paths."""
    for job in jobs:
        parts = job.name.split("/")
        if "\\" in job.name or any(part == "" or part.startswith(".") for part in parts):
            raise InputError(
                f"{job.sources[0]}: {job.name!r} cannot be the name of a prepared video"
            )
    for (split, name), count in Counter((job.split, job.name) for job in jobs).items():
        if count > 1:
            raise InputError(f"the download has {count} videos {split}/{name}: keep one of them")


def _limited(jobs: Sequence[Job], limit: int | None) -> list[Job]:
    """The first `limit` jobs of each split."""
    seen: Counter[str] = Counter()
    kept = []
    for job in jobs:
        seen[job.split] += 1
        if limit is None or seen[job.split] <= limit:
            kept.append(job)
    return kept


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Create `folder` and hold its lock; an InputError if another preparation holds it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock", timeout=0):
            yield
    except Timeout:
        raise InputError(f"{folder}: another preparation is at work there") from None
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {error.strerror or error}") from None


def _write_montage(folder: Path, entries: Sequence[Entry]) -> None:
    """Write a montage of some prepared videos: it shows wrong boxes and swapped channels."""
    rows, labels = [], []
    for entry in (entries[i] for i in evenly_spaced(len(entries), MONTAGE_ROWS)):
        source = open_videos(folder / entry.split / entry.path, OpenOptions())
        rows.append(source.read(0, evenly_spaced(source.frame_counts[0], MONTAGE_FRAMES)))
        label = f"{entry.split}/{entry.name}"
        labels.append(label if len(label) <= MONTAGE_LABEL else "…" + label[-MONTAGE_LABEL:])
    if rows:
        montage(rows, labels, folder / MONTAGE)
