"""The results of a command: written to the places asked for, and then shown."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Protocol

from leo_bench.benchmarks.cli.screen import Out, document, out, out_beside, say
from leo_bench.benchmarks.cli.tracking import log_to
from leo_bench.evaluation.files.targets import STDOUT, file_of
from leo_bench.evaluation.metrics import DISTANCES, covers, covers_fakes
from leo_bench.evaluation.records.distance import Record, make_room, write_record
from leo_bench.evaluation.records.documents import Document, document_of
from leo_bench.evaluation.records.score import ScoreRecord, score_record_path

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
) -> Iterator[Out]:
    """Write everything, yield the function that shows results, name the files, log to trackers.

    Args:
        made: the document that `--json -` prints.
        json: the option --json.
        write: writes the file that --json names.
        in_tree: paths in the folder that --records names, and what writes each.
        track: the option --track.

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
    with written(made, json, write, tree_of(found, records), track) as show:
        for one in found:
            show_score(one.record, show)


def tree_of(found: Sequence[Scored], records: Path | None) -> list[tuple[Path, Write]]:
    """The paths of scores in the folder that --records names, and what writes each."""
    if records is None:
        return []
    return [(score_record_path(records, one.record), one.keep) for one in found]


def show_record(record: Record, out: Out = out) -> None:
    """Show a distance: the number, its intervals, and what it was made from."""
    spread = "" if record.spread is None else f" ± {record.spread:.4g}"
    metric = record.metric.upper()
    out(
        f"{metric}{record.frames} = {record.value:.6g}{spread}   "
        f"({record.protocol} v{record.protocol_version})"
    )
    interval = "no interval"
    if record.interval is not None:
        interval = "95 % interval {:.6g} to {:.6g}".format(*record.interval)
    out(f"  float64   {record.value_float64:.6g}, {interval}")
    if record.interval is not None:
        says = covers_fakes if record.real.is_statistics else covers
        out(f"            {says(record.metric)}")
    found = record.extrapolation
    if found is not None and found.reliable and found.interval is not None:
        said = "{:.6g}, 95 % interval {:.6g} to {:.6g}".format(found.value, *found.interval)
        out(f"  {metric}∞      {said}")
    elif found is not None:
        needs = "" if found.needs is None else f" (needs {found.needs:,} videos)"
        out(f"  {metric}∞      not told{needs}")
    samples = f"{DISTANCES[record.metric].samples:6}"
    out(
        f"  {samples}    {record.n_real} real ({record.real.name}), "
        f"{record.n_fake} fake ({record.fake.name}); "
        f"{record.frames} frames, strides {record.real.stride} and {record.fake.stride}"
    )
    out(f"  extractor {record.extractor}, weights {record.weights_sha256[:12]}, {record.precision}")
    for caveat in record.caveats:
        out(f"  not comparable with published numbers: {caveat}")
    for note in (*record.notes, *record.real.notes, *record.fake.notes):
        say(f"note: {note}")
    for video, reason in (*record.real.skipped, *record.fake.skipped):
        say(f"skipped {video}: {reason}")


def show_score(record: ScoreRecord, out: Out = out) -> None:
    """Show a score as `show_record` does, and its difference to that of the real videos."""
    name = f"{record.metric.upper()}{record.frames} of {record.source.name}"
    out(f"{name} = {record.value:.4g}   ({record.protocol} v{record.protocol_version})")
    out(f"  {_interval(record.interval, record.interval_level)}")
    if record.interval is not None:
        out(f"  {covers(record.metric)}")
    out(
        f"  videos    {record.videos_used} of {record.source.videos}; {record.frames} frames, "
        f"stride {record.source.stride}; nothing found in "
        f"{record.frames_without} of {record.frames_seen} frames"
    )
    for what, value in record.diagnostics.items():
        out(f"  {what.replace('_', ' ')}: {value:.4g}")
    out(f"  embedder  {record.embedder}, weights {record.weights_sha256[:12]}")
    if record.against is not None:
        other, paired = record.against, "paired by name" if record.against.paired else "two samples"
        out(
            f"  less that of {other.source.name} ({other.value:.4g}): {other.difference:+.4g}, "
            f"{_interval(other.interval, other.interval_level)}, {paired}"
        )
    for caveat in record.caveats:
        out(f"  not comparable with published numbers: {caveat}")
    for note in (*record.notes, *record.source.notes):
        say(f"note: {note}")
    for video, reason in record.without_value:
        say(f"no value for {video}: {reason}")
    for video, reason in record.source.skipped:
        say(f"skipped {video}: {reason}")


def _interval(interval: tuple[float, float] | None, level: float | None) -> str:
    if interval is None or level is None:
        return "no interval"
    return f"{level:.0%} interval {interval[0]:.4g} to {interval[1]:.4g}".replace("%", " %")
