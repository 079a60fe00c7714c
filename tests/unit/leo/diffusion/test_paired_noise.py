"""The ablation's pairs: what two readings of the motion model share, in training and in samples."""

from itertools import pairwise

import pytest
import torch
from tiny_codes import CODE, LENGTH, book, lmdm_config, saved, waves
from torch import Tensor

from leo_bench.leo.diffusion.conditioning import CONDITIONS as ALL
from leo_bench.leo.diffusion.conditioning import window_noise
from leo_bench.leo.diffusion.gaussian import Sampler
from leo_bench.leo.models.motion_models import MotionModel
from leo_bench.leo.stage import Share, Stage
from leo_bench.leo.stages import lmdm

CONDITIONS = sorted(ALL)


@pytest.fixture(scope="module")
def stages() -> dict[str, Stage]:
    codes = book()
    return {name: lmdm.build(lmdm_config(condition=name), codes, seed=3) for name in CONDITIONS}


def later(noise: Tensor) -> Tensor:
    """That of all codes but the first, which some readings do not noise."""
    return noise[:, -(LENGTH - 1) :]


def test_variants_of_a_seed_see_the_same_batches_and_noise(stages: dict[str, Stage]) -> None:
    batches = [stages[name].batch(11, Share()) for name in CONDITIONS]
    for one, other in pairwise(batches):
        assert torch.equal(one["window"], other["window"])
        assert torch.equal(one["step"], other["step"])
        assert torch.equal(later(one["noise"]), later(other["noise"]))
    slots = {batch["noise"].shape[1] for batch in batches}
    assert slots == {LENGTH - 1, LENGTH}


def test_variants_of_a_seed_begin_with_the_same_weights(stages: dict[str, Stage]) -> None:
    networks = [stages[name].players[0].module.network.state_dict() for name in CONDITIONS]
    for one, other in pairwise(networks):
        assert all(torch.equal(one[key], other[key]) for key in one)


def test_another_seed_shares_nothing(stages: dict[str, Stage]) -> None:
    other = lmdm.build(lmdm_config(condition="add"), book(), seed=4)
    one, two = stages["add"].batch(11, Share()), other.batch(11, Share())
    assert not torch.equal(one["window"], two["window"])
    assert not torch.equal(one["noise"], two["noise"])


def test_the_first_codes_noise_is_drawn_last() -> None:
    residual, whole = (
        window_noise((slots, CODE), LENGTH, torch.Generator().manual_seed(5))
        for slots in (LENGTH - 1, LENGTH)
    )
    assert torch.equal(whole[1:], residual)
    assert whole.shape == (LENGTH, CODE)
    plain = torch.randn(LENGTH - 1, CODE, generator=torch.Generator().manual_seed(5))
    assert torch.equal(residual, plain)


def test_samples_of_two_variants_begin_with_the_same_noise(
    stages: dict[str, Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the networks are fed at the first step of sampling, less what is known beforehand."""
    seen: list[Tensor] = []

    def watch(shape: list[int], length: int, random: torch.Generator) -> Tensor:
        seen.append(window_noise(shape, length, random))
        return seen[-1]

    monkeypatch.setattr("leo_bench.leo.models.motion_models.window_noise", watch)
    keys = [("motion", 7, i) for i in range(2)]
    sampler = Sampler("ddim", 2, batch=2)
    conditioned, whole = (MotionModel.of(saved(stages[name])) for name in ("add", "none"))
    conditioned.windows(waves(2, 0.0), keys, sampler)
    whole.unconditional(keys, sampler)
    assert len(seen) == 4
    for one, other in zip(seen[:2], seen[2:], strict=True):
        assert torch.equal(one, other[1:])
