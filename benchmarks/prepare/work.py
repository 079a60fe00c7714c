"""The videos of a preparation: made side by side, and divided among processes."""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from leo_bench.benchmarks.datasets.preparation import (
    Entry,
    Failure,
    Journal,
    LeftOut,
    PartJournal,
    SourceFile,
)
from leo_bench.benchmarks.prepare.job import Job, LeftOutError, Plan
from leo_bench.benchmarks.prepare.reading import file_notes
from leo_bench.benchmarks.prepare.search import is_video
from leo_bench.benchmarks.prepare.store import placed_path, store_video
from leo_bench.evaluation.errors import BadVideoError, InputError
from leo_bench.evaluation.processes.team import Team
from leo_bench.evaluation.videos.digests import file_sha256
from leo_bench.evaluation.videos.discover import content_digest

Progress = Callable[[int, int, str], None]  # (videos done, videos in all, name of the last one)

PIECES_A_PROCESS = 16


@dataclass(frozen=True)
class Work:
    """The videos of a preparation.

    Args:
        plan: what the download holds.
        jobs: those to be made.
        folder: of the data set.
        journal: of this process.
        workers: videos at once.
        team: processes that divide the videos.
        progress: called after every video, from the thread that divides.
    """

    plan: Plan
    jobs: Sequence[Job]
    folder: Path
    journal: Journal | PartJournal
    workers: int
    team: Team
    progress: Progress | None

    def waiting(self, jobs: Sequence[Job]) -> list[Job]:
        """Those of these videos that the journal lacks, or whose sources have another size now."""
        return [job for job in jobs if not self._is_done(job)]

    def divide(self) -> list[Failure]:
        """Make this process's share; in the first process, what the others could not do, too.

        Returns:
            The videos that were not made.

        Raises:
            ShareDone: in every process but the first.
            InputError: `folder` cannot be written to.
        """
        name, excluded = f"prepare/{self.folder.name}/{len(self.jobs)}", dict[int, Failure]()
        pieces = min(len(self.jobs), self.team.size * PIECES_A_PROCESS) if self.team.size > 1 else 1

        def do(piece: int) -> None:
            jobs = self.jobs[piece::pieces]
            waiting = self.waiting(jobs)
            self.team.add(name, len(jobs) - len(waiting))
            excluded.update(self._make(name, waiting))

        self.team.each(name, pieces, do)
        self.team.first_only()
        self.team.wait(name, pieces)
        if isinstance(self.journal, Journal):
            self.journal.take_parts()
        left = [job for job in self.waiting(self.jobs) if id(job) not in excluded]
        return list((excluded | self._make(name, left)).values())

    def _make(self, name: str, jobs: Sequence[Job]) -> dict[int, Failure]:
        """Make videos, and journal them; those that were not made, by the job's id."""
        excluded = {}
        for job, outcome in self._outcomes(jobs):
            if isinstance(outcome, Entry):
                self.journal.add(outcome)
            else:
                excluded[id(job)] = outcome
            done = min(self.team.add(name, 1), len(self.jobs))
            if self.progress is not None:
                self.progress(done, len(self.jobs), job.name)
        return excluded

    def _outcomes(self, jobs: Sequence[Job]) -> Iterator[tuple[Job, Entry | Failure]]:
        """Every job with its outcome, in the order in which they finish."""
        scratch = partial_folder(self.folder, self.team.rank)
        pool = ThreadPoolExecutor(max_workers=self.workers)
        try:
            futures = {pool.submit(self._one, job, scratch): job for job in jobs}
            for future in as_completed(futures):
                yield futures[future], future.result()
        finally:
            pool.shutdown(cancel_futures=True)
            shutil.rmtree(scratch, ignore_errors=True)

    def _is_done(self, job: Job) -> bool:
        """Whether this video has been prepared, from sources of the same sizes."""
        entry = self.journal.entries.get((job.split, job.name))
        place = self.folder / job.split / placed_path(job, self.plan.store)
        if entry is None or not place.exists():
            return False
        return [s.bytes for s in entry.sources] == [path.stat().st_size for path in job.sources]

    def _one(self, job: Job, scratch: Path) -> Entry | Failure:
        path = placed_path(job, self.plan.store)
        place = self.folder / job.split / path
        try:
            frames, notes = store_video(job, self.plan.store, place, scratch)
            sources = tuple(_source_file(source, source.stat()) for source in job.sources)
            digest = content_digest(place)
            odd = [
                note for source in job.sources if is_video(source) for note in file_notes(source)
            ]
        except LeftOutError as error:
            return LeftOut(split=job.split, name=job.name, reason=str(error))
        except BadVideoError as error:
            return Failure(split=job.split, name=job.name, reason=str(error))
        except OSError as error:
            why = error.strerror or error
            raise InputError(f"{self.folder}: cannot be written: {why}") from None
        return Entry(
            split=job.split,
            name=job.name,
            path=path,
            frames=frames,
            sources=sources,
            notes=(*notes, *dict.fromkeys(odd)),
            digest=digest,
        )


def partial_folder(folder: Path, rank: int) -> Path:
    """Where a process makes its videos: as deep as `folder`, for relative links."""
    return folder.with_name(f"{_partial(folder)}{rank or ''}")


def remove_partial(folder: Path) -> None:
    """Remove what killed processes left."""
    for path in folder.parent.glob(f"{_partial(folder)}*"):
        shutil.rmtree(path, ignore_errors=True)


def _partial(folder: Path) -> str:
    return f".partial-{folder.name}"


@lru_cache(maxsize=100_000)  # many clips may come from one file; its state is part of the key
def _source_file(path: Path, state: os.stat_result) -> SourceFile:
    return SourceFile(path=str(path), bytes=state.st_size, sha256=file_sha256(path))
