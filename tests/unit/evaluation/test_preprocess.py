"""Each published recipe, against what its source says of it."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from leo_bench.evaluation.preprocess import (
    PREPROCESS,
    RESIZE,
    center_crop_bilinear_truncate,
    half_shift_truncate,
    shorter_side_224_center_crop,
    shorter_side_lanczos_center_crop,
    squash_224,
    tf1_legacy_224,
)


def random_clips(height: int, width: int) -> Tensor:
    generator = torch.Generator().manual_seed(3)
    return torch.randint(0, 256, (2, 4, 3, height, width), generator=generator, dtype=torch.uint8)


def ramp(side: int) -> Tensor:
    """A clip whose level is its column."""
    return torch.arange(side, dtype=torch.uint8).expand(1, 1, 3, side, side)


@pytest.mark.parametrize("name", PREPROCESS)
@pytest.mark.parametrize("size", [(64, 64), (128, 128), (120, 160), (300, 256), (224, 224)])
def test_every_recipe_gives_what_i3d_takes(name: str, size: tuple[int, int]) -> None:
    out = PREPROCESS[name](random_clips(*size))
    assert out.shape == (2, 3, 4, 224, 224)
    assert out.dtype == torch.float32
    assert -1 - 1e-6 <= float(out.min()) < float(out.max()) <= 1 + 1e-6


@pytest.mark.parametrize("name", PREPROCESS)
@pytest.mark.parametrize(("level", "value"), [(0, -1.0), (255, 1.0)])
def test_black_is_minus_one_and_white_is_one(name: str, level: int, value: float) -> None:
    out = PREPROCESS[name](torch.full_like(random_clips(100, 100), level))
    assert float((out - value).abs().max()) < 1e-6


@pytest.mark.parametrize("name", PREPROCESS)
def test_no_recipe_mixes_frames_or_clips(name: str) -> None:
    clips = random_clips(96, 96)
    alone = PREPROCESS[name](clips[1:2, 2:3])
    assert torch.equal(PREPROCESS[name](clips)[1:2, :, 2:3], alone)


def test_on_squares_digan_and_styleganv_agree_to_rounding() -> None:
    clips = random_clips(128, 128)
    difference = shorter_side_224_center_crop(clips) - squash_224(clips)
    assert float(difference.abs().max()) < 1e-6


def test_digan_crops_what_styleganv_squashes() -> None:
    wide = torch.zeros(1, 9, 3, 120, 160, dtype=torch.uint8)
    wide[..., :16] = 255  # the outer tenth: outside the central square
    assert float(shorter_side_224_center_crop(wide).max()) == -1
    assert float(squash_224(wide).max()) == 1


@pytest.mark.parametrize("side", [25, 41, 100, 200])
def test_sides_at_which_digan_rounds_to_225_still_give_224(side: int) -> None:
    assert shorter_side_224_center_crop(random_clips(side, side)).shape[-2:] == (224, 224)


def test_tf1_samples_at_index_times_scale() -> None:
    out = (tf1_legacy_224(ramp(128))[0, 0, 0, 0] + 1) * 127.5
    expected = (torch.arange(224) * (128 / 224)).clamp(max=127)
    assert torch.allclose(out, expected, atol=1e-3)


def test_pytorch_samples_at_half_pixel_centres() -> None:
    out = (squash_224(ramp(128))[0, 0, 0, 0] + 1) * 127.5
    expected = ((torch.arange(224) + 0.5) * (128 / 224) - 0.5).clamp(0, 127)
    assert torch.allclose(out, expected, atol=1e-3)


def test_digans_halving_is_the_mean_of_four_cut_off() -> None:
    frames = random_clips(256, 256)[0]
    mean = F.avg_pool2d(frames.float(), 2)
    assert torch.equal(center_crop_bilinear_truncate(frames, 128), mean.to(torch.uint8))


def test_half_shift_lowers_63_levels_by_one() -> None:
    levels = torch.arange(256, dtype=torch.uint8)
    lost = levels.int() - half_shift_truncate(levels).int()
    assert torch.equal(lost.unique(), torch.tensor([0, 1], dtype=torch.int32))
    assert int(lost.sum()) == 63


@pytest.mark.parametrize("name", RESIZE)
@pytest.mark.parametrize("size", [(256, 256), (240, 320), (131, 97)])
def test_every_resize_gives_the_square_asked_for(name: str, size: tuple[int, int]) -> None:
    out = RESIZE[name](random_clips(*size)[0], 64)
    assert out.shape == (4, 3, 64, 64)
    assert out.dtype == torch.uint8


def test_lanczos_keeps_the_middle_of_a_wide_frame() -> None:
    frames = torch.zeros(1, 3, 64, 128, dtype=torch.uint8)
    frames[..., 32:96] = 200
    assert torch.equal(shorter_side_lanczos_center_crop(frames, 64).unique(), torch.tensor([200]))
