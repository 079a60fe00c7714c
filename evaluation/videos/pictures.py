"""Reads one picture safely: its header is checked, and its pixels become RGB.

Pixels are as stored: no rotation, no colour profile, no alpha; Pillow converts grey, palettes and
CMYK to RGB. The first picture of a JPEG with several (MPO, as phones write it) is taken, as viewers
do. Notes say what is dropped. Pictures of 16 bits a channel or more are refused, since there are
several ways to reduce them; so are animations.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import PIL
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageFile, features

from leo_bench.evaluation.videos.stored import ALPHA_IGNORED
from leo_bench.evaluation.videos.turning import not_applied, turn_of_exif

# Formats that Pillow may read, whatever the file's name. EPS runs Ghostscript, and is left out.
_FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "TIFF", "PPM")
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_WIDE = "16 bits or more a channel; convert to 8, since how is your choice"
_EIGHT_BITS = 255
_MODES = frozenset(  # modes of Pillow that it converts to RGB
    {"1", "L", "LA", "La", "P", "PA", "RGB", "RGBX", "RGBA", "RGBa", "CMYK", "YCbCr"}
)


@dataclass(frozen=True)
class PictureFacts:
    """Properties of a picture, without its pixels.

    Args:
        width, height: as stored.
        codec: as a record names it.
        turn: how a viewer turns it (`evaluation.videos.turning`).
        notes: for the record.
    """

    width: int
    height: int
    codec: str
    turn: str
    notes: tuple[str, ...]


def pillow_version() -> str:
    """Pillow, and the library in it that unpacks JPEG."""
    return f"Pillow {PIL.__version__} / libjpeg-turbo {features.version('libjpeg_turbo') or 'none'}"


def picture_facts(data: bytes) -> PictureFacts:
    """Read the header of a picture.

    Raises:
        ValueError: not a picture, or one that is refused; also any of Pillow's errors.
    """
    with _opened(data) as picture:
        turn = _turn(picture, data)
        notes = list(_notes(picture))
        if turn:
            notes.append(not_applied(turn))
        return PictureFacts(*picture.size, _codec(picture, data), turn, tuple(notes))


def picture_pixels(data: bytes) -> NDArray[np.uint8]:
    """uint8 [H,W,3], RGB, as stored.

    Raises:
        ValueError: as `picture_facts`; it is damaged.
    """
    with _opened(data) as picture:
        return np.array(picture.convert("RGB"))


@contextmanager
def _opened(data: bytes) -> Iterator[ImageFile.ImageFile]:
    """Open a picture and check its header; the pixels are not read yet."""
    try:
        found = Image.open(io.BytesIO(data), formats=_FORMATS)
    except PIL.UnidentifiedImageError:
        if data.startswith(_TIFF):  # Pillow has one error for damage and for floats in colour
            raise ValueError(
                "a TIFF that is damaged or of a kind that is not read (colours as floats, other"
                " bits a channel): write it with 8 bits a channel"
            ) from None
        raise ValueError("not a picture") from None
    with found as picture:
        if picture.width * picture.height == 0:
            raise ValueError("no pixels")
        if picture.format != "MPO" and getattr(picture, "is_animated", False):
            raise ValueError("several pictures in one file; a frame is one")
        if _is_wide(picture):
            raise ValueError(_WIDE)
        if picture.mode not in _MODES:
            raise ValueError(f"colours as {picture.mode}; convert it to RGB")
        yield picture


def _is_wide(picture: ImageFile.ImageFile) -> bool:
    """Whether a channel has more than 8 bits; Pillow silently reduces some of these to 8."""
    if picture.mode in ("I", "F") or picture.mode.startswith("I;"):
        return True
    for tile in picture.tile:
        arguments = tile[3] if isinstance(tile[3], tuple) else (tile[3],)
        if any(isinstance(a, str) and ";16" in a and a != "BGR;16" for a in arguments):
            return True  # "RGB;16B"; "BGR;16" is 5, 6 and 5 bits
        if tile[0].startswith("ppm") and any(
            isinstance(a, int) and a > _EIGHT_BITS for a in arguments
        ):
            return True  # the greatest value of a PPM
    return False


def _notes(picture: ImageFile.ImageFile) -> Iterator[str]:
    if "A" in picture.getbands() or "a" in picture.getbands() or "transparency" in picture.info:
        yield ALPHA_IGNORED
    if picture.format == "MPO":
        yield "several pictures are in one file (MPO), and the first is taken"
    if picture.mode == "CMYK":
        yield "CMYK is converted to RGB without its colour profile"
    elif _is_of_other_colours(picture.info.get("icc_profile")):
        yield "a colour profile other than sRGB is stated, and not applied"


def _is_of_other_colours(profile: object) -> bool:
    """Whether it is a profile of RGB colours other than sRGB (ICC.1, 7.2.6 and 9.2.41)."""
    if not isinstance(profile, bytes) or profile[16:20] != b"RGB ":
        return False
    return b"sRGB" not in profile and "sRGB".encode("utf-16-be") not in profile


def _turn(picture: ImageFile.ImageFile, data: bytes) -> str:
    if picture.format == "PNG" and b"eXIf" not in data and b"profile type exif" not in data:
        return ""  # Pillow would unpack all pixels to look for it behind them
    return turn_of_exif(picture.getexif().get(ExifTags.Base.Orientation))


def _codec(picture: ImageFile.ImageFile, data: bytes) -> str:
    if picture.format == "WEBP":
        return "webp-lossless" if b"VP8L" in data[12:64] else "webp"
    if picture.format == "TIFF" and picture.info.get("compression") == "jpeg":
        return "tiff-jpeg"
    return {"MPO": "jpeg"}.get(picture.format or "", (picture.format or "").lower())
