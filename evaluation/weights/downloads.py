"""Downloads weights: from several addresses, resumed, verified before they are in place.

A download grows in a hidden file beside its target and replaces it only when size and digest are
right, so a file of the target's name is always complete. Where no digest is published, the length
that the server states is checked. A lock lets one process at a time download a file; others wait.
Offline, no connection is opened.
"""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from leo_bench.evaluation.errors import InfrastructureError, InputError
from leo_bench.evaluation.weights.registry import WeightsFile, entry, folder, identify

if TYPE_CHECKING:
    from requests import Response

OFFLINE_VARIABLE = "LEO_BENCH_OFFLINE"
Progress = Callable[[int, int | None], None]  # bytes so far, bytes in all when known

_CONNECT_AND_READ_SECONDS = (10, 60)
_LOCK_SECONDS = 3600  # as long as another process may take for the same file
_CHUNK = 1 << 18


class _AddressFailedError(Exception):
    """An address did not give the file; the next one is tried."""


def is_offline() -> bool:
    """Whether `LEO_BENCH_OFFLINE` forbids network access."""
    return os.environ.get(OFFLINE_VARIABLE, "") not in ("", "0")


def fetch(name: str, offline: bool = False, progress: Progress | None = None) -> Path:
    """The registered file `name`, in `weights.registry.folder()`; downloaded unless there.

    Raises:
        InputError: unknown name, unwritable folder, or the file is absent and this is offline.
        InfrastructureError: no address gave the right file.
    """
    file = entry(name)
    target = folder() / name
    if is_right(target, name, file):
        return target
    if offline or is_offline():
        raise InputError(
            f"offline, so {name} is not fetched; download {' or '.join(file.pages)}"
            f" elsewhere and put it at {target}"
        )
    if not file.downloads:
        raise InputError(
            f"{name} cannot be fetched by a program; download {' or '.join(file.pages)} by hand"
            f" and put it at {target}"
        )
    download(file, target, progress)
    return target


def is_right(target: Path, name: str, file: WeightsFile) -> bool:
    """Whether `target` exists, is not empty, and has the digest of `file`, if one is known."""
    if not target.is_file() or target.stat().st_size == 0:
        return False
    return file.digest_unknown or identify(target, {name: file}).verified


def download(file: WeightsFile, target: Path, progress: Progress | None = None) -> None:
    """Download `file` to `target` from the first of its addresses that works.

    Raises:
        InputError: the folder cannot be written, or the disk is full.
        InfrastructureError: no address gave the right file; the message says why for each.
    """
    partial = target.with_name(f".{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _alone(target.with_name(f".{target.name}.lock")), _not_empty(partial):
            if is_right(target, target.name, file):
                return
            failures = []
            for address in file.downloads:
                try:
                    _from_address(address, file, partial, progress)
                    partial.replace(target)
                    return
                except _AddressFailedError as error:
                    failures.append(f"{address}: {error}")
    except Timeout:
        raise InfrastructureError(
            f"{target}: another process has been fetching it for {_LOCK_SECONDS} s"
        ) from None
    except OSError as error:
        raise InputError(f"{target.parent}: cannot be written: {error.strerror}") from error
    raise InfrastructureError(
        f"{target.name} could not be fetched: {'; '.join(failures)}."
        f" Download it by hand and put it at {target}"
    )


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold a lock, whose file is removed afterwards.

    Raises:
        Timeout: another process has held it for too long.
    """
    lock = FileLock(path)
    lock.acquire(timeout=_LOCK_SECONDS)
    try:
        yield
    finally:
        # Still locked: a process that has opened the file meanwhile finds it gone.
        path.unlink(missing_ok=True)
        lock.release()


@contextlib.contextmanager
def _not_empty(partial: Path) -> Iterator[None]:
    """Remove an unfinished download of 0 bytes, which cannot be resumed."""
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            if partial.stat().st_size == 0:
                partial.unlink()


def _from_address(
    address: str, file: WeightsFile, partial: Path, progress: Progress | None
) -> None:
    """Complete `partial` from one address and verify it.

    An interrupted download is resumed; if the result is wrong, it starts again at the first byte.
    """
    if partial.exists() and partial.stat().st_size and not file.digest_unknown:
        _receive(address, file, partial, progress)
        if identify(partial, {partial.name: file}).verified:
            return
    partial.unlink(missing_ok=True)
    _receive(address, file, partial, progress)
    if partial.stat().st_size == 0:
        raise _AddressFailedError("an empty file")
    if file.digest_unknown:
        return
    found = identify(partial, {partial.name: file})
    if not found.verified:
        size = partial.stat().st_size
        partial.unlink()
        raise _AddressFailedError(f"wrong file ({size} bytes, SHA-256 {found.sha256})")


def _receive(address: str, file: WeightsFile, partial: Path, progress: Progress | None) -> None:
    """Append the missing bytes to `partial`."""
    import requests

    start = partial.stat().st_size if partial.exists() else 0
    if file.size is not None and start >= file.size:
        return
    headers = {"Range": f"bytes={start}-"} if start else {}
    headers["Accept-Encoding"] = "identity"  # bytes as they are stored, or ranges mean nothing
    try:
        with requests.get(
            address, headers=headers, stream=True, timeout=_CONNECT_AND_READ_SECONDS
        ) as response:
            if response.status_code == requests.codes.requested_range_not_satisfiable and start:
                return  # nothing is left to send; the digest decides
            if not response.ok:
                raise _AddressFailedError(f"HTTP {response.status_code} {response.reason}")
            _write(response, file, partial, progress)
    except requests.RequestException as error:
        raise _AddressFailedError(_in_short(error)) from error


def _write(
    response: "Response", file: WeightsFile, partial: Path, progress: Progress | None
) -> None:
    """Write the body of a response; append it to `partial` if the server resumed."""
    kept = partial.stat().st_size if response.status_code == 206 else 0
    if kept and not response.headers.get("Content-Range", "").startswith(f"bytes {kept}-"):
        raise _AddressFailedError("continued at another byte than it was asked to")
    length = response.headers.get("Content-Length")
    if length is not None and not (length.isascii() and length.isdecimal()):
        raise _AddressFailedError(f"answers with Content-Length {length[:40]!r}")
    total = file.size if length is None else kept + int(length)
    with partial.open("ab" if kept else "wb") as out:
        for chunk in response.iter_content(_CHUNK):
            if out.tell() == 0 and chunk.lstrip()[:1] == b"<":
                raise _AddressFailedError("a web page instead of the file")
            out.write(chunk)
            if progress is not None:
                progress(out.tell(), total)


def _in_short(error: Exception) -> str:
    """The innermost error: requests and urllib3 wrap it several times."""
    reason = getattr(error.args[0], "reason", error) if error.args else error
    return f"{type(error).__name__}: {reason}".partition("\n")[0]
