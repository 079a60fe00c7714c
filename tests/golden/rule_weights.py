"""Stand-in weights that depend only on a tensor's name and shape.

Two implementations with the same parameter names then hold the same network, and no checkpoint has
to be shipped. The golden features of `tests/golden/data/i3d.npz` were made with these rules by the
original code: sihyun-yu/digan e822320 (torch 2.13), and the TF-Hub graph i3d-kinetics-400/1
(TensorFlow 2.21).
"""

import zlib

import numpy as np
from numpy.typing import NDArray


def i3d(name: str, shape: tuple[int, ...]) -> NDArray[np.generic]:
    """He-scaled kernels, batch-norm statistics near identity."""
    x, leaf = _normal(name, shape), name.rsplit(".", 1)[-1]
    if leaf == "num_batches_tracked":
        return np.zeros(shape, np.int64)
    if leaf == "running_var":
        return 1 + np.float32(0.1) * np.abs(x)
    if leaf in ("running_mean", "bias"):
        return np.float32(0.1) * x
    if leaf == "weight" and len(shape) == 1:  # batch-norm gain
        return 1 + np.float32(0.1) * x
    return x * np.float32(np.sqrt(2.0 / int(np.prod(shape[1:]))))


def i3d_tfhub(name: str, shape: tuple[int, ...]) -> NDArray[np.generic]:
    """As `i3d`, with batch-norm gain 1: the TF-Hub network has no gain."""
    return np.ones(shape, np.float32) if name.endswith("bn.weight") else i3d(name, shape)


def _normal(name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """float32 [*shape], standard normal, seeded by the name."""
    rng = np.random.RandomState(zlib.crc32(name.encode()))  # the legacy generator is the rule
    return rng.standard_normal(shape).astype(np.float32)
