"""`Record`: a distance between two sets of videos with its provenance; reading and writing.

Records are written by `benchmarks` and read by `reports`. A record is never overwritten: a newer
one takes its name, and the time of the older one is added to the older one's name. A record whose
fields contradict each other is refused on reading and writing (`evaluation.records.checks`). This
module does not import torch.
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
        values, values_float64: one value a repeat.
        spread: standard deviation over repeats (ddof 0), the number after ±; None: one repeat.
        interval: low and high end around `value_float64`, by `interval_method`, for other videos
            on both sides; None with too few videos.
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
            # Dealing videos into parts adds at most a third of the paired part of the variance.
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
        """Whether the protocol itself computes in float64; FID always does."""
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
    """Validate a file's content as one kind of record.

    Raises:
        InputError: it is not one; the message names the file and the first wrong key.
    """
    kind = model.model_fields["kind"].default if "kind" in model.model_fields else None
    found = content.get("kind", "distance")
    if kind is not None and found != kind:
        raise InputError(f"{path}: kind is {found!r}; a record of kind {kind!r} is expected")
    return parse(model, content, where=str(path))


def read_content(path: Path) -> dict[str, Any]:
    """The JSON of a record of any kind.

    Raises:
        InputError: no such file, or no JSON object (`evaluation.files.json_files`).
    """
    content = read_json(path)
    if not isinstance(content, dict):
        raise InputError(f"{path}: not a record: a JSON object is expected")
    return content


class Written(Protocol):
    """A record, or a document of several, that can be written to a file."""

    def to_json(self) -> str:
        """JSON text that ends in a newline."""


def write_record(record: Written, path: Path, beside: Mapping[str, bytes] | None = None) -> None:
    """Write a record; an existing one is kept, with its time added to its name.

    The same holds for files beside it (`evaluation.files.kinds.BESIDE`).

    Args:
        record: a record, or a document of several.
        path: the file; a symbolic link is followed.
        beside: content by ending of the files to write beside it; all are written, or none.

    Raises:
        InputError: a file that leo-bench did not write is there; the folder cannot be written to,
            or the disk is full. Then nothing has changed.
    """
    place = place_of(path)
    files = {place: record.to_json().encode(errors="backslashreplace")}  # JSON's own escape
    files |= {place.with_suffix(ending): content for ending, content in (beside or {}).items()}
    write_together(files, _older(place))


def make_room(path: Path) -> Path:
    """Check that a record may be written to `path` in a tree of records -> `path`.

    An incomplete record is moved aside, so that its number is measured again.

    Raises:
        InputError: another file is there.
    """
    if path.is_file() and not recognised(path, DOCUMENT):
        if not is_cut_off(path):
            raise InputError(f"{path}: is no record of leo-bench; move it out of these records")
        write_together({}, {path: path.with_name(f"{path.stem}.{_file_time(path)}{path.suffix}")})
    return path


def _older(path: Path) -> dict[Path, Path]:
    """The files that a new record replaces, each with the path that it is moved to.

    Raises:
        InputError: leo-bench did not write one of them.
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
    """The path of a record: `RECORDS/BENCHMARK/MODEL/METRIC.json`."""
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
    """The folder of all numbers that are comparable: one column of a table."""
    side = "stored" if resolution is None else str(resolution)
    return f"{videos}-{side}-{frames}f-s{stride}-{protocol}"


def slug(name: str) -> str:
    """`name` as one part of a path: letters, digits, -, _ and dots."""
    kept = "".join(c if c.isalnum() or c in "-_." else "-" for c in name).strip("-.")
    return kept or "unnamed"


def _file_time(path: Path) -> str:
    changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return changed.strftime("%Y%m%dT%H%M%S.%f")
