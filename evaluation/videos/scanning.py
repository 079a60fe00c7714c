"""Scans videos (counts, measures and hashes them) side by side, and keeps what was found.

Many videos are scanned in processes of their own: reading a small file through PyAV is mostly
Python, of which one process runs one thread at a time. The outcome does not depend on that.
"""

import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial

from leo_bench.evaluation.errors import BadVideoError
from leo_bench.evaluation.videos.ahead import in_order
from leo_bench.evaluation.videos.scan_processes import Outcome, ScanProcesses, scanned
from leo_bench.evaluation.videos.scanned import RACY_NS, ScannedVideos
from leo_bench.evaluation.videos.source import Skipped
from leo_bench.evaluation.videos.stored import Layout, Place, Stored

MANY = 500  # videos, from which on other processes are worth their start
STORE_SECONDS = 5.0  # a process that is killed loses what it scanned in this time


@dataclass(frozen=True)
class Scanning:
    """How videos are scanned.

    Args:
        cache: keeps what was found.
        workers: videos at once.
        stop_at_broken: raise the error of the first broken video.
        on_progress: called with (videos done, videos in all).
    """

    cache: ScannedVideos
    workers: int
    stop_at_broken: bool
    on_progress: Callable[[int, int], None] | None


def scan_places(layout: Layout, places: Sequence[Place], how: Scanning) -> list[Outcome]:
    """Scan every place, or recall it if its files have not changed; in order.

    Raises:
        BadVideoError: the first broken video, under `stop_at_broken`.
        InfrastructureError: another process that scans has ended.
    """
    outcomes: list[Outcome | None] = [*how.cache.recall(places)]
    unknown = [index for index, outcome in enumerate(outcomes) if outcome is None]
    done, began = len(places) - len(unknown), time.time_ns()
    news: list[tuple[Place, Stored]] = []
    stored = time.monotonic()
    try:
        with closing(_each(layout, [places[i] for i in unknown], how.workers)) as found:
            for index, outcome in zip(unknown, found, strict=True):
                if isinstance(outcome, Skipped) and how.stop_at_broken:
                    raise BadVideoError(outcome.name, outcome.reason)
                outcomes[index] = outcome
                if isinstance(outcome, Stored) and not _is_racy(places[index], began):
                    news.append((places[index], outcome))
                if time.monotonic() - stored > STORE_SECONDS:
                    how.cache.store(news)
                    news, stored = [], time.monotonic()
                done += 1
                if how.on_progress:
                    how.on_progress(done, len(places))
    finally:
        if unknown:
            how.cache.store(news)
            how.cache.merge()
    return [outcome for outcome in outcomes if outcome is not None]


def _is_racy(place: Place, began: int) -> bool:
    """Whether the files may change once more without a change of state that can be seen."""
    return place.state is None or began - place.newest_ns < RACY_NS


def _each(layout: Layout, places: Sequence[Place], workers: int) -> Generator[Outcome, None, None]:
    """The outcome of each place, in order."""
    if layout.scans_apart and workers > 1 and len(places) >= MANY:
        with ScanProcesses(layout, workers) as processes:
            yield from processes.each(places)
        return
    with ThreadPoolExecutor(max(1, workers)) as pool:
        scan = partial(scanned, layout)
        with closing(in_order(pool, scan, places, ahead=4 * workers)) as futures:
            for future in futures:
                yield future.result()
