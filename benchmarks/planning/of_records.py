"""Subjects of a plan from records, and the influences of the videos beside them."""

from pathlib import Path

from leo_bench.benchmarks.planning.subjects import (
    ALIKE_SCORES,
    Subject,
    difference_of,
    distance_pilot,
    side_of,
    unsure_of,
)
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.schema import parse
from leo_bench.evaluation.protocols.of_clips import EvalProtocol, list_protocols
from leo_bench.evaluation.records.distance import Record
from leo_bench.evaluation.records.influences import (
    VideoInfluences,
    difference,
    influences_path,
    read_influences,
)
from leo_bench.evaluation.records.preference import PreferenceRecord
from leo_bench.evaluation.records.score import ScoreRecord
from leo_bench.evaluation.uncertainty.intervals import MIN_VIDEOS
from leo_bench.evaluation.uncertainty.pilots import Pilot, SidePilot, skew_of, with_bias
from leo_bench.evaluation.uncertainty.planning import Expected, expect, expect_share
from leo_bench.reports.comparing import different_settings
from leo_bench.reports.error_of_change import contradiction
from leo_bench.reports.records import StoredRecord, stored_in


def subject_of_record(stored: StoredRecord) -> Subject:
    """The number of a record, with the influences beside it.

    Raises:
        InputError: the record has no interval, or no influences of its own beside it.
    """
    record = stored.record
    if isinstance(record, PreferenceRecord):
        raise InputError(
            f"{stored.path}: raters' answers; `leo-bench study plan` says what a study with more "
            "raters or pairs can find"
        )
    influences = _influences_of(stored)
    interval, error = record.interval, record.standard_error
    if interval is None:
        raise InputError(
            f"{stored.path}: has no interval, which takes {MIN_VIDEOS} videos a side: measure more"
        )
    skew = 0.0 if error is None else skew_of(stored.value, *interval, error)
    if not isinstance(record, Record):
        return _of_score(stored, influences, error, skew)
    if influences is None:
        raise InputError(
            f"{stored.path}: has no .videos.csv beside it, which says how each video moves the "
            "number; measure again with --json or --records"
        )
    found = record.extrapolation
    pilot = distance_pilot(stored.value, influences, record.metric, skew)
    return Subject(
        name=f"{record.metric.upper()}{record.frames} of {record.fake.name}",
        label=f"{record.metric.upper()}{record.frames}",
        metric=record.metric,
        pilot=pilot if found is None else with_bias(pilot, stored.value - found.value),
        clips=(
            record.real.clips / max(record.real.videos_used, 1),
            record.fake.clips / max(record.fake.videos_used, 1),
        ),
        protocol=_published(record),
        unsure=unsure_of(record.metric, None if found is None else found.reason),
    )


def difference_of_records(first: StoredRecord, second: StoredRecord) -> Subject:
    """The first number less the second, of two models: videos of one name are paired.

    Raises:
        InputError: the numbers are not comparable, or as for `subject_of_record`.
    """
    changed = different_settings(first.content, second.content)
    if changed:
        raise InputError(f"{first.path} and {second.path} are not comparable: {'; '.join(changed)}")
    mine, theirs = subject_of_record(first), subject_of_record(second)
    moved = difference(_influences_of(first), _influences_of(second))
    if moved is None:
        raise InputError(
            f"{first.path} and {second.path}: both need a .videos.csv beside them, which says how "
            "each video moves the number; measure again with --json or --records"
        )
    return difference_of(f"{mine.name} less {theirs.name}", mine, theirs, moved)


def _of_score(
    stored: StoredRecord, influences: VideoInfluences | None, error: float | None, skew: float
) -> Subject:
    """A score of one side; `error` is None for a share, whose interval is Wilson's."""
    record = stored.record
    ((side, videos),) = stored.videos_used.items()
    if influences is not None:
        known = side_of(influences.real if side == "real" else influences.fake)
    else:
        of_share = stored.value * (1 - stored.value) / max(videos, 1)
        known = SidePilot(videos, single=of_share if error is None else error**2)
    pilot = Pilot(
        value=stored.value,
        real=known if side == "real" else SidePilot(),
        fake=known if side == "fake" else SidePilot(),
        means=1,
        skew=skew,
        growth=abs(skew),
    )
    name = record.source.name if isinstance(record, ScoreRecord) else stored.model
    label = f"{record.metric.upper()}{record.frames}"
    return Subject(
        name=f"{label} of {name}",
        label=label,
        metric=record.metric,
        pilot=pilot,
        expect=_share if error is None else expect,
        assumes=(ALIKE_SCORES,),
    )


def _share(pilot: Pilot, real: float, fake: float, level: float) -> Expected:
    return expect_share(pilot.value, fake if pilot.fake.videos else real, level)


def _influences_of(stored: StoredRecord) -> VideoInfluences | None:
    """Those beside the record.

    Raises:
        InputError: they are not of this record.
    """
    found = read_influences(stored.path)
    why = "" if found is None else contradiction(found, stored)
    if why:
        raise InputError(f"{influences_path(stored.path)} is not of its record: {why}")
    return found


def _published(record: Record) -> EvalProtocol:
    """The protocol as shipped, where there is one of its id; else as the record has it."""
    shipped = {known.id: known for known in list_protocols()}
    return shipped.get(record.protocol) or parse(
        EvalProtocol, record.protocol_settings, where="protocol_settings"
    )


def records_in(path: Path) -> list[StoredRecord]:
    """The records of a file.

    Raises:
        InputError: a file of another kind, or a document whose records lie elsewhere.
    """
    found = stored_in(path, path.stem)
    if not found:
        raise InputError(
            f"{path}: there is no record to plan from; give the folder that --records wrote"
        )
    return found


def one_record(path: Path) -> StoredRecord:
    """The record of a file.

    Raises:
        InputError: as `records_in`, or a file of several.
    """
    found = records_in(path)
    if len(found) != 1:
        raise InputError(f"{path}: {len(found)} records; a file of one is expected")
    return found[0]
