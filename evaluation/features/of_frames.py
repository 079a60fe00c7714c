"""Frames through an embedder, one video at a time, cached per video.

A frame's embedding depends on the frame and the embedder alone, and is computed once: ACD, drift
and FID share them. Memory holds a few videos' embeddings and a few blocks of frames,
of at most BLOCK_BYTES or one frame each, whatever the size, number and length of the videos. On a
CPU a block goes through the embedder on one thread, and as many side by side as there are cores.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from leo_bench.evaluation.clips import ClipRef, Window
from leo_bench.evaluation.embedders import Embedded, FrameEmbedder
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.extractors.numerics import full_precision, hardware, tf32_fact
from leo_bench.evaluation.features.of_clips import Features, FeaturesOf, Resources
from leo_bench.evaluation.features.single_thread_pool import Lanes, lanes
from leo_bench.evaluation.features.stores import Store
from leo_bench.evaluation.files.schema import settings_digest
from leo_bench.evaluation.preprocess import PREPROCESS_VERSION, RESIZE
from leo_bench.evaluation.protocols.of_clips import Loading
from leo_bench.evaluation.videos.source import VideoSource, each_levels

# Raise when this file could give other embeddings from the same pixels.
FRAME_FEATURES_VERSION = 3

FRAMES_AT_ONCE = 32
VIDEOS_AT_ONCE = 16  # whose embeddings are read from the cache together
BLOCK_BYTES = 16 * 2**20  # of pixels that an embedder is given at once


@dataclass(frozen=True)
class FrameRecipe:
    """From stored pixels to embeddings.

    Args:
        embedder: the frozen network.
        resize: name in `evaluation.preprocess.RESIZE`; acts only with a resolution.
        resolution: side in pixels that frames are brought to first; None: as stored.
    """

    embedder: FrameEmbedder
    resize: str
    resolution: int | None

    def facts(self, decoder: str, size: tuple[int, int]) -> dict[str, object]:
        """Everything between a stored video, of that height and width, and its embeddings."""
        resized = self._resizes(size)
        return {
            "frame_features_version": FRAME_FEATURES_VERSION,
            "preprocess_version": PREPROCESS_VERSION,
            "decoder": decoder,
            "resize": self.resize if resized else "none",
            "resolution": self.resolution if resized else None,
            "embedder": self.embedder.name,
            "weights": self.embedder.weights,
            "device": self.embedder.device.split(":")[0],
            "hardware": hardware(self.embedder.device),
            "torch": torch.__version__,
            **tf32_fact(self.embedder.device),
        }

    def key(self, decoder: str, size: tuple[int, int]) -> str:
        """Cache key: digest of `facts`."""
        return settings_digest(self.facts(decoder, size))[:32]

    def frames(self, clip: Tensor) -> Tensor:
        """Stored frames at the resolution of the benchmark: uint8 [T,3,H,W] -> uint8 [T,3,R,R]."""
        if self.resolution is not None and self._resizes((clip.shape[-2], clip.shape[-1])):
            return RESIZE[self.resize](clip, self.resolution)
        return clip

    def _resizes(self, size: tuple[int, int]) -> bool:
        return self.resolution is not None and size != (self.resolution, self.resolution)


def embed_frames(
    source: VideoSource,
    wanted: Sequence[tuple[int, Sequence[int]]],
    recipe: FrameRecipe,
    resources: Resources,
) -> Iterator[Embedded]:
    """Embeddings of each (video, frames), in order, one video at a time.

    Raises:
        BadVideoError: a video does not hold what its header promised.
        InputError: embeddings that are not finite; a video that has changed since it was opened, of
            which nothing is kept.
    """
    decoder, sizes = source.medium.decoder, source.sizes()
    keys = {size: recipe.key(decoder, size) for size in {sizes[video] for video, _ in wanted}}
    described: set[str] = set()
    known: dict[int, dict[str, Tensor]] = {}
    for done, (video, frames) in enumerate(wanted, 1):
        key = keys[sizes[video]]
        if (done - 1) % VIDEOS_AT_ONCE == 0 and resources.store is not None:
            coming = {video for video, _ in wanted[done - 1 : done - 1 + VIDEOS_AT_ONCE]}
            known = _stored(source, {v: keys[sizes[v]] for v in coming}, resources.store)
        stored = known.get(video, {})
        missing = sorted({frame for frame in frames if str(frame) not in stored})
        if missing:
            made = _through_network(source, video, missing, recipe)
            source.check_unchanged(video)
            if resources.store is not None:
                if key not in described:
                    resources.store.describe(key, recipe.facts(decoder, sizes[video]))
                    described.add(key)
                resources.store.write(key, source.digest(video), made)
            stored = known[video] = stored | made
        rows = [stored[str(frame)] for frame in frames]
        found = torch.tensor([len(row) > 0 for row in rows])
        nothing = torch.zeros(recipe.embedder.dim)
        yield Embedded(torch.stack([row if len(row) else nothing for row in rows]), found)
        if resources.progress is not None:
            resources.progress(done, len(wanted))


def _stored(
    source: VideoSource, keys: Mapping[int, str], store: Store
) -> dict[int, dict[str, Tensor]]:
    """What is known of each of some videos, whose keys are given."""
    videos: dict[str, dict[str, list[int]]] = {key: {} for key in keys.values()}
    for video, key in keys.items():
        videos[key].setdefault(source.digest(video), []).append(video)
    return {
        video: clips
        for key, of_key in videos.items()
        for digest, clips in store.read_many(key, of_key)
        for video in of_key[digest]
    }


def frame_features(
    embedder: FrameEmbedder, of_clip: int, resolution: int | None, resources: Resources
) -> FeaturesOf:
    """A function from chosen clips to the embeddings of their frames: what FID is measured on.

    Every clip gives the same number of rows: `of_clip` frames, or all where it has no more, evenly
    spread, so that long clips cost no more memory than short ones. Every row keeps the name of its
    video: videos, not frames, are the independent samples.

    The function raises:
        BadVideoError: a video does not hold what its header promised.
        InputError: a frame that shows nothing to embed; embeddings that are not finite.
    """

    def features_of(
        source: VideoSource, refs: Sequence[ClipRef], window: Window, loading: Loading
    ) -> Features:
        each = min(of_clip, window.frames)
        wanted = frames_of_clips(refs, window, of_clip)
        values = torch.empty(len(refs) * each, embedder.dim)
        recipe = FrameRecipe(embedder, loading.resize, loading.resolution(resolution))
        for i, embedded in enumerate(embed_frames(source, wanted, recipe, resources)):
            if not bool(embedded.found.all()):
                missing = int((~embedded.found).sum())
                raise InputError(
                    f"{source.names[refs[i].video]}: {embedder.name} finds nothing in {missing} of "
                    f"{each} frames; a distance of frames needs an embedder that answers to every "
                    "frame"
                )
            values[i * each : (i + 1) * each] = embedded.values
        videos = tuple(source.names[ref.video] for ref in refs for _ in range(each))
        return Features(values, videos, len(refs))

    return features_of


def frames_of_clips(
    refs: Sequence[ClipRef], window: Window, of_clip: int
) -> list[tuple[int, list[int]]]:
    """Video and frames of each clip: `of_clip` of them, or all where it has no more."""
    each = min(of_clip, window.frames)
    return [(ref.video, spread_frames(window, ref.start, each)) for ref in refs]


def spread_frames(window: Window, start: int, count: int) -> list[int]:
    """Video frames of the clip at `start`: `count` from its first to its last, ascending."""
    indices = window.indices(start)
    return [indices[i * (window.frames - 1) // max(1, count - 1)] for i in range(count)]


def _through_network(
    source: VideoSource, video: int, frames: Sequence[int], recipe: FrameRecipe
) -> dict[str, Tensor]:
    """Frame number -> embedding float32 [D], or [0] where nothing was found."""
    run = lanes(recipe.embedder.device)
    blocks = _blocks(source, video, frames, recipe)
    made: dict[str, Tensor] = {}
    with full_precision(), Lanes(1) as reading:
        for embedded in run.map(recipe.embedder, reading.read_ahead(blocks)):
            for value, found in zip(embedded.values, embedded.found, strict=True):
                frame = frames[len(made)]
                if not bool(torch.isfinite(value).all()):
                    raise InputError(
                        f"{source.names[video]}: frame {frame} gives an embedding that is not "
                        "finite: the weights cannot be used"
                    )
                made[str(frame)] = value.clone() if found else torch.zeros(0)
    return made


class FrameBlocks:
    """Puts frames of a video together, at the resolution of the benchmark, a few a block.

    Args:
        recipe: of the embedder that the blocks are for.
        count: frames in all.
    """

    def __init__(self, recipe: FrameRecipe, count: int) -> None:
        self._recipe = recipe
        run = lanes(recipe.embedder.device)
        self._at_once = min(FRAMES_AT_ONCE, -(-count // run.count))
        self._frames: list[int] = []
        self._block: list[Tensor] = []

    def add(self, frame: int, stored: Tensor) -> tuple[list[int], Tensor] | None:
        """Take in a frame, uint8 [3,H,W]; a block that is full: its frames, uint8 [n,3,R,R]."""
        self._frames.append(frame)
        self._block.append(self._recipe.frames(stored[None])[0])
        is_large = len(self._block) * self._block[0].numel() >= BLOCK_BYTES
        return self.rest() if is_large or len(self._block) == self._at_once else None

    def rest(self) -> tuple[list[int], Tensor] | None:
        """What was taken in since the last block; None: nothing."""
        if not self._block:
            return None
        found = self._frames, torch.stack(self._block)
        self._frames, self._block = [], []
        return found


def _blocks(
    source: VideoSource, video: int, frames: Sequence[int], recipe: FrameRecipe
) -> Iterator[Tensor]:
    """Frames at the resolution of the benchmark, a few together: uint8 [n,3,R,R]."""
    blocks = FrameBlocks(recipe, len(frames))
    for frame, stored in zip(frames, each_levels(source, video, frames), strict=True):
        if (full := blocks.add(frame, stored)) is not None:
            yield full[1]
            del full
        del stored  # before the next is decoded
    if (rest := blocks.rest()) is not None:
        yield rest[1]
