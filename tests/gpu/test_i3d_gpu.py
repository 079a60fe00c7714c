"""I3D on CUDA against the plain form on the CPU."""

import pytest
import torch
from torch import Tensor

from leo_bench.evaluation.extractors.i3d import I3D
from leo_bench.evaluation.extractors.i3d_extractor import I3DExtractor
from leo_bench.evaluation.extractors.i3d_fast import FastI3D

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here"),
]


@pytest.fixture(scope="module")
def net() -> I3D:
    net = I3D().eval().requires_grad_(False)
    for seed, module in enumerate(net.modules()):
        if isinstance(module, torch.nn.Conv3d):
            generator = torch.Generator().manual_seed(seed)
            scale = (2 / module.weight[0].numel()) ** 0.5
            module.weight.copy_(torch.randn(module.weight.shape, generator=generator) * scale)
    return net


def on_cuda(net: I3D, dtype: torch.dtype) -> I3DExtractor:
    fast = FastI3D(net, torch.device("cuda"), dtype)
    precision = "fp32" if dtype == torch.float32 else "bf16"
    return I3DExtractor("i3d", 400, "none", True, precision, "cuda", fast)


def clips(count: int, frames: int) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.rand(count, 3, frames, 224, 224, generator=generator) * 2 - 1


@pytest.mark.parametrize("frames", [9, 16, 31])
def test_float32_features_equal_the_cpus(net: I3D, frames: int) -> None:
    given = clips(2, frames)
    expected = net(given)
    error = (on_cuda(net, torch.float32)(given) - expected).norm() / expected.norm()
    assert float(error) < 1e-5


def test_bfloat16_features_are_near_the_cpus(net: I3D) -> None:
    given = clips(1, 16)
    expected = net(given)
    error = (on_cuda(net, torch.bfloat16)(given) - expected).norm() / expected.norm()
    assert 1e-4 < float(error) < 3e-2


def test_a_clips_bits_do_not_depend_on_its_neighbours(net: I3D) -> None:
    extractor = on_cuda(net, torch.float32)
    given = clips(11, 16)
    assert torch.equal(extractor(given)[:1], extractor(given[:1]))


def test_memory_is_bounded_by_frames_in_a_batch(net: I3D) -> None:
    extractor = on_cuda(net, torch.float32)

    def peak(count: int, frames: int) -> int:
        torch.cuda.reset_peak_memory_stats()
        extractor(clips(count, frames))
        return torch.cuda.max_memory_allocated()

    assert peak(16, 16) < 1.05 * peak(8, 16)
    assert peak(1, 128) < 1.2 * peak(8, 16)
