"""Draws shapes with antialiased edges over one another, in all frames at once.

Pixels are float64 [N,3,R,R], 0..1. A shape is computed inside its bounding box only; outside, its
coverage is exactly 0, so a frame does not depend on which frames are drawn together.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leo_bench.benchmarks.worlds.seeds import Array
from leo_bench.benchmarks.worlds.shapes import Scalar, Shape, across

Colour = tuple[float, float, float]
# (x [w], y [h], distance [N,h,w]) -> a factor on the colour, [N,h,w] or less.
Shading = Callable[[Array, Array, Array], Array]


@dataclass(frozen=True)
class Paint:
    """Colour, shading, opacity and edge width of a shape."""

    colour: Colour
    shading: Shading | None = None
    opacity: Scalar = 1.0
    softness: float = 0.0  # width of the edge beyond one pixel, in frame units


class Canvas:
    """N frames of R x R pixels, all starting as the same background.

    Args:
        background: float64 [3,R,R], 0..1.
        count: N.
    """

    def __init__(self, background: Array, count: int) -> None:
        self.resolution = background.shape[-1]
        self.pixels: Array = np.repeat(background[None], count, axis=0)
        self._centres = pixel_centres(self.resolution)

    def fill(self, shape: Shape, paint: Paint) -> None:
        """Draw `shape` over the present pixels."""
        edge = 2.0 / self.resolution + paint.softness
        left, top, right, bottom = shape.bounds(edge * 0.5)
        columns = self._window(float(np.min(left)), float(np.max(right)))
        rows = self._window(float(np.min(top)), float(np.max(bottom)))
        if columns.start >= columns.stop or rows.start >= rows.stop:
            return
        x, y = self._centres[columns], self._centres[rows]
        distance = shape.distance(x, y)
        coverage = distance * (-1.0 / edge)
        coverage += 0.5
        np.maximum(coverage, 0.0, out=coverage)
        np.minimum(coverage, 1.0, out=coverage)
        coverage *= across(paint.opacity)
        light = None if paint.shading is None else paint.shading(x, y, distance)
        for channel, level in enumerate(paint.colour):
            region = self.pixels[:, channel, rows, columns]
            target = level - region if light is None else level * light - region
            region += coverage * target

    def _window(self, low: float, high: float) -> slice:
        half = self.resolution * 0.5
        return slice(
            max(0, int(np.floor((low + 1.0) * half))),
            min(self.resolution, int(np.ceil((high + 1.0) * half))),
        )

    def bytes(self) -> NDArray[np.uint8]:
        """Pixels rounded to uint8 [N,3,R,R]."""
        return np.floor(np.clip(self.pixels, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)


def pixel_centres(resolution: int) -> Array:
    """float64 [R], within -1..1."""
    return (2.0 * np.arange(resolution, dtype=np.float64) + 1.0) / resolution - 1.0


def rounded(depth: float, dark: float = 0.3) -> Shading:
    """Shading of a round form: 1 from `depth` inside the edge on, 1 - `dark` at the edge."""

    def shade(x: Array, y: Array, distance: Array) -> Array:
        turned = distance * (1.0 / depth) + 1.0
        np.maximum(turned, 0.0, out=turned)
        np.minimum(turned, 1.2, out=turned)
        turned *= turned
        turned *= -dark
        turned += 1.0
        return turned

    return shade


def lit(base: Shading, centre: tuple[Scalar, Scalar], slope: tuple[float, float]) -> Shading:
    """`base` times a factor that grows by `slope` per frame unit from `centre`."""

    def shade(x: Array, y: Array, distance: Array) -> Array:
        ramp = slope[0] * (x - across(centre[0])) + slope[1] * (y[:, None] - across(centre[1]))
        ramp += base(x, y, distance)
        return ramp

    return shade


def from_hsv(hue: float, saturation: float, value: float) -> Colour:
    """Hue (one turn is 1), saturation and value -> red, green, blue, 0..1."""
    channels = []
    for shift in (5.0, 3.0, 1.0):
        sector = (shift + hue * 6.0) % 6.0
        channels.append(value - value * saturation * max(0.0, min(sector, 4.0 - sector, 1.0)))
    return channels[0], channels[1], channels[2]


def mixed(first: Colour, second: Colour, part: float) -> Colour:
    """Linear mix of two colours; `part` is the share of the second."""
    red, green, blue = (a + (b - a) * part for a, b in zip(first, second, strict=True))
    return red, green, blue


def scaled(colour: Colour, factor: float) -> Colour:
    """The colour times a factor, clipped to 0..1."""
    red, green, blue = (min(1.0, level * factor) for level in colour)
    return red, green, blue
