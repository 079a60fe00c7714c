"""Distances as functions of how much each video counts, and each video's influence on the value.

Give video v of one side the weight w_v (all ones: the plain distance; zero: the video left out).
Its influence is d value / d log w_v: how far the value moves, to first order, as the video counts
more. Influences of one side sum to 0. They come in closed form from the one decomposition that the
value takes, and they add up: the influences on a mean over repeats, or on a difference of two
distances, are the mean and the difference of the influences. Intervals and the extrapolation to
infinite N rest on them.

Legend: N clips of one side, M of the other, D dimensions, R real videos, F fake videos.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from leo_bench.evaluation.distances.feature_matrix import check_pair, content_order
from leo_bench.evaluation.distances.kernel import KernelOptions, kernel_diagonal, kernel_row_sums
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.uncertainty.left_out import Clips, LeftOut, fourth_moment, left_out


@dataclass(frozen=True)
class ClipFeatures:
    """Features of one side's clips, and the video that each clip was cut from.

    Clips of one video are alike, so the video, not the clip, is what chance draws.
    """

    values: Tensor  # [N,D], floating
    videos: Sequence[str]  # [N]

    def __post_init__(self) -> None:
        if len(self.videos) != len(self.values):
            raise InputError(
                f"{len(self.values)} clips with features, {len(self.videos)} names of videos; "
                "every clip needs the name of its video"
            )


@dataclass(frozen=True)
class Weights:
    """How much each video counts, >= 0."""

    real: Tensor  # float64 [R]
    fake: Tensor  # float64 [F]


@dataclass(frozen=True)
class Linearised:
    """A value at some weights, and each video's influence on it."""

    value: float
    real: Tensor  # float64 [R]
    fake: Tensor  # float64 [F]


@dataclass(frozen=True)
class WeightedStatistic:
    """A number computed from two sets of videos, as a function of the videos' weights."""

    real_videos: Sequence[str]
    fake_videos: Sequence[str]
    n_real: int  # clips
    n_fake: int  # clips
    dimension: int
    at: Callable[[Weights], Linearised]

    @property
    def ones(self) -> Weights:
        """Every video counts once: the statistic itself."""
        return Weights(
            torch.ones(len(self.real_videos), dtype=torch.float64),
            torch.ones(len(self.fake_videos), dtype=torch.float64),
        )


@dataclass(frozen=True)
class FrechetStatistic(WeightedStatistic):
    """A Fréchet distance, which every video can be left out of, exactly and at little cost."""

    without_each: Callable[[], LeftOut]


def frechet_statistic(
    real: ClipFeatures, fake: ClipFeatures, *, correction: int
) -> FrechetStatistic:
    """`frechet.frechet_distance` in float64; covariances divide by N - correction.

    With S^T S the covariance of one side and W s Z^T the singular values of S_real S_fake^T, the
    distance is |m_r - m_f|^2 + |S_real|^2 + |S_fake|^2 - 2 sum(s), and the gradient of sum(s) with
    respect to S_real S_fake^T is W Z^T.

    Raises:
        InputError: features that are not finite, not [N,D], of unlike D, or of fewer than 2 clips.
    """
    check_pair(real.values, fake.values)
    real_side, fake_side = _Side.of(real), _Side.of(fake)

    def at(weights: Weights) -> Linearised:
        r, f = (
            _Root.of(real_side, weights.real, correction),
            _Root.of(fake_side, weights.fake, correction),
        )
        left, roots, right = torch.linalg.svd(r.root @ f.root.T, full_matrices=False)
        shift = r.mean - f.mean
        value = shift.square().sum() + r.root.square().sum() + f.root.square().sum()
        return Linearised(
            value=float(value - 2 * roots.sum()),
            real=r.influences(shift, left * roots.sqrt()),
            fake=f.influences(-shift, right.T * roots.sqrt()),
        )

    def without_each() -> LeftOut:
        r, f = (
            _Root.of(side, torch.ones(len(side.videos), dtype=torch.float64), correction)
            for side in (real_side, fake_side)
        )
        left, roots, right = torch.linalg.svd(r.root @ f.root.T, full_matrices=False)
        shift = r.mean - f.mean
        value = shift.square().sum() + r.root.square().sum() + f.root.square().sum()
        return left_out(
            float(value - 2 * roots.sum()),
            r.in_a_row(left, correction),
            f.in_a_row(right.T, correction),
            roots,
            shift,
        )

    return FrechetStatistic(*_facts(real_side, fake_side), at, without_each)


def kernel_statistic(
    real: ClipFeatures, fake: ClipFeatures, options: KernelOptions
) -> WeightedStatistic:
    """`kernel.kernel_distance` in float64, whatever the dtype of `options`.

    Raises:
        InputError: as `frechet_statistic`.
    """
    check_pair(real.values, fake.values)
    real_side, fake_side = _Side.of(real), _Side.of(fake)

    def at(weights: Weights) -> Linearised:
        x, y = real_side.counting(weights.real), fake_side.counting(weights.fake)
        p, q = x.share, y.share
        across = kernel_row_sums(x.values, y.values, options, q)
        back = kernel_row_sums(y.values, x.values, options, p)
        within_x, pull_x = _distinct_pairs(x.values, p, options)
        within_y, pull_y = _distinct_pairs(y.values, q, options)
        between = p @ across
        return Linearised(
            value=float(within_x + within_y - 2 * between),
            real=x.by_video(pull_x - 2 * p * (across - between)),
            fake=y.by_video(pull_y - 2 * q * (back - between)),
        )

    return WeightedStatistic(*_facts(real_side, fake_side), at)


def combine(terms: Sequence[tuple[float, WeightedStatistic]]) -> WeightedStatistic:
    """Sum of factor * statistic. Videos of one name on one side are one video to all terms.

    So the difference of two fakes against one real set keeps the real side shared, and pairs the
    fakes that bear the same name (made from the same seed or the same first frame); where equal
    names mean nothing, pairing them changes no expectation.
    """
    real_videos = sorted({v for _, term in terms for v in term.real_videos})
    fake_videos = sorted({v for _, term in terms for v in term.fake_videos})
    places = [
        (_places(term.real_videos, real_videos), _places(term.fake_videos, fake_videos))
        for _, term in terms
    ]

    def at(weights: Weights) -> Linearised:
        value = 0.0
        real, fake = torch.zeros_like(weights.real), torch.zeros_like(weights.fake)
        for (factor, term), (in_real, in_fake) in zip(terms, places, strict=True):
            part = term.at(Weights(weights.real[in_real], weights.fake[in_fake]))
            value += factor * part.value
            real.index_add_(0, in_real, part.real, alpha=factor)
            fake.index_add_(0, in_fake, part.fake, alpha=factor)
        return Linearised(value, real, fake)

    return WeightedStatistic(
        real_videos,
        fake_videos,
        n_real=min(term.n_real for _, term in terms),
        n_fake=min(term.n_fake for _, term in terms),
        dimension=max(term.dimension for _, term in terms),
        at=at,
    )


def mean_of(statistics: Sequence[WeightedStatistic]) -> WeightedStatistic:
    """The mean, as over a protocol's repeats: each repeat draws other clips of the same videos."""
    return combine([(1 / len(statistics), statistic) for statistic in statistics])


@dataclass(frozen=True)
class _Side:
    """Clips in an order that only names and content decide, and their videos by index."""

    values: Tensor  # float64 [N,D]
    video: Tensor  # int64 [N]
    videos: tuple[str, ...]

    @classmethod
    def of(cls, features: ClipFeatures) -> "_Side":
        videos = tuple(sorted(set(features.videos)))
        index = {name: i for i, name in enumerate(videos)}
        by_content = content_order(features.values)
        video = torch.tensor([index[features.videos[i]] for i in by_content.tolist()])
        by_video = torch.argsort(video, stable=True)
        values = features.values.detach()[by_content[by_video]]
        return cls(values.to(device="cpu", dtype=torch.float64), video[by_video], videos)

    def counting(self, weights: Tensor) -> "_Counting":
        """The clips whose video has a weight above 0."""
        clip_weights = weights[self.video]
        kept = clip_weights > 0
        share = clip_weights[kept] / clip_weights.sum()
        return _Counting(self.values[kept], share, self.video[kept], len(self.videos))


@dataclass(frozen=True)
class _Counting:
    values: Tensor  # float64 [N,D]
    share: Tensor  # float64 [N], sums to 1
    video: Tensor  # int64 [N]
    videos: int

    def by_video(self, influences: Tensor) -> Tensor:
        return torch.zeros(self.videos, dtype=torch.float64).index_add_(0, self.video, influences)


@dataclass(frozen=True)
class _Root:
    """One side's weighted mean and S with S^T S its covariance; `scaled` = coordinates @ root."""

    clips: _Counting
    mean: Tensor  # [D]
    scaled: Tensor  # [N,D], the centred clips, each times the root of its share of the covariance
    root: Tensor  # [K,D]: triangular where N > D, else `scaled` itself
    coordinates: Tensor | None  # [N,K]; None for the identity

    @classmethod
    def of(cls, side: _Side, weights: Tensor, correction: int) -> "_Root":
        clips = side.counting(weights)
        count, dimension = clips.values.shape
        mean = clips.share @ clips.values
        scale = (clips.share * count / (count - correction)).sqrt()
        scaled = (clips.values - mean) * scale[:, None]
        if count <= dimension:
            return cls(clips, mean, scaled, scaled, None)
        coordinates, root = torch.linalg.qr(scaled)
        return cls(clips, mean, scaled, root, coordinates)

    def in_a_row(self, vectors: Tensor, correction: int) -> Clips:
        """For `left_out`; `vectors` [K,K']: singular vectors, on this side, of both roots."""
        centred = self.clips.values - self.mean
        lengths, count = centred.square().sum(dim=1), len(centred)
        sums = torch.zeros(self.clips.videos, centred.shape[1], dtype=torch.float64)
        u = vectors if self.coordinates is None else self.coordinates @ vectors
        gram = self.root @ self.root.T * ((count - correction) / count)
        return Clips(
            counts=torch.bincount(self.clips.video, minlength=self.clips.videos),
            squares=self.clips.by_video(lengths),
            sums=sums.index_add_(0, self.clips.video, centred),
            coordinates=lambda first, last: u[first:last],
            correction=correction,
            tail=fourth_moment(lengths, gram.square().sum().item()),
        )

    def influences(self, shift: Tensor, half_map: Tensor) -> Tensor:
        """Float64 [videos]; `shift` [D]: this mean less the other, `half_map` [K,K']: W sqrt(s)."""
        spread = half_map if self.coordinates is None else self.coordinates @ half_map
        moved = 2 * self.clips.share * ((self.clips.values - self.mean) @ shift)
        shape = self.scaled.square().sum(dim=1) - spread.square().sum(dim=1)
        return self.clips.by_video(moved + shape - self.clips.share * shape.sum())


def _facts(real: _Side, fake: _Side) -> tuple[Sequence[str], Sequence[str], int, int, int]:
    """What a statistic says of its videos and clips."""
    dimension = real.values.shape[1]
    return real.videos, fake.videos, len(real.values), len(fake.values), dimension


def _distinct_pairs(x: Tensor, share: Tensor, options: KernelOptions) -> tuple[Tensor, Tensor]:
    """Weighted mean of k over pairs of unlike clips, and each clip's influence on it [N]."""
    sums = kernel_row_sums(x, x, options, share) - share * kernel_diagonal(x, options)
    pairs = 1 - share.square().sum()
    mean = share @ sums / pairs
    return mean, 2 * share * (sums - mean * (1 - share)) / pairs


def _places(names: Sequence[str], among: Sequence[str]) -> Tensor:
    index = {name: i for i, name in enumerate(among)}
    return torch.tensor([index[name] for name in names])
