"""What of a window of codes is diffused, and what of it the network sees clean.

The Linear Motion Condition and its alternatives (paper Eqs. 1-4, Table 4), and motion between two
codes (Sec. 6, which gives the two ends and nothing else). All codes are normalised. Legend: B
batch, L frames of a window, S slots of the diffused state, M code dimensions.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from leo_bench.leo.diffusion.codes import CodeStats


@dataclass(frozen=True)
class Condition:
    """One way of conditioning motion on its first code; the network always sees L codes.

    Args:
        state: window [B,L,M] -> clean state [B,S,M], S = L or L-1: what noise is added to.
        network_input: (noised state [B,S,M], first code [B,M]) -> [B,L,M].
        network_output: [B,L,M] -> prediction for the state's slots [B,S,M].
        constrain: (clean state [B,S,M], first code [B,M]) -> clean state that agrees with it.
        window: (clean state [B,S,M], first code [B,M]) -> window [B,L,M].
        bounds: (statistics, L) -> lowest and highest clean state, each [S,M].
        conditional: whether a first code can be given.
    """

    state: Callable[[Tensor], Tensor]
    network_input: Callable[[Tensor, Tensor], Tensor]
    network_output: Callable[[Tensor], Tensor]
    constrain: Callable[[Tensor, Tensor], Tensor]
    window: Callable[[Tensor, Tensor], Tensor]
    bounds: Callable[[CodeStats, int], tuple[Tensor, Tensor]]
    conditional: bool = True


def residuals(window_BLM: Tensor) -> Tensor:
    """m_i = alpha_i - alpha_1 for i >= 2 (Eq. 2): [B,L,M] -> [B,L-1,M]."""
    return window_BLM[:, 1:] - window_BLM[:, :1]


def added(residual_BSM: Tensor, first_BM: Tensor) -> Tensor:
    """[alpha_1, alpha_1 + m_2, ...] (Eq. 3): [B,L-1,M], [B,M] -> [B,L,M]."""
    return prepended(first_BM[:, None] + residual_BSM, first_BM)


def prepended(rest_BSM: Tensor, first_BM: Tensor) -> Tensor:
    """The first code before the others: [B,L-1,M], [B,M] -> [B,L,M]."""
    return torch.cat([first_BM[:, None], rest_BSM], dim=1)


def window_noise(shape: Sequence[int], length: int, random: torch.Generator) -> Tensor:
    """Standard normal numbers for states [...,S,M] of windows of `length` codes.

    The first code's, if it is noised (S = L), are drawn last. So models of any two conditions begin
    with the same noise on all later codes, and can be compared in pairs. The noise that "ddpm" adds
    in every step is drawn in the order of the slots, and differs where S does.
    """
    *batch, slots, size = shape
    rest = torch.randn((*batch, length - 1, size), generator=random)
    if slots < length:
        return rest
    return torch.cat([torch.randn((*batch, 1, size), generator=random), rest], dim=-2)


def _after_first(window_BLM: Tensor) -> Tensor:
    return window_BLM[:, 1:]


def _whole(window_BLM: Tensor) -> Tensor:
    return window_BLM


def _without_first(state_BSM: Tensor, _first_BM: Tensor) -> Tensor:
    return state_BSM


def _first_overwritten(clean_BLM: Tensor, first_BM: Tensor) -> Tensor:
    # Every sampler goes from the clean state towards less noise, so a clean first slot makes the
    # noised one a draw of q(alpha_1) at every step, as in-painting asks.
    return prepended(clean_BLM[:, 1:], first_BM)


def _residual_bounds(stats: CodeStats, _length: int) -> tuple[Tensor, Tensor]:
    return -stats.bounds, stats.bounds


def _code_bounds(stats: CodeStats, length: int) -> tuple[Tensor, Tensor]:
    return stats.low.expand(length, -1), stats.high.expand(length, -1)


def _code_bounds_after_first(stats: CodeStats, length: int) -> tuple[Tensor, Tensor]:
    return _code_bounds(stats, length - 1)


CONDITIONS = {
    # Linear Motion Condition: alpha_1 is added to every noised residual, and prepended (Eq. 4).
    "add": Condition(residuals, added, _after_first, _without_first, added, _residual_bounds),
    # alpha_1 is prepended to the residuals, not added.
    "cat": Condition(residuals, prepended, _after_first, _without_first, added, _residual_bounds),
    # No residuals: the codes themselves are noised, behind a clean first one.
    "concat-abs": Condition(
        _after_first, prepended, _after_first, _without_first, prepended, _code_bounds_after_first
    ),
    # Eq. 1; while sampling, the first code is overwritten by the given one.
    "replace": Condition(
        _whole, _without_first, _whole, _first_overwritten, _without_first, _code_bounds
    ),
    # Eq. 1: whole windows, nothing given ("w/o LMC").
    "none": Condition(
        _whole, _without_first, _whole, _without_first, _without_first, _code_bounds, False
    ),
}


def line(start_BM: Tensor, end_BM: Tensor, length: int) -> Tensor:
    """The straight line from one code to another, exact at both ends: [B,L,M]."""
    there_L1 = torch.linspace(0, 1, length, device=start_BM.device)[:, None]
    return torch.lerp(start_BM[:, None], end_BM[:, None], there_L1)


def departure(window_BLM: Tensor) -> Tensor:
    """Inner codes minus the line between the window's ends: [B,L,M] -> [B,L-2,M]."""
    straight_BLM = line(window_BLM[:, 0], window_BLM[:, -1], window_BLM.shape[1])
    return (window_BLM - straight_BLM)[:, 1:-1]


def departed(departure_BSM: Tensor, start_BM: Tensor, end_BM: Tensor) -> Tensor:
    """The line plus a departure from it, both ends clean: [B,L-2,M] -> [B,L,M]."""
    straight_BLM = line(start_BM, end_BM, departure_BSM.shape[1] + 2)
    return straight_BLM + F.pad(departure_BSM, (0, 0, 1, 1))


def predict_departure(
    network: Callable[..., Tensor],
    state_BSM: Tensor,
    ends_BM: tuple[Tensor, Tensor],
    step_B: Tensor,
    label_B: Tensor,
) -> Tensor:
    """A transition network's prediction for a noised departure: [B,L-2,M] -> [B,L-2,M]."""
    return network(departed(state_BSM, *ends_BM), step_B, label_B)[:, 1:-1]
