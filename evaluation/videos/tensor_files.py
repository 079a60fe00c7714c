"""Tensors of .pt and .pth files, as `torch.save` wrote them: one tensor, or a dictionary of them.

Read with `weights_only=True`, so that no program in a file is run, and mapped from the disk.
"""

import pickle
import threading
from collections import OrderedDict
from pathlib import Path

import torch
from torch import Tensor

from evaluation.videos.array_files import MAX_COMPRESSED_BYTES, Array, Header

SUFFIXES = frozenset({"pt", "pth"})

KEPT = 4  # files whose tensors are remembered

_ZIP = b"PK\3\4"
_BEFORE_1_6 = (
    b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."  # torch.serialization.MAGIC_NUMBER, pickled
)


class TensorReader:
    """Tensors by file and key; safe to use from several threads."""

    library = f"torch {torch.__version__}"

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: OrderedDict[Path, dict[str, Tensor]] = OrderedDict()

    def headers(self, path: Path) -> dict[str, Header]:
        """Key -> header of every tensor of a file; the key of a tensor without a name is "".

        Raises:
            ValueError, OSError: not such a file, or a damaged one.
        """
        return {
            key: Header(tuple(array.shape), array.dtype, False, None)
            for key, array in ((key, _numpy(tensor)) for key, tensor in self._tensors(path).items())
        }

    def confirm(self, path: Path, key: str) -> None:
        """Such files keep checksums that `torch.load` does not compare; nothing is done."""

    def array(self, path: Path, key: str) -> Array:
        """A tensor as an array that shares its memory, which is the file's.

        Raises:
            ValueError, OSError: not such a file, a damaged one, or no such tensor.
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
    try:
        content = torch.load(path, map_location="cpu", weights_only=True, mmap=_is_zip(path))
    except (RuntimeError, pickle.UnpicklingError, EOFError) as error:
        # torch's own messages are paragraphs, and advise to run what the file holds.
        what = "holds more than tensors" if "weights_only" in str(error) else "damaged, or not .pt"
        raise ValueError(f"{what}; a tensor is expected, or a dictionary of tensors") from None
    if isinstance(content, Tensor):
        return {"": content}
    if isinstance(content, dict) and content:
        return {str(key): found for key, found in content.items() if isinstance(found, Tensor)}
    raise ValueError(
        f"holds a {type(content).__name__}; a tensor is expected, or a dictionary of tensors"
    )


def _is_zip(path: Path) -> bool:
    """Files since torch 1.6 can be mapped; an older one has to be held in memory."""
    with path.open("rb") as file:
        begins = file.read(len(_BEFORE_1_6))
    if begins.startswith(_ZIP):
        return True
    if begins != _BEFORE_1_6:
        raise ValueError("not a file of torch.save")
    if path.stat().st_size > MAX_COMPRESSED_BYTES:
        raise ValueError("of a format before torch 1.6 and too large to hold: save it again")
    return False


def _numpy(tensor: Tensor) -> Array:
    if tensor.dtype == torch.bfloat16:
        raise ValueError("holds bfloat16; save uint8, or float16 in [-1,1]")
    found: Array = tensor.detach().numpy()
    return found
