"""For every segment of a motion signal, the most similar earlier segment (matrix profile).

found = closest_earlier(signal, signal, Search())        # a matrix profile of motion, [S] each

The similarity of two segments a and b is 1 - |a - b|^2 / (E_a + E_b), where the energy E is
|segment - its own mean|^2. It is 1 for the same motion at the same place, 0 for two unrelated
motions about one place, and below 0 at different places; a motion of half the size is no repeat. A
constant added to both signals, or one factor for a whole signal, does not change it.

All pairs of segments are compared exactly. |a - b|^2 follows from inner products of frames, summed
along the diagonals of their matrix by doubling, so a pair costs D + log w operations instead of
D * w. Rows of the matrix are processed in blocks: memory is ROWS_AT_ONCE times the length of the
signal. (SCRIMP, Zhu et al. 2018, "Matrix Profile XI", is similar, but its distance ignores place
and size, which raters see.)

Letters: T frames, D dimensions of the signal, w frames of a segment, S = T - w + 1 segments.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from leo_bench.evaluation.errors import InputError

ROWS_AT_ONCE = 256  # later segments that are compared with all earlier ones at once

NEVER = -math.inf  # similarity of a segment that has nothing to be compared with


@dataclass(frozen=True)
class Search:
    """Settings of the search for repeats.

    Args:
        segment: frames of a segment, w.
        gap: least number of frames between the end of the earlier and the begin of the later one.
        tempos: speeds at which the earlier segment may be repeated, 1 being its own; frames are
            interpolated linearly.
    """

    segment: int = 24
    gap: int = 0
    tempos: Sequence[float] = (0.9, 1.0, 1.1)


@dataclass(frozen=True)
class Profile:
    """For every later segment, the most similar earlier one.

    Args:
        alike: float64 [S], similarity, 1 at most; NEVER where there is nothing to compare with.
        start: float64 [S], first frame of the earlier one.
        tempo: float64 [S], speed of the repeat.
        energy: float64 [S], of the later segment.
    """

    alike: Tensor
    start: Tensor
    tempo: Tensor
    energy: Tensor


def energies(signal: Tensor, segment: int) -> Tensor:
    """Squared distance of every segment to its own mean: [T,D] -> float64 [S].

    Raises:
        InputError: the signal is shorter than a segment.
    """
    if len(signal) < segment:
        raise InputError(f"{len(signal)} frames: shorter than a segment of {segment}")
    windows = signal.double().unfold(0, segment, 1)  # a view
    # Not from sums of squares, which lose the digits of small motion.
    parts = [
        (part - part.mean(-1, keepdim=True)).square().sum((1, 2))
        for part in torch.split(windows, ROWS_AT_ONCE)
    ]
    return torch.cat(parts)


def fewest_frames(search: Search) -> int:
    """Least number of frames of a signal with two segments."""
    return 2 * search.segment + search.gap


def check_frames(frames: int, search: Search) -> None:
    """Check that videos are long enough for the search.

    Raises:
        InputError: `frames` are too few for two segments.
    """
    if frames < fewest_frames(search):
        raise InputError(
            f"--frames {frames}: two segments of {search.segment} frames need "
            f"{fewest_frames(search)}; give more frames or a smaller --segment"
        )


def closest_earlier(
    later: Tensor, earlier: Tensor, search: Search, least_energy: float = 0.0
) -> Profile:
    """The closest earlier segment of each later one.

    Args:
        later: [T,D].
        earlier: [T,D]; the same signal, or another video's, of which similarities are due to
            chance.
        search: the settings.
        least_energy: segments of at most this energy are still and are not compared.

    Raises:
        InputError: the signal is too short to hold two segments.
    """
    w = search.segment
    if len(later) < fewest_frames(search):
        raise InputError(
            f"{len(later)} frames cannot hold two segments of {w} with {search.gap} between: give "
            "longer videos or a shorter segment"
        )
    # A common mean is subtracted: sums of large numbers would lose small ones.
    middle = later.double().mean(0)
    later, earlier = later.double() - middle, earlier.double() - middle
    energy = energies(later, w)
    alike = torch.full_like(energy, NEVER)
    start, tempo = torch.zeros_like(energy), torch.ones_like(energy)
    for speed in search.tempos:
        played = at_tempo(earlier, speed)
        if len(played) < w:
            continue
        starts = torch.arange(len(played) - w + 1, dtype=torch.float64) * speed
        ends = starts + (w - 1) * speed + 1 + search.gap
        best, index = _closest(later, energy, played, ends, least_energy)
        better = best > alike
        alike = torch.where(better, best, alike)
        start = torch.where(better, starts[index], start)
        tempo = torch.where(better, torch.full_like(tempo, speed), tempo)
    return Profile(alike, start, tempo, energy)


def at_tempo(signal: Tensor, speed: float) -> Tensor:
    """A signal played `speed` times as fast, linear between frames: [T,D] -> [about T/speed,D]."""
    if speed == 1:
        return signal
    count = math.floor((len(signal) - 1) / speed) + 1
    time = torch.arange(count, dtype=torch.float64) * speed
    below = time.floor().long().clamp(max=len(signal) - 2)
    return torch.lerp(signal[below], signal[below + 1], (time - below)[:, None])


def diagonal_sums(matrix: Tensor, count: int) -> Tensor:
    """Sums of `count` neighbours down each diagonal: [N,M] -> [N-count+1,M-count+1].

    By doubling: sums of 1, 2, 4 ... neighbours, of which those that make up `count` are added.
    """
    rows, columns = matrix.shape[0] - count + 1, matrix.shape[1] - count + 1
    total = torch.zeros(rows, columns, dtype=matrix.dtype)
    size, done = 1, 0
    while True:
        if count & size:
            total += matrix[done : done + rows, done : done + columns]
            done += size
        if 2 * size > count:
            return total
        matrix = matrix[:-size, :-size] + matrix[size:, size:]
        size *= 2


def _closest(
    later: Tensor, energy: Tensor, earlier: Tensor, ends: Tensor, least_energy: float
) -> tuple[Tensor, Tensor]:
    """Similarity and index of the most similar segment that ends before the later one begins."""
    w = len(later) - len(energy) + 1
    others = energies(earlier, w)
    squares = [signal.square().sum(1).unfold(0, w, 1).sum(1) for signal in (later, earlier)]
    alike = torch.full_like(energy, NEVER)
    index = torch.zeros(len(energy), dtype=torch.int64)
    for first in range(0, len(energy), ROWS_AT_ONCE):
        last = min(first + ROWS_AT_ONCE, len(energy))
        # `ends` ascends: segments that end after the last row begins are compared with no row.
        columns = int((ends <= last - 1).sum())
        if columns == 0:
            continue
        products = diagonal_sums(later[first : last + w - 1] @ earlier[: columns + w - 1].T, w)
        apart = squares[0][first:last, None] + squares[1][None, :columns] - 2 * products
        both = energy[first:last, None] + others[None, :columns]
        block = 1 - apart.clamp(min=0) / both.clamp(min=1e-300)
        begins = torch.arange(first, last, dtype=torch.float64)
        allowed = ends[None, :columns] <= begins[:, None]
        allowed &= (energy[first:last] > least_energy)[:, None]
        allowed &= (others[:columns] > least_energy)[None]
        alike[first:last], index[first:last] = block.masked_fill(~allowed, NEVER).max(1)
    return alike, index
