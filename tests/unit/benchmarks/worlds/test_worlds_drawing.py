"""Shapes, edges, chance and curves of the embedded worlds."""

import numpy as np
import pytest

from leo_bench.benchmarks.worlds.canvas import Canvas, Paint, from_hsv, pixel_centres
from leo_bench.benchmarks.worlds.seeds import Dice, Drift, knots, seed_words, sine, sine_cosine
from leo_bench.benchmarks.worlds.shapes import (
    Common,
    Cut,
    Ellipse,
    Lens,
    Quad,
    Shape,
    Stroke,
    Union,
)


def disc(x: float, y: float, radius: float) -> Ellipse:
    return Ellipse.of_axes((x, y), (radius, 0.0), (0.0, radius))


def covered(shape: Shape, resolution: int = 64) -> float:
    """The area that a white shape covers on black, the frame being 4."""
    canvas = Canvas(np.zeros((3, resolution, resolution)), 1)
    canvas.fill(shape, Paint((1.0, 1.0, 1.0)))
    return float(canvas.pixels[0, 0].mean()) * 4.0


SQUARE = Quad(((-0.4, -0.4), (0.4, -0.4), (0.4, 0.4), (-0.4, 0.4)), 0.0)


@pytest.mark.parametrize(
    ("shape", "area"),
    [
        (disc(0.1, -0.2, 0.5), np.pi * 0.25),
        (Ellipse.of_axes((0.0, 0.0), (0.5, 0.5), (-0.2, 0.2)), np.pi * 0.5**0.5 * 0.08**0.5),
        (Stroke(((-0.5, 0.0), (0.5, 0.0)), (0.1, 0.1)), 0.2 + np.pi * 0.01),
        (SQUARE, 0.64),
        (Quad(tuple(reversed(SQUARE.corners)), 0.1), 0.64 + 0.32 + np.pi * 0.01),
        (Lens((0.0, 0.0), (0.6, 0.0), (0.0, -1.0), (0.3, 0.15)), 1.2 * 0.45 * 2 / 3),
        (Cut(SQUARE, disc(0.0, 0.0, 0.2)), 0.64 - np.pi * 0.04),
        (Common(SQUARE, disc(0.0, 0.0, 0.2)), np.pi * 0.04),
    ],
)
def test_a_shape_covers_its_area(shape: Shape, area: float) -> None:
    assert covered(shape) == pytest.approx(area, rel=0.02)


@pytest.mark.parametrize("margin", [0.01, 0.2])
@pytest.mark.parametrize(
    "shape",
    [
        Ellipse.of_axes((0.1, 0.0), (0.5, 0.1), (-0.01, 0.06)),
        Stroke(((-0.3, 0.1), (0.2, 0.3), (0.1, -0.2)), (0.05, 0.1, 0.02)),
        Quad(SQUARE.corners, 0.05),
        Lens((0.0, 0.1), (0.4, 0.1), (0.05, -0.9), (0.1, 0.02), 0.1),
        Lens((0.0, 0.1), (0.4, 0.1), (0.05, -0.9), (-0.02, 0.03)),
        Union(disc(-0.2, 0.0, 0.2), disc(0.25, 0.1, 0.2), 0.3),
        Cut(SQUARE, disc(0.0, 0.0, 0.2)),
        Common(disc(0.3, 0.0, 0.2), SQUARE),
    ],
)
def test_beyond_its_bounds_a_shape_is_further_away_than_the_margin(
    shape: Shape, margin: float
) -> None:
    centres = pixel_centres(256) * 1.5
    distance = shape.distance(centres, centres)[0]
    left, top, right, bottom = (float(np.min(edge)) for edge in shape.bounds(margin))
    in_columns, in_rows = (left < centres) & (centres < right), (top < centres) & (centres < bottom)
    inside = in_rows[:, None] & in_columns[None, :]
    assert distance[~inside].min() >= margin * (1 - 1e-9)
    assert (distance[inside] < margin).any()


def test_a_union_covers_both_and_what_flows_between() -> None:
    apart = Union(disc(-0.5, 0.0, 0.2), disc(0.5, 0.0, 0.2), 0.1)
    assert covered(apart) == pytest.approx(2 * np.pi * 0.04, rel=0.02)
    near = Union(disc(-0.2, 0.0, 0.2), disc(0.2, 0.0, 0.2), 0.1)
    assert covered(near) > 2 * np.pi * 0.04 + 0.002


@pytest.mark.parametrize("step", [0.0, 0.3, 0.6, 0.9])
def test_edges_are_soft_so_that_moving_by_part_of_a_pixel_shows(step: float) -> None:
    pixel = 2.0 / 32
    canvas = Canvas(np.zeros((3, 32, 32)), 1)
    left = step * pixel
    canvas.fill(
        Quad(((left, -2.0), (2.0, -2.0), (2.0, 2.0), (left, 2.0)), 0.0), Paint((1.0, 1.0, 1.0))
    )
    assert canvas.pixels[0, 0, 10, 16] == pytest.approx(1.0 - step)


def test_a_shape_outside_the_frame_paints_nothing() -> None:
    assert covered(disc(3.0, 0.0, 0.5)) == 0.0


def test_each_frame_has_its_own_place() -> None:
    canvas = Canvas(np.zeros((3, 32, 32)), 2)
    canvas.fill(disc(np.array([-0.5, 0.5]), 0.0, 0.3), Paint((1.0, 0.5, 0.0)))  # type: ignore[arg-type]
    red = canvas.bytes()[:, 0]
    assert red[0, 16, 8] == 255
    assert red[1, 16, 24] == 255
    assert red[0, 16, 24] == 0


def test_sine_is_a_sine() -> None:
    turns = np.linspace(-7.0, 9.0, 4001)
    assert np.abs(sine(turns) - np.sin(2 * np.pi * turns)).max() < 1e-10
    s, c = sine_cosine(np.array([0.4, -3.0]))
    assert np.allclose(s, np.sin([0.4, -3.0]), atol=1e-10)
    assert np.allclose(c, np.cos([0.4, -3.0]), atol=1e-10)


def test_dice_depend_on_the_name_alone() -> None:
    first, again, other = Dice("a"), Dice("a"), Dice("b")
    drawn = [first.between(2.0, 3.0) for _ in range(5)]
    assert drawn == [again.between(2.0, 3.0) for _ in range(5)]
    assert drawn != [other.between(2.0, 3.0) for _ in range(5)]
    assert all(2.0 <= value < 3.0 for value in drawn)
    assert drawn[0] == 2.005011540647913


def test_knots_are_uniform_and_pinned() -> None:
    values = knots(seed_words("x")[0], np.arange(-5000, 5000))
    assert values[5000] == -0.03628662081181244
    assert -1.0 <= values.min() < -0.99
    assert 0.99 < values.max() < 1.0
    assert abs(values.mean()) < 0.03
    assert len(np.unique(values)) == 10_000


def test_a_drift_is_smooth_and_bounded() -> None:
    curve = Drift("x", 20.0)(np.arange(20_000.0))
    assert np.abs(curve).max() <= 1.6
    assert 0.5 < curve.std() < 0.7
    assert np.abs(np.diff(curve)).max() < 0.16


def test_pixel_centres_are_centred() -> None:
    assert pixel_centres(4).tolist() == [-0.75, -0.25, 0.25, 0.75]


@pytest.mark.parametrize(
    ("hue", "colour"), [(0.0, (1, 0, 0)), (1 / 3, (0, 1, 0)), (2 / 3, (0, 0, 1)), (1.0, (1, 0, 0))]
)
def test_hues_are_colours(hue: float, colour: tuple[int, int, int]) -> None:
    assert from_hsv(hue, 1.0, 1.0) == pytest.approx(colour)
