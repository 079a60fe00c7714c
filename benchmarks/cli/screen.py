"""What the command line shows: results on standard output, everything else on standard error."""

import shutil
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from leo_bench.benchmarks.cli.streams import has_reader_left
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.features.cache import FeatureStore
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.files.places import cache_root
from leo_bench.evaluation.files.printable import printable, printable_lines
from leo_bench.evaluation.files.targets import STDOUT
from leo_bench.evaluation.metrics import DISTANCES, covers
from leo_bench.evaluation.records.distance import Record
from leo_bench.evaluation.records.score import ScoreRecord
from leo_bench.leo.sampling.countdown import Countdown
from leo_bench.reports.plain_tables import terminal_table

Out = Callable[[object], None]  # shows a result to a person

HEARTBEAT_SECONDS = 30.0
WIDTH = 140  # characters of a line where the output is no terminal


class Bar:
    """Progress of one long piece of work, with rate and time left.

    On a terminal a bar; in a log a line every half minute, so that a run is seen to be alive.
    """

    def __init__(self, what: str, unit: str = "clips") -> None:
        self._what, self._unit = what, unit
        self._last = time.monotonic()
        self._countdown = Countdown()
        self._console = Console(stderr=True, highlight=False)
        self._progress: Progress | None = None

    def __call__(self, done: int, total: int) -> None:
        """Show that `done` of `total` are done."""
        pace, seconds = self._countdown.pace(done), self._countdown.left(done, total)
        left = "time left unknown" if seconds is None else f"{seconds:.0f} s left"
        how = left if pace is None else f"{pace:.1f} {self._unit}/s, {left}"
        if self._console.is_terminal:
            self._show_bar(done, total, how)
        elif time.monotonic() - self._last > HEARTBEAT_SECONDS:
            self._last = time.monotonic()
            say(f"{self._what}: {done}/{total}, {how}")
        if done >= total:
            self._stop()

    def _show_bar(self, done: int, total: int, how: str) -> None:
        if self._progress is None:
            self._progress = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[how]}"),
                console=self._console,
                transient=True,
            )
            self._progress.add_task(self._what, total=total, how=how)
            self._progress.start()
        self._progress.update(self._progress.task_ids[0], completed=done, total=total, how=how)

    def _stop(self) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None
        self._last = time.monotonic()
        self._countdown = Countdown()


def resources(
    *, workers: int, keep: bool, batch: int | None = None, what: str = "features"
) -> Resources:
    """Cache, threads and progress of a command."""
    store = FeatureStore(cache_root()) if keep else None
    return Resources(
        store=store,
        workers=workers,
        batch=batch,
        opening=Bar("opening", "videos"),
        progress=Bar(what),
    )


def say(message: str) -> None:
    """One line for a person, on standard error."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(
        printable_lines(message), markup=False
    )


def out(result: object) -> None:
    """A result, on standard output; wide enough for tables where that is no terminal."""
    _show(result, sys.stdout)


def aside(result: object) -> None:
    """A result for a person on standard error, where a document has standard output for itself."""
    _show(result, sys.stderr)


def out_beside(json: Path | None) -> Out:
    """Where results are shown: aside if the document that `--json` asks for goes to stdout."""
    return aside if json == STDOUT else out


def document(text: str) -> None:
    """A JSON document, on standard output, in UTF-8 whatever the terminal's encoding.

    Raises:
        InputError: the reader has left before the end; there is no other copy.
    """
    sys.stdout.flush()
    stream = getattr(sys.stdout, "buffer", None)
    if stream is None:
        sys.stdout.write(text)
    else:
        stream.write(text.encode(errors="backslashreplace"))
    sys.stdout.flush()
    if has_reader_left():
        raise InputError("--json -: the reader left before the document's end")


def table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], out: Out = out
) -> None:
    """A table, as `out` shows it; columns of numbers to the right."""
    cells = [[printable_lines(cell) for cell in row] for row in rows]
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else WIDTH
    text = terminal_table(columns, cells, width)
    out(f"{printable(title)}\n\n{text}" if title else text)


def _show(result: object, stream: TextIO) -> None:
    width = None if stream.isatty() else WIDTH
    shown = printable_lines(result) if isinstance(result, str) else result
    Console(file=stream, highlight=False, width=width, soft_wrap=True).print(shown, markup=False)


def show_record(record: Record, out: Out = out) -> None:
    """A record as a person reads it: the number, how sure it is, what it was made from."""
    spread = "" if record.spread is None else f" ± {record.spread:.4g}"
    name = f"{record.metric.upper()}{record.frames}"
    out(f"{name} = {record.value:.6g}{spread}   ({record.protocol} v{record.protocol_version})")
    interval = "no interval"
    if record.interval is not None:
        interval = "95 % interval {:.6g} to {:.6g}".format(*record.interval)
    out(f"  float64   {record.value_float64:.6g}, {interval}")
    if record.interval is not None:
        out(f"            {covers(record.metric)}")
    found = record.extrapolation
    if found is not None and found.reliable and found.interval is not None:
        said = "{:.6g}, 95 % interval {:.6g} to {:.6g}".format(found.value, *found.interval)
        out(f"  {record.metric.upper()}∞      {said}")
    elif found is not None:
        needs = "" if found.needs is None else f" (needs {found.needs:,} videos)"
        out(f"  {record.metric.upper()}∞      not told{needs}")
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
    for side in (record.real, record.fake):
        for video, reason in side.skipped:
            say(f"skipped {video}: {reason}")


def show_score(record: ScoreRecord, out: Out = out) -> None:
    """The record of a score, as `show_record`: with the real side's where it has one."""
    name = f"{record.metric.upper()}{record.frames} of {record.source.name}"
    out(f"{name} = {record.value:.4g}   ({record.protocol} v{record.protocol_version})")
    out(f"  {interval_text(record.interval, record.interval_level)}")
    if record.interval is not None:
        out(f"  {covers(record.metric)}")
    of_all = record.source.videos
    out(
        f"  videos    {record.videos_used} of {of_all}; {record.frames} frames, "
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
            f"{interval_text(other.interval, other.interval_level)}, {paired}"
        )
    for caveat in record.caveats:
        out(f"  not comparable with published numbers: {caveat}")
    for note in (*record.notes, *record.source.notes):
        say(f"note: {note}")
    for video, reason in record.without_value:
        say(f"no value for {video}: {reason}")
    for video, reason in record.source.skipped:
        say(f"skipped {video}: {reason}")


def interval_text(interval: tuple[float, float] | None, level: float | None) -> str:
    """An interval in words."""
    if interval is None or level is None:
        return "no interval"
    return f"{level:.0%} interval {interval[0]:.4g} to {interval[1]:.4g}".replace("%", " %")
