"""Draws the features of a head of `toy-faces`: skull, ears, eyes, nose, mouth, beard, glasses."""

import numpy as np

from leo_bench.benchmarks.worlds.canvas import Canvas, Colour, Paint, lit, mixed, rounded, scaled
from leo_bench.benchmarks.worlds.face_head import Head, plus, times
from leo_bench.benchmarks.worlds.face_identity import HAIRCUTS, IRISES
from leo_bench.benchmarks.worlds.shapes import Common, Cut, Ellipse, Lens, Scalar, Stroke, Union

WHITE: Colour = (0.97, 0.97, 0.95)
DARK: Colour = (0.09, 0.07, 0.07)


def outline(head: Head) -> Union:
    """Cranium and jaw; the jaw drops as the mouth opens."""
    who, drop = head.identity, 0.09 * head.value["mouth_open"]
    cranium = head.ball((0.0, -0.06, -0.03), (who.head_width, who.head_height, 0.43))
    jaw_centre = (0.0, who.head_height * 0.42 + drop * 0.6, 0.08)
    jaw = head.ball(jaw_centre, (who.jaw_width, who.jaw_length + drop * 0.5, 0.33))
    return Union(cranium, jaw, 0.16)


def skull(canvas: Canvas, head: Head) -> None:
    """The skin of the head, and its cheeks."""
    who = head.identity
    light = lit(rounded(0.24, 0.22), head.centre, (-0.13, -0.1))
    canvas.fill(outline(head), Paint(who.skin_colour, light))
    blush = mixed(who.skin_colour, (0.9, 0.35, 0.3), 0.3)
    for side in (-1.0, 1.0):
        x, y = side * 0.24, 0.2
        z, right, up = head.surface(x, y)
        cheek = Ellipse.of_axes(head.point(x, y, z), times(right, 0.05), times(up, 0.04))
        canvas.fill(cheek, Paint(blush, opacity=0.5, softness=0.12))


def ears(canvas: Canvas, head: Head, *, in_front: bool) -> None:
    """Drawn behind the head, and again before it as far as the head shows that side."""
    who = head.identity
    if HAIRCUTS[who.haircut] in ("bob", "long"):
        return
    for side in (-1.0, 1.0):
        shown: Scalar = 1.0
        if in_front:
            shown = np.clip(head.facing(side, 0.0, 0.25) * 5.0 - 1.2, 0.0, 1.0)
        centre = (side * who.head_width * 0.99, 0.08, -0.06)
        ear = head.ball(centre, (0.05, who.ear_size * 1.15, who.ear_size * 0.7))
        canvas.fill(ear, Paint(scaled(who.skin_colour, 0.93), rounded(0.06, 0.3), shown))
        inner = head.ball(
            (centre[0] + side * 0.02, 0.08, -0.03), (0.02, who.ear_size * 0.65, who.ear_size * 0.35)
        )
        canvas.fill(inner, Paint(scaled(who.skin_colour, 0.68), opacity=shown))


def eye(canvas: Canvas, head: Head, side: float) -> None:
    """One eye: socket, white, iris, pupil, glint, lid. `side` is -1 at the left."""
    who, value = head.identity, head.value
    x, y = side * who.eye_spacing, who.eye_height
    z, right, up = head.surface(x, y)
    centre = head.point(x, y, z)
    size, shut = who.eye_size, value["blink"]
    socket = Ellipse.of_axes(centre, times(right, size * 1.1), times(up, size * 0.75))
    canvas.fill(socket, Paint(scaled(who.skin_colour, 0.8), opacity=0.5, softness=0.05))
    above = size * (0.62 * (1.0 - 1.25 * shut) + 0.1 * value["brow"])
    below = size * 0.4
    white = Lens(centre, times(right, size), up, (above, below))
    canvas.fill(white, Paint(WHITE, rounded(0.06, 0.12)))
    look = plus(
        centre,
        times(right, 0.4 * size * value["gaze_x"]),
        times(up, -0.22 * size * value["gaze_y"] + 0.08 * size),
    )
    for part, colour in ((0.56, IRISES[who.iris]), (0.3, DARK)):
        disc = Ellipse.of_axes(look, times(right, size * part), times(up, size * part))
        canvas.fill(Common(disc, white), Paint(colour))
    glint = plus(look, times(right, -0.2 * size), times(up, 0.24 * size))
    spark = Ellipse.of_axes(glint, times(right, size * 0.14), times(up, size * 0.14))
    canvas.fill(Common(spark, white), Paint((1.0, 1.0, 1.0), opacity=0.9))
    lid = tuple(
        plus(centre, times(right, size * place), times(up, above * (1.0 - place * place)))
        for place in (-1.05, -0.5, 0.0, 0.5, 1.05)
    )
    canvas.fill(
        Stroke(lid, (0.008, 0.016, 0.018, 0.016, 0.008)),
        Paint(scaled(who.hair_colour, 0.5), opacity=0.9),
    )


def brow(canvas: Canvas, head: Head, side: float) -> None:
    """One brow, raised with the motion."""
    who = head.identity
    raised = 0.045 * head.value["brow"] + 0.008
    points = []
    for place, lift in ((-1.0, -0.01), (0.1, 0.025), (1.0, -0.005)):  # from the nose outwards
        x = side * (who.eye_spacing + place * who.eye_size * 1.05)
        y = who.eye_height - who.eye_size * 1.15 - raised - lift + who.brow_slant * place
        z, _, _ = head.surface(x, y)
        points.append(head.point(x, y, z))
    thick = who.brow_thickness
    colour = (
        mixed(who.hair_colour, who.skin_colour, 0.12)
        if who.haircut
        else scaled(who.skin_colour, 0.5)
    )
    canvas.fill(
        Stroke(tuple(points), (thick, thick * 0.9, thick * 0.4)), Paint(scaled(colour, 0.85))
    )


def nose(canvas: Canvas, head: Head) -> None:
    """Bridge, tip and nostrils; the tip stands out, so it shifts most as the head turns."""
    who = head.identity
    tip_y = who.eye_height + who.nose_length
    bridge, tip = head.point(0.0, who.eye_height - 0.01, 0.42), head.point(0.0, tip_y, 0.54)
    shade = scaled(who.skin_colour, 0.86)
    flank = head.point(0.028, tip_y, 0.49)
    canvas.fill(Stroke((bridge, flank), (0.012, 0.035)), Paint(shade, opacity=0.8, softness=0.03))
    canvas.fill(
        Stroke((bridge, tip), (0.018, who.nose_width * 0.55)),
        Paint(scaled(who.skin_colour, 1.04), softness=0.03),
    )
    ball = head.ball((0.0, tip_y, 0.47), (who.nose_width, who.nose_width * 0.72, who.nose_width))
    canvas.fill(ball, Paint(scaled(who.skin_colour, 1.02), rounded(0.05, 0.3)))
    for side in (-1.0, 1.0):
        nostril = head.ball(
            (side * who.nose_width * 0.5, tip_y + 0.035, 0.48), (0.017, 0.012, 0.012)
        )
        canvas.fill(nostril, Paint(scaled(who.skin_colour, 0.42), opacity=0.85))


def mouth(canvas: Canvas, head: Head) -> None:
    """Lips, and what an open mouth shows."""
    who, value = head.identity, head.value
    y = who.head_height * 0.42 + 0.16
    z, right, up = head.surface(0.0, y)
    opening = value["mouth_open"]
    half = who.mouth_width * (
        1.0 + 0.22 * value["mouth_wide"] + 0.12 * value["smile"] - 0.08 * opening
    )
    centre = head.point(0.0, y + 0.02 * opening, z + 0.02)
    bend = -0.055 * value["smile"]  # the middle moves down when smiling
    top, bottom = 0.035 * opening, 0.14 * opening
    full = who.lip_fullness
    outer = Lens(centre, times(right, half * 1.08), up, (top + full, bottom + full * 1.25), -bend)
    canvas.fill(outer, Paint(who.lip_colour, rounded(0.05, 0.12)))
    line = 0.008
    inner = Lens(centre, times(right, half * 0.93), up, (top + line, bottom + line), -bend)
    canvas.fill(inner, Paint((0.28, 0.07, 0.08)))
    tongue = Ellipse.of_axes(
        plus(centre, times(up, -bottom - 0.01)), times(right, half * 0.5), times(up, 0.05)
    )
    canvas.fill(Common(tongue, inner), Paint((0.75, 0.33, 0.34)))
    below = Lens(
        plus(centre, times(up, -0.038)),
        times(right, half * 1.1),
        up,
        (top + line, bottom + 0.1),
        -bend,
    )
    middle = Ellipse.of_axes(centre, times(right, half * 0.7), times(up, 0.2))
    canvas.fill(
        Common(Cut(inner, below), middle),
        Paint(WHITE, opacity=np.clip(opening * 4.0 - 0.3, 0.0, 1.0)),
    )


def beard(canvas: Canvas, head: Head) -> None:
    """Beard and moustache, if any."""
    who = head.identity
    y = who.head_height * 0.42 + 0.16
    if who.beard > 0.0:
        z, right, up = head.surface(0.0, 0.05)
        bare = Ellipse.of_axes(
            head.point(0.0, 0.04, z), times(right, who.jaw_width * 1.02), times(up, 0.24)
        )
        below = head.ball((0.0, 1.06, 0.1), (0.95, 0.95, 0.95))
        growth = Common(Cut(outline(head), bare), below)
        canvas.fill(
            growth,
            Paint(scaled(who.hair_colour, 0.82), rounded(0.2, 0.3), 0.3 + 0.65 * who.beard, 0.03),
        )
    if who.moustache:
        z, right, up = head.surface(0.0, y - 0.065)
        hair = Lens(
            head.point(0.0, y - 0.06, z + 0.04),
            times(right, who.mouth_width * 1.05),
            up,
            (0.035, 0.012),
            -0.025,
        )
        canvas.fill(hair, Paint(who.hair_colour, softness=0.01))


def glasses(canvas: Canvas, head: Head) -> None:
    """Rims in front of the face, and their arms as far as seen."""
    who = head.identity
    size, line = who.eye_size * 1.42, 0.02
    for side in (-1.0, 1.0):
        x = side * who.eye_spacing * 1.03
        _, right, up = head.surface(x, who.eye_height)
        centre = head.point(x, who.eye_height + 0.005, 0.46)
        rim = Ellipse.of_axes(centre, times(right, size), times(up, size * 0.86))
        glass = Ellipse.of_axes(
            centre, times(right, size - line * 1.6), times(up, size * 0.86 - line * 1.6)
        )
        canvas.fill(glass, Paint((0.9, 0.95, 1.0), opacity=0.14))
        canvas.fill(Cut(rim, glass), Paint(who.glasses_colour))
        hinge = head.point(side * (who.eye_spacing + size), who.eye_height, 0.42)
        ear = head.point(side * who.head_width * 0.99, who.eye_height + 0.02, 0.02)
        seen = np.clip(head.facing(side, 0.0, 0.4) * 4.0 - 0.6, 0.0, 1.0)
        canvas.fill(Stroke((hinge, ear), (0.013, 0.01)), Paint(who.glasses_colour, opacity=seen))
    inner = who.eye_spacing * 1.03 - size + 0.01
    bridge = (head.point(-inner, who.eye_height, 0.48), head.point(inner, who.eye_height, 0.48))
    canvas.fill(Stroke(bridge, (0.013, 0.013)), Paint(who.glasses_colour))
