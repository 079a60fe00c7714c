"""Chooses the measured number of a table's cell, and says why it is not comparable."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leo_bench.evaluation.files.schema import Data, load_toml
from leo_bench.reports.layouts import Column, Group
from leo_bench.reports.origins import ModelFacts, Origin, origin_of
from leo_bench.reports.records import StoredRecord

PROTOCOLS = Path(__file__).parent / "protocols.toml"


class KnownProtocol(Data):
    """Version and digest that a record's protocol must have to be the published one."""

    version: int
    digest: str


class _Protocols(Data):
    protocol: dict[str, KnownProtocol]


@dataclass(frozen=True)
class Measured:
    """A measured number in a cell.

    Args:
        key: key of its record.
        value: the number as its protocol computes it.
        spread: standard deviation over repeats; None for one repeat.
        interval: 95 % interval around `value`, over videos of both sides.
        origin: where its videos come from.
        recipe: protocol, counts and network, in words.
        caveats: why it is not comparable with the printed number; empty if it is.
        others: keys of further records for this cell, which are not shown.
        opposite: of a preference study, the number of the other method.
    """

    key: str
    value: float
    spread: float | None
    interval: tuple[float, float] | None
    origin: Origin
    recipe: str
    caveats: tuple[str, ...]
    others: tuple[str, ...] = ()
    opposite: float | None = None

    @property
    def is_of_raters(self) -> bool:
        """Whether it is a share of raters' answers."""
        return self.origin in ("raters", "simulated")


def known_protocols() -> dict[str, KnownProtocol]:
    """The protocols that published numbers were made with, as far as they are known, by id."""
    return load_toml(_Protocols, PROTOCOLS).protocol


def fits(stored: StoredRecord, group: Group, column: Column) -> bool:
    """Whether a record has the metric, data set, resolution and frames of a column.

    A different split, stride, protocol or count does not exclude it: these become caveats.
    """
    content = stored.content
    if not column.protocol or stored.metric != column.metric or content["frames"] != group.frames:
        return False
    named = content["dataset"]
    if named is None or named.rpartition("-")[0] != group.dataset:
        return False
    # A protocol that resizes every frame to its own resolution fits columns of any resolution.
    is_fixed = content["protocol_settings"].get("resolution") is not None
    return is_fixed or _resolution(content) == (group.resolution or group.measured_at)


def chosen(
    candidates: Sequence[StoredRecord],
    group: Group,
    column: Column,
    models: Mapping[str, ModelFacts],
    protocols: Mapping[str, KnownProtocol],
) -> Measured:
    """The number of a cell: the record with the column's protocol and the fewest caveats.

    Args:
        candidates: the records that fit the cell, one or more.
        group: group of the cell's column.
        column: column of the cell.
        models: declared origins.
        protocols: protocols of published numbers, by id.
    """
    caveats = {s.key: _caveats(s.content, group, column, protocols) for s in candidates}
    best, *others = sorted(
        candidates,
        key=lambda s: (s.content["protocol"] != column.protocol, len(caveats[s.key]), s.key),
    )
    shown = best.published
    return Measured(
        key=best.key,
        value=shown.value,
        spread=best.content.get("spread"),
        interval=shown.interval,
        origin=origin_of(best, models),
        recipe=_recipe(best.content),
        caveats=tuple(caveats[best.key]),
        others=tuple(other.key for other in others),
    )


def _caveats(
    content: Mapping[str, Any],
    group: Group,
    column: Column,
    protocols: Mapping[str, KnownProtocol],
) -> list[str]:
    found = []
    protocol, split = content["protocol"], content["dataset"].rpartition("-")[2]
    stride, known = _real(content)["stride"], protocols.get(column.protocol)
    if protocol != column.protocol:
        found.append(f"protocol {protocol}, not {column.protocol}")
    elif known is not None and content["protocol_version"] != known.version:
        found.append(f"version {content['protocol_version']} of the protocol, not {known.version}")
    elif known is not None and content["protocol_digest"] != known.digest:
        found.append(f"settings of {protocol} were changed")
    if split != group.split:
        found.append(f"split {split}, not {group.split}")
    if stride != group.stride:
        found.append(f"real stride {stride}, not {group.stride}")
    if column.samples is not None and content.get("n_fake") != column.samples:
        found.append(f"{content.get('n_fake')} fakes, not {column.samples:,}")
    return [*found, *content["caveats"]]


def _recipe(content: Mapping[str, Any]) -> str:
    if "n_real" in content:
        counts = f"{content['n_real']:,} real and {content['n_fake']:,} fake clips"
        network = content["extractor"]
    else:
        counts, network = f"{content['videos_used']:,} videos", content["embedder"]
    return f"{content['protocol']} v{content['protocol_version']}, {counts}, {network}"


def _resolution(content: Mapping[str, Any]) -> int | None:
    """Side in pixels of the frames that were measured; None if they differ."""
    if content["resolution"] is not None:
        return int(content["resolution"])
    sizes = {side for size in _real(content)["sizes"] for side in size}
    return int(sizes.pop()) if len(sizes) == 1 else None


def _real(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """The side that stands for the data set: the real one, or that of a score's comparison."""
    found: Mapping[str, Any] = content.get("real") or (content.get("against") or content)["source"]
    return found
