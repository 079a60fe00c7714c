"""One run of a method's own sampler: a process of its own, watched, its words kept."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from leo_bench.baselines.checkout import clean_environment
from leo_bench.baselines.methods import OutputLayout
from leo_bench.baselines.provenance import State
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.videos.frames import is_frame
from leo_bench.evaluation.videos.listing import kind_of

POLL_SECONDS = 1.0  # between two looks at what has appeared
GRACE_SECONDS = 10.0  # between asking a sampler to end and ending it
LAST_WORDS = 300  # characters of the log that an error repeats


@dataclass(frozen=True)
class Ended:
    """How a run ended.

    Args:
        state: "done" says that the sampler says so; what it wrote is not looked at here.
        exit_code: None: it was ended.
        said: the last line of its log.
    """

    state: State
    exit_code: int | None
    seconds: float
    said: str


def run_sampler(
    words: Sequence[str],
    checkout: Path,
    log: Path,
    *,
    seconds: float | None,
    on_look: Callable[[], None],
) -> Ended:
    """Run a sampler in its checkout, which is also put on its PYTHONPATH, until it ends.

    Its output and errors go to `log`. Out of time it is asked to end, with all processes that it
    started, and ended `GRACE_SECONDS` later.

    Args:
        words: the command.
        checkout: its working directory.
        log: what it says; replaced.
        seconds: how long it may take; None: as long as it wants.
        on_look: called now and then, while it runs.

    Raises:
        InputError: the command cannot be started.
    """
    environment = clean_environment() | {"PYTHONPATH": str(checkout), "PYTHONUNBUFFERED": "1"}
    began, pause = time.monotonic(), POLL_SECONDS
    with log.open("wb") as out:
        try:
            process = subprocess.Popen(
                words,
                cwd=checkout,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise InputError(f"{words[0]}: cannot be started: {error.strerror}") from None
        state: State = "done"
        try:
            while True:
                left = None if seconds is None else seconds - (time.monotonic() - began)
                try:
                    process.wait(pause if left is None else max(0.0, min(pause, left)))
                    break
                except subprocess.TimeoutExpired:
                    if left is not None and left <= pause:
                        state = "timed out"
                        break
                looked = time.monotonic()
                on_look()
                pause = max(POLL_SECONDS, 20 * (time.monotonic() - looked))
        except KeyboardInterrupt:
            state = "stopped"
        finally:
            _end(process)
    code = process.returncode
    if state == "done" and code != 0:
        state = "crashed"
    ended_by_us = state in ("timed out", "stopped")
    return Ended(state, None if ended_by_us else code, time.monotonic() - began, last_words(log))


def videos_so_far(folder: Path, layout: OutputLayout) -> int:
    """Files of a layout that have appeared, or folders of frames: names are looked at, no more."""
    found = 0
    for parent, _folders, names in os.walk(folder):
        below = Path(parent).relative_to(folder).as_posix()
        ours = [
            name for name in names if _belongs(name if below == "." else f"{below}/{name}", layout)
        ]
        frames = [name for name in ours if is_frame(name)]
        found += len(ours) - len(frames) + bool(frames)
    return found


def last_words(log: Path) -> str:
    """The last line of a log that is not empty, printable, in part if it is long."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 8192))
        lines = file.read().decode("utf-8", "replace").replace("\r", "\n").splitlines()
    said = [" ".join("".join(c if c.isprintable() else " " for c in s).split()) for s in lines]
    return next((line[:LAST_WORDS] for line in reversed(said) if line), "")


def _belongs(name: str, layout: OutputLayout) -> bool:
    if kind_of(name) is None:
        return False
    wanted = not layout.files or any(fnmatchcase(name, pattern) for pattern in layout.files)
    return wanted and not any(fnmatchcase(name, pattern) for pattern in layout.without)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a sampler and all that it started; nothing where it has ended by itself."""
    if process.poll() is not None:
        return
    group = process.pid  # of its own: start_new_session
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(GRACE_SECONDS)
    with contextlib.suppress(ProcessLookupError):  # it, or what it started and left behind
        os.killpg(group, signal.SIGKILL)
    process.wait()
