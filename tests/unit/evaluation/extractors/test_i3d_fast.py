"""The fast I3D computes what the plain one does."""

import copy
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import Tensor

from leo_bench.evaluation.distances.frechet import FrechetOptions, frechet_of_features
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.extractors import channels_last
from leo_bench.evaluation.extractors.channels_last import (
    DirectCube,
    halve_space,
    halve_time,
    max_of_neighbours,
)
from leo_bench.evaluation.extractors.i3d import I3D, max_pool
from leo_bench.evaluation.extractors.i3d_fast import FastI3D
from leo_bench.evaluation.extractors.i3d_stem import DirectStem, TiledStem
from leo_bench.evaluation.extractors.scratch import Scratch
from leo_bench.evaluation.extractors.tiled import TiledCube

CPU = torch.device("cpu")


def uniform(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def network(width: float) -> I3D:
    """Weights that keep activations near one, batch norm far from the identity."""
    net = I3D(classes=11, width=width, bn_eps=1e-3).eval().requires_grad_(False)
    for seed, (name, tensor) in enumerate(net.state_dict().items()):
        if name.endswith("running_var"):
            tensor.copy_(uniform(*tensor.shape, seed=seed) * 0.5 + 1)
        elif "conv3d.weight" in name:
            tensor.copy_(uniform(*tensor.shape, seed=seed) * (6 / tensor[0].numel()) ** 0.5)
        elif tensor.is_floating_point():
            tensor.add_(uniform(*tensor.shape, seed=seed) * 0.3)
    return net


NARROW = network(0.125)
HALF = network(0.5)
IN_TILES = FastI3D(HALF, CPU, torch.float32)


def relative_l2(value: Tensor, expected: Tensor) -> float:
    return float((value - expected).norm() / expected.norm())


@pytest.mark.parametrize("frames", [9, 10, 11, 12, 15, 16, 17, 34])
def test_features_equal_the_plain_form_at_any_length(frames: int) -> None:
    clips = uniform(1, 3, frames, 224, 224)
    fast = FastI3D(NARROW, CPU, torch.float32)
    assert relative_l2(fast(clips), NARROW(clips)) < 1e-5


@pytest.mark.parametrize("frames", [9, 17])
def test_features_equal_the_plain_form_in_tiles(frames: int) -> None:
    clips = uniform(1, 3, frames, 224, 224)
    assert relative_l2(IN_TILES(clips), HALF(clips)) < 1e-5


def test_in_float64_the_forms_agree_to_its_rounding() -> None:
    clips, double = uniform(1, 3, 9, 224, 224).double(), copy.deepcopy(HALF).double()
    assert relative_l2(FastI3D(HALF, CPU, torch.float64)(clips), double(clips)) < 1e-9


def test_wide_layers_are_in_tiles_and_narrow_ones_are_not() -> None:
    assert type(IN_TILES._first) is TiledStem
    assert type(IN_TILES._second) is TiledCube
    first = IN_TILES._blocks["Mixed_3b"]
    assert [type(cube) for cube in first._cubes] == [TiledCube, DirectCube]
    narrow = FastI3D(NARROW, CPU, torch.float32)
    assert type(narrow._first) is DirectStem
    brain = FastI3D(HALF, CPU, torch.bfloat16)
    assert type(brain._first) is DirectStem
    assert type(brain._second) is DirectCube


def test_bits_do_not_depend_on_what_the_network_computes_before_or_meanwhile() -> None:
    one, other = uniform(2, 3, 9, 224, 224).split(1)
    before = IN_TILES(one)
    IN_TILES(uniform(1, 3, 18, 224, 224, seed=1))
    assert torch.equal(IN_TILES(one), before)
    with ThreadPoolExecutor(2) as pool:
        meanwhile = list(pool.map(IN_TILES, [one, other, one]))
    assert torch.equal(meanwhile[0], meanwhile[2])
    assert relative_l2(meanwhile[0], before) < 1e-6  # the threads' number of threads may differ


def test_fvd_moves_by_less_than_its_last_digits() -> None:
    clips = uniform(8, 3, 9, 224, 224)
    clips[4:] = clips[4:] * 0.5 + clips[4:].roll(1, dims=2) * 0.4  # slower changes, less contrast
    options = FrechetOptions(covariance="unbiased", square_root="eigenvalues", dtype="float64")
    fast, plain = (
        frechet_of_features(features[:4], features[4:], options)
        for features in (IN_TILES(clips), HALF(clips))
    )
    assert fast == pytest.approx(plain, rel=1e-4)


def test_bfloat16_is_near() -> None:
    clips = uniform(1, 3, 9, 224, 224)
    features = FastI3D(NARROW, CPU, torch.bfloat16)(clips)
    assert features.dtype == torch.float32
    assert 1e-4 < relative_l2(features, NARROW(clips)) < 3e-2


def test_without_onednn_the_numbers_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    clips = uniform(1, 3, 9, 224, 224)
    monkeypatch.setattr(channels_last, "_onednn_serves", lambda _: False)
    assert relative_l2(FastI3D(NARROW, CPU, torch.float32)(clips), NARROW(clips)) < 1e-5


def test_the_plain_networks_weights_are_copied() -> None:
    net = network(0.125)
    clips = uniform(1, 3, 9, 224, 224)
    fast = FastI3D(net, CPU, torch.float32)
    before = fast(clips)
    for tensor in net.state_dict().values():
        tensor.zero_()
    assert torch.equal(fast(clips), before)


def test_wrong_clips_are_refused_as_by_the_plain_form() -> None:
    with pytest.raises(InputError, match="needs at least 9 frames, the clip has 8"):
        FastI3D(NARROW, CPU, torch.float32)(torch.zeros(1, 3, 8, 224, 224))


@pytest.mark.parametrize("frames", [2, 3, 4, 7, 8])
@pytest.mark.parametrize("kernel", [2, 3])
def test_pools_equal_the_plain_ones_bit_for_bit(frames: int, kernel: int) -> None:
    x = uniform(2, frames, 14, 14, 8).relu_()
    plain = x.movedim(4, 1)
    halved = max_pool(plain, (kernel,) * 3, (2, 2, 2)).movedim(1, 4)
    assert torch.equal(halve_time(halve_space(x, kernel), kernel), halved)
    pooled = max_pool(plain, (3, 3, 3), (1, 1, 1)).movedim(1, 4)
    scratch = Scratch(x)
    with scratch.held():
        assert torch.equal(max_of_neighbours(x, scratch), pooled)


def test_relu_may_come_after_the_pool() -> None:
    x = uniform(1, 2, 14, 14, 8)
    assert torch.equal(halve_space(x, 3).relu(), halve_space(x.relu(), 3))
