"""Reads tensors of .pt and .pth files of `torch.save`: one tensor, a list or a dictionary.

They are read with `weights_only=True`, so that no code in a file is run, and memory-mapped.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from leo_bench.evaluation.files.given_files import check_regular, shortened
from leo_bench.evaluation.videos.array_files import MAX_COMPRESSED_BYTES, Array, Header

SUFFIXES = frozenset({"pt", "pth"})

EXPECTED = "a tensor is expected, or a list or a dictionary of tensors"
MAX_TENSORS = 100_000  # of one file
MAX_REPEATED_BYTES = 2**30  # of a tensor that repeats few stored values (.expand())

VIDEO_AXES = 4  # least number of axes of a video
KEPT = 4  # files whose tensors stay open

_ZIP = b"PK\3\4"
_BEFORE_1_6 = (
    b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."  # torch.serialization.MAGIC_NUMBER, pickled
)


class TensorReader:
    """Reads tensors by file and key; safe to call from several threads."""

    library = f"torch {torch.__version__}"

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: OrderedDict[Path, dict[str, Tensor]] = OrderedDict()

    def headers(self, path: Path) -> dict[str, Header]:
        """The header of every tensor of a file by key; "" is the key of one without a name.

        Raises:
            InputError: not a regular file.
            ValueError, OSError: not a file of `torch.save`, or a damaged one.
        """
        return {
            key: Header(tuple(tensor.shape), _dtype(tensor), False, None)
            for key, tensor in self._tensors(path).items()
        }

    def confirm(self, path: Path, key: str) -> None:
        """Do nothing: `torch.load` does not compare the checksums of these files."""

    def array(self, path: Path, key: str) -> Array:
        """A tensor as an array that shares the mapped memory of the file.

        Raises:
            ValueError, OSError: not a file of `torch.save`, a damaged one, or no such tensor.
        """
        tensors = self._tensors(path)
        if key not in tensors:
            raise ValueError(f"holds no tensor {key!r} any more")
        return _numpy(tensors[key])

    def _tensors(self, path: Path) -> dict[str, Tensor]:
        with self._lock:
            if path not in self._open:
                self._open[path] = _load(path)
                if len(self._open) > KEPT:
                    self._open.popitem(last=False)
            self._open.move_to_end(path)
            return self._open[path]


def _load(path: Path) -> dict[str, Tensor]:
    check_regular(path)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True, mmap=_is_zip(path))
    except (ValueError, OSError):
        raise
    except Exception as error:  # torch.load has no error of its own: pickle's, zip's, its own
        # torch's own messages are paragraphs, and advise to run what the file holds.
        what = "holds more than tensors" if "weights_only" in str(error) else "damaged, or not .pt"
        raise ValueError(f"{what}; {EXPECTED}") from None
    if isinstance(content, Tensor):
        found = {"": content}
    elif isinstance(content, dict | list | tuple) and content:
        found = _tensors_in(content)
    else:
        raise ValueError(f"holds a {type(content).__name__}; {EXPECTED}")
    for key, tensor in found.items():
        if tensor.dim() >= VIDEO_AXES:
            _check_plain(key, tensor, path.stat().st_size)
    return found


def _tensors_in(content: Mapping[object, object] | Sequence[object]) -> dict[str, Tensor]:
    """Tensors by key; those of a list, also inside a dictionary, by their position in it."""
    found: dict[str, Tensor] = {}

    def add(key: str, value: object, given: object) -> None:
        if key in found:
            raise ValueError(f"two tensors are called {shortened(key, 40)!r}, one by {given!r}")
        if isinstance(value, Tensor):
            found[key] = value
        if len(found) > MAX_TENSORS:
            raise ValueError(f"over {MAX_TENSORS:,} tensors")

    named = content.items() if isinstance(content, Mapping) else _numbered(content)
    for key, value in named:
        if isinstance(value, list | tuple):
            for place, inner in _numbered(value):
                add(f"{key}/{place}", inner, key)
        else:
            add(str(key), value, key)
    return found


def _numbered(values: Sequence[object]) -> Iterator[tuple[str, object]]:
    return ((f"{place:06d}", value) for place, value in enumerate(values))


def _check_plain(key: str, tensor: Tensor, file_bytes: int) -> None:
    """Refuse tensors that are not stored as plain consecutive numbers."""
    where = f"{shortened(key, 40)}: " if key else ""
    odd = [
        name
        for name, is_so in (
            ("sparse", tensor.layout != torch.strided),
            ("without values (meta)", tensor.is_meta),
            ("quantised", tensor.is_quantized),
            ("conjugate", tensor.is_conj()),
            ("negated", tensor.is_neg()),
            ("nested", tensor.is_nested),
        )
        if is_so
    ]
    if odd:
        raise ValueError(f"{where}holds a tensor that is {odd[0]}; save a plain one")
    if tensor.numel() * tensor.element_size() > max(file_bytes, MAX_REPEATED_BYTES):
        raise ValueError(f"{where}promises more values than the file holds; save .contiguous()")


def _is_zip(path: Path) -> bool:
    """Whether the file is of torch 1.6 or later, which can be mapped; older ones are loaded."""
    with path.open("rb") as file:
        begins = file.read(len(_BEFORE_1_6))
    if begins.startswith(_ZIP):
        return True
    if begins != _BEFORE_1_6:
        raise ValueError("not a file of torch.save")
    if path.stat().st_size > MAX_COMPRESSED_BYTES:
        raise ValueError("of a format before torch 1.6 and too large to hold: save it again")
    return False


def _dtype(tensor: Tensor) -> np.dtype[Any]:
    """The NumPy type; "V" for tensors of fewer axes, such as labels, which are not read."""
    return _numpy(tensor[:0]).dtype if tensor.dim() >= VIDEO_AXES else np.dtype("V")


def _numpy(tensor: Tensor) -> Array:
    try:
        found: Array = tensor.detach().numpy()
    except TypeError:  # types that NumPy lacks: bfloat16, the kinds of float8
        name = str(tensor.dtype).removeprefix("torch.")
        raise ValueError(f"holds {name}; save uint8, or float16 in [-1,1]") from None
    return found
