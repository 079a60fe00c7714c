"""The Linear Motion Condition and its rivals: how a window becomes a state to diffuse.

The network always sees a sequence of L codes. Readings differ in what of it is noised and what is
put before and after (paper Eqs. 1-4, Table 4; spec 3.5). All codes are normalised. Legend: B batch,
L frames, S slots of the state (L or L-1), M code dimensions.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from leo_bench.leo.diffusion.codes import CodeStats


@dataclass(frozen=True)
class Reading:
    """One way of conditioning motion on its first code.

    Args:
        state: window [B,L,M] -> the clean state that is noised [B,S,M].
        fed: (noised state [B,S,M], first code [B,M]) -> the network's input [B,L,M].
        said: the network's output [B,L,M] -> prediction of the state's slots [B,S,M]; the loss
            counts these.
        known: (clean state, first code) -> clean state, with what is known of it put in.
        assembled: (clean state [B,S,M], first code [B,M]) -> window [B,L,M].
        bounds: statistics, L -> lowest and highest clean state, each [S,M].
        begins: whether a first code can be given.
    """

    state: Callable[[Tensor], Tensor]
    fed: Callable[[Tensor, Tensor], Tensor]
    said: Callable[[Tensor], Tensor]
    known: Callable[[Tensor, Tensor], Tensor]
    assembled: Callable[[Tensor, Tensor], Tensor]
    bounds: Callable[[CodeStats, int], tuple[Tensor, Tensor]]
    begins: bool = True


def residuals(window_BLM: Tensor) -> Tensor:
    """m_i = alpha_i - alpha_1 for i >= 2 (Eq. 2): [B,L,M] -> [B,L-1,M]."""
    return window_BLM[:, 1:] - window_BLM[:, :1]


def added(residual_BSM: Tensor, first_BM: Tensor) -> Tensor:
    """[alpha_1, alpha_1 + m_2, ...] (Eq. 3): [B,L-1,M], [B,M] -> [B,L,M]."""
    return in_front(first_BM[:, None] + residual_BSM, first_BM)


def in_front(rest_BSM: Tensor, first_BM: Tensor) -> Tensor:
    """The first code before the others: [B,L-1,M], [B,M] -> [B,L,M]."""
    return torch.cat([first_BM[:, None], rest_BSM], dim=1)


def window_noise(shape: Sequence[int], length: int, random: torch.Generator) -> Tensor:
    """Normal numbers for states [...,S,M] of windows of `length` codes.

    The first code's, if it is noised (S = L), come last. So models of any two readings that share
    their chance begin with the same noise on every later code, and can be compared in pairs. What
    "ddpm" adds in every step is drawn slot by slot, and differs where S does.
    """
    *batch, slots, size = shape
    rest = torch.randn((*batch, length - 1, size), generator=random)
    if slots < length:
        return rest
    return torch.cat([torch.randn((*batch, 1, size), generator=random), rest], dim=-2)


def _after_first(window_BLM: Tensor) -> Tensor:
    return window_BLM[:, 1:]


def _all(window_BLM: Tensor) -> Tensor:
    return window_BLM


def _alone(state_BSM: Tensor, _first_BM: Tensor) -> Tensor:
    return state_BSM


def _first_overwritten(clean_BLM: Tensor, first_BM: Tensor) -> Tensor:
    # Every sampler goes from the clean state towards less noise, so a clean first slot makes the
    # noised one a draw of q(alpha_1) at every step, as in-painting asks.
    return in_front(clean_BLM[:, 1:], first_BM)


def _residual_bounds(stats: CodeStats, _length: int) -> tuple[Tensor, Tensor]:
    return -stats.bounds, stats.bounds


def _code_bounds(stats: CodeStats, length: int) -> tuple[Tensor, Tensor]:
    return stats.low.expand(length, -1), stats.high.expand(length, -1)


def _code_bounds_after_first(stats: CodeStats, length: int) -> tuple[Tensor, Tensor]:
    return _code_bounds(stats, length - 1)


READINGS = {
    # LMC: the network sees alpha_1 added to every noised residual, and in front (Eq. 4).
    "add": Reading(residuals, added, _after_first, _alone, added, _residual_bounds),
    # Concatenated, not added.
    "cat": Reading(residuals, in_front, _after_first, _alone, added, _residual_bounds),
    # No residuals: codes themselves are noised behind a clean first one.
    "concat-abs": Reading(
        _after_first, in_front, _after_first, _alone, in_front, _code_bounds_after_first
    ),
    # Eq. 1, its first code put in while sampling.
    "replace": Reading(_all, _alone, _all, _first_overwritten, _alone, _code_bounds),
    # Eq. 1: whole sequences, nothing given ("w/o LMC").
    "none": Reading(_all, _alone, _all, _alone, _alone, _code_bounds, begins=False),
}
