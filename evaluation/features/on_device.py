"""Clips of levels through a network on a GPU: copied, prepared and computed at the same time.

While the network computes one batch, the next is copied from pinned memory and prepared on a stream
of its own. The features of a batch come back in one copy. On a CPU the same steps run in turn.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from itertools import islice
from typing import NamedTuple

import torch
from torch import Tensor

from leo_bench.evaluation.extractors import ClipExtractor
from leo_bench.evaluation.features.single_thread_pool import lanes
from leo_bench.evaluation.preprocess import I3D_SIDE

# Of frames as floats that are prepared at one time on the device.
PIECE_BYTES = 64 * 2**20

# Levels on the device, uint8 [1,T,3,R,R] -> float32 [1,3,T,224,224].
Prepare = Callable[[Tensor], Tensor]


class _Batch(NamedTuple):
    clips: Tensor  # float32 [B,3,T,224,224] on the device
    ready: torch.cuda.Event | None  # when it is complete; None on a CPU


def device_features(
    clips: Iterator[Tensor], extractor: ClipExtractor, prepare: Prepare, size: int
) -> Iterator[Tensor]:
    """Features of clips in order, float32 [D] each, on the CPU.

    Args:
        clips: their levels, uint8 [T,3,R,R] each; T is the same for all.
        extractor: the network.
        prepare: levels to network input; it treats every frame alone.
        size: clips in a batch.
    """
    device = torch.device(extractor.device)
    stream: Callable[[torch.device], torch.cuda.Stream] = torch.cuda.Stream  # torch: untyped
    aside = stream(device) if device.type == "cuda" else None

    def batches() -> Iterator[_Batch]:
        while levels := list(islice(clips, size)):
            yield _batch(levels, device, aside, prepare)

    def through(batch: _Batch) -> Tensor:
        if batch.ready is not None:
            stream = torch.cuda.current_stream(device)
            stream.wait_event(batch.ready)
            batch.clips.record_stream(stream)
        return extractor(batch.clips)

    for features in lanes(extractor.device).map(through, batches(), ahead=1):
        yield from features


def prepared(levels: Tensor, device: torch.device, prepare: Prepare, out: Tensor) -> None:
    """Write the network input of a clip, uint8 [T,3,R,R], into `out`, float32 [3,T,224,224].

    Some frames at one time, so that memory is bounded for large ones.
    """
    frames = max(1, PIECE_BYTES // (4 * levels[0].numel()))
    for start in range(0, len(levels), frames):
        piece = levels[start : start + frames].to(device, non_blocking=True)
        out[:, start : start + frames] = prepare(piece[None])[0]


def _batch(
    clips: Sequence[Tensor], device: torch.device, aside: torch.cuda.Stream | None, prepare: Prepare
) -> _Batch:
    with nullcontext() if aside is None else torch.cuda.stream(aside):
        shape = (len(clips), 3, len(clips[0]), I3D_SIDE, I3D_SIDE)
        batch = torch.empty(shape, dtype=torch.float32, device=device)
        for place, levels in enumerate(clips):
            prepared(levels, device, prepare, batch[place])
        return _Batch(batch, None if aside is None else aside.record_event())
