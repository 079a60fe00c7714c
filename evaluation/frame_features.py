"""Frames through an embedder: one video at a time, read ahead in threads, cached per video.

A frame's embedding depends on the frame and the embedder alone, and is made once whatever asks for
it: ACD, drift and FID share them. Memory holds a few videos' embeddings and one block of frames,
whatever the number and length of the videos.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import torch
from torch import Tensor

from evaluation.embedders import Embedded, FrameEmbedder
from evaluation.errors import InputError
from evaluation.features import Machinery
from evaluation.preprocess import PREPROCESS_VERSION, RESIZE
from evaluation.videos.source import VideoSource

# Raise when this file could give other embeddings from the same pixels.
FRAME_FEATURES_VERSION = 2

FRAMES_AT_ONCE = 32


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

    def facts(self, decoder: str) -> dict[str, object]:
        """Everything between a stored video and its embeddings."""
        return {
            "frame_features_version": FRAME_FEATURES_VERSION,
            "preprocess_version": PREPROCESS_VERSION,
            "decoder": decoder,
            "resize": self.resize if self.resolution else "none",
            "resolution": self.resolution,
            "embedder": self.embedder.name,
            "weights": self.embedder.weights,
            "device": self.embedder.device.split(":")[0],
        }

    def key(self, decoder: str) -> str:
        """Cache key: digest of `facts`."""
        text = json.dumps(self.facts(decoder), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def frames(self, clip: Tensor) -> Tensor:
        """Stored frames as the benchmark wants them: uint8 [T,3,H,W] -> uint8 [T,3,R,R]."""
        if self.resolution is None or tuple(clip.shape[-2:]) == (self.resolution,) * 2:
            return clip
        return RESIZE[self.resize](clip, self.resolution)


def embed_frames(
    source: VideoSource,
    wanted: Sequence[tuple[int, Sequence[int]]],
    recipe: FrameRecipe,
    machinery: Machinery,
) -> Iterator[Embedded]:
    """Embeddings of each (video, frames), in order, one video at a time.

    Raises:
        BadVideoError: a video does not hold what its header promised.
        InputError: embeddings that are not finite; a cache that cannot be written.
    """
    key = recipe.key(source.medium.decoder)
    described = False
    for done, (video, frames) in enumerate(wanted, 1):
        stored: dict[str, Tensor] = {}
        if machinery.store is not None:
            stored = machinery.store.read(key, source.digest(video))
        missing = sorted({frame for frame in frames if str(frame) not in stored})
        if missing:
            made = _through_network(source, video, missing, recipe, machinery)
            if machinery.store is not None:
                if not described:
                    machinery.store.describe(key, recipe.facts(source.medium.decoder))
                    described = True
                machinery.store.write(key, source.digest(video), made)
            stored |= made
        rows = [stored[str(frame)] for frame in frames]
        found = torch.tensor([len(row) > 0 for row in rows])
        nothing = torch.zeros(recipe.embedder.dim)
        yield Embedded(torch.stack([row if len(row) else nothing for row in rows]), found)
        if machinery.progress is not None:
            machinery.progress(done, len(wanted))


def _through_network(
    source: VideoSource,
    video: int,
    frames: Sequence[int],
    recipe: FrameRecipe,
    machinery: Machinery,
) -> dict[str, Tensor]:
    """Frame number -> embedding float32 [D], or [0] where nothing was found."""
    blocks = [frames[i : i + FRAMES_AT_ONCE] for i in range(0, len(frames), FRAMES_AT_ONCE)]
    made: dict[str, Tensor] = {}
    with ThreadPoolExecutor(1) as reader:

        def read(block: Sequence[int]) -> Tensor:
            return recipe.frames(source.read(video, block))

        coming = reader.submit(read, blocks[0])
        for block, after in zip(blocks, [*blocks[1:], None], strict=True):
            pixels = coming.result()
            if after is not None:
                coming = reader.submit(read, after)
            embedded = recipe.embedder(pixels)
            for frame, value, found in zip(block, embedded.values, embedded.found, strict=True):
                if not bool(torch.isfinite(value).all()):
                    raise InputError(
                        f"{source.names[video]}: frame {frame} gives an embedding that is not "
                        "finite: the weights cannot be used"
                    )
                made[str(frame)] = value.clone() if found else torch.zeros(0)
    return made
