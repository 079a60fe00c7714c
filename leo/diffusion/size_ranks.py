"""Ranks of the sizes of windows: how much each moves, as shares of training windows that move less.

Each window has two sizes, of its slow and of its fast components (`MotionPrior`). Both ranks are
drawn for a video, and for each of its windows around those of the video. Over all videos and
windows, each rank is distributed evenly. Legend: B batch, W windows, 2 the slow and the fast.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from leo_bench.leo.diffusion.gaussian import Key
from leo_bench.leo.seeds import generator

# The correlation of the ranks of a video's windows, as normal scores: 0.75 to 0.79, of slow and of
# fast sizes, 1, 2, 4 or 8 windows apart (64 videos of 1,024 frames of toy-faces).
_OF_VIDEO = 0.75
_END = 1e-6  # ranks are kept this far from 0 and 1, whose normal scores are infinite


def drawn(keys: Sequence[Key], correlation: Tensor) -> Tensor:
    """A pair of ranks for each key: float32 [len(keys),2] in (0,1).

    Args:
        keys: the seeds.
        correlation: of the two, as `rank_correlation` gives it.
    """
    draws = [torch.randn(2, generator=generator(*key, "size")) for key in keys]
    slow_B, own_B = torch.stack(draws).unbind(1)
    fast_B = correlation * slow_B + (1 - correlation**2).sqrt() * own_B
    ranks: Tensor = torch.special.ndtr(torch.stack([slow_B, fast_B], dim=1))
    return ranks


def of_windows(rank_B2: Tensor, keys: Sequence[Key], correlation: Tensor) -> Tensor:
    """Ranks of windows, drawn around those of their videos: float32 [B,2], in (0,1)."""
    video_B2, own_B2 = _scores(rank_B2), _scores(drawn(keys, correlation))
    ranks: Tensor = torch.special.ndtr(_OF_VIDEO**0.5 * video_B2 + (1 - _OF_VIDEO) ** 0.5 * own_B2)
    return ranks


def rank_correlation(sizes_W2: Tensor) -> Tensor:
    """The correlation of two sizes over windows, of their normal scores: float32 []."""
    ranks_W2 = (sizes_W2.argsort(dim=0).argsort(dim=0) + 0.5) / len(sizes_W2)
    correlation: Tensor = torch.corrcoef(_scores(ranks_W2).mT)[0, 1]
    return correlation


def _scores(ranks: Tensor) -> Tensor:
    scores: Tensor = torch.special.ndtri(ranks.clamp(_END, 1 - _END))
    return scores
