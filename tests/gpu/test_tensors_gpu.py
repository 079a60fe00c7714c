"""Clips on a GPU as a side of a measurement."""

import numpy as np
import pytest
import torch

import leo_bench
from leo_bench.evaluation.videos.source import fingerprint
from leo_bench.evaluation.videos.tensors import TensorVideos

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here"),
]

CLIPS = np.random.default_rng(0).integers(0, 256, (4, 12, 3, 24, 24), dtype=np.uint8)


def test_clips_on_a_gpu_are_those_on_the_cpu() -> None:
    here = {f"{i:06d}": clip for i, clip in enumerate(torch.from_numpy(CLIPS))}
    there = {name: clip.cuda() for name, clip in here.items()}
    cpu, gpu = TensorVideos("clips", here, "round"), TensorVideos("clips", there, "round")
    assert fingerprint(gpu) == fingerprint(cpu)
    assert torch.equal(gpu.read(1, [2, 5]), cpu.read(1, [2, 5]))
    gpu.check_unchanged(1)


def test_a_distance_is_that_of_the_clips_on_the_cpu() -> None:
    fake = torch.from_numpy(CLIPS).cuda()
    found, other = (
        leo_bench.fvd(CLIPS[::-1], side, frames=9, extractor="i3d-toy", device="cuda", cache=False)
        for side in (fake, CLIPS)
    )
    assert (found.value, found.interval) == (other.value, other.interval)
