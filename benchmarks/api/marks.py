"""Why a number of videos in memory is not comparable: what its protocol could not choose.

A protocol chooses clips from whole videos, resizes them and reads stored levels. Arrays may have
been cut, chosen, resized and scaled before; what is certain of that becomes a caveat.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from leo_bench.evaluation.clips import ClipChoice, Window
from leo_bench.evaluation.preprocess import AS_STORED
from leo_bench.evaluation.records.distance import RecordT
from leo_bench.evaluation.videos.source import VideoSource


@dataclass(frozen=True)
class SideInMemory:
    """One side of a measurement whose videos were in memory.

    Args:
        name: "real" or "fake".
        source: the videos.
        used: indices of those that gave clips.
        clips: how many clips they gave, in each repeat.
        window: of a clip.
        choice: of the clips.
        resize: the protocol's, for this side.
        resolution: that was asked for; None: as given.
        protocol: its id.
        rule: how the protocol makes levels of floats; "": the videos hold levels.
    """

    name: str
    source: VideoSource
    used: Sequence[int]
    clips: int
    window: Window
    choice: ClipChoice
    resize: str
    resolution: int | None
    protocol: str
    rule: str = ""


def marks(side: SideInMemory) -> Iterator[str]:
    """The caveats of one side."""
    where, protocol = f"{side.name} side, in memory", f"protocol {side.protocol}"
    lengths = {side.source.frame_counts[i] for i in side.used}
    if len(lengths) == 1 and _one_clip(min(lengths), side.window, side.choice):
        yield (
            f"{where}: each clip has {min(lengths)} frames, so that {protocol} could not choose "
            "where it begins"
        )
    wanted = side.choice.count
    if wanted is not None and side.clips < wanted:
        yield f"{where}: {side.clips:,} clips, where {protocol} takes up to {wanted:,}"
    if side.resolution is None and side.resize != AS_STORED:
        sizes = sorted({side.source.sizes()[i] for i in side.used})
        shown = ", ".join(f"{height}x{width}" for height, width in sizes)
        yield (
            f"{where}: frames of {shown} as given; {protocol} resizes to the resolution of a "
            "benchmark, and none was named"
        )
    if side.rule and side.name == "real":
        yield (
            f"{where}: levels are made of floats by the rule that {protocol} has for generated "
            f"videos ({side.rule!r})"
        )


def marked(record: RecordT, found: Sequence[str]) -> RecordT:
    """The record with more caveats."""
    if not found:
        return record
    return record.model_copy(update={"caveats": (*record.caveats, *found), "comparable": False})


def _one_clip(frames: int, window: Window, choice: ClipChoice) -> bool:
    """Whether a video of so many frames is one clip, for a protocol that chooses among several."""
    if choice.start == "random":
        return choice.latest_start(frames, window) == 0
    if choice.start == "blocks":
        return frames == window.block and window.stride == 1
    return choice.start == "every" and frames == window.block
