"""Residuals on the scale of real motion: departures from a Gaussian prediction, made white.

Ours. Components of real motion differ in size by a factor of a thousand: a turn of the head, a
blink. White noise, as in the paper, hides the small ones until the last steps of sampling, and its
first state knows nothing of the motion before the window. Here residuals are described by a
Gaussian with the covariance of real ones, given the codes before the window and the anchor. The
diffused state is the departure from its mean, each component divided by its standard deviation. So
all components are as far from the noise at every step, and the first state of sampling is already a
motion that goes on from the codes before, and does not leave the place of the first one.

Videos differ, too: one hardly moves, another moves ten times as much, and the network, which
normalises its groups, is blind to that: it would draw motion of middling size. So the departures of
a window are divided by their own sizes, which the network is told: that of the slow components,
which say how far a motion goes, and that of the fast ones, which say how rough it is. A sample's
sizes are drawn as ranks among the windows of training (`size_ranks`). Departures are small right
behind the codes that are told, so the network sees and predicts them over their standard deviation
in each slot.

Legend: B batch, S slots of residuals, P slots before the window, H history - 1, K numbers of known
codes (0 to H), M code dimensions, 2 the slow and the fast components.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Protocol

import torch
from torch import Tensor

from leo_bench.evaluation.errors import InputError
from leo_bench.leo.diffusion.codes import CodeStats, windows_that_fit
from leo_bench.leo.diffusion.context import Context, Told
from leo_bench.leo.diffusion.size_ranks import rank_correlation
from leo_bench.leo.networks.layers import without_autocast
from leo_bench.leo.seeds import generator

FLOOR = 0.01  # standard deviation added to every component; the scale of residuals is 1
LEAST = 0.05  # size of a window's departures, at least; the mean square is 1
SLOW = 0.99  # share of the variance that the slow components have, at least
_QUANTILES = 257
_AT_ONCE = 256  # windows whose sizes are computed together
_WINDOWS = 4096  # at most, for these statistics


class Scale(Protocol):
    """How residuals [B,S,M] become the state that is diffused, and back."""

    def sized(self, residual_BSM: Tensor, first_BM: Tensor, told: Told) -> Told:
        """With the sizes of these residuals."""

    def of_rank(self, rank_B2: Tensor, told: Told) -> Told:
        """With the sizes that shares `rank_B2` of the windows of training are below."""

    def state(self, residual_BSM: Tensor, first_BM: Tensor, told: Told) -> Tensor:
        """Residuals -> state."""

    def residual(self, state_BSM: Tensor, first_BM: Tensor, told: Told) -> Tensor:
        """State -> residuals; the inverse."""

    def settled(self, state_BSM: Tensor, told: Told) -> Tensor:
        """A drawn state, made to agree with what it was told."""

    def shown(self, state_BSM: Tensor, told: Told) -> Tensor:
        """What the network sees of a noised state beside its codes: [B,S,0 or M+2]."""

    def prediction(self, output_BSM: Tensor, told: Told) -> Tensor:
        """The network's output -> its prediction for the state; linear."""


class AsTheyAre:
    """The state is the residuals themselves, as in the paper."""

    def sized(self, _residual_BSM: Tensor, _first_BM: Tensor, told: Told) -> Told:
        """The same: a size plays no part."""
        return told

    def of_rank(self, _rank_B2: Tensor, told: Told) -> Told:
        """The same."""
        return told

    def state(self, residual_BSM: Tensor, _first_BM: Tensor, _told: Told) -> Tensor:
        """Residuals -> the same."""
        return residual_BSM

    def residual(self, state_BSM: Tensor, _first_BM: Tensor, _told: Told) -> Tensor:
        """State -> the same."""
        return state_BSM

    def settled(self, state_BSM: Tensor, _told: Told) -> Tensor:
        """State -> the same."""
        return state_BSM

    def shown(self, state_BSM: Tensor, _told: Told) -> Tensor:
        """Nothing: [B,S,0]."""
        return state_BSM[..., :0]

    def prediction(self, output_BSM: Tensor, _told: Told) -> Tensor:
        """Output -> the same."""
        return output_BSM


@dataclass(frozen=True)
class _Tables:
    """The Gaussian for each number of known codes.

    Args:
        gain: [K,M,S,2+P], to the mean, from the first code and the residuals of the anchor and of
            the codes before.
        spread: [K,M,S,S], symmetric root of the covariance.
        inverse: [K,M,S,S], of `spread`.
        slow: [K,M,S,S], projection on the slow components.
        slot: [K,S,M], standard deviation in each slot.
        counts: [K,2], of slow and of fast components.
    """

    gain: Tensor
    spread: Tensor
    inverse: Tensor
    slow: Tensor
    slot: Tensor
    counts: Tensor

    def to(self, device: torch.device) -> "_Tables":
        return _Tables(*(getattr(self, each.name).to(device) for each in fields(self)))


@dataclass(frozen=True)
class MotionPrior:
    """A Gaussian of residuals, given the codes before the window: a `Scale`.

    Args:
        covariance: float32 [M,1+A+H+S,1+A+H+S], second moments of a window's first code and of
            residuals from it: of the anchor, if windows are told it (A is 1 or 0), of the H codes
            before the window, the last one next to it, and of the S behind its first code.
        context: what windows are told.
        sizes: float32 [K,2,Q], quantiles of the sizes of training windows, evenly spaced in rank
            from the smallest to the largest, for each number of known codes.
    """

    covariance: Tensor
    context: Context
    sizes: Tensor
    _on: dict[torch.device, _Tables] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def sized(self, residual_BSM: Tensor, first_BM: Tensor, told: Told) -> Told:
        """With the root mean squares of the white departures."""
        white_BSM = self._whitened(residual_BSM, first_BM, told)
        return told._replace(size=self._sizes(white_BSM, told))

    def of_rank(self, rank_B2: Tensor, told: Told) -> Told:
        """With quantiles of the sizes in training."""
        sizes_B2Q = self.sizes.to(rank_B2.device)[told.known]
        place_B2 = rank_B2 * (sizes_B2Q.shape[2] - 1)
        below_B2 = place_B2.long().clamp(max=sizes_B2Q.shape[2] - 2)
        ends = sizes_B2Q.gather(2, torch.stack([below_B2, below_B2 + 1], dim=2))
        return told._replace(size=torch.lerp(ends[..., 0], ends[..., 1], place_B2 - below_B2))

    def rank(self, told: Told) -> Tensor:
        """The shares of training windows that are smaller than the sizes told: float32 [B,2]."""
        sizes_B2Q = self.sizes.to(told.size.device)[told.known]
        return (sizes_B2Q < told.size[..., None]).float().mean(2)

    def state(self, residual_BSM: Tensor, first_BM: Tensor, told: Told) -> Tensor:
        """Residuals -> departures from their mean, made white, over their sizes."""
        white_BSM = self._whitened(residual_BSM, first_BM, told)
        return self._scaled(white_BSM, 1 / told.size, told)

    def residual(self, state_BSM: Tensor, first_BM: Tensor, told: Told) -> Tensor:
        """White departures over their sizes -> residuals."""
        white_BSM = self._scaled(state_BSM, told.size, told)
        return self._departure(white_BSM, told) + self._mean(first_BM, told)

    def settled(self, state_BSM: Tensor, told: Told) -> Tensor:
        """Of sizes 1, as all states of training; drawn ones differ by a tenth or two."""
        return self._scaled(state_BSM, 1 / self._sizes(state_BSM, told), told)

    def shown(self, state_BSM: Tensor, told: Told) -> Tensor:
        """Departures over their sizes and that of their slot; the sizes' logarithms: [B,S,M+2]."""
        slot_BSM = self._tables(state_BSM.device).slot[told.known]
        log_B12 = told.size.log()[:, None]
        seen_BSM = self._departure(state_BSM, told) / slot_BSM
        return torch.cat([seen_BSM, log_B12.expand(-1, seen_BSM.shape[1], -1)], dim=2)

    def prediction(self, output_BSM: Tensor, told: Told) -> Tensor:
        """Departures over the size of their slot -> white ones."""
        slot_BSM = self._tables(output_BSM.device).slot[told.known]
        return self._white(output_BSM * slot_BSM, told)

    def _whitened(self, residual_BSM: Tensor, first_BM: Tensor, told: Told) -> Tensor:
        """Departures of residuals from their mean, made white: [B,S,M]."""
        return self._white(residual_BSM - self._mean(first_BM, told), told)

    def _sizes(self, white_BSM: Tensor, told: Told) -> Tensor:
        slow_BSM, counts_B2 = self._slow(white_BSM, told)
        sums = [each.square().sum(dim=(1, 2)) for each in (slow_BSM, white_BSM - slow_BSM)]
        return (torch.stack(sums, dim=1) / counts_B2).sqrt().clamp(min=LEAST)

    def _scaled(self, white_BSM: Tensor, factor_B2: Tensor, told: Told) -> Tensor:
        slow_BSM, _ = self._slow(white_BSM, told)
        slow_B11, fast_B11 = factor_B2[..., None, None].unbind(1)
        return slow_B11 * slow_BSM + fast_B11 * (white_BSM - slow_BSM)

    def _slow(self, white_BSM: Tensor, told: Told) -> tuple[Tensor, Tensor]:
        """The slow components of white departures; counts [B,2] of slow and of fast ones."""
        tables = self._tables(white_BSM.device)
        return _applied(tables.slow[told.known], white_BSM), tables.counts[told.known]

    def _departure(self, white_BSM: Tensor, told: Told) -> Tensor:
        spread = self._tables(white_BSM.device).spread[told.known]
        return _applied(spread, white_BSM)

    def _white(self, departure_BSM: Tensor, told: Told) -> Tensor:
        inverse = self._tables(departure_BSM.device).inverse[told.known]
        return _applied(inverse, departure_BSM)

    def _mean(self, first_BM: Tensor, told: Told) -> Tensor:
        gain = self._tables(first_BM.device).gain[told.known]
        codes_BPM = torch.cat([told.anchor[:, None], told.before], dim=1) - first_BM[:, None]
        return _applied(gain, torch.cat([first_BM[:, None], codes_BPM], dim=1))

    def _tables(self, device: torch.device) -> _Tables:
        if device not in self._on:
            self._on[device] = self._computed().to(device)
        return self._on[device]

    def _computed(self) -> _Tables:
        anchor, before, slots = (
            int(self.context.anchor),
            self.context.history - 1,
            self.context.slots,
        )
        moments = self.covariance.double()
        moments = moments + FLOOR**2 * torch.eye(moments.shape[1], dtype=torch.float64)
        behind = slice(1 + anchor + before, None)
        found = []
        for known in range(before + 1):
            # The anchor of a window that is told no code before it may be its own first code, as
            # that of the first window of a sample is, which says nothing.
            there = [
                0,
                *range(1, 1 + anchor if known else 1),
                *range(1 + anchor + before - known, 1 + anchor + before),
            ]
            across = moments[:, behind, there]
            gain = torch.linalg.solve(moments[:, there][:, :, there], across.mT).mT
            values, vectors = torch.linalg.eigh(moments[:, behind, behind] - gain @ across.mT)
            values = values.clamp(min=FLOOR**2)
            whole = gain.new_zeros(*gain.shape[:2], 2 + slots)
            whole[:, :, 0] = gain[:, :, 0]
            whole[:, :, 2 + slots - known :] = gain[:, :, gain.shape[2] - known :]
            if anchor and known:
                whole[:, :, 1] = gain[:, :, 1]
            found.append((whole, *_of_components(values, vectors)))
        return _Tables(*(torch.stack(each).float() for each in zip(*found, strict=True)))


def _of_components(
    values: Tensor, vectors: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """All of `_Tables` but the gain, of eigenvalues [M,S] in ascending order, and eigenvectors."""
    roots, turned = values.sqrt()[:, None], vectors.mT
    slow = values.cumsum(1) > (1 - SLOW) * values.sum(1, keepdim=True)
    spread = vectors * roots @ turned
    return (
        spread,
        vectors / roots @ turned,
        vectors * slow[:, None] @ turned,
        spread.square().sum(-1).sqrt().mT,
        torch.stack([slow.sum(), (~slow).sum()]).clamp(min=1),
    )


def _applied(matrix_BMST: Tensor, codes_BTM: Tensor) -> Tensor:
    """A matrix [S,T] for each component: float32 [B,S,M], also under autocast to bfloat16.

    Entries of the inverse reach 1 / FLOOR, and their terms nearly cancel.
    """
    with without_autocast(codes_BTM):
        return torch.einsum("bmst,btm->bsm", matrix_BMST, codes_BTM.float())


def with_prior(
    stats: CodeStats, sequences: Sequence[Tensor], context: Context, length: int, stride: int
) -> CodeStats:
    """Statistics with what `MotionPrior` needs.

    Args:
        stats: of the same sequences.
        sequences: of codes, float32 [T,M] each.
        context: of the model.
        length: codes in a window.
        stride: frames from one code of a window to the next.

    Raises:
        InputError: no sequence has a window with all codes before it.
    """
    before = context.history - 1
    wide = windows_that_fit(sequences, before + length, stride)
    if not len(wide):
        raise InputError(
            f"lmdm.noise=motion: no video has the {(before + length - 1) * stride + 1} frames of a "
            f"window and the {before} codes before it: give a smaller lmdm.history or lmdm.length"
        )
    index_W = wide.spread_index(_WINDOWS)
    codes = stats.normalised(wide.take(index_W))
    first, random = codes[:, before], generator("motion prior", "anchor")
    place_W = torch.rand(len(index_W), generator=random, dtype=torch.float64)
    anchor = stats.normalised(wide.anywhere(index_W, place_W))
    others = [codes[:, :before], codes[:, before + 1 :]]
    around = torch.cat([anchor[:, None]] * context.anchor + others, dim=1) - first[:, None]
    around = torch.cat([first[:, None], around], dim=1)
    moments = torch.einsum("wsm,wtm->mst", around.double(), around.double()) / len(around)
    prior = MotionPrior(moments.float(), context, torch.empty(0))
    behind, sizes = codes[:, before + 1 :] - first[:, None], []
    for known in range(before + 1):
        found = []
        for part in _parts(len(codes)):
            before_BKM = codes[part, before - known : before]
            told = context.given(first[part], before_BKM, anchor[part] if known else None)
            found.append(prior.sized(behind[part], first[part], told).size)
        sizes.append(torch.cat(found))
    quantiles = [each.quantile(torch.linspace(0, 1, _QUANTILES), dim=0).mT for each in sizes]
    return replace(
        stats,
        covariance=moments.float(),
        sizes=torch.stack(quantiles),
        size_correlation=rank_correlation(sizes[0]),
    )


def _parts(count: int) -> list[slice]:
    return [slice(begin, begin + _AT_ONCE) for begin in range(0, count, _AT_ONCE)]
