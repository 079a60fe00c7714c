"""Average Content Distance: how far apart the frames of one video are in an embedding of identity.

ACD of a video = 2 / (T (T - 1)) * sum over i < j of |e_i - e_j|: the plain L2 distance of all pairs
of frames, neither squared nor of neighbours only. That is the literal reading of MoCoGAN (Tulyakov
et al. 2018) and of LEO, Sec. 4: "the average pairwise L2 distance of the per-frame feature
vectors". No code of either is public. ACD of a set is the mean over its videos.

A still video has ACD 0, so ACD alone rewards stillness: read it beside that of real videos.

Letters: T frames, D embedding size.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from statistics import fmean
from typing import Literal

import torch
from torch import Tensor

from evaluation.clips import ClipChoice, Window, choose_clips
from evaluation.embedders import Embedded
from evaluation.errors import BadVideoError, InputError
from evaluation.features import Machinery, Progress
from evaluation.frame_features import FrameRecipe, embed_frames
from evaluation.intervals import Interval
from evaluation.mean_intervals import difference_interval, mean_interval
from evaluation.videos.source import Skipped, VideoSource, without

# Rows that are held against all later ones at once: memory is ROWS_AT_ONCE * T distances.
ROWS_AT_ONCE = 64


@dataclass(frozen=True)
class VideoACD:
    """One video's distances; all but `acd` are diagnostics.

    Args:
        acd: mean distance of all pairs of frames.
        consecutive: mean distance of each frame to the next one that has an embedding.
        to_centroid: mean distance of a frame to the mean embedding.
        squared: mean squared distance of all pairs, as AED of pose-evaluation squares.
    """

    acd: float
    consecutive: float
    to_centroid: float
    squared: float


def video_acd(embedded: Embedded) -> VideoACD | None:
    """ACD of one video's embeddings, in float64, over the frames that have one.

    Args:
        embedded: values [T,D] and found [T].

    Returns:
        None where fewer than two frames have an embedding: such a video has no pair.
    """
    values = embedded.values[embedded.found].double()
    count = len(values)
    if count < 2:
        return None
    total = squares = 0.0
    for start in range(0, count, ROWS_AT_ONCE):
        rows, later = values[start : start + ROWS_AT_ONCE], values[start + ROWS_AT_ONCE :]
        for distances in (torch.pdist(rows), _distances(rows, later)):
            total += distances.sum().item()
            squares += distances.square().sum().item()
    pairs = count * (count - 1) / 2
    steps = (values[1:] - values[:-1]).norm(dim=1)
    radii = (values - values.mean(dim=0)).norm(dim=1)
    return VideoACD(total / pairs, steps.mean().item(), radii.mean().item(), squares / pairs)


@dataclass(frozen=True)
class SourceACD:
    """ACD of a set of videos.

    Args:
        source: as given, less the videos that were skipped as broken.
        window: frames and stride of each video.
        seen: indices of the videos whose frames were embedded.
        videos: by name, those of them that gave a value.
        without_value: (name, reason) of every other video of `source`.
        frames_seen: frames that were embedded; frames_without: those of them in which nothing was
            found.
    """

    source: VideoSource
    window: Window
    seen: tuple[int, ...]
    videos: Mapping[str, VideoACD]
    without_value: tuple[tuple[str, str], ...]
    frames_seen: int
    frames_without: int

    @property
    def value(self) -> float:
        """Mean ACD over videos."""
        return fmean(self.by_video.values())

    @property
    def by_video(self) -> dict[str, float]:
        """ACD of each video."""
        return {name: video.acd for name, video in self.videos.items()}

    @property
    def interval(self) -> Interval | None:
        """Interval of `value` over videos; None with too few."""
        return mean_interval(self.by_video)

    @property
    def diagnostics(self) -> dict[str, float]:
        """Means over videos of everything that a video has besides its ACD."""
        names = [field.name for field in fields(VideoACD) if field.name != "acd"]
        return {
            name: fmean(getattr(video, name) for video in self.videos.values()) for name in names
        }

    def is_paired_with(self, other: "SourceACD") -> bool:
        """Whether the two sets have videos of the same names, so that each has its counterpart."""
        return set(self.source.names) == set(other.source.names)

    def difference(self, other: "SourceACD") -> Interval | None:
        """Interval of this value less the other's; None with too few videos on a side."""
        paired = self.is_paired_with(other)
        return difference_interval(self.by_video, other.by_video, paired=paired)


@dataclass(frozen=True)
class ACDSettings:
    """What fixes an ACD besides the videos and the window.

    Args:
        recipe: from stored frames to embeddings.
        choice: where a video's frames begin, and how many videos are taken.
        subject: what the embedder looks for, for messages: "face", "body".
        seed: for random starts.
        on_error: "skip" leaves broken videos out and lists them.
        machinery: cache, threads, progress.
    """

    recipe: FrameRecipe
    choice: ClipChoice
    subject: str
    seed: int
    on_error: Literal["fail", "skip"]
    machinery: Machinery


def source_acd(source: VideoSource, window: Window, settings: ACDSettings) -> SourceACD:
    """ACD of every video of a source. Holds one video's embeddings at a time.

    Raises:
        InputError: fewer than 2 frames asked for; all videos too short; a broken video where those
            are not skipped; no video that has the subject in two frames.
    """
    if window.frames < 2:
        raise InputError(f"--frames {window.frames}: a distance of frames needs 2 or more")
    refs = choose_clips(source.names, source.frame_counts, window, settings.choice, settings.seed)
    videos: dict[str, VideoACD] = {}
    lacking = _too_short(source, window, settings.choice)
    broken: list[Skipped] = []
    looked_at: set[str] = set()
    found = 0
    quiet = Machinery(settings.machinery.store, settings.machinery.workers)
    for done, (video, start) in enumerate(refs, 1):
        name = source.names[video]
        try:
            wanted = [(video, window.indices(start))]
            (embedded,) = embed_frames(source, wanted, settings.recipe, quiet)
        except BadVideoError as error:
            if settings.on_error == "fail":
                raise
            broken.append(Skipped(error.video, error.reason))
            continue
        finally:
            _tell(settings.machinery.progress, done, len(refs))
        looked_at.add(name)
        in_frames = int(embedded.found.sum())
        found += in_frames
        value = video_acd(embedded)
        if value is None:
            lacking[name] = f"a {settings.subject} in {in_frames} of {window.frames} frames"
        else:
            videos[name] = value
    for skipped in broken:
        source = without(source, skipped)
    if not videos:
        raise InputError(_nothing(source, lacking, settings.subject))
    return SourceACD(
        source=source,
        window=window,
        seen=tuple(i for i, name in enumerate(source.names) if name in looked_at),
        videos=videos,
        without_value=tuple(sorted(lacking.items())),
        frames_seen=len(looked_at) * window.frames,
        frames_without=len(looked_at) * window.frames - found,
    )


def _distances(rows: Tensor, later: Tensor) -> Tensor:
    """Every row against every later one, by differences: the expanded square loses digits."""
    return torch.cdist(rows, later, compute_mode="donot_use_mm_for_euclid_dist")


def _too_short(source: VideoSource, window: Window, choice: ClipChoice) -> dict[str, str]:
    needed = choice.frames_needed(window)
    return {
        name: f"{count} frames; {needed} are needed"
        for name, count in zip(source.names, source.frame_counts, strict=True)
        if count < needed
    }


def _nothing(source: VideoSource, lacking: Mapping[str, str], subject: str) -> str:
    if not lacking:
        return f"{source.name}: every video is broken"
    name, reason = next(iter(lacking.items()))
    return (
        f"{source.name}: no video has a {subject} in two frames or more, so there is no distance "
        f"to average (such as {name}: {reason}); give videos that show one, or another --protocol"
    )


def _tell(progress: Progress | None, done: int, total: int) -> None:
    if progress is not None:
        progress(done, total)
