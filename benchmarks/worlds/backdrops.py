"""Draws still backgrounds: gradients and patterns, one picture an identity."""

import numpy as np

from leo_bench.benchmarks.worlds.canvas import Canvas, Colour, Paint, pixel_centres, scaled
from leo_bench.benchmarks.worlds.seeds import Array
from leo_bench.benchmarks.worlds.shapes import Ellipse, Quad


def gradient(top: Colour, bottom: Colour, resolution: int) -> Array:
    """float64 [3,R,R]: from one colour to the other, a little darker in the corners."""
    centres = pixel_centres(resolution)
    part = (centres + 1.0) * 0.5
    off = centres * centres
    vignette = 1.0 - 0.09 * (off[:, None] + off[None, :])
    return np.stack(
        [(a + (b - a) * part)[:, None] * vignette for a, b in zip(top, bottom, strict=True)]
    )


def spots(canvas: Canvas, colour: Colour, phase: float, scale: float) -> None:
    """Large soft discs of light."""
    for place in range(7):
        x = ((place * 0.618 + phase) % 1.0) * 2.2 - 1.1
        y = ((place * 0.387 + phase * 3.0) % 1.0) * 1.7 - 1.1
        size = scale * (0.18 + 0.14 * ((place * 0.77 + phase) % 1.0))
        disc = Ellipse.of_axes((x, y), (size, 0.0), (0.0, size))
        canvas.fill(disc, Paint(colour, opacity=0.55, softness=0.12))


def stripes(canvas: Canvas, colour: Colour, phase: float, scale: float) -> None:
    """Soft upright bands."""
    width = 0.17 * scale
    for place in range(8):
        x = -1.2 + (place + phase) * 2.0 * width
        canvas.fill(box(x, -1.2, x + width, 1.2), Paint(colour, opacity=0.5, softness=0.06))


def window(canvas: Canvas, colour: Colour, phase: float, scale: float) -> None:
    """A bright window to one side."""
    x = -0.85 + 1.15 * phase
    width, height = 0.52 * scale, 0.85 * scale
    canvas.fill(box(x, -0.85, x + width, -0.85 + height), Paint(scaled(colour, 0.7)))
    for column in (0, 1):
        for row in (0, 1):
            left = x + 0.05 + column * (width * 0.5 - 0.015)
            top = -0.8 + row * (height * 0.5 - 0.015)
            pane = box(left, top, left + width * 0.5 - 0.07, top + height * 0.5 - 0.07)
            canvas.fill(pane, Paint(scaled(colour, 1.35), softness=0.03))


def panels(canvas: Canvas, colour: Colour, phase: float, scale: float) -> None:
    """Shelves: long boards across, with shadows under them."""
    for place in range(4):
        y = -1.0 + (place + phase) * 0.55 * scale
        canvas.fill(box(-1.2, y, 1.2, y + 0.07), Paint(colour, softness=0.02))
        canvas.fill(
            box(-1.2, y + 0.07, 1.2, y + 0.15),
            Paint(scaled(colour, 0.45), opacity=0.4, softness=0.1),
        )


def box(left: float, top: float, right: float, bottom: float) -> Quad:
    """An upright rectangle."""
    return Quad(((left, top), (right, top), (right, bottom), (left, bottom)), 0.0)
