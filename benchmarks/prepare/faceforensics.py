"""FaceForensics v1 as StyleGAN-V prepares it: frames cropped to the face by a mask video.

universome/stylegan-v@3fecd69 src/scripts/preprocess_ffs.py, after TGANv2 (pfnet-research/
tgan2@f892bc4): the box of the mask, squared, LANCZOS4 to 256, JPEG 75. Two effects of that script
are part of the published numbers and are kept, with a note per video: a frame whose box leaves the
picture at the left or top is dropped; a box that leaves it at the right or bottom is clipped, and
the crop is stretched to a square.

Decided here, since no source states it: the wide box is the union of the boxes of all frames, a
frame without mask is dropped, and frames beyond the end of the shorter of the two videos are
ignored.
"""

from collections.abc import Iterator
from functools import partial, reduce
from itertools import zip_longest
from pathlib import Path

from leo_bench.benchmarks.prepare.boxes import Box, inside, mask_box, sliced, squared, union
from leo_bench.benchmarks.prepare.job import Cut, Job, Plan, PrepareOptions
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
    """One job for every `original` video that has a `mask`, in all splits of the download."""
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
    return Plan(tuple(jobs), options.store("jpeg"), tuple(sorted(missing)), notes)


def _cut(original: Path, mask: Path, options: PrepareOptions) -> Cut:
    notes: list[str] = []
    boxed: Iterator[tuple[int, Frame, Box]]
    if options.wide_crop:
        boxes = [box for box in map(mask_box, read_frames(mask)) if box]
        if not boxes:
            raise BadVideoError(mask.name, "no frame of the mask shows a face")
        wide = squared(reduce(union, boxes))
        boxed = ((index, frame, wide) for index, frame in enumerate(read_frames(original)))
    else:
        boxed = _with_own_boxes(original, mask, notes)
    return Cut(_cropped(boxed, options.resolution or SIDE, notes), frame_rate(original), notes)


def _with_own_boxes(
    original: Path, mask: Path, notes: list[str]
) -> Iterator[tuple[int, Frame, Box]]:
    """Each frame with its number and the squared box of its mask."""
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
        else:
            yield index, frame, squared(box)


def _cropped(
    boxed: Iterator[tuple[int, Frame, Box]], side: int, notes: list[str]
) -> Iterator[Frame]:
    """The crops resized to `side`, without those that slicing leaves empty."""
    for index, frame, box in boxed:
        part = sliced(frame, box)
        if part.size == 0:
            notes.append(f"frame {index} dropped: box {tuple(box)} leaves the picture")
            continue
        if not inside(box, *frame.shape[:2]):
            notes.append(f"frame {index} squeezed: box {tuple(box)} leaves the picture")
        yield lanczos4(part, side)
