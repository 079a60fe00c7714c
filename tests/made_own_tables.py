"""Folders of records whose features are known, for tables of any folder."""

from pathlib import Path
from typing import Any

from made_records import features, fvd_of, record, settled

from leo_bench.evaluation.records.distance import Record, write_record
from leo_bench.evaluation.records.influences import beside_record

REAL = features(1, 40)


def made(shift: float, seed: int = 2, count: int = 40, **changes: Any) -> tuple[Record, Any]:
    """The record of FVD of features at this distance, and its influences."""
    fake = features(seed, count, shift)
    numbers = fvd_of(REAL, fake)
    content = {"dataset": "faces-test", "resolution": 64}
    found = record(numbers, REAL.values, fake.values).model_dump() | content
    return Record.model_validate(settled(found, changes)), numbers.influences


def keep(path: Path, shift: float, **changes: Any) -> Path:
    written, influences = made(shift, **changes)
    write_record(written, path, beside_record(influences))
    return path


def three(folder: Path) -> Path:
    """Three models; the second cannot be told from the first, the third is far off."""
    for model, shift, seed in (("ours", 0.4, 2), ("theirs", 0.4, 3), ("worst", 2.0, 4)):
        keep(folder / "faces" / model / "fvd.json", shift, seed=seed)
    return folder
