"""Reads arrays of .npy and .npz files: headers first, values memory-mapped where possible.

Pickled objects are refused.
"""

import math
import threading
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from leo_bench.evaluation.files.given_files import check_regular, shortened
from leo_bench.evaluation.files.zip_files import check_members

MAX_COMPRESSED_BYTES = 8 * 2**30  # of a compressed array, unpacked: it must fit in memory
MAX_ARRAYS = 100_000  # in one .npz
_CHUNK = 1 << 20
_LOCAL_HEADER = 30  # bytes before a zip member's name (PKWARE APPNOTE 4.3.7)

Array = NDArray[Any]


@dataclass(frozen=True)
class Header:
    """Shape, type and place of an array, without its values."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran: bool
    start: int | None  # of the values in the file, in bytes; None where they are compressed

    @property
    def size(self) -> int:
        """Bytes of the values."""
        return math.prod(self.shape) * self.dtype.itemsize


def array_headers(path: Path) -> dict[str, Header]:
    """The header of every array of a file by key; the key of an .npy is "".

    Raises:
        InputError: not a regular file.
        Exception: of any type: not an array file, or a damaged one.
    """
    check_regular(path)
    if path.suffix.lower() == ".npy":
        with path.open("rb") as file:
            header = read_header(file, 0)
            values = path.stat().st_size - file.tell()
        _check_size(header, values, "the file")
        return {"": header}
    check_members(path, MAX_ARRAYS)
    headers: dict[str, Header] = {}
    with zipfile.ZipFile(path) as archive, path.open("rb") as file:
        for member in archive.infolist():
            if not member.filename.endswith(".npy"):
                continue
            name, stored = member.filename, member.compress_type == zipfile.ZIP_STORED
            if name.removesuffix(".npy") in headers:
                raise ValueError(f"member {shortened(name, 40)!r} occurs twice")
            if stored and member.compress_size != member.file_size:
                raise ValueError(f"member {shortened(name, 40)!r} contradicts itself on its size")
            with archive.open(member) as packed:
                header = read_header(packed, _start(file, member) if stored else None)
                # An array is mapped from the file, where the next member's bytes follow.
                _check_size(header, member.file_size - packed.tell(), f"member {name!r}")
            headers[name.removesuffix(".npy")] = header
    return headers


def arrays_within(file: IO[bytes], most: int) -> dict[str, Array]:
    """All arrays of a small .npz by key, loaded; at most `most` bytes.

    Raises:
        Exception: of any type: not such a file, a damaged one, or a larger one.
    """
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        if sum(member.file_size for member in members) > most:
            raise ValueError("they are too large")
        found: dict[str, Array] = {}
        for member in members:
            with archive.open(member) as packed:
                if read_header(packed).size > member.file_size:
                    raise ValueError(f"{member.filename} promises more values than it holds")
            with archive.open(member) as packed:
                found[member.filename.removesuffix(".npy")] = npy.read_array(
                    packed, allow_pickle=False
                )
    return found


class ArrayReader:
    """Reads arrays by file and key; safe to call from several threads."""

    library = f"NumPy {np.__version__}"

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._headers: dict[Path, dict[str, Header]] = {}
        self._confirmed: set[tuple[Path, str]] = set()
        self._held: dict[tuple[Path, str], Array] = {}  # the last compressed array, at most one

    def headers(self, path: Path) -> dict[str, Header]:
        """`array_headers`, read once a file."""
        with self._lock:
            if path not in self._headers:
                self._headers[path] = array_headers(path)
            return self._headers[path]

    def confirm(self, path: Path, key: str) -> None:
        """Compare an .npz member with its checksum, once; an .npy has none.

        Raises:
            zipfile.BadZipFile: they differ.
        """
        with self._lock:
            if key and (path, key) not in self._confirmed:
                with zipfile.ZipFile(path) as archive, archive.open(f"{key}.npy") as packed:
                    while packed.read(_CHUNK):
                        pass
                self._confirmed.add((path, key))

    def array(self, path: Path, key: str) -> Array:
        """A read-only array: memory-mapped, or loaded if it is stored compressed.

        Raises:
            ValueError, OSError, EOFError, zipfile.BadZipFile: not an array file, or a damaged one.
        """
        header = self.headers(path).get(key)
        if header is None:
            raise ValueError(f"holds no array {key!r} any more")
        if header.start is None:
            with self._lock:
                return self._loaded(path, key, header)
        if header.size == 0:
            return np.empty(header.shape, header.dtype)
        mapped: Array = np.memmap(
            path,
            header.dtype,
            mode="r",
            offset=header.start,
            shape=header.shape,
            order="F" if header.fortran else "C",
        )
        return mapped

    def _loaded(self, path: Path, key: str, header: Header) -> Array:
        if header.size > MAX_COMPRESSED_BYTES:
            raise ValueError(f"a compressed array of {header.size:,} bytes: save it as .npy")
        if (path, key) not in self._held:
            self._held.clear()
            with zipfile.ZipFile(path) as archive, archive.open(f"{key}.npy") as packed:
                array: Array = npy.read_array(packed, allow_pickle=False)
            self._held[path, key] = array
        return self._held[path, key]


def read_header(file: IO[bytes], start: int | None = None) -> Header:
    """Read an .npy header at the position of `file`, which is `start` in the whole file.

    Raises:
        Exception: of any type, usually ValueError: not a header, or one of Python objects.
    """
    version = npy.read_magic(file)
    readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    if version not in readers:
        raise ValueError(f".npy format {version} is not read")
    shape, fortran, dtype = readers[version](file)
    if dtype.hasobject:
        raise ValueError("holds Python objects, not numbers")
    if any(type(side) is not int or side < 0 for side in shape):
        raise ValueError(f"a shape that is none: {list(shape)[:8]}")
    return Header(shape, dtype, fortran, None if start is None else start + file.tell())


def _check_size(header: Header, there: int, what: str) -> None:
    if there < header.size:
        raise ValueError(
            f"{shortened(what, 40)} is cut off: {there:,} of {header.size:,} bytes of values"
        )


def _start(file: IO[bytes], member: zipfile.ZipInfo) -> int:
    """Offset of a member's bytes; its local header may be longer than the central one."""
    file.seek(member.header_offset)
    head = file.read(_LOCAL_HEADER)
    name, extra = (int.from_bytes(head[at : at + 2], "little") for at in (26, 28))
    return member.header_offset + _LOCAL_HEADER + name + extra
