"""Files of features and of statistics: `.npz`, which NumPy reads without pickle.

Features:

    features float32 [N,D]      a row a clip, or a row a frame where frames are measured
    videos [N]                  name of each row's video
    starts int64 [N]            first frame of each row's clip
    source_videos [V]           names of all videos of the source, in its order
    source_frames int64 [V]     their numbers of frames
    source_sizes int64 [V,2]    their heights and widths as stored
    source_digests [V]          SHA-256 of the content of those that gave clips, else ""

Statistics, of each of the R repeats of the protocol:

    mean float64 [R,D]
    covariance float64 [R,D,D]  divided by N - 1 or N, as `frechet.covariance` of the protocol says
    mean_float32, covariance_float32   the same as a protocol in float32 computes them; else absent
    count int64                 N, rows of a repeat

Both hold `leo_bench`, the JSON text of an `Origin`. Files come from strangers: sizes, types, shapes
and values are checked, and what is wrong is said in one line.
"""

import hashlib
import io
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.lib import format as npy
from numpy.typing import NDArray

from leo_bench.evaluation.distances.gaussian import Gaussian, RealStatistics
from leo_bench.evaluation.distances.influence import ClipFeatures
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.feature_files.origin import Kind, Origin
from leo_bench.evaluation.files.given_files import check_regular, shortened
from leo_bench.evaluation.files.json_files import parse_json
from leo_bench.evaluation.files.kinds import FEATURES_MARK, OLD_FEATURES, members
from leo_bench.evaluation.files.schema import parse
from leo_bench.evaluation.files.zip_files import check_members
from leo_bench.evaluation.videos.array_files import MAX_ARRAYS, arrays_within

LARGEST = 4 << 30  # bytes, unpacked
MOST_ARRAYS = 16

# Rounding of a covariance, relative to its largest entry or eigenvalue.
ROUNDING = {torch.float64: 1e-9, torch.float32: 1e-3}
FLOAT32_MAX = float(np.finfo(np.float32).max)

_UNREADABLE = (
    KeyError,
    ValueError,
    OSError,
    EOFError,
    RuntimeError,
    NotImplementedError,
    zipfile.BadZipFile,
    zlib.error,
)

Array = NDArray[Any]


@dataclass(frozen=True)
class Features:
    """Content of a file of features; see the head of this module."""

    origin: Origin
    features: Array
    videos: Sequence[str]
    starts: Sequence[int]
    source_videos: Sequence[str]
    source_frames: Sequence[int]
    source_sizes: Sequence[tuple[int, int]]
    source_digests: Sequence[str]

    def to_bytes(self) -> bytes:
        """The file."""
        return _npz(
            self.origin,
            features=self.features,
            videos=np.array(self.videos),
            starts=np.array(self.starts, dtype=np.int64),
            source_videos=np.array(self.source_videos),
            source_frames=np.array(self.source_frames, dtype=np.int64),
            source_sizes=np.array(self.source_sizes, dtype=np.int64),
            source_digests=np.array(self.source_digests),
        )


@dataclass(frozen=True)
class Statistics:
    """Content of a file of statistics, one `RealStatistics` a repeat."""

    origin: Origin
    repeats: Sequence[RealStatistics]

    def to_bytes(self) -> bytes:
        """The file."""
        arrays = {
            "mean": np.stack([one.exact.mean.numpy() for one in self.repeats]),
            "covariance": np.stack([one.exact.cov.numpy() for one in self.repeats]),
            "count": np.array(self.repeats[0].exact.count, dtype=np.int64),
        }
        if self.repeats[0].published is not self.repeats[0].exact:
            arrays["mean_float32"] = np.stack([one.published.mean.numpy() for one in self.repeats])
            arrays["covariance_float32"] = np.stack(
                [one.published.cov.numpy() for one in self.repeats]
            )
        return _npz(self.origin, **arrays)


def kind_at(path: Path) -> Kind | None:
    """What a file holds by its content; None: it is no file of features or statistics.

    Raises:
        InputError: it is a file of features from before such files said how they were made.
    """
    if path.suffix.lower() != ".npz" or not path.is_file():
        return None
    check_members(path, MAX_ARRAYS)  # it may be an ordinary file of arrays
    names = members(path)
    if names == OLD_FEATURES:
        raise InputError(
            f"{path}: features that do not say how they were made; write the file again with "
            "`leo-bench features`"
        )
    if FEATURES_MARK not in names:
        return None
    return "statistics" if "covariance.npy" in names else "features"


def read_feature_file(path: Path) -> tuple[Features | Statistics, str]:
    """Read a file for which `kind_at` is not None -> its content and its SHA-256.

    Raises:
        InputError: damaged, too large, or with content that contradicts itself.
    """
    check_members(path, MOST_ARRAYS)
    try:
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            arrays = arrays_within(file, LARGEST)
        text = str(arrays["leo_bench"][()])
        where = f"{path}: leo_bench"
        content = parse_json(text, where)
        if not isinstance(content, dict):
            raise InputError(f"{where}: an object is expected")
        origin = parse(Origin, content, where)
        if origin.kind == "features":
            return _features(origin, arrays), sha256
        return _statistics(origin, arrays), sha256
    except InputError:
        raise
    except _UNREADABLE as error:
        raise InputError(
            f"{path}: not a file of features or statistics that can be read: {_reason(error)}"
        ) from None


def read_features(path: Path) -> ClipFeatures:
    """The rows of a file of features, and their videos; also of one without an `Origin`.

    Raises:
        InputError: no such file, or not one of features.
    """
    check_regular(path)
    try:
        with path.open("rb") as file:
            arrays = arrays_within(file, LARGEST)
        features, videos = arrays["features"], _names(arrays, "videos")
        if features.ndim != 2 or features.dtype.kind != "f" or len(videos) != len(features):
            raise ValueError(
                f"features {features.dtype} {list(features.shape)[:8]} and {len(videos)} videos; "
                "floats [N,D] and [N] are expected"
            )
    except _UNREADABLE as error:
        raise InputError(
            f"{path}: not a file of features, as `leo-bench features --out` writes: "
            f"{_reason(error)}"
        ) from None
    return ClipFeatures(torch.from_numpy(features), videos)


def origin_of(path: Path) -> Origin | None:
    """How the features of a file were made; None: it does not say.

    Raises:
        InputError: no such file, or as `read_feature_file`.
    """
    check_regular(path)
    return read_feature_file(path)[0].origin if FEATURES_MARK in members(path) else None


def _reason(error: Exception) -> str:
    return f"no array {error}" if isinstance(error, KeyError) else shortened(error)


def _npz(origin: Origin, **arrays: Array) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, array in {**arrays, "leo_bench": np.array(origin.to_json())}.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                npy.write_array(member, array, allow_pickle=False)
    return content.getvalue()


def _features(origin: Origin, arrays: Mapping[str, Array]) -> Features:
    features = _checked(arrays, "features", np.float32, 2)
    rows, dimension = features.shape
    if rows < 1 or dimension < 1 or not np.isfinite(features).all():
        raise ValueError("features are empty, or hold NaN or infinite values")
    videos, starts = _names(arrays, "videos"), _checked(arrays, "starts", np.int64, 1)
    names, frames = _names(arrays, "source_videos"), _checked(arrays, "source_frames", np.int64, 1)
    sizes = _checked(arrays, "source_sizes", np.int64, 2)
    digests = _names(arrays, "source_digests")
    if not rows == len(videos) == len(starts):
        raise ValueError(f"{rows} rows, {len(videos)} videos and {len(starts)} starts of them")
    if not len(names) == len(frames) == len(digests) or sizes.shape != (len(names), 2):
        raise ValueError("arrays source_* are not of one length")
    if len(set(names)) < len(names) or not set(videos) <= set(names):
        raise ValueError("a video stands twice in source_videos, or not at all")
    if (starts < 0).any() or (frames < 1).any() or (sizes < 1).any():
        raise ValueError("a start below 0, or a video without frames or pixels")
    side = origin.videos
    if rows != side.clips * origin.rows_a_clip or len(set(videos)) != side.videos_used:
        raise ValueError(
            f"{rows} rows of {len(set(videos))} videos, where leo_bench says {side.clips} clips of "
            f"{origin.rows_a_clip} rows and {side.videos_used} videos"
        )
    return Features(
        origin,
        features,
        videos,
        starts.tolist(),
        names,
        frames.tolist(),
        [(height, width) for height, width in sizes.tolist()],
        digests,
    )


def _statistics(origin: Origin, arrays: Mapping[str, Array]) -> Statistics:
    count = _checked(arrays, "count", np.int64, 0).item()
    of_clips = origin.videos.clips * origin.rows_a_clip
    repeats = origin.protocol_settings.get("repeats")
    exact = _gaussians(arrays, "", np.float64, count)
    if count != of_clips or len(exact) != repeats:
        raise ValueError(
            f"count {count} and {len(exact)} repeats, where leo_bench says {of_clips} and {repeats}"
        )
    if "mean_float32" not in arrays:
        return Statistics(origin, [RealStatistics(one, one) for one in exact])
    published = _gaussians(arrays, "_float32", np.float32, count)
    for one, other in zip(exact, published, strict=True):
        _check_alike(one.mean, other.mean)
        _check_alike(one.cov, other.cov)
    return Statistics(
        origin, [RealStatistics(*pair) for pair in zip(exact, published, strict=True)]
    )


def _gaussians(
    arrays: Mapping[str, Array], ending: str, dtype: type[np.floating[Any]], count: int
) -> list[Gaussian]:
    means = _checked(arrays, f"mean{ending}", dtype, 2)
    covariances = _checked(arrays, f"covariance{ending}", dtype, 3)
    repeats, dimension = means.shape
    if not (repeats and dimension) or covariances.shape != (repeats, dimension, dimension):
        raise ValueError(f"mean is {list(means.shape)}, covariance {list(covariances.shape)}")
    if not (np.isfinite(means).all() and np.isfinite(covariances).all()):
        raise ValueError("mean or covariance hold NaN or infinite values")
    # Of float32 features; larger ones would overflow.
    largest = float(np.abs(means).max()), float(np.abs(covariances).max()) ** 0.5
    if max(largest) > FLOAT32_MAX:
        raise ValueError("mean or covariance hold values that no features in float32 have")
    found = []
    for mean, covariance in zip(means, covariances, strict=True):
        gaussian = Gaussian(torch.from_numpy(mean), torch.from_numpy(covariance), count)
        _check_covariance(gaussian)
        found.append(gaussian)
    return found


def _check_covariance(gaussian: Gaussian) -> None:
    """It is symmetric, and has no eigenvalue below 0, nor more above it than `count` clips give."""
    cov, rounding = gaussian.cov, ROUNDING[gaussian.cov.dtype]
    if float((cov - cov.T).abs().max()) > rounding * float(cov.abs().max()):
        raise ValueError("covariance is not symmetric")
    eigenvalues = torch.linalg.eigvalsh(cov.double())
    limit = rounding * max(float(eigenvalues[-1]), 0.0) * len(cov)
    if float(eigenvalues[0]) < -limit:
        raise ValueError("covariance has a negative eigenvalue")
    surplus = len(cov) - (gaussian.count - 1)
    if surplus > 0 and float(eigenvalues[surplus - 1]) > limit:
        raise ValueError(f"covariance has a higher rank than {gaussian.count} rows can give")


def _check_alike(exact: torch.Tensor, published: torch.Tensor) -> None:
    limit = ROUNDING[torch.float32] * float(exact.abs().max())
    if exact.shape != published.shape or float((exact - published).abs().max()) > limit:
        raise ValueError("mean and covariance differ between float32 and float64")


def _checked(arrays: Mapping[str, Array], name: str, dtype: type[np.generic], axes: int) -> Array:
    array = arrays[name]
    if array.dtype != dtype or array.ndim != axes:
        raise ValueError(f"{name} is {array.dtype} {list(array.shape)[:8]}")
    return array


def _names(arrays: Mapping[str, Array], name: str) -> list[str]:
    array = arrays[name]
    if array.dtype.kind != "U" or array.ndim != 1:
        raise ValueError(f"{name} is {array.dtype} {list(array.shape)[:8]}; text [N] is expected")
    return [str(text) for text in array]
