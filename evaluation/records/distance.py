"""A number with everything needed to trust it, as JSON. Knows nothing of torch.

Records are written by `benchmarks` and read by `reports`. A record is never overwritten: a newer
one takes the plain name and the older keeps its time in its name. A record whose fields contradict
one another is refused, by whoever reads or makes it (`evaluation.records.checks`).
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Protocol, Self, TypeVar

from pydantic import model_validator

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.atomic import place_of, write_together
from leo_bench.evaluation.files.json_files import read_json
from leo_bench.evaluation.files.kinds import BESIDE, DOCUMENT, is_cut_off
from leo_bench.evaluation.files.schema import parse
from leo_bench.evaluation.files.targets import recognised
from leo_bench.evaluation.metrics import DISTANCES, DistanceName
from leo_bench.evaluation.records.checks import (
    RELATIVE,
    TWO_ROADS,
    Count,
    Flag,
    Level,
    Method,
    NotNegative,
    Number,
    Positive,
    Version1,
    Whole,
    check_all_or_none,
    check_at_most,
    check_close,
    check_equal,
    check_forms,
    check_interval,
    check_mean,
    check_protocol,
    check_request,
    check_same_shape,
    check_spread,
    contradict,
)
from leo_bench.evaluation.records.parts import ExtrapolationRecord, Provenance, SideRecord

SCHEMA: Literal[1] = 1

# sqrt(1 + 1/3): how much wider the interval of a line's end can be than that of the number.
WIDEST_LINE = 1.16


RecordT = TypeVar("RecordT", bound=Provenance)


class Record(Provenance):
    """One distance between two sets of videos, with its provenance.

    Args:
        value: as the protocol computes it: the mean over repeats.
        value_float64: the same with the Fréchet distance (or the kernel) in float64.
        values, values_float64: one a repeat.
        spread: standard deviation over repeats (ddof 0), the number after ±; None: one repeat.
        interval: low and high of `interval_method` around `value_float64`: how far the number
            moves with other videos on both sides; None with too few videos to say.
        fvd_infinity: bias-corrected FVD or FID; None for KVD, which has no bias, and where it is
            not reliable.
        seed_rule: how the seeds of repeats follow from `seed`; older records do not state it.
        n_real, n_fake: clips, or frames where frames are measured (FID).
    """

    kind: Literal["distance"] = "distance"
    schema_version: Version1 = SCHEMA
    metric: DistanceName
    value: Number
    value_float64: Number
    spread: Number | None
    values: tuple[Number, ...]
    values_float64: tuple[Number, ...]
    interval: tuple[Number, Number] | None
    interval_level: Level | None
    interval_method: Method | None
    standard_error: NotNegative | None
    fvd_infinity: Number | None
    extrapolation: ExtrapolationRecord | None

    protocol: str
    protocol_version: Count
    protocol_digest: str
    protocol_settings: dict[str, Any]
    window_name: str
    frames: Positive
    resolution: Positive | None
    seed: Whole
    seed_rule: str = "repeat R: SEED + R"
    n_real: Count
    n_fake: Count
    real: SideRecord
    fake: SideRecord

    extractor: str
    weights_sha256: str
    weights_verified: Flag
    precision: str
    device: str

    @model_validator(mode="after")
    def _values_agree(self) -> Self:
        check_equal("values", len(self.values), "values_float64", len(self.values_float64))
        check_mean("value", self.value, "values", self.values)
        check_mean("value_float64", self.value_float64, "values_float64", self.values_float64)
        check_spread(self.spread, self.values)
        check_forms(self.values, self.values_float64, in_float64=self.in_float64)
        return self

    @model_validator(mode="after")
    def _interval_fits(self) -> Self:
        check_all_or_none(
            interval=self.interval, level=self.interval_level, method=self.interval_method
        )
        check_interval(
            "value_float64",
            self.value_float64,
            self.interval,
            self.interval_level,
            self.interval_method,
            self.standard_error,
        )
        return self

    @model_validator(mode="after")
    def _extrapolation_fits(self) -> Self:
        found = self.extrapolation
        if found is None or found.told:
            check_all_or_none(fvd_infinity=self.fvd_infinity, extrapolation=found)
        elif self.fvd_infinity is not None:
            contradict("fvd_infinity", self.fvd_infinity, "extrapolation", "which is not reliable")
        if found is None or self.fvd_infinity is None:
            return self
        check_close("fvd_infinity", self.fvd_infinity, "extrapolation.value", found.value)
        if self.interval is not None and found.interval is not None and found.method == "line":
            # The dealing adds a third of the paired part of the variance at most.
            check_same_shape(
                found.interval, found.value, self.interval, self.value_float64, WIDEST_LINE
            )
        if found.method == "line" and (found.n_real[0], found.n_fake[0]) == (
            self.n_real,
            self.n_fake,
        ):
            largest = max(map(abs, (*found.values, *self.values_float64)))
            check_close(
                "extrapolation.values[0]",
                found.values[0],
                "values_float64[0]",
                self.values_float64[0],
                (largest + 1) * TWO_ROADS / RELATIVE,
            )
        return self

    @model_validator(mode="after")
    def _counts_agree(self) -> Self:
        each = 1
        if DISTANCES[self.metric].samples == "frames":
            of_clip = self.protocol_settings.get("frames_of_clip")
            each = min(of_clip, self.frames) if isinstance(of_clip, int) else self.frames
        for side, clips, count in (
            ("real", self.real.clips, self.n_real),
            ("fake", self.fake.clips, self.n_fake),
        ):
            check_equal(f"n_{side}", count, f"{side}.clips", clips * each)
        for side, record in (("real", self.real), ("fake", self.fake)):
            clips = record.clips * len(self.values)
            check_at_most(f"{side}.videos_used", record.videos_used, f"{side}.clips", clips)
        check_protocol(
            self.protocol, self.protocol_version, self.protocol_digest, self.protocol_settings
        )
        check_request(
            self.request,
            metric=self.metric,
            frames=self.frames,
            seed=self.seed,
            resolution=self.resolution,
            real_stride=self.real.stride,
            fake_stride=self.fake.stride,
        )
        if self.dataset is None and "resolution" in self.request:
            check_equal(
                "resolution", self.resolution, "request.resolution", self.request["resolution"]
            )
        return self

    @property
    def in_float64(self) -> bool:
        """Whether the protocol's own form is the one in float64; FID has no other."""
        metric = DISTANCES[self.metric]
        options = self.protocol_settings.get(metric.options)
        dtype = options.get("dtype") if isinstance(options, dict) else None
        return not metric.has_dtype or dtype == "float64"


def read_record(path: Path) -> Record:
    """Read the record of a distance.

    Raises:
        InputError: no such file, not a record of this schema, or one that contradicts itself.
    """
    return record_from(Record, read_content(path), path)


def record_from(model: type[RecordT], content: dict[str, Any], path: Path) -> RecordT:
    """A file's content as one kind of record.

    Raises:
        InputError: it is not; the message names the file and the first key that is wrong.
    """
    kind = model.model_fields["kind"].default if "kind" in model.model_fields else None
    found = content.get("kind", "distance")
    if kind is not None and found != kind:
        raise InputError(f"{path}: kind is {found!r}; a record of kind {kind!r} is expected")
    return parse(model, content, where=str(path))


def read_content(path: Path) -> dict[str, Any]:
    """A record's JSON, whatever kind of record it is.

    Raises:
        InputError: no such file, or no JSON object (`evaluation.files.json_files`).
    """
    content = read_json(path)
    if not isinstance(content, dict):
        raise InputError(f"{path}: not a record: a JSON object is expected")
    return content


class Written(Protocol):
    """What can be written to a file of results: a record, or a document of several."""

    def to_json(self) -> str:
        """As JSON, ending in a newline."""


def write_record(record: Written, path: Path, beside: Mapping[str, bytes] | None = None) -> None:
    """Write a record; one that is there already is kept under the time of its making.

    So is what lies beside it (`evaluation.files.kinds.BESIDE`).

    Args:
        record: or a document that holds some.
        path: the file; a symbolic link is followed.
        beside: by ending, what is written beside it: all of it is there, or nothing.

    Raises:
        InputError: something that leo-bench did not write lies there; the folder cannot be written
            to, or the disk is full. Then nothing has changed.
    """
    place = place_of(path)
    files = {place: record.to_json().encode(errors="backslashreplace")}  # JSON's own escape
    files |= {place.with_suffix(ending): content for ending, content in (beside or {}).items()}
    write_together(files, _older(place))


def make_room(path: Path) -> Path:
    """See that a record may be written in a tree of records; -> `path`.

    A record that was cut off is set aside: its number is made again.

    Raises:
        InputError: what lies there is no record.
    """
    if path.is_file() and not recognised(path, DOCUMENT):
        if not is_cut_off(path):
            raise InputError(f"{path}: is no record of leo-bench; move it out of these records")
        write_together({}, {path: path.with_name(f"{path.stem}.{_file_time(path)}{path.suffix}")})
    return path


def _older(path: Path) -> dict[Path, Path]:
    """What is to be moved out of a new record's way, and where to.

    Raises:
        InputError: leo-bench did not write it.
    """
    aside: dict[Path, Path] = {}
    for ending, kind in {path.suffix: DOCUMENT, **BESIDE}.items():
        there = path.with_suffix(ending)
        if not there.exists():
            continue
        if not recognised(place_of(there), kind):
            raise InputError(f"{there}: is no {kind.name} of leo-bench, and is not replaced")
        made = path if path.exists() else there
        aside[there] = there.with_name(f"{path.stem}.{_file_time(made)}{ending}")
    return aside


def record_path(records: Path, record: Record) -> Path:
    """Where a record belongs: `RECORDS/BENCHMARK/MODEL/METRIC.json`."""
    benchmark = benchmark_name(
        record.dataset or slug(record.real.name),
        record.resolution,
        record.frames,
        record.real.stride,
        record.protocol,
    )
    return records / benchmark / slug(record.fake.name) / f"{record.metric}.json"


def benchmark_name(
    videos: str, resolution: int | None, frames: int, stride: int, protocol: str
) -> str:
    """What numbers must share to stand in one column, as a folder's name."""
    side = "stored" if resolution is None else str(resolution)
    return f"{videos}-{side}-{frames}f-s{stride}-{protocol}"


def slug(name: str) -> str:
    """`name` as one part of a path: letters, digits, -, _ and dots."""
    kept = "".join(c if c.isalnum() or c in "-_." else "-" for c in name).strip("-.")
    return kept or "unnamed"


def _file_time(path: Path) -> str:
    changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return changed.strftime("%Y%m%dT%H%M%S.%f")
