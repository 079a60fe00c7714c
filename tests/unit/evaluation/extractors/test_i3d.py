import pytest
import torch
from torch.nn import functional as F

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.extractors.i3d import I3D, MIN_FRAMES, max_pool, pad_same, same_padding

NARROW = 0.125


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "expected"),
    [
        (224, 7, 2, (2, 3)),
        (15, 7, 2, (3, 3)),
        (16, 3, 1, (1, 1)),
        (112, 3, 2, (0, 1)),
        (7, 2, 2, (0, 1)),
    ],
)
def test_same_padding_puts_the_odd_one_after(
    size: int, kernel: int, stride: int, expected: tuple[int, int]
) -> None:
    assert same_padding(size, kernel, stride) == expected
    before, after = expected
    assert (size + before + after - kernel) // stride + 1 == -(-size // stride)


def test_padding_goes_to_the_right_dimensions() -> None:
    padded = pad_same(torch.ones(1, 1, 4, 6, 9), (1, 3, 2), (1, 1, 2))
    assert padded.shape == (1, 1, 4, 8, 10)
    assert padded[0, 0, :, [0, 7], :].abs().sum() == 0
    assert padded[0, 0, 0, 1, 0] == 1
    assert padded[0, 0, 0, 1, 9] == 0


def test_zero_padding_pools_like_minus_infinity() -> None:
    x = torch.rand(1, 2, 6, 7, 7, generator=torch.Generator().manual_seed(1))
    assert torch.equal(max_pool(x, (3, 3, 3), (1, 1, 1)), F.max_pool3d(x, 3, 1, padding=1))


@pytest.mark.parametrize("frames", [MIN_FRAMES, 16, 20])
def test_any_number_of_frames_from_nine_gives_one_row_of_logits(frames: int) -> None:
    net = I3D(classes=5, width=NARROW).eval()
    with torch.inference_mode():
        assert net(torch.zeros(1, 3, frames, 224, 224)).shape == (1, 5)


def test_width_keeps_channels_multiples_of_eight() -> None:
    net = I3D(classes=5, width=0.3)
    counts = {m.out_channels for m in net.modules() if isinstance(m, torch.nn.Conv3d)} - {5}
    assert all(count % 8 == 0 for count in counts)
    assert min(counts) == 8


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((1, 3, 8, 224, 224), "needs at least 9 frames, the clip has 8"),
        ((1, 3, 16, 256, 256), "reads 224x224 pixels; the clip has 256x256"),
        ((1, 3, 16, 224, 200), "the clip has 224x200"),
        ((1, 1, 16, 224, 224), r"\[1, 1, 16, 224, 224\]"),
        ((3, 16, 224, 224), r"\[3, 16, 224, 224\]"),
    ],
)
def test_wrong_shapes_are_refused_in_one_line(shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        I3D(classes=5, width=NARROW)(torch.zeros(shape))


def test_bytes_are_refused() -> None:
    with pytest.raises(InputError, match="uint8"):
        I3D(classes=5, width=NARROW)(torch.zeros(1, 3, 16, 224, 224, dtype=torch.uint8))
