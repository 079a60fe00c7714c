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
a window are divided by their own size, which the network is told. A sample's size is drawn, once
for all its windows, as a rank among the windows of training. Departures are small right behind the
codes that are told, so the network sees and predicts them over their standard deviation in each
slot.

Legend: B batch, S slots of residuals, P slots before the window, H history - 1, K numbers of known
codes (0 to H), M code dimensions.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import torch
from torch import Tensor

from leo_bench.evaluation.errors import InputError
from leo_bench.leo.diffusion.codes import CodeStats, windows_that_fit
from leo_bench.leo.diffusion.context import Context, Told
from leo_bench.leo.networks.layers import without_autocast
from leo_bench.leo.seeds import generator

FLOOR = 0.01  # standard deviation added to every component; the scale of residuals is 1
LEAST = 0.05  # size of a window's departures, at least; the mean square is 1
_QUANTILES = 257
_AT_ONCE = 256  # windows whose sizes are computed together
_WINDOWS = 4096  # at most, for these statistics


class Scale(Protocol):
    """How residuals [B,S,M] become the state that is diffused, and back."""

    def sized(self, residual_BSM: Tensor, first_BM: Tensor, told: Told) -> Told:
        """With the size of these residuals."""

    def of_rank(self, rank_B: Tensor, told: Told) -> Told:
        """With the size that a share `rank_B` of the windows of training are below."""

    def state(self, residual_BSM: Tensor, first_BM: Tensor, told: Told) -> Tensor:
        """Residuals -> state."""

    def residual(self, state_BSM: Tensor, first_BM: Tensor, told: Told) -> Tensor:
        """State -> residuals; the inverse."""

    def settled(self, state_BSM: Tensor) -> Tensor:
        """A drawn state, made to agree with what it was told."""

    def shown(self, state_BSM: Tensor, told: Told) -> Tensor:
        """What the network sees of a noised state beside its codes: [B,S,0 or M+1]."""

    def prediction(self, output_BSM: Tensor, told: Told) -> Tensor:
        """The network's output -> its prediction for the state; linear."""


class AsTheyAre:
    """The state is the residuals themselves, as in the paper."""

    def sized(self, _residual_BSM: Tensor, _first_BM: Tensor, told: Told) -> Told:
        """The same: a size plays no part."""
        return told

    def of_rank(self, _rank_B: Tensor, told: Told) -> Told:
        """The same."""
        return told

    def state(self, residual_BSM: Tensor, _first_BM: Tensor, _told: Told) -> Tensor:
        """Residuals -> the same."""
        return residual_BSM

    def residual(self, state_BSM: Tensor, _first_BM: Tensor, _told: Told) -> Tensor:
        """State -> the same."""
        return state_BSM

    def settled(self, state_BSM: Tensor) -> Tensor:
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
        gain: [K,M,S,1+P], from residuals of the anchor and of the codes before to the mean.
        spread: [K,M,S,S], symmetric root of the covariance.
        inverse: [K,M,S,S], of `spread`.
        slot: [K,S,M], standard deviation in each slot.
    """

    gain: Tensor
    spread: Tensor
    inverse: Tensor
    slot: Tensor

    def to(self, device: torch.device) -> "_Tables":
        gain, spread = self.gain.to(device), self.spread.to(device)
        return _Tables(gain, spread, self.inverse.to(device), self.slot.to(device))


@dataclass(frozen=True)
class MotionPrior:
    """A Gaussian of residuals, given the codes before the window: a `Scale`.

    Args:
        covariance: float32 [M,A+H+S,A+H+S], second moments of residuals from a window's first
            code: of the anchor, if windows are told it (A is 1 or 0), of the H codes before the
            window, the last one next to it, and of the S behind its first code.
        context: what windows are told.
        sizes: float32 [K,Q], quantiles of the sizes of training windows, evenly spaced in rank from
            the smallest to the largest, for each number of known codes.
    """

    covariance: Tensor
    context: Context
    sizes: Tensor
    _on: dict[torch.device, _Tables] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def sized(self, residual_BSM: Tensor, first_BM: Tensor, told: Told) -> Told:
        """With the root mean square of the white departures."""
        white_BSM = self._whitened(residual_BSM, first_BM, told)
        return told._replace(size=white_BSM.square().mean(dim=(1, 2)).sqrt().clamp(min=LEAST))

    def of_rank(self, rank_B: Tensor, told: Told) -> Told:
        """With a quantile of the sizes in training."""
        sizes_BQ = self.sizes.to(rank_B.device)[told.known]
        place_B = rank_B * (sizes_BQ.shape[1] - 1)
        below_B = place_B.long().clamp(max=sizes_BQ.shape[1] - 2)
        ends_B2 = sizes_BQ.gather(1, torch.stack([below_B, below_B + 1], dim=1))
        return told._replace(size=torch.lerp(ends_B2[:, 0], ends_B2[:, 1], place_B - below_B))

    def rank(self, told: Told) -> Tensor:
        """The share of training windows that are smaller than the size told: float32 [B]."""
        sizes_BQ = self.sizes.to(told.size.device)[told.known]
        return (sizes_BQ < told.size[:, None]).float().mean(1)

    def state(self, residual_BSM: Tensor, first_BM: Tensor, told: Told) -> Tensor:
        """Residuals -> departures from their mean, made white, over their size."""
        white_BSM = self._whitened(residual_BSM, first_BM, told)
        return white_BSM / told.size[:, None, None]

    def residual(self, state_BSM: Tensor, first_BM: Tensor, told: Told) -> Tensor:
        """White departures over their size -> residuals."""
        white_BSM = state_BSM * told.size[:, None, None]
        return self._departure(white_BSM, told) + self._mean(first_BM, told)

    def settled(self, state_BSM: Tensor) -> Tensor:
        """Of size 1, as all states of training; drawn ones are smaller by a tenth."""
        return state_BSM / state_BSM.square().mean(dim=(1, 2), keepdim=True).sqrt().clamp(min=LEAST)

    def shown(self, state_BSM: Tensor, told: Told) -> Tensor:
        """Departures over their size and that of their slot; the size's logarithm: [B,S,M+1]."""
        slot_BSM = self._tables(state_BSM.device).slot[told.known]
        log_B11 = told.size.log()[:, None, None]
        seen_BSM = self._departure(state_BSM, told) / slot_BSM
        return torch.cat([seen_BSM, log_B11.expand(-1, seen_BSM.shape[1], -1)], dim=2)

    def prediction(self, output_BSM: Tensor, told: Told) -> Tensor:
        """Departures over the size of their slot -> white ones."""
        slot_BSM = self._tables(output_BSM.device).slot[told.known]
        return self._white(output_BSM * slot_BSM, told)

    def _whitened(self, residual_BSM: Tensor, first_BM: Tensor, told: Told) -> Tensor:
        """Departures of residuals from their mean, made white: [B,S,M]."""
        return self._white(residual_BSM - self._mean(first_BM, told), told)

    def _departure(self, white_BSM: Tensor, told: Told) -> Tensor:
        spread = self._tables(white_BSM.device).spread[told.known]
        return _applied(spread, white_BSM)

    def _white(self, departure_BSM: Tensor, told: Told) -> Tensor:
        inverse = self._tables(departure_BSM.device).inverse[told.known]
        return _applied(inverse, departure_BSM)

    def _mean(self, first_BM: Tensor, told: Told) -> Tensor:
        gain = self._tables(first_BM.device).gain[told.known]
        codes_BPM = torch.cat([told.anchor[:, None], told.before], dim=1)
        return _applied(gain, codes_BPM - first_BM[:, None])

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
        behind = slice(anchor + before, None)
        gains, spreads, inverses = [], [], []
        for known in range(before + 1):
            # The anchor of a window that is told no code before it may be its own first code, as
            # that of the first window of a sample is, which says nothing.
            told = [
                *range(anchor if known else 0),
                *range(anchor + before - known, anchor + before),
            ]
            across = moments[:, behind, told]
            gain = torch.linalg.solve(moments[:, told][:, :, told], across.mT).mT
            values, vectors = torch.linalg.eigh(moments[:, behind, behind] - gain @ across.mT)
            roots = values.clamp(min=FLOOR**2).sqrt()[:, None]
            whole = gain.new_zeros(*gain.shape[:2], 1 + slots)
            whole[:, :, 1 + slots - known :] = gain[:, :, gain.shape[2] - known :]
            if anchor and known:
                whole[:, :, 0] = gain[:, :, 0]
            gains.append(whole)
            spreads.append(vectors * roots @ vectors.mT)
            inverses.append(vectors / roots @ vectors.mT)
        gain, spread, inverse = (torch.stack(each) for each in (gains, spreads, inverses))
        slot = spread.square().sum(-1).sqrt().mT
        return _Tables(gain.float(), spread.float(), inverse.float(), slot.float())


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
    moments = torch.einsum("wsm,wtm->mst", around.double(), around.double()) / len(around)
    prior = MotionPrior(moments.float(), context, torch.empty(0))
    behind, sizes = codes[:, before + 1 :] - first[:, None], []
    for known in range(before + 1):
        found = []
        for part in _parts(len(codes)):
            before_BKM = codes[part, before - known : before]
            told = context.given(first[part], before_BKM, anchor[part] if known else None)
            found.append(prior.sized(behind[part], first[part], told).size)
        sizes.append(torch.cat(found).quantile(torch.linspace(0, 1, _QUANTILES)))
    return replace(stats, covariance=moments.float(), sizes=torch.stack(sizes))


def _parts(count: int) -> list[slice]:
    return [slice(begin, begin + _AT_ONCE) for begin in range(0, count, _AT_ONCE)]
