"""FaceForensics v1 as StyleGAN-V prepares it: each frame cropped to the face by its mask video.

universome/stylegan-v@3fecd69 src/scripts/preprocess_ffs.py, itself from TGANv2 (pfnet-research/
tgan2@f892bc4), described in spec metrics.md 12: box of the mask, squared, LANCZOS4 to 256, JPEG 75.
Two of its habits are part of the published numbers and are kept, but written down per video: a box
that leaves the picture at the left or top drops the frame, one that leaves it at the right or
bottom is cut short and squeezed.

Where the spec is silent this is our reading: the wide box is the union of the frames' boxes, a
frame without mask is dropped, and the longer of the two videos is read as far as the shorter goes.
"""

from collections.abc import Iterator
from functools import partial, reduce
from itertools import zip_longest
from pathlib import Path

from leo_bench.benchmarks.prepare.boxes import Box, inside, mask_box, sliced, squared, union
from leo_bench.benchmarks.prepare.job import Cut, Job, Plan, PrepareOptions, store_for
from leo_bench.benchmarks.prepare.reading import frame_rate, read_frames
from leo_bench.benchmarks.prepare.resample import Frame, lanczos4
from leo_bench.benchmarks.prepare.search import (
    by_stem,
    first_with,
    found_some,
    hidden_notes,
    videos_below,
)
from leo_bench.evaluation.errors import BadVideoError

SPLITS = ("train", "val", "test")
SIDE = 256


def plan(download: Path, options: PrepareOptions) -> Plan:
    """One job for every `original` video that has a `mask`, in all splits that are there."""
    root = first_with(
        download,
        roots=(".", "FaceForensics_compressed", "FaceForensics_release/FaceForensics_compressed"),
        needed=[f"{split}/original" for split in SPLITS],
    )
    jobs, missing = [], []
    for split in SPLITS:
        originals = by_stem(videos_below(root / split / "original"))
        masks = by_stem(videos_below(root / split / "mask"))
        missing += [f"{split}/{name}: no mask video" for name in originals.keys() - masks.keys()]
        missing += [
            f"{split}/{name}: no original video" for name in masks.keys() - originals.keys()
        ]
        for name in sorted(originals.keys() & masks.keys()):
            sources = (originals[name], masks[name])
            jobs.append(Job(split, name, sources, partial(_cut, *sources, options)))
    found_some(jobs, "pair of videos {train,val,test}/original/NAME and .../mask/NAME", root)
    crop = "one box a video (wide crop)" if options.wide_crop else "one box a frame, as published"
    notes = (crop, *hidden_notes(*(root / split for split in SPLITS)))
    return Plan(tuple(jobs), store_for(options, "jpeg"), tuple(sorted(missing)), notes)


def _cut(original: Path, mask: Path, options: PrepareOptions) -> Cut:
    notes: list[str] = []
    side = options.resolution or SIDE
    if options.wide_crop:
        boxes = [box for box in map(mask_box, read_frames(mask)) if box]
        if not boxes:
            raise BadVideoError(mask.name, "no frame of the mask shows a face")
        wide = squared(reduce(union, boxes))
        frames = _wide(original, wide, side, notes)
    else:
        frames = _per_frame(original, mask, side, notes)
    return Cut(frames, frame_rate(original), notes)


def _per_frame(original: Path, mask: Path, side: int, notes: list[str]) -> Iterator[Frame]:
    pairs = zip_longest(read_frames(original), read_frames(mask))
    for index, (frame, mask_frame) in enumerate(pairs):
        if frame is None or mask_frame is None:
            shorter = original if frame is None else mask
            notes.append(f"{shorter.parent.name} ends at frame {index}, the other goes on")
            return
        if frame.shape != mask_frame.shape:
            raise BadVideoError(original.name, "original and mask differ in size")
        box = mask_box(mask_frame)
        if box is None:
            notes.append(f"frame {index} dropped: no mask")
            continue
        yield from _cropped(frame, squared(box), side, f"frame {index}", notes)


def _wide(original: Path, box: Box, side: int, notes: list[str]) -> Iterator[Frame]:
    for index, frame in enumerate(read_frames(original)):
        yield from _cropped(frame, box, side, f"frame {index}", notes)


def _cropped(frame: Frame, box: Box, side: int, label: str, notes: list[str]) -> Iterator[Frame]:
    """The crop at `side`, or nothing where slicing leaves no pixel."""
    part = sliced(frame, box)
    if part.size == 0:
        notes.append(f"{label} dropped: box {tuple(box)} leaves the picture")
        return
    if not inside(box, *frame.shape[:2]):
        notes.append(f"{label} squeezed: box {tuple(box)} leaves the picture")
    yield lanczos4(part, side)
