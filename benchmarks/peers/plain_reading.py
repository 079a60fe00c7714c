"""Frames of mp4 files by PyAV's plain loop, for peers that take arrays or cannot read files."""

from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray


def clips_of(folder: Path) -> NDArray[np.uint8]:
    """All frames of all files of a folder, sorted by name: uint8 [N,T,H,W,3], RGB."""
    return np.stack([frames_of(path) for path in sorted(folder.iterdir())])


def frames_of(path: Path) -> NDArray[np.uint8]:
    """All frames of a file: uint8 [T,H,W,3], RGB."""
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    return np.stack(frames)
