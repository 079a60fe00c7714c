"""The image animator for inference: frames to motion codes, a frame and codes to a video.

animator = ImageAnimator(generator_from_file(path))
source = animator.appearance(picture)                    # once for each video
codes = animator.codes(driving)                          # or drawn by the LMDM
for frame in animator.video(source, codes): ...          # constant memory, at any length
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from leo_bench.leo.networks.fast_encoder import FoldedEncoder
from leo_bench.leo.networks.fast_generator import FoldedDecoder, Prepared
from leo_bench.leo.networks.generator import Generator
from leo_bench.leo.networks.layers import from_pixels, to_pixels

_PIXELS_AT_ONCE = 256 * 256  # of the frames that go through a network together


class ImageAnimator:
    """A generator folded for inference, on its device and in its dtype.

    Args:
        generator: later changes to it have no effect.
    """

    def __init__(self, generator: Generator) -> None:
        self.size, self.directions = generator.size, generator.directions
        self._like = generator.dec.input.input.detach()
        self._at_once = max(1, _PIXELS_AT_ONCE // self.size**2)
        with torch.no_grad():
            self._encoder = FoldedEncoder(generator.enc)
            self._decoder = FoldedDecoder(generator.dec)

    @property
    def device(self) -> str:
        """Where it computes."""
        return str(self._like.device)

    @torch.no_grad()
    def codes(self, frames: Tensor) -> Tensor:
        """Motion codes: uint8 [T,3,H,H] -> float32 [T,D], on the CPU."""
        parts = [
            self._encoder.codes(self._numbers(part)) for part in torch.split(frames, self._at_once)
        ]
        return torch.cat(parts).float().cpu()

    @torch.no_grad()
    def appearance(self, frame: Tensor) -> Prepared:
        """Encode the appearance of a frame, uint8 [3,H,H]."""
        return self._decoder.prepare(self._encoder.appearance(self._numbers(frame[None])))

    @torch.no_grad()
    def frames(self, source: Prepared, codes: Tensor) -> Tensor:
        """Codes [T,D] -> frames, float32 [T,3,H,H], about -1..1, not clamped, on the CPU."""
        return torch.cat([part.float() for part in self._parts(source, codes)])

    def video(self, source: Prepared, codes: Tensor) -> Iterator[Tensor]:
        """Codes [T,D] -> frames one by one, uint8 [3,H,H], on the CPU."""
        for part in self._parts(source, codes):
            yield from to_pixels(part)

    def _parts(self, source: Prepared, codes: Tensor) -> Iterator[Tensor]:
        """Frames [n,3,H,H], a few at a time."""
        for part in torch.split(codes, self._at_once):
            with torch.no_grad():
                yield self._decoder.frames(source, part.to(self._like)).cpu()

    def _numbers(self, frames: Tensor) -> Tensor:
        shape = (3, self.size, self.size)
        if frames.dtype != torch.uint8 or frames.shape[1:] != shape:
            raise ValueError(
                f"expected uint8 [T,{','.join(map(str, shape))}], not {frames.dtype} "
                f"{list(frames.shape)}"
            )
        return from_pixels(frames.to(self._like.device)).to(self._like.dtype)


def relative(codes: Tensor, first: Tensor, source: Tensor) -> Tensor:
    """Codes of the same motion, from the source's own code: LIA's relative mode.

    By linearity equal to LIA's sum of latents (wyhsirius/LIA b9f15fb, networks/generator.py).

    Args:
        codes: [T,D] of the driving frames.
        first: [D] of the first driving frame.
        source: [D] of the source picture.
    """
    return codes - first + source
