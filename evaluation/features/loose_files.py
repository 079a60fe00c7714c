"""The older form of the cache: a safetensors file a video, `XX/DIGEST.safetensors` under its key.

Each tensor is one clip; the header's metadata holds key, digest and a checksum over both and the
tensors. Files of this form are read, and no longer written.
"""

import hashlib
import json
import struct
from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

SUFFIX = ".safetensors"
SEAL = "sha256"


class LooseFileError(Exception):
    """A file is damaged, or holds the features of another video or key."""


def read_loose(path: Path, key: str, digest: str) -> bytes:
    """The content of a file, of which `packs.clips_of` makes tensors.

    Raises:
        FileNotFoundError: no file is there, or one from before headers had checksums.
        OSError: it cannot be read.
        LooseFileError: as it says.
    """
    content = path.read_bytes()
    try:
        facts = _metadata(content)
        sound = facts is None or facts == sealed(key, digest, load(content))
    except (SafetensorError, KeyError, TypeError, ValueError, struct.error):
        sound = False
    if not sound:
        raise LooseFileError
    if facts is None:
        raise FileNotFoundError
    return content


def sealed(key: str, digest: str, tensors: Mapping[str, Tensor]) -> dict[str, str]:
    """What the header says of whose features these are, and of their bytes."""
    seal = hashlib.sha256(f"{key}\0{digest}\0".encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        seal.update(f"{name}\0{tensor.dtype}\0{list(tensor.shape)}\0".encode())
        seal.update(tensor.numpy().tobytes())
    return {"key": key, "digest": digest, SEAL: seal.hexdigest()}


def _metadata(content: bytes) -> dict[str, str] | None:
    """What the header of a safetensors file says besides its tensors; None where it says nothing.

    Raises:
        ValueError, TypeError, struct.error: the file is damaged.
    """
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    if not isinstance(header, dict):
        raise TypeError
    found: dict[str, str] | None = header.get("__metadata__")
    return found
