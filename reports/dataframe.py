"""A folder of records as a pandas DataFrame: one row per record of any kind."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from leo_bench.evaluation.records.distance import Record
from leo_bench.evaluation.records.parts import SideRecord
from leo_bench.evaluation.records.preference import PreferenceRecord
from leo_bench.evaluation.records.score import ScoreRecord
from leo_bench.reports.records import StoredRecord, read_sound

CREATED = "datetime64[us, UTC]"

# Columns of `read_records` with their dtypes.
COLUMNS: Mapping[str, str] = {
    "key": "string",  # path below the folder, without ".json"
    "benchmark": "string",  # first folder of the key
    "model": "string",  # folder of the record
    "kind": "string",  # "distance", "score" or "preference"
    "metric": "string",
    "side": "string",  # of a score: "real" or "fake"
    "real": "string",  # names of the sources; missing if a score has no such side
    "fake": "string",
    "dataset": "string",  # ID-SPLIT; missing: files of the user's own
    "protocol": "string",
    "protocol_version": "Int64",
    "protocol_digest": "string",
    "frames": "Int64",  # of a clip
    "resolution": "Int64",  # side in pixels; missing: as stored
    "real_stride": "Int64",
    "fake_stride": "Int64",
    "value": "float64",  # as the protocol computes it
    "value_float64": "float64",  # the same in float64
    "spread": "float64",  # standard deviation over repeats; missing: one repeat
    "low": "float64",  # interval around `value`
    "high": "float64",
    "interval_level": "float64",
    "standard_error": "float64",
    "fvd_infinity": "float64",  # bias-corrected FVD or FID
    "difference": "float64",  # of a score: minus the score of the videos it was compared with
    "difference_low": "float64",
    "difference_high": "float64",
    "n_real": "Int64",  # clips of a distance (frames for FID), videos of a score
    "n_fake": "Int64",
    "network": "string",  # extractor of a distance, embedder of a score
    "weights_sha256": "string",
    "weights_verified": "bool",
    "precision": "string",  # number format of the extractor; missing: a score
    "seed": "Int64",
    "device": "string",
    "comparable": "bool",  # with published numbers
    "caveats": "string",  # why not, joined by "; "
    "real_fingerprint": "string",  # SHA-256 of names and contents of the videos
    "fake_fingerprint": "string",
    "created": CREATED,  # missing: not a date in ISO 8601
    "commit": "string",
    "path": "string",
}


def read_records(folder: str | Path) -> pd.DataFrame:
    """Read every record below a folder, as written by `--records`.

    Returns:
        One row per record, in the order of `key`, with the columns and dtypes of `COLUMNS`. What a
        record does not have is missing (NaN, NA or NaT).

    Raises:
        InputError: no such folder, or a damaged record in it.
    """
    rows = [row_of(stored) for stored in read_sound(Path(folder)).values()]
    frame = pd.DataFrame({name: pd.Series([row.get(name) for row in rows]) for name in COLUMNS})
    frame["created"] = pd.to_datetime(frame["created"], utc=True, errors="coerce", format="ISO8601")
    return frame.astype(dict(COLUMNS))


def row_of(stored: StoredRecord) -> dict[str, Any]:
    """What the columns `COLUMNS` hold of a record; what it does not have is absent or None."""
    record = stored.record
    low, high = stored.published.interval or (None, None)
    kept = {name: getattr(record, name) for name in COLUMNS if hasattr(record, name)}
    kept |= {
        "key": stored.key,
        "benchmark": stored.key.partition("/")[0],
        "model": stored.model,
        "value_float64": stored.value,
        "low": low,
        "high": high,
        "caveats": "; ".join(record.caveats),
        "path": str(stored.path),
    }
    if isinstance(record, Record):
        sides = {"real": (record.real, record.n_real), "fake": (record.fake, record.n_fake)}
        return kept | {"network": record.extractor} | _sides(sides)
    if isinstance(record, PreferenceRecord):
        return kept
    return kept | {"network": record.embedder} | _against(record) | _sides(_of_score(record))


def _of_score(record: ScoreRecord) -> dict[str, tuple[SideRecord, int]]:
    """The sides of a score: its own, and the real one if it was compared with that."""
    sides: dict[str, tuple[SideRecord, int]] = {record.side: (record.source, record.videos_used)}
    if record.against is not None:
        sides["real"] = (record.against.source, record.against.videos_used)
    return sides


def _against(record: ScoreRecord) -> dict[str, Any]:
    if record.against is None:
        return {}
    low, high = record.against.interval or (None, None)
    return {
        "difference": record.against.difference,
        "difference_low": low,
        "difference_high": high,
    }


def _sides(sides: Mapping[str, tuple[SideRecord, int]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for side, (source, count) in sides.items():
        found |= {
            side: source.name,
            f"{side}_stride": source.stride,
            f"{side}_fingerprint": source.fingerprint,
            f"n_{side}": count,
        }
    return found
