"""Ranks of sizes: evenly distributed, correlated as in training, alike in a video's windows."""

import torch

from leo_bench.leo.diffusion import size_ranks


def correlation(one: torch.Tensor, other: torch.Tensor) -> float:
    return float(torch.corrcoef(torch.special.ndtri(torch.stack([one, other])))[0, 1])


def test_windows_move_about_as_much_as_their_video() -> None:
    keys = [("video", i) for i in range(4000)]
    together = torch.tensor(0.5)
    video = size_ranks.drawn(keys, together)
    windows = [
        size_ranks.of_windows(video, [(*key, number) for key in keys], together)
        for number in range(2)
    ]
    for found in (video, *windows):
        assert ((found > 0) & (found < 1)).all()
        for rank in found.unbind(1):
            quartiles = rank.quantile(torch.tensor([0.25, 0.5, 0.75]))
            # Four standard errors.
            torch.testing.assert_close(
                quartiles, torch.tensor([0.25, 0.5, 0.75]), rtol=0, atol=0.03
            )
        assert abs(correlation(*found.unbind(1)) - 0.5) < 0.05
    for one, other in zip(*(found.unbind(1) for found in windows), strict=True):
        assert abs(correlation(one, other) - 0.75) < 0.03


def test_ranks_follow_from_their_keys() -> None:
    keys = [("a", 0), ("b", 1)]
    together = torch.tensor(0.3)
    both = size_ranks.drawn(keys, together)
    assert torch.equal(size_ranks.drawn(keys[1:], together), both[1:])
    windows = size_ranks.of_windows(both, keys, together)
    assert torch.equal(size_ranks.of_windows(both[1:], keys[1:], together), windows[1:])


def test_the_correlation_is_that_of_the_ranks() -> None:
    random = torch.Generator().manual_seed(0)
    one, own = torch.randn(2, 5000, generator=random)
    sizes = torch.stack([one, 0.6 * one + 0.8 * own], dim=1)
    for changed in (sizes, sizes.exp()):
        torch.testing.assert_close(
            size_ranks.rank_correlation(changed), torch.tensor(0.6), rtol=0, atol=0.04
        )
