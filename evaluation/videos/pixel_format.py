"""Pixel formats of video files: bit depth, alpha, transfer function, chroma subsampling."""

from typing import TYPE_CHECKING

import numpy as np

from leo_bench.evaluation.errors import BadVideoError
from leo_bench.evaluation.videos.stored import ALPHA_IGNORED, LOSSLESS

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

_TOO_WIDE = 16  # bits a channel that are refused, as those of pictures are
_LEVELS = 8
_OPAQUE = 255

# Transfer characteristics that are shown far brighter than 8-bit video (ITU-T H.273, table 3).
_HDR = {16: "PQ", 18: "HLG"}


def pixel_notes(name: str, codec: str, first: "VideoFrame") -> list[str]:
    """Notes on the pixels of a file.

    Raises:
        BadVideoError: 16 bits a channel or more.
    """
    bits = max(component.bits for component in first.format.components)
    if bits >= _TOO_WIDE:
        raise BadVideoError(
            name,
            f"{bits} bits a channel ({first.format.name}); convert it to 8 bits, since how is your"
            " choice",
        )
    notes = []
    if bits > _LEVELS:
        notes.append(f"levels of {bits} bits are reduced to {_LEVELS}")
    if _has_alpha(codec, first):
        notes.append(ALPHA_IGNORED)
    if first.color_trc in _HDR:
        function = _HDR[first.color_trc]
        notes.append(
            f"an HDR transfer function ({function}) is stated, and levels are taken as stored"
        )
    return notes


def codec_name(codec: str, first: "VideoFrame") -> str:
    """The codec, followed by the pixel format where a lossless codec does not store 8-bit RGB.

    That is chroma subsampling, lost before encoding, or more than 8 bits, lost when read here.
    """
    rgb = first.format.is_rgb or first.format.name.startswith(("gray", "pal8"))
    wide = max(component.bits for component in first.format.components) > _LEVELS
    return codec if codec not in LOSSLESS or (rgb and not wide) else f"{codec} {first.format.name}"


def _has_alpha(codec: str, first: "VideoFrame") -> bool:
    """Whether pixels have alpha; a GIF's format always allows it, so its first frame decides."""
    if not any(component.is_alpha for component in first.format.components):
        return False
    if codec != "gif":
        return True
    pixels = np.asarray(first.reformat(format="bgra", threads=1).to_ndarray(), np.uint8)
    return bool((pixels[..., 3] < _OPAQUE).any())
