"""Embedders on CUDA against the CPU."""

from copy import deepcopy
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from leo_bench.evaluation.embedders import EmbedderRequest
from leo_bench.evaluation.embedders.faces import FaceDetector
from leo_bench.evaluation.embedders.network import imagenet_normalised, network_embedder
from leo_bench.evaluation.embedders.torchreid_networks import network
from leo_bench.evaluation.weights.registry import Verified

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here"),
]


@pytest.fixture(scope="module")
def osnet() -> nn.Module:
    net = network("osnet", "osnet_x0_25").to_empty(device="cpu").eval().requires_grad_(False)
    for seed, (name, tensor) in enumerate(net.state_dict().items()):
        generator = torch.Generator().manual_seed(seed)
        if tensor.ndim > 1:
            scale = (2 / tensor[0].numel()) ** 0.5
            tensor.copy_(torch.randn(tensor.shape, generator=generator) * scale)
        else:
            tensor.fill_(1 if name.endswith(("weight", "var")) else 0)
    return net


def prepare(frame: Tensor) -> Tensor:
    return imagenet_normalised(frame / 255)


def test_embeddings_equal_the_cpus_and_do_not_depend_on_company(osnet: nn.Module) -> None:
    generator = torch.Generator().manual_seed(0)
    frames = torch.randint(0, 256, (3, 3, 256, 128), generator=generator, dtype=torch.uint8)
    file = Verified(Path("made"), "made", registered_as=None)
    cpu = network_embedder(EmbedderRequest("osnet"), file, 512, prepare, osnet)(frames)
    request = EmbedderRequest("osnet", device="cuda")
    on_cuda = network_embedder(request, file, 512, prepare, deepcopy(osnet))
    together = on_cuda(frames).values
    assert torch.allclose(together, cpu.values, rtol=1e-4, atol=1e-4)
    assert torch.equal(on_cuda(frames[1:2]).values[0], together[1])


def test_no_face_is_found_on_cuda_in_a_black_frame() -> None:
    detector = FaceDetector(torch.device("cuda"))
    assert detector.largest(torch.zeros(3, 128, 128, dtype=torch.uint8)) is None
