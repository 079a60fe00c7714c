"""Average Content Distance (ACD): mean distance of a video's frames in an identity embedding.

ACD of a video = 2 / (T (T - 1)) * sum over i < j of |e_i - e_j|: the plain L2 distance of all pairs
of frames, neither squared nor of neighbours only. That is the literal reading of MoCoGAN (Tulyakov
et al. 2018) and of LEO, Sec. 4: "the average pairwise L2 distance of the per-frame feature
vectors". No code of either is public. ACD of a set is the mean over its videos.

A still video has ACD 0: a low ACD may mean little motion. Compare it with that of real videos.

Letters: T frames, D embedding size.
"""

from dataclasses import dataclass, fields
from functools import partial
from statistics import fmean

import torch
from torch import Tensor

from leo_bench.evaluation.clips import Window
from leo_bench.evaluation.embedders import Embedded
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.features.single_thread_pool import on_one_thread
from leo_bench.evaluation.identity.embedded_videos import (
    EmbeddedVideos,
    EmbeddingSettings,
    SourceScore,
)
from leo_bench.evaluation.videos.source import VideoSource

# Rows that are compared with all later ones at once: memory is ROWS_AT_ONCE * T distances.
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


class SourceACD(SourceScore[VideoACD]):
    """ACD of a set of videos."""

    @property
    def by_video(self) -> dict[str, float]:
        """ACD of each video, by name."""
        return {name: video.acd for name, video in self.videos.items()}

    @property
    def diagnostics(self) -> dict[str, float]:
        """Means over videos of the other fields of `VideoACD`."""
        names = [field.name for field in fields(VideoACD) if field.name != "acd"]
        return {
            name: fmean(getattr(video, name) for video in self.videos.values()) for name in names
        }


def source_acd(source: VideoSource, window: Window, settings: EmbeddingSettings) -> SourceACD:
    """ACD of every video of a source; one video's embeddings are in memory at a time.

    Raises:
        InputError: fewer than 2 frames asked for; all videos too short; no video that has the
            subject in two frames.
        BadVideoError: a broken video, under `on_error="fail"`.
    """
    if window.frames < 2:
        raise InputError(f"--frames {window.frames}: a distance of frames needs 2 or more")
    walk = EmbeddedVideos(source, window, settings)
    videos: dict[str, VideoACD] = {}
    for name, embedded in walk:
        value = on_one_thread(partial(video_acd, embedded))
        if value is not None:
            videos[name] = value
        else:
            in_frames = int(embedded.found.sum())
            walk.lacking[name] = f"a {settings.subject} in {in_frames} of {window.frames} frames"
    if not videos:
        raise InputError(
            f"{source.name}: no video has a {settings.subject} in two frames or more, so there is "
            f"no distance to average (such as {walk.example}); give videos that show one, or "
            "another --protocol"
        )
    return SourceACD.of(walk, videos)


def _distances(rows: Tensor, later: Tensor) -> Tensor:
    """Every row against every later one, by differences: the expanded square loses digits."""
    return torch.cdist(rows, later, compute_mode="donot_use_mm_for_euclid_dist")
