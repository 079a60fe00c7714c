"""Draws the figures of `toy-bodies`, back to front."""

import numpy as np
from numpy.typing import NDArray

from leo_bench.benchmarks.worlds import backdrops
from leo_bench.benchmarks.worlds.body_identity import HAIRCUTS, PLACES, SLEEVES, TOPS, BodyIdentity
from leo_bench.benchmarks.worlds.body_skeleton import FLOOR, SIDES, Skeleton, along
from leo_bench.benchmarks.worlds.canvas import Canvas, Paint, lit, mixed, rounded, scaled
from leo_bench.benchmarks.worlds.seeds import Array
from leo_bench.benchmarks.worlds.shapes import Common, Cut, Ellipse, Pair, Quad, Scalar, Stroke


def render_bodies(identity: BodyIdentity, motion: Array, resolution: int) -> NDArray[np.uint8]:
    """float64 [N,18] (columns of `body_motion.COLUMNS`) -> uint8 [N,3,R,R], RGB."""
    canvas = Canvas(backdrop(identity, resolution), motion.shape[0])
    _Painter(canvas, Skeleton(motion, identity)).paint()
    return canvas.bytes()


def backdrop(identity: BodyIdentity, resolution: int) -> Array:
    """float64 [3,R,R]: wall, floor, and something on the wall."""
    canvas = Canvas(backdrops.gradient(identity.wall_top, identity.wall_bottom, resolution), 1)
    accent, phase, place = identity.wall_accent, identity.place_phase, PLACES[identity.place]
    if place == "sun":
        disc = Ellipse.of_axes((1.2 * phase - 0.6, -0.35), (0.42, 0.0), (0.0, 0.42))
        canvas.fill(disc, Paint(mixed(accent, (1.0, 0.95, 0.8), 0.5), softness=0.05))
    elif place == "window":
        backdrops.window(canvas, accent, phase, 1.0)
    elif place == "hills":
        for step, shade in ((0, 1.0), (1, 0.85)):
            for middle in (-0.7 + phase * 0.5, 0.5 - phase * 0.4 + step * 0.3):
                hill = Ellipse.of_axes(
                    (middle, 0.55 + 0.1 * step), (0.85, 0.0), (0.0, 0.6 - 0.15 * step)
                )
                canvas.fill(hill, Paint(scaled(accent, shade), opacity=0.8, softness=0.03))
    elif place == "posts":
        backdrops.stripes(canvas, accent, phase, 1.3)
    near, far, line = identity.floor_near, identity.floor_far, identity.horizon
    centre = (0.0, 1.0)
    slope = (0.0, 0.35)
    floor = lit(lambda x, y, distance: np.ones_like(distance), centre, slope)
    canvas.fill(
        backdrops.box(-1.3, line, 1.3, 1.3), Paint(mixed(far, near, 0.5), floor, softness=0.01)
    )
    if place == "mat":
        rug = Ellipse.of_axes((0.0, FLOOR + 0.02), (0.85, 0.0), (0.0, 0.16))
        canvas.fill(rug, Paint(accent, opacity=0.9, softness=0.02))
    behind: Array = canvas.pixels[0]
    return behind


class _Painter:
    """Draws one skeleton, back to front."""

    def __init__(self, canvas: Canvas, bones: Skeleton) -> None:
        self._canvas, self._bones, self._who = canvas, bones, bones.identity
        self._seen = bones.seen

    def paint(self) -> None:
        bones = self._bones
        self._shadow()
        for name, _ in SIDES:
            self._arm(name, 1.0 - self._in_front(name))
        # The nearer leg is drawn last: both orders, one of them see-through.
        nearer = np.clip(
            (bones.legs["right"].joint[2] - bones.legs["left"].joint[2]) * 12.0 + 0.5, 0.0, 1.0
        )
        self._leg("right", 1.0)
        self._leg("left", 1.0)
        self._leg("right", nearer)
        if HAIRCUTS[self._who.haircut] in ("long", "ponytail"):
            self._hanging_hair(1.0)
        self._trunk()
        self._head()
        for name, _ in SIDES:
            self._arm(name, self._in_front(name))

    def _in_front(self, name: str) -> Array:
        """1 where an arm lies before the trunk, 0 behind."""
        arm = self._bones.arms[name]
        depth = arm.joint[2] * 0.4 + arm.tip[2] * 0.6 + 0.12
        return np.clip(depth * 10.0 + 0.5, 0.0, 1.0)

    def _shadow(self) -> None:
        legs = self._bones.legs
        left, right = self._seen(legs["left"].tip), self._seen(legs["right"].tip)
        middle = (self._seen(self._bones.pelvis)[0] + left[0] + right[0]) / 3.0
        wide = 0.3 + np.abs(right[0] - left[0]) * 0.4
        pool = Ellipse.of_axes((middle, FLOOR + 0.03), (wide, np.zeros_like(wide)), (0.0, 0.06))
        self._canvas.fill(pool, Paint((0.05, 0.05, 0.08), opacity=0.4, softness=0.1))

    def _leg(self, name: str, shown: Scalar) -> None:
        who, leg = self._who, self._bones.legs[name]
        hip, knee, ankle = (self._seen(p) for p in (leg.root, leg.joint, leg.tip))
        turn = self._bones.chest_yaw[0] * 0.6
        side = -1.0 if name == "left" else 1.0
        toe = (ankle[0] + 0.06 * side + 0.09 * turn, ankle[1] + 0.045)
        heel = (ankle[0], ankle[1] + 0.015)
        wide = who.limb * who.trouser_width
        cloth = Stroke((hip, knee, ankle), (wide * 1.25, wide * 1.0, wide * 0.85))
        shade = lit(rounded(wide, 0.32), self._seen(self._bones.pelvis), (-0.15, -0.1))
        self._canvas.fill(cloth, Paint(who.trouser_colour, shade, shown))
        self._canvas.fill(
            Stroke((heel, toe), (0.05, 0.042)), Paint(who.shoe_colour, rounded(0.05, 0.3), shown)
        )

    def _trunk(self) -> None:
        who, bones, canvas = self._who, self._bones, self._canvas
        s, c = bones.chest_yaw
        top, low = (
            self._seen(along(bones.pelvis, bones.up, who.trunk - 0.06)),
            self._seen(bones.pelvis),
        )
        wide = np.sqrt(c * c * who.shoulders * who.shoulders + s * s * who.girth * who.girth)
        hips = np.sqrt(c * c * who.hips * who.hips + s * s * who.girth * who.girth)
        style = TOPS[who.top]
        drop = {"jacket": 0.08, "robe": 0.34, "vest": 0.02, "tunic": 0.2}[style]
        flare = {"jacket": 1.1, "robe": 1.55, "vest": 1.0, "tunic": 1.3}[style]
        hem = (low[0], low[1] + drop)
        knees = [self._seen(bones.legs[name].joint) for name, _ in SIDES]
        left_hem, right_hem = hem[0] - hips * flare, hem[0] + hips * flare
        if drop > 0.15:  # a skirt spreads with the knees
            part = drop * 2.6
            left_hem = np.minimum(left_hem, knees[0][0] * part + hem[0] * (1.0 - part) - 0.07)
            right_hem = np.maximum(right_hem, knees[1][0] * part + hem[0] * (1.0 - part) + 0.07)
        shade = lit(rounded(0.13, 0.3), low, (-0.2, -0.12))
        skirt = Quad(
            (
                (low[0] - hips, low[1] - 0.06),
                (low[0] + hips, low[1] - 0.06),
                (right_hem, hem[1]),
                (left_hem, hem[1]),
            ),
            0.03,
        )
        canvas.fill(skirt, Paint(scaled(who.top_colour, 0.93), shade))
        chest = Quad(
            (
                (top[0] - wide, top[1]),
                (top[0] + wide, top[1]),
                (low[0] + hips, low[1]),
                (low[0] - hips, low[1]),
            ),
            0.045,
        )
        canvas.fill(chest, Paint(who.top_colour, shade))
        # Where the garment closes: a line down the front, seen as far as the chest faces us.
        facing = np.clip(c * 2.0 - 0.5, 0.0, 1.0)
        middle = (top[0] + s * who.girth, top[1] - 0.03), (low[0] + s * who.girth, low[1])
        canvas.fill(Stroke(middle, (0.014, 0.014)), Paint(who.trim_colour, opacity=facing * 0.85))
        if style == "robe":
            collar = (top[0] + s * who.girth - c * 0.09, top[1] - 0.05)
            canvas.fill(
                Stroke((collar, middle[1]), (0.02, 0.016)), Paint(who.trim_colour, opacity=facing)
            )
        belt = (low[0] - hips - 0.03, low[1] - 0.04), (low[0] + hips + 0.03, low[1] - 0.04)
        canvas.fill(Stroke(belt, (0.032, 0.032)), Paint(who.belt_colour, rounded(0.04, 0.25)))

    def _arm(self, name: str, shown: Scalar) -> None:
        who, arm, canvas = self._who, self._bones.arms[name], self._canvas
        shoulder, elbow, hand = (self._seen(p) for p in (arm.root, arm.joint, arm.tip))
        thick, style = who.limb, SLEEVES[who.sleeve]
        skin = Paint(who.skin_colour, rounded(thick, 0.3), shown)
        near = (elbow[0] * 0.25 + hand[0] * 0.75, elbow[1] * 0.25 + hand[1] * 0.75)
        canvas.fill(Stroke((near, hand), (0.042, 0.05)), skin)
        cloth = Paint(
            scaled(who.top_colour, 0.96),
            lit(rounded(thick * 1.1, 0.3), shoulder, (-0.1, -0.1)),
            shown,
        )
        if style == "bare":
            canvas.fill(
                Stroke((shoulder, elbow, hand), (thick * 1.05, thick * 0.9, thick * 0.7)), skin
            )
        elif style == "short":
            canvas.fill(Stroke((shoulder, elbow, hand), (thick, thick * 0.9, thick * 0.7)), skin)
            part = (shoulder[0] * 0.3 + elbow[0] * 0.7, shoulder[1] * 0.3 + elbow[1] * 0.7)
            canvas.fill(Stroke((shoulder, part), (thick * 1.2, thick * 1.3)), cloth)
        elif style == "long":
            wrist = (elbow[0] * 0.2 + hand[0] * 0.8, elbow[1] * 0.2 + hand[1] * 0.8)
            canvas.fill(
                Stroke((shoulder, elbow, wrist), (thick * 1.2, thick * 1.1, thick * 0.9)), cloth
            )
        else:
            wrist, cuff = (
                (elbow[0] * (1.0 - part) + hand[0] * part, elbow[1] * (1.0 - part) + hand[1] * part)
                for part in (0.58, 0.66)
            )
            canvas.fill(
                Stroke((wrist, cuff), (thick * 1.42, thick * 1.42)),
                Paint(who.trim_colour, None, shown),
            )
            canvas.fill(
                Stroke((shoulder, elbow, wrist), (thick * 1.15, thick * 1.2, thick * 1.45)), cloth
            )

    def _head(self) -> None:
        who, bones, canvas = self._who, self._bones, self._canvas
        s, c = bones.head_yaw
        skull, neck = self._seen(bones.skull), self._seen(bones.neck)
        size, cut = who.head, HAIRCUTS[who.haircut]
        canvas.fill(
            Stroke((plus(neck, 0.0, 0.03), skull), (0.055, 0.05)),
            Paint(scaled(who.skin_colour, 0.8)),
        )
        face = Ellipse.of_axes(skull, (size * 0.86, 0.0), (0.0, size))
        canvas.fill(
            face, Paint(who.skin_colour, lit(rounded(size * 0.8, 0.22), skull, (-0.35, -0.3)))
        )
        facing = np.clip(c * 3.0 - 0.2, 0.0, 1.0)
        for side in (-1.0, 1.0):
            # Eyes lie on the front of the skull and turn with it.
            x, z = side * 0.36 * c + 0.8 * s, 0.8 * c - side * 0.36 * s
            eye = plus(skull, x * size * 0.9, size * 0.02)
            seen = np.clip(z * 3.0 - 0.3, 0.0, 1.0)
            dot = Ellipse.of_axes(eye, (0.016 + 0.0 * x, 0.0), (0.0, 0.024))
            canvas.fill(dot, Paint((0.08, 0.06, 0.06), opacity=seen))
        nose = plus(skull, 0.92 * size * s, size * 0.2)
        canvas.fill(
            Ellipse.of_axes(nose, (0.02, 0.0), (0.0, 0.022)),
            Paint(scaled(who.skin_colour, 0.88), opacity=facing),
        )
        mouth = (
            plus(skull, (0.72 * s - 0.22 * c) * size, size * 0.5),
            plus(skull, (0.72 * s + 0.22 * c) * size, size * 0.5),
        )
        canvas.fill(Stroke(mouth, (0.01, 0.01)), Paint((0.55, 0.22, 0.2), opacity=facing))
        if cut == "bald":
            return
        hair = Paint(who.hair_colour, lit(rounded(size, 0.3), skull, (-0.8, -0.8)))
        cover = Ellipse.of_axes(
            plus(skull, 0.0, -size * 0.06), (size * 0.98, 0.0), (0.0, size * 1.04)
        )
        window = Ellipse.of_axes(
            plus(skull, 0.62 * size * s, size * 0.5), (size * 0.86, 0.0), (0.0, size * 0.96)
        )
        above = Ellipse.of_axes(
            plus(skull, -s * size * 0.5, -size * 0.95), (size * 1.6, 0.0), (0.0, size * 1.35)
        )
        canvas.fill(Common(Cut(cover, window), above), hair)
        if cut == "topknot":
            knot = plus(skull, -0.25 * size * s, -size * 1.12)
            canvas.fill(Ellipse.of_axes(knot, (size * 0.36, 0.0), (0.0, size * 0.36)), hair)
        elif cut == "headband":
            ends = plus(skull, -size * 0.84, -size * 0.36), plus(skull, size * 0.84, -size * 0.36)
            canvas.fill(Stroke(ends, (0.022, 0.022)), Paint(who.belt_colour))

    def _hanging_hair(self, shown: Scalar) -> None:
        """Behind the trunk: it shows beside the neck and the turned head."""
        who, bones = self._who, self._bones
        s, _ = bones.head_yaw
        skull = self._seen(bones.skull)
        size, long = who.head, HAIRCUTS[who.haircut] == "long"
        start = plus(skull, -0.5 * size * s, 0.0)
        end = plus(skull, -(1.1 if not long else 0.5) * size * s, size * (2.0 if long else 1.6))
        radii = (size * 0.95, size * 0.8) if long else (size * 0.6, size * 0.22)
        colour = scaled(who.hair_colour, 0.8)
        self._canvas.fill(
            Stroke((start, end), radii), Paint(colour, rounded(size * 0.8, 0.3), shown)
        )


def plus(point: Pair, dx: Scalar, dy: Scalar) -> Pair:
    """A moved point of the picture."""
    return point[0] + dx, point[1] + dy
