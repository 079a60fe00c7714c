"""Weizmann actions out of MoCoGAN's strips: 72 pictures, 36 independent clips, split by person.

sergeytulyakov/mocogan@937a99de data/actions/{0,1,3,4}/%08d.jpg are PNG files in spite of their
name, RGBA, 64 high, the frames side by side (src/data.py cuts by longer // shorter). Every odd id
mirrors the even one before it; twins are found here by their pixels, and the first is kept:
AliaksandrSiarohin/monkey-net's random split of the same files has mirrors on both sides.
"""

import hashlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from leo_bench.benchmarks.prepare.job import Cut, Job, Plan, PrepareOptions
from leo_bench.benchmarks.prepare.reading import frame_rate, read_frames
from leo_bench.benchmarks.prepare.resample import Frame
from leo_bench.benchmarks.prepare.search import found_some
from leo_bench.evaluation.errors import BadVideoError, InputError
from leo_bench.evaluation.videos.pictures import picture_facts

ACTIONS = {"0": "wave1", "1": "wave2", "3": "jack", "4": "bend"}  # by eye: spec data.md 1.3
IDS_PER_SLOT = 8  # four actions and their mirrors
# The slots whose person is seen to be the same in all four actions, and in no other slot; some of
# the other slots have another person in "jack".
TEST_SLOTS = frozenset({7, 8})
STRIPS = 72


def plan(download: Path, options: PrepareOptions) -> Plan:
    """One job for every strip that is no mirror, from strips or from lossless videos of them."""
    if not download.is_dir():
        raise InputError(f"{download}: no such folder")
    for root in (download, download / "actions", download / "data" / "actions"):
        strips = {a: sorted((root / d).glob("[0-9]*.jpg")) for d, a in ACTIONS.items()}
        if any(strips.values()):
            return _plan_strips(strips)
    videos = sorted(download.glob("[0-9]*_*_p[0-9]*.mp4"))
    found_some(videos, "strips {0,1,3,4}/00000000.jpg or videos 00000000_wave2_p0.mp4", download)
    jobs = [
        _job(p.stem.split("_")[0], p.stem.split("_")[1], p, partial(_cut_video, p)) for p in videos
    ]
    return Plan(_ordered(jobs), "lossless", notes=("videos of strips, taken as free of mirrors",))


def _plan_strips(strips: dict[str, list[Path]]) -> Plan:
    jobs, notes = [], []
    mirrors: dict[str, str] = {}  # digest of the mirrored strip -> id of the strip itself
    for path in sorted((p for paths in strips.values() for p in paths), key=lambda p: p.name):
        action = next(a for a, paths in strips.items() if path in paths)
        digest, mirrored = _digests(path)
        twin = mirrors.get(digest)
        if twin:
            notes.append(f"{path.stem} left out: mirrors {twin}")
            continue
        mirrors[mirrored] = path.stem
        jobs.append(_job(path.stem, action, path, partial(_cut_strip, path)))
    there = {path.stem for paths in strips.values() for path in paths}
    missing = [
        f"{number:08d}: no strip" for number in range(STRIPS) if f"{number:08d}" not in there
    ]
    return Plan(_ordered(jobs), "lossless", tuple(missing), tuple(notes))


def _job(number: str, action: str, path: Path, cut: partial[Cut]) -> Job:
    slot = int(number) // IDS_PER_SLOT
    split = "test" if slot in TEST_SLOTS else "train"
    return Job(split, f"{number}_{action}_p{slot}", (path,), cut)


def _ordered(jobs: list[Job]) -> tuple[Job, ...]:
    return tuple(sorted(jobs, key=lambda job: (job.split == "test", job.name)))


def _cut_video(path: Path) -> Cut:
    return Cut(read_frames(path), frame_rate(path))


def _cut_strip(path: Path) -> Cut:
    return Cut(iter(_strip_frames(path)))


def _strip_frames(path: Path) -> Iterator[Frame]:
    """The frames of a strip, left to right; [64,64,3] each."""
    try:
        picture_facts(path.read_bytes())  # refuses what would be cut to 8 bits
        with Image.open(path) as image:
            pixels = np.asarray(image.convert("RGBA"))
    except (OSError, ValueError) as error:
        raise BadVideoError(path.name, f"is no picture: {error}") from None
    height, width = pixels.shape[:2]
    if width % height:
        raise BadVideoError(path.name, f"{width} wide is no multiple of {height} high")
    if pixels[..., 3].min() < 255:
        raise BadVideoError(path.name, "is partly transparent")
    for left in range(0, width, height):
        yield np.ascontiguousarray(pixels[:, left : left + height, :3])


def _digests(path: Path) -> tuple[str, str]:
    """Digests of a strip's frames and of them mirrored; no real ones where it cannot be read."""
    as_is, mirrored = hashlib.sha256(), hashlib.sha256()
    try:
        for frame in _strip_frames(path):
            as_is.update(frame.tobytes())
            mirrored.update(np.ascontiguousarray(frame[:, ::-1]).tobytes())
    except BadVideoError:  # its own job will say so
        return str(path), ""
    return as_is.hexdigest(), mirrored.hexdigest()
