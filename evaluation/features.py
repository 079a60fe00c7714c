"""Clips through an extractor: streamed, batched, cached per video.

Reading and resizing run in threads ahead of the network; at no time more than a few batches of
clips are in memory, whatever the number and length of the videos. The numbers depend on the clips
and the extractor alone: not on workers, order or batch (extractors run a fixed batch shape inside).
"""

import hashlib
import itertools
import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor

from evaluation.cache import FeatureStore
from evaluation.clips import ClipRef, Window
from evaluation.errors import InputError
from evaluation.extractors import ClipExtractor
from evaluation.preprocess import PREPROCESS, PREPROCESS_VERSION, loaded
from evaluation.videos.source import VideoSource

# Raise when this file could give other features from the same pixels.
FEATURES_VERSION = 1

# Frames in one batch, as StyleGAN-V has at 256 pixels: 8 clips of 16, or 1 of 128.
FRAMES_A_BATCH = 128

Progress = Callable[[int, int], None]

T = TypeVar("T")


@dataclass(frozen=True)
class Recipe:
    """From stored pixels to features: the part of a protocol that the pixels go through.

    Args:
        extractor: the frozen network.
        bn_eps: its batch-norm epsilon.
        preprocess, resize, requantise: names in `evaluation.preprocess`.
        resolution: side in pixels that frames are brought to first; None: as stored.
    """

    extractor: ClipExtractor
    bn_eps: float
    preprocess: str
    resize: str
    requantise: str
    resolution: int | None

    def facts(self, decoder: str) -> dict[str, object]:
        """Everything between a stored video and its features."""
        return {
            "features_version": FEATURES_VERSION,
            "preprocess_version": PREPROCESS_VERSION,
            "decoder": decoder,
            "resize": self.resize if self.resolution else "none",
            "resolution": self.resolution,
            "requantise": self.requantise,
            "preprocess": self.preprocess,
            "extractor": self.extractor.name,
            "weights": self.extractor.weights,
            "bn_eps": self.bn_eps,
            "precision": self.extractor.precision,
            "device": self.extractor.device.split(":")[0],
        }

    def key(self, decoder: str) -> str:
        """Cache key: digest of `facts`."""
        text = json.dumps(self.facts(decoder), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def frames(self, clip: Tensor) -> Tensor:
        """Stored frames as the benchmark wants them: uint8 [T,3,H,W] -> uint8 [T,3,R,R]."""
        return loaded(clip, self.resize, self.requantise, self.resolution)

    def network_input(self, clips: Sequence[Tensor]) -> Tensor:
        """uint8 [T,3,H,W] each -> float32 [B,3,T,224,224] on the extractor's device."""
        return PREPROCESS[self.preprocess](torch.stack(list(clips)).to(self.extractor.device))


@dataclass(frozen=True)
class Features:
    """Features of chosen clips, in the order of the choice.

    Args:
        values: float32 [N,D].
        videos: name of the video of each clip.
        computed: how many clips went through the network; the rest came from the cache.
    """

    values: Tensor
    videos: tuple[str, ...]
    computed: int


@dataclass(frozen=True)
class Machinery:
    """What changes how long extraction takes, and nothing else.

    Args:
        store: cache; None: nothing is kept.
        workers: threads that read and resize.
        batch: clips handed to the extractor at once; None: as many as make FRAMES_A_BATCH frames.
        opening: told while sources are opened: videos done, videos in all.
        progress: told after every batch: clips done, clips to do.
    """

    store: FeatureStore | None
    workers: int = 2
    batch: int | None = None
    opening: Progress | None = None
    progress: Progress | None = None


def extract(
    source: VideoSource,
    refs: Sequence[ClipRef],
    window: Window,
    recipe: Recipe,
    machinery: Machinery,
) -> Features:
    """Features of the clips at `refs`, from the cache or through the network.

    Raises:
        BadVideoError: a video does not hold what its header promised.
        InputError: features that are not finite; a cache that cannot be written.
    """
    key = recipe.key(source.medium.decoder)
    names = {ref: f"{ref.start}:{window.frames}:{window.stride}" for ref in refs}
    known: dict[ClipRef, Tensor] = {}
    if machinery.store is not None:
        for video, group in itertools.groupby(sorted(names), key=lambda ref: ref.video):
            stored = machinery.store.read(key, source.digest(video))
            known |= {ref: stored[names[ref]] for ref in group if names[ref] in stored}
    missing = sorted(names.keys() - known.keys())
    if missing and machinery.store is not None:
        machinery.store.describe(key, recipe.facts(source.medium.decoder))

    unsaved: dict[str, Tensor] = {}
    computed = _through_network(source, missing, window, recipe, machinery)
    for ref, feature, video_is_done in computed:
        known[ref] = feature
        unsaved[names[ref]] = feature
        if video_is_done and machinery.store is not None:
            machinery.store.write(key, source.digest(ref.video), unsaved)
            unsaved = {}
    videos = tuple(source.names[ref.video] for ref in refs)
    return Features(torch.stack([known[ref] for ref in refs]), videos, len(missing))


def _through_network(
    source: VideoSource,
    refs: Sequence[ClipRef],
    window: Window,
    recipe: Recipe,
    machinery: Machinery,
) -> Iterator[tuple[ClipRef, Tensor, bool]]:
    """Each clip, its feature float32 [D], and whether it is the last of its video."""

    def read(ref: ClipRef) -> Tensor:
        return recipe.frames(source.read(ref.video, window.indices(ref.start)))

    size = machinery.batch or max(1, FRAMES_A_BATCH // window.frames)
    done = 0
    with ThreadPoolExecutor(machinery.workers) as readers, ThreadPoolExecutor(1) as stacker:
        clips = _ahead(readers, read, refs, depth=size + machinery.workers)
        inputs = _ahead(stacker, recipe.network_input, _batches(clips, size), depth=1)
        for batch in inputs:
            features = recipe.extractor(batch)
            for feature in features:
                ref = refs[done]
                done += 1
                if not bool(torch.isfinite(feature).all()):
                    raise InputError(
                        f"{source.names[ref.video]}: the clip at frame {ref.start} gives features "
                        "that are not finite: the weights or the precision cannot be used"
                    )
                yield ref, feature, done == len(refs) or refs[done].video != ref.video
            if machinery.progress is not None:
                machinery.progress(done, len(refs))


def _ahead(
    pool: ThreadPoolExecutor, work: Callable[[T], Tensor], items: Iterable[T], depth: int
) -> Iterator[Tensor]:
    """`map(work, items)` in order, with at most `depth` results waiting."""
    waiting: deque[Future[Tensor]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > depth:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while batch := list(itertools.islice(iterator, size)):
        yield batch
