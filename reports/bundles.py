"""Bundles: records that a third party can check offline, in one zip.

    manifest.json                    what is in it: SHA-256 of every file, who packed it and when
    records/BENCHMARK/MODEL/X.json   the records, and X.videos.csv beside them
    records/models.toml              how the models' videos came about, where that was declared
    statistics/BENCHMARK/MODEL/X.npz mean and covariance of each side's features, float64

Fréchet distances are computed again from the statistics, with NumPy alone and another algorithm
than the one that made them. A bundle holds no frames and no features of single videos.
"""

import hashlib
import io
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.atomic import write_atomically
from leo_bench.evaluation.files.json_files import parse_json
from leo_bench.evaluation.files.schema import Data, parse
from leo_bench.evaluation.files.zip_files import check_members
from leo_bench.evaluation.metrics import DISTANCES
from leo_bench.evaluation.records.circumstances import now, versions
from leo_bench.evaluation.records.influences import influences_path, read_influences
from leo_bench.evaluation.videos.array_files import arrays_within
from leo_bench.reports.origins import MODELS, Origin, origin_of, read_models
from leo_bench.reports.rechecks import Recheck, rechecks
from leo_bench.reports.records import StoredRecord, read_sound, read_tree

MANIFEST = "manifest.json"
SUFFIX = ".leo.zip"
# Bytes, unpacked, so that a stranger's bundle cannot fill the memory; FID's statistics take 64 MiB.
LARGEST_FILE, LARGEST = 80 << 20, 2 << 30
MOST_FILES = 100_000

FRECHET = frozenset(name for name, metric in DISTANCES.items() if metric.gaussian)

Floats = NDArray[np.float64]

_ARRAYS = ("real_mean", "real_cov", "fake_mean", "fake_cov")  # of statistics/*.npz

# Raised by zipfile on damaged, encrypted and unknown content.
_NO_ZIP = (zipfile.BadZipFile, EOFError, zlib.error, NotImplementedError, RuntimeError)


@dataclass(frozen=True)
class SideStatistics:
    """One side's features as a Gaussian, with the protocol's divisor: float64 [D] and [D,D]."""

    mean: Floats
    cov: Floats


@dataclass(frozen=True)
class Statistics:
    """The statistics of both sides of a Fréchet distance."""

    real: SideStatistics
    fake: SideStatistics


class Manifest(Data):
    """Contents of a bundle."""

    schema_version: Literal[1] = 1
    title: str
    created: str
    versions: dict[str, str]
    files: dict[str, str]  # name in the zip -> hex SHA-256


@dataclass(frozen=True)
class Checked:
    """One record of a bundle.

    Args:
        key: its path in `records/`, without ".json".
        origin: where its videos come from.
        again: the distance computed from the statistics; None if the bundle has none for it.
        numbers: every number of the record with the verdict of the check.
    """

    key: str
    record: StoredRecord
    origin: Origin
    again: float | None
    numbers: tuple[Recheck, ...]

    @property
    def sound(self) -> bool:
        """Whether no number contradicts the rest of the bundle."""
        return all(number.verdict != "CONTRADICTED" for number in self.numbers)

    @property
    def value_check(self) -> str:
        """What became of the value in the check, in words."""
        if not self.sound:
            return "CONTRADICTED"
        if self.again is None:
            return "not checked"
        values = len(self.record.content["values"])
        return "computed again" if values == 1 else f"repeat 1 of {values} computed again"


@dataclass(frozen=True)
class Bundle:
    """A bundle that was read and whose digests are right."""

    path: Path
    manifest: Manifest
    records: tuple[Checked, ...]

    @property
    def sound(self) -> bool:
        """Whether no number contradicts the rest of the bundle."""
        return all(checked.sound for checked in self.records)


def pack(records: Path, statistics: Mapping[str, Statistics], title: str, out: Path) -> Manifest:
    """Write a bundle of the records below a folder.

    Args:
        records: the folder.
        statistics: by key of the record, for Fréchet distances.
        title: name of the bundle on a page.
        out: the zip, replaced if it exists.

    Raises:
        InputError: no records, a damaged one, or `out` cannot be written.
    """
    found = read_sound(records)
    if not found:
        raise InputError(f"{records}: no record is in there")
    files: dict[str, bytes] = {}
    for key, stored in found.items():
        files[f"records/{key}.json"] = stored.record.to_json().encode(errors="backslashreplace")
        beside = influences_path(stored.path)
        if beside.exists():
            files[f"records/{key}.videos.csv"] = beside.read_bytes()
        if key in statistics:
            files[f"statistics/{key}.npz"] = _npz(statistics[key])
    if read_models(records):
        files[f"records/{MODELS}"] = (records / MODELS).read_bytes()
    manifest = Manifest(
        title=title,
        created=now(),
        versions=versions(),
        files={name: _sha256(content) for name, content in sorted(files.items())},
    )
    files[MANIFEST] = (manifest.model_dump_json(indent=1) + "\n").encode()
    if sum(map(len, files.values())) > LARGEST:
        raise InputError(f"{records}: more than {LARGEST >> 30} GiB; pack it in parts")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    write_atomically(out, packed.getvalue())
    return manifest


def check(path: Path, scratch: Path) -> Bundle:
    """Check every digest and record of a bundle, and every distance that has statistics.

    Args:
        path: the zip.
        scratch: an empty folder to unpack the records into.

    Raises:
        InputError: no bundle, a damaged record, or a file that differs from the manifest.
    """
    files = _unpacked(path)
    manifest = _manifest(path, files)
    for name, digest in manifest.files.items():
        if name not in files:
            raise InputError(f"{path}: {name} is missing")
        if _sha256(files[name]) != digest:
            raise InputError(f"{path}: {name} was changed after packing: its digest differs")
    for name in sorted(files.keys() - manifest.files.keys() - {MANIFEST}):
        raise InputError(f"{path}: {name} is not in the manifest")
    for name, content in files.items():
        if name.startswith("records/"):
            write_atomically(scratch / name, content)
    tree = read_tree(scratch / "records")
    for key, why in tree.broken.items():
        # The message begins with a path in the scratch folder, which means nothing to the user.
        inside = why.removeprefix(str(scratch / "records" / f"{key}.json")).removeprefix(": ")
        raise InputError(f"{path}: records/{key}.json: {inside}")
    models = read_models(scratch / "records")
    checked = []
    for key, stored in tree.records.items():
        again = _again(key, stored.metric, files.get(f"statistics/{key}.npz"), path)
        try:
            numbers = rechecks(stored, again, read_influences(stored.path))
        except ValueError as error:
            raise InputError(f"{path}: {key}: {error}") from None
        checked.append(Checked(key, stored, origin_of(stored, models), again, tuple(numbers)))
    return Bundle(path, manifest, tuple(checked))


def frechet(statistics: Statistics) -> float:
    """Fréchet distance with tr sqrt(C_r C_f) as the sum of the singular values of S_r S_f^T."""
    real, fake = statistics.real, statistics.fake
    shift = float(np.square(real.mean - fake.mean).sum())
    cross = np.linalg.svd(_root(real.cov) @ _root(fake.cov).T, compute_uv=False).sum()
    return shift + float(np.trace(real.cov) + np.trace(fake.cov) - 2 * cross)


def _root(cov: Floats) -> Floats:
    """S with S^T S = C; eigenvalues that are 0 but for rounding are set to 0."""
    eigenvalues, vectors = np.linalg.eigh(cov)
    floor = eigenvalues[-1] * len(cov) * np.finfo(np.float64).eps
    kept = np.where(eigenvalues > floor, eigenvalues, 0.0)
    root: Floats = np.sqrt(kept)[:, None] * vectors.T
    return root


def _again(key: str, metric: str, npz: bytes | None, path: Path) -> float | None:
    if npz is None:
        return None
    if metric not in FRECHET:
        raise InputError(f"{path}: statistics of {key} do not belong into a bundle")
    try:
        return frechet(_statistics(npz))
    except (KeyError, ValueError, *_NO_ZIP) as error:
        raise InputError(f"{path}: statistics of {key} cannot be used: {error}") from None


def _statistics(npz: bytes) -> Statistics:
    arrays = arrays_within(io.BytesIO(npz), LARGEST_FILE)
    found = {name: arrays[name] for name in _ARRAYS}
    size = len(np.atleast_1d(found["real_mean"]))
    for name, array in found.items():
        if array.dtype != np.float64 or array.shape != (size,) * (1 + name.endswith("cov")):
            raise ValueError(f"{name} is {array.dtype} {list(array.shape)}")
        if not (size and np.isfinite(array).all()):
            raise ValueError(f"{name} holds no finite numbers")
    real_mean, real_cov, fake_mean, fake_cov = found.values()
    return Statistics(SideStatistics(real_mean, real_cov), SideStatistics(fake_mean, fake_cov))


def _npz(statistics: Statistics) -> bytes:
    content, real, fake = io.BytesIO(), statistics.real, statistics.fake
    np.savez(
        content, real_mean=real.mean, real_cov=real.cov, fake_mean=fake.mean, fake_cov=fake.cov
    )
    return content.getvalue()


def _unpacked(path: Path) -> dict[str, bytes]:
    check_members(path, MOST_FILES)
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > LARGEST:
                raise InputError(f"{path}: holds more than {LARGEST >> 30} GiB")
            for entry in archive.infolist():
                parts = Path(entry.filename).parts
                if entry.file_size > LARGEST_FILE or ".." in parts or entry.filename[:1] == "/":
                    raise InputError(f"{path}: {entry.filename} does not belong into a bundle")
            names = archive.namelist()
            if len(set(names)) < len(names):
                raise InputError(f"{path}: a file is in there twice")
            return {name: archive.read(name) for name in names}
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (OSError, *_NO_ZIP) as error:
        raise InputError(f"{path}: not a zip that can be read: {error}") from None


def _manifest(path: Path, files: Mapping[str, bytes]) -> Manifest:
    try:
        content = parse_json(files[MANIFEST].decode(), f"{path}, {MANIFEST}")
    except (KeyError, ValueError):
        raise InputError(f"{path}: not a bundle: it has no {MANIFEST} that can be read") from None
    if not isinstance(content, dict):
        raise InputError(f"{path}: not a bundle: {MANIFEST} holds no object")
    return parse(Manifest, content, where=f"{path}, {MANIFEST}")


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
