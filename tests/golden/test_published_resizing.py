"""Resizing of prepared frames against OpenCV 5.0.0 and scikit-image 0.26.0, on one picture."""

import hashlib
from collections.abc import Callable

import numpy as np
import pytest

from leo_bench.benchmarks.prepare.resample import Frame, anti_aliased_linear, lanczos4

# [5,5] of channel 0, and SHA-256 of all of uint8 [side,side,3], for sides 5 and 20.
OPENCV_LANCZOS4 = [
    [92, 36, 43, 140, 210],
    [91, 67, 114, 195, 214],
    [172, 118, 116, 114, 60],
    [65, 164, 143, 159, 182],
    [89, 104, 240, 142, 178],
]
SKIMAGE_ANTI_ALIASED = [
    [103, 123, 124, 129, 134],
    [116, 134, 145, 133, 146],
    [122, 125, 127, 118, 111],
    [119, 116, 106, 126, 139],
    [123, 116, 137, 138, 119],
]
LARGER = {
    lanczos4: "451b2cee8c77c15df3dfc275aefbc226a87fdfd383317b09f848796d07f63f7e",
    anti_aliased_linear: "2f582ec5a81df22aaeb9b76506f32044cb9f92ddf29c03a0fd47a3482a59c832",
}


def picture() -> Frame:
    """uint8 [13,17,3], by formula."""
    y, x, c = np.mgrid[:13, :17, :3]
    return ((y * y * 31 + x * 57 + c * 101 + x * y * 7) % 256).astype(np.uint8)


def test_lanczos4_is_opencvs_to_the_bit() -> None:
    assert lanczos4(picture(), 5)[..., 0].tolist() == OPENCV_LANCZOS4


def test_anti_aliased_linear_is_scikit_images() -> None:
    assert anti_aliased_linear(picture(), 5)[..., 0].tolist() == SKIMAGE_ANTI_ALIASED


@pytest.mark.parametrize("resize", [lanczos4, anti_aliased_linear])
def test_enlarging_agrees_in_every_pixel(resize: Callable[[Frame, int], Frame]) -> None:
    assert hashlib.sha256(resize(picture(), 20).tobytes()).hexdigest() == LARGER[resize]


@pytest.mark.parametrize("resize", [lanczos4, anti_aliased_linear])
def test_a_picture_of_the_right_size_stays_as_it_is(resize: Callable[[Frame, int], Frame]) -> None:
    square = picture()[:, :13]
    assert resize(square, 13) is square
