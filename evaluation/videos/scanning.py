"""Scans videos (counts, measures and hashes them) side by side, and keeps what was found.

Many videos are scanned in processes of their own: reading a small file through PyAV is mostly
Python, of which one process runs one thread at a time. The processes of torchrun divide the videos
besides, and find in the cache what the others scanned. The outcome does not depend on any of that.
"""

import hashlib
import math
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial

from leo_bench.evaluation.errors import BadVideoError
from leo_bench.evaluation.processes.team import Team
from leo_bench.evaluation.videos.ahead import in_order
from leo_bench.evaluation.videos.scan_processes import Outcome, ScanProcesses, scanned
from leo_bench.evaluation.videos.scanned import RACY_NS, ScannedVideos
from leo_bench.evaluation.videos.source import Skipped
from leo_bench.evaluation.videos.stored import Layout, Place, Stored

MANY = 500  # videos, from which on other processes are worth their start
STORE_SECONDS = 5.0  # a process that is killed loses what it scanned in this time

_LARGEST_PIECE = 1024  # videos that a process of a team claims in one go
_PIECES = 8  # a process, so that none waits long for the last of the others

_Each = Callable[[Sequence[Place]], Generator[Outcome, None, None]]


@dataclass(frozen=True)
class Scanning:
    """How videos are scanned.

    Args:
        cache: keeps what was found.
        workers: videos at once.
        stop_at_broken: raise the error of the first broken video.
        on_progress: called with (videos done, videos in all).
        team: processes that divide the videos.
    """

    cache: ScannedVideos
    workers: int
    stop_at_broken: bool
    on_progress: Callable[[int, int], None] | None
    team: Team


def scan_places(layout: Layout, places: Sequence[Place], how: Scanning) -> list[Outcome]:
    """Scan every place, or recall it if its files have not changed; in order.

    Raises:
        BadVideoError: the first broken video, under `stop_at_broken`.
        InfrastructureError: another process that scans has ended.
    """
    outcomes: list[Outcome | None] = [*how.cache.recall(places)]
    if how.team.size > 1 and None in outcomes:
        _scan_share(layout, places, outcomes, how)
        how.cache.list_anew()
        outcomes = [*how.cache.recall(places)]
        if how.team.rank == 0:
            how.cache.merge()
    unknown = [index for index, outcome in enumerate(outcomes) if outcome is None]
    if not unknown:
        return [outcome for outcome in outcomes if outcome is not None]
    done, todo = len(places) - len(unknown), [places[index] for index in unknown]
    try:
        with _side_by_side(layout, len(todo), how.workers) as each:
            for index, outcome in zip(unknown, _kept(each, todo, how), strict=True):
                outcomes[index] = outcome
                done += 1
                if how.on_progress:
                    how.on_progress(done, len(places))
    finally:
        if how.team.rank == 0:
            how.cache.merge()
    return [outcome for outcome in outcomes if outcome is not None]


def _scan_share(
    layout: Layout, places: Sequence[Place], known: Sequence[Outcome | None], how: Scanning
) -> None:
    """Scan this process's share into the cache, and wait until the others have done theirs.

    What the cache does not keep (broken videos, files that have just been written) is left.
    """
    team, began = how.team, time.time_ns()
    size = max(1, min(_LARGEST_PIECE, math.ceil(len(places) / (_PIECES * team.size))))
    pieces, work = math.ceil(len(places) / size), f"opening/{_content(layout, places)}"

    def do(piece: int) -> None:
        share = range(len(places))[piece * size : (piece + 1) * size]
        todo = [places[i] for i in share if known[i] is None and not _is_racy(places[i], began)]
        for _ in _kept(each, todo, how):
            pass
        done = team.add(work, len(share))
        if how.on_progress:
            how.on_progress(done, len(places))

    with (
        _side_by_side(layout, len(places) // team.size, how.workers) as each,
        suppress(BadVideoError),  # each process comes to it again, and names the first of all
    ):
        team.each(work, pieces, do)
    team.wait(work, pieces)


def _kept(each: _Each, places: Sequence[Place], how: Scanning) -> Generator[Outcome, None, None]:
    """The outcome of each place, in order; what was found is stored as it comes.

    Raises:
        BadVideoError: the first broken video, under `stop_at_broken`.
    """
    began, stored = time.time_ns(), time.monotonic()
    news: list[tuple[Place, Stored]] = []
    try:
        with closing(each(places)) as found:
            for place, outcome in zip(places, found, strict=True):
                if isinstance(outcome, Skipped) and how.stop_at_broken:
                    raise BadVideoError(outcome.name, outcome.reason)
                if isinstance(outcome, Stored) and not _is_racy(place, began):
                    news.append((place, outcome))
                if time.monotonic() - stored > STORE_SECONDS:
                    how.cache.store(news)
                    news, stored = [], time.monotonic()
                yield outcome
    finally:
        how.cache.store(news)


def _is_racy(place: Place, began: int) -> bool:
    """Whether the files may change once more without a change of state that can be seen."""
    return place.state is None or began - place.newest_ns < RACY_NS


@contextmanager
def _side_by_side(layout: Layout, count: int, workers: int) -> Iterator[_Each]:
    """What scans about `count` places in order, in processes or threads."""
    if layout.scans_apart and workers > 1 and count >= MANY:
        with ScanProcesses(layout, workers) as processes:
            yield processes.each
    else:
        with ThreadPoolExecutor(max(1, workers)) as pool:
            yield partial(_in_threads, layout, pool, workers)


def _in_threads(
    layout: Layout, pool: ThreadPoolExecutor, workers: int, places: Sequence[Place]
) -> Generator[Outcome, None, None]:
    with closing(in_order(pool, partial(scanned, layout), places, 4 * workers)) as futures:
        for future in futures:
            yield future.result()


def _content(layout: Layout, places: Sequence[Place]) -> str:
    """A name of these places as they are now."""
    lines = [layout.reading, *(f"{place.file}\0{place.inner}\0{place.state}" for place in places)]
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()
