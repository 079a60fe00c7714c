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
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

# Step of the trapezoidal rule in log t: its error is exp(-pi^2 / STEP), 6e-13.
STEP = 0.35

# Nodes from LOWEST to HIGHEST times the largest singular value; below them the integrand is a
# constant times t, above them a constant over t, and the rule's sum is that of a geometric series.
LOWEST, HIGHEST = 1e-11, 1e4

# Nodes above this multiple of the largest singular value take the logarithm's series, three terms.
FAR = 1e2

# Singular values below this share of the largest are rounding, and so is a gap of I - B B^T.
NOTHING = 1e-13

# A video with more clips than this share of the dimensions gets a decomposition of its own.
MANY = 0.25

# Clips of the videos that are processed together.
BLOCK = 1024

# Numbers [V,c,K] and [V,nodes,c,c] held at once: 32 MB.
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
    """One side's clips, those of one video in a row, read part by part.

    Args:
        counts: int64 [V], clips of each video.
        part: (first clip, last clip + 1) -> d [clips,D] and u [clips,K] of these clips, float64.
        dimension: D.
        correction: the covariance divides by N - correction.
        spread: trace of the square of the covariance, divided by N.
    """

    counts: Tensor
    part: Callable[[int, int], tuple[Tensor, Tensor]]
    dimension: int
    correction: int
    spread: float


def left_out(value: float, real: Clips, fake: Clips, sigma: Tensor, shift: Tensor) -> LeftOut:
    """Leave every video of both sides out; `shift` is the real mean less the fake one."""
    of_real, real_tail = changes(real, sigma, shift)
    of_fake, fake_tail = changes(fake, sigma, -shift)
    return LeftOut(value, of_real, of_fake, real.counts, fake.counts, real_tail, fake_tail)


def fourth_moment(lengths: Tensor, spread: float) -> float:
    """Mean fourth power of a clip's distance to the mean, as a multiple of a Gaussian's.

    Args:
        lengths: float64 [N], squared distances of the clips to their mean.
        spread: trace of the square of the covariance (divided by N).
    """
    if len(lengths) == 0:
        return 1.0
    gaussian = lengths.mean().item() ** 2 + 2 * spread
    return lengths.square().mean().item() / gaussian if gaussian > 0 else 1.0


def changes(side: Clips, sigma: Tensor, shift: Tensor) -> tuple[Tensor, float]:
    """Change of the distance as each of the side's videos is left out, and `fourth_moment`.

    Args:
        side: the side that videos leave; V of them.
        sigma: float64 [K], as above.
        shift: float64 [D], this side's mean less the other's.

    Returns:
        float64 [V], and a number.
    """
    count = int(side.counts.sum())
    left = (count - side.counts).double()
    whole, divisor = count - side.correction, left - side.correction
    kept = sigma > NOTHING * sigma.amax() if len(sigma) else sigma > 0
    lengths = torch.zeros(count, dtype=torch.float64)
    squares, summed, along, of_sum = torch.zeros(4, len(left), dtype=torch.float64)
    for first, last, start, end in _blocks(side.counts):
        centred, u = side.part(start, end)
        lengths[start:end] = centred.square().sum(dim=1)
        counts = side.counts[first:last]
        video = torch.repeat_interleave(counts)
        sums = torch.zeros(len(counts), side.dimension, dtype=torch.float64)
        sums.index_add_(0, video, centred)
        squares[first:last].index_add_(0, video, lengths[start:end])
        summed[first:last] = sums.square().sum(dim=1)
        along[first:last] = sums @ shift
        if kept.any():
            of_sum[first:last] = _changes_of_sum(u[:, kept], counts, count, sigma[kept])
    means = summed / left**2 - 2 * along / left
    lost = squares + summed / left
    traces = (squares.sum() - lost) / divisor - squares.sum() / whole
    total = sigma.sum()
    roots = (whole / divisor).sqrt() * (total + of_sum) - total
    found = torch.where(left < 2, torch.nan, means + traces - 2 * roots)
    return found, fourth_moment(lengths, side.spread)


def _blocks(counts: Tensor) -> Iterator[tuple[int, int, int, int]]:
    """First video, last + 1, first clip, last + 1 of up to BLOCK clips: whole videos, one at least.

    Args:
        counts: int64 [V], clips of each video.
    """
    ends = counts.cumsum(0)
    first = 0
    while first < len(counts):
        start = int(ends[first] - counts[first])
        last = max(first + 1, int(torch.searchsorted(ends, start + BLOCK, right=True)))
        yield first, last, start, int(ends[last - 1])
        first = last


def _changes_of_sum(u: Tensor, counts: Tensor, count: int, sigma: Tensor) -> Tensor:
    """Change of sum(sigma) as each of some videos is left out, the divisors as they were: [V].

    Args:
        u: float64 [clips,K], the coordinates of the videos' clips.
        counts: int64 [V], clips of each video.
        count: clips of the whole side.
        sigma: float64 [K].
    """
    found = torch.zeros(len(counts), dtype=torch.float64)
    starts = counts.cumsum(0) - counts
    for clips in sorted(set(counts.tolist())):
        if count - clips < 2:
            continue
        places = torch.nonzero(counts == clips).flatten()
        rows = u[starts[places][:, None] + torch.arange(clips)]
        a = (math.sqrt(count / (count - clips)) - 1) / clips
        rows = rows + a * rows.sum(dim=1, keepdim=True)
        found[places] = _change(rows, sigma)
    return found


def _change(rows: Tensor, sigma: Tensor) -> Tensor:
    """Change of sum(sigma) by the rows B of each video: [V,c,K] -> [V]."""
    clips = rows.shape[1]
    if clips == 1:
        return _integral(_logs_of_one(rows[:, 0], sigma), sigma)
    if clips > MANY * len(sigma):
        return torch.stack([_by_decomposition(b, sigma) for b in rows])
    at_once = max(1, AT_ONCE // (clips * max(len(sigma), clips * len(_nodes(sigma)))))
    return torch.cat(
        [_integral(_logs_of_many(b, sigma), sigma) for b in torch.split(rows, at_once)]
    )


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
    """Log det(I - B diag(sigma^2 / (sigma^2 + t^2)) B^T) at each node: [V,c,K] -> [V,Q]."""
    videos, clips, _ = b.shape
    gaps, vectors = torch.linalg.eigh(torch.eye(clips, dtype=torch.float64) - b @ b.mT)
    turned, gap = vectors.mT @ b, _gap(gaps).diag_embed()[:, None]

    def products(shares: Tensor) -> Tensor:
        """Of the turned rows, weighed by shares [K,q]: [V,q,c,c]."""
        found = [(turned[:, i : i + 1] * turned).flatten(0, 1) @ shares for i in range(clips)]
        return torch.stack(found).view(clips, videos, clips, -1).permute(1, 3, 0, 2)

    of_sigma, of_t = sigma.square()[:, None], _nodes(sigma).square()
    at_once = max(1, AT_ONCE // (videos * clips**2))
    is_near = of_t < FAR**2 * sigma.max() ** 2
    logs = []
    for near in torch.split(of_t[is_near], at_once):
        factor = torch.linalg.cholesky(gap + products(near / (of_sigma + near)))
        logs.append(2 * factor.diagonal(dim1=2, dim2=3).log().sum(dim=2))
    for far in torch.split(of_t[~is_near], at_once):
        # The series of the logarithm: the determinant is too near to 1.
        x = products(of_sigma / (of_sigma + far))
        trace, square = x.diagonal(dim1=2, dim2=3).sum(dim=2), x @ x
        traces = trace + (x * x).sum(dim=(2, 3)) / 2 + (square * x).sum(dim=(2, 3)) / 3
        logs.append(-traces)
    return torch.cat(logs, dim=1)


def _gap(found: Tensor) -> Tensor:
    return torch.where(found < NOTHING, 0.0, found)


def _by_decomposition(b: Tensor, sigma: Tensor) -> Tensor:
    """For a video of many clips: the singular values of (I - B^T B)^(1/2) diag(sigma)."""
    _, lengths, directions = torch.linalg.svd(b, full_matrices=False)
    shrunk = 1 - (1 - lengths.square()).clamp(min=0).sqrt()
    rest = torch.diag(sigma) - (directions.T * shrunk) @ (directions * sigma)
    change: Tensor = torch.linalg.svdvals(rest).sum() - sigma.sum()
    return change
