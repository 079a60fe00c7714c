"""Results of the Python API: a number, its interval and its record; torch is not imported."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from leo_bench.evaluation.files.kinds import RECORD, RECORDS, REPETITION, FileKind
from leo_bench.evaluation.files.printable import printable
from leo_bench.evaluation.files.targets import Target, check_targets
from leo_bench.evaluation.metrics import DISTANCES
from leo_bench.evaluation.records.distance import Record, make_room, record_path, write_record
from leo_bench.evaluation.records.documents import Document, document_of
from leo_bench.evaluation.records.parts import SideRecord
from leo_bench.evaluation.records.score import ScoreRecord, score_record_path
from leo_bench.evaluation.records.shares import PrecisionExtra
from leo_bench.evaluation.records.shown_digits import measured_text, number_text
from leo_bench.reports.records import published

Interval = tuple[float, float]

_TABLE = Environment(autoescape=True, undefined=StrictUndefined).from_string("""\
<table>
{%- for name, lines in rows %}
<tr><th scope="row" style="text-align: left; vertical-align: top">{{ name }}</th>
<td style="text-align: left">
{%- for line in lines %}{{ line }}{% if not loop.last %}<br>{% endif %}{% endfor -%}
</td></tr>
{%- endfor %}
</table>
""")


class Result(ABC):
    """What all results have: a short `repr`, a table for notebooks, and `write`.

    Attributes:
        record: the number with its provenance, as the command line writes it.
    """

    record: Record | ScoreRecord

    @abstractmethod
    def write(self, path: str | Path) -> Path:
        """Write the record, and beside it how much each video moves the number.

        Args:
            path: a folder of records, in which the record gets the place that the command's
                `--records` gives it; or a file that ends in `.json`.

        Returns:
            The file. A record that was there is kept under another name.

        Raises:
            InputError: something that leo-bench did not write is there, or it cannot be written.
        """

    def __repr__(self) -> str:
        """The number, its interval and what it was made from, in one line."""
        return f"{self._number()} ({printable(', '.join(self._made_from()))}{self._mark()})"

    def _repr_html_(self) -> str:
        """A table of its own for notebooks; all text is escaped."""
        record = self.record
        sides = [line for side in self._sides() for line in side.notes]
        resolution = "as stored" if record.resolution is None else f"{record.resolution} pixels"
        window = f"{record.frames} frames, resolution {resolution}, seed {record.seed}"
        rows = {
            "value": list(self._values()),
            "protocol": [f"{record.protocol} v{record.protocol_version}", window],
            "videos": [_counts(side) for side in self._sides()],
            "network": [self._network()],
            "not comparable with published numbers": record.caveats,
            "notes": [*record.notes, *sides],
        }
        told = [(name, [printable(line) for line in lines]) for name, lines in rows.items()]
        return _TABLE.render(rows=[(name, lines) for name, lines in told if lines])

    @abstractmethod
    def _number(self) -> str: ...

    @abstractmethod
    def _values(self) -> Iterator[str]: ...

    @abstractmethod
    def _made_from(self) -> Iterator[str]: ...

    @abstractmethod
    def _sides(self) -> tuple[SideRecord, ...]: ...

    @abstractmethod
    def _network(self) -> str: ...

    def _mark(self) -> str:
        caveats = self.record.caveats
        if not caveats:
            return ""
        more = f"; {len(caveats) - 1} more in .record.caveats" if len(caveats) > 1 else ""
        return f"; not comparable with published numbers: {printable(caveats[0])}{more}"


class _OfTwoSides(Result):
    """What results have whose record is of a distance."""

    record: Record

    def _made_from(self) -> Iterator[str]:
        yield f"{self.record.protocol} v{self.record.protocol_version}"
        yield f"{self.record.n_real} real"
        yield f"{self.record.n_fake} fake {DISTANCES[self.record.metric].samples}"

    def _sides(self) -> tuple[SideRecord, ...]:
        return self.record.real, self.record.fake

    def _network(self) -> str:
        record = self.record
        return f"{record.extractor}, weights {record.weights_sha256[:12]}, {record.precision}"


@dataclass(frozen=True, repr=False)
class DistanceResult(_OfTwoSides):
    """A distance between two sets of videos: FVD, KVD or FID.

    Args:
        record: the number with its provenance.
        beside: content of the files that `write` lays beside the record, by their ending
            (`evaluation.records.influences.beside_record`).
    """

    record: Record
    beside: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def value(self) -> float:
        """The number as the protocol computes it."""
        return self.record.value

    @property
    def interval(self) -> Interval | None:
        """Low and high end of the 95 % interval; None with too few videos."""
        return self.record.interval

    @property
    def fvd_infinity(self) -> float | None:
        """The value without the bias of few clips; None where that is not reliable, and of KVD."""
        return self.record.fvd_infinity

    def __float__(self) -> float:
        """`value`."""
        return self.value

    def write(self, path: str | Path) -> Path:
        """See `Result.write`."""
        place = _place(Path(path), lambda tree: record_path(tree, self.record))
        write_record(self.record, place, self.beside)
        return place

    def _number(self) -> str:
        told = published(self.record)
        return f"{_name(self.record)} = {measured_text(told.value, told.interval)}"

    def _values(self) -> Iterator[str]:
        yield self._number()
        if self.fvd_infinity is not None:
            found = self.record.extrapolation
            interval = None if found is None else found.interval
            yield f"{self.record.metric.upper()}∞ = {measured_text(self.fvd_infinity, interval)}"


@dataclass(frozen=True, repr=False)
class PrecisionResult(_OfTwoSides):
    """Precision and recall of fake videos, and the FVD of the same features.

    Args:
        record: of the FVD.
        shares: precision and recall, each with its interval.
        beside: as in `DistanceResult`, for the FVD.
    """

    record: Record
    shares: PrecisionExtra
    beside: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def precision(self) -> float:
        """Share of the fake clips that lie among the real ones, 0..1."""
        return self.shares.precision.value

    @property
    def precision_interval(self) -> Interval | None:
        """95 % interval of `precision`; None with too few videos."""
        return self.shares.precision.interval

    @property
    def recall(self) -> float:
        """Share of the real clips that lie among the fake ones, 0..1."""
        return self.shares.recall.value

    @property
    def recall_interval(self) -> Interval | None:
        """95 % interval of `recall`; None with too few videos."""
        return self.shares.recall.interval

    @property
    def fvd(self) -> DistanceResult:
        """The FVD of the same features."""
        return DistanceResult(self.record, self.beside)

    @property
    def document(self) -> Document:
        """Both shares and the record, as the command line writes them."""
        return document_of("precision", [self.record], self.shares)

    def write(self, path: str | Path) -> Path:
        """See `Result.write`; the FVD has a record of its own (`fvd.write`)."""

        def in_tree(tree: Path) -> Path:
            return record_path(tree, self.record).with_stem("precision")

        place = _place(Path(path), in_tree)
        write_record(self.document, place)
        return place

    def _number(self) -> str:
        return ", ".join(self._values())

    def _values(self) -> Iterator[str]:
        yield f"precision = {measured_text(self.precision, self.precision_interval)}"
        yield f"recall = {measured_text(self.recall, self.recall_interval)}"


@dataclass(frozen=True, repr=False)
class ScoreResult(Result):
    """A score of one set of videos: ACD, drift or repetition.

    Args:
        record: the number with its provenance; drift has its curves in `record.curves`.
        real: the same score of the real videos; None: this is theirs, or there are none.
        beside: as in `DistanceResult`.
    """

    record: ScoreRecord
    real: "ScoreResult | None" = None
    beside: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def value(self) -> float:
        """The score."""
        return self.record.value

    @property
    def interval(self) -> Interval | None:
        """Low and high end of the 95 % interval; None with too few videos."""
        return self.record.interval

    @property
    def difference(self) -> float | None:
        """The score less that of the real videos; None if it is not compared with any."""
        return None if self.record.against is None else self.record.against.difference

    @property
    def difference_interval(self) -> Interval | None:
        """95 % interval of `difference`; None with too few videos."""
        return None if self.record.against is None else self.record.against.interval

    def __float__(self) -> float:
        """`value`."""
        return self.value

    def write(self, path: str | Path) -> Path:
        """See `Result.write`; into a folder of records the real side's record is written too."""
        target = Path(path)
        kept = [self] if self.real is None or _is_file(target) else [self.real, self]
        places = [_place(target, one._in_tree, REPETITION) for one in kept]
        for one, place in zip(kept, places, strict=True):
            write_record(one.record, place, one.beside)
        return places[-1]

    def _in_tree(self, tree: Path) -> Path:
        return score_record_path(tree, self.record)

    def _number(self) -> str:
        name = printable(self.record.source.name)
        return f"{_name(self.record)} of {name} = {measured_text(self.value, self.interval)}"

    def _values(self) -> Iterator[str]:
        yield self._number()
        if self.difference is not None:
            less = measured_text(self.difference, self.difference_interval, "+")
            yield f"less that of the real videos: {less}"
        for name, value in self.record.diagnostics.items():
            yield f"{name.replace('_', ' ')}: {number_text(value)}"

    def _made_from(self) -> Iterator[str]:
        yield f"{self.record.protocol} v{self.record.protocol_version}"
        yield f"{self.record.videos_used} videos"

    def _sides(self) -> tuple[SideRecord, ...]:
        against = self.record.against
        return (self.record.source,) if against is None else (against.source, self.record.source)

    def _network(self) -> str:
        return f"{self.record.embedder}, weights {self.record.weights_sha256[:12]}"


def _name(record: Record | ScoreRecord) -> str:
    return f"{record.metric.upper()}{record.frames}"


def _counts(side: SideRecord) -> str:
    return (
        f"{side.source}: {side.videos_used} of {side.videos} videos, {side.clips} clips at stride "
        f"{side.stride}"
    )


def _is_file(path: Path) -> bool:
    return path.suffix == ".json"


def _place(path: Path, in_tree: Callable[[Path], Path], kind: FileKind = RECORD) -> Path:
    """The file to write: `path` itself if it ends in .json, or the record's place in a folder.

    Raises:
        InputError: something that leo-bench did not write is there.
    """
    is_file = _is_file(path)
    check_targets(Target("write", path, kind if is_file else RECORDS))
    return path if is_file else make_room(in_tree(path))
