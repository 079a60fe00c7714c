"""Files that are there whole or not at all. Knows nothing of torch."""

import contextlib
import os
import secrets
from pathlib import Path

from evaluation.errors import InputError


def check_free(*paths: Path) -> None:
    """See that nothing lies where files are about to be written.

    Raises:
        InputError: something does.
    """
    for path in paths:
        if os.path.lexists(path):  # a link that leads nowhere would be replaced, too
            raise InputError(f"{path}: is there already; give another --out, or remove it")


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all; makes the folder.

    Raises:
        InputError: the folder cannot be written to, or the disk is full.
    """
    # Unique among processes, threads and the machines that share a network file system.
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(8)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(content)
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None
