"""Draws the talking heads of `toy-faces`, back to front."""

import numpy as np
from numpy.typing import NDArray

from leo_bench.benchmarks.worlds import backdrops
from leo_bench.benchmarks.worlds import face_features as features
from leo_bench.benchmarks.worlds.canvas import Canvas, Paint, lit, rounded, scaled
from leo_bench.benchmarks.worlds.face_hair import Hair
from leo_bench.benchmarks.worlds.face_head import Head
from leo_bench.benchmarks.worlds.face_identity import CLOTHES, PATTERNS, FaceIdentity
from leo_bench.benchmarks.worlds.seeds import Array
from leo_bench.benchmarks.worlds.shapes import Common, Cut, Ellipse, Quad, Stroke


def render_faces(identity: FaceIdentity, motion: Array, resolution: int) -> NDArray[np.uint8]:
    """float64 [N,13] (columns of `face_motion.COLUMNS`) -> uint8 [N,3,R,R], RGB."""
    canvas = Canvas(backdrop(identity, resolution), motion.shape[0])
    head = Head(motion, identity)
    hair = Hair(head)
    hair.behind(canvas)
    _bust(canvas, head)
    features.ears(canvas, head, in_front=False)
    features.skull(canvas, head)
    features.beard(canvas, head)
    features.mouth(canvas, head)
    features.nose(canvas, head)
    for side in (-1.0, 1.0):
        features.eye(canvas, head, side)
    hair.cap(canvas)
    features.ears(canvas, head, in_front=True)
    for side in (-1.0, 1.0):
        features.brow(canvas, head, side)
    hair.strands(canvas)
    if identity.glasses:
        features.glasses(canvas, head)
    return canvas.bytes()


def backdrop(identity: FaceIdentity, resolution: int) -> Array:
    """float64 [3,R,R]."""
    canvas = Canvas(
        backdrops.gradient(identity.backdrop_top, identity.backdrop_bottom, resolution), 1
    )
    accent, phase, scale = identity.backdrop_accent, identity.pattern_phase, identity.pattern_scale
    pattern = PATTERNS[identity.pattern]
    if pattern == "spots":
        backdrops.spots(canvas, accent, phase, scale)
    elif pattern == "stripes":
        backdrops.stripes(canvas, accent, phase, scale)
    elif pattern == "window":
        backdrops.window(canvas, accent, phase, scale)
    elif pattern == "panels":
        backdrops.panels(canvas, accent, phase, scale)
    behind: Array = canvas.pixels[0]
    return behind


def _bust(canvas: Canvas, head: Head) -> None:
    """Neck, shoulders and clothes; they follow the head by a third."""
    who, value = head.identity, head.value
    x, y = value["shift_x"] * 0.45, value["shift_y"] * 0.3
    chest = 0.68 + y
    wide = who.shoulder_width
    throat = head.point(0.0, who.head_height * 0.75, -0.12)
    neck = Stroke(
        ((x, chest + 0.12), throat), (who.jaw_width * 0.45 + 0.1, who.jaw_width * 0.45 + 0.07)
    )
    canvas.fill(neck, Paint(scaled(who.skin_colour, 0.82), rounded(0.16, 0.3)))
    shoulders = Quad(
        (
            (x - wide * 0.42, chest),
            (x + wide * 0.42, chest),
            (x + wide * 0.92, 1.3),
            (x - wide * 0.92, 1.3),
        ),
        0.12,
    )
    shading = lit(rounded(0.3, 0.3), (x, chest + 0.2), (-0.12, 0.1))
    style = CLOTHES[who.clothes]
    opening = Ellipse.of_axes((x, chest - 0.1), (who.jaw_width * 0.72, 0.0), (0.0, 0.13))
    if style == "v-neck":
        tip = 0.36
        opening_v = Quad(
            (
                (x - 0.2, chest - 0.2),
                (x + 0.2, chest - 0.2),
                (x + 0.01, chest + tip - 0.12),
                (x - 0.01, chest + tip - 0.12),
            ),
            0.01,
        )
        canvas.fill(Common(opening_v, shoulders), Paint(scaled(who.skin_colour, 0.9)))
        canvas.fill(Cut(shoulders, opening_v), Paint(who.clothes_colour, shading))
        return
    canvas.fill(Cut(shoulders, opening), Paint(who.clothes_colour, shading))
    if style == "stripes":
        for row in range(3):
            band = Stroke(
                ((x - 1.1, chest + 0.12 + row * 0.13), (x + 1.1, chest + 0.12 + row * 0.13)),
                (0.03, 0.03),
            )
            canvas.fill(Common(band, Cut(shoulders, opening)), Paint(who.trim_colour, opacity=0.85))
    elif style == "collar":
        for side in (-1.0, 1.0):
            flap = Quad(
                (
                    (x + side * 0.27, chest - 0.14), (x + side * 0.06, chest + 0.04),
                    (x + side * 0.14, chest + 0.2), (x + side * 0.32, chest + 0.02),
                ),
                0.015,
            )  # fmt: skip
            canvas.fill(flap, Paint(who.trim_colour, rounded(0.08, 0.2)))
