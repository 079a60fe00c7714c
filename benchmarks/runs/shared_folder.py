"""A folder that several processes fill, each with its own part (for example under torchrun).

OUT/.unfinished-1         unfinished files of the process of part 1; removed when it ends
OUT/.unfinished-1.lock    locked while that process works; removed when it ends
"""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import torch
from filelock import FileLock, Timeout

from leo_bench.evaluation.errors import InputError
from leo_bench.leo.stage import Share

TURN_SECONDS = 60.0  # longest wait for other processes that write a few lines
_HIDDEN, _LOCK = ".unfinished-", ".lock"


def share_of_environment() -> tuple[Share, str | None]:
    """This process's share of torchrun's processes, and its GPU if there are several."""
    parts = int(os.environ.get("WORLD_SIZE", "1"))
    own = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
    device = own if parts > 1 and torch.cuda.is_available() else None
    return Share(int(os.environ.get("RANK", "0")), parts), device


@contextlib.contextmanager
def own_part(out: Path, share: Share) -> Iterator[Path]:
    """A new hidden folder in `out` for a part's unfinished files; creates `out`.

    Files that killed processes left in such folders are removed.

    Raises:
        InputError: another process works on this part, or `out` cannot be written to.
    """
    unfinished = out / f"{_HIDDEN}{share.part}"
    with alone(out, unfinished.name + _LOCK):
        with writing(out):
            if share.part == 0:
                _remove_parts_from(share.parts, out)
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir()
        try:
            yield unfinished
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)


@contextlib.contextmanager
def alone(out: Path, lock: str) -> Iterator[None]:
    """Hold the lock file of this name in `out`; creates `out`.

    Raises:
        InputError: another process holds the lock, or `out` cannot be written to.
    """
    with contextlib.ExitStack() as ending:
        with writing(out):
            out.mkdir(parents=True, exist_ok=True)
            try:
                ending.enter_context(_locked(out / lock))
            except Timeout:
                raise InputError(
                    f"{out}: another process is sampling here; wait for it, or end it"
                ) from None
        yield


@contextlib.contextmanager
def in_turn(lock: Path) -> Iterator[None]:
    """Hold a lock for a short piece of work, after waiting for other processes.

    Raises:
        InputError: another process holds the lock for more than TURN_SECONDS.
    """
    try:
        with _locked(lock, TURN_SECONDS):
            yield
    except Timeout:
        raise InputError(f"{lock}: held by another process; end it, or remove the file") from None


@contextlib.contextmanager
def writing(out: Path) -> Iterator[None]:
    """Turn an OSError into an InputError of one line that names `out`."""
    try:
        yield
    except OSError as error:
        raise InputError(f"{out}: cannot be written to: {error.strerror or error}") from None


@contextlib.contextmanager
def _locked(path: Path, seconds: float = 0) -> Iterator[None]:
    """Hold a lock; the lock of a killed process is free.

    Raises:
        Timeout: another process holds it.
    """
    lock = FileLock(path)
    lock.acquire(timeout=seconds)
    try:
        yield
    finally:
        # Removed before the release: a process that waits for it finds it gone and makes another.
        path.unlink(missing_ok=True)
        lock.release()


def _remove_parts_from(first: int, out: Path) -> None:
    """Remove what killed processes left when the work had more parts than now."""
    for path in list(out.glob(f"{_HIDDEN}*")):
        part = path.name.removeprefix(_HIDDEN).removesuffix(_LOCK)
        if part.isdecimal() and int(part) >= first:
            unfinished = out / f"{_HIDDEN}{int(part)}"
            lock = unfinished.with_name(unfinished.name + _LOCK)
            with contextlib.suppress(Timeout), _locked(lock):
                shutil.rmtree(unfinished, ignore_errors=True)
