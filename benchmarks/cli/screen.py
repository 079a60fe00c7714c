"""Output of commands: results on standard output, everything else on standard error."""

import shutil
import sys
import textwrap
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from leo_bench.benchmarks.cli.streams import has_reader_left
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.features.countdown import Countdown
from leo_bench.evaluation.files.places import cache_root
from leo_bench.evaluation.files.printable import printable, printable_lines
from leo_bench.evaluation.files.targets import STDOUT
from leo_bench.reports.plain_tables import terminal_table

if TYPE_CHECKING:
    from leo_bench.evaluation.features.of_clips import Resources

Out = Callable[[object], None]  # shows a result to a person

HEARTBEAT_SECONDS = 30.0
THREADS = 2  # that read, unless --workers says otherwise
WIDTH = 140  # characters of a line where the output is no terminal


class Bar:
    """Progress of one long piece of work, with rate and time left.

    A bar on a terminal; one line every half minute in a log.
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
            self._progress = progress_bar(self._console, self._what, total)
        self._progress.update(self._progress.task_ids[0], completed=done, total=total, how=how)

    def _stop(self) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None
        self._last = time.monotonic()
        self._countdown = Countdown()


def progress_bar(console: Console, what: str, total: int, done: int = 0) -> Progress:
    """A bar of one task on a terminal, begun; its field `how` is shown after the counts."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[how]}"),
        console=console,
        transient=True,
    )
    bar.add_task(what, total=total, completed=done, how="")
    bar.start()
    return bar


def resources(
    *,
    workers: int | None,
    keep: bool,
    batch: int | None = None,
    what: str = "features",
    unit: str = "clips",
) -> "Resources":
    """Cache, threads and progress of a command, and the processes that divide its work.

    `workers` None: as many as suit the machine, of which each of its processes has a share.
    """
    import torch

    from leo_bench.evaluation.features.cache import FeatureStore
    from leo_bench.evaluation.features.of_clips import Resources
    from leo_bench.evaluation.features.single_thread_pool import cores
    from leo_bench.evaluation.processes.board import processes_here
    from leo_bench.evaluation.processes.torchrun import this_team

    team, share = this_team(), max(1, cores() // processes_here())
    store = FeatureStore(cache_root()) if keep else None
    if team.size > 1:
        store = FeatureStore(team.share_folder(cache_root(), keep=keep))
    return Resources(
        store=store,
        workers=workers or THREADS,
        processes=(workers or share) if torch.cuda.is_available() else 0,
        batch=batch,
        team=team,
        opening=Bar("opening", "videos"),
        progress=Bar(what, unit),
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


def wrapped(text: str) -> str:
    """Text for `out`, indented, in lines of at most 100 characters, or of a narrower terminal."""
    width = min(100, shutil.get_terminal_size().columns) if sys.stdout.isatty() else 100
    return textwrap.fill(
        text,
        width,
        initial_indent="  ",
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )


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
