"""Measures of long drawn motion against real motion of the same videos, from codes alone.

Sample i begins with the first code of real video i, with every seed of training. So what a sample
adds to a number counts as the influence of that video, which the seeds share
(`evaluation.uncertainty.over_seeds`). Legend: N videos, T frames, M code dimensions.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from leo_bench.benchmarks.ablations.code_windows import Windows
from leo_bench.benchmarks.ablations.combining import Score
from leo_bench.benchmarks.scores.code_motion import Bends, step_lengths, ways
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.identity.drift import first_break
from leo_bench.evaluation.records.influences import mean_influences

NEAR = 64  # frames: about a window of the paper
RUN = 32  # frames beyond the threshold that put a video outside, as in `leo-bench drift`
EVERY = 8  # frames, of which one is held against the training videos
SHARE = 0.99  # of real frames, below the threshold
KNOWN = 16384  # changes of code in training videos, at most


@dataclass(frozen=True)
class Measure:
    """One number of samples.

    Args:
        name: of the measure.
        about: what it is, and what real videos have.
        values: one a video, float64 [N]; the number is their mean.
    """

    name: str
    about: str
    values: Tensor


@dataclass(frozen=True)
class LongMotion:
    """Measures samples against the real videos that they begin with.

    Args:
        real: codes of the real videos, [N,R,M]; R is at most the frames of the samples.
        seams: frames, counted from 0, at which the windows of samples meet.
        known: changes of code within training videos, as of `changes_within`, [K,M].

    Raises:
        InputError: no real video moves.
    """

    real: Windows
    seams: Sequence[int]
    known: Tensor

    def __post_init__(self) -> None:
        if not self.real.codes.diff(dim=1).any():
            raise InputError("nothing moves in the real videos: motion cannot be compared")

    def scores(self, drawn: Tensor) -> Iterator[tuple[Measure, Score]]:
        """Every measure of drawn codes [N,T,M], with its score."""
        codes = drawn.double()
        for measure in (*self._at_seams(codes), *self._along(codes), *self._outside(codes)):
            by_video = dict(zip(self.real.videos, measure.values.tolist(), strict=True))
            influences = mean_influences(by_video, "real")
            yield measure, Score(float(measure.values.mean()), len(by_video), influences)

    @cached_property
    def _real(self) -> Tensor:
        return self.real.codes.double()

    def _at_seams(self, drawn: Tensor) -> Iterator[Measure]:
        bends, real = Bends.of(drawn), Bends.of(self._real)
        there = [seam for seam in self.seams if seam < self._real.shape[1] - 1]
        yield Measure(
            "second difference at seams",
            "of codes, over that at all other frames"
            + _of_real(ratios(*_bends(real, there)) if there else None, "at the same frames"),
            ratios(*_bends(bends, self.seams)),
        )
        yield Measure(
            "cosine at seams",
            "of the steps before and after a seam" + _of_real(real.cosine, "at any frame"),
            bends.at(self.seams).cosine.mean(dim=1),
        )

    def _along(self, drawn: Tensor) -> Iterator[Measure]:
        steps, frames = step_lengths(self._real), self._real.shape[1]
        yield Measure(
            "step over real",
            f"mean distance from code to code, over the real videos' {float(steps.mean()):.3g}",
            ratios(step_lengths(drawn), steps),
        )
        far, far_real = ways(drawn), ways(self._real)
        for frame in sorted({NEAR, drawn.shape[1]}):
            if frame <= frames:
                there = far_real[:, frame - 1]
                yield Measure(
                    f"way at frame {frame} over real",
                    "mean distance from the first code, over the real videos' "
                    f"{float(there.mean()):.3g}",
                    ratios(far[:, frame - 1], there),
                )

    def _outside(self, drawn: Tensor) -> Iterator[Measure]:
        if self._real.shape[1] <= RUN:
            return
        limit = float(self._strange_real[:, 1:].flatten().quantile(SHARE))
        real, own = outside(self._strange_real, limit), outside(self._strangeness(drawn), limit)
        about = (
            f"share of samples whose change of code since frame 1 is, for {RUN} frames, farther "
            f"than {limit:.3g} from every such change in training videos ({len(self.known)} of "
            f"them); {SHARE:.0%} of real frames are nearer; a still video is never outside"
        )
        length = f"in {self._real.shape[1]} frames"
        yield Measure("outside", about + _of_real(real, length), own)
        yield Measure("outside, less real", "share outside minus that of real videos", own - real)

    @cached_property
    def _strange_real(self) -> Tensor:
        return self._strangeness(self._real)

    def _strangeness(self, codes: Tensor) -> Tensor:
        """Distance of changes since frame 1 from the nearest known one, every EVERY-th frame."""
        known = self.known.double()
        changes = (codes - codes[:, :1])[:, ::EVERY]
        exact = "donot_use_mm_for_euclid_dist"  # products of matrices differ by the threads
        nearest = [torch.cdist(each, known, compute_mode=exact).amin(dim=1) for each in changes]
        return torch.stack(nearest)


def changes_within(sequences: Sequence[Tensor]) -> Tensor:
    """Changes of code between frames of one video, at most KNOWN, evenly taken: [K,M].

    Frame t is held against frame T-1-t, so that they are from 1 to T-1 frames apart.

    Args:
        sequences: codes of videos, float32 [T,M] each.
    """
    changes = torch.cat([sequence - sequence.flip(0) for sequence in sequences])
    kept = torch.linspace(0, len(changes) - 1, min(KNOWN, len(changes))).round().long()
    return changes[kept]


def ratios(over: Tensor, under: Tensor) -> Tensor:
    """One value a video whose mean is mean(over) / mean(under), [N].

    Their departures from that mean are N times the videos' influences on the ratio.
    """
    ratio = over.mean() / under.mean()
    return ratio + (over - ratio * under) / under.mean()


def outside(far: Tensor, limit: float) -> Tensor:
    """1 for videos whose distances stay above a limit for RUN frames, 0 for others.

    Args:
        far: one distance every EVERY frames, [N,K].
        limit: a distance equal to it is not above it.

    Returns:
        float64 [N].
    """
    breaks = [first_break(row, limit, RUN // EVERY) for row in far]
    return torch.tensor([float(place is not None) for place in breaks], dtype=torch.float64)


def _bends(bends: Bends, frames: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Mean second difference of each video at these frames, and elsewhere: [N] each."""
    return bends.at(frames).second.mean(dim=1), bends.elsewhere(frames).second.mean(dim=1)


def _of_real(values: Tensor | None, where: str) -> str:
    return "" if values is None else f"; real videos have {float(values.mean()):.3g} {where}"
