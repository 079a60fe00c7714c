"""Motion of the heads of `toy-faces`: eight programs, smooth functions of the frame number.

A video's motion depends on its name alone. Speed and amplitude are drawn per video, and drift
slowly within it, so no segment repeats exactly.
"""

from collections.abc import Sequence

import numpy as np

from leo_bench.benchmarks.worlds.seeds import Array, Dice, Drift, sine

COLUMNS = (
    "yaw",  # radians, positive turns the face to its viewer's right
    "pitch",  # radians, positive looks down
    "roll",  # radians, positive leans clockwise
    "shift_x",  # frame half-widths
    "shift_y",
    "zoom",  # factor on the head's size, 1 is none
    "mouth_open",  # 0 closed .. 1
    "mouth_wide",  # -1 pursed .. 1 wide
    "smile",  # -1 .. 1
    "blink",  # 0 open .. 1 shut
    "gaze_x",  # -1 .. 1, relative to the head
    "gaze_y",
    "brow",  # -1 lowered .. 1 raised
)

PROGRAMS = ("talk", "nod", "shake", "look", "tilt", "sway", "laugh", "mixed")

# Per program: strength of (nod, shake, look, tilt, sway, talk, laugh), 0..1.
STRENGTHS = {
    "talk": (0.15, 0.1, 0.15, 0.15, 0.15, 1.0, 0.0),
    "nod": (1.0, 0.0, 0.1, 0.1, 0.1, 0.15, 0.0),
    "shake": (0.0, 1.0, 0.05, 0.1, 0.1, 0.15, 0.0),
    "look": (0.0, 0.0, 1.0, 0.15, 0.15, 0.0, 0.0),
    "tilt": (0.0, 0.05, 0.1, 1.0, 0.2, 0.2, 0.0),
    "sway": (0.1, 0.0, 0.1, 0.2, 1.0, 0.2, 0.0),
    "laugh": (0.3, 0.05, 0.15, 0.3, 0.25, 0.0, 1.0),
    "mixed": (0.6, 0.6, 0.6, 0.6, 0.6, 0.7, 0.5),
}


class FaceMotion:
    """One video's motion.

    Args:
        name: what it depends on.
    """

    def __init__(self, name: str) -> None:
        dice = Dice(name)
        self._name = name
        self.program = dice.pick(PROGRAMS)
        self.speed = dice.between(0.7, 1.4)
        self.amplitude = dice.between(0.6, 1.15)
        self._phases = [dice.between(0.0, 1.0) for _ in range(8)]
        self._rates = [dice.between(0.85, 1.15) for _ in range(8)]
        self._rest_yaw = dice.between(-0.15, 0.15)
        self._rest_pitch = dice.between(-0.08, 0.08)
        self._rest_smile = dice.between(-0.05, 0.5)

    def __call__(self, frames: Sequence[int]) -> Array:
        """Frame numbers at 25 a second, any order -> float64 [T,13], the columns of `COLUMNS`."""
        frame = np.asarray(frames, dtype=np.float64)
        nod, shake, look, tilt, sway, talk, laugh = self._strengths(frame)
        swing = self.amplitude

        look_x, look_y = self._drift("look-x", 22.0, frame), self._drift("look-y", 30.0, frame)
        bob = self._wave(0, 1.0, frame)
        yaw = (
            self._rest_yaw
            + swing * (0.42 * shake * self._wave(1, 0.85, frame) + 0.5 * look * look_x)
            + 0.06 * self._drift("yaw", 35.0, frame)
        )
        pitch = (
            self._rest_pitch
            + swing
            * (
                0.3 * nod * bob
                + 0.26 * look * look_y
                + 0.1 * laugh * self._wave(2, 1.7, frame)
                - 0.12 * laugh
            )
            + 0.05 * self._drift("pitch", 35.0, frame)
        )
        roll = swing * 0.3 * tilt * self._wave(3, 0.45, frame) + 0.04 * self._drift(
            "roll", 40.0, frame
        )
        swaying = self._wave(4, 0.4, frame)
        shift_x = swing * 0.2 * sway * swaying + 0.03 * self._drift("x", 45.0, frame)
        shift_y = swing * (0.03 * nod * bob + 0.05 * sway * self._wave(5, 0.55, frame))
        shift_y = shift_y + 0.025 * self._drift("y", 45.0, frame)
        roll = roll + swing * 0.1 * sway * swaying
        zoom = 1.0 + 0.09 * sway * swing * self._wave(6, 0.3, frame)
        zoom = zoom + 0.02 * self._drift("zoom", 60.0, frame)

        syllables = 0.5 + 0.5 * self._wave(7, 2.4, frame)
        pauses = np.clip(0.75 + 0.8 * self._drift("pause", 24.0, frame), 0.0, 1.0)
        mouth_open = swing * (0.85 * talk * pauses * syllables)
        mouth_open = mouth_open + laugh * (0.45 + 0.3 * self._wave(2, 1.7, frame))
        mouth_wide = 0.7 * talk * self._drift("vowel", 7.0, frame) + 0.4 * laugh
        smile = self._rest_smile + 0.25 * self._drift("smile", 40.0, frame) + 0.7 * laugh
        gaze_x = 0.35 * self._drift("gaze-x", 16.0, frame) + 0.7 * look * self._ahead(
            "look-x", 22.0, frame
        )
        gaze_y = 0.2 * self._drift("gaze-y", 20.0, frame) + 0.4 * look * self._ahead(
            "look-y", 30.0, frame
        )
        brow = 0.45 * self._drift("brow", 18.0, frame) * (0.5 + 0.7 * talk) + 0.35 * laugh

        columns = (
            yaw, pitch, roll, shift_x, shift_y, zoom,
            np.clip(mouth_open, 0.0, 1.0), np.clip(mouth_wide, -1.0, 1.0),
            np.clip(smile, -1.0, 1.0),
            np.clip(self._blink(frame) + 0.35 * laugh, 0.0, 1.0),
            np.clip(gaze_x, -1.0, 1.0), np.clip(gaze_y, -1.0, 1.0), np.clip(brow, -1.0, 1.0),
        )  # fmt: skip
        return np.stack(columns, axis=1)

    def _strengths(self, frame: Array) -> list[Array]:
        """How much of each movement there is; in `mixed`, they come and go over seconds."""
        base = STRENGTHS[self.program]
        if self.program != "mixed":
            return [np.full_like(frame, level) for level in base]
        return [
            level * np.clip(0.3 + 1.1 * self._drift(f"mix-{part}", 50.0, frame), 0.0, 1.0)
            for part, level in enumerate(base)
        ]

    def _drift(self, part: str, period: float, frame: Array) -> Array:
        return Drift(f"{self._name}/{part}", period / self.speed)(frame)

    def _ahead(self, part: str, period: float, frame: Array) -> Array:
        """How far a drift will have moved in a fifth of a second: the eyes lead the head."""
        return 3.0 * (self._drift(part, period, frame + 5.0) - self._drift(part, period, frame))

    def _wave(self, part: int, per_second: float, frame: Array) -> Array:
        """A swinging movement whose rate and reach drift: float64 [T], within -1..1."""
        name, rate = f"wave-{part}", per_second * self.speed * self._rates[part]
        turns = self._phases[part] + frame * (rate / 25.0)
        turns = turns + 0.3 * self._drift(f"{name}-rate", 40.0, frame)
        reach = np.clip(0.8 + 0.35 * self._drift(f"{name}-reach", 30.0, frame), 0.0, 1.0)
        return reach * sine(turns)

    def _blink(self, frame: Array) -> Array:
        """Shut for about a quarter of a second, every three seconds or so."""
        turns = self._phases[0] + frame / 75.0 + 0.35 * self._drift("blink", 60.0, frame)
        away = np.minimum(1.0, abs(turns - np.rint(turns)) * 75.0 / 4.5)
        return (1.0 - away * away) * (1.0 - away * away)
