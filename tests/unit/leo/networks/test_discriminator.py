"""The discriminator: what it compares, its fast form, and batches whose parts keep groups whole."""

import dataclasses
from pathlib import Path

import pytest
import torch
from tiny_stages import SHORT, changed, folder_in, narrow_animator, regression, trained
from torch import Tensor

from leo_bench.evaluation.errors import InputError
from leo_bench.leo.networks.discriminator import Discriminator, FoldedDiscriminator, spread
from leo_bench.leo.networks.layers import Widths
from leo_bench.leo.stage import Share, Stage
from leo_bench.leo.training.loop import train

F64 = torch.float64


def numbers(*shape: int, seed: int = 0) -> Tensor:
    """float64, between -1 and 1."""
    random = torch.Generator().manual_seed(seed)
    return torch.rand(shape, generator=random, dtype=F64) * 2 - 1


def test_a_discriminator_sees_how_much_its_samples_differ() -> None:
    alike = numbers(1, 3, 4, 4).expand(4, -1, -1, -1)
    torch.testing.assert_close(spread(alike), torch.full((4, 1, 4, 4), 1e-4, dtype=F64))
    eight = torch.cat((alike, numbers(4, 3, 4, 4)))[[0, 4, 1, 5, 2, 6, 3, 7]]
    groups = spread(eight)[:, 0, 0, 0]  # every second sample is one group
    torch.testing.assert_close(groups[::2], torch.full((4,), 1e-4, dtype=F64))
    assert float(groups[1::2].min()) > 0.1


@pytest.mark.parametrize("batch", [1, 3, 4, 8])
def test_a_discriminator_scores_each_picture(batch: int) -> None:
    judge = Discriminator(16, Widths(cap=8))
    images = numbers(batch, 3, 16, 16).float()
    assert judge(images).shape == (batch, 1)
    assert len(judge.state_dict()) == 22


def test_a_discriminators_names_are_the_originals() -> None:
    with torch.device("meta"):
        state = Discriminator(256, Widths()).state_dict()
    assert len(state) == 50
    assert state["final_conv.0.weight"].shape == (512, 513, 3, 3)
    assert state["final_linear.0.weight"].shape == (512, 8192)
    assert {"convs.0.1.bias", "convs.6.skip.1.weight", "final_linear.1.bias"} <= state.keys()
    assert "convs.6.skip.2.bias" not in state


@pytest.mark.parametrize(("size", "batch"), [(8, 1), (32, 3), (32, 8), (64, 4)])
def test_the_fast_form_and_its_gradients_are_the_plain_forms(size: int, batch: int) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        judge = Discriminator(size, Widths(cap=8)).double()
        for parameter in judge.parameters():
            parameter.data += 0.1 * torch.randn_like(parameter)
    images, weights = numbers(batch, 3, size, size).requires_grad_(), numbers(batch, 1, seed=1)
    wanted = [images, *judge.parameters()]
    results = []
    for scores in (judge(images), FoldedDiscriminator(judge).scores(images)):
        results.append((scores.detach(), torch.autograd.grad((scores * weights).sum(), wanted)))
    (plain, plain_gradients), (fast, fast_gradients) = results
    torch.testing.assert_close(fast, plain, rtol=0, atol=1e-9)
    names = ["images", *dict(judge.named_parameters())]
    for name, a, b in zip(names, plain_gradients, fast_gradients, strict=True):
        assert float(a.abs().max()) > 0, name
        torch.testing.assert_close(
            b, a, rtol=1e-8, atol=1e-9, msg=lambda text, n=name: f"{n} {text}"
        )


def test_training_takes_the_fast_form(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Discriminator, images: Tensor) -> Tensor:
        raise AssertionError

    monkeypatch.setattr(Discriminator, "forward", refuse)
    stage = narrow_animator()
    batch = stage.batch(1, Share())
    for player in stage.players:
        losses, left = player.module(batch | player.module.part_means(batch))
        assert "adversarial" in losses
        batch |= left


def test_one_part_is_the_whole_batch_in_its_order() -> None:
    for group in (1, 2, 4):
        assert Share(group=group).of(8) == list(range(8))


def test_parts_hold_whole_groups_in_the_batchs_order() -> None:
    assert [Share(part, 2).of(8) for part in (0, 1)] == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert Share(0, 2, 4).of(16) == [0, 1, 4, 5, 8, 9, 12, 13]
    assert Share(1, 2, 4).of(16) == [2, 3, 6, 7, 10, 11, 14, 15]
    maps = numbers(16, 3, 4, 4)
    whole = spread(maps)
    for part in range(4):
        mine = Share(part, 4, 4).of(16)
        torch.testing.assert_close(spread(maps[mine]), whole[mine], rtol=0, atol=0)


def test_a_batch_that_would_tear_groups_is_not_dealt_out() -> None:
    with pytest.raises(ValueError, match="a batch of 12 cannot be dealt out to 2 equally, 4 tog"):
        Share(0, 2, 4).of(12)


def test_a_batch_in_two_parts_trains_both_players_to_the_same_weights(tmp_path: Path) -> None:
    """To 1e-5 after 3 steps of 0.0016 and more; groups torn apart are 0.005 away."""
    three = changed(SHORT, steps=3)

    def weights(stage: Stage, accumulate: int, name: str) -> dict[str, Tensor]:
        trained(stage, changed(three, accumulate=accumulate), tmp_path / name)
        generator, judge = (player.module.network.state_dict() for player in stage.players)
        return {**generator, **judge}

    whole = weights(narrow_animator(), 1, "whole")
    parts = weights(narrow_animator(), 2, "parts")
    torn = weights(dataclasses.replace(narrow_animator(), group=1), 2, "torn")
    for name, tensor in whole.items():
        torch.testing.assert_close(parts[name], tensor, atol=1e-5, rtol=0)
    assert max(float((torn[name] - whole[name]).abs().max()) for name in whole) > 1e-3


@pytest.mark.parametrize(
    ("batch", "accumulate", "message"),
    [
        (5, 1, "5 samples a part, but the discriminator compares 4"),
        (10, 1, "10 samples a part, but the discriminator compares 4"),
        (12, 2, "6 samples a part, but the discriminator compares 4"),
        (8, 4, "2 samples a part, but the discriminator compares 4"),
        (2, 2, "1 samples a part, but the discriminator compares 2"),
    ],
)
def test_a_part_without_whole_groups_is_refused_before_anything_is_written(
    batch: int, accumulate: int, message: str, tmp_path: Path
) -> None:
    training = changed(SHORT, batch=batch, accumulate=accumulate)
    folder = folder_in(tmp_path, "animator")
    with pytest.raises(InputError, match=message) as caught:
        train(narrow_animator(batch), training, folder, cpu=True)
    assert "\n" not in str(caught.value)
    assert not folder.path.exists()


def test_without_a_discriminator_any_batch_is_taken(tmp_path: Path) -> None:
    assert regression().group == 1
    trained(regression(batch=10), changed(SHORT, batch=10, accumulate=2), tmp_path)
