"""Names of benchmarks, models and metrics for pages: facts of records in place of folder names."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from leo_bench.evaluation.metrics import METRICS
from leo_bench.evaluation.records.distance import slug
from leo_bench.reports.own_tables.axes import metric_head

Content = Mapping[str, Any]


def setting(content: Content) -> str:
    """What a number was measured on: "toy-faces (test), 16 frames, 64 x 64, stride 1".

    Args:
        content: a record as JSON.
    """
    size = content["resolution"]
    parts = [
        _videos(content),
        f"{content['frames']} frames",
        "size as stored" if size is None else f"{size} x {size}",
    ]
    strides = [content[side]["stride"] for side in ("real", "fake", "source") if side in content]
    if len(set(strides)) == 1:
        parts.append(f"stride {strides[0]}")
    elif strides:
        parts.append("strides {} (real) and {} (fake)".format(*strides))
    return ", ".join(parts)


def benchmark_names(contents: Iterable[tuple[str, Content]]) -> dict[str, str]:
    """A name for each folder of records: what was measured on, and the protocol where two differ.

    A folder whose records share no setting, or whose name another one has, keeps its own name.

    Args:
        contents: (folder, a record of it as JSON).
    """
    short: dict[str, set[str]] = {}
    long: dict[str, set[str]] = {}
    for folder, content in contents:
        name = setting(content)
        short.setdefault(folder, set()).add(name)
        way = "study" if "study" in content else "protocol"
        long.setdefault(folder, set()).add(f"{name}, {way} {content[way]}")
    names = {folder: folder for folder in short}
    for said in (short, long):
        counts = Counter(name for found in said.values() for name in found)
        for folder, found in said.items():
            name = next(iter(found))
            if names[folder] == folder and len(found) == 1 and counts[name] == 1:
                names[folder] = name
    return names


def model_name(content: Content, folder: str, *, is_known: bool) -> str:
    """A model as it was given, not as its folder is named; known videos with what they are.

    Args:
        content: its record as JSON.
        folder: the record's folder.
        is_known: whether the videos are known ones: real, or damaged on purpose.
    """
    given = str((content.get("fake") or content.get("source") or {}).get("name", ""))
    if slug(given) == folder:
        return given
    return f"{folder}: {given}" if given and is_known else folder


def metric_title(metric: str, frames: int) -> str:
    """A metric as a head, with what is better: "FVD16 (lower is better)"."""
    direction = better(metric)
    name = metric_with_frames(metric, frames)
    return name if direction is None else f"{name} ({direction})"


def better(metric: str) -> str | None:
    """What is better: "lower is better" or "higher is better"; None of what is no metric."""
    known = METRICS.get("precision" if metric == "recall" else metric)
    return None if known is None else f"{known.better} is better"


def metric_with_frames(metric: str, frames: int) -> str:
    """FVD16; Precision of 16 frames."""
    name = metric_head(metric)
    return f"{name}{frames}" if name.isupper() else f"{name} of {frames} frames"


def _videos(content: Content) -> str:
    """The data set with its split, or the name of the real side, or that of the only one."""
    if content["dataset"] is not None:
        name, _, split = content["dataset"].rpartition("-")
        return f"{name} ({split})" if name and "study" not in content else str(content["dataset"])
    side = content.get("real") or (content.get("against") or {}).get("source") or {}
    return str(side.get("name") or "own videos")
