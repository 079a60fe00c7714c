"""Standard output and standard error that can take no result with them.

A pipe whose reader has left, a full disk behind a redirection, a closed stream or an ASCII terminal
must not end a run half-way: what cannot be shown is dropped, the work goes on, its files are
written, and the run says at its end what could not be shown.
"""

import codecs
import errno
import io
import os
import sys
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
    """Bytes to a file descriptor, as long as that takes them.

    `failure` is the first error that was not "the reader has left"; `has_left` says that one did.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.failure: OSError | None = None
        self.has_left = False

    def writable(self) -> bool:
        """Always."""
        return True

    def fileno(self) -> int:
        """The descriptor."""
        return self._descriptor

    def isatty(self) -> bool:
        """Whether a person looks at it."""
        return os.isatty(self._descriptor)

    def write(self, content: "ReadableBuffer", /) -> int:
        """Write, or drop what can no longer be written; -> how many bytes are done with."""
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
    """Put streams that cannot fail in the place of Python's; -> that of standard output.

    None: something else has taken the streams' place already, such as a test.
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


def has_reader_left() -> bool:
    """Whether standard output leads to a pipe that nobody reads any more."""
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    return isinstance(raw, Outlet) and raw.has_left


def _text(outlet: Outlet, encoding: str, by_line: bool) -> io.TextIOWrapper:
    return io.TextIOWrapper(
        io.BufferedWriter(outlet), encoding=encoding, errors=_ERRORS, line_buffering=by_line
    )


def _open_closed() -> None:
    """Streams that were closed lead nowhere; else the next file opened would be in their place."""
    while True:
        descriptor = os.open(os.devnull, os.O_RDWR)
        if descriptor > 2:
            os.close(descriptor)
            break


def _shown_otherwise(error: UnicodeError) -> tuple[str, int]:
    r"""ASCII forms of what a stream cannot show; bytes of names that are not UTF-8 as `\xe9`."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    characters = error.object[error.start : error.end]
    return "".join(map(_shown_as, characters)), error.end


def _shown_as(character: str) -> str:
    if "\udc80" <= character <= "\udcff":  # a byte that is not UTF-8 (PEP 383)
        return f"\\x{ord(character) - 0xDC00:02x}"
    return ASCII_FORMS.get(character, "?")
