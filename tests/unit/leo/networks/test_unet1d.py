"""The networks of codes: sizes as published, zero at the start, shapes that do not fit."""

import pytest
import torch

from leo_bench.leo.networks.code_mlp import CodeMlp
from leo_bench.leo.networks.network_config import UNet1dConfig
from leo_bench.leo.networks.unet1d import StepEmbedding, UNet1d

# Counted in improved-diffusion's network with dims=1 and 20 channels in and out.
COUNTS = [
    ({"channels": 64, "multipliers": (1, 2, 4), "attention": (2, 4)}, 8.24),
    ({"channels": 64, "multipliers": (1, 2, 2, 4)}, 9.41),
    ({"multipliers": (1, 2, 4), "attention": (2, 4)}, 32.9),
    ({}, 44.36),
    ({"attention": (2, 4, 8)}, 45.7),
    ({"blocks": 3}, 58.6),
    ({"multipliers": (1, 2, 4, 8)}, 120.5),
    ({"channels": 256, "multipliers": (1, 2, 4), "attention": (2, 4)}, 131.3),
    ({"channels": 32, "multipliers": (1, 2), "attention": (2,), "blocks": 1}, 0.40),
]
TINY = UNet1dConfig(channels=32, multipliers=(1, 2), blocks=1, attention=(2,))


@pytest.mark.parametrize(("changes", "millions"), COUNTS)
def test_it_has_as_many_parameters_as_improved_diffusion(changes, millions):
    with torch.device("meta"):
        network = UNet1d(20, UNet1dConfig(**changes))
    count = sum(parameter.numel() for parameter in network.parameters()) / 1e6
    assert f"{count:.4g}".startswith(f"{millions}"[:3])
    assert count == pytest.approx(millions, rel=2e-3 if millions > 1 else 6e-3)


def test_the_default_has_exactly_the_parameters_that_were_counted():
    with torch.device("meta"):
        network = UNet1d(20, UNet1dConfig())
    assert sum(parameter.numel() for parameter in network.parameters()) == 44_356_756


def test_it_says_nothing_before_it_has_learned():
    out = UNet1d(5, TINY)(torch.randn(2, 8, 5), torch.tensor([0, 999]))
    assert out.shape == (2, 8, 5)
    assert not out.any()


def test_a_label_changes_what_it_says():
    network = UNet1d(5, TINY, labels=3)
    torch.nn.init.normal_(network.leave[-1].weight)
    for block in network.down:
        if hasattr(block, "block"):
            torch.nn.init.normal_(block.block.leave[-1].weight)
    x, step = torch.randn(1, 8, 5), torch.tensor([7])
    first, second = (network(x, step, torch.tensor([label])) for label in (0, 1))
    assert not torch.equal(first, second)


@pytest.mark.parametrize(("labels", "label"), [(3, None), (0, torch.tensor([0]))])
def test_a_label_and_a_network_of_labels_go_together(labels, label):
    with pytest.raises(ValueError, match="label"):
        UNet1d(5, TINY, labels)(torch.zeros(1, 8, 5), torch.tensor([0]), label)


@pytest.mark.parametrize(("right_edge", "last"), [("zeros", 32), ("last", 332)])
def test_behind_the_last_slot_lie_zeros_or_that_slot_once_more(right_edge, last):
    changed = TINY.model_copy(update={"right_edge": right_edge})
    network = UNet1d(1, changed)
    network.enter.weight.data = torch.tensor([1.0, 10.0, 100.0]).repeat(32, 1, 1)
    network.enter.bias.data.zero_()
    out = network.enter(torch.tensor([[[1.0, 2.0, 3.0]]]))
    assert out[0, 0].tolist() == [210, 321, last]
    network.load_state_dict(UNet1d(1, TINY).state_dict())  # the same names and shapes
    assert network(torch.zeros(2, 8, 1), torch.tensor([0, 9])).shape == (2, 8, 1)


def test_a_length_that_cannot_be_halved_is_refused():
    with pytest.raises(ValueError, match="length 9 is no multiple of 2"):
        UNet1d(5, TINY)(torch.zeros(1, 9, 5), torch.tensor([0]))


def test_widths_that_normalisation_cannot_group_are_refused():
    with pytest.raises(ValueError, match="channels is 48; it must be a multiple of 32"):
        UNet1d(5, UNet1dConfig(channels=48))


def test_a_step_is_embedded_as_cosines_then_sines():
    embedding = StepEmbedding(4, 4)
    embedding.mlp = torch.nn.Identity()
    angles = torch.tensor([50.0, 50.0 / 10_000**0.5])
    assert torch.allclose(
        embedding(torch.tensor([50]))[0], torch.cat([angles.cos(), angles.sin()]), atol=1e-5
    )


def test_the_code_mlp_says_nothing_before_it_has_learned():
    out = CodeMlp(5, width=16, blocks=2)(torch.randn(3, 5), torch.tensor([0, 10, 999]))
    assert out.shape == (3, 5)
    assert not out.any()
