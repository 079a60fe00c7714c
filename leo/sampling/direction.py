"""Direction of drawn motion: codes in, codes out, in this order.

1. `scaled`: wider or narrower. 2. `resampled`: faster or slower. 3. `looped`, `there_and_back` or
`ended`: how it ends. None of this is in the paper. `Direction` also says how many codes to draw, so
that the frames that are asked for come out. Legend: B batch, N codes, T frames, L codes of a window
of the Transition DM, M code dimensions.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from scipy.interpolate import PchipInterpolator
from torch import Tensor

from leo_bench.evaluation.errors import InputError
from leo_bench.leo.diffusion.codes import CodeStats
from leo_bench.leo.sampling.options import Sampling

EASED = 6  # codes at each end of a transition, at most, that `eased` replaces

# First and last code [B,M] -> a window of the Transition DM from one to the other [B,L,M].
Between = Callable[[Tensor, Tensor], Tensor]


class Scaled(NamedTuple):
    """Codes [B,N,M], and which of them were clamped, bool [B,N]."""

    codes: Tensor
    clamped: Tensor


@dataclass(frozen=True)
class Direction:
    """The direction that `sampling` asks for.

    Args:
        sampling: the options.
        ends: whether the video ends in a given pose.
        window: L, where `needs_transition`.

    Raises:
        InputError: a loop that ends in a given pose.
    """

    sampling: Sampling
    ends: bool = False
    window: int = 0

    def __post_init__(self) -> None:
        if self.ends and self.sampling.loop != "off":
            raise InputError(
                "a loop ends where it begins, not in a given pose: drop --loop or --to"
            )

    @property
    def needs_transition(self) -> bool:
        """Whether the end is a window of the Transition DM."""
        return self.ends or self.sampling.loop == "transition"

    @property
    def changes_codes(self) -> bool:
        """Whether frames have other codes than the drawn ones."""
        return bool(self.words)

    @property
    def words(self) -> list[str]:
        """The options that are not off, for notes."""
        asked, said = self.sampling, []
        if asked.motion_scale != 1:
            said.append(f"motion times {asked.motion_scale:g}")
        if asked.speed != 1:
            said.append(f"speed times {asked.speed:g}")
        if asked.loop != "off":
            said.append(f"a loop ({asked.loop})")
        return said + (["ending in given poses"] if self.ends else [])

    @property
    def moving(self) -> int:
        """Frames that show drawn motion, before the last window or the way back.

        Raises:
            InputError: fewer than two are left.
        """
        frames = self.sampling.frames
        if self.sampling.loop == "there-and-back":
            return frames // 2 + 1
        if not self.needs_transition:
            return frames
        # The window's first code is there already; the last one of a loop is frame 1.
        taken = self.window - (1 if self.ends else 2)
        if frames < taken + 2:
            option = "--to" if self.ends else "--loop transition"
            raise InputError(
                f"--frames {frames}: {option} takes the last {taken} frames for a transition; ask "
                f"for {taken + 2} or more"
            )
        return frames - taken

    @property
    def codes(self) -> int:
        """Codes to draw."""
        return 1 + math.ceil((self.moving - 1) * self.sampling.speed)

    def applied(self, codes_BNM: Tensor, between: Between, target_BM: Tensor | None) -> Tensor:
        """Steps 2 and 3, after `scaled`: float32 [B,T,M].

        Args:
            codes_BNM: as many as `codes` says.
            between: draws the last window; called where there is one.
            target_BM: codes of the given poses, where the videos end in them.
        """
        moved_BNM = resampled(codes_BNM, self.sampling.speed, self.moving)
        if target_BM is not None:
            return ended(moved_BNM, target_BM, between)
        if self.sampling.loop == "transition":
            return looped(moved_BNM, between)
        if self.sampling.loop == "there-and-back":
            return there_and_back(moved_BNM, self.sampling.frames)
        return moved_BNM


def scaled(codes_BNM: Tensor, scale: float, stats: CodeStats) -> Scaled:
    """Residuals from the first code times `scale`: 0 gives a still, 1 leaves all bits.

    Codes are clamped to the range of training, as the rollout clamps; where drawn codes lie outside
    of it already, to theirs.
    """
    if scale == 1:
        return Scaled(codes_BNM, torch.zeros(codes_BNM.shape[:2], dtype=torch.bool))
    first_B1M = codes_BNM[:, :1]
    wide_BNM = first_B1M + scale * (codes_BNM - first_B1M)
    low = torch.minimum(stats.denormalised(stats.low), codes_BNM.amin(1, keepdim=True))
    high = torch.maximum(stats.denormalised(stats.high), codes_BNM.amax(1, keepdim=True))
    kept_BNM = wide_BNM.clamp(low, high)
    return Scaled(kept_BNM, (kept_BNM != wide_BNM).any(2))


def resampled(codes_BNM: Tensor, speed: float, frames: int) -> Tensor:
    """Codes at the times 0, speed, 2 speed, ..., where drawn ones are at 0, 1, 2, ...

    In between by a monotone cubic (PCHIP; Fritsch and Butland 1984, as in scipy). It stays between
    its two neighbours, so codes do not leave their range, and its velocity is continuous. On lines,
    the velocity would jump at each drawn code, which slow motion shows.

    Args:
        codes_BNM: N - 1 >= (frames - 1) * speed.
        speed: codes a frame, above 0; 1 leaves all bits.
        frames: 1 or more.

    Returns:
        float32 [B,frames,M].
    """
    if speed == 1 or frames == 1:
        return codes_BNM[:, :frames]
    times = range(codes_BNM.shape[1])
    between = PchipInterpolator(times, codes_BNM.double().numpy(), axis=1)
    return torch.from_numpy(between([frame * speed for frame in range(frames)])).float()


def looped(codes_BNM: Tensor, between: Between) -> Tensor:
    """Codes and a transition back to the first one, which would be the next: [B,N+L-2,M]."""
    first_BM, last_BM = codes_BNM[:, 0], codes_BNM[:, -1]
    way_BLM = eased(between(last_BM, first_BM), _last_step(codes_BNM), codes_BNM[:, 1] - first_BM)
    return torch.cat([codes_BNM, way_BLM[:, 1:-1]], dim=1)


def ended(codes_BNM: Tensor, target_BM: Tensor, between: Between) -> Tensor:
    """Codes and a transition that comes to rest in `target_BM`: [B,N+L-1,M]."""
    way_BLM = between(codes_BNM[:, -1], target_BM)
    rest_BM = torch.zeros_like(target_BM)
    return torch.cat([codes_BNM, eased(way_BLM, _last_step(codes_BNM), rest_BM)[:, 1:]], dim=1)


def there_and_back(codes_BNM: Tensor, frames: int) -> Tensor:
    """Codes forwards, then backwards; the next would be the first: [B,frames,M].

    The code where motion turns is shown once where `frames` is even, else twice.

    Args:
        codes_BNM: N = frames // 2 + 1.
        frames: 1 or more.
    """
    return codes_BNM[:, [min(frame, frames - frame) for frame in range(frames)]]


def eased(way_BLM: Tensor, before_BM: Tensor, after_BM: Tensor) -> Tensor:
    """A transition that goes on with the motion before it, and leads into the motion after it.

    The Transition DM is given two codes and no velocity, so it begins and ends with a jolt. Its
    first and last `EASED` codes between the ends (fewer of a short window) are replaced by cubics
    with the steps of their surroundings (Hermite).

    Args:
        way_BLM: L >= 5.
        before_BM: the step that leads to its first code.
        after_BM: the step that follows its last code.
    """
    count = min(EASED, (way_BLM.shape[1] - 3) // 2)
    inner, last = count + 1, way_BLM.shape[1] - 1
    eased_BLM = way_BLM.clone()
    eased_BLM[:, 1:inner] = _cubic(
        way_BLM[:, 0],
        before_BM,
        way_BLM[:, inner],
        way_BLM[:, inner + 1] - way_BLM[:, inner],
        count,
    )
    begin = last - inner
    eased_BLM[:, begin + 1 : last] = _cubic(
        way_BLM[:, begin],
        way_BLM[:, begin] - way_BLM[:, begin - 1],
        way_BLM[:, last],
        after_BM,
        count,
    )
    return eased_BLM


def _last_step(codes_BNM: Tensor) -> Tensor:
    return codes_BNM[:, -1] - codes_BNM[:, -2]


def _cubic(start_BM: Tensor, out_BM: Tensor, end_BM: Tensor, into_BM: Tensor, count: int) -> Tensor:
    """`count` codes between two, of the Hermite cubic with these steps at the ends: [B,count,M]."""
    steps = count + 1
    t = (torch.arange(1, steps) / steps)[:, None]
    a, b, c, d = (code_BM[:, None] for code_BM in (start_BM, out_BM, end_BM, into_BM))
    bend = t.square() * (3 - 2 * t)
    return a + bend * (c - a) + steps * t * (1 - t) * ((1 - t) * b - t * d)
