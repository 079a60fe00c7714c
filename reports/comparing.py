"""Compares two folders of records: which numbers changed, and which changes are significant.

A number is worse if the change is both significant (one-sided, over all numbers at once by Holm's
step-down procedure) and larger than the floor of its metric (`regression.toml`). The standard error
of a change comes from the influences of the videos beside the records, which pair videos of one
name (`error_of_change`). The quantile is Student's, with Satterthwaite's degrees of freedom.

The gate fails when a number is missing or cannot be judged.

The standard error covers the choice of the videos. It does not cover training the model again:
several seeds do (`evaluation.uncertainty.over_seeds`).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.schema import Data, load_toml
from leo_bench.evaluation.metrics import is_higher_better
from leo_bench.evaluation.records.influences import ErrorOfDifference
from leo_bench.evaluation.records.preference import PreferenceRecord
from leo_bench.evaluation.uncertainty.variance import LEVEL, student_reach
from leo_bench.reports.error_of_change import chance_of_rise, detectable_rise, error_of_change
from leo_bench.reports.records import StoredRecord, read_tree
from leo_bench.reports.ways import IDENTITY, differing

SETTINGS = Path(__file__).parent / "regression.toml"

State = Literal[
    "worse", "incomparable", "missing", "unjudged", "better", "same", "new", "of raters"
]

# Fields that may change the last digits of a number, or explain a change.
PROVENANCE = (
    "seed", "device", "commit", "dirty", "frames_without",
    "real.decoder", "fake.decoder", "fake.lossy", "source.decoder", "source.lossy",
)  # fmt: skip


OF_RATERS = "raters' answers, which no change of code makes better or worse"


class Floor(Data):
    """The smallest change of a metric that counts: the larger of the two."""

    relative: float = Field(ge=0)
    absolute: float = Field(ge=0)

    def of(self, old: float) -> float:
        """The smallest change of this old value that counts."""
        return max(self.relative * abs(old), self.absolute)


class Settings(Data):
    """`regression.toml`: rate of false alarms, fewest videos a side, a floor for each metric."""

    false_alarms: float = Field(gt=0, lt=0.5)
    fewest_videos: int = Field(default=8, ge=4)
    floor: dict[str, Floor]


@dataclass(frozen=True)
class Change:
    """One number, old and new.

    Args:
        key: path of the record in its folder, without ".json".
        old, new: the values in their float64 form; None if there is none.
        error: standard error of new - old; None if it cannot be known.
        p: one-sided p-value of the rise; None if it cannot be known.
        floor: the smallest change that counts.
        state: the verdict.
        why: the reason for the verdict, if it does not follow from the numbers.
        provenance: what else differs between the two, "field: old -> new".
        detectable: the smallest rise that this comparison finds with probability 0.8; None if the
            number cannot be judged.
    """

    key: str
    metric: str
    old: float | None
    new: float | None
    error: ErrorOfDifference | None
    p: float | None
    floor: float
    state: State
    why: str = ""
    provenance: tuple[str, ...] = ()
    detectable: float | None = None

    @property
    def difference(self) -> float | None:
        """New minus old."""
        return None if self.old is None or self.new is None else self.new - self.old

    @property
    def worse_by(self) -> float | None:
        """The difference, negated if higher is better: above 0, the number is worse."""
        if self.difference is None or not is_higher_better(self.metric):
            return self.difference
        return -self.difference

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % interval of the difference."""
        if self.difference is None or self.error is None:
            return None
        reach = student_reach(LEVEL, self.error.freedom) * self.error.standard_error
        return self.difference - reach, self.difference + reach


def load_settings(path: Path = SETTINGS) -> Settings:
    """The shipped settings, or those of another file.

    Raises:
        InputError: no such file, or wrong settings.
    """
    return load_toml(Settings, path)


def compare(old: Path, new: Path, settings: Settings) -> list[Change]:
    """Compare every number of either folder, in the order of their keys.

    Raises:
        InputError: a folder does not exist, `old` holds no record, or a metric has no floor.
    """
    before, after = read_tree(old), read_tree(new)
    if not before.records:
        why = next(iter(before.broken.values()), f"make some with --records {old}")
        raise InputError(f"{old}: no record is in there that can be read: {why}")
    keys = before.records.keys() | after.records.keys() | before.broken.keys() | after.broken.keys()
    changes = []
    for key in sorted(keys):
        mine, theirs = before.records.get(key), after.records.get(key)
        broken = after.broken.get(key) or before.broken.get(key)
        if any(found and isinstance(found.record, PreferenceRecord) for found in (mine, theirs)):
            changes.append(_alone(key, mine, theirs, "of raters", OF_RATERS))
        elif mine is not None and theirs is not None:
            changes.append(_judged(key, mine, theirs, settings))
        elif broken:
            changes.append(_alone(key, mine, theirs, "unjudged", broken))
        elif mine is not None:
            reason = f"not in {new}: its run did not end, or was not made"
            changes.append(_alone(key, mine, theirs, "missing", reason))
        else:
            changes.append(_alone(key, mine, theirs, "new", ""))
    return _step_down(changes, settings.false_alarms)


def different_settings(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Why two records are not comparable, one field an entry; empty if they are."""
    return _changes(old, new, IDENTITY)


def exit_code(changes: Sequence[Change]) -> int:
    """1: a number is worse; 2: not comparable; 3: missing or not judged; 0: none of these."""
    for state, code in (("worse", 1), ("incomparable", 2), ("missing", 3), ("unjudged", 3)):
        if any(change.state == state for change in changes):
            return code
    return 0


def _floor(metric: str, settings: Settings) -> Floor:
    if metric not in settings.floor:
        known = ", ".join(sorted(settings.floor))
        raise InputError(f"regression.toml has no [floor.{metric}]; it has {known}")
    return settings.floor[metric]


def _alone(
    key: str, old: StoredRecord | None, new: StoredRecord | None, state: State, why: str
) -> Change:
    metric = key.rpartition("/")[2]
    before, after = (None if stored is None else stored.value for stored in (old, new))
    return Change(key, metric, before, after, None, None, 0.0, state, why)


def _judged(key: str, old: StoredRecord, new: StoredRecord, settings: Settings) -> Change:
    changed = different_settings(old.content, new.content)
    fields = (*PROVENANCE, *_versions(old.content, new.content))
    provenance = tuple(_changes(old.content, new.content, fields))
    floor = _floor(old.metric, settings).of(old.value)
    values = (old.value, new.value)
    plain = Change(key, old.metric, *values, None, None, floor, "same", provenance=provenance)
    if changed:
        return replace(plain, state="incomparable", why="; ".join(changed))
    fewest = min(*old.videos_used.values(), *new.videos_used.values())
    if fewest < settings.fewest_videos:
        why = f"{fewest} videos; a change is judged from {settings.fewest_videos} videos a side on"
        return replace(plain, state="unjudged", why=why)
    error = error_of_change(old, new)
    if isinstance(error, str):
        return replace(plain, state="unjudged", why=error)
    rise = plain.worse_by
    if rise is None or not (math.isfinite(rise) and math.isfinite(error.standard_error)):
        why = "the value or its standard error is no finite number in one of the records"
        return replace(plain, state="unjudged", why=why)
    return replace(plain, error=error, p=chance_of_rise(rise, error, floor, old.value))


def _step_down(changes: Sequence[Change], false_alarms: float) -> list[Change]:
    """The changes with Holm's verdicts over all numbers that can be judged."""
    worse = _rejected({c.key: c.p for c in changes if c.p is not None}, false_alarms)
    better = _rejected({c.key: 1 - c.p for c in changes if c.p is not None}, false_alarms)
    judged = sum(change.p is not None for change in changes)
    verdicts = []
    for change in changes:
        moved = change.worse_by
        if change.error is not None and moved is not None:
            smallest = detectable_rise(change.error, false_alarms / judged)
            change = replace(change, detectable=max(smallest, change.floor))
            if change.key in worse and moved > change.floor:
                change = replace(change, state="worse")
            elif change.key in better and -moved > change.floor:
                change = replace(change, state="better")
        verdicts.append(change)
    return verdicts


def _rejected(chances: Mapping[str, float], level: float) -> set[str]:
    rejected: set[str] = set()
    for i, key in enumerate(sorted(chances, key=lambda key: chances[key])):
        if chances[key] > level / (len(chances) - i):
            break
        rejected.add(key)
    return rejected


def _versions(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    names = {*old.get("versions", {}), *new.get("versions", {})}
    return [f"versions.{name}" for name in sorted(names)]


def _changes(old: Mapping[str, Any], new: Mapping[str, Any], fields: Sequence[str]) -> list[str]:
    return [f"{field}: {mine} -> {theirs}" for field, mine, theirs in differing(old, new, fields)]
