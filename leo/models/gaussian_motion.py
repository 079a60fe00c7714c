"""A Gaussian of whole windows of codes: the baseline that the LMDM has to beat.

    motion = GaussianMotion.fit(code_windows(sequences, 16))
    codes = motion.codes(first, frames=128, key=("sample", seed, 0))

It has the means and covariances of all codes of a window, and nothing else of motion. Legend: W
windows, L frames of a window, M code dimensions,
S = (L-1) M numbers of the residuals m_i = alpha_i - alpha_1 (paper Eq. 2).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from leo_bench.evaluation.errors import InputError
from leo_bench.leo.diffusion.codes import MARGIN, Windows
from leo_bench.leo.diffusion.gaussian import Key
from leo_bench.leo.seeds import normal

_AT_ONCE = 1024  # windows in memory while moments are summed
_RANK = 1e-10  # eigenvalues below this share of the largest count as 0


@dataclass(frozen=True)
class GaussianMotion:
    """Residuals given the first code: Gaussian, with a mean linear in the code.

    Args:
        first_mean: float64 [M], of first codes.
        residual_mean: float64 [S].
        slope: float64 [S,M], of the residuals' mean in the first code.
        spread: float64 [S,S], a root of the residuals' covariance given the first code.
        low, high: float32 [M], range of the codes with the margin of `leo.diffusion.codes`.
    """

    first_mean: Tensor
    residual_mean: Tensor
    slope: Tensor
    spread: Tensor
    low: Tensor
    high: Tensor

    @staticmethod
    def fit(windows: Windows) -> "GaussianMotion":
        """Fit to all windows, with full covariance.

        Raises:
            InputError: windows of one code, or a single window.
        """
        if windows.length < 2 or len(windows) < 2:
            raise InputError(
                f"{len(windows)} windows of {windows.length} codes: a Gaussian of motion needs 2 "
                "windows of 2 codes at least"
            )
        size = windows.code_size
        mean, covariance = _moments(windows)
        of_first, across = covariance[:size, :size], covariance[size:, :size]
        slope = across @ _inverse(of_first)
        low, high = windows.codes.aminmax(dim=0)
        beyond = (MARGIN - 1) * (high - low) / 2
        return GaussianMotion(
            first_mean=mean[:size],
            residual_mean=mean[size:],
            slope=slope,
            spread=_root(covariance[size:, size:] - slope @ across.T),
            low=low - beyond,
            high=high + beyond,
        )

    def codes(self, first: Tensor, frames: int, key: Key) -> Tensor:
        """Motion from a first code, float32 [M], in a chain of windows: float32 [frames,M].

        A window begins with the last code of the one before, clamped to the range of training.
        """
        begin, parts, number = first, [first[None]], 0
        while sum(map(len, parts)) < frames:
            window = self._window(begin, (*key, "run", number))
            parts.append(window)
            begin = window[-1].clamp(self.low, self.high)
            number += 1
        return torch.cat(parts)[:frames]

    def _window(self, first: Tensor, key: Key) -> Tensor:
        """Codes after the first one: float32 [L-1,M]."""
        noise = normal((len(self.residual_mean),), *key).double()
        above = first.double() - self.first_mean
        residual = self.residual_mean + self.slope @ above + self.spread @ noise
        return (first.double() + residual.reshape(-1, len(first))).float()


@dataclass(frozen=True)
class GaussianCodes:
    """Independent codes from a Gaussian of all codes: poses without motion.

    Args:
        mean: float64 [M].
        spread: float64 [M,M], a root of the covariance.
    """

    mean: Tensor
    spread: Tensor

    @staticmethod
    def fit(windows: Windows) -> "GaussianCodes":
        """Fit to all codes, with full covariance."""
        codes = windows.codes.double()
        off = codes - codes.mean(0)
        return GaussianCodes(codes.mean(0), _root(off.T @ off / len(codes)))

    def codes(self, first: Tensor, frames: int, key: Key) -> Tensor:
        """The first code, float32 [M], then independent ones: float32 [frames,M]."""
        noise = normal((frames - 1, len(self.mean)), *key).double()
        return torch.cat([first[None], (self.mean + noise @ self.spread.T).float()])


def _moments(windows: Windows) -> tuple[Tensor, Tensor]:
    """Mean and covariance of [alpha_1, m_2, ..., m_L]: float64 [L M] and [L M,L M]."""
    width = windows.length * windows.code_size
    # Around an estimate of the mean, so that squares stay small.
    guess = _flat(windows.spread(_AT_ONCE)).mean(0)
    total = torch.zeros(width, dtype=torch.float64)
    squares = torch.zeros(width, width, dtype=torch.float64)
    for some in torch.split(torch.arange(len(windows)), _AT_ONCE):
        rows = _flat(windows.take(some)) - guess
        total += rows.sum(0)
        squares += rows.T @ rows
    mean = total / len(windows)
    return guess + mean, squares / len(windows) - torch.outer(mean, mean)


def _flat(window_BLM: Tensor) -> Tensor:
    """Windows of codes -> first codes and residuals, float64 [B,L M]."""
    first_B1M = window_BLM[:, :1].double()
    return torch.cat([first_B1M, window_BLM[:, 1:].double() - first_B1M], dim=1).flatten(1)


def _root(covariance: Tensor) -> Tensor:
    """A with A A^T = covariance, which may be singular."""
    values, vectors = torch.linalg.eigh((covariance + covariance.T) / 2)
    root: Tensor = vectors * values.clamp(min=0).sqrt()
    return root


def _inverse(covariance: Tensor) -> Tensor:
    """The pseudo-inverse."""
    values, vectors = torch.linalg.eigh((covariance + covariance.T) / 2)
    kept = values > _RANK * values[-1].clamp(min=torch.finfo(torch.float64).tiny)
    inverse: Tensor = (vectors * torch.where(kept, 1 / values, 0.0)) @ vectors.T
    return inverse
