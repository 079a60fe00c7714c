"""Which measured number belongs into which cell of a table, and why it may not be compared."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.given_files import read_toml
from leo_bench.evaluation.files.schema import Data, parse
from leo_bench.reports.layouts import Column, Group, KnownProtocol
from leo_bench.reports.records import Stored, read_tree

MODELS = "models.toml"

# How the notes of videos begin that `leo-bench adapt` made (baselines.layouts).
ADAPTED, WITHOUT_WEIGHTS = "made by leo-bench adapt ", ", no checkpoint, "

Origin = Literal["authors-checkpoint", "authors-samples", "trained", "known", "given"]


class ModelFacts(Data):
    """What `RECORDS/models.toml` says of a model, where its records cannot know."""

    origin: Origin


@dataclass(frozen=True)
class Records:
    """A folder of records for tables.

    Args:
        stored: every record by key, BENCHMARK/MODEL/METRIC.
        models: what is declared of models, by name as in the keys.
    """

    stored: Mapping[str, Stored]
    models: Mapping[str, ModelFacts]


@dataclass(frozen=True)
class Measured:
    """A measured number in a cell.

    Args:
        key: of its record.
        value: as its protocol computes it.
        spread: standard deviation over repeats; None: one repeat.
        interval: 95 % around `value`: other videos on both sides.
        origin: how its videos came about.
        recipe: protocol, counts and network in words.
        caveats: why it may not be held against the printed number; empty: it may.
        others: keys of further records for this cell, which are not shown.
    """

    key: str
    value: float
    spread: float | None
    interval: tuple[float, float] | None
    origin: Origin
    recipe: str
    caveats: tuple[str, ...]
    others: tuple[str, ...] = ()


def read_records(folder: Path) -> Records:
    """Everything that tables take from a folder of records.

    Raises:
        InputError: no such folder; a file in it is no record; models.toml is wrong.
    """
    tree = read_tree(folder)
    if tree.broken:
        more = f" (and {len(tree.broken) - 1} more)" if len(tree.broken) > 1 else ""
        raise InputError(
            f"{next(iter(tree.broken.values()))}{more}: mend it, or move it out of {folder}"
        )
    return Records(tree.records, read_models(folder))


def read_models(folder: Path) -> dict[str, ModelFacts]:
    """What is declared of the models of a folder of records; nothing is fine.

    Raises:
        InputError: models.toml cannot be read, is no TOML or says something else.
    """
    path = folder / MODELS
    if not path.exists():
        return {}
    content = read_toml(path)
    return {name: parse(ModelFacts, facts, f"{path}: {name}") for name, facts in content.items()}


def models_text(models: Mapping[str, ModelFacts]) -> str:
    """`models.toml` with these models."""
    tables = [f'["{name}"]\norigin = "{models[name].origin}"\n' for name in sorted(models)]
    return "\n".join(tables)


def model_of(stored: Stored) -> str:
    """The name under which a record is kept: its folder's."""
    return stored.model


def origin_of(stored: Stored, models: Mapping[str, ModelFacts]) -> Origin:
    """How the videos of a record came about: as declared, or as its source tells."""
    declared = models.get(model_of(stored))
    if declared is not None:
        return declared.origin
    content = stored.content
    side = content.get("fake") or content["source"]
    if any(n.startswith(ADAPTED) and WITHOUT_WEIGHTS not in n for n in side["notes"]):
        return "authors-checkpoint"
    source = side["source"]
    while source.startswith("part:"):  # a share of videos came about as all of them did
        source = source.split(":", 2)[-1]
    kind = source.partition(":")[0]
    if kind in ("leo", "gaussian"):
        return "trained"
    return "known" if kind in ("damaged", "nearest", "dataset") else "given"


def fits(stored: Stored, group: Group, column: Column, metric: str) -> bool:
    """Whether a record is about this column's videos: its data set, size, length and metric.

    Split, stride, protocol and counts may differ, and then are caveats.
    """
    content = stored.content
    if not column.protocol or stored.metric != metric or content["frames"] != group.frames:
        return False
    named = content["dataset"]
    if named is None or named.rpartition("-")[0] != group.dataset:
        return False
    # A protocol that brings frames to a size of its own says nothing of the column's size.
    is_fixed = content["protocol_settings"].get("resolution") is not None
    return is_fixed or _side(content) == (group.resolution or group.measured_at)


def chosen(
    candidates: list[Stored],
    group: Group,
    column: Column,
    models: Mapping[str, ModelFacts],
    protocols: Mapping[str, KnownProtocol],
) -> Measured:
    """The best of the records that fit one cell: of the column's protocol, with fewest caveats."""

    def rank(stored: Stored) -> tuple[bool, int, str]:
        other = stored.content["protocol"] != column.protocol
        return other, len(_caveats(stored.content, group, column, protocols)), _key(stored)

    best, *others = sorted(candidates, key=rank)
    content = best.content
    shown = best.published
    return Measured(
        key=_key(best),
        value=shown.value,
        spread=content.get("spread"),
        interval=shown.interval,
        origin=origin_of(best, models),
        recipe=_recipe(content),
        caveats=tuple(_caveats(content, group, column, protocols)),
        others=tuple(map(_key, others)),
    )


def _caveats(
    content: Mapping[str, Any],
    group: Group,
    column: Column,
    protocols: Mapping[str, KnownProtocol],
) -> list[str]:
    found = []
    protocol, split = content["protocol"], content["dataset"].rpartition("-")[2]
    known = protocols.get(column.protocol)
    if protocol != column.protocol:
        found.append(f"protocol {protocol}, not {column.protocol}")
    elif known is not None and content["protocol_version"] != known.version:
        found.append(f"version {content['protocol_version']} of the protocol, not {known.version}")
    elif known is not None and content["protocol_digest"] != known.digest:
        found.append(f"settings of {protocol} were changed")
    if split != group.split:
        found.append(f"split {split}, not {group.split}")
    if _real_stride(content) != group.stride:
        found.append(f"real stride {_real_stride(content)}, not {group.stride}")
    if column.samples is not None and content.get("n_fake") != column.samples:
        found.append(f"{content.get('n_fake')} fakes, not {column.samples:,}")
    return [*found, *content["caveats"]]


def _recipe(content: Mapping[str, Any]) -> str:
    parts = [f"{content['protocol']} v{content['protocol_version']}"]
    if "n_real" in content:
        parts.append(f"{content['n_real']:,} real and {content['n_fake']:,} fake clips")
        parts.append(content["extractor"])
    else:
        parts.append(f"{content['videos_used']:,} videos")
        parts.append(content["embedder"])
    return ", ".join(parts)


def _side(content: Mapping[str, Any]) -> int | None:
    """The side that frames had when they were measured, where all had one."""
    if content["resolution"] is not None:
        return int(content["resolution"])
    sizes = {side for size in _real(content)["sizes"] for side in size}
    return int(sizes.pop()) if len(sizes) == 1 else None


def _real(content: Mapping[str, Any]) -> Mapping[str, Any]:
    against = content.get("against")
    found = content.get("real") or (against or content)["source"]
    return dict(found)


def _real_stride(content: Mapping[str, Any]) -> int:
    return int(_real(content)["stride"])


def _key(stored: Stored) -> str:
    return "/".join((*stored.path.parts[-3:-1], stored.path.stem))
