"""Motion of the figures of `toy-bodies`: eight tai-chi-like forms made of postures.

A form is a cycle of postures. A video follows its form along a cubic B-spline with the postures as
knots; each repetition of a posture differs a little. Motion depends on the video's name alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from leo_bench.benchmarks.worlds.seeds import Array, Dice, Drift, knots, seed_words, spline_weights

COLUMNS = (
    "hips_x",  # of the pelvis, in leg lengths from the middle
    "hips_drop",  # how far the pelvis sinks, in leg lengths
    "yaw",  # radians, positive turns the chest to its viewer's right
    "lean",  # radians, positive leans to the viewer's right
    "bow",  # radians, positive bends forward
    "head_yaw",  # radians, relative to the chest
    # Hands from their shoulders, in arm lengths, in the chest's frame: outward, up, forward.
    "left_hand_out", "left_hand_up", "left_hand_front",
    "right_hand_out", "right_hand_up", "right_hand_front",
    # Feet from the middle of the floor, in leg lengths: to the viewer's right, up, nearer.
    "left_foot_x", "left_foot_up", "left_foot_near",
    "right_foot_x", "right_foot_up", "right_foot_near",
)  # fmt: skip

Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Posture:
    """One posture; left is the viewer's left. Units as in `COLUMNS`."""

    hips: tuple[float, float] = (0.0, 0.06)
    trunk: Triple = (0.0, 0.0, 0.0)  # yaw, lean, bow
    head: float = 0.0
    left_hand: Triple = (0.2, -0.85, 0.15)
    right_hand: Triple = (0.2, -0.85, 0.15)
    left_foot: Triple = (-0.24, 0.0, 0.0)
    right_foot: Triple = (0.24, 0.0, 0.0)

    def mirrored(self) -> "Posture":
        """Left and right exchanged."""
        (lx, lu, ln), (rx, ru, rn) = self.left_foot, self.right_foot
        return replace(
            self,
            hips=(-self.hips[0], self.hips[1]),
            trunk=(-self.trunk[0], -self.trunk[1], self.trunk[2]),
            head=-self.head,
            left_hand=self.right_hand,
            right_hand=self.left_hand,
            left_foot=(-rx, ru, rn),
            right_foot=(-lx, lu, ln),
        )

    def row(self) -> list[float]:
        """The values of `COLUMNS`."""
        return [
            *self.hips, *self.trunk, self.head,
            *self.left_hand, *self.right_hand, *self.left_foot, *self.right_foot,
        ]  # fmt: skip


STAND = Posture()
WIDE = Posture(hips=(0.0, 0.16), left_foot=(-0.42, 0.0, 0.0), right_foot=(0.42, 0.0, 0.0))
# Cloud hands: one hand passes the face, the other the waist, the weight goes with the upper hand.
CLOUD = replace(
    WIDE, hips=(0.16, 0.18), trunk=(0.5, 0.03, 0.0), head=0.25,
    right_hand=(0.42, 0.12, 0.62), left_hand=(-0.25, -0.42, 0.6),
)  # fmt: skip
CLOUD_PASS = replace(WIDE, left_hand=(0.15, 0.2, 0.55), right_hand=(-0.05, -0.5, 0.55))
GATHER = replace(WIDE, hips=(-0.1, 0.22), left_hand=(0.1, -0.25, 0.3), right_hand=(0.1, -0.25, 0.3))
PUSH = replace(
    WIDE, hips=(0.18, 0.2), trunk=(0.75, 0.05, 0.06), head=0.1,
    left_hand=(0.02, 0.05, 0.93), right_hand=(0.02, 0.05, 0.93),
)  # fmt: skip
PRESS_DOWN = replace(
    WIDE, hips=(0.0, 0.3), left_hand=(0.25, -0.55, 0.4), right_hand=(0.25, -0.55, 0.4)
)
HOLD_BALL = replace(
    STAND, hips=(-0.08, 0.16), trunk=(-0.35, 0.0, 0.0),
    left_hand=(-0.15, -0.05, 0.5), right_hand=(-0.2, -0.55, 0.5),
)  # fmt: skip
PART_MANE = replace(
    WIDE, hips=(0.18, 0.2), trunk=(0.45, 0.06, 0.0), head=0.25,
    right_hand=(0.62, 0.3, 0.5), left_hand=(0.45, -0.7, 0.1), right_foot=(0.52, 0.0, 0.1),
)  # fmt: skip
RAISE = replace(STAND, hips=(0.0, 0.02), left_hand=(0.12, 0.1, 0.85), right_hand=(0.12, 0.1, 0.85))
OVERHEAD = replace(STAND, hips=(0.0, 0.0), left_hand=(0.4, 0.8, 0.2), right_hand=(0.4, 0.8, 0.2))
SINK = replace(
    WIDE, hips=(0.0, 0.42), left_hand=(0.35, -0.25, 0.55), right_hand=(0.35, -0.25, 0.55)
)
KNEE = replace(
    STAND, hips=(-0.14, 0.06), trunk=(0.15, -0.05, 0.0),
    left_hand=(0.3, 0.25, 0.5), right_hand=(0.3, 0.25, 0.5),
    left_foot=(-0.14, 0.0, 0.0), right_foot=(0.2, 0.4, 0.25),
)  # fmt: skip
KICK = replace(
    KNEE, hips=(-0.16, 0.03), trunk=(0.3, -0.14, 0.0), head=0.2,
    left_hand=(0.85, 0.3, 0.15), right_hand=(0.8, 0.2, 0.35), right_foot=(0.72, 0.62, 0.15),
)  # fmt: skip
TURN = replace(
    STAND, hips=(0.03, 0.14), trunk=(1.05, 0.0, 0.0), head=0.3,
    left_hand=(0.25, 0.05, 0.75), right_hand=(0.55, -0.35, -0.35), right_foot=(0.3, 0.0, 0.15),
)  # fmt: skip
CRANE = replace(
    STAND, hips=(-0.12, 0.1), trunk=(0.1, -0.04, 0.0), head=0.15,
    left_hand=(0.5, -0.7, 0.2), right_hand=(0.45, 0.75, 0.3), right_foot=(0.22, 0.03, 0.35),
)  # fmt: skip
WINGS = replace(
    WIDE, hips=(0.0, 0.12), left_hand=(0.93, 0.12, 0.15), right_hand=(0.93, 0.12, 0.15)
)  # fmt: skip

FORMS: dict[str, tuple[Posture, ...]] = {
    "wave-hands": (CLOUD, CLOUD_PASS, CLOUD.mirrored(), CLOUD_PASS.mirrored()),
    "push": (GATHER, PUSH, PUSH, GATHER.mirrored(), PRESS_DOWN, PUSH.mirrored(), PUSH.mirrored()),
    "part-mane": (
        HOLD_BALL, PART_MANE, PART_MANE,
        HOLD_BALL.mirrored(), PART_MANE.mirrored(), PART_MANE.mirrored(),
    ),
    "rise-and-sink": (STAND, RAISE, OVERHEAD, RAISE, SINK, SINK),
    "kick": (STAND, KNEE, KICK, KNEE, STAND, KNEE.mirrored(), KICK.mirrored(), KNEE.mirrored()),
    "turn": (TURN, TURN, GATHER, TURN.mirrored(), TURN.mirrored(), GATHER.mirrored()),
    "crane": (
        HOLD_BALL, CRANE, CRANE, WINGS,
        HOLD_BALL.mirrored(), CRANE.mirrored(), CRANE.mirrored(), WINGS,
    ),
}  # fmt: skip
SEQUENCE = "sequence"  # postures of all forms, drawn one after another
PROGRAMS = (*FORMS, SEQUENCE)

FRAMES_A_POSTURE = 21.0  # at speed 1 and 25 frames a second
JITTER = np.array(
    [0.03, 0.03, 0.1, 0.03, 0.02, 0.15] + [0.09, 0.09, 0.09] * 2 + [0.04, 0.0, 0.04] * 2
)  # how much each repeat of a posture differs


class BodyMotion:
    """One video's motion.

    Args:
        name: what it depends on.
    """

    def __init__(self, name: str) -> None:
        dice = Dice(name)
        self._name = name
        self.program = dice.pick(PROGRAMS)
        self.speed = dice.between(0.65, 1.45)
        self.amplitude = dice.between(0.7, 1.12)
        self._start = dice.between(0.0, 64.0)
        self._place = dice.between(-0.1, 0.1)
        self._seeds = seed_words(f"{name}/postures")

    def __call__(self, frames: Sequence[int]) -> Array:
        """Frame numbers at 25 a second, any order -> float64 [T,18], the columns of `COLUMNS`."""
        frame = np.asarray(frames, dtype=np.float64)
        pace = self.speed / FRAMES_A_POSTURE
        time = self._start + frame * pace + 0.4 * Drift(f"{self._name}/pace", 70.0)(frame)
        below, weights = spline_weights(time)
        total: Array = np.zeros((frame.size, len(COLUMNS)))
        for offset, weight in enumerate(weights):
            total = total + weight[:, None] * self._postures(below + (offset - 1))
        rest: Array = np.array(STAND.row())
        total = rest + (total - rest) * (self.amplitude * 1.2)  # a spline stays short of its knots
        total[:, 0] += self._place * 0.5
        total[:, [12, 15]] += self._place
        for column, reach, period in (
            (0, 0.02, 40.0),
            (1, 0.015, 30.0),
            (2, 0.06, 45.0),
            (5, 0.2, 35.0),
        ):
            total[:, column] += reach * Drift(f"{self._name}/{COLUMNS[column]}", period)(frame)
        total[:, 1] = np.maximum(total[:, 1], 0.0)
        total[:, [13, 16]] = np.maximum(total[:, [13, 16]], 0.0)
        return total

    def _postures(self, index: NDArray[np.int64]) -> Array:
        """The index-th posture of this video, with its own small differences: float64 [T,18]."""
        if self.program == SEQUENCE:
            every = [posture for form in FORMS.values() for posture in form]
            drawn = (knots(self._seeds[0], index) + 1.0) * 0.5 * len(every)
            chosen = np.minimum(drawn.astype(np.int64), len(every) - 1)
        else:
            every = list(FORMS[self.program])
            chosen = index % len(every)
        rows: Array = np.array([posture.row() for posture in every])[chosen]
        differences = knots(self._seeds[1], index[:, None] * len(COLUMNS) + np.arange(len(COLUMNS)))
        together: Array = rows + differences * JITTER
        return together
