"""What is planned for: a number, or the difference of two models, and what its pilot says."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.metrics import DISTANCES
from leo_bench.evaluation.protocols.of_clips import EvalProtocol
from leo_bench.evaluation.records.influences import VideoInfluences
from leo_bench.evaluation.uncertainty.pilots import (
    Pilot,
    SidePilot,
    alike_and_independent,
    side_pilot,
)
from leo_bench.evaluation.uncertainty.planning import Expected, expect

Expect = Callable[[Pilot, float, float, float], Expected]

# What every plan assumes: of a distance, and of a score of one side.
ALIKE = (
    "the new videos are from the same populations as the pilot's, with as many clips of each; the "
    "variance over single videos falls as 1/n, that over pairs of videos as 1/n^2"
)
ALIKE_SCORES = (
    "the new videos are from the same population as the pilot's; the variance falls as 1/n"
)


@dataclass(frozen=True)
class Subject:
    """A number to plan for, or a difference of two.

    Args:
        name: of the number, with its videos.
        label: of the number alone: "FVD16".
        metric: its name.
        pilot: what is known of its variance.
        expect: `uncertainty.planning.expect`, or for shares a form with Wilson's interval.
        clips: of a video of the real and of the fake side, at the pilot.
        protocol: that chose the clips; None for a score of one side.
        unsure: why the expected value is rough; "" if it is not.
        assumes: in words, one sentence each.
        is_difference: of two models.
    """

    name: str
    label: str
    metric: str
    pilot: Pilot
    expect: Expect = expect
    clips: tuple[float, float] = (1.0, 1.0)
    protocol: EvalProtocol | None = None
    unsure: str = ""
    assumes: tuple[str, ...] = (ALIKE,)
    is_difference: bool = False


def alike(subject: Subject, difference: float) -> Subject:
    """The difference of two models, of which one is known, and the other taken to be like it."""
    real = ", its real videos are the same" if len(subject.pilot.sides) == 2 else ""
    return replace(
        subject,
        pilot=alike_and_independent(subject.pilot, difference),
        expect=expect,
        label=f"{subject.label} difference",
        unsure="",
        is_difference=True,
        assumes=(
            *subject.assumes,
            "the other model's number is larger by the difference, and its standard error by as "
            f"much as the skew says; its samples are drawn independently{real}",
        ),
    )


def difference_of(name: str, mine: Subject, theirs: Subject, moved: VideoInfluences) -> Subject:
    """The difference of two models, from the videos' influences on it.

    Raises:
        InputError: the pilots of the two do not have as many videos.
    """
    counts = [(one.pilot.real.videos, one.pilot.fake.videos) for one in (mine, theirs)]
    if counts[0] != counts[1]:
        raise InputError(
            f"the pilots have {_counted(counts[0])} and {_counted(counts[1])} videos; a "
            "difference is planned from pilots of equal size"
        )
    growth = (abs(mine.pilot.growth) + abs(theirs.pilot.growth)) / 2
    return replace(
        mine,
        name=name,
        label=f"{mine.label} difference",
        pilot=Pilot(
            value=mine.pilot.value - theirs.pilot.value,
            real=side_of(moved.real, counts[0][0]),
            fake=side_of(moved.fake, counts[0][1]),
            cautious=mine.pilot.cautious,
            means=mine.pilot.means,
            growth=growth,
            pairing=min,
        ),
        expect=expect,
        unsure="",
        is_difference=True,
        assumes=(
            *mine.assumes,
            "videos of one name on a side are one draw for both models, as in the pilots",
        ),
    )


def _counted(counts: tuple[int, int]) -> str:
    return " and ".join(str(count) for count in counts if count)


def side_of(influences: Mapping[str, tuple[float, float]], videos: int | None = None) -> SidePilot:
    """One side, from its videos' influences; see `side_pilot`."""
    return side_pilot(list(influences.values()), videos) if influences else SidePilot()


def unsure_of(metric: str, extrapolation: str | None) -> str:
    """Why the expected value of a distance is rough; "" if it is not.

    Args:
        metric: its name.
        extrapolation: why the number without the bias of few videos is not reliable, "" if it is;
            None: it is not known, as against statistics of the real side.
    """
    if extrapolation is not None:
        return extrapolation
    return "its bias by few videos is not known" if DISTANCES[metric].biased else ""


def distance_pilot(value: float, influences: VideoInfluences, metric: str, skew: float) -> Pilot:
    """The pilot of a distance, from its value, its influences and its interval's skew."""
    return Pilot(
        value=value,
        real=side_of(influences.real),
        fake=side_of(influences.fake),
        cautious=DISTANCES[metric].heavy,
        skew=skew,
        growth=abs(skew),
    )
