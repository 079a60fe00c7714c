"""Random features and per-video values with known true distances, for `evidence.coverage`.

Features of D dimensions are Gaussian with covariance eigenvalues ~ i^-1.3 that sum to 3 D, in a
fixed orthogonal frame; they fall about as fast as those of I3D features. Heavy tails: each video's
deviation from the mean is multiplied by a log-normal radius of unit mean square and fourth moment
2.25. Fakes that are unlike the real videos are SCALE * deviation + SHIFT.
"""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from leo_bench.evaluation.distances.influence import ClipFeatures
from leo_bench.evaluation.distances.kernel import KernelOptions

Tails = Literal["light", "heavy"]

KVD = KernelOptions(degree=3, coef0=1.0, dtype="float64")

EXPONENT = 1.3
RADIUS = 0.45  # standard deviation of the logarithm of the radius, heavy tails
SHIFT, SCALE = 0.5, 1.2  # of unlike fakes

CORRELATION = 0.7  # of the clips, or frames, of one video
PAIRED = 0.9  # correlation of two fakes of one name, as of one seed or first frame
NEARER = 0.5  # of SHIFT and of SCALE - 1: fakes that are nearer to the real videos


@dataclass(frozen=True)
class Population:
    """Distributions of real and fake features; the fakes' may differ."""

    dim: int
    tails: Tails
    unlike: bool

    @property
    def shift(self) -> float:
        """Mean of the fakes in every dimension; the real mean is 0."""
        return SHIFT if self.unlike else 0.0

    @property
    def scale(self) -> float:
        """Factor on the fakes' deviations from their mean."""
        return SCALE if self.unlike else 1.0

    def real(self, videos: int, clips: int, generator: torch.Generator) -> ClipFeatures:
        """`clips` of each of `videos` videos."""
        shape = (videos, 1, self.dim)
        normal = torch.randn(shape, generator=generator, dtype=torch.float64)
        if clips > 1:
            own = torch.randn((videos, clips, self.dim), generator=generator, dtype=torch.float64)
            normal = math.sqrt(CORRELATION) * normal + math.sqrt(1 - CORRELATION) * own
        if self.tails == "heavy":
            logs = torch.randn(videos, generator=generator, dtype=torch.float64)
            normal = normal * (RADIUS * logs - RADIUS**2).exp()[:, None, None]
        values = normal.reshape(videos * clips, self.dim) @ covariance_root(self.dim, EXPONENT)
        return ClipFeatures(values, [f"video {i // clips}" for i in range(videos * clips)])

    def fake(self, videos: int, clips: int, generator: torch.Generator) -> ClipFeatures:
        """Likewise."""
        found = self.real(videos, clips, generator)
        return ClipFeatures(found.values * self.scale + self.shift, found.videos)

    def two_fakes(
        self, videos: int, *, paired: bool, generator: torch.Generator
    ) -> tuple[ClipFeatures, ClipFeatures]:
        """Two fake sides: the first SCALE * deviation + SHIFT, the second alike or NEARER.

        Args:
            videos: of each.
            paired: videos of one name are correlated by PAIRED; else the names differ, too.
            generator: of all draws.
        """
        mine, other = self.real(videos, 1, generator), self.real(videos, 1, generator)
        values, names = other.values, [f"other {name}" for name in other.videos]
        if paired:
            values = math.sqrt(PAIRED) * mine.values + math.sqrt(1 - PAIRED) * values
            names = list(mine.videos)
        first = mine.values * SCALE + SHIFT
        second = values * (1 + self.nearer * (SCALE - 1)) + self.nearer * SHIFT
        return ClipFeatures(first, mine.videos), ClipFeatures(second, names)

    @property
    def nearer(self) -> float:
        """How far the second of `two_fakes` is from the real videos, of the first one's way."""
        return NEARER if self.unlike else 1.0

    @property
    def frechet(self) -> float:
        """The Fréchet distance of the two distributions."""
        return self.shift**2 * self.dim + (self.scale - 1) ** 2 * 3 * self.dim

    @property
    def kernel(self) -> float:
        """The squared MMD of the two distributions with the kernel `KVD`: by their moments."""
        root, gamma = covariance_root(self.dim, EXPONENT), 1 / self.dim
        mine = root.T @ root
        theirs = mine * self.scale**2
        mean = torch.full((self.dim,), self.shift, dtype=torch.float64)
        second = theirs + torch.outer(mean, mean)
        length = float(mean @ mean)
        third = (
            length**3
            + 6 * length * float(mean @ theirs @ mean)
            + 3 * length * float(theirs.square().sum())
            + 6 * float(mean @ theirs @ theirs @ mean)
        )
        squares = (mine.square() + second.square() - 2 * mine * second).sum()
        return 3 * gamma * length + 3 * gamma**2 * float(squares) + gamma**3 * third


def covariance_root(dim: int, exponent: float) -> Tensor:
    """R [D,D] with R^T R the covariance: eigenvalues ~ i^-exponent, total 3 D, frame reflected."""
    index = torch.arange(1, dim + 1, dtype=torch.float64)
    eigenvalues = index**-exponent
    eigenvalues *= 3 * dim / eigenvalues.sum()
    frame = torch.eye(dim, dtype=torch.float64) - 2 * torch.outer(index, index) / (index @ index)
    return eigenvalues.sqrt()[:, None] * frame


def two_distances(
    tails: Tails, count: int, *, paired: bool, generator: torch.Generator
) -> tuple[dict[str, float], dict[str, float]]:
    """Values as of `distances` for the videos of two fake sides, by name; see `two_fakes`."""
    of_video, of_other = (
        torch.randn((8, count), generator=generator, dtype=torch.float64) for _ in range(2)
    )
    second = of_other
    if paired:
        second = math.sqrt(PAIRED) * of_video + math.sqrt(1 - PAIRED) * of_other
    found = []
    for normal, name in ((of_video, "video"), (second, "video" if paired else "other")):
        values = normal.square().mean(dim=0)
        if tails == "heavy":
            values = (0.8 * normal[0] - 0.32).exp()
        found.append({f"{name} {i}": float(value) for i, value in enumerate(values)})
    return found[0], found[1]


def distances(tails: Tails, count: int, generator: torch.Generator) -> list[float]:
    """Positive, skewed values of mean 1, one a video, as ACD values are.

    Light: chi-square with 8 degrees of freedom over 8 (skewness 1). Heavy: log-normal.
    """
    if tails == "light":
        normal = torch.randn((8, count), generator=generator, dtype=torch.float64)
        return [float(value) for value in normal.square().mean(dim=0)]
    logs = torch.randn(count, generator=generator, dtype=torch.float64)
    return [float(value) for value in (0.8 * logs - 0.32).exp()]
