"""Draws the hair of `toy-faces`."""

import numpy as np

from leo_bench.benchmarks.worlds.canvas import Canvas, Colour, Paint, lit, mixed, rounded, scaled
from leo_bench.benchmarks.worlds.face_head import Head, times
from leo_bench.benchmarks.worlds.face_identity import HAIRCUTS
from leo_bench.benchmarks.worlds.seeds import sine_cosine
from leo_bench.benchmarks.worlds.shapes import Common, Cut, Ellipse, Stroke

SHINE: Colour = (0.97, 0.97, 0.95)


class Hair:
    """The hair of one head, in three layers: behind the bust, over the skull, before the face."""

    def __init__(self, head: Head) -> None:
        self._head = head
        self._cut = HAIRCUTS[head.identity.haircut]
        self._colour = head.identity.hair_colour
        self._shade = lit(rounded(0.2, 0.3), head.centre, (-0.25, -0.3))

    def behind(self, canvas: Canvas) -> None:
        """What hangs or stands out behind the head."""
        who, head = self._head.identity, self._head
        dark = Paint(scaled(self._colour, 0.72), rounded(0.2, 0.3))
        if self._cut == "bob":
            back = head.ball(
                (0.0, 0.12, -0.12), (who.head_width * 1.2, who.head_height * 1.12, 0.42)
            )
            canvas.fill(back, dark)
        elif self._cut == "long":
            top, low = head.point(0.0, -0.1, -0.15), head.point(0.0, 0.5, -0.3)
            end = (head.value["shift_x"] * 0.5, 0.85 + head.value["shift_y"] * 0.4)
            wide = who.head_width
            canvas.fill(Stroke((top, low, end), (wide * 1.1, wide * 1.15, wide * 0.95)), dark)
        elif self._cut == "bun":
            bun = head.ball((0.0, -who.head_height * 1.12, -0.2), (0.19, 0.17, 0.19))
            canvas.fill(bun, Paint(self._colour, rounded(0.13, 0.4)))
        elif self._cut == "curls":
            for place in range(9):
                turn = np.asarray((place - 4.0) / 9.5)
                s, c = sine_cosine(turn * 2.0 * np.pi * 0.86)
                curl = head.ball(
                    (s * who.head_width * 1.08, -0.12 - c * who.head_height * 1.02, -0.12),
                    (0.17, 0.17, 0.2),
                )
                canvas.fill(curl, Paint(scaled(self._colour, 0.85), rounded(0.15, 0.35)))

    def cap(self, canvas: Canvas) -> None:
        """The skull's cover, without a window for the face."""
        if self._cut == "bald":
            return
        who, head = self._head.identity, self._head
        thick = {"short": 1.05, "curls": 1.16, "bun": 1.05, "swept": 1.1}.get(self._cut, 1.09)
        cover = head.ball(
            (0.0, -0.07, -0.05), (who.head_width * thick, who.head_height * thick, 0.43 * thick)
        )
        lean = 0.0 if self._cut in ("short", "bun", "curls", "fringe") else who.parting
        brow = -0.2 - 0.1 * who.hairline if self._cut != "fringe" else -0.12
        low = {"short": 0.0, "swept": 0.02, "bun": -0.02, "curls": 0.1, "fringe": 0.16}.get(
            self._cut, 0.45
        )
        # The window: a disc on the front of the head, its top at the hairline.
        middle = (brow + 0.75) * 0.5
        z, right, up = head.surface(0.0, 0.15)
        slanted = (up[0] + 0.16 * lean * right[0], up[1] + 0.16 * lean * right[1])
        wide = who.head_width * (0.86 if self._cut in ("bob", "long", "fringe") else 0.94)
        face = Ellipse.of_axes(
            head.point(0.0, middle, z * 0.92),
            times(right, wide),
            times(slanted, (0.75 - brow) * 0.5),
        )
        # Nothing of the cap below the line of the ears (or of the jaw, for long hair).
        above = head.ball((0.0, low - 1.0, -0.15), (1.0, 1.0, 1.0))
        canvas.fill(Common(Cut(cover, face), above), Paint(self._colour, self._shade))
        if self._cut == "curls":
            for place in range(5):
                x = (place - 2.0) * who.head_width * 0.42
                curl = head.ball(
                    (x, -who.head_height * 0.72 + abs(x) * 0.3, 0.26), (0.13, 0.11, 0.13)
                )
                canvas.fill(curl, Paint(self._colour, rounded(0.11, 0.35)))

    def strands(self, canvas: Canvas) -> None:
        """What falls in front of the ears, over the forehead, and the shine."""
        who, head = self._head.identity, self._head
        paint = Paint(self._colour, lit(rounded(0.09, 0.16), head.centre, (-0.2, -0.25)))
        if self._cut in ("bob", "long"):
            length = 0.42 if self._cut == "bob" else 0.72
            for side in (-1.0, 1.0):
                x = side * who.head_width
                strand = (
                    head.point(x * 0.72, -0.34, 0.2),
                    head.point(x * 1.0, 0.05, 0.12),
                    head.point(x * 1.03, length, 0.0),
                )
                canvas.fill(Stroke(strand, (0.05, 0.09, 0.06)), paint)
        elif self._cut == "fringe":
            shade = lit(rounded(0.05, 0.07), head.centre, (-0.25, -0.3))
            for place in range(5):
                x = (place - 2.0) * who.head_width * 0.33
                z, _, _ = head.surface(x, -0.2)
                lock = (
                    head.point(x * 0.85, -0.34, z + 0.02),
                    head.point(x, -0.15 - 0.02 * abs(place - 2.0), z + 0.05),
                )
                canvas.fill(Stroke(lock, (0.1, 0.055)), Paint(self._colour, shade))
        if self._cut != "bald":
            gloss = head.point(-0.14, -who.head_height * 0.78, 0.2)
            shine = Ellipse.of_axes(
                gloss, head.direction(0.13, 0.03, 0.0), head.direction(0.0, 0.045, 0.0)
            )
            canvas.fill(shine, Paint(mixed(self._colour, SHINE, 0.5), opacity=0.35, softness=0.1))
