"""Extracts the tensors of a TorchScript archive without running anything in it.

Such an archive is a zip file: `NAME/data.pkl` describes the module as a pickle, `NAME/data/N` hold
the numbers, `NAME/code/` the program. `torch.jit.load` compiles and runs the program; it is never
opened here. The unpickler accepts only the names that TorchScript writes
(torch/csrc/jit/serialization/pickler.cpp) and refuses all others.
"""

import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import torch
from torch import Tensor

from leo_bench.evaluation.errors import InputError

_DTYPES = {
    "FloatStorage": torch.float32,
    "DoubleStorage": torch.float64,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "BoolStorage": torch.bool,
}


def is_torchscript(path: Path) -> bool:
    """Whether `path` is a zip file with a program in it."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        names = [name.partition("/")[2] for name in archive.namelist()]
    return "constants.pkl" in names or any(name.startswith("code/") for name in names)


def read_torchscript(path: Path) -> dict[str, Tensor]:
    """Every tensor of the archive's module, by its dotted name, in the order of definition.

    Raises:
        InputError: not such an archive, or its pickle uses a name that no module needs.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            pickled = [n for n in archive.namelist() if n.partition("/")[2] == "data.pkl"]
            if len(pickled) != 1:
                raise InputError(f"{path}: not a TorchScript archive: no data.pkl in it")
            module = _Unpickler(archive, pickled[0]).load()
    except InputError:
        raise
    # A malformed pickle can raise errors of almost any type.
    except Exception as error:
        raise InputError(f"{path}: cannot be read as a TorchScript archive: {error}") from error
    return dict(_tensors(module, ""))


class _Shell:
    """The attributes of an object of the program's own classes."""

    def __setstate__(self, state: object) -> None:
        if not isinstance(state, dict):
            raise pickle.UnpicklingError(f"a module's state is a {type(state).__name__}")
        self.attributes = state


@dataclass(frozen=True)
class _StorageType:
    dtype: torch.dtype


class _Unpickler(pickle.Unpickler):
    """Unpickles TorchScript modules; refuses any other name before anything is called."""

    def __init__(self, archive: zipfile.ZipFile, pickled: str) -> None:
        super().__init__(BytesIO(_stored(archive, pickled)))
        self._archive = archive
        self._root = pickled.removesuffix("data.pkl")

    def find_class(self, module: str, name: str) -> object:
        if module == "__torch__" or module.startswith("__torch__."):
            return type("Shell", (_Shell,), {})  # its own class, so no pickle can change another's
        if module == "torch" and name in _DTYPES:
            return _StorageType(_DTYPES[name])
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return self._tensor
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if module == "torch.jit._pickle" and name.startswith("build_"):
            return self._list
        if (module, name) == ("torch.jit._pickle", "restore_type_tag"):
            return self._untagged
        raise pickle.UnpicklingError(f"its pickle asks for {module}.{name}, which no module needs")

    def persistent_load(self, reference: object) -> Tensor:
        """A storage: 1-D, from `data/KEY`."""
        match reference:
            case ("storage", _StorageType(dtype), str(key), str(), int(count)):
                data = bytearray(_stored(self._archive, f"{self._root}data/{key}"))
                return torch.frombuffer(data, dtype=dtype, count=count)
        raise pickle.UnpicklingError(f"unknown storage reference {reference!r}")

    def _tensor(
        self,
        storage: Tensor,
        offset: int,
        size: tuple[int, ...],
        stride: tuple[int, ...],
        *_: object,
    ) -> Tensor:
        if torch.Size(size).numel() > storage.numel():
            raise pickle.UnpicklingError(f"a tensor {size} is larger than its storage")
        return storage.as_strided(size, stride, offset).clone()

    def _list(self, items: object) -> object:
        return items

    def _untagged(self, value: object, _tag: object) -> object:
        return value


def _stored(archive: zipfile.ZipFile, name: str) -> bytes:
    """A member's bytes. TorchScript never compresses, so none can be larger than the file."""
    if archive.getinfo(name).compress_type != zipfile.ZIP_STORED:
        raise InputError(f"{archive.filename}: {name} is compressed; TorchScript stores it plain")
    return archive.read(name)


def _tensors(value: object, prefix: str) -> Iterator[tuple[str, Tensor]]:
    if isinstance(value, Tensor):
        yield prefix, value
        return
    if isinstance(value, _Shell):
        value = getattr(value, "attributes", {})
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _tensors(inner, f"{prefix}.{name}" if prefix else str(name))
    elif isinstance(value, list | tuple):
        for i, inner in enumerate(value):
            yield from _tensors(inner, f"{prefix}.{i}" if prefix else str(i))
