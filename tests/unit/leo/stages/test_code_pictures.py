"""What the stages that learn codes show of them: real beside drawn, without touching training."""

import dataclasses
from pathlib import Path

import pytest
import torch
from tiny_codes import CODE, LENGTH, book, frame_config, lmdm_config, transition_config
from tiny_stages import SHORT, changed, trained
from torch import Tensor

from leo_bench.leo.stage import Stage
from leo_bench.leo.stages import frame_dm, lmdm, transition_dm
from leo_bench.leo.stages.pictures import CELL, GAP, SIDE, clouds, strips

RED, WHITE, BLUE = [255, 0, 0], [255, 255, 255], [0, 0, 255]


def built(name: str) -> Stage:
    if name == "frame-dm":
        return frame_dm.build(frame_config(), book(), seed=0)
    if name == "transition-dm":
        return transition_dm.build(transition_config(), book(), seed=0)
    _, _, condition = name.partition(" ")
    return lmdm.build(lmdm_config(condition=condition), book(), seed=0)


STAGES = ["frame-dm", "lmdm add", "lmdm none", "transition-dm"]


def drawn(stage: Stage) -> Tensor:
    picture = stage.picture(stage.players[0].module.network)
    assert picture is not None
    assert picture.dtype == torch.uint8
    return picture


@pytest.mark.parametrize("name", STAGES)
def test_a_picture_is_the_same_every_time_and_draws_nothing_from_the_global_state(
    name: str,
) -> None:
    stage, before = built(name), torch.random.get_rng_state()
    first, second = drawn(stage), drawn(stage)
    assert torch.equal(first, second)
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize("name", STAGES)
def test_the_real_part_stays_and_the_drawn_part_follows_the_network(name: str) -> None:
    stage = built(name)
    before = drawn(stage)
    with torch.no_grad():
        for parameter in stage.players[0].module.network.parameters():
            parameter += 0.1
    after = drawn(stage)
    height = CODE * CELL
    real = (
        (slice(None), slice(None), slice(SIDE))
        if name == "frame-dm"
        else (slice(None), slice(height))
    )
    assert torch.equal(before[real], after[real])
    assert not torch.equal(before, after)


@pytest.mark.parametrize("name", ["lmdm add", "transition-dm"])
def test_strips_begin_where_the_real_ones_do(name: str) -> None:
    picture = drawn(built(name))
    inner = LENGTH - 2 if name == "transition-dm" else LENGTH - 1
    assert picture.shape == (3, 3 * (CODE * CELL + GAP) - GAP, 4 * (inner * CELL + GAP) - GAP)


@pytest.mark.parametrize("name", ["frame-dm", "lmdm add", "transition-dm"])
def test_weights_are_the_same_with_and_without_pictures(name: str, tmp_path: Path) -> None:
    with_pictures = changed(SHORT, steps=3, picture_every=2)
    stage = dataclasses.replace(built(name), name="lmdm")
    shown = trained(stage, with_pictures, tmp_path / "shown")
    blind = dataclasses.replace(built(name), name="lmdm", picture=lambda _network: None)
    unseen = trained(blind, with_pictures, tmp_path / "unseen")
    assert len(list((tmp_path / "shown").rglob("*.png"))) == 2
    assert not list((tmp_path / "unseen").rglob("*.png"))
    for weight, tensor in shown.items():
        assert torch.equal(tensor, unseen[weight]), weight


def test_steps_that_25_does_not_divide_are_drawn_in_fewer() -> None:
    config = frame_config(diffusion={"prediction": "v", "steps": 16})
    drawn(frame_dm.build(config, book(), seed=0))


def test_strips_are_red_above_nothing_and_blue_below() -> None:
    window = torch.tensor([[[9.0, -9.0], [0.0, 3.0]]])  # two codes of two dimensions
    picture = strips([window])
    cells = picture[:, ::CELL, ::CELL].permute(1, 2, 0).tolist()  # dimensions, then time
    assert cells == [[RED, WHITE], [BLUE, RED]]


def test_clouds_lie_along_the_direction_of_most_spread() -> None:
    chance = torch.Generator().manual_seed(0)
    real = torch.randn(400, 3, generator=chance) * torch.tensor([0.1, 5.0, 1.0])
    picture = clouds(real, torch.zeros(1, 3))
    assert picture.shape == (3, SIDE, 2 * SIDE + GAP)  # three dimensions: one pair
    black = (picture[0] == 0).nonzero().double()
    left, right = black[black[:, 1] < SIDE], black[black[:, 1] > SIDE]
    assert len(right) == 4  # one point, in the middle
    middle = torch.tensor([SIDE / 2, SIDE + GAP + SIDE / 2], dtype=torch.float64)
    assert (right.mean(0) - middle).abs().max() < 20
    assert left[:, 1].max() - left[:, 1].min() > SIDE / 2


def test_codes_of_one_dimension_lie_on_a_diagonal() -> None:
    picture = clouds(torch.linspace(-1, 1, 9)[:, None], torch.zeros(2, 1))
    assert picture.shape[0] == 3
    assert (picture == 0).any()
