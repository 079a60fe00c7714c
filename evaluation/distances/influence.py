"""Statistics of two sets of videos as functions of the videos' weights, and their influences.

Give video v of one side the weight w_v: 1 for every video is the plain statistic, 0 leaves the
video out. The influence of v is d value / d log w_v: how far the value moves, to first order, as v
counts more. Influences of one side sum to 0. They are linear: the influences on a mean over
repeats, or on a difference of two distances, are the mean and the difference of the influences.
Intervals and the extrapolation to infinite N rest on them. Each distance gives its own in closed
form (`frechet_influence`, `frechet_of_frames`, `kernel`).

Legend: N clips of one side, D dimensions, R real videos, F fake videos.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from leo_bench.evaluation.distances.feature_matrix import content_order
from leo_bench.evaluation.distances.gaussian import RealStatistics
from leo_bench.evaluation.errors import InputError


@dataclass(frozen=True)
class ClipFeatures:
    """Features of one side's clips, and the video that each clip was cut from.

    Clips of one video are alike, so videos, not clips, are the independent samples.
    """

    values: Tensor  # [N,D], floating
    videos: Sequence[str]  # [N]

    def __post_init__(self) -> None:
        if len(self.videos) != len(self.values):
            raise InputError(
                f"{len(self.values)} clips with features, {len(self.videos)} names of videos; "
                "every clip needs the name of its video"
            )

    def by_video(self) -> "VideoRows":
        """The clips in an order that only names and content decide."""
        videos = tuple(sorted(set(self.videos)))
        index = {name: i for i, name in enumerate(videos)}
        by_content = content_order(self.values)
        video = torch.tensor([index[self.videos[i]] for i in by_content.tolist()])
        by_video = torch.argsort(video, stable=True)
        return VideoRows(videos, by_content[by_video], video[by_video])


@dataclass(frozen=True)
class VideoRows:
    """Rows sorted by the name of their video, then by content.

    Args:
        names: of the videos, sorted.
        order: int64 [N], indices of the given rows.
        video: int64 [N], index in `names` of each row's video, ascending.
    """

    names: tuple[str, ...]
    order: Tensor
    video: Tensor

    def counts(self) -> Tensor:
        """Rows of each video: int64 [videos]."""
        return torch.bincount(self.video, minlength=len(self.names))

    def shares(self, weights: Tensor) -> Tensor:
        """What each row counts at these weights of the videos: float64 [N], sums to 1."""
        of_rows = weights[self.video]
        return of_rows / of_rows.sum()

    def weighed(self, values: Tensor, weights: Tensor) -> "WeightedClips":
        """The clips of a side, `values` [N,D], at these weights of its videos: float64 [videos]."""
        clip_weights = weights[self.video]
        kept = clip_weights > 0
        share = clip_weights[kept] / clip_weights.sum()
        rows = VideoRows(self.names, self.order[kept], self.video[kept])
        found = values.detach()[rows.order].to(device="cpu", dtype=torch.float64)
        return WeightedClips(found, share, rows)

    def sums(self, of_rows: Tensor) -> Tensor:
        """Sums over the rows of each video: float64 [N,...] -> float64 [videos,...]."""
        total = torch.zeros(len(self.names), *of_rows.shape[1:], dtype=torch.float64)
        return total.index_add_(0, self.video, of_rows)


@dataclass(frozen=True)
class WeightedClips:
    """The clips whose video has a weight above 0.

    Args:
        values: float64 [N,D].
        share: float64 [N], weights of the clips; they sum to 1.
        rows: their videos.
    """

    values: Tensor
    share: Tensor
    rows: VideoRows


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


class Evaluation(Protocol):
    """A statistic at some weights of its videos."""

    def value(self) -> float:
        """The value alone, which may take less than `linearised`, and round otherwise."""

    def linearised(self) -> Linearised:
        """Value and influences."""


@dataclass(frozen=True)
class WeightedStatistic:
    """A number computed from two sets of videos, as a function of the videos' weights.

    A side that is known by its statistics alone has no videos: nothing of it varies.

    Args:
        real_videos, fake_videos: in the order of the weights.
        n_real, n_fake: clips.
        dimension: of the features.
        evaluations: the statistic at each of several weights, which may share work.
    """

    real_videos: Sequence[str]
    fake_videos: Sequence[str]
    n_real: int
    n_fake: int
    dimension: int
    evaluations: Callable[[Sequence[Weights]], Sequence[Evaluation]]

    def at(self, weights: Weights) -> Linearised:
        """Value and influences at some weights."""
        (found,) = self.evaluations([weights])
        return found.linearised()

    @property
    def ones(self) -> Weights:
        """Every video counts once: the statistic itself."""
        return Weights(
            torch.ones(len(self.real_videos), dtype=torch.float64),
            torch.ones(len(self.fake_videos), dtype=torch.float64),
        )


# What is known of a real side: its features, or their statistics alone.
RealSide = ClipFeatures | RealStatistics


@dataclass(frozen=True)
class StatisticsForm:
    """A distance to real features of which only the statistics are known.

    Each function gives the bits that its namesake of `Form` gives for the features themselves,
    except `weighted`, which is a function of the weights of the fake videos alone.

    Args:
        fit: real features [N,D] -> their statistics.
        published: (real, fake features [M,D]) -> the protocol's number.
        exact: the same in float64.
        weighted: the same in float64 as a function of the fake videos' weights.
    """

    fit: Callable[[Tensor], RealStatistics]
    published: Callable[[RealStatistics, Tensor], float]
    exact: Callable[[RealStatistics, Tensor], float]
    weighted: Callable[[RealStatistics, ClipFeatures], WeightedStatistic]


@dataclass(frozen=True)
class Form:
    """A distance as one protocol computes it.

    Args:
        metric: its name in `evaluation.metrics`.
        published: (real [N,D], fake [M,D]) -> the protocol's number.
        exact: the same in float64; the same function where the protocol is in float64.
        weighted: the same in float64 as a function of the videos' weights; None where there is no
            closed form, and the interval leaves out groups of videos instead.
        settings: what of the protocol it depends on, as JSON, for the cache.
        of_statistics: the same with statistics in place of the real features; None where the
            features themselves are needed.
    """

    metric: str
    published: Callable[[Tensor, Tensor], float]
    exact: Callable[[Tensor, Tensor], float]
    weighted: Callable[[ClipFeatures, ClipFeatures], WeightedStatistic] | None
    settings: Mapping[str, object]
    of_statistics: StatisticsForm | None = None

    def values(self, real: RealSide, fake: ClipFeatures) -> tuple[float, float]:
        """The protocol's number, and the same in float64.

        Raises:
            InputError: features that it cannot be computed from; statistics where it needs
                features.
        """
        if isinstance(real, RealStatistics):
            against = self._against()
            number = against.exact(real, fake.values)
            is_one = against.published is against.exact
            return number if is_one else against.published(real, fake.values), number
        number = self.exact(real.values, fake.values)
        is_one = self.published is self.exact
        return number if is_one else self.published(real.values, fake.values), number

    def statistic(self, real: RealSide, fake: ClipFeatures) -> WeightedStatistic:
        """The number in float64 as a function of the videos' weights.

        Raises:
            InputError: as `values`; a distance without a closed form.
        """
        if isinstance(real, RealStatistics):
            return self._against().weighted(real, fake)
        if self.weighted is None:
            raise InputError(f"{self.metric}: its videos' influences are not known")
        return self.weighted(real, fake)

    def _against(self) -> StatisticsForm:
        if self.of_statistics is None:
            raise InputError(
                f"{self.metric} needs the features of the real side; mean and covariance are not "
                "enough"
            )
        return self.of_statistics


@dataclass(frozen=True)
class Combination(WeightedStatistic):
    """A sum of factor * statistic; see `combine`.

    Args:
        terms: factors and statistics.
        places: of each term, where its real and its fake videos are among those of the sum.
    """

    terms: Sequence[tuple[float, WeightedStatistic]]
    places: Sequence[tuple[Tensor, Tensor]]

    def weights_of_terms(self, weights: Weights) -> list[Weights]:
        """The weights of each term's videos."""
        return [Weights(weights.real[real], weights.fake[fake]) for real, fake in self.places]

    def total(self, parts: Sequence[Linearised]) -> Linearised:
        """The sum at some weights, from its terms there."""
        value = 0.0
        real, fake = (torch.zeros_like(ones) for ones in (self.ones.real, self.ones.fake))
        for (factor, _), part, (in_real, in_fake) in zip(
            self.terms, parts, self.places, strict=True
        ):
            value += factor * part.value
            real.index_add_(0, in_real, part.real, alpha=factor)
            fake.index_add_(0, in_fake, part.fake, alpha=factor)
        return Linearised(value, real, fake)


def combine(terms: Sequence[tuple[float, WeightedStatistic]]) -> Combination:
    """Sum of factor * statistic. Videos of one name on one side are one video to all terms.

    So the difference of two fakes against one real set keeps the real side shared, and pairs the
    fakes that bear the same name (made from the same seed or the same first frame); where equal
    names mean nothing, pairing them changes no expectation.
    """
    real_videos = sorted({v for _, term in terms for v in term.real_videos})
    fake_videos = sorted({v for _, term in terms for v in term.fake_videos})

    def evaluations(each: Sequence[Weights]) -> list[Evaluation]:
        of_terms = zip(*(found.weights_of_terms(weights) for weights in each), strict=True)
        parts = [
            term.evaluations(of_term) for (_, term), of_term in zip(terms, of_terms, strict=True)
        ]
        return [_Sum(found, of_weights) for of_weights in zip(*parts, strict=True)]

    found = Combination(
        real_videos,
        fake_videos,
        n_real=min(term.n_real for _, term in terms),
        n_fake=min(term.n_fake for _, term in terms),
        dimension=max(term.dimension for _, term in terms),
        evaluations=evaluations,
        terms=terms,
        places=[
            (_places(term.real_videos, real_videos), _places(term.fake_videos, fake_videos))
            for _, term in terms
        ],
    )
    return found


@dataclass(frozen=True)
class _Sum:
    """An `Evaluation` of a combination."""

    of: Combination
    parts: Sequence[Evaluation]

    def value(self) -> float:
        terms = zip(self.of.terms, self.parts, strict=True)
        return sum(factor * part.value() for (factor, _), part in terms)

    def linearised(self) -> Linearised:
        return self.of.total([part.linearised() for part in self.parts])


def mean_of(statistics: Sequence[WeightedStatistic]) -> Combination:
    """The mean, as over a protocol's repeats: each repeat draws other clips of the same videos."""
    return combine([(1 / len(statistics), statistic) for statistic in statistics])


def _places(names: Sequence[str], among: Sequence[str]) -> Tensor:
    index = {name: i for i, name in enumerate(among)}
    return torch.tensor([index[name] for name in names], dtype=torch.int64)
