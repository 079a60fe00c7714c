"""The source `gaussian:leo:RUN?start=SOURCE&...`: a LEO's animator driven by Gaussian codes.

gaussian:leo:toy-faces?start=toy-faces/test&fit=toy-faces/train      a Gaussian of whole windows
gaussian:leo:runs/faces?start=toy-faces/test&motion=frames           independent codes of one frame

A baseline for the LMDM: the same animator and first frames, but motion codes drawn from a Gaussian
with the mean and covariance of real ones. A training run holds the codes of its training videos; a
shipped model does not, and those of the videos `fit` are computed once and cached.
"""

import hashlib
import threading
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from leo_bench.benchmarks.sources.leo_samples import LeoPlace
from leo_bench.benchmarks.sources.locations import split_query
from leo_bench.benchmarks.sources.start_frames import open_start_frames
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.features.cache import FeatureStore
from leo_bench.evaluation.features.single_thread_pool import lanes
from leo_bench.evaluation.files.places import cache_root
from leo_bench.evaluation.files.schema import Data, parse, settings_digest
from leo_bench.evaluation.videos.source import (
    Medium,
    Selection,
    Skipped,
    VideoSource,
    read_in_pieces,
)
from leo_bench.leo.data.encode import CODES, FRAMES_AT_ONCE
from leo_bench.leo.data.videos import at_size, frames_at_size
from leo_bench.leo.diffusion.codes import Windows, code_windows
from leo_bench.leo.models.gaussian_motion import GaussianCodes, GaussianMotion
from leo_bench.leo.sampling.model import LeoModel, device_named, find_model
from leo_bench.leo.sampling.rendering import Rendering

VERSION = 1  # raise when the same fit could give other pixels
KEPT = 4  # renderings in the cache


class GaussianQuery(Data):
    """The options after the `?`.

    Args:
        start: pictures or videos whose first frames begin the samples.
        fit: the videos whose codes are fitted; "": the run's own codes.
        videos: largest number of videos of `fit`, the first by name.
        motion: "windows": a Gaussian of whole windows given the first code; "frames": a Gaussian of
            single codes, independent between frames.
        frames: length of a sample.
        count: number of samples; None: as many as there are starts.
        seed: seed of the codes.
        first_frame: as in `leo.sampling.options.Sampling`.
    """

    start: str
    fit: str = ""
    videos: int = Field(default=128, ge=1)
    motion: Literal["windows", "frames"] = "windows"
    frames: int = Field(default=128, ge=1)
    count: int | None = Field(default=None, ge=1)
    seed: int = 0
    first_frame: Literal["source", "recon"] = "source"


def open_gaussian(location: str, place: LeoPlace) -> "GaussianSource":
    """Open `gaussian:LOCATION`.

    Raises:
        InputError: no such model, a wrong option, or no codes to fit.
    """
    where, options = split_query(location)
    query = parse(GaussianQuery, place.defaults | options, where=f"gaussian:{location}")
    model = LeoModel.open(find_model(where), device_named(place.device))
    side = model.config.resolution
    starts = open_start_frames(query.start, lambda spec: place.open_start(spec, side))
    if query.fit:
        fitted = place.open_start(query.fit, side)
        kept = range(min(query.videos, len(fitted.names)))
        sequences = encoded(model, Selection(fitted, kept, fitted.name))
        videos = "1 video" if len(sequences) == 1 else f"{len(sequences)} videos"
        of = f"{videos} of {fitted.name}"
    elif (model.root / CODES).is_file():
        sequences = model.codes().sequences
        of = f"the {len(sequences)} training videos of the run"
    else:
        raise InputError(
            f"{model.root}: holds no {CODES}; say whose codes are to be fitted: fit=SOURCE, as in "
            "fit=toy-faces/train"
        )
    length = min(query.frames, model.config.lmdm.length)
    windows = code_windows(sequences, max(2, length), model.config.lmdm.frame_stride)
    return GaussianSource(model, query, starts, windows, of)


def encoded(model: LeoModel, videos: VideoSource) -> list[Tensor]:
    """Codes of all frames, float32 [T,20] a video, cached on disk.

    Raises:
        BadVideoError: a video cannot be read.
    """
    store = FeatureStore(cache_root())
    about = {
        "what": "motion codes",
        "version": VERSION,
        "animator": model.digest(["animator"]),
        "decoder": videos.medium.decoder,
        "device": model.device.split(":")[0],
    }
    key = settings_digest(about)[:32]
    store.describe(key, about)
    sequences = []
    for index, count in enumerate(videos.frame_counts):
        digest = videos.digest(index)
        codes = store.read(key, digest).get("codes")
        if codes is None:
            spans = [
                range(begin, min(begin + FRAMES_AT_ONCE, count))
                for begin in range(0, count, FRAMES_AT_ONCE)
            ]
            side = model.animator.size
            codes = torch.cat(
                [_codes(model, frames_at_size(videos, index, span, side)) for span in spans]
            )
            videos.check_unchanged(index)
            store.write(key, digest, {"codes": codes})
        sequences.append(codes)
    return sequences


class GaussianSource:
    """Videos rendered from given first frames and codes of a Gaussian.

    Args:
        model: its animator is used.
        query: the options.
        starts: sample i begins with the first frame of video i, modulo their number.
        windows: windows of the codes that are fitted.
        of: what the codes are of, in words.
    """

    def __init__(
        self,
        model: LeoModel,
        query: GaussianQuery,
        starts: VideoSource,
        windows: Windows,
        of: str,
    ) -> None:
        self.name = f"gaussian:{model.name}"
        self._model, self._query, self._starts = model, query, starts
        self._of = of if query.motion == "frames" else f"{len(windows):,} windows of {of}"
        self._length = windows.length
        codes = windows.codes.numpy().tobytes()
        self._fitted = hashlib.sha256(codes).hexdigest()
        self._motion: GaussianMotion | GaussianCodes = (
            GaussianMotion.fit(windows) if query.motion == "windows" else GaussianCodes.fit(windows)
        )
        self._lock = threading.Lock()
        self._rendering = lru_cache(maxsize=KEPT)(self._rendered)

    @cached_property
    def names(self) -> Sequence[str]:
        """sample-000000 and so on."""
        return [f"sample-{i:06d}" for i in range(self._query.count or len(self._starts.names))]

    @property
    def frame_counts(self) -> Sequence[int]:
        """The same for all samples."""
        return [self._query.frames] * len(self.names)

    @property
    def medium(self) -> Medium:
        """Drawn, without file or codec."""
        device = self._model.device.split(":")[0]
        return Medium("drawn", (), f"LEO / torch {torch.__version__} / {device}", lossy=False)

    @property
    def skipped(self) -> Sequence[Skipped]:
        """None."""
        return ()

    @property
    def notes(self) -> Sequence[str]:
        """The model, the kind of Gaussian, and what it was fitted to."""
        how = {
            "windows": f"windows of {self._length} codes given the first",
            "frames": "single codes, drawn anew for every frame",
        }[self._query.motion]
        return (
            f"first frames of {self._starts.name}, moved by the animator of LEO "
            f"{self._model.config.id} with a Gaussian of {how}, fitted to {self._of}, "
            f"seed {self._query.seed}",
        )

    def sizes(self) -> Sequence[tuple[int, int]]:
        """The same square for all samples."""
        side = self._model.config.resolution
        return [(side, side)] * len(self.names)

    def digest(self, index: int) -> str:
        """Of all that the pixels depend on: animator, fitted codes, settings, first frame."""
        start = index % len(self._starts.names)
        facts = {
            "version": VERSION,
            "model": self._model.digest(["animator"]),
            "fitted": self._fitted,
            "length": self._length,
            "query": self._query.model_dump(mode="json", exclude={"start", "fit", "count"}),
            "start": f"{self._starts.digest(start)} {self._starts.medium.decoder}",
            "sample": index,
        }
        return settings_digest(facts)

    def codes(self, index: int) -> Tensor:
        """The codes of a sample: float32 [T,20]."""
        first = _codes(self._model, self._start(index)[None])[0]
        return self._motion.codes(first, self._query.frames, ("gaussian", self._query.seed, index))

    def read(self, index: int, frames: Sequence[int]) -> Tensor:
        """Draw and render these frames: uint8 [len(frames),3,R,R]."""
        bad = [frame for frame in frames if not 0 <= frame < self._query.frames]
        if bad:
            raise IndexError(f"{self.names[index]}: frame {bad[0]} of {self._query.frames}")
        with self._lock:  # one thread renders a sample, others find it in the cache
            rendering = self._rendering(index)
        return rendering.read(frames)

    def each_frame(self, index: int, frames: Sequence[int]) -> Iterator[Tensor]:
        """The same, one frame at a time: uint8 [3,R,R] each."""
        return read_in_pieces(self, index, frames)

    def check_unchanged(self, index: int) -> None:
        """Check the video that the sample begins with."""
        self._starts.check_unchanged(index % len(self._starts.names))

    def _start(self, index: int) -> Tensor:
        frames = self._starts.read(index % len(self._starts.names), [0])
        return at_size(frames, self._model.animator.size)[0]

    def _rendered(self, index: int) -> Rendering:
        start, codes = self._start(index), self.codes(index)

        def encode() -> Rendering:
            return Rendering.of(self._model, start, codes, self._query.first_frame)

        # On one thread, like all renderings: the bits must not depend on the number of threads.
        return lanes(self._model.device).submit(encode).result()


def _codes(model: LeoModel, frames: Tensor) -> Tensor:
    """Codes of frames of any size, computed on one thread: uint8 [T,3,H,W] -> float32 [T,20]."""
    square = at_size(frames, model.animator.size)
    return lanes(model.device).submit(lambda: model.animator.codes(square)).result()
