"""Checks and practice: items with a right answer, to tell who looks at the clips.

realism       a video against itself with strong noise, or against its first frame, still
coherence     a video against its frames in random order, or against itself with strong noise; a
              still clip is coherent, so that it is no check here
repetition    a quarter of a clip four times: yes; a still clip: no. Who always answers the same
              fails half of them
own question  videos of one source against those of another, as the question's author says

They show videos that the study does not rate, where there are enough. Of those the ones that move
most are taken, first for the checks without noise, since they differ by motion alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Literal

from leo_bench.benchmarks.sources.damage import damaged
from leo_bench.benchmarks.user_study.drawing import MethodVideos, draw_pairs
from leo_bench.benchmarks.user_study.showing import Footage, Look, squares
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.videos.source import VideoSource

NOISE = 80  # levels: standard deviation
TIMES = 4  # that a loop is played
CANDIDATES = 5  # videos that are looked at for each that is shown
LOOKED_AT = 5  # frames of each


@dataclass(frozen=True)
class Check:
    """An item with a right answer.

    Args:
        right: "a", the first clip; or "yes" or "no" for a single clip.
        clips: one or two.
    """

    right: Literal["a", "yes", "no"]
    clips: tuple[Footage, ...]


def checks_of(
    question: str,
    base: MethodVideos,
    rated: Sequence[int],
    *,
    count: int,
    look: Look,
    seed: int,
) -> tuple[list[Check], list[str]]:
    """So many checks for a question of the paper, and notes.

    Args:
        question: "realism", "coherence" or "repetition".
        base: the real videos, or those of a method where there are none.
        rated: indices of the videos that the study rates.
        count: number of checks.
        look: of the clips. Videos are damaged at its side, so that noise stays strong.
        seed: of the order of the videos.

    Raises:
        InputError: `base` has fewer videos than that.
    """
    frames, shown = look.frames, set(rated)
    drawn = _enough(base, count, frames, seed)
    others = [index for index in drawn if index not in shown]
    notes = []
    if len(others) < count:
        others = drawn
        notes.append(f"checks and practice show videos of {base.name} that are rated, too")
    moving = others[: CANDIDATES * count]
    compared = max(2, frames // TIMES) if question == "repetition" else frames
    clips = squares(base.source, look.side)
    motion = {index: _motion(clips, index, base.stride, compared) for index in moving}
    moving.sort(key=lambda index: -motion[index])  # stable: ties by seed
    kinds = list(islice(cycle(_kinds(question, frames, base.stride)), count))
    by_need = sorted(range(count), key=lambda number: kinds[number].startswith("noise"))
    chosen = dict(zip(by_need, moving, strict=False))
    return [_check(question, base, chosen[i], kinds[i], look.side) for i in range(count)], notes


def checks_between(
    right: MethodVideos, wrong: MethodVideos, *, count: int, frames: int, seed: int
) -> list[Check]:
    """So many checks for a question of one's own: a video of `right` against one of `wrong`.

    Raises:
        InputError: one has too few videos.
    """
    for method in (right, wrong):
        _enough(method, count, frames, seed)
    drawn = draw_pairs(right, wrong, videos=count, frames=frames, seed=seed)
    return [
        Check("a", (_footage(right, one), _footage(wrong, other))) for one, other in drawn.pairs
    ]


def _enough(method: MethodVideos, count: int, frames: int, seed: int) -> list[int]:
    """The videos of a method that checks and practice may show; at least one for each."""
    drawn = method.drawn(frames, seed)
    if len(drawn) < count:
        raise InputError(
            f"{method.name}: {count} checks and practice items show a video each, and {len(drawn)} "
            f"videos of {method.spec} have {frames} frames: give fewer --checks"
        )
    return drawn


def _kinds(question: str, frames: int, stride: int) -> Sequence[str]:
    noise, loop = f"noise={NOISE}", f"loop={max(1, frames // TIMES) * stride}"
    kinds = {
        "realism": (noise, "frozen"),
        "coherence": ("shuffled", noise),
        "repetition": (loop, "frozen"),
    }
    return kinds[question]


def _check(question: str, base: MethodVideos, index: int, damage: str, side: int) -> Check:
    source = damaged(squares(base.source, side), damage)
    worse = Footage("", f"damaged:{damage}:{base.spec}", source, index, base.stride)
    if question == "repetition":
        return Check("no" if damage == "frozen" else "yes", (worse,))
    return Check("a", (_footage(base, index), worse))


def _footage(videos: MethodVideos, index: int) -> Footage:
    return Footage("", videos.spec, videos.source, index, videos.stride)


def _motion(clips: VideoSource, index: int, stride: int, frames: int) -> float:
    """Mean absolute difference between a few of the first frames that are shown, in levels."""
    step = max(1, (frames - 1) // (LOOKED_AT - 1))
    wanted = range(0, frames * stride, step * stride)[:LOOKED_AT]
    found = clips.read(index, wanted).float()
    return float((found[1:] - found[:-1]).abs().mean())
