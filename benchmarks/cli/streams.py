"""Standard output and standard error whose failures do not stop the work.

If the reader of a pipe has left, the disk behind a redirection is full, a stream is closed or a
terminal knows ASCII only, the output that cannot be shown is dropped, the work goes on, its files
are written, and at its end the command reports the failure.
"""

import codecs
import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

ASCII_FORMS = {
    "\N{INFINITY}": "_inf",
    "\N{PLUS-MINUS SIGN}": "+/-",
    "\N{MULTIPLICATION SIGN}": "x",
    "\N{MINUS SIGN}": "-",
    "\N{EN DASH}": "-",
    "\N{RIGHTWARDS ARROW}": "->",
    "\N{HORIZONTAL ELLIPSIS}": "...",
    "\N{LESS-THAN OR EQUAL TO}": "<=",
    "\N{GREATER-THAN OR EQUAL TO}": ">=",
    "\N{GREEK SMALL LETTER ALPHA}": "alpha",
    "\N{LATIN SMALL LETTER E WITH ACUTE}": "e",
    "\N{LATIN SMALL LETTER A WITH DIAERESIS}": "a",
}
_ERRORS = "leo-bench"  # the name of `_shown_otherwise` among Python's error handlers


class Outlet(io.RawIOBase):
    """A raw stream to a file descriptor; what cannot be written is dropped.

    `has_left` is whether the reader has left, `failure` the first error of any other kind.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.failure: OSError | None = None
        self.has_left = False

    def writable(self) -> bool:
        """True."""
        return True

    def fileno(self) -> int:
        """The file descriptor."""
        return self._descriptor

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return os.isatty(self._descriptor)

    def write(self, content: "ReadableBuffer", /) -> int:
        """Write the bytes, or drop them if that fails; returns their number."""
        size = memoryview(content).nbytes
        if self.failure is not None or self.has_left:
            return size
        try:
            return os.write(self._descriptor, content)
        except OSError as error:
            if error.errno in (errno.EPIPE, errno.ECONNRESET):
                self.has_left = True
            else:
                self.failure = error
            return size


def open_streams() -> Outlet | None:
    """Replace Python's two streams by streams that do not raise; returns that of standard output.

    None if the streams were replaced before, as tests do.
    """
    is_replaced = sys.stdout is not sys.__stdout__ or sys.stderr is not sys.__stderr__
    _open_closed()
    codecs.register_error(_ERRORS, _shown_otherwise)
    if is_replaced:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors=_ERRORS)
        return None
    outlet = Outlet(1)
    by_line = outlet.isatty() or bool(getattr(sys.stdout, "write_through", False))
    sys.stdout = _text(outlet, getattr(sys.stdout, "encoding", "utf-8"), by_line)
    sys.stderr = _text(Outlet(2), getattr(sys.stderr, "encoding", "utf-8"), True)
    return outlet


@contextmanager
def muted() -> Iterator[None]:
    """Drop what is shown."""
    shown = sys.stdout, sys.stderr
    with Path(os.devnull).open("w", encoding="utf-8") as nothing:
        sys.stdout = sys.stderr = nothing
        try:
            yield
        finally:
            sys.stdout, sys.stderr = shown


def has_reader_left() -> bool:
    """Whether standard output is a pipe whose reader has left."""
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    return isinstance(raw, Outlet) and raw.has_left


def _text(outlet: Outlet, encoding: str, by_line: bool) -> io.TextIOWrapper:
    return io.TextIOWrapper(
        io.BufferedWriter(outlet), encoding=encoding, errors=_ERRORS, line_buffering=by_line
    )


def _open_closed() -> None:
    """Open closed streams as the null device; otherwise the next file opened took their place."""
    while True:
        descriptor = os.open(os.devnull, os.O_RDWR)
        if descriptor > 2:
            os.close(descriptor)
            break


def _shown_otherwise(error: UnicodeError) -> tuple[str, int]:
    r"""ASCII for characters that a stream cannot show; bytes that are not UTF-8 as `\xe9`."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    characters = error.object[error.start : error.end]
    return "".join(map(_shown_as, characters)), error.end


def _shown_as(character: str) -> str:
    if "\udc80" <= character <= "\udcff":  # a byte that is not UTF-8 (PEP 383)
        return f"\\x{ord(character) - 0xDC00:02x}"
    return ASCII_FORMS.get(character, "?")
