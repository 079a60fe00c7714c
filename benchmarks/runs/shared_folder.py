"""A folder that several processes fill, each with a part of its own (torchrun's, say).

OUT/.unfinished-1         what the process of part 1 has not finished; gone when it ends
OUT/.unfinished-1.lock    locked while that process works; gone when it ends
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

TURN_SECONDS = 60.0  # that a process waits for others which write a few lines
_HIDDEN, _LOCK = ".unfinished-", ".lock"


def share_of_environment() -> tuple[Share, str | None]:
    """Which process of torchrun this is, and its own GPU, if it has one of several."""
    parts = int(os.environ.get("WORLD_SIZE", "1"))
    own = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
    device = own if parts > 1 and torch.cuda.is_available() else None
    return Share(int(os.environ.get("RANK", "0")), parts), device


@contextlib.contextmanager
def own_part(out: Path, share: Share) -> Iterator[Path]:
    """A hidden folder for a part's unfinished files, in a folder `out` that is made if need be.

    What killed processes left there goes.

    Raises:
        InputError: another process works at this part, or the disk refuses.
    """
    with contextlib.ExitStack() as ending:
        ending.enter_context(alone(out, _lock_of(share.part)))
        with writing(out):
            if share.part == 0:
                _forget_parts_from(share.parts, out)
            unfinished = _unfinished(out, share.part)
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir()
        ending.callback(shutil.rmtree, unfinished, ignore_errors=True)
        yield unfinished


@contextlib.contextmanager
def alone(out: Path, lock: str) -> Iterator[None]:
    """Keep other processes from a piece of work in `out`, made if need be, that `lock` names.

    Raises:
        InputError: another process is at it, or the disk refuses.
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
    """Do a short piece of work after other processes that are at the same.

    Raises:
        InputError: one of them is at it for over a minute.
    """
    try:
        with _locked(lock, TURN_SECONDS):
            yield
    except Timeout:
        raise InputError(f"{lock}: held by another process; end it, or remove the file") from None


@contextlib.contextmanager
def writing(out: Path) -> Iterator[None]:
    """What the disk refuses is said in one line."""
    try:
        yield
    except OSError as error:
        raise InputError(f"{out}: cannot be written to: {error.strerror or error}") from None


def _unfinished(out: Path, part: int) -> Path:
    return out / f"{_HIDDEN}{part}"


def _lock_of(part: int) -> str:
    return f"{_HIDDEN}{part}{_LOCK}"


@contextlib.contextmanager
def _locked(path: Path, seconds: float = 0) -> Iterator[None]:
    """Hold a lock; a killed process leaves nothing locked.

    Raises:
        Timeout: another process does.
    """
    lock = FileLock(path)
    lock.acquire(timeout=seconds)
    try:
        yield
    finally:
        # Still locked: who has opened the file meanwhile sees that it is gone and makes another.
        path.unlink(missing_ok=True)
        lock.release()


def _forget_parts_from(first: int, out: Path) -> None:
    """Clean up behind killed processes of a time when there were more parts."""
    for path in list(out.glob(f"{_HIDDEN}*")):
        part = path.name.removeprefix(_HIDDEN).removesuffix(_LOCK)
        if part.isdecimal() and int(part) >= first:
            with contextlib.suppress(Timeout), _locked(out / _lock_of(int(part))):
                shutil.rmtree(_unfinished(out, int(part)), ignore_errors=True)
