"""CelebV-HQ as MoStGAN-V and StyleGAN-V take it: its authors' boxes, shorter side 256, JPEG 75.

Boxes are those of celebvhq_info.json, grown by 0.02 of the picture and squared (authors' script;
the crop call is commented out in the shipped one, so its `processed/` clips may be whole pictures:
those that are not square are boxed here, square ones are taken as boxed already). Then
convert_videos_to_frames.py --target_size 256: Pillow's LANCZOS, centre crop, native frame rate.
That the square takes the box's shorter side is our reading.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from pydantic import BaseModel

from leo_bench.benchmarks.prepare.boxes import Box, sliced
from leo_bench.benchmarks.prepare.job import Cut, Job, Plan, PrepareOptions, store_for
from leo_bench.benchmarks.prepare.reading import (
    frame_rate,
    frame_size,
    frame_times,
    read_frames,
    read_part,
)
from leo_bench.benchmarks.prepare.resample import Frame, shorter_side_lanczos
from leo_bench.benchmarks.prepare.search import first_with, found_some, metadata_file
from leo_bench.evaluation.errors import BadVideoError, InputError
from leo_bench.evaluation.files.given_files import shortened
from leo_bench.evaluation.files.json_files import read_json
from leo_bench.evaluation.files.schema import parse

SIDE = 256
MARGIN = 0.02  # of the picture, on every side: the authors' script
SOURCE = "https://github.com/CelebV-HQ/CelebV-HQ"


class Fractions(BaseModel):
    """A box in parts of the picture, 0..1."""

    top: float
    bottom: float
    left: float
    right: float


class Duration(BaseModel):
    """When a clip starts and ends in its YouTube video."""

    start_sec: float
    end_sec: float


class Clip(BaseModel):
    """One clip of celebvhq_info.json; its attributes are left aside."""

    ytb_id: str
    duration: Duration
    bbox: Fractions


def plan(download: Path, options: PrepareOptions) -> Plan:
    """One job for every listed clip whose processed clip or raw video is there."""
    root = first_with(download, (".", "downloaded_celebvhq"), ("processed", "raw"))
    info = metadata_file(options.metadata, download, "celebvhq_info.json", SOURCE)
    jobs, missing = [], []
    for name, clip in _clips(info).items():
        processed, raw = root / "processed" / f"{name}.mp4", root / "raw" / f"{clip.ytb_id}.mp4"
        if processed.is_file():
            work = partial(_cut_processed, processed, clip, options.resolution or SIDE)
            jobs.append(Job("train", name, (processed,), work))
        elif raw.is_file():
            work = partial(_cut_raw, raw, clip, options.resolution or SIDE)
            jobs.append(Job("train", name, (raw,), work))
        else:
            missing.append(f"{name}: neither processed/{name}.mp4 nor raw/{clip.ytb_id}.mp4")
    found_some(jobs, f"clip that {info} lists, in processed/ or raw/", root)
    return Plan(tuple(jobs), store_for(options, "jpeg"), tuple(missing))


def pixel_box(box: Fractions, height: int, width: int) -> Box:
    """The box grown, in pixels, and squared about its centre to its shorter side; never outside."""
    top, bottom = (
        round(max(box.top - MARGIN, 0) * height),
        round(min(box.bottom + MARGIN, 1) * height),
    )
    left, right = (
        round(max(box.left - MARGIN, 0) * width),
        round(min(box.right + MARGIN, 1) * width),
    )
    half = min(bottom - top, right - left) // 2
    x, y = (left + right) // 2, (top + bottom) // 2
    return Box(x - half, y - half, x + half, y + half)


def _cut_processed(path: Path, clip: Clip, side: int) -> Cut:
    height, width = frame_size(path)
    if height == width:
        return Cut(_frames(read_frames(path), None, side), frame_rate(path))
    box = pixel_box(clip.bbox, height, width)
    notes = [f"{width}x{height} is not square: boxed {tuple(box)}"]
    return Cut(_frames(read_frames(path), box, side), frame_rate(path), notes)


def _cut_raw(path: Path, clip: Clip, side: int) -> Cut:
    times = frame_times(path)
    chosen = [
        i for i, t in enumerate(times) if clip.duration.start_sec <= t < clip.duration.end_sec
    ]
    if not chosen:
        last = f"{times[-1]:.1f} s" if times else "no frame"
        raise BadVideoError(path.name, f"ends at {last}, before {clip.duration.start_sec:.1f} s")
    box = pixel_box(clip.bbox, *frame_size(path))
    frames = read_part(path, chosen[0], chosen[-1] + 1)
    notes = []
    if times[-1] < clip.duration.end_sec - 1:
        end = clip.duration.end_sec
        notes.append(f"cut short: the video ends at {times[-1]:.1f} s, the clip at {end:.1f} s")
    return Cut(_frames(frames, box, side), frame_rate(path), notes)


def _frames(frames: Iterator[Frame], box: Box | None, side: int) -> Iterator[Frame]:
    for frame in frames:
        yield shorter_side_lanczos(frame if box is None else sliced(frame, box), side)


def _clips(info: Path) -> dict[str, Clip]:
    """Clips by name, sorted.

    Raises:
        InputError: the file is not what the authors ship.
    """
    content = read_json(info)
    try:
        clips = sorted(content["clips"].items())
    except (LookupError, TypeError, AttributeError):
        raise InputError(
            f"{info}: not a JSON object with 'clips', as celebvhq_info.json is"
        ) from None
    return {name: parse(Clip, clip, where=f"{info}: {shortened(name)}") for name, clip in clips}
