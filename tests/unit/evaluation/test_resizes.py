"""Every resize against the calls that its original makes, to the bit, over frames of any shape.

The calls are written out here once more, from the files named, so that a resize of ours that agrees
on squares alone is found.
"""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as vision

from leo_bench.benchmarks.prepare.resample import shorter_side_lanczos
from leo_bench.evaluation.preprocess import REQUANTISE, REQUANTISED, RESIZE, loaded

Frame = NDArray[np.uint8]  # [H,W,3]

# Taller and wider, even and odd, differences of 1, 2 and 3 modulo 4, enlarged and reduced.
SIZES = [
    (240, 320), (180, 240), (360, 640), (131, 97), (131, 96), (130, 96), (97, 131), (96, 129),
    (320, 240), (120, 160), (61, 47), (47, 62), (256, 256), (64, 64), (33, 200), (199, 51),
]  # fmt: skip
SIDES = [64, 128, 256]


def tiles(height: int, width: int) -> Frame:
    """Hard edges and noise: a shift by a pixel or another filter changes most values."""
    random = np.random.default_rng(height * 1000 + width)
    coarse = random.integers(0, 256, (height // 9 + 1, width // 11 + 1, 3))
    large = coarse.repeat(9, 0).repeat(11, 1)[:height, :width]
    noise = random.integers(-20, 21, (height, width, 3))
    return np.clip(large + noise, 0, 255).astype(np.uint8)


def on_pictures(frame: Frame, side: int, name: str) -> Frame:
    """What each converter or loader does to one Pillow picture."""
    picture = Image.fromarray(frame)
    width, height = picture.size
    if name == "shorter-side-lanczos-center-crop":  # stylegan-v convert_videos_to_frames.py:74-75
        picture = vision.resize(picture, size=side, interpolation=InterpolationMode.LANCZOS)
        picture = vision.center_crop(picture, output_size=(side, side))
    elif name == "center-crop-lanczos":  # Latte tools/convert_videos_to_frames.py:78-79
        picture = vision.center_crop(picture, output_size=(min(width, height),) * 2)
        picture = vision.resize(picture, size=side, interpolation=InterpolationMode.LANCZOS)
    else:  # TATS tats/data.py and cd-fvd data_utils.py, FrameDataset
        half = abs(height - width) // 2
        short = min(height, width)
        box = (0, half, short, half + short) if height > width else (half, 0, half + short, short)
        picture = picture.crop(box).resize((side, side), Image.Resampling.LANCZOS)
    return np.asarray(picture)


def on_tensors(frame: Frame, side: int, name: str) -> Frame:
    """What each loader does to floats."""
    video = torch.from_numpy(frame)[None].permute(0, 3, 1, 2).float()
    height, width = frame.shape[:2]
    if name == "center-crop-bilinear-truncate":  # DIGAN src/training/dataset.py resize_crop
        half, short = abs(height - width) // 2, min(height, width)
        top, left = (half, 0) if height > width else (0, half)
        video = video[:, :, top : top + short, left : left + short]
        video = F.interpolate(video, size=side, mode="bilinear", align_corners=False)
        return video[0].permute(1, 2, 0).numpy().astype(np.uint8)
    scale = side / min(height, width)
    wide = height < width
    size = (side, math.ceil(width * scale)) if wide else (math.ceil(height * scale), side)
    antialias = name == "shorter-side-antialias-center-crop-truncate"
    video = F.interpolate(
        video / 255.0, size=size, mode="bilinear", align_corners=False, antialias=antialias
    )
    top, left = (size[0] - side) // 2, (size[1] - side) // 2
    video = video[:, :, top : top + side, left : left + side]
    if not antialias:  # TATS: VideoDataset's `preprocess`, and `+0.5` in its script
        video = (video - 0.5) + 0.5
    return (video * 255).byte()[0].permute(1, 2, 0).numpy()


PICTURES = ["shorter-side-lanczos-center-crop", "center-crop-lanczos", "floor-crop-lanczos"]


def ours(frame: Frame, side: int, name: str) -> Frame:
    made = RESIZE[name](torch.from_numpy(frame).permute(2, 0, 1)[None], side)
    assert made.dtype == torch.uint8
    return made[0].permute(1, 2, 0).numpy()


@pytest.mark.parametrize("name", RESIZE)
@pytest.mark.parametrize("side", SIDES)
def test_a_resize_is_that_of_the_original_to_the_bit(name: str, side: int) -> None:
    original = on_pictures if name in PICTURES else on_tensors
    for height, width in SIZES:
        frame = tiles(height, width)
        assert np.array_equal(ours(frame, side, name), original(frame, side, name)), (
            f"{height}x{width} to {side}"
        )


def test_the_rules_differ_where_the_originals_do() -> None:
    """Without this the test above could compare a function with itself under six names."""
    wide, odd = tiles(240, 320), tiles(131, 96)
    of_wide = [ours(wide, 128, name) for name in RESIZE]
    assert len({made.tobytes() for made in of_wide}) == len(RESIZE) - 1  # the two crops agree here
    latte, tats = (ours(odd, 128, n) for n in ("center-crop-lanczos", "floor-crop-lanczos"))
    assert np.array_equal(ours(odd[18:114], 128, "center-crop-lanczos"), latte)
    assert np.array_equal(ours(odd[17:113], 128, "floor-crop-lanczos"), tats)


@pytest.mark.parametrize(
    ("height", "width", "side", "long", "start"),
    [(240, 320, 128, 170, 21), (360, 640, 64, 113, 24), (131, 97, 128, 172, 22)],
)
def test_stylegan_vs_longer_side_is_cut_off_and_its_crop_rounded_to_even(
    height: int, width: int, side: int, long: int, start: int
) -> None:
    frame = tiles(height, width)
    size = (long, side) if width > height else (side, long)
    whole = np.asarray(Image.fromarray(frame).resize(size, Image.Resampling.LANCZOS))
    middle = whole[:, start : start + side] if width > height else whole[start : start + side]
    assert np.array_equal(ours(frame, side, "shorter-side-lanczos-center-crop"), middle)


@pytest.mark.parametrize("name", RESIZE)
def test_a_resize_mixes_no_frames(name: str) -> None:
    frames = torch.from_numpy(np.stack([tiles(90, 121), tiles(90, 121)[::-1]]))
    frames = frames.permute(0, 3, 1, 2)
    alone = torch.cat([RESIZE[name](frames[i : i + 1], 64) for i in range(2)])
    assert torch.equal(RESIZE[name](frames, 64), alone)


def test_preparing_resizes_as_measuring_does() -> None:
    frame = tiles(240, 320)
    wanted = on_pictures(frame, 128, "shorter-side-lanczos-center-crop")
    assert np.array_equal(shorter_side_lanczos(frame, 128), wanted)


def test_levels_are_requantised_once() -> None:
    """TATS shifts by a half and cuts once: after its resize of files, or on stored levels."""
    (name,) = REQUANTISED
    frames = torch.from_numpy(tiles(90, 121)).permute(2, 0, 1)[None]
    assert torch.equal(loaded(frames, name, "half-shift-truncate", 64), RESIZE[name](frames, 64))
    square: Tensor = frames[..., :90]
    shifted = REQUANTISE["half-shift-truncate"](square)
    assert torch.equal(loaded(square, name, "half-shift-truncate", 90), shifted)
    assert torch.equal(loaded(square, name, "half-shift-truncate", None), shifted)
    assert not torch.equal(shifted, square)
