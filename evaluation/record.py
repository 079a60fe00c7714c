"""A number with everything needed to trust it, as JSON. Knows nothing of torch.

Records are written by `benchmarks` and read by `reports`. A record is never overwritten: a newer
one takes the plain name and the older keeps its time in its name.
"""

import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Literal, TypeVar

from evaluation.atomic import write_atomically
from evaluation.errors import InputError
from evaluation.schema import Data, parse
from evaluation.video_influences import influences_path

SCHEMA: Literal[1] = 1


class Provenance(Data):
    """What every record ends with: whether the number may be compared, and how it was made.

    Args:
        dataset: "ID-SPLIT" of the data set that the benchmark is about; None: files of the user's.
        comparable: whether the number may stand beside published ones; `caveats` say why not.
        request: the options that make this number again (`leo-bench verify`).
    """

    dataset: str | None
    comparable: bool
    caveats: tuple[str, ...]
    notes: tuple[str, ...]
    seconds: float
    created: str
    versions: dict[str, str]
    commit: str
    dirty: bool
    request: dict[str, Any]

    def to_json(self) -> str:
        """The record as indented JSON, the number first, ending in a newline."""
        content = self.model_dump(mode="json")
        number = {key: content[key] for key in content if key not in Provenance.model_fields}
        return json.dumps(number | content, indent=1, ensure_ascii=False) + "\n"


RecordT = TypeVar("RecordT", bound=Provenance)


class SideRecord(Data):
    """What one side of a comparison really was.

    Args:
        source: as given on the command line.
        name: what the source calls itself.
        fingerprint: SHA-256 over names and contents of the videos that gave clips.
        videos: videos in the source; videos_used: those that gave clips.
        clips: clips used, in each repeat.
        stride: video frames from one clip frame to the next.
        frame_counts: fewest and most frames of the videos used.
        sizes: stored height and width of the videos used, each once.
        skipped: [video, reason] of every video left out because it is broken.
        notes: what a reader should know of the source and of the choice of clips.
        chosen: those of the notes that are on the choice: which path of the protocol's original was
            followed, which videos were too short, how many gave no clip.
        rates: lowest, median and highest frames a second of the videos used, as files state them;
            None where none does, as folders of frames.
        repeated: share of frames that equal the frame before them to the bit, of some of the videos
            used (`evaluation.videos.pace`); None where they do not lie on a disk.
    """

    source: str
    name: str
    split: str | None
    fingerprint: str
    videos: int
    videos_used: int
    clips: int
    stride: int
    frame_counts: tuple[int, int]
    sizes: tuple[tuple[int, int], ...]
    layout: str
    codecs: tuple[str, ...]
    decoder: str
    lossy: bool
    skipped: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    chosen: tuple[str, ...] = ()
    rates: tuple[float, float, float] | None = None
    repeated: float | None = None


class ExtrapolationRecord(Data):
    """The fit behind `fvd_infinity`: FVD at several numbers of clips, and what it tends to."""

    value: float
    interval: tuple[float, float]
    n_real: tuple[float, ...]
    n_fake: tuple[float, ...]
    values: tuple[float, ...]
    r_squared: float
    reliable: bool
    reason: str


class Record(Provenance):
    """One distance between two sets of videos, with its provenance.

    Args:
        value: as the protocol computes it: the mean over repeats.
        value_float64: the same with the Fréchet distance (or the kernel) in float64.
        values, values_float64: one a repeat.
        spread: standard deviation over repeats (ddof 0), the number after ±; None: one repeat.
        interval: low and high of `interval_method` around `value_float64`: how far the number
            moves with other videos on both sides; None with too few videos to say.
        fvd_infinity: bias-corrected FVD or FID; None for KVD, which has no bias.
        seed_rule: how the seeds of repeats follow from `seed`; older records do not state it.
        n_real, n_fake: clips, or frames where frames are measured (FID).
    """

    schema_version: Literal[1] = SCHEMA
    metric: Literal["fvd", "kvd", "fid"]
    value: float
    value_float64: float
    spread: float | None
    values: tuple[float, ...]
    values_float64: tuple[float, ...]
    interval: tuple[float, float] | None
    interval_level: float | None
    interval_method: str | None
    standard_error: float | None
    fvd_infinity: float | None
    extrapolation: ExtrapolationRecord | None

    protocol: str
    protocol_version: int
    protocol_digest: str
    protocol_settings: dict[str, Any]
    window_name: str
    frames: int
    resolution: int | None
    seed: int
    seed_rule: str = "repeat R: SEED + R"
    n_real: int
    n_fake: int
    real: SideRecord
    fake: SideRecord

    extractor: str
    weights_sha256: str
    weights_verified: bool
    precision: str
    device: str


def read_record(path: Path) -> Record:
    """Read the record of a distance.

    Raises:
        InputError: no such file, or not a record of this schema.
    """
    return record_from(Record, read_content(path), path)


def record_from(model: type[RecordT], content: dict[str, Any], path: Path) -> RecordT:
    """A file's content as one kind of record.

    Raises:
        InputError: it is not; the message names the file and the first key that is wrong.
    """
    return parse(model, content, where=str(path))


def read_content(path: Path) -> dict[str, Any]:
    """A record's JSON, whatever kind of record it is.

    Raises:
        InputError: no such file, or no JSON object.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise InputError(f"{path}: not JSON: {error}") from None
    if not isinstance(content, dict):
        raise InputError(f"{path}: not a record: a JSON object is expected")
    return content


def write_record(record: Provenance, path: Path) -> None:
    """Write a record; one that is there already is kept under the time of its making.

    So are the influences beside it (`evaluation.video_influences`).

    Raises:
        InputError: the folder cannot be written to, or the disk is full.
    """
    if path.exists():
        older = path.with_name(f"{path.stem}.{_file_time(path)}{path.suffix}")
        try:
            path.replace(older)
            if influences_path(path).exists():
                influences_path(path).replace(influences_path(older))
        except OSError as error:
            raise InputError(f"{path}: cannot be set aside: {error.strerror}") from None
    write_atomically(path, record.to_json().encode())


def check_writable(*folders: Path | None) -> None:
    """Stop before the work, not after it, where a result could not be kept; None: not asked for.

    Raises:
        InputError: a folder cannot be made or written to.
    """
    for folder in folders:
        if folder is not None:
            probe = folder / f".leo-bench-{os.getpid()}"
            write_atomically(probe, b"")
            probe.unlink()


def record_path(records: Path, record: Record) -> Path:
    """Where a record belongs: `RECORDS/BENCHMARK/MODEL/METRIC.json`."""
    benchmark = benchmark_name(
        record.dataset or slug(record.real.name),
        record.resolution,
        record.frames,
        record.real.stride,
        record.protocol,
    )
    return records / benchmark / slug(record.fake.name) / f"{record.metric}.json"


def benchmark_name(
    videos: str, resolution: int | None, frames: int, stride: int, protocol: str
) -> str:
    """What numbers must share to stand in one column, as a folder's name."""
    side = "stored" if resolution is None else str(resolution)
    return f"{videos}-{side}-{frames}f-s{stride}-{protocol}"


def slug(name: str) -> str:
    """`name` as one part of a path: letters, digits, -, _ and dots."""
    kept = "".join(c if c.isalnum() or c in "-_." else "-" for c in name).strip("-.")
    return kept or "unnamed"


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that a number can depend on."""
    found = {"python": platform.python_version(), "platform": platform.platform()}
    for package in ("leo-bench", "torch", "numpy", "pillow", "av"):
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "absent"
    return found


def code_state() -> tuple[str, bool]:
    """Commit of this project's checkout and whether it was changed since; ("", False) elsewhere."""
    root = Path(__file__).parent.parent
    if not (root / ".git").exists():
        return "", False
    try:
        commit = _git(root, "rev-parse", "HEAD")
        dirty = bool(_git(root, "status", "--porcelain", "--untracked-files=no"))
    except (OSError, subprocess.CalledProcessError):
        return "", False
    return commit, dirty


def now() -> str:
    """The time, UTC, ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), *arguments]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()


def _file_time(path: Path) -> str:
    changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return changed.strftime("%Y%m%dT%H%M%S.%f")
