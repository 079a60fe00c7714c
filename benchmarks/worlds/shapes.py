"""Shapes as signed distance functions, for N frames at once.

Legend: x to the right and y down, -1..1 over the frame; N frames; points and vectors are pairs of
float64 [N] (or numbers); a distance is negative inside, in the same unit, and right near the edge,
where coverage needs it. `distance` takes x [w] and y [h] and gives [N,h,w]; `bounds(margin)` gives
left, top, right, bottom, each [N] or a number: beyond them, `distance` is at least `margin`.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np

from leo_bench.benchmarks.worlds.seeds import Array

Scalar = Array | float
Pair = tuple[Scalar, Scalar]
Bounds = tuple[Scalar, Scalar, Scalar, Scalar]


class Shape(Protocol):
    """A shape that a canvas can fill."""

    def bounds(self, margin: float) -> Bounds:
        """Left, top, right, bottom: outside them every distance is at least `margin`."""

    def distance(self, x: Array, y: Array) -> Array:
        """Signed distance of every pixel centre."""


def across(value: Scalar) -> Array:
    """[N] or a number -> [N,1,1], which broadcasts with pixels."""
    return np.asarray(value, dtype=np.float64).reshape(-1, 1, 1)


@dataclass(frozen=True)
class Ellipse:
    """All points c + M s with |s| <= 1, given M M^T; the projection of an ellipsoid is one.

    Args:
        centre: c.
        spread: the entries xx, xy, yy of M M^T.
    """

    centre: Pair
    spread: tuple[Scalar, Scalar, Scalar]

    @staticmethod
    def of_axes(centre: Pair, *axes: Pair) -> "Ellipse":
        """From the images of the unit axes (two of a disc, three of a ball)."""
        xx, xy, yy = axes[0][0] * axes[0][0], axes[0][0] * axes[0][1], axes[0][1] * axes[0][1]
        for ax, ay in axes[1:]:
            xx, xy, yy = xx + ax * ax, xy + ax * ay, yy + ay * ay
        return Ellipse(centre, (xx, xy, yy))

    def bounds(self, margin: float) -> Bounds:
        """Bounds of the ellipse scaled by (1 + margin / short half-axis)."""
        (cx, cy), (xx, xy, yy) = self.centre, self.spread
        off = (xx - yy) * 0.5
        short = np.sqrt(np.maximum((xx + yy) * 0.5 - np.sqrt(off * off + xy * xy), 1e-12))
        growth = 1.0 + margin / short
        half_x, half_y = np.sqrt(xx) * growth, np.sqrt(yy) * growth
        return cx - half_x, cy - half_y, cx + half_x, cy + half_y

    def distance(self, x: Array, y: Array) -> Array:
        """To first order: exact at the edge, approximate elsewhere."""
        xx, xy, yy = (across(entry) for entry in self.spread)
        scale = 1.0 / (xx * yy - xy * xy)
        dx = x - across(self.centre[0]) + 1e-9  # off the exact centre, where 0/0 would be
        dy = y[:, None] - across(self.centre[1])
        slope_x = (yy * scale) * dx - (xy * scale) * dy
        slope_y = (xx * scale) * dy - (xy * scale) * dx
        level = np.sqrt(dx * slope_x + dy * slope_y)
        slope_x *= slope_x
        slope_y *= slope_y
        slope_x += slope_y
        return (level - 1.0) * level / np.sqrt(slope_x)


@dataclass(frozen=True)
class Stroke:
    """A chain of tapered capsules: limbs, brows, lines.

    Args:
        points: at least two.
        radii: one a point.
    """

    points: tuple[Pair, ...]
    radii: tuple[Scalar, ...]

    def bounds(self, margin: float) -> Bounds:
        """The box around all end discs."""
        discs = [(p, r + margin) for p, r in zip(self.points, self.radii, strict=True)]
        left, top = discs[0][0][0] - discs[0][1], discs[0][0][1] - discs[0][1]
        right, bottom = discs[0][0][0] + discs[0][1], discs[0][0][1] + discs[0][1]
        for (px, py), radius in discs[1:]:
            left, top = np.minimum(left, px - radius), np.minimum(top, py - radius)
            right, bottom = np.maximum(right, px + radius), np.maximum(bottom, py + radius)
        return left, top, right, bottom

    def distance(self, x: Array, y: Array) -> Array:
        """Minimum over the capsules."""
        nearest: Array | None = None
        ends = list(zip(self.points, self.radii, strict=True))
        for ((ax, ay), start), ((bx, by), stop) in pairwise(ends):
            ux, uy = across(bx - ax), across(by - ay)
            inverse = 1.0 / (ux * ux + uy * uy + 1e-12)
            dx, dy = x - across(ax), y[:, None] - across(ay)
            along = (ux * inverse) * dx + (uy * inverse) * dy
            np.maximum(along, 0.0, out=along)
            np.minimum(along, 1.0, out=along)
            off_x, off_y = dx - along * ux, dy - along * uy
            off_x *= off_x
            off_y *= off_y
            off_x += off_y
            gap = np.sqrt(off_x) - (across(start) + along * across(stop - start))
            nearest = gap if nearest is None else np.minimum(nearest, gap)
        if nearest is None:
            raise ValueError("a stroke needs at least two points")
        return nearest


@dataclass(frozen=True)
class Lens:
    """The region between two parabolas over one chord: eyes, lips, hems.

    Args:
        centre: the middle of the chord.
        along: half the chord.
        up: the unit of height, as seen (foreshortened).
        heights: above and below the chord, in that unit; a negative one
            bends the edge to the other side.
        bend: how far the middle is moved down against the corners.
    """

    centre: Pair
    along: Pair
    up: Pair
    heights: Pair
    bend: Scalar = 0.0

    def bounds(self, margin: float) -> Bounds:
        """The box of the parallelogram around it."""
        (cx, cy), (ax, ay), (ux, uy) = self.centre, self.along, self.up
        unit = np.sqrt(ux * ux + uy * uy)
        wide = 1.0 + margin * unit / np.abs(ax * uy - ay * ux)
        tall = np.maximum(np.abs(self.heights[0]), np.abs(self.heights[1])) + np.abs(self.bend)
        tall = tall * np.maximum(1.0, wide * wide - 1.0) + margin / unit
        half_x = wide * np.abs(ax) + tall * np.abs(ux)
        half_y = wide * np.abs(ay) + tall * np.abs(uy)
        return cx - half_x, cy - half_y, cx + half_x, cy + half_y

    def distance(self, x: Array, y: Array) -> Array:
        """Measured along `up`, in screen units, and across it beyond the corners."""
        ax, ay, ux, uy = (across(v) for v in (*self.along, *self.up))
        inverse = 1.0 / (ax * uy - ay * ux)
        dx, dy = x - across(self.centre[0]), y[:, None] - across(self.centre[1])
        s = (uy * inverse) * dx - (ux * inverse) * dy
        v = (ax * inverse) * dy - (ay * inverse) * dx  # positive towards `up`
        arch = 1.0 - s * s
        v = v + across(self.bend) * arch
        above, below = across(self.heights[0]) * arch, across(self.heights[1]) * arch
        unit = np.sqrt(ux * ux + uy * uy)
        beyond = (np.abs(s) - 1.0) * (1.0 / (unit * np.abs(inverse)))
        nearest: Array = np.maximum(np.maximum(v - above, -v - below) * unit, beyond)
        return nearest


@dataclass(frozen=True)
class Quad:
    """A convex four-sided shape with rounded corners: trunks, skirts, shoulders.

    Args:
        corners: going round, either way, the same way in all frames.
        rounding: how far the edge lies outside the corners.
    """

    corners: tuple[Pair, Pair, Pair, Pair]
    rounding: Scalar

    def bounds(self, margin: float) -> Bounds:
        """The box of the corners, widened."""
        return Stroke(self.corners, (self.rounding,) * 4).bounds(margin)

    def distance(self, x: Array, y: Array) -> Array:
        """Distance to the outline, negative inside, less `rounding`."""
        inside: Array | None = None
        doubled: Scalar = 0.0
        sides = list(zip(self.corners, self.corners[1:] + self.corners[:1], strict=True))
        for (ax, ay), (bx, by) in sides:
            doubled = doubled + ax * by - bx * ay
        turn = across(np.where(np.asarray(doubled) > 0.0, 1.0, -1.0))
        for (ax, ay), (bx, by) in sides:
            ux, uy = across(bx - ax), across(by - ay)
            length = turn / np.sqrt(ux * ux + uy * uy + 1e-12)
            gap = (uy * length) * (x - across(ax)) - (ux * length) * (y[:, None] - across(ay))
            inside = gap if inside is None else np.maximum(inside, gap)
        outline = Stroke((*self.corners, self.corners[0]), (0.0,) * 5).distance(x, y)
        if inside is None:
            raise ValueError("a quad needs corners")
        return np.where(inside < 0.0, -outline, outline) - across(self.rounding)


@dataclass(frozen=True)
class Union:
    """Smooth union of two shapes; `blend` is the width of the transition."""

    first: Shape
    second: Shape
    blend: float

    def bounds(self, margin: float) -> Bounds:
        """The box around both, widened by what the blend may add."""
        more = margin + self.blend * 0.25
        one, two = self.first.bounds(more), self.second.bounds(more)
        low = (np.minimum(one[i], two[i]) for i in (0, 1))
        high = (np.maximum(one[i], two[i]) for i in (2, 3))
        left, top = low
        right, bottom = high
        return left, top, right, bottom

    def distance(self, x: Array, y: Array) -> Array:
        """Smooth minimum of the two distances."""
        one, two = self.first.distance(x, y), self.second.distance(x, y)
        near = np.maximum(self.blend - abs(one - two), 0.0)
        return np.minimum(one, two) - near * near * (0.25 / self.blend)


@dataclass(frozen=True)
class Cut:
    """The first shape minus the second."""

    shape: Shape
    hole: Shape

    def bounds(self, margin: float) -> Bounds:
        """The bounds of `shape`."""
        return self.shape.bounds(margin)

    def distance(self, x: Array, y: Array) -> Array:
        """Maximum of the shape's distance and the negated distance of the hole."""
        return np.maximum(self.shape.distance(x, y), -self.hole.distance(x, y))


@dataclass(frozen=True)
class Common:
    """Intersection of two shapes."""

    shape: Shape
    other: Shape

    def bounds(self, margin: float) -> Bounds:
        """The bounds of `shape`."""
        return self.shape.bounds(margin)

    def distance(self, x: Array, y: Array) -> Array:
        """Maximum of the two distances."""
        return np.maximum(self.shape.distance(x, y), self.other.distance(x, y))
