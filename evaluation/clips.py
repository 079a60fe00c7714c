"""Which frames of which videos. Choosing is pure: names and frame counts in, references out.

Chance comes from a hash of (seed, video name, start), so a choice depends on nothing else: not on
workers, devices, the order of files, or which other videos are there.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from evaluation.errors import InputError
from evaluation.schema import Data


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
        """Frames * stride: the length by which the published loaders count."""
        return self.frames * self.stride

    def indices(self, start: int) -> range:
        """The video frames of the clip that starts at `start`."""
        return range(start, start + self.span, self.stride)


class ClipChoice(Data):
    """Which clips are taken from one side's videos; a protocol has one for each side.

    Args:
        start: "first": one clip a video, at frame 0. "random": one clip a video, at a uniform
            start. "blocks": every clip of the non-overlapping blocks of frames * stride frames
            from frame 0, each block giving its `stride` phases (DIGAN).
        needs: frames that a video must have: frames * stride, or one more (TATS, cd-fvd).
        last_start: the latest random start: "span": the clip may touch the last frame;
            "block": N - frames*stride; "block-1": one earlier.
        short: what becomes of a video that is too short.
        order: "listed": in the order of names; "shuffled": in an order drawn by the seed.
        count: how many clips; None: all there are.
        enough: what happens with fewer than `count`: "exact": an error; "fewer": use those;
            "again": pass over the videos again with new random starts (cd-fvd).
    """

    start: Literal["first", "random", "blocks"]
    needs: Literal["block", "block+1"] = "block"
    last_start: Literal["span", "block", "block-1"] = "span"
    short: Literal["discard", "error"] = "discard"
    order: Literal["listed", "shuffled"] = "listed"
    count: int | None = None
    enough: Literal["exact", "fewer", "again"] = "fewer"

    def frames_needed(self, window: Window) -> int:
        """Frames that a video must have to give a clip."""
        return window.block + (self.needs == "block+1")


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
        seed: together with a video's name, all the chance there is.

    Raises:
        InputError: a video is too short (where that is an error), none is long enough, or there
            are fewer clips than the protocol needs. The message counts and names them.
    """
    videos = _long_enough(names, frame_counts, window, choice)
    refs = list(_one_pass(videos, names, frame_counts, window, choice, seed, 0))
    if choice.order == "shuffled":
        refs.sort(key=lambda ref: (_draw(seed, names[ref.video], f"order {ref.start}"), ref))
    if choice.count is None:
        return refs
    if len(refs) < choice.count and choice.enough == "exact":
        raise InputError(
            f"{len(names)} videos hold {len(refs)} clips of {window.frames} frames at stride "
            f"{window.stride}; the protocol needs {choice.count}: give more videos, or "
            f"--clips {len(refs)} or fewer for a number that is not comparable"
        )
    if choice.enough == "again":
        lap = 0
        while len(refs) < choice.count:
            lap += 1
            refs.extend(_one_pass(videos, names, frame_counts, window, choice, seed, lap))
    return refs[: choice.count]


def _long_enough(
    names: Sequence[str], frame_counts: Sequence[int], window: Window, choice: ClipChoice
) -> list[int]:
    needed = choice.frames_needed(window)
    short = [i for i, count in enumerate(frame_counts) if count < needed]
    if short and (choice.short == "error" or len(short) == len(names)):
        shown = ", ".join(f"{names[i]} ({frame_counts[i]})" for i in short[:5])
        more = f" and {len(short) - 5} more" if len(short) > 5 else ""
        raise InputError(
            f"{len(short)} of {len(names)} videos have fewer than the {needed} frames that "
            f"{window.frames} frames at stride {window.stride} need: {shown}{more}"
        )
    return [i for i, count in enumerate(frame_counts) if count >= needed]


def _one_pass(
    videos: Sequence[int],
    names: Sequence[str],
    frame_counts: Sequence[int],
    window: Window,
    choice: ClipChoice,
    seed: int,
    lap: int,
) -> Iterator[ClipRef]:
    for video in videos:
        total = frame_counts[video]
        if choice.start == "first":
            yield ClipRef(video, 0)
        elif choice.start == "random":
            last = {
                "span": total - window.span,
                "block": total - window.block,
                "block-1": total - window.block - 1,
            }[choice.last_start]
            yield ClipRef(video, _draw(seed, names[video], f"start {lap}") % (last + 1))
        else:
            for block in range(total // window.block):
                for phase in range(window.stride):
                    yield ClipRef(video, block * window.block + phase)


def _draw(seed: int, name: str, purpose: str) -> int:
    """A 64-bit number from a hash: the same on every machine, in any order of calls."""
    text = f"{seed}\0{name}\0{purpose}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")
