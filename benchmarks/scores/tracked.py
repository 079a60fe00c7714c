"""The numbers of a command in trackers: a run for each set of videos, with what identifies it.

A run has the numbers of one set of videos, so that models are the rows of a tracker's table and
metrics its columns.
"""

import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from leo_bench.evaluation.metrics import DISTANCES
from leo_bench.evaluation.records.comparison import ScoresExtra
from leo_bench.evaluation.records.distance import Record, slug
from leo_bench.evaluation.records.documents import Document, MeasuredRecord, measured_of
from leo_bench.evaluation.records.parts import SideRecord
from leo_bench.evaluation.records.shares import PrecisionExtra
from leo_bench.evaluation.tracking.places import Place
from leo_bench.evaluation.tracking.runs import TrackedRun

PROJECT = "leo-bench"
FOLDER = Path("leo-bench-tracking")  # of trackers that write files; in the current folder

Ends = tuple[float, float] | None

_SIDE = {"name", "source", "fingerprint", "split", "videos_used", "clips", "stride"}
_FACTS: dict[str, Any] = dict.fromkeys(
    ("metric", "protocol", "protocol_version", "protocol_digest", "frames", "resolution", "seed",
     "seed_rule", "extractor", "embedder", "weights_sha256", "weights_verified", "precision",
     "device", "dataset", "comparable", "created", "commit", "versions"),
    True,
) | {"real": _SIDE, "fake": _SIDE, "source": _SIDE, "against": {"source": _SIDE}}  # fmt: skip


@dataclass(frozen=True)
class Tracked:
    """One number: its record, and precision and recall where they were measured with it."""

    record: MeasuredRecord
    shares: PrecisionExtra | None = None

    @property
    def key(self) -> str:
        """The metric and its frames: "fvd16"."""
        return f"{self.record.metric}{self.record.frames}"

    @property
    def source(self) -> str:
        """The videos that the number is about, as they were given."""
        return _side(self.record).source

    def values(self, key: str) -> dict[str, float]:
        """The numbers by name: "fvd16", "fvd16 low", "fvd16 high", "fvd16 infinity", ..."""
        record = self.record
        found = _with_ends(key, record.value, record.interval)
        if isinstance(record, Record):
            if record.fvd_infinity is not None:
                ends = None if record.extrapolation is None else record.extrapolation.interval
                found |= _with_ends(f"{key} infinity", record.fvd_infinity, ends)
            if record.spread is not None:
                found[f"{key} spread"] = record.spread
            samples = DISTANCES[record.metric].samples
            found |= {
                f"{key} real {samples}": record.n_real,
                f"{key} fake {samples}": record.n_fake,
            }
        else:
            found[f"{key} videos"] = record.videos_used
            found |= {f"{key} {name}": value for name, value in record.diagnostics.items()}
            if record.against is not None:
                less = record.against
                found |= _with_ends(f"{key} less real", less.difference, less.interval)
        if self.shares is not None:
            for name, share in (
                ("precision", self.shares.precision),
                ("recall", self.shares.recall),
            ):
                found |= _with_ends(f"{name}{record.frames}", share.value, share.interval)
        return found


def tracked_numbers(made: Document) -> list[Tracked]:
    """The numbers of a command's document."""
    shares: dict[int, PrecisionExtra] = {}
    if isinstance(made.extra, PrecisionExtra):
        shares[0] = made.extra
    elif isinstance(made.extra, ScoresExtra):
        shares = {one.record: one.shares for one in made.extra.precision}
    return [Tracked(record, shares.get(i)) for i, record in enumerate(measured_of(made))]


def track(
    trackers: Sequence[str],
    numbers: Sequence[Tracked],
    say: Callable[[str], None],
    names: Mapping[str, str] | None = None,
) -> list[str]:
    """Log numbers, a run for each set of videos in each tracker; a failure is said, not raised.

    Args:
        trackers: names (`evaluation.tracking.names`); none: nothing is done.
        numbers: of one command.
        say: shows a line on each tracker: what was logged, or why nothing was.
        names: of sets of videos by their source, where they are not called as they call themselves.

    Returns:
        The trackers that took everything.
    """
    sets: dict[str, list[Tracked]] = {}
    for number in numbers:
        sets.setdefault(number.source, []).append(number)
    titles, took = names or {}, []
    for tracker in trackers:
        logged = [
            name
            for source, of_set in sets.items()
            if _track_set(
                tracker, name := titles.get(source) or _side(of_set[0].record).name, of_set, say
            )
        ]
        if logged:
            files = FOLDER / tracker
            where = f" (files in {files})" if files.is_dir() else ""
            say(f"logged to {tracker}: {', '.join(logged)}{where}")
        if len(logged) == len(sets):
            took.append(tracker)
    return took


def _track_set(
    tracker: str, name: str, numbers: Sequence[Tracked], say: Callable[[str], None]
) -> bool:
    """Log the numbers of one set of videos; return whether the tracker took them."""
    first, run = numbers[0].record, uuid.uuid4().hex
    place = Place(
        project=PROJECT,
        group=first.dataset or _real(first).name,
        name=name,
        folder=FOLDER.absolute(),
        key=f"{slug(name)}-{datetime.now(UTC):%Y%m%dT%H%M%S}-{run[:6]}",
        run=run,
    )
    named = _named(numbers)
    config = {"videos": name} | {
        key: number.record.model_dump(mode="json", include=_FACTS) for key, number in named.items()
    }
    opened = TrackedRun(tracker, place, config, say, then="the results are complete")
    opened.log({k: v for key, number in named.items() for k, v in number.values(key).items()}, 0)
    for key, number in named.items():
        opened.text(key, number.record.to_json())
    opened.close()
    return not opened.failed


def _named(numbers: Sequence[Tracked]) -> dict[str, Tracked]:
    """The numbers by key; with the protocol, where two protocols give one key."""
    twice = {key for key, count in Counter(one.key for one in numbers).items() if count > 1}
    return {
        f"{one.key} {one.record.protocol}" if one.key in twice else one.key: one for one in numbers
    }


def _with_ends(name: str, value: float, ends: Ends) -> dict[str, float]:
    if ends is None:
        return {name: value}
    return {name: value, f"{name} low": ends[0], f"{name} high": ends[1]}


def _side(record: MeasuredRecord) -> SideRecord:
    """The videos that a record is about."""
    return record.fake if isinstance(record, Record) else record.source


def _real(record: MeasuredRecord) -> SideRecord:
    if isinstance(record, Record):
        return record.real
    return record.source if record.against is None else record.against.source
