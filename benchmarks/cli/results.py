"""The results of a command: written to the places asked for, and then shown."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Protocol

from leo_bench.benchmarks.cli.next_step import say_next
from leo_bench.benchmarks.cli.screen import Out, document, out, out_beside, say
from leo_bench.benchmarks.cli.tracking import log_to
from leo_bench.evaluation.files.targets import STDOUT, file_of
from leo_bench.evaluation.metrics import DISTANCES, covers, covers_fakes
from leo_bench.evaluation.records.distance import Record, make_room, write_record
from leo_bench.evaluation.records.documents import Document, document_of
from leo_bench.evaluation.records.parts import NOT_TOLD
from leo_bench.evaluation.records.score import ScoreRecord, score_record_path
from leo_bench.evaluation.records.shown_digits import measured_text, number_text, spread_text
from leo_bench.reports.records import published

Write = Callable[[Path], None]


class Scored(Protocol):
    """The score of one set of videos."""

    @property
    def record(self) -> ScoreRecord:
        """The score."""

    def keep(self, path: Path) -> None:
        """Write the record, and the files beside it."""


@contextmanager
def written(
    made: Document,
    json: Path | None,
    write: Write,
    in_tree: Sequence[tuple[Path, Write]] = (),
    track: Sequence[str] | None = None,
    records: Path | None = None,
) -> Iterator[Out]:
    """Write everything, yield the function that shows results, name files and the next step, log.

    Args:
        made: the document that `--json -` prints.
        json: the option --json.
        write: writes the file that --json names.
        in_tree: paths in the folder that --records names, and what writes each.
        track: the option --track: where the numbers are logged.
        records: the folder that --records names, if `leo-bench table` shows what was written.

    Raises:
        InputError: a place cannot be written to.
    """
    path = file_of(json)
    if path is not None:
        write(path)
    for place, _ in in_tree:
        make_room(place)
    for place, write_it in in_tree:
        write_it(place)
    yield out_beside(json)
    for place, _ in in_tree:
        say(f"record: {place}")
    if json == STDOUT:
        document(made.to_json())
    log_to(track, made)
    if records is not None and json != STDOUT:  # there a program reads
        say_next("table", "--records", records)


def write_and_show(
    verb: str,
    found: Sequence[Scored],
    json: Path | None,
    records: Path | None,
    track: Sequence[str] | None,
) -> None:
    """Write and show scores: one to a record of its own, several to one document.

    Args:
        verb: the kind of a document of several.
        found: one score for each set of videos.
        json: the option --json.
        records: the option --records.
        track: the option --track.

    Raises:
        InputError: a place cannot be written to.
    """
    made = document_of(verb, [one.record for one in found])
    write = found[0].keep if len(found) == 1 else partial(write_record, made)
    with written(made, json, write, tree_of(found, records), track, records) as show:
        for one in found:
            show_score(one.record, show)
        levels = [one.record.interval_level for one in found if one.record.interval_level]
        if levels:
            level = f"{levels[0]:.0%}".replace("%", " %")
            show(f"{level} intervals: {covers(found[0].record.metric)}")


def tree_of(found: Sequence[Scored], records: Path | None) -> list[tuple[Path, Write]]:
    """The paths of scores in the folder that --records names, and what writes each."""
    if records is None:
        return []
    return [(score_record_path(records, one.record), one.keep) for one in found]


def show_record(record: Record, out: Out = out) -> None:
    """Show a distance: the number, what it was made from, and why it is not comparable."""
    told, metric = published(record), record.metric.upper()
    number = f"{metric}{record.frames} = {told.value_text}{spread_text(record.spread)}"
    out(f"{number} {told.interval_text}".rstrip() + f"   ({_protocol(record)})")
    exact = number_text(record.value_float64, record.interval)
    if exact != told.value_text:
        out(f"  in float64 {exact}")
    found = record.extrapolation
    if found is not None and found.reliable:
        said = measured_text(found.value, found.interval)
        out(f"  {metric}∞ = {said}   (without the bias of few clips)")
    elif found is not None:
        needs = found.reason if found.needs is None else f"needs {found.needs:,} videos a side"
        out(f"  {metric}∞ not told: {needs}")
    samples = DISTANCES[record.metric].samples
    out(
        f"  from     {record.n_real:,} real {samples} ({record.real.name}), "
        f"{record.n_fake:,} fake {samples} ({record.fake.name}); "
        f"{record.frames} frames, strides {record.real.stride} and {record.fake.stride}"
    )
    out(f"  network  {record.extractor}, weights {record.weights_sha256[:12]}, {record.precision}")
    _limits(record, out)
    if record.interval is not None:
        says = covers_fakes if record.real.is_statistics else covers
        out(f"95 % interval: {says(record.metric)}")
    for note in (*record.notes, *record.real.notes, *record.fake.notes):
        if not note.startswith(NOT_TOLD):  # said above
            say(f"note: {note}")
    for video, reason in (*record.real.skipped, *record.fake.skipped):
        say(f"skipped {video}: {reason}")


def show_score(record: ScoreRecord, out: Out = out) -> None:
    """Show a score as `show_record` does, and its difference to that of the real videos."""
    name = f"{record.metric.upper()}{record.frames} of {record.source.name}"
    out(f"{name} = {measured_text(record.value, record.interval)}   ({_protocol(record)})")
    if record.against is not None:
        other = record.against
        paired = "paired by name" if other.paired else "two samples"
        less = measured_text(other.difference, other.interval, "+")
        out(
            f"  less {number_text(other.value, other.interval)} of {other.source.name}: {less}, "
            f"{paired}"
        )
    for what, value in record.diagnostics.items():
        out(f"  {what.replace('_', ' ')}: {number_text(value)}")
    without = f"; nothing found in {record.frames_without:,} of {record.frames_seen:,} frames"
    out(
        f"  from     {record.videos_used:,} of {record.source.videos:,} videos; {record.frames} "
        f"frames, stride {record.source.stride}{without if record.frames_without else ''}"
    )
    out(f"  network  {record.embedder}, weights {record.weights_sha256[:12]}")
    _limits(record, out)
    for note in (*record.notes, *record.source.notes):
        say(f"note: {note}")
    for video, reason in record.without_value:
        say(f"no value for {video}: {reason}")
    for video, reason in record.source.skipped:
        say(f"skipped {video}: {reason}")


def _protocol(record: Record | ScoreRecord) -> str:
    return f"{record.protocol} v{record.protocol_version}"


def _limits(record: Record | ScoreRecord, out: Out) -> None:
    for caveat in record.caveats:
        out(f"  not comparable with published numbers: {caveat}")
