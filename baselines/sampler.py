"""Runs a method's sampler as a process of its own, with a log, a time limit and progress."""

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

POLL_SECONDS = 1.0  # between two looks at the output folder
GRACE_SECONDS = 10.0  # between SIGTERM and SIGKILL
LAST_WORDS = 300  # characters of the log that an error repeats


@dataclass(frozen=True)
class Ended:
    """How a run of the sampler ended.

    Args:
        state: "done" if it exited with 0; its output is not checked here.
        exit_code: of the sampler; None if it was ended.
        seconds: how long it ran.
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
    """Run a sampler until it ends, in its checkout, which is also put on its PYTHONPATH.

    At the time limit it gets SIGTERM, with all processes that it started, and SIGKILL
    `GRACE_SECONDS` later.

    Args:
        words: the command.
        checkout: its working directory.
        log: file for its output and errors, replaced.
        seconds: time limit; None: no limit.
        on_look: called about every `POLL_SECONDS` while it runs.

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
    code = None if state in ("timed out", "stopped") else process.returncode
    if state == "done" and code != 0:
        state = "crashed"
    return Ended(state, code, time.monotonic() - began, last_words(log))


def videos_so_far(folder: Path, layout: OutputLayout) -> int:
    """Number of files, or folders of frames, that a layout has so far; only names are read."""
    found = 0
    for parent, _folders, names in os.walk(folder):
        below = Path(parent).relative_to(folder)
        ours = [name for name in names if _belongs((below / name).as_posix(), layout)]
        frames = [name for name in ours if is_frame(name)]
        found += len(ours) - len(frames) + bool(frames)
    return found


def last_words(log: Path) -> str:
    """The last line of a log that is not empty, printable, at most `LAST_WORDS` characters."""
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
    """End a sampler and all processes that it started, unless it has ended by itself."""
    if process.poll() is not None:
        return
    group = process.pid  # start_new_session gave it a group of its own
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(GRACE_SECONDS)
    with contextlib.suppress(ProcessLookupError):  # the sampler, or children that outlived it
        os.killpg(group, signal.SIGKILL)
    process.wait()
