"""CelebV-HQ as MoStGAN-V and StyleGAN-V use it: its authors' boxes, side 256, JPEG 75.

The boxes are those of celebvhq_info.json, grown by 0.02 of the picture and squared (script of
CelebV-HQ/CelebV-HQ). The shipped script has its crop call commented out, so its `processed/` clips
may be whole pictures: those that are not square are cropped here, square ones are taken as cropped.
Then convert_videos_to_frames.py --target_size 256: Pillow's LANCZOS, centre crop, native rate.

Decided here, since no source states it: the square has the side of the box's shorter side.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from pydantic import BaseModel

from leo_bench.benchmarks.prepare.boxes import Box, sliced
from leo_bench.benchmarks.prepare.job import Cut, Job, Plan, PrepareOptions
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
    """A box in fractions of the picture, 0..1."""

    top: float
    bottom: float
    left: float
    right: float


class Duration(BaseModel):
    """Start and end of a clip in its YouTube video."""

    start_sec: float
    end_sec: float


class Clip(BaseModel):
    """One clip of celebvhq_info.json; its attributes are ignored."""

    ytb_id: str
    duration: Duration
    bbox: Fractions


def plan(download: Path, options: PrepareOptions) -> Plan:
    """One job for every listed clip whose processed clip or raw video is there."""
    root = first_with(download, (".", "downloaded_celebvhq"), ("processed", "raw"))
    info = metadata_file(options.metadata, download, "celebvhq_info.json", SOURCE)
    side = options.resolution or SIDE
    jobs, missing = [], []
    for name, clip in _clips(info).items():
        processed, raw = root / "processed" / f"{name}.mp4", root / "raw" / f"{clip.ytb_id}.mp4"
        if processed.is_file():
            jobs.append(
                Job("train", name, (processed,), partial(_cut_processed, processed, clip, side))
            )
        elif raw.is_file():
            jobs.append(Job("train", name, (raw,), partial(_cut_raw, raw, clip, side)))
        else:
            missing.append(f"{name}: neither processed/{name}.mp4 nor raw/{clip.ytb_id}.mp4")
    found_some(jobs, f"clip that {info} lists, in processed/ or raw/", root)
    return Plan(tuple(jobs), options.store("jpeg"), tuple(missing))


def pixel_box(box: Fractions, height: int, width: int) -> Box:
    """The box grown by MARGIN, clipped to the picture, and squared about its centre, in pixels."""
    top = round(max(box.top - MARGIN, 0) * height)
    bottom = round(min(box.bottom + MARGIN, 1) * height)
    left = round(max(box.left - MARGIN, 0) * width)
    right = round(min(box.right + MARGIN, 1) * width)
    half = min(bottom - top, right - left) // 2
    x, y = (left + right) // 2, (top + bottom) // 2
    return Box(x - half, y - half, x + half, y + half)


def _cut_processed(path: Path, clip: Clip, side: int) -> Cut:
    height, width = frame_size(path)
    box, notes = Box(0, 0, width, height), []
    if height != width:
        box = pixel_box(clip.bbox, height, width)
        notes = [f"{width}x{height} is not square: boxed {tuple(box)}"]
    return Cut(_boxed(read_frames(path), box, side), frame_rate(path), notes)


def _cut_raw(path: Path, clip: Clip, side: int) -> Cut:
    times, start, end = frame_times(path), clip.duration.start_sec, clip.duration.end_sec
    chosen = [i for i, time in enumerate(times) if start <= time < end]
    if not chosen:
        last = f"{times[-1]:.1f} s" if times else "no frame"
        raise BadVideoError(path.name, f"ends at {last}, before {start:.1f} s")
    notes = []
    if times[-1] < end - 1:
        notes.append(f"cut short: the video ends at {times[-1]:.1f} s, the clip at {end:.1f} s")
    box = pixel_box(clip.bbox, *frame_size(path))
    frames = read_part(path, chosen[0], chosen[-1] + 1)
    return Cut(_boxed(frames, box, side), frame_rate(path), notes)


def _boxed(frames: Iterator[Frame], box: Box, side: int) -> Iterator[Frame]:
    return (shorter_side_lanczos(sliced(frame, box), side) for frame in frames)


def _clips(info: Path) -> dict[str, Clip]:
    """The clips of celebvhq_info.json by name, sorted."""
    content = read_json(info)
    try:
        clips = sorted(content["clips"].items())
    except (LookupError, TypeError, AttributeError):
        raise InputError(
            f"{info}: not a JSON object with 'clips', as celebvhq_info.json is"
        ) from None
    return {name: parse(Clip, clip, where=f"{info}: {shortened(name)}") for name, clip in clips}
