"""Planted repetitions: a known stretch of a video shown again, to test repetition scores.

A plant shows one stretch of a video again later, slightly faster or slower. Its place depends only
on the video's name and on the share of frames.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from leo_bench.benchmarks.worlds.seeds import Array, Dice, Drift
from leo_bench.evaluation.errors import InputError

if TYPE_CHECKING:
    from leo_bench.benchmarks.worlds.world import WorldSource

PACE = 0.1  # a repeat is at most this much faster or slower
NOISE = 0.1  # of a repeated motion, as a share of each parameter's own spread
NOISE_PERIOD = 10.0  # frames; the noise is as smooth as the motion
BLEND = 8  # frames of the transition from the original motion to the repeat, and back

MOST = 0.45  # largest share of a video that can be shown twice, at any pace


@dataclass(frozen=True)
class Plant:
    """A repeated stretch of a video.

    Args:
        of: first frame of the stretch.
        start: first frame of the repeat, after the end of the stretch.
        length: number of frames of the repeat.
        pace: frames of the stretch per frame of the repeat.
    """

    of: int
    start: int
    length: int
    pace: float

    @staticmethod
    def drawn(video: str, count: int, share: float) -> "Plant":
        """Draw a plant for a video of `count` frames, with a repeat of `share` of its length.

        Raises:
            InputError: the share leaves no room for a repeat.
        """
        if share > MOST:
            raise InputError(
                f"{share:g} of a video cannot be shown twice in it; the most is {MOST:g}"
            )
        dice = Dice(f"{video}/repetition")
        length = max(1, round(share * count))
        pace = dice.between(1 - PACE, 1 + PACE)
        needed = math.ceil((length - 1) * pace) + 1
        room = count - needed - length
        if room < 0:
            raise InputError(f"{video}: {count} frames are too few to show some again")
        of = int(dice.between(0, room + 1))
        start = of + needed + int(dice.between(0, room - of + 1))
        return Plant(of, start, length, pace)

    def time(self, frame: int) -> float:
        """The time in the original video, in frames, that is shown at a frame."""
        if self.start <= frame < self.start + self.length:
            return self.of + (frame - self.start) * self.pace
        return float(frame)

    def order(self, frames: Sequence[int]) -> list[int]:
        """The frames of the original video that are shown at these frames."""
        return [round(self.time(frame)) for frame in frames]


def planted_motion(source: "WorldSource", index: int, frames: Sequence[int], share: float) -> Array:
    """Motion parameters of a world's video with a repeated stretch: float64 [T,P].

    The repeat begins and ends smoothly and differs a little from the stretch, as people's does.

    Raises:
        InputError: as `Plant.drawn`.
    """
    count, world = source.shape.frames, source.world
    plant = Plant.drawn(source.names[index], count, share)
    frame = np.asarray(frames, dtype=np.float64)
    usual = world.motion(index, frames)
    movement = world.movement(index)
    # `movement` also takes fractions of frames.
    again = movement(plant.of + (frame - plant.start) * plant.pace)  # type: ignore[arg-type]
    spread = movement(range(count)).std(axis=0)
    for column, name in enumerate(world.columns):
        drift = Drift(f"{source.names[index]}/again/{name}", NOISE_PERIOD)(frame)
        again[:, column] += NOISE * spread[column] * drift
    into = (frame - plant.start + 1) / BLEND
    out_of = (plant.start + plant.length - frame) / BLEND
    weight = np.clip(np.minimum(into, out_of), 0.0, 1.0)[:, None]
    motion: Array = usual * (1 - weight) + again * weight
    return motion
