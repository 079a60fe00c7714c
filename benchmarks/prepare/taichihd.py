"""TaichiHD as its loader cuts it: boxes from a metadata file, anti-aliased resize to 256.

AliaksandrSiarohin/video-preprocessing@ac40aac5: frames `start` to `end` (exclusive) of each row of
taichi-metadata.csv, cropped to the row's box, scikit-image's resize with anti-aliasing, the native
frame rate of the downloaded video. The loader writes PNG frames; here the video is lossless. Where
the download has another size or frame rate than the row, box and frame numbers are scaled, as in
the loader (from memory, not checked).

YouTube videos disappear, so clips cut by somebody else are accepted too: files
`taichi/{train,test}/ID#START#END.mp4`, or folders of frames of that name. They are only resized.
"""

import csv
import io
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from pydantic import BaseModel, Field

from leo_bench.benchmarks.prepare.boxes import Box, inside, sliced
from leo_bench.benchmarks.prepare.job import Cut, Job, Plan, PrepareOptions
from leo_bench.benchmarks.prepare.reading import frame_rate, frame_size, read_frames, read_part
from leo_bench.benchmarks.prepare.resample import Frame, anti_aliased_linear
from leo_bench.benchmarks.prepare.search import by_stem, found_some, is_video, metadata_file
from leo_bench.evaluation.errors import BadVideoError, InputError
from leo_bench.evaluation.files.given_files import check_regular, read_given_text
from leo_bench.evaluation.files.schema import parse
from leo_bench.evaluation.videos.pictures import picture_facts, picture_pixels

SPLITS = ("train", "test")
SIDE = 256
METADATA = "taichi-metadata.csv"
SOURCE = "https://github.com/AliaksandrSiarohin/video-preprocessing"
FRAME_SUFFIXES = frozenset({".png", ".jpg", ".jpeg"})


class TaichiRow(BaseModel):
    """One row of taichi-metadata.csv; `bbox` is left-top-right-bottom in pixels."""

    video_id: str
    start: int
    end: int
    bbox: str = Field(pattern=r"^\d+-\d+-\d+-\d+$")
    fps: float
    width: int
    height: int
    partition: str

    @property
    def name(self) -> str:
        """The clip's name without suffix, as the loader writes it."""
        return f"{self.video_id}#{self.start:06d}#{self.end:06d}"


def plan(download: Path, options: PrepareOptions) -> Plan:
    """One job for every clip if the download holds clips, else for every row with a full video."""
    for root in (download / "taichi", download):
        if any((root / split).is_dir() for split in SPLITS):
            return _plan_clips(root, download, options)
    rows = _rows(metadata_file(options.metadata, download, METADATA, SOURCE))
    there, hidden = _visible(download)
    videos = by_stem(p for p in there if is_video(p))
    jobs = [
        Job(row.partition, row.name, (video,), partial(_cut_row, video, row, options))
        for row in rows
        if (video := videos.get(row.video_id))
    ]
    found_some(
        jobs, f"video that {METADATA} names, as {rows[0].video_id}.mp4, nor taichi/train", download
    )
    return Plan(tuple(jobs), "lossless", _missing(rows, jobs), _hidden_note(hidden))


def _plan_clips(root: Path, download: Path, options: PrepareOptions) -> Plan:
    jobs, hidden = [], 0
    for split in SPLITS:
        clips, hidden_here = _visible(root / split)
        hidden += hidden_here
        for path in clips:
            if is_video(path):
                files: tuple[Path, ...] = (path,)
            else:
                inside, hidden_here = _visible(path)
                hidden += hidden_here
                files = tuple(p for p in inside if p.suffix.lower() in FRAME_SUFFIXES)
            if files:
                name = path.stem if is_video(path) else path.name.removesuffix(".mp4")
                jobs.append(Job(split, name, files, partial(_cut_clip, path, files, options)))
    found_some(jobs, "clip ID#START#END.mp4 or folder of frames of that name", root)
    missing: tuple[str, ...] = ()
    notes = _hidden_note(hidden)
    try:
        rows = _rows(metadata_file(options.metadata, download, METADATA, SOURCE))
        missing = _missing(rows, jobs)
    except InputError:
        if options.metadata:
            raise
        notes = (f"without {METADATA}: missing clips are not known", *notes)
    return Plan(tuple(jobs), "lossless", missing, notes)


def _missing(rows: list[TaichiRow], jobs: list[Job]) -> tuple[str, ...]:
    there = {(job.split, job.name) for job in jobs}
    return tuple(
        f"{row.partition}/{row.name}" for row in rows if (row.partition, row.name) not in there
    )


def _cut_clip(path: Path, files: tuple[Path, ...], options: PrepareOptions) -> Cut:
    side = options.resolution or SIDE
    if files == (path,):
        return Cut((anti_aliased_linear(f, side) for f in read_frames(path)), frame_rate(path))
    notes: list[str] = []
    return Cut((anti_aliased_linear(_image(file, notes), side) for file in files), notes=notes)


def _cut_row(video: Path, row: TaichiRow, options: PrepareOptions) -> Cut:
    height, width = frame_size(video)
    fps = frame_rate(video)
    pace = fps / row.fps if abs(fps / row.fps - 1) > 0.01 else 1.0  # 29.97 counts as 30
    start, stop = round(row.start * pace), round(row.end * pace)
    left, top, right, bottom = (int(part) for part in row.bbox.split("-"))
    box = Box(
        left * width // row.width,
        top * height // row.height,
        right * width // row.width,
        bottom * height // row.height,
    )
    if box.width < 1 or box.height < 1 or not inside(box, height, width):
        raise BadVideoError(video.name, f"box {tuple(box)} is not in its {width}x{height} picture")
    notes = []
    if (width, height) != (row.width, row.height):
        notes.append(f"box scaled from {row.width}x{row.height} to {width}x{height}")
    if pace != 1:
        notes.append(f"frame numbers scaled from {row.fps:g} to {fps:g} frames a second")

    def frames() -> Iterator[Frame]:
        count = 0
        for frame in read_part(video, start, stop):
            yield anti_aliased_linear(sliced(frame, box), options.resolution or SIDE)
            count += 1
        if count < stop - start:
            notes.append(f"the video ends early: {count} of {stop - start} frames")

    return Cut(frames(), fps, notes)


def _visible(folder: Path) -> tuple[list[Path], int]:
    """The entries of a folder, sorted, without hidden ones, and the number of hidden ones.

    ([], 0) if `folder` is not a folder. macOS leaves hidden files `._x`.
    """
    if not folder.is_dir():
        return [], 0
    found = sorted(folder.iterdir())
    shown = [path for path in found if not path.name.startswith(".")]
    return shown, len(found) - len(shown)


def _hidden_note(count: int) -> tuple[str, ...]:
    return (f"hidden files that were left out: {count:,}",) if count else ()


def _image(path: Path, notes: list[str]) -> Frame:
    """The frame in an image file; adds notes on the file to `notes`, each one once."""
    check_regular(path)
    try:
        data = path.read_bytes()
        notes += [note for note in picture_facts(data).notes if note not in notes]
        return picture_pixels(data)
    except Exception as error:  # a damaged picture makes Pillow's parsers raise anything
        raise BadVideoError(path.parent.name, f"frame {path.name}: {error}") from None


def _rows(path: Path) -> list[TaichiRow]:
    """The rows of taichi-metadata.csv, at least one."""
    lines = io.StringIO(read_given_text(path), newline="")
    try:
        # csv puts the cells of a row that has too many under the key None.
        rows = [
            parse(TaichiRow, {str(k): v for k, v in row.items()}, where=f"{path}: line {number}")
            for number, row in enumerate(csv.DictReader(lines), 2)
        ]
    except csv.Error as error:
        raise InputError(f"{path}: not a table of comma-separated values: {error}") from None
    found_some(rows, "row", path)
    return rows
