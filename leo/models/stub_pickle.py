"""Reads files of `torch.save` that hold unknown objects, without running any of their code.

    content = read_with_stubs(path)

`torch.load(weights_only=True)` refuses a file that holds, say, a path or a NumPy number beside the
state dict. Here every class and function that a file names is looked up in a short list, and
replaced by an empty class if it is not in it. Tensors are memory-mapped.
"""

import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch
from torch import Tensor

_MAGIC = 0x1950A86A20F9469CFC6C  # of files from before torch 1.6 (torch/serialization.py)
_STORAGES = {
    "BFloat16Storage": torch.bfloat16, "BoolStorage": torch.bool, "ByteStorage": torch.uint8,
    "CharStorage": torch.int8, "DoubleStorage": torch.float64, "FloatStorage": torch.float32,
    "HalfStorage": torch.float16, "IntStorage": torch.int32, "LongStorage": torch.int64,
    "ShortStorage": torch.int16, "UntypedStorage": torch.uint8,
}  # fmt: skip

# (key, type, numbers) of a storage -> its numbers, 1-D.
Find = Callable[[str, torch.dtype, int], Tensor]


class Stub:
    """Stands for an object of an unknown class; accepts and ignores all that it is given."""

    def __new__(cls, *_args: object, **_options: object) -> "Stub":
        """A new stub."""
        return super().__new__(cls)

    def __init__(self, *_args: object, **_options: object) -> None:
        """Ignore the arguments."""

    def __call__(self, *_args: object, **_options: object) -> "Stub":
        """A function that a file made by calling another."""
        return self

    def __setstate__(self, _state: object) -> None:
        """The attributes of the object."""

    def __setitem__(self, _key: object, _value: object) -> None:
        """An item, where the object was a dictionary."""

    def append(self, _value: object) -> None:
        """An item, where the object was a list."""

    def extend(self, _values: object) -> None:
        """Items, where the object was a list."""

    def add(self, _value: object) -> None:
        """An item, where the object was a set."""


def read_with_stubs(path: Path) -> object:
    """The content of a file: tensors on the CPU, plain containers and values, and `Stub`s.

    Raises:
        OSError: it cannot be read.
        Exception: of any kind, where it is no such file or a damaged one.
    """
    if zipfile.is_zipfile(path):
        return _read_archive(path)
    with path.open("rb") as file:
        return _read_old(path, file)


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: IO[bytes], find: Find) -> None:
        super().__init__(file)
        self._find = find

    def find_class(self, module: str, name: str, /) -> Any:
        root = module.partition(".")[0]
        if root == "torch" and name in _STORAGES:
            return _STORAGES[name]
        if module == "torch" and isinstance(dtype := getattr(torch, name, None), torch.dtype):
            return dtype
        if (module, name) in _KNOWN:
            return _KNOWN[module, name]
        return type(name.rpartition(".")[2], (Stub,), {"__module__": module})

    def persistent_load(self, reference: Any, /) -> Any:
        match reference:
            case ("storage", torch.dtype() as dtype, key, _, int(count), *view):
                whole = self._find(str(key), dtype, count)
                if not view or view[0] is None:
                    return whole
                _, offset, length = view[0]  # of old files: a part of another storage
                return whole[offset : offset + length]
            case ("module", found, *_):  # of old files: a class with its source text
                return found
        raise pickle.UnpicklingError(f"unknown reference {reference!r}")


def _tensor(
    storage: Tensor, offset: int, size: Sequence[int], stride: Sequence[int], *_: object
) -> Tensor:
    return storage.as_strided(tuple(size), tuple(stride), offset)


def _parameter(data: Tensor, *_: object) -> Tensor:
    return data


_KNOWN: dict[tuple[str, str], object] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch", "Size"): torch.Size,
    ("torch._utils", "_rebuild_parameter"): _parameter,
    ("torch._utils", "_rebuild_parameter_with_state"): _parameter,
    ("torch._utils", "_rebuild_tensor"): _tensor,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
}


def _mapped(path: Path, first: int, dtype: torch.dtype, count: int) -> Tensor:
    """`count` numbers from byte `first` on, 1-D, copy-on-write."""
    size = count * dtype.itemsize
    if first + size > path.stat().st_size:
        raise pickle.UnpicklingError("a tensor goes on beyond the file's end")
    if count == 0:
        return torch.empty(0, dtype=dtype)
    found = np.memmap(path, dtype=np.uint8, mode="c", offset=first, shape=(size,))
    return torch.from_numpy(found).view(dtype)


def _read_archive(path: Path) -> object:
    """A zip file: `NAME/data.pkl`, and each storage as `NAME/data/KEY`, not compressed."""
    with zipfile.ZipFile(path) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("/data.pkl"))
        root = name.removesuffix("data.pkl")

        def find(key: str, dtype: torch.dtype, count: int) -> Tensor:
            entry = archive.getinfo(f"{root}data/{key}")
            if (
                entry.compress_type != zipfile.ZIP_STORED
                or entry.file_size < count * dtype.itemsize
            ):
                raise pickle.UnpicklingError(f"storage {key} is compressed, or too short")
            with path.open("rb") as file:  # 30 bytes of local header, a name and extra fields
                file.seek(entry.header_offset + 26)
                name_length, extra_length = np.frombuffer(file.read(4), "<u2").tolist()
            return _mapped(
                path, entry.header_offset + 30 + name_length + extra_length, dtype, count
            )

        with archive.open(name) as pickled:
            return _Unpickler(pickled, find).load()


def _read_old(path: Path, file: IO[bytes]) -> object:
    """From before torch 1.6: five pickles, then for each storage its length and its numbers.

    The storages' order comes behind the objects that refer to them, so these are read twice.
    """
    dtypes: dict[str, torch.dtype] = {}
    places: dict[str, tuple[int, int]] = {}  # first byte and length of each storage

    def noted(key: str, dtype: torch.dtype, count: int) -> Tensor:
        dtypes[key] = dtype
        return torch.empty(count, dtype=dtype, device="meta")

    def found(key: str, dtype: torch.dtype, count: int) -> Tensor:
        first, stored = places[key]
        if stored < count:
            raise pickle.UnpicklingError(f"storage {key} is too short")
        return _mapped(path, first, dtype, count)

    magic, _protocol, _system = (_Unpickler(file, noted).load() for _ in range(3))
    if magic != _MAGIC:
        raise pickle.UnpicklingError("no file of torch.save")
    begin = file.tell()
    _Unpickler(file, noted).load()
    keys = _Unpickler(file, noted).load()
    at = file.tell()
    for key in map(str, keys):
        file.seek(at)
        (length,) = np.frombuffer(file.read(8), "<i8").tolist()
        places[key] = at + 8, length
        at += 8 + length * dtypes[key].itemsize
    file.seek(begin)
    return _Unpickler(file, found).load()
