"""The exact change of a Fréchet distance when one video is left out, for all videos at once.

Leaving c of N clips out takes a matrix of rank c from the scatter T of their side. With d a clip
less the mean and s the sum of d over the video,

    T' = T - sum d d^T - s s^T / (N - c)         mean' = mean - s / (N - c)

Let sigma be the singular values of S_side S_other^T, the sum of which is tr sqrt(C C_other), and u
a clip's coordinates among the vectors that belong to them (S^T S = C). With B the rows u + a sum(u)
of a video, a = (sqrt(N / (N - c)) - 1) / c, and without the factor of the divisors, the sum of the
sigma changes by

    1/pi * integral over t from 0 to infinity of log det(I - B diag(sigma^2 / (sigma^2 + t^2)) B^T),

a determinant [c,c], since sqrt(x) is 1/pi times the integral of log(1 + x / t^2). In log t the
integrand is smooth, and the trapezoidal rule reaches rounding with some hundred nodes, which all
videos share: one product of matrices a side, and no decomposition for each video.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

# Step of the trapezoidal rule in log t: its error is exp(-pi^2 / STEP), 6e-13.
STEP = 0.35

# Nodes from LOWEST to HIGHEST times the largest singular value; below them the integrand is a
# constant times t, above them a constant over t, and the rule's sum is that of a geometric series.
LOWEST, HIGHEST = 1e-11, 1e4

# Singular values below this share of the largest are rounding, and so is a gap of I - B B^T.
NOTHING = 1e-13

# A video with more clips than this share of the dimensions gets a decomposition of its own.
MANY = 0.25

# Clips of the videos that are processed together.
BLOCK = 1024

# Numbers [nodes,c,K] held at once: 32 MB.
AT_ONCE = 4_000_000


@dataclass(frozen=True)
class LeftOut:
    """A distance, and its change as each video is left out.

    Args:
        value: with all videos.
        real, fake: float64 [R], [F], in the order of the statistic's videos: the distance without
            the video less `value`; above 0, the video lowers the distance. NaN where fewer than two
            clips would be left.
        real_clips, fake_clips: int64 [R], [F]: clips of each video.
        real_tail, fake_tail: fourth moment of each side, see `fourth_moment`.
    """

    value: float
    real: Tensor
    fake: Tensor
    real_clips: Tensor
    fake_clips: Tensor
    real_tail: float
    fake_tail: float


@dataclass(frozen=True)
class Clips:
    """One side's clips, those of one video in a row.

    Args:
        counts: int64 [V], clips of each video.
        squares: float64 [V], sum over the video of |d|^2.
        sums: float64 [V,D], s of each video.
        coordinates: (first clip, last clip + 1) -> u of these clips, float64 [clips,K].
        correction: the covariance divides by N - correction.
        tail: `fourth_moment` of the clips.
    """

    counts: Tensor
    squares: Tensor
    sums: Tensor
    coordinates: Callable[[int, int], Tensor]
    correction: int
    tail: float


def left_out(value: float, real: Clips, fake: Clips, sigma: Tensor, shift: Tensor) -> LeftOut:
    """Leave every video of both sides out; `shift` is the real mean less the fake one."""
    return LeftOut(
        value,
        changes(real, sigma, shift),
        changes(fake, sigma, -shift),
        real.counts,
        fake.counts,
        real.tail,
        fake.tail,
    )


def fourth_moment(lengths: Tensor, spread: float) -> float:
    """Mean fourth power of a clip's distance to the mean, as a multiple of a Gaussian's.

    Args:
        lengths: float64 [N], squared distances of the clips to their mean.
        spread: trace of the square of the covariance (divided by N).
    """
    gaussian = lengths.mean().item() ** 2 + 2 * spread
    return lengths.square().mean().item() / gaussian if gaussian > 0 else 1.0


def changes(side: Clips, sigma: Tensor, shift: Tensor) -> Tensor:
    """Change of the distance as each of the side's videos is left out: float64 [V].

    Args:
        side: the side that videos leave.
        sigma: float64 [K], as above.
        shift: float64 [D], this side's mean less the other's.
    """
    count = int(side.counts.sum())
    left = (count - side.counts).double()
    whole, divisor = count - side.correction, left - side.correction
    summed = side.sums.square().sum(dim=1)
    means = summed / left**2 - 2 * (side.sums @ shift) / left
    lost = side.squares + summed / left
    traces = (side.squares.sum() - lost) / divisor - side.squares.sum() / whole
    total = sigma.sum()
    roots = (whole / divisor).sqrt() * (total + _changes_of_sum(side, sigma)) - total
    return torch.where(left < 2, torch.nan, means + traces - 2 * roots)


def _changes_of_sum(side: Clips, sigma: Tensor) -> Tensor:
    """Change of sum(sigma) as each video is left out, the divisors as they were: [V]."""
    kept = sigma > NOTHING * sigma.max()
    sigma = sigma[kept]
    found = torch.zeros(len(side.counts), dtype=torch.float64)
    if len(sigma) == 0:
        return found
    count = int(side.counts.sum())
    ends = side.counts.cumsum(0)
    first = 0
    while first < len(found):
        start = int(ends[first] - side.counts[first])
        last = max(first + 1, int((ends <= start + BLOCK).sum()))
        u = side.coordinates(start, int(ends[last - 1]))[:, kept]
        counts = side.counts[first:last]
        starts = ends[first:last] - counts - start
        for clips in sorted(set(counts.tolist())):
            if count - clips < 2:
                continue
            places = torch.nonzero(counts == clips).flatten()
            rows = u[starts[places][:, None] + torch.arange(clips)]
            a = (math.sqrt(count / (count - clips)) - 1) / clips
            rows = rows + a * rows.sum(dim=1, keepdim=True)
            found[first + places] = _change(rows, sigma)
        first = last
    return found


def _change(rows: Tensor, sigma: Tensor) -> Tensor:
    """Change of sum(sigma) by the rows B of each video: [V,c,K] -> [V]."""
    clips = rows.shape[1]
    if clips == 1:
        return _integral(_logs_of_one(rows[:, 0], sigma), sigma)
    if clips > MANY * len(sigma):
        return torch.stack([_by_decomposition(b, sigma) for b in rows])
    return torch.stack([_integral(_logs_of_many(b, sigma)[None], sigma)[0] for b in rows])


def _nodes(sigma: Tensor) -> Tensor:
    """T of the rule: [Q], one STEP apart in log t."""
    largest = sigma.max().item()
    low, high = math.log(LOWEST * largest), math.log(HIGHEST * largest)
    return torch.arange(low, high, STEP, dtype=torch.float64).exp()


def _integral(logs: Tensor, sigma: Tensor) -> Tensor:
    """The rule's sum over the nodes and beyond them: log det at each node [V,Q] -> [V]."""
    t = _nodes(sigma)
    beyond = 1 / (math.exp(STEP) - 1)  # of e^-STEP + e^-2STEP + ...
    inner = logs @ t
    below, above = logs[:, 0] * t[0], logs[:, -1] * t[-1]
    return STEP * (inner + (below + above) * beyond) / math.pi


def _logs_of_one(b: Tensor, sigma: Tensor) -> Tensor:
    """Log of 1 - sum b^2 sigma^2 / (sigma^2 + t^2) at each node: [V,K] -> [V,Q]."""
    of_sigma, of_t = sigma.square()[:, None], _nodes(sigma).square()
    squares = b.square()
    taken = squares @ (of_sigma / (of_sigma + of_t))
    # 1 - taken, where it is near 0 and would lose its digits.
    rest = _gap(1 - squares.sum(dim=1))[:, None] + squares @ (of_t / (of_sigma + of_t))
    return torch.where(taken < 0.5, torch.log1p(-taken.clamp(max=0.5)), rest.log())


def _logs_of_many(b: Tensor, sigma: Tensor) -> Tensor:
    """Log det(I - B diag(sigma^2 / (sigma^2 + t^2)) B^T) at each node: [c,K] -> [Q]."""
    gaps, vectors = torch.linalg.eigh(torch.eye(len(b), dtype=torch.float64) - b @ b.T)
    turned, gap = vectors.T @ b, torch.diag(_gap(gaps))
    logs = []
    for t in torch.split(_nodes(sigma).square(), max(1, AT_ONCE // b.numel())):
        shares = t[:, None, None] / (sigma.square() + t[:, None, None])
        factor = torch.linalg.cholesky(gap + (turned * shares) @ turned.T)
        logs.append(2 * factor.diagonal(dim1=1, dim2=2).log().sum(dim=1))
    return torch.cat(logs)


def _gap(found: Tensor) -> Tensor:
    return torch.where(found < NOTHING, 0.0, found)


def _by_decomposition(b: Tensor, sigma: Tensor) -> Tensor:
    """For a video of many clips: the singular values of (I - B^T B)^(1/2) diag(sigma)."""
    _, lengths, directions = torch.linalg.svd(b, full_matrices=False)
    shrunk = 1 - (1 - lengths.square()).clamp(min=0).sqrt()
    rest = torch.diag(sigma) - (directions.T * shrunk) @ (directions * sigma)
    change: Tensor = torch.linalg.svdvals(rest).sum() - sigma.sum()
    return change
