"""Repeated motion without human raters: the occurrence of LEO's Table 5, and where it repeats.

    calibration = calibrate({name: signal, ...}, RepetitionSettings())      # of real videos
    found = source_repetition({name: signal, ...}.items(), calibration)
    found.occurrence, found.interval, found.flags                           # share, interval, who

A signal is what moves in a video, [T,D]: motion codes of a LEO, or anything else with a row a
frame. A video holds a repeat where a segment comes back later (`repetition.recurrence`) more alike
than `threshold`, and moves: stillness is no repetition, and is told apart.

The threshold is calibrated on real videos of the same length, since a longer video has more pairs
of segments that may be alike by chance. `false_alarms` is the share of videos that may be flagged
where the null holds, and there are two nulls:

real        the closest repeat within each real video. Real motion does repeat: people wave, and
            walk. A flag then says: this video repeats itself more closely than real ones do.
strangers   the closest match between two real videos, the one taken for what came before in the
            other. A flag then says: more alike than motions of two people ever are by chance. Since
            a person shares place, reach and manner with himself and not with a stranger, and since
            real motion is periodic, real videos are flagged far more often than `false_alarms`.

The threshold is the k-th largest of the n closest matches, k = floor(false_alarms * (n + 1)): of
another real video the chance to exceed it is k / (n + 1) at most, whatever the distribution, as in
conformal prediction (Vovk et al. 2005). For "strangers" the pairs share videos, so there it holds
on average only.

What is compared is the smoothed signal along the directions in which real videos move. Generated
motion trembles from frame to frame as real motion does not, and in directions that real motion
leaves alone; without this a repeat that nobody could overlook would drown in it.

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

PARTNERS = 3  # strangers that each calibration video is held against


class RepetitionSettings(Data):
    """What counts as repeated motion.

    Args:
        segment: frames that have to come back; 24 are about a second.
        gap: frames at least between a segment and its repeat.
        tempos: speeds at which it may come back.
        smooth: frames of the Hann window that signals are smoothed by; 1: not. 9 leave half of a
            swing at 3 Hz (25 frames a second), and a seventh of white noise's power.
        variance: share of the calibration videos' motion that the directions hold which are looked
            at, each dimension of the signal counting alike.
        still: a segment is still that has less than this share of the motion energy of the median
            segment of the calibration videos.
        false_alarms: share of videos that may be flagged where the null holds.
        null: what a flag has to exceed; see the head of this file.
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
        """For `closest_earlier`."""
        return Search(self.segment, self.gap, self.tempos)

    @property
    def fewest_videos(self) -> int:
        """Calibration videos that these false alarms need."""
        return math.ceil(round(1 / self.false_alarms - 1, 9))


@dataclass(frozen=True)
class Calibration:
    """What real motion is like.

    Args:
        settings: what counts as a repeat.
        frames: of every video, real or not.
        videos: real videos that this comes from.
        axes: float64 [D,K]: signal @ axes is what is compared.
        least_energy: a segment of no more energy is still.
        closest: by null, how alike the closest match was: one a real video, or one a pair of them,
            largest first.
    """

    settings: RepetitionSettings
    frames: int
    videos: int
    axes: Tensor
    least_energy: float
    closest: Mapping[Null, Sequence[float]]

    @property
    def threshold(self) -> float:
        """Under the settings' null."""
        return self.threshold_of(self.settings.null)

    def threshold_of(self, null: Null) -> float:
        """How alike a repeat has to be, between -infinity and 1."""
        found = self.closest[null]
        return found[math.floor(self.settings.false_alarms * (len(found) + 1) + 1e-9) - 1]

    def profile(self, signal: Tensor) -> Profile:
        """Each segment's closest earlier one: [T,D] -> [S] each.

        Raises:
            InputError: another length or number of dimensions than those calibrated on.
        """
        seen = self.seen(signal)
        return closest_earlier(seen, seen, self.settings.search, self.least_energy)

    def seen(self, signal: Tensor) -> Tensor:
        """What of a signal is compared: [T,D] -> float64 [T,K].

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
    """A segment that was shown before.

    Args:
        start: first frame of the later segment.
        of: first frame of the earlier one; between frames at another tempo than 1.
        tempo: how fast the earlier one comes back.
        alike: 1 is the same.
    """

    start: int
    of: float
    tempo: float
    alike: float

    @property
    def lag(self) -> float:
        """Frames from one to the other."""
        return self.start - self.of


@dataclass(frozen=True)
class VideoRepetition:
    """One video's repeats.

    Args:
        closest: how alike the closest two segments are; -infinity where nothing moves.
        repeats: later segments beyond the threshold, closest first, none overlapping another.
        repeated_share: share of frames that lie in any segment that was shown before.
        still_share: share of segments that are still.
        trembling: power of what smoothing takes off, as a share of the signal's.
    """

    closest: float
    repeats: tuple[Repeat, ...]
    repeated_share: float
    still_share: float
    trembling: float

    @property
    def occurs(self) -> bool:
        """Whether the video contains repeated motion: the question of LEO's raters."""
        return bool(self.repeats)


@dataclass(frozen=True)
class SourceRepetition:
    """Repeated motion in a set of videos, by name.

    Args:
        videos: each video's.
        calibration: what it was held against.
    """

    videos: Mapping[str, VideoRepetition]
    calibration: Calibration

    @cached_property
    def flags(self) -> dict[str, bool]:
        """Whether each video contains repeated motion, by name: what pairs go by."""
        return {name: video.occurs for name, video in self.videos.items()}

    @property
    def by_video(self) -> dict[str, float]:
        """The same as 0 and 1: what the occurrence is the mean of."""
        return {name: float(flag) for name, flag in self.flags.items()}

    @property
    def occurrence(self) -> float:
        """Share of videos with repeated motion, 0 to 1: Table 5."""
        return sum(self.flags.values()) / len(self.flags)

    @property
    def value(self) -> float:
        """The occurrence, under the name that all metrics have."""
        return self.occurrence

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's over videos; the calibration's own chance is not in it."""
        return wilson_interval(sum(self.flags.values()), len(self.flags))

    def occurrence_under(self, null: Null) -> float:
        """The share under another null than the settings'."""
        limit = self.calibration.threshold_of(null)
        return sum(video.closest > limit for video in self.videos.values()) / len(self.videos)

    def difference(self, other: "SourceRepetition") -> Interval | None:
        """Of this occurrence less the other's; videos of one name are paired.

        None with too few videos to say. For two treatments of the same samples see
        `uncertainty.paired_shares.paired_difference` of the flags, which holds at 0 and 1 too.
        """
        mine, theirs = self.by_video, other.by_video
        return difference_interval(mine, theirs, paired=bool(mine.keys() & theirs.keys()))


def calibrate(signals: Mapping[str, Tensor], settings: RepetitionSettings) -> Calibration:
    """Learn from real videos what is no repeat.

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
    """The closest, then the closest of those that overlap none so far, and so on."""
    found: list[Repeat] = []
    # Rounded, so that of equally close ones the first is taken, whatever the last bits.
    closeness = (profile.alike[beyond] * 1e6).round()
    order = beyond[closeness.argsort(descending=True, stable=True)]
    for start in order.tolist():
        if all(abs(start - repeat.start) >= segment for repeat in found):
            of, tempo, alike = (
                values[start].item() for values in (profile.start, profile.tempo, profile.alike)
            )
            found.append(Repeat(start, of, tempo, alike))
    return tuple(found)
