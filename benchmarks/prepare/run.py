"""`leo-bench data prepare`: plan what a download holds, prepare every video once, report the rest.

Prepared data lies in `OUT/DATASET/SPLIT/VIDEO`, OUT being a data root. Running the same line again
goes on where the last run stopped; other options need another OUT.
"""

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from filelock import FileLock, Timeout

from leo_bench.benchmarks.datasets.dataset import load_dataset
from leo_bench.benchmarks.prepare import celebvhq, faceforensics, grid, taichihd, ucf101, weizmann
from leo_bench.benchmarks.prepare.job import Job, LeftOutError, Plan, PrepareOptions
from leo_bench.benchmarks.prepare.look import write_montage
from leo_bench.benchmarks.prepare.reading import file_notes
from leo_bench.benchmarks.prepare.report import (
    Entry,
    Failure,
    Journal,
    LeftOut,
    PrepareReport,
    SourceFile,
    write_report,
)
from leo_bench.benchmarks.prepare.search import is_video
from leo_bench.benchmarks.prepare.store import placed_path, store_video
from leo_bench.evaluation.errors import BadVideoError, InputError
from leo_bench.evaluation.records.circumstances import now, versions
from leo_bench.evaluation.videos.digests import file_sha256
from leo_bench.evaluation.videos.discover import content_digest

Progress = Callable[[int, int, str], None]  # videos done, of how many, the last one's name


@dataclass(frozen=True)
class PrepareRecipe:
    """How one data set is prepared.

    Args:
        options: those that it knows beside `limit` and `workers`.
        version: to be raised when it could give other pixels or another set of videos.
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
) -> PrepareReport:
    """Prepare a data set from its download; -> what was done, also written to `prepare.json`.

    Args:
        dataset_id: one of `RECIPES`.
        download: the folder with the official files.
        out: the data root; the data set becomes the folder of its id in there.
        options: None: as published.
        progress: called after every video, from this thread.

    Raises:
        InputError: the download holds nothing of the data set, an option is not for it, `out` holds
            it under other options, another preparation is at work there, or the disk is full.
    """
    options = options or PrepareOptions()
    dataset = load_dataset(dataset_id)
    recipe = _recipe(dataset_id, options)
    plan = recipe.plan(download, options)
    jobs = _limited(_checked(plan.jobs), options.limit)
    folder = out / dataset_id
    chosen = options.model_dump(mode="json", include=set(recipe.options) - {"metadata"})
    header = {"dataset": dataset_id, "prepare_version": recipe.version, "options": chosen}
    with _only_one(folder):
        journal = Journal(folder, header)
        waiting = [job for job in jobs if not _is_done(job, plan, journal, folder)]
        resumed = len(jobs) - len(waiting)
        failed: list[Failure] = []
        left_out: list[LeftOut] = []
        for number, (job, outcome) in enumerate(_worked(waiting, plan, folder, options.workers), 1):
            if isinstance(outcome, Entry):
                journal.add(outcome)
            elif isinstance(outcome, LeftOut):
                left_out.append(outcome)
            else:
                failed.append(outcome)
            if progress:
                progress(resumed + number, len(jobs), job.name)
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
            failed=tuple(sorted(failed, key=_place)),
            left_out=tuple(sorted(left_out, key=_place)),
            missing=plan.missing,
            notes=plan.notes,
            noted=sum(bool(entry.notes) for entry in done),
            resumed=resumed,
            digests={f"{e.split}/{e.path}": e.digest for e in done if e.digest},
        )
        write_report(folder, report)  # first: the montage opens what its digests are of
        write_montage(folder, done)
    return report


def _place(video: Failure) -> tuple[str, str]:
    return video.split, video.name


def _recipe(dataset_id: str, options: PrepareOptions) -> PrepareRecipe:
    if dataset_id not in RECIPES:
        raise InputError(
            f"{dataset_id} is rendered, not prepared; prepared are {', '.join(RECIPES)}"
        )
    recipe = RECIPES[dataset_id]
    chosen = {name for name in options.model_fields_set if getattr(options, name) != _default(name)}
    foreign = sorted(chosen - recipe.options - {"limit", "workers"})
    if foreign:
        raise InputError(f"{foreign[0]} is no option of {dataset_id}, whose preparation is fixed")
    if options.workers < 1 or (options.limit is not None and options.limit < 1):
        raise InputError("limit and workers have to be at least 1")
    return recipe


def _default(option: str) -> object:
    return PrepareOptions.model_fields[option].default


def _checked(jobs: Sequence[Job]) -> Sequence[Job]:
    """`jobs`, if their names stay below their split: names come from downloads and become paths.

    Raises:
        InputError: one would lie elsewhere or be hidden, or two would lie in one place.
    """
    for job in jobs:
        parts = job.name.split("/")
        if "\\" in job.name or any(part == "" or part.startswith(".") for part in parts):
            raise InputError(
                f"{job.sources[0]}: {job.name!r} cannot be the name of a prepared video"
            )
    for (split, name), count in Counter((job.split, job.name) for job in jobs).items():
        if count > 1:
            raise InputError(f"the download has {count} videos {split}/{name}: keep one of them")
    return jobs


def _limited(jobs: Sequence[Job], limit: int | None) -> list[Job]:
    """The first `limit` jobs of each split."""
    seen: Counter[str] = Counter()
    kept = []
    for job in jobs:
        seen[job.split] += 1
        if limit is None or seen[job.split] <= limit:
            kept.append(job)
    return kept


def _is_done(job: Job, plan: Plan, journal: Journal, folder: Path) -> bool:
    """Whether an earlier run put this video in its place, from sources of the same sizes."""
    entry = journal.entries.get((job.split, job.name))
    if entry is None or not (folder / job.split / placed_path(job, plan.store)).exists():
        return False
    return [s.bytes for s in entry.sources] == [path.stat().st_size for path in job.sources]


def _worked(
    jobs: Sequence[Job], plan: Plan, folder: Path, workers: int
) -> Iterator[tuple[Job, Entry | Failure]]:
    """Every job with its outcome, as each is done."""
    scratch = folder.with_name(f".partial-{folder.name}")  # as deep as `folder`, for relative links
    pool = ThreadPoolExecutor(max_workers=workers)
    try:
        futures = {pool.submit(_one, job, plan, folder, scratch): job for job in jobs}
        for future in as_completed(futures):
            yield futures[future], future.result()
    finally:
        pool.shutdown(cancel_futures=True)
        shutil.rmtree(scratch, ignore_errors=True)


def _one(job: Job, plan: Plan, folder: Path, scratch: Path) -> Entry | Failure:
    placed = placed_path(job, plan.store)
    try:
        frames, notes = store_video(job, plan.store, folder / job.split / placed, scratch)
        sources = tuple(_source_file(path, path.stat()) for path in job.sources)
        digest = content_digest(folder / job.split / placed)
        odd = [note for path in job.sources if is_video(path) for note in file_notes(path)]
    except LeftOutError as error:
        return LeftOut(split=job.split, name=job.name, reason=str(error))
    except BadVideoError as error:
        return Failure(split=job.split, name=job.name, reason=str(error))
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {error.strerror or error}") from None
    return Entry(
        split=job.split,
        name=job.name,
        path=placed,
        frames=frames,
        sources=sources,
        notes=(*notes, *dict.fromkeys(odd)),
        digest=digest,
    )


@lru_cache(maxsize=100_000)  # many clips may come from one file; its state is part of the key
def _source_file(path: Path, state: os.stat_result) -> SourceFile:
    return SourceFile(path=str(path), bytes=state.st_size, sha256=file_sha256(path))


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Keep a second preparation out of `folder`, which is made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock", timeout=0):
            yield
    except Timeout:
        raise InputError(f"{folder}: another preparation is at work there") from None
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {error.strerror or error}") from None
