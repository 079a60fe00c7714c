import numpy as np
import pytest

from leo_bench.benchmarks.prepare.boxes import (
    Box,
    central_square,
    inside,
    mask_box,
    sliced,
    squared,
    union,
)
from leo_bench.benchmarks.prepare.resample import Frame


def mask(left: int, top: int, right: int, bottom: int, depth: int = 255) -> Frame:
    """White 60x80, darkened by `depth` in the given columns and rows."""
    picture = np.full((60, 80, 3), 255, dtype=np.uint8)
    picture[top:bottom, left:right] -= np.uint8(depth)
    return picture


def test_the_box_spans_first_to_last_dark_line() -> None:
    assert mask_box(mask(20, 10, 41, 31)) == Box(20, 10, 40, 30)


def test_a_white_mask_has_no_box() -> None:
    assert mask_box(mask(0, 0, 0, 0)) is None


@pytest.mark.parametrize(("depth", "found"), [(5, False), (6, True)])
def test_a_line_counts_when_its_mean_is_over_the_threshold(depth: int, found: bool) -> None:
    """20 of 60 rows are darker by 3 x depth, so a column's mean is depth; the threshold is 5."""
    assert (mask_box(mask(0, 10, 80, 30, depth)) is not None) == found


@pytest.mark.parametrize(
    ("box", "square"),
    [
        (Box(10, 10, 20, 30), Box(5, 10, 25, 30)),
        (Box(10, 10, 30, 20), Box(10, 5, 30, 25)),
        (Box(0, 0, 10, 31), Box(-10, 0, 20, 31)),  # 21 over: 10 on either side, one pixel short
    ],
)
def test_the_shorter_side_grows_by_integer_halves(box: Box, square: Box) -> None:
    assert squared(box) == square


@pytest.mark.parametrize(
    ("box", "shape"),
    [
        (Box(10, 10, 20, 20), (10, 10)),
        (Box(-3, 10, 20, 20), (10, 0)),  # -3 counts from the right: nothing lies between
        (Box(70, 10, 95, 35), (25, 10)),  # cut short, no longer square
    ],
)
def test_a_box_outside_is_treated_as_numpy_slices(box: Box, shape: tuple[int, int]) -> None:
    assert sliced(mask(0, 0, 0, 0), box).shape[:2] == shape


def test_inside_means_every_pixel() -> None:
    assert inside(Box(0, 0, 80, 60), height=60, width=80)
    assert not inside(Box(0, 0, 81, 60), height=60, width=80)


def test_the_union_holds_both() -> None:
    assert union(Box(1, 9, 5, 10), Box(0, 12, 4, 20)) == Box(0, 9, 5, 20)


def test_an_odd_rest_is_left_at_the_far_end() -> None:
    assert central_square(10, 13) == Box(1, 0, 11, 10)
