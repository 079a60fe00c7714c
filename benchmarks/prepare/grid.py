"""GRID: 75 frames of a speaker facing the camera, cut to the central square; our own recipe.

The picture is 360x288 with the head in the middle third. The central 288x288 square holds the head
of every speaker, so no face detector is needed. Pillow's LANCZOS to 128, stored lossless. Some
files begin with about a dozen blank frames; these videos are left out (11 of speaker s1's 1,000).
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from leo_bench.benchmarks.prepare.job import (
    Cut,
    Job,
    LeftOutError,
    Plan,
    PrepareOptions,
    train_first,
)
from leo_bench.benchmarks.prepare.reading import frame_rate, read_frames
from leo_bench.benchmarks.prepare.resample import Frame, shorter_side_lanczos
from leo_bench.benchmarks.prepare.search import found_some, videos_below
from leo_bench.evaluation.errors import InputError

SIDE = 128
FRAMES = 75  # of every video of the corpus: three seconds at 25 frames a second
SENTENCES = 1000  # of each speaker of the corpus
# 34 talkers (Cooke et al. 2006, abstract); s21 has no video (from memory).
SPEAKERS = tuple(f"s{number}" for number in range(1, 35) if number != 21)
TEST_PART = 10  # one video in this many is test
EMPTY = 16  # a frame whose levels span less than this is blank
SPEAKER = re.compile(r"(?<![a-z0-9])s\d{1,2}(?![0-9a-z])")


def plan(download: Path, options: PrepareOptions) -> Plan:
    """One job for every video below the download, named SPEAKER/SENTENCE."""
    jobs: dict[str, Job] = {}
    for path in found_some(videos_below(download), "video, as s1/bbaf2n.mpg", download):
        name = f"{_speaker(path, download)}/{path.stem}"
        if name in jobs:
            raise InputError(
                f"{path} and {jobs[name].sources[0]} are both {name}: keep one of them"
            )
        jobs[name] = Job(_split(name), name, (path,), partial(_cut, path, options))
    counts = Counter(name.split("/")[0] for name in jobs)
    missing = tuple(
        f"{speaker}: {SENTENCES - count} of its {SENTENCES} videos"
        for speaker, count in sorted(counts.items())
        if count < SENTENCES
    )
    if absent := [speaker for speaker in SPEAKERS if speaker not in counts]:
        missing = (*missing, f"{len(absent)} speakers: {', '.join(absent)}")
    people = f"{len(counts)} speaker(s): {', '.join(sorted(counts))}; both splits hold them all"
    return Plan(train_first(jobs.values()), "lossless", missing, (people,))


def _speaker(path: Path, download: Path) -> str:
    """The speaker, such as `s1`, in the name of the nearest folder that has one."""
    for folder in (path.parent, *path.parent.parents):
        found = SPEAKER.search(re.sub("_", " ", folder.name.lower()))
        if found:
            return found[0]
        if folder == download:
            break
    raise InputError(f"{path}: no folder above it is named for a speaker, as s1")


def _split(name: str) -> str:
    """By a hash of speaker and sentence, so independent of what else was downloaded."""
    digest = hashlib.sha256(name.encode()).digest()
    return "test" if int.from_bytes(digest) % TEST_PART == 0 else "train"


def _cut(path: Path, options: PrepareOptions) -> Cut:
    notes: list[str] = []
    return Cut(_frames(path, options.resolution or SIDE, notes), frame_rate(path), notes)


def _frames(path: Path, side: int, notes: list[str]) -> Iterator[Frame]:
    count = 0
    for frame in read_frames(path):
        if int(frame.max()) - int(frame.min()) < EMPTY:
            raise LeftOutError(path.name, f"frame {count} is one colour, no picture")
        yield shorter_side_lanczos(frame, side)
        count += 1
    if count != FRAMES:
        notes.append(f"{count} frames, not the corpus's {FRAMES}")
