"""Share of videos with repeated motion (the occurrence of LEO's Table 5), without human raters.

    calibration = calibrate({name: signal, ...}, RepetitionSettings())      # of real videos
    found = source_repetition({name: signal, ...}.items(), calibration)
    found.occurrence, found.interval, found.flags

A motion signal, [T,D], has a row a frame: motion codes of a LEO, or others. A video has a repeat if
a segment is followed later by one (`repetition.recurrence`) whose similarity is above a threshold.
Still segments are not compared, and are counted apart.

The threshold is calibrated on real videos of the same length, since longer videos have more pairs
of segments that may be similar by chance. `false_alarms` is the share of videos flagged under the
null hypothesis, of which there are two:

real        the closest repeat within each real video; real motion does repeat, as in waving and
            walking. A flagged video repeats itself more closely than real videos do.
strangers   the closest match between two real videos, one taken as the past of the other. A flagged
            video has more similar segments than motions of two people by chance. Real videos are
            flagged far more often than `false_alarms`, since real motion is periodic and a person
            shares place, reach and manner with himself only.

The threshold is the k-th largest of the n closest matches, k = floor(false_alarms * (n + 1)):
another real video exceeds it with probability k / (n + 1) at most, for any distribution, as in
conformal prediction (Vovk et al. 2005). The pairs of "strangers" share videos, so there it holds on
average only.

The signal is smoothed and projected on the directions in which real videos move. Generated motion
jitters from frame to frame, also in other directions, which would hide obvious repeats.

Letters: T frames, D dimensions, K directions.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.features.single_thread_pool import lanes
from leo_bench.evaluation.files.schema import Data
from leo_bench.evaluation.repetition.motion_signals import centred_signal, scaled_axes, smoothed
from leo_bench.evaluation.repetition.recurrence import Profile, Search, closest_earlier, energies
from leo_bench.evaluation.uncertainty.intervals import Interval
from leo_bench.evaluation.uncertainty.mean_intervals import difference_interval
from leo_bench.evaluation.uncertainty.paired_shares import wilson_interval

REPETITION_VERSION = 2  # raise when a number could change

Null = Literal["real", "strangers"]

PARTNERS = 3  # other videos that each calibration video is compared with


class RepetitionSettings(Data):
    """What counts as repeated motion.

    Args:
        segment: frames of a segment that repeats; 24 are about a second.
        gap: least number of frames between a segment and its repeat.
        tempos: speeds of a repeat.
        smooth: frames of the Hann window that smooths signals; 1: none. 9 keep half of the
            amplitude at 3 Hz (25 frames per second) and a seventh of the power of white noise.
        variance: share of the calibration videos' motion that the directions explain, all
            dimensions of the signal scaled alike.
        still: a segment is still if its motion energy is below this share of that of the median
            segment of the calibration videos.
        false_alarms: share of videos flagged under the null hypothesis.
        null: the null hypothesis; see the head of this file.
    """

    segment: int = Field(default=24, ge=4)
    gap: int = Field(default=0, ge=0)
    tempos: tuple[float, ...] = Field(default=(0.9, 1.0, 1.1), min_length=1)
    smooth: int = Field(default=9, ge=1)
    variance: float = Field(default=0.99, gt=0, le=1)
    still: float = Field(default=0.1, gt=0, lt=1)
    false_alarms: float = Field(default=0.05, gt=0, lt=1)
    null: Null = "real"

    @property
    def search(self) -> Search:
        """The settings of `closest_earlier`."""
        return Search(self.segment, self.gap, self.tempos)

    @property
    def fewest_videos(self) -> int:
        """Least number of calibration videos for these false alarms."""
        return math.ceil(round(1 / self.false_alarms - 1, 9))


@dataclass(frozen=True)
class Calibration:
    """Statistics of real motion, from which thresholds follow.

    Args:
        settings: what counts as a repeat.
        frames: of every video, real or not.
        videos: number of real videos.
        axes: float64 [D,K]; signal @ axes is compared.
        least_energy: a segment of at most this energy is still.
        closest: by null, the similarities of the closest matches, one a real video or a pair of
            them, the largest first.
    """

    settings: RepetitionSettings
    frames: int
    videos: int
    axes: Tensor
    least_energy: float
    closest: Mapping[Null, Sequence[float]]

    @property
    def threshold(self) -> float:
        """The threshold under the null of the settings."""
        return self.threshold_of(self.settings.null)

    def threshold_of(self, null: Null) -> float:
        """The similarity that a repeat must exceed, between -infinity and 1."""
        found = self.closest[null]
        return found[math.floor(self.settings.false_alarms * (len(found) + 1) + 1e-9) - 1]

    def profile(self, signal: Tensor) -> Profile:
        """The closest earlier segment of each segment: [T,D] -> [S] each.

        Raises:
            InputError: another length or number of dimensions than in the calibration.
        """
        seen = self.seen(signal)
        return closest_earlier(seen, seen, self.settings.search, self.least_energy)

    def seen(self, signal: Tensor) -> Tensor:
        """The part of a signal that is compared: [T,D] -> float64 [T,K].

        Raises:
            InputError: as `profile`.
        """
        if signal.shape != (self.frames, len(self.axes)):
            raise InputError(
                f"a motion signal of {signal.shape[0]} frames x {signal.shape[1]} numbers; the "
                f"calibration is for {self.frames} x {len(self.axes)}"
            )
        return smoothed(centred_signal(signal) @ self.axes, self.settings.smooth)


@dataclass(frozen=True)
class Repeat:
    """A segment that repeats an earlier one.

    Args:
        start: first frame of the later segment.
        of: first frame of the earlier one; fractional at another tempo than 1.
        tempo: speed of the repeat.
        alike: similarity; 1: identical.
    """

    start: int
    of: float
    tempo: float
    alike: float

    @property
    def lag(self) -> float:
        """Frames from the earlier to the later segment."""
        return self.start - self.of


@dataclass(frozen=True)
class VideoRepetition:
    """One video's repeats.

    Args:
        closest: similarity of the closest two segments; -infinity if nothing moves.
        repeats: later segments above the threshold, closest first, without overlaps.
        repeated_share: share of frames in a segment that repeats an earlier one.
        still_share: share of segments that are still.
        trembling: power that smoothing removes, as a share of the signal's.
    """

    closest: float
    repeats: tuple[Repeat, ...]
    repeated_share: float
    still_share: float
    trembling: float

    @property
    def occurs(self) -> bool:
        """Whether the video contains repeated motion, as LEO's raters were asked."""
        return bool(self.repeats)


@dataclass(frozen=True)
class SourceRepetition:
    """Repeated motion in a set of videos, by name.

    Args:
        videos: repeats of each video.
        calibration: the statistics of real videos.
    """

    videos: Mapping[str, VideoRepetition]
    calibration: Calibration

    @cached_property
    def flags(self) -> dict[str, bool]:
        """Whether each video contains repeated motion, by name."""
        return {name: video.occurs for name, video in self.videos.items()}

    @property
    def by_video(self) -> dict[str, float]:
        """The flags as 0 and 1, whose mean is the occurrence."""
        return {name: float(flag) for name, flag in self.flags.items()}

    @property
    def occurrence(self) -> float:
        """Share of videos with repeated motion, 0 to 1: Table 5."""
        return sum(self.flags.values()) / len(self.flags)

    @property
    def value(self) -> float:
        """The occurrence, under the common name of metrics."""
        return self.occurrence

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's over videos; the calibration's own chance is not in it."""
        return wilson_interval(sum(self.flags.values()), len(self.flags))

    def occurrence_under(self, null: Null) -> float:
        """The occurrence under another null than that of the settings."""
        limit = self.calibration.threshold_of(null)
        return sum(video.closest > limit for video in self.videos.values()) / len(self.videos)

    def difference(self, other: "SourceRepetition") -> Interval | None:
        """Interval of this occurrence less the other's; videos of one name are paired.

        None with too few videos. For two treatments of the same samples use
        `uncertainty.paired_shares.paired_difference` of the flags, which is valid at 0 and 1 too.
        """
        mine, theirs = self.by_video, other.by_video
        return difference_interval(mine, theirs, paired=bool(mine.keys() & theirs.keys()))


def calibrate(signals: Mapping[str, Tensor], settings: RepetitionSettings) -> Calibration:
    """Compute the statistics of real motion.

    Args:
        signals: [T,D] a video, all of one shape; held in memory together.
        settings: what counts as a repeat.

    Raises:
        InputError: too few videos for these false alarms, or too short ones; unlike shapes; videos
            in which nothing moves.
    """
    if len(signals) < max(settings.fewest_videos, 2):
        raise InputError(
            f"{len(signals)} calibration videos: false alarms of {settings.false_alarms:g} need at "
            f"least {max(settings.fewest_videos, 2)}"
        )
    if len({signal.shape for signal in signals.values()}) > 1:
        raise InputError("calibration videos must all have the same number of frames")
    centred = [centred_signal(signal) for signal in signals.values()]
    axes = scaled_axes(centred, settings.variance)
    seen = [smoothed(signal @ axes, settings.smooth) for signal in centred]
    median = torch.cat([energies(signal, settings.segment) for signal in seen]).median().item()
    if median <= 0:
        raise InputError("nothing moves in the calibration videos (most of them are still)")
    least_energy = settings.still * median

    def closest(later: Tensor, earlier: Tensor) -> float:
        found = closest_earlier(later, earlier, settings.search, least_energy)
        return found.alike.max().item()

    partners = range(1, min(PARTNERS, len(seen) - 1) + 1)
    strangers = (
        closest(later, seen[(i + step) % len(seen)])
        for i, later in enumerate(seen)
        for step in partners
    )
    return Calibration(
        settings=settings,
        frames=len(seen[0]),
        videos=len(seen),
        axes=axes,
        least_energy=least_energy,
        closest={
            "real": sorted((closest(signal, signal) for signal in seen), reverse=True),
            "strangers": sorted(strangers, reverse=True),
        },
    )


def source_repetition(
    signals: Iterable[tuple[str, Tensor]], calibration: Calibration
) -> SourceRepetition:
    """Repeated motion of videos, one at a time.

    Args:
        signals: (name, [T,D]) of each video.
        calibration: of real videos as long as these.

    Raises:
        InputError: no videos; another length than calibrated on; numbers that are not finite.
    """
    found = lanes("cpu").map(lambda s: (s[0], video_repetition(s[1], calibration)), signals)
    videos = dict(found)
    if not videos:
        raise InputError("no videos to look for repeated motion in")
    return SourceRepetition(videos, calibration)


def video_repetition(signal: Tensor, calibration: Calibration) -> VideoRepetition:
    """Repeated motion of one video: [T,D].

    Raises:
        InputError: as `source_repetition`.
    """
    profile, w = calibration.profile(signal), calibration.settings.segment
    moves = centred_signal(signal) @ calibration.axes
    trembles = (moves - calibration.seen(signal)).square().sum().item()
    beyond = (profile.alike > calibration.threshold).nonzero()[:, 0]
    shown = torch.zeros(len(signal), dtype=torch.bool)
    shown[(beyond[:, None] + torch.arange(w)).flatten()] = True
    return VideoRepetition(
        closest=profile.alike.max().item(),
        repeats=_repeats(profile, beyond, w),
        repeated_share=shown.double().mean().item(),
        still_share=(profile.energy <= calibration.least_energy).double().mean().item(),
        trembling=trembles / max(moves.square().sum().item(), 1e-300),
    )


def _repeats(profile: Profile, beyond: Tensor, segment: int) -> tuple[Repeat, ...]:
    """Select repeats greedily: the closest one that overlaps none selected before."""
    found: list[Repeat] = []
    # Rounded, so that of equally close ones the first is taken, independent of the last bits.
    closeness = (profile.alike[beyond] * 1e6).round()
    order = beyond[closeness.argsort(descending=True, stable=True)]
    for start in order.tolist():
        if all(abs(start - repeat.start) >= segment for repeat in found):
            of, tempo, alike = (
                values[start].item() for values in (profile.start, profile.tempo, profile.alike)
            )
            found.append(Repeat(start, of, tempo, alike))
    return tuple(found)
