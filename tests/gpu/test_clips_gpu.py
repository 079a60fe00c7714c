"""Clips through a network on CUDA: copied beside it, prepared there, equal to the plain path."""

import pytest
import torch

from leo_bench.evaluation.extractors.i3d import I3D
from leo_bench.evaluation.extractors.i3d_extractor import I3DExtractor
from leo_bench.evaluation.extractors.i3d_fast import FastI3D
from leo_bench.evaluation.features.of_clips import FeatureRecipe
from leo_bench.evaluation.features.on_device import device_features
from leo_bench.evaluation.preprocess import PREPROCESS

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here"),
]

FRAMES = 16


def recipe(preprocess: str) -> FeatureRecipe:
    net = I3D(classes=8, width=0.125).eval().requires_grad_(False)
    fast = FastI3D(net, torch.device("cuda"), torch.float32)
    extractor = I3DExtractor("i3d", 8, "none", True, "fp32", "cuda", fast)
    return FeatureRecipe(extractor, 1e-3, preprocess, "center-crop-lanczos", "as-stored", None)


@pytest.mark.parametrize("preprocess", PREPROCESS)
def test_features_are_those_of_frames_that_go_to_the_gpu_one_by_one(preprocess: str) -> None:
    generator = torch.Generator().manual_seed(0)
    shape = (19, FRAMES, 3, 90, 120)
    clips = torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)
    chosen = recipe(preprocess)
    singly = [chosen.network_input(iter(clip), FRAMES) for clip in clips]
    expected = torch.cat([chosen.extractor(clip[None]) for clip in singly])
    pinned = (clip.pin_memory() for clip in clips)
    found = device_features(pinned, chosen.extractor, chosen.prepare, 8)
    assert torch.equal(torch.stack(list(found)), expected)


def test_the_cache_key_of_a_gpu_states_that_tf32_is_off() -> None:
    assert recipe("squash-224").facts("none", (8, 8))["tf32"] == "off"
