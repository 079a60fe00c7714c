"""A folder of records, read: `FOLDER/BENCHMARK/MODEL/METRIC.json` and what lies beside them."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluation.errors import InputError
from evaluation.score_record import read_any_record

# A record that was set aside for a newer one carries the time of its making.
SET_ASIDE = re.compile(r"\.\d{8}T\d{6}\.\d+$")


@dataclass(frozen=True)
class Stored:
    """One record on disk.

    Args:
        path: the file.
        metric: its name.
        value: in float64 where the record tells both forms apart.
        content: the checked JSON.
    """

    path: Path
    metric: str
    value: float
    content: Mapping[str, Any]


@dataclass(frozen=True)
class Tree:
    """The records of a folder by key (path without ending), and why others cannot be read."""

    records: dict[str, Stored]
    broken: dict[str, str]


def read_tree(folder: Path) -> Tree:
    """Every record below `folder`, less those set aside for newer ones.

    Raises:
        InputError: no such folder.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder of records")
    records: dict[str, Stored] = {}
    broken: dict[str, str] = {}
    for path in sorted(folder.rglob("*.json")):
        if path.name.startswith(".") or SET_ASIDE.search(path.stem):
            continue
        key = path.relative_to(folder).with_suffix("").as_posix()
        try:
            records[key] = _stored(path)
        except InputError as error:
            broken[key] = str(error)
    return Tree(records, broken)


def _stored(path: Path) -> Stored:
    record = read_any_record(path)
    content = json.loads(record.to_json())
    return Stored(path, record.metric, content.get("value_float64", record.value), content)
