"""`gaussian:leo:RUN?start=SOURCE&...` -> a LEO's animator moved by Gaussian codes, as a source.

gaussian:leo:toy-faces?start=toy-faces/test&fit=toy-faces/train      windows of codes as a Gaussian
gaussian:leo:runs/faces?start=toy-faces/test&motion=frames           every frame's code by itself

The animator and the first frames are LEO's, the motion is what a fit of mean and covariance gives:
the scale that says what the LMDM is worth. A run of `leo-bench train` has its codes; a shipped
model has not, and those of `fit` are made, once.
"""

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from leo_bench.benchmarks.sources.leo_samples import LeoPlace
from leo_bench.benchmarks.sources.queries import split_query
from leo_bench.benchmarks.sources.start_frames import open_start_frames
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.features.cache import FeatureStore
from leo_bench.evaluation.features.single_thread_pool import lanes
from leo_bench.evaluation.files.places import cache_root
from leo_bench.evaluation.files.schema import Data, parse
from leo_bench.evaluation.videos.source import (
    Medium,
    Selection,
    Skipped,
    VideoSource,
    read_in_pieces,
)
from leo_bench.leo.data.encode import CODES, FRAMES_AT_ONCE
from leo_bench.leo.data.videos import frames_at_size
from leo_bench.leo.diffusion.codes import Windows, code_windows
from leo_bench.leo.models.gaussian_motion import GaussianCodes, GaussianMotion
from leo_bench.leo.sampling.drawing import at_size
from leo_bench.leo.sampling.model import LeoModel, device_named, find_model
from leo_bench.leo.sampling.rendering import Rendering

VERSION = 1  # raise when the same fit could give other pixels
KEPT = 4  # renderings that are remembered


class GaussianQuery(Data):
    """What may stand behind the `?`.

    `start`: pictures or videos whose first frames begin samples. `fit`: the videos whose codes are
    fitted, at most `videos` of them, the first by name; "": the run's own codes. `motion`:
    "windows" is a Gaussian of whole windows given the first code, "frames" one of single codes.
    `count`: samples; absent: as many as the command's protocol takes, or else as there are starts.
    `first_frame`: as `leo.sampling.drawing`'s.
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
    """Open what stands behind `gaussian:`.

    Raises:
        InputError: no such model, a wrong option, or no codes to fit.
    """
    where, options = split_query(location)
    given = {"frames": place.frames, "count": place.count}
    usual = {key: value for key, value in given.items() if value is not None}
    query = parse(GaussianQuery, usual | options, where=f"gaussian:{location}")
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
    """Codes of all frames, float32 [T,20] a video, made once and kept in the cache.

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
    key = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:32]
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
    """Given first frames, moved by codes of a Gaussian.

    Args:
        model: whose animator.
        query: what was asked.
        starts: whose first frames; sample i begins with video i, the first again behind the last.
        windows: of the codes that are fitted.
        of: what these are of, in words.
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
        self._renderings: OrderedDict[int, Rendering] = OrderedDict()
        self._lock = threading.Lock()

    @cached_property
    def names(self) -> Sequence[str]:
        """Numbered."""
        return [f"sample-{i:06d}" for i in range(self._query.count or len(self._starts.names))]

    @property
    def frame_counts(self) -> Sequence[int]:
        """All the same."""
        return [self._query.frames] * len(self.names)

    @property
    def medium(self) -> Medium:
        """Drawn: no file, no codec."""
        device = self._model.device.split(":")[0]
        return Medium("drawn", (), f"LEO / torch {torch.__version__} / {device}", lossy=False)

    @property
    def skipped(self) -> Sequence[Skipped]:
        """None: nothing can be broken."""
        return ()

    @property
    def notes(self) -> Sequence[str]:
        """What was fitted, and what moves."""
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
        """All the same, square."""
        side = self._model.config.resolution
        return [(side, side)] * len(self.names)

    def digest(self, index: int) -> str:
        """Of all that the pixels follow from: animator, fitted codes, settings, first frame."""
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
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()

    def codes(self, index: int) -> Tensor:
        """The codes of a sample: float32 [T,20]."""
        first = _codes(self._model, self._start(index)[None])[0]
        return self._motion.codes(first, self._query.frames, ("gaussian", self._query.seed, index))

    def read(self, index: int, frames: Sequence[int]) -> Tensor:
        """Draw and render what is asked for: uint8 [len(frames),3,R,R]."""
        bad = [frame for frame in frames if not 0 <= frame < self._query.frames]
        if bad:
            raise IndexError(f"{self.names[index]}: frame {bad[0]} of {self._query.frames}")
        return self._rendering(index).read(frames)

    def each_frame(self, index: int, frames: Sequence[int]) -> Iterator[Tensor]:
        """The same, one by one."""
        return read_in_pieces(self, index, frames)

    def check_unchanged(self, index: int) -> None:
        """The video that the sample begins with."""
        self._starts.check_unchanged(index % len(self._starts.names))

    def _start(self, index: int) -> Tensor:
        frames = self._starts.read(index % len(self._starts.names), [0])
        return at_size(frames, self._model.animator.size)[0]

    def _rendering(self, index: int) -> Rendering:
        with self._lock:
            if index not in self._renderings:
                start, codes = self._start(index), self.codes(index)

                def encode() -> Rendering:
                    return Rendering.of(self._model, start, codes, self._query.first_frame)

                # On one thread, as all renderings are, so that bits do not depend on the threads.
                self._renderings[index] = lanes(self._model.device).submit(encode).result()
                if len(self._renderings) > KEPT:
                    self._renderings.popitem(last=False)
            self._renderings.move_to_end(index)
            return self._renderings[index]


def _codes(model: LeoModel, frames: Tensor) -> Tensor:
    """Codes of frames of any size: uint8 [T,3,H,W] -> float32 [T,20], made on one thread."""
    square = at_size(frames, model.animator.size)
    return lanes(model.device).submit(lambda: model.animator.codes(square)).result()
