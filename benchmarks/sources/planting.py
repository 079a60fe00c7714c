"""Repetitions that are known, since they were put there: what a repetition score has to find.

A plant shows one stretch of a video again, later, and slightly faster or slower. Where and which
follows from the video's name and the share of frames alone.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from leo_bench.benchmarks.worlds.seeds import Array, Dice, Drift
from leo_bench.benchmarks.worlds.world import WorldSource
from leo_bench.evaluation.errors import InputError

PACE = 0.1  # a repeat is at most this much faster or slower
NOISE = 0.1  # of a repeated motion, as a share of each parameter's own spread
NOISE_PERIOD = 10.0  # frames: noise is as smooth as motion is
BLEND = 8  # frames from the motion that was there to the repeated one, and back

MOST = 0.45  # share of a video that can be shown twice, at any pace


@dataclass(frozen=True)
class Plant:
    """What is shown again in a video.

    Args:
        of: first frame of the stretch.
        start: first frame of its repeat, behind the end of the stretch.
        length: frames of the repeat.
        pace: frames of the stretch for one of the repeat.
    """

    of: int
    start: int
    length: int
    pace: float

    @staticmethod
    def drawn(video: str, count: int, share: float) -> "Plant":
        """In a video of that name and of `count` frames, as long as `share` of it.

        Raises:
            InputError: a share that leaves no room for a repeat.
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
        """What is shown at a frame: a moment of the video as it was."""
        if self.start <= frame < self.start + self.length:
            return self.of + (frame - self.start) * self.pace
        return float(frame)

    def order(self, frames: Sequence[int]) -> list[int]:
        """The frame of the video as it was that is shown at each of these."""
        return [round(self.time(frame)) for frame in frames]


def planted_motion(source: WorldSource, index: int, frames: Sequence[int], share: float) -> Array:
    """Motion of a world's video with a stretch done again, a little otherwise: float64 [T,P].

    The repeat begins and ends smoothly, and departs from the stretch as a person's does.

    Raises:
        InputError: as `Plant.drawn`.
    """
    count, world = source.shape.frames, source.world
    plant = Plant.drawn(source.names[index], count, share)
    frame = np.asarray(frames, dtype=np.float64)
    usual = world.motion(index, frames)
    movement = world.movement(index)
    # A motion takes any moment, not whole frames alone.
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
