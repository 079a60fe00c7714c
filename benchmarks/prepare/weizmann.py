"""Weizmann actions from MoCoGAN's strips: 72 pictures, 36 distinct clips, split by person.

sergeytulyakov/mocogan@937a99de data/actions/{0,1,3,4}/%08d.jpg: PNG files despite their name, RGBA,
64 high, the frames side by side (src/data.py cuts by longer // shorter). Every odd id is the mirror
image of the even id before it. Mirrors are detected here by their pixels, and the first of a pair
is kept; AliaksandrSiarohin/monkey-net splits the same files at random, with mirrors on both sides.
"""

import hashlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from leo_bench.benchmarks.prepare.job import Cut, Job, Plan, PrepareOptions, train_first
from leo_bench.benchmarks.prepare.reading import frame_rate, read_frames
from leo_bench.benchmarks.prepare.resample import Frame
from leo_bench.benchmarks.prepare.search import found_some
from leo_bench.evaluation.errors import BadVideoError
from leo_bench.evaluation.videos.pictures import picture_facts

ACTIONS = {"0": "wave1", "1": "wave2", "3": "jack", "4": "bend"}  # by folder; named by eye
IDS_PER_SLOT = 8  # four actions and their mirrors
# The slots that show one person in all four actions, and this person in no other slot (by eye).
# In some of the other slots the person of "jack" is another one.
TEST_SLOTS = frozenset({7, 8})
STRIPS = 72


def plan(download: Path, options: PrepareOptions) -> Plan:
    """One job for every strip that is not a mirror, from strips or from lossless videos of them."""
    for root in (download, download / "actions", download / "data" / "actions"):
        strips = {p: a for d, a in ACTIONS.items() for p in (root / d).glob("[0-9]*.jpg")}
        if strips:
            return _plan_strips(strips)
    videos = sorted(download.glob("[0-9]*_*_p[0-9]*.mp4"))
    found_some(videos, "strips {0,1,3,4}/00000000.jpg or videos 00000000_wave2_p0.mp4", download)
    jobs = []
    for path in videos:
        number, action, _ = path.stem.split("_", 2)
        jobs.append(_job(number, action, path, partial(_cut_video, path)))
    return Plan(
        train_first(jobs), "lossless", notes=("videos of strips, taken as free of mirrors",)
    )


def _plan_strips(strips: dict[Path, str]) -> Plan:
    jobs, notes = [], []
    mirrors: dict[str, str] = {}  # digest of the mirrored strip -> id of the strip itself
    for path in sorted(strips, key=lambda path: path.name):
        digest, mirrored = _digests(path)
        if twin := mirrors.get(digest):
            notes.append(f"{path.stem} left out: mirrors {twin}")
            continue
        mirrors[mirrored] = path.stem
        jobs.append(_job(path.stem, strips[path], path, partial(_cut_strip, path)))
    there = {path.stem for path in strips}
    names = [f"{number:08d}" for number in range(STRIPS)]
    missing = tuple(f"{name}: no strip" for name in names if name not in there)
    return Plan(train_first(jobs), "lossless", missing, tuple(notes))


def _job(number: str, action: str, path: Path, cut: partial[Cut]) -> Job:
    slot = int(number) // IDS_PER_SLOT
    split = "test" if slot in TEST_SLOTS else "train"
    return Job(split, f"{number}_{action}_p{slot}", (path,), cut)


def _cut_video(path: Path) -> Cut:
    return Cut(read_frames(path), frame_rate(path))


def _cut_strip(path: Path) -> Cut:
    return Cut(_strip_frames(path))


def _strip_frames(path: Path) -> Iterator[Frame]:
    """The frames of a strip, left to right; [64,64,3] each."""
    try:
        picture_facts(path.read_bytes())  # refuses pictures of more than 8 bits a channel
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
    """Digests of a strip's frames and of its mirrored frames; (path, "") if it is unreadable."""
    as_is, mirrored = hashlib.sha256(), hashlib.sha256()
    try:
        for frame in _strip_frames(path):
            as_is.update(frame.tobytes())
            mirrored.update(np.ascontiguousarray(frame[:, ::-1]).tobytes())
    except BadVideoError:  # its own job reports the error
        return str(path), ""
    return as_is.hexdigest(), mirrored.hexdigest()
