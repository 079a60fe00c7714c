"""A record that has a cell in the paper's Table 1, and the layouts of printed tables."""

import csv
import io
from pathlib import Path
from typing import Any

from made_records import features, fvd_of, record, settled, side

from leo_bench.evaluation.records.distance import Record, write_record
from leo_bench.evaluation.records.score import ScoreRecord
from leo_bench.reports.layouts import list_layouts

REAL, FAKE = features(1, 40), features(2, 40, 0.4)
MADE = record(fvd_of(REAL, FAKE), REAL.values, FAKE.values)
PRINTED = [layout for layout in list_layouts() if layout.where]


def digan(**changes: Any) -> Record:
    """A record that may stand beside Table 1's TaichiHD128, but for `changes`."""
    content: dict[str, Any] = {
        "value": 130.1,
        "value_float64": 130.0,
        "values": (127.6, 132.6),
        "values_float64": (127.0, 133.0),
        "spread": 2.5,
        "interval": (120.0, 142.0),
        "standard_error": 5.2,
        "protocol": "digan",
        "resolution": 128,
        "dataset": "taichihd-train",
        "extractor": "i3d-kinetics400",
        "real": side("taichihd/train", 2048).model_copy(update={"stride": 4}),
        "fake": side("fake", 2048),
    }
    return Record.model_validate(settled(MADE.model_dump() | content, changes))


def put(folder: Path, model: str, made: Record | ScoreRecord, benchmark: str = "b") -> Path:
    path = folder / benchmark / model / f"{made.metric}.json"
    write_record(made, path)
    return path


def rows_of(text: str) -> list[dict[str, str]]:
    """A CSV's lines by its head."""
    return list(csv.DictReader(io.StringIO(text)))
