"""Convolutions of I3D in tiles, and directly, are the convolutions, with ReLU and pool."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from leo_bench.evaluation.extractors.channels_last import DirectCube
from leo_bench.evaluation.extractors.i3d import max_pool, pad_same
from leo_bench.evaluation.extractors.i3d_stem import DirectStem, TiledStem
from leo_bench.evaluation.extractors.scratch import Scratch
from leo_bench.evaluation.extractors.tiled import TiledCube


def normal(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, dtype=torch.float64, generator=generator)


def assert_near(found: Tensor, expected: Tensor) -> None:
    error = (found - expected).norm() / expected.norm()
    assert float(error) < (1e-12 if found.dtype == torch.float64 else 3e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("form", [DirectCube, TiledCube])
# One tile, parts of tiles, several blocks of rows and of frames.
@pytest.mark.parametrize("shape", [(1, 1, 4, 4), (2, 5, 6, 7), (1, 9, 14, 14), (1, 17, 36, 36)])
def test_a_cube_is_a_same_convolution(
    form: type[DirectCube | TiledCube], shape: tuple[int, ...], dtype: torch.dtype
) -> None:
    x, weight, bias = normal(*shape, 8), normal(12, 8, 3, 3, 3) / 15, normal(12, seed=1)
    expected = F.conv3d(x.relu().movedim(4, 1), weight, bias, padding=1).relu().movedim(1, 4)
    like = torch.empty(0, dtype=dtype)
    scratch = Scratch(like)
    cube = form(weight, bias, like, scratch)
    out = like.new_full(expected.shape, torch.nan)
    with scratch.held():
        cube(x.to(like), out)
    assert_near(out, expected)
    if shape[2] % 4 == 0:
        pooled = max_pool(expected.movedim(4, 1), (1, 3, 3), (1, 2, 2)).movedim(1, 4)
        out = like.new_full(pooled.shape, torch.nan)
        with scratch.held():
            cube.pooled(x.to(like), out)
        assert_near(out, pooled)


@pytest.mark.parametrize("form", [DirectStem, TiledStem])
@pytest.mark.parametrize("frames", [9, 16, 19])
def test_a_stem_is_the_networks_first_two_units_and_the_pool_between(
    form: type[DirectStem | TiledStem], frames: int
) -> None:
    clips = normal(1, 3, frames, 224, 224)
    stem = normal(8, 3, 7, 7, 7) / 22, normal(8, seed=1)
    point = normal(5, 8, 1, 1, 1) / 2, normal(5, seed=2)
    padded = pad_same(clips.float(), (7, 7, 7), (2, 2, 2))
    first = F.conv3d(padded, stem[0].float(), stem[1].float(), (2, 2, 2)).relu()
    pooled = max_pool(first, (1, 3, 3), (1, 2, 2))
    expected = F.conv3d(pooled, point[0].float(), point[1].float()).relu().movedim(1, 4)
    like = torch.empty(0)
    scratch = Scratch(like)
    channels_last = clips.float().contiguous(memory_format=torch.channels_last_3d)
    with scratch.held():
        for given in (clips.float(), channels_last):
            assert_near(form(stem, point, like, scratch)(given), expected)


def test_kept_arrays_are_reused_and_grow() -> None:
    scratch = Scratch(torch.empty(0, dtype=torch.float64))
    with scratch.held():
        first = scratch.take("one", 3, 4)
        assert first.dtype == torch.float64
        assert scratch.take("one", 2, 5).data_ptr() == first.data_ptr()
        assert scratch.take("one", 5, 5).shape == (5, 5)
        assert scratch.take("two", 3).data_ptr() != scratch.take("one", 3).data_ptr()


def test_as_many_sets_of_arrays_are_kept_as_calls_run_at_one_time() -> None:
    scratch, barrier = Scratch(torch.empty(0)), threading.Barrier(3)

    def call(together: bool) -> int:
        with scratch.held():
            address = scratch.take("one", 3).data_ptr()
            if together:
                barrier.wait(timeout=20)
            return address

    with ThreadPoolExecutor(3) as pool:
        assert len(set(pool.map(call, [True] * 3))) == 3
    scratch = Scratch(torch.empty(0))
    alone = []
    for _ in range(3):  # each in a new thread
        with ThreadPoolExecutor(1) as pool:
            alone.append(pool.submit(call, False).result())
    assert len(set(alone)) == 1
