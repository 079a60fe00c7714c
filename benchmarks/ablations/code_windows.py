"""Distance of generated from real motion, computed from codes without rendering frames.

A window is L consecutive codes of 20 numbers, as the LMDM generates them. Windows are projected to
a few principal components of the training videos' windows and compared by the Fréchet distance, as
in FVD. This is a diagnostic, not a published metric: it measures the LMDM without the animator. Two
readings:

codes       the codes themselves: position and motion
residuals   the codes minus the first code of the window (paper Eq. 2): motion only

Legend: W windows, L codes of a window, M code dimensions, K components.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from leo_bench.benchmarks.scores.code_signals import CodeSignals
from leo_bench.evaluation.distances.frechet_influence import frechet_statistic
from leo_bench.evaluation.distances.influence import ClipFeatures, WeightedStatistic
from leo_bench.evaluation.features.of_clips import Progress, Resources
from leo_bench.evaluation.features.single_thread_pool import lanes
from leo_bench.evaluation.videos.source import VideoSource, fingerprint
from leo_bench.leo.checkpoint import DamagedFileError, read_tensors, write_tensors
from leo_bench.leo.config import LmdmConfig
from leo_bench.leo.data.encode import CodeBook
from leo_bench.leo.diffusion.codes import code_windows
from leo_bench.leo.sampling.drawing import Drawing
from leo_bench.leo.sampling.options import SampleRow

COMPONENTS = 32  # at most; fewer if there are few windows
LEARNED_FROM = 4096  # windows of the training videos, evenly spaced
REAL_WINDOWS = 256  # about: the same number of each video, at least one


def residuals(window_WLM: Tensor) -> Tensor:
    """Codes 2 to L minus code 1: [W,L,M] -> [W,(L-1)*M]."""
    return (window_WLM[:, 1:] - window_WLM[:, :1]).flatten(1)


READINGS: dict[str, Callable[[Tensor], Tensor]] = {
    "codes": lambda window_WLM: window_WLM.flatten(1),
    "residuals": residuals,
}


@dataclass(frozen=True)
class Windows:
    """Windows of codes, float32 [W,L,M], and the name of the video of each."""

    codes: Tensor
    videos: Sequence[str]


@dataclass(frozen=True)
class Components:
    """Principal components of real windows.

    Args:
        mean: float64 [D], D = L*M or (L-1)*M.
        directions: float64 [D,K], orthonormal.
        share: fraction of the windows' variance that they explain, 0 to 1.
    """

    mean: Tensor
    directions: Tensor
    share: float

    @staticmethod
    def of(flat_WD: Tensor, most: int) -> "Components":
        """At most `most` components of at least 2 windows, without those of zero variance."""
        values = flat_WD.double()
        mean = values.mean(0)
        centred = values - mean
        variances, directions = torch.linalg.eigh(centred.T @ centred)  # ascending
        count = min(most, int((variances > 1e-10 * variances[-1]).sum()))
        share = float(variances[-count:].sum() / variances.sum())
        return Components(mean, directions[:, -count:].contiguous(), share)

    def project(self, flat_WD: Tensor) -> Tensor:
        """[W,D] -> float64 [W,K]."""
        return (flat_WD.double() - self.mean) @ self.directions


def components(book: CodeBook, config: LmdmConfig, reading: str, most: int) -> Components:
    """The principal components of the training videos' windows.

    Raises:
        InputError: no training video is long enough for a window.
    """
    windows = code_windows(book.sequences, config.length, config.frame_stride)
    return Components.of(READINGS[reading](windows.spread(LEARNED_FROM)), most)


def window_distance(
    real: Windows, fake: Windows, reading: str, found: Components
) -> WeightedStatistic:
    """The Fréchet distance between the components of real and generated windows.

    Raises:
        InputError: fewer than 2 windows on a side, or codes that are not finite.
    """
    of_real, of_fake = (
        ClipFeatures(found.project(READINGS[reading](side.codes)), side.videos)
        for side in (real, fake)
    )
    return frechet_statistic(of_real, of_fake, correction=1)


def real_windows(
    videos: VideoSource, signals: CodeSignals, config: LmdmConfig, resources: Resources
) -> Windows:
    """About REAL_WINDOWS windows of real videos, consecutive from the first frame of each video.

    Videos shorter than a window give none. Codes are cached by video.

    Raises:
        BadVideoError: a video cannot be decoded to its end.
    """
    span = (config.length - 1) * config.frame_stride + 1
    long_enough = [i for i, count in enumerate(videos.frame_counts) if count >= span]
    each = max(1, REAL_WINDOWS // max(1, len(long_enough)))
    quiet = Resources(resources.store, resources.workers)
    found, names = [], []
    for done, video in enumerate(long_enough, start=1):
        count = min(each, videos.frame_counts[video] // span)
        (codes,) = signals.of(videos, [video], count * span, quiet)
        found += [codes[i * span : (i + 1) * span : config.frame_stride] for i in range(count)]
        names += [videos.names[video]] * count
        if resources.progress is not None:
            resources.progress(done, len(long_enough))
    return Windows(torch.stack(found) if found else torch.empty(0, config.length, 0), names)


def drawn_windows(
    drawing: Drawing, model: str, place: Path, progress: Progress | None = None
) -> Windows:
    """The codes of all samples of a drawing, each sample being one window; cached in a file.

    Args:
        drawing: gives `sampling.frames` codes a sample; nothing is rendered.
        model: digest of all that the codes depend on besides the sampling.
        place: the file.
        progress: called with samples done and samples to do.
    """
    sampling, size = drawing.sampling, drawing.together
    groups = [
        [SampleRow(i, i, i) for i in range(first, min(first + size, sampling.count))]
        for first in range(0, sampling.count, size)
    ]

    def draw(rows: Sequence[SampleRow]) -> Tensor:
        return drawing.codes(rows) if drawing.starts is None else drawing.draw(rows).codes

    def make() -> Tensor:
        made: list[Tensor] = []
        for done, codes in enumerate(lanes(drawing.model.device).map(draw, groups), start=1):
            made.append(codes)
            if progress is not None:
                progress(min(done * size, sampling.count), sampling.count)
        return torch.cat(made)

    starts = "" if drawing.starts is None else fingerprint(drawing.starts)
    facts = [model, sampling.model_dump(mode="json"), starts]
    codes = kept(place, json.dumps(facts), make)
    return Windows(codes, [f"sample-{i:06d}" for i in range(sampling.count)])


def kept(place: Path, facts: str, make: Callable[[], Tensor]) -> Tensor:
    """The codes in the file `place` if they are of these facts, else those of `make`, stored."""
    digest = hashlib.sha256(facts.encode()).hexdigest()
    if place.is_file():
        try:
            tensors, about = read_tensors(place)
            if about.get("of") == digest:
                return tensors["codes"]
        except DamagedFileError:
            place.unlink()
    codes = make()
    write_tensors(place, {"codes": codes}, {"of": digest})
    return codes
