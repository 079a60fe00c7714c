"""Which videos move a Fréchet distance most: the exact change in it when one video is left out.

The influences of `uncertainty.influence` are the derivative of this; for a video that is far from
all others the derivative is no guide to the whole step.
"""

from dataclasses import dataclass

from leo_bench.evaluation.uncertainty.influence import ClipFeatures, frechet_statistic


@dataclass(frozen=True)
class Leverage:
    """A distance, and its change as each video is left out.

    Args:
        value: with all videos.
        real, fake: video -> distance without it less `value`; above 0, the video lowers the
            distance. NaN where fewer than two clips would be left.
    """

    value: float
    real: dict[str, float]
    fake: dict[str, float]


def leave_each_out(real: ClipFeatures, fake: ClipFeatures, *, correction: int) -> Leverage:
    """Leave every video out of `frechet.frechet_distance`, float64, one by one.

    Args:
        real: clips of the real side.
        fake: clips of the fake side.
        correction: covariances divide by N - correction.

    Raises:
        InputError: features that are not finite, not [N,D], of unlike D, or of fewer than 2 clips.
    """
    statistic = frechet_statistic(real, fake, correction=correction)
    found = statistic.without_each()
    return Leverage(
        found.value,
        dict(zip(statistic.real_videos, found.real.tolist(), strict=True)),
        dict(zip(statistic.fake_videos, found.fake.tolist(), strict=True)),
    )
