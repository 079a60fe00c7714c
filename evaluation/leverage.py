"""Which videos move a Fréchet distance most: the change in it when one video is left out.

Exact, and without computing anything anew but the eigenvalues. Leaving c of N clips out takes a
matrix of rank c + 1 from the scatter T of their side: with d the clips less the mean and s their
sum over the video,

    T' = T - sum d d^T - s s^T / (N - c)         mean' = mean - s / (N - c)

and with F^T F the other side's covariance, tr sqrt(C' C_other) is the sum of the roots of the
eigenvalues of F C' F^T. The influences of `evaluation.influence` are the derivative of this; for a
video that is far from all others the derivative is no guide to the whole step.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from evaluation.feature_matrix import check_pair
from evaluation.influence import ClipFeatures

# Matrices decomposed at once: 80 MB at 400 dimensions.
AT_ONCE = 64


@dataclass(frozen=True)
class LeftOut:
    """A distance, and its change as each video is left out.

    Args:
        value: with all videos.
        real, fake: video -> distance without it less `value`; above 0, the video lowers the
            distance. NaN where fewer than two clips would be left.
    """

    value: float
    real: dict[str, float]
    fake: dict[str, float]


def leave_each_out(real: ClipFeatures, fake: ClipFeatures, *, correction: int) -> LeftOut:
    """Leave every video out of `frechet.frechet_distance`, float64, one by one.

    Takes an eigenvalue decomposition [K,K] a video, K being at most the dimensions.

    Args:
        real: clips of the real side.
        fake: clips of the fake side.
        correction: covariances divide by N - correction.

    Raises:
        InputError: features that are not finite, not [N,D], of unlike D, or of fewer than 2 clips.
    """
    check_pair(real.values, fake.values)
    sides = [_Side.of(side, correction) for side in (real, fake)]
    value = sides[0].distances(sides[1], [torch.empty(0, dtype=torch.int64)])[0].item()
    changes = []
    for side, other in (sides, reversed(sides)):
        without = side.distances(other, [side.clips_of[video] for video in side.clips_of])
        changes.append(dict(zip(side.clips_of, (without - value).tolist(), strict=True)))
    return LeftOut(value, *changes)


@dataclass(frozen=True)
class _Side:
    centred: Tensor  # float64 [N,D]
    mean: Tensor  # [D]
    clips_of: dict[str, Tensor]  # video -> int64, its clips
    correction: int

    @classmethod
    def of(cls, features: ClipFeatures, correction: int) -> "_Side":
        values = features.values.detach().to(device="cpu", dtype=torch.float64)
        mean = values.mean(dim=0)
        clips: dict[str, list[int]] = {}
        for clip, video in enumerate(features.videos):
            clips.setdefault(video, []).append(clip)
        places = {video: torch.tensor(clips[video]) for video in sorted(clips)}
        return cls(values - mean, mean, places, correction)

    def distances(self, other: "_Side", left_out: list[Tensor]) -> Tensor:
        """Float64 [len(left_out)]: to the other side, without each of these sets of clips."""
        root = other.root()
        spread = self.centred @ root.T
        scatter, total = spread.T @ spread, self.centred.square().sum()
        of_other = root.square().sum()
        count = len(self.centred)
        found = []
        for start in range(0, len(left_out), AT_ONCE):
            matrices, rest = [], []
            for clips in left_out[start : start + AT_ONCE]:
                left = count - len(clips)
                divisor = left - self.correction if left > 1 else float("nan")
                gone, gone_spread = self.centred[clips], spread[clips]
                shift, shift_spread = gone.sum(dim=0), gone_spread.sum(dim=0)
                less = gone_spread.T @ gone_spread + torch.outer(shift_spread, shift_spread) / left
                trace = total - gone.square().sum() - shift.square().sum() / left
                matrices.append((scatter - less) / divisor)
                means = self.mean - shift / left - other.mean
                rest.append(means.square().sum() + trace / divisor + of_other)
            roots = _eigenvalues(torch.stack(matrices)).clamp(min=0).sqrt().sum(dim=1)
            found.append(torch.stack(rest) - 2 * roots)
        return torch.cat(found)

    def root(self) -> Tensor:
        """F [K,D] with F^T F the covariance and K = min(N, D)."""
        scaled = self.centred / (len(self.centred) - self.correction) ** 0.5
        tall = scaled.shape[0] > scaled.shape[1]
        root: Tensor = torch.linalg.qr(scaled, mode="r").R if tall else scaled
        return root


def _eigenvalues(matrices: Tensor) -> Tensor:
    """[B,K,K] symmetric -> [B,K]; NaN for a matrix that is not finite."""
    broken = ~torch.isfinite(matrices).all(dim=2).all(dim=1)
    values: Tensor = torch.linalg.eigvalsh(torch.where(broken[:, None, None], 0.0, matrices))
    return torch.where(broken[:, None], float("nan"), values)
