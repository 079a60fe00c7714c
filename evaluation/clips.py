"""Which frames of which videos become clips: a pure function of names and frame counts.

Random choices are hashes of (seed, video name, start), so they depend on nothing else: not on
workers, devices, the order of files, or which other videos are there.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.schema import Data

MOST = 10**9  # largest count accepted in a data file
NAMED = 3  # videos that a message lists by name

# `derived_seed` in words, for records.
SEED_RULE = "repeat 0: SEED; repeat R: BLAKE2b (8 bytes, big-endian) of 'SEED', 0, 0, 'repeat R'"

Start = Literal["first", "random", "blocks", "every"]
Needs = Literal["block", "block+1", "exact"]
LastStart = Literal["span", "block", "block-1"]
Short = Literal["discard", "error", "next"]
Order = Literal["listed", "shuffled"]
Enough = Literal["exact", "fewer", "again"]


@dataclass(frozen=True)
class Window:
    """What one clip covers.

    Args:
        frames: frames in a clip, at least 1.
        stride: video frames from one clip frame to the next, at least 1.
    """

    frames: int
    stride: int = 1

    def __post_init__(self) -> None:
        if self.frames < 1 or self.stride < 1:
            raise InputError(
                f"frames {self.frames} and stride {self.stride}: both must be 1 or more"
            )

    @property
    def span(self) -> int:
        """Video frames from the first to the last frame of a clip, both counted."""
        return (self.frames - 1) * self.stride + 1

    @property
    def block(self) -> int:
        """Frames times stride, the length by which the published loaders count."""
        return self.frames * self.stride

    def indices(self, start: int) -> range:
        """The video frames of the clip that starts at `start`."""
        return range(start, start + self.span, self.stride)


class ClipChoice(Data):
    """Which clips are taken from one side's videos; a protocol has one for each side.

    Args:
        start: "first": one clip a video, at frame 0. "random": one clip a video, at a uniform
            start. "blocks": every clip of the non-overlapping blocks of frames * stride frames
            from frame 0, each block giving its `stride` phases (DIGAN). "every": a clip at every
            start from 0 to N - frames*stride (torchvision's VideoClips, as TATS uses it).
        needs: frames that a video must have: frames * stride, or one more (folders of TATS and
            cd-fvd), or exactly `frames`, at stride 1 (arrays of cd-fvd).
        last_start: the latest random start: "span": the clip may touch the last frame;
            "block": N - frames*stride; "block-1": one earlier.
        short: for a video that is too short, "discard" leaves it out, "error" raises, and "next"
            takes one more clip of the next video that is long enough (files of cd-fvd).
        order: "listed": in the order of names; "shuffled": in an order drawn by the seed.
        count: how many clips; None: all there are.
        enough: what happens with fewer than `count`: "exact": an error; "fewer": use those;
            "again": pass over the videos again with new random starts (cd-fvd).
    """

    start: Start
    needs: Needs = "block"
    last_start: LastStart = "span"
    short: Short = "discard"
    order: Order = "listed"
    count: int | None = Field(default=None, ge=1, le=MOST)
    enough: Enough = "fewer"

    def frames_needed(self, window: Window) -> int:
        """Frames that a video must have to give a clip."""
        return window.block + (self.needs == "block+1")

    def fits(self, frames: int, window: Window) -> bool:
        """Whether a video of so many frames gives a clip by itself."""
        if self.needs == "exact":
            return window.stride == 1 and frames == window.frames
        return frames >= self.frames_needed(window)

    def latest_start(self, frames: int, window: Window) -> int:
        """The latest first frame of a random clip in a video of so many frames."""
        spans = {"span": window.span, "block": window.block, "block-1": window.block + 1}
        return frames - spans[self.last_start]


class ClipRef(NamedTuple):
    """One clip: the index of a video in its source, and the clip's first frame."""

    video: int
    start: int


def choose_clips(
    names: Sequence[str],
    frame_counts: Sequence[int],
    window: Window,
    choice: ClipChoice,
    seed: int,
) -> list[ClipRef]:
    """Choose clips as `choice` says. No pixel is read.

    Args:
        names: one unique name a video, in the order of the source.
        frame_counts: frames of each video.
        window: frames and stride of a clip.
        choice: which clips.
        seed: with the videos' names, decides all random choices.

    Raises:
        InputError: a video is too short (where that is an error), none is long enough, or there
            are fewer clips than the protocol needs. The message counts and names them.
    """
    _check_lengths(names, frame_counts, window, choice)
    if choice.start == "every":
        refs = _every_start(names, frame_counts, window, choice, seed)
    else:
        refs = _one_pass(names, frame_counts, window, choice, seed, lap=0)
    if choice.count is None:
        return refs
    if len(refs) < choice.count and choice.enough == "exact":
        raise InputError(
            f"{len(names)} videos hold {len(refs)} clips of {window.frames} frames at stride "
            f"{window.stride}; the protocol needs {choice.count}: give more videos, or "
            f"--clips {len(refs)} or fewer for a number that is not comparable"
        )
    if choice.enough == "again" and choice.start != "every":
        lap = 0
        while len(refs) < choice.count:
            lap += 1
            refs.extend(_one_pass(names, frame_counts, window, choice, seed, lap))
    return refs[: choice.count]


def givers(frame_counts: Sequence[int], window: Window, choice: ClipChoice) -> list[int | None]:
    """For each video, the index of the video that its clip is taken from; None: it has no clip.

    A video that is long enough gives its own clip. Under `short = "next"` a video that is too short
    is replaced as in cd-fvd (data_utils.py, `get_random_clip_from_video` and `__getitem__` around
    torchvision's `VideoClips.get_clip`): by the next one in the list that is long enough. After the
    end of the list, or where the index is not below the number of all clips, the search goes on
    from the next index modulo that number.
    """
    fits = [choice.fits(frames, window) for frames in frame_counts]
    own = [i if fit else None for i, fit in enumerate(fits)]
    if choice.short != "next" or not any(fits):
        return own
    after: list[int | None] = [None] * len(fits)  # the first that fits, at this place or behind it
    for i in reversed(range(len(fits))):
        after[i] = i if fits[i] else (after[i + 1] if i + 1 < len(fits) else None)
    clips = sum(
        frames - window.block + 1 for frames, fit in zip(frame_counts, fits, strict=True) if fit
    )
    found: list[int | None] = []
    for place in range(len(fits)):
        at = place
        while at >= min(clips, len(fits)) or after[at] is None:
            at = (at + 1) % clips
            at = 0 if at >= len(fits) else at
        found.append(after[at])
    return found


def some(named: Sequence[str]) -> str:
    """The first NAMED of a list and the number of the others, for a message."""
    more = f" and {len(named) - NAMED} more" if len(named) > NAMED else ""
    return ", ".join(named[:NAMED]) + more


def _check_lengths(
    names: Sequence[str], frame_counts: Sequence[int], window: Window, choice: ClipChoice
) -> None:
    unfit = [i for i, count in enumerate(frame_counts) if not choice.fits(count, window)]
    if not unfit or (choice.short != "error" and len(unfit) < len(names)):
        return
    counted = f"{len(unfit)} of {len(names)} videos"
    shown = some([f"{names[i]} ({frame_counts[i]})" for i in unfit])
    if choice.needs == "exact":
        raise InputError(
            f"{counted} are not of {window.frames} frames at stride {window.stride}: {shown}; "
            "arrays are taken whole: give their length as --frames, with stride 1"
        )
    raise InputError(
        f"{counted} have fewer than the {choice.frames_needed(window)} frames that "
        f"{window.frames} frames at stride {window.stride} need: {shown}"
    )


def _one_pass(
    names: Sequence[str],
    frame_counts: Sequence[int],
    window: Window,
    choice: ClipChoice,
    seed: int,
    lap: int,
) -> list[ClipRef]:
    """The clips of one pass over all videos; in an order of its own where they are shuffled."""
    placed = []
    for place, video in enumerate(givers(frame_counts, window, choice)):
        if video is not None:
            # A stand-in's clip is drawn for the place that it fills, and so differs from its own.
            for start in _starts(names[place], frame_counts[video], window, choice, seed, lap):
                placed.append((place, ClipRef(video, start)))
    if choice.order == "shuffled":
        again = f" lap {lap}" if lap else ""

        def drawn(clip: tuple[int, ClipRef]) -> tuple[int, int, ClipRef]:
            place, ref = clip
            return _draw(seed, names[place], f"order {ref.start}{again}"), place, ref

        placed.sort(key=drawn)
    return [ref for _, ref in placed]


def _starts(
    name: str, frames: int, window: Window, choice: ClipChoice, seed: int, lap: int
) -> Iterator[int]:
    if choice.start == "first":
        yield 0
    elif choice.start == "random":
        last = choice.latest_start(frames, window)
        yield _draw(seed, name, f"start {lap}") % (last + 1)
    else:
        for block in range(frames // window.block):
            for phase in range(window.stride):
                yield block * window.block + phase


def _every_start(
    names: Sequence[str],
    frame_counts: Sequence[int],
    window: Window,
    choice: ClipChoice,
    seed: int,
) -> list[ClipRef]:
    """`count` of the clips at all starts, without a list of all, which may be millions."""
    videos = [i for i, frames in enumerate(frame_counts) if choice.fits(frames, window)]
    starts = np.array([frame_counts[i] - window.block + 1 for i in videos])
    ends = starts.cumsum()
    wanted = min(int(ends[-1]), choice.count or MOST)
    if choice.order == "listed":
        chosen: NDArray[np.int64] = np.arange(wanted)
    else:
        keys = np.concatenate(
            [_words(seed, names[i], n) for i, n in zip(videos, starts.tolist(), strict=True)]
        )
        chosen = np.argpartition(keys, wanted - 1)[:wanted]
        chosen = chosen[keys[chosen].argsort()]
    which = ends.searchsorted(chosen, side="right")
    first = chosen - (ends - starts)[which]
    return [ClipRef(videos[v], s) for v, s in zip(which.tolist(), first.tolist(), strict=True)]


def _draw(seed: int, name: str, purpose: str) -> int:
    """A 64-bit number from a hash: the same on every machine, in any order of calls."""
    return int.from_bytes(_digest(seed, name, purpose, 8), "big")


def _words(seed: int, name: str, count: int) -> NDArray[np.uint64]:
    """64-bit numbers, one for each start of a video: uint64 [count]."""
    key = np.frombuffer(_digest(seed, name, "every start", 16), dtype=">u8").astype(np.uint64)
    return np.random.Philox(key=key).random_raw(count)


def _digest(seed: int, name: str, purpose: str, size: int) -> bytes:
    return hashlib.blake2b(f"{seed}\0{name}\0{purpose}".encode(), digest_size=size).digest()


def derived_seed(seed: int, number: int, bits: int = 64) -> int:
    """Seed of one of several repeats, parts or trainings: `seed`, then hashes of (seed, number).

    With seed + number instead, runs with neighbouring seeds would share all but one of their draws.

    Args:
        seed: the common seed.
        number: 0, 1, ...
        bits: of the result, 1 to 64, the lowest ones; every program takes seeds of 31 bits.

    Returns:
        For number 0 `seed` itself, even if it has more than `bits` bits; else 0..2**bits - 1.
    """
    if number == 0:
        return seed
    digest = hashlib.blake2b(f"{seed}\0\0repeat {number}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") & ((1 << bits) - 1)
