"""Residuals on the scale of real motion: departures from a Gaussian prediction, made white.

Ours. Components of real motion differ in size by a factor of a thousand: a turn of the head, a
blink. White noise, as in the paper, hides the small ones until the last steps of sampling, and its
first state knows nothing of the motion before the window. Here residuals are described by a
Gaussian with the covariance of real ones, given the codes before the window. The diffused state is
the departure from its mean, each component divided by its standard deviation. So all components are
as far from the noise at every step, and the first state of sampling is already a motion that goes
on from the codes before.

What the network sees and says is of one size everywhere. Departures are small right behind the
codes that are told, so it sees and predicts them over their standard deviation in each slot. Videos
differ, too: one hardly moves, another moves ten times as much, and group normalisation hides that
from the network. So the size of the clean state is estimated from the energy of the noised one, and
the network predicts what a Gaussian of that size leaves open (as EDM does with one size for all
data, arXiv 2206.00364, Eq. 7).

Legend: B batch, S slots of residuals, P slots before the window, H history - 1, K numbers of known
codes (0 to H), M code dimensions.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from leo_bench.evaluation.errors import InputError
from leo_bench.leo.config import Diffusion
from leo_bench.leo.diffusion.codes import CodeStats, windows_that_fit
from leo_bench.leo.diffusion.context import Context, Told
from leo_bench.leo.diffusion.gaussian import Schedule, said_of

FLOOR = 0.01  # standard deviation added to every component; the scale of residuals is 1
LEAST = 0.02  # variance of a clean state, at least
_WINDOWS = 8192  # at most, for the covariance


class Scale(Protocol):
    """How residuals [B,S,M] become the state that is diffused, and back."""

    def state(self, residual_BSM: Tensor, first_BM: Tensor, told: Told) -> Tensor:
        """Residuals -> state."""

    def residual(self, state_BSM: Tensor, first_BM: Tensor, told: Told) -> Tensor:
        """State -> residuals; the inverse."""

    def shown(self, state_BSM: Tensor, told: Told, step_B: Tensor) -> Tensor:
        """What the network sees of a noised state beside its codes: [B,S,0 or M]."""

    def prediction(
        self, output_BSM: Tensor, state_BSM: Tensor, told: Told, step_B: Tensor
    ) -> Tensor:
        """The network's output for a noised state -> its prediction, as the config names it."""


class AsTheyAre:
    """The state is the residuals themselves, as in the paper."""

    def state(self, residual_BSM: Tensor, _first_BM: Tensor, _told: Told) -> Tensor:
        """Residuals -> the same."""
        return residual_BSM

    def residual(self, state_BSM: Tensor, _first_BM: Tensor, _told: Told) -> Tensor:
        """State -> the same."""
        return state_BSM

    def shown(self, state_BSM: Tensor, _told: Told, _step_B: Tensor) -> Tensor:
        """Nothing: [B,S,0]."""
        return state_BSM[..., :0]

    def prediction(
        self, output_BSM: Tensor, _state_BSM: Tensor, _told: Told, _step_B: Tensor
    ) -> Tensor:
        """Output -> the same."""
        return output_BSM


@dataclass(frozen=True)
class _Tables:
    """The Gaussian for each number of known codes.

    Args:
        gain: [K,M,S,P], from residuals of the codes before to the mean.
        spread: [K,M,S,S], symmetric root of the covariance.
        inverse: [K,M,S,S], of `spread`.
        size: [K,S,M], standard deviation of each slot.
    """

    gain: Tensor
    spread: Tensor
    inverse: Tensor
    size: Tensor

    def to(self, device: torch.device) -> "_Tables":
        gain, spread = self.gain.to(device), self.spread.to(device)
        return _Tables(gain, spread, self.inverse.to(device), self.size.to(device))


class _Level(NamedTuple):
    """Of a noised state: signal, noise, variance of the clean state, its own size; [B,1,1] each."""

    signal: Tensor
    noise: Tensor
    variance: Tensor
    spread: Tensor


@dataclass(frozen=True)
class MotionPrior:
    """A Gaussian of residuals, given the codes before the window: a `Scale`.

    Args:
        covariance: float32 [M,H+S,H+S], second moments of residuals from a window's first code: of
            the H codes before it, the last one next to it, and of the S behind it.
        context: what windows are told.
        diffusion: of the model.
    """

    covariance: Tensor
    context: Context
    diffusion: Diffusion
    _on: dict[torch.device, _Tables] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def state(self, residual_BSM: Tensor, first_BM: Tensor, told: Told) -> Tensor:
        """Residuals -> departures from their mean, made white."""
        return self._white(residual_BSM - self._mean(first_BM, told), told)

    def residual(self, state_BSM: Tensor, first_BM: Tensor, told: Told) -> Tensor:
        """White departures -> residuals."""
        return self._departure(state_BSM, told) + self._mean(first_BM, told)

    def shown(self, state_BSM: Tensor, told: Told, step_B: Tensor) -> Tensor:
        """Noised departures over their standard deviation in each slot, of energy 1: [B,S,M]."""
        size_BSM = self._tables(state_BSM.device).size[told.known]
        spread_B11 = self._level(state_BSM, step_B).spread
        return self._departure(state_BSM, told) / size_BSM / spread_B11

    def prediction(
        self, output_BSM: Tensor, state_BSM: Tensor, told: Told, step_B: Tensor
    ) -> Tensor:
        """What a Gaussian of the estimated size leaves open -> the prediction for the state."""
        size_BSM = self._tables(output_BSM.device).size[told.known]
        left_BSM = self._white(output_BSM * size_BSM, told)
        level = self._level(state_BSM, step_B)
        variance, spread = level.variance, level.spread
        known = level.signal * variance / spread.square() * state_BSM
        clean_BSM = known + variance.sqrt() * level.noise / spread * left_BSM
        schedule = Schedule.of(self.diffusion)
        return said_of(self.diffusion.prediction, schedule, clean_BSM, state_BSM, step_B)

    def _level(self, state_BSM: Tensor, step_B: Tensor) -> "_Level":
        """Signal and noise, and the size of the clean state as the noised one's energy tells it.

        The energy less the noise's is an estimate of the clean energy, with a variance of its own;
        it is drawn to the mean, 1, as much as that variance exceeds the variance of sizes, about 1.
        """
        signal, noise = Schedule.of(self.diffusion).at(step_B, state_BSM)
        energy = state_BSM.square().mean(dim=(1, 2), keepdim=True)
        doubt = 2 / state_BSM[0].numel() * noise**4
        trusted = signal**4 + doubt
        variance = (signal.square() * (energy - noise.square()) + doubt) / trusted
        variance = variance.clamp(min=LEAST)
        spread = (signal.square() * variance + noise.square()).sqrt()
        return _Level(signal, noise, variance, spread)

    def _departure(self, white_BSM: Tensor, told: Told) -> Tensor:
        spread = self._tables(white_BSM.device).spread[told.known]
        return torch.einsum("bmst,btm->bsm", spread, white_BSM)

    def _white(self, departure_BSM: Tensor, told: Told) -> Tensor:
        inverse = self._tables(departure_BSM.device).inverse[told.known]
        return torch.einsum("bmst,btm->bsm", inverse, departure_BSM)

    def _mean(self, first_BM: Tensor, told: Told) -> Tensor:
        gain = self._tables(first_BM.device).gain[told.known]
        return torch.einsum("bmsp,bpm->bsm", gain, told.before - first_BM[:, None])

    def _tables(self, device: torch.device) -> _Tables:
        if device not in self._on:
            self._on[device] = self._computed().to(device)
        return self._on[device]

    def _computed(self) -> _Tables:
        before, slots = self.context.history - 1, self.context.slots
        moments = self.covariance.double()
        moments = moments + FLOOR**2 * torch.eye(moments.shape[1], dtype=torch.float64)
        behind = moments[:, before:, before:]
        gains, spreads, inverses = [], [], []
        for known in range(before + 1):
            told = slice(before - known, before)
            across = moments[:, before:, told]
            gain = torch.linalg.solve(moments[:, told, told], across.mT).mT
            values, vectors = torch.linalg.eigh(behind - gain @ across.mT)
            roots = values.clamp(min=FLOOR**2).sqrt()[:, None]
            gains.append(torch.nn.functional.pad(gain, (slots - known, 0)))
            spreads.append(vectors * roots @ vectors.mT)
            inverses.append(vectors / roots @ vectors.mT)
        gain, spread, inverse = (torch.stack(each) for each in (gains, spreads, inverses))
        size = spread.square().sum(-1).sqrt().mT
        return _Tables(gain.float(), spread.float(), inverse.float(), size.float())


def covariance_of(
    sequences: Sequence[Tensor], stats: CodeStats, context: Context, length: int, stride: int
) -> Tensor:
    """Second moments of normalised residuals around windows: `MotionPrior.covariance`.

    Args:
        sequences: of codes, float32 [T,M] each.
        stats: normalise them.
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
    codes = stats.normalised(wide.spread(_WINDOWS)).double()
    residual = codes - codes[:, before : before + 1]
    residual = torch.cat([residual[:, :before], residual[:, before + 1 :]], dim=1)
    return (torch.einsum("wsm,wtm->mst", residual, residual) / len(residual)).float()
