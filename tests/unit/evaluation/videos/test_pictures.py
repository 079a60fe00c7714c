"""What a picture or a video says of its pixels: kept, noted or refused, by every verb alike."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_videos import clip, encode, moving, opened, same
from PIL import Image, TiffImagePlugin
from PIL.ExifTags import Base

from leo_bench.benchmarks.sources.start_frames import noted_picture, open_start_frames
from leo_bench.evaluation.errors import BadVideoError, InputError
from leo_bench.evaluation.videos.discover import open_videos
from leo_bench.evaluation.videos.pictures import picture_facts, picture_pixels

ALPHA = "an alpha channel is ignored: colours that it hides are part of the pixels"
PIXELS = moving(1)[0]


def stored(picture: Image.Image, form: str, **settings: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, form, **settings)
    return out.getvalue()


def rgb() -> Image.Image:
    return Image.fromarray(PIXELS)


def with_alpha(mode: str = "RGBA") -> Image.Image:
    picture = rgb().convert(mode)
    picture.putalpha(Image.fromarray(PIXELS[..., 0]))
    return picture


def of_profile(name: str) -> Image.Image:
    """A picture that says of which colours it is; only the profile's beginning matters."""
    picture = rgb()
    picture.info["icc_profile"] = bytes(16) + b"RGB " + bytes(108) + name.encode()
    return picture


NOTED: dict[str, tuple[Callable[[], bytes], tuple[str, ...]]] = {
    "plain": (lambda: stored(rgb(), "PNG"), ()),
    "grey": (lambda: stored(rgb().convert("L"), "PNG"), ()),
    "palette": (lambda: stored(rgb().quantize(8), "PNG"), ()),
    "bmp of 16 bits a pixel": (lambda: bmp_565(), ()),
    "rgba": (lambda: stored(with_alpha(), "PNG"), (ALPHA,)),
    "la": (lambda: stored(with_alpha("L"), "PNG"), (ALPHA,)),
    "rgba webp": (lambda: stored(with_alpha(), "WEBP", lossless=True), (ALPHA,)),
    "rgba tiff": (lambda: stored(with_alpha(), "TIFF"), (ALPHA,)),
    "trns of a palette": (lambda: stored(rgb().quantize(8), "PNG", transparency=0), (ALPHA,)),
    "trns of colours": (lambda: stored(rgb(), "PNG", transparency=(1, 2, 3)), (ALPHA,)),
    "mpo": (
        lambda: stored(rgb(), "MPO", save_all=True, append_images=[rgb().resize((8, 8))]),
        ("several pictures are in one file (MPO), and the first is taken",),
    ),
    "cmyk": (
        lambda: stored(rgb().convert("CMYK"), "JPEG"),
        ("CMYK is converted to RGB without its colour profile",),
    ),
    "wide colours": (
        lambda: stored(of_profile("Display P3"), "PNG"),
        ("a colour profile other than sRGB is stated, and not applied",),
    ),
    "srgb": (lambda: stored(of_profile("sRGB IEC61966-2.1"), "PNG"), ()),
}


def bmp_565() -> bytes:
    """A BMP of 5, 6 and 5 bits a pixel: fewer than 8 a channel, whatever it is called."""
    masks = b"".join(mask.to_bytes(4, "little") for mask in (0xF800, 0x7E0, 0x1F))
    pixels = np.full((4, 4), 0xFFFF, "<u2").tobytes()
    head = (40).to_bytes(4, "little") + (4).to_bytes(4, "little") * 2
    head += (1).to_bytes(2, "little") + (16).to_bytes(2, "little") + (3).to_bytes(4, "little")
    head += len(pixels).to_bytes(4, "little") + bytes(16) + masks
    start = 14 + len(head)
    size = (start + len(pixels)).to_bytes(4, "little")
    return b"BM" + size + bytes(4) + start.to_bytes(4, "little") + head + pixels


@pytest.mark.parametrize("kind", NOTED)
def test_what_is_dropped_is_noted_and_the_pixels_are_pillows(kind: str) -> None:
    make, notes = NOTED[kind]
    data = make()
    assert picture_facts(data).notes == notes
    with Image.open(io.BytesIO(data)) as picture:
        assert np.array_equal(picture_pixels(data), np.asarray(picture.convert("RGB")))


def png16() -> bytes:
    return stored(Image.fromarray(np.full((4, 4), 40_000, np.uint16)), "PNG")


def ppm16() -> bytes:
    return b"P6 4 4 65535\n" + bytes(96)


def ppm10() -> bytes:
    return b"P3 1 1 1023\n1000 2 3\n"


def pgm16() -> bytes:
    return b"P5 4 4 65535\n" + bytes(32)


def float_tiff() -> bytes:
    return stored(Image.fromarray(np.ones((4, 4), np.float32)), "TIFF")


def colour_float_tiff() -> bytes:
    """Three channels of floats, as renderers write them; Pillow knows no such picture."""
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    entries = {256: 4, 257: 4, 258: (32, 32, 32), 259: 1, 262: 2, 273: 0, 277: 3, 278: 4}
    for tag, value in {**entries, 279: 192, 339: (3, 3, 3)}.items():
        tags[tag] = value
    out = io.BytesIO()
    out.write(b"II*\0\x08\0\0\0")
    tags.save(out)
    return out.getvalue() + bytes(192)


def animated(form: str) -> bytes:
    return stored(rgb(), form, save_all=True, append_images=[Image.fromarray(255 - PIXELS)])


REFUSED = {
    "16 bits, grey png": (png16, "16 bits or more a channel"),
    "16 bits, ppm": (ppm16, "16 bits or more a channel"),
    "10 bits, plain ppm": (ppm10, "16 bits or more a channel"),
    "16 bits, pgm": (pgm16, "16 bits or more a channel"),
    "floats": (float_tiff, "16 bits or more a channel"),
    "floats in colour": (colour_float_tiff, "TIFF that is damaged or of a kind that is not read"),
    "lab": (lambda: stored(rgb_as_lab(), "TIFF"), "colours as LAB"),
    "animated png": (lambda: animated("PNG"), "several pictures in one file"),
    "animated webp": (lambda: animated("WEBP"), "several pictures in one file"),
    "tiff of pages": (lambda: animated("TIFF"), "several pictures in one file"),
}


def rgb_as_lab() -> Image.Image:
    return Image.frombytes("LAB", (4, 4), bytes(48))


@pytest.mark.parametrize("kind", REFUSED)
def test_every_verb_refuses_the_same_pictures(tmp_path: Path, kind: str) -> None:
    make, said = REFUSED[kind]
    (tmp_path / "v").mkdir()
    path = tmp_path / "v" / "0.png"  # a picture is read by what it holds
    path.write_bytes(make())
    for read in (
        lambda: open_videos(tmp_path / "v"),  # fvd
        lambda: noted_picture(path),  # animate, edit
        lambda: open_start_frames(str(path), lambda spec: open_videos(Path(spec))),  # sample
    ):
        with pytest.raises(InputError, match=said) as refusal:
            read()
        assert len(str(refusal.value)) < 300 + len(str(tmp_path))


def test_videos_count_what_their_pictures_say(tmp_path: Path) -> None:
    for video in ("a", "b", "c"):
        (tmp_path / video).mkdir()
        for frame in range(3):
            picture = rgb() if video == "c" or frame else with_alpha()
            picture.save(tmp_path / video / f"{frame}.png")
    assert opened(tmp_path).notes == [f"{ALPHA}: 2 videos, first a"]


def test_the_first_picture_of_a_phones_jpeg_is_taken(tmp_path: Path) -> None:
    path, exif = tmp_path / "me.jpg", Image.Exif()
    exif[Base.Orientation] = 6
    small = Image.fromarray(255 - PIXELS).resize((16, 12))
    rgb().save(path, "MPO", save_all=True, append_images=[small], exif=exif, quality=95)
    picture, notes = noted_picture(path)
    with Image.open(path) as first:
        expected = np.asarray(first.convert("RGB").transpose(Image.Transpose.ROTATE_270))
    assert np.array_equal(picture.permute(1, 2, 0).numpy(), expected)
    assert notes == [
        "several pictures are in one file (MPO), and the first is taken",
        "a rotation by 90 degrees clockwise is stated, and applied",
    ]


VIDEOS: dict[str, tuple[str, str, str, dict[str, object], str | None]] = {
    "8 bits": ("a.mkv", "ffv1", "bgr0", {}, None),
    "alpha": ("a.mkv", "ffv1", "bgra", {}, ALPHA),
    "alpha, subsampled": ("a.mkv", "ffv1", "yuva420p", {}, ALPHA),
    "alpha of an apng": ("a.apng", "apng", "rgba", {}, ALPHA),
    "10 bits": (
        "a.mkv",
        "libx265",
        "yuv420p10le",
        {"x265_params": "log-level=none"},
        "levels of 10 bits are reduced to 8",
    ),
    "12 bits": ("a.mkv", "ffv1", "gbrp12le", {}, "levels of 12 bits are reduced to 8"),
    "a gif of full colour": ("a.gif", "gif", "rgb8", {}, None),
}


@pytest.mark.parametrize("kind", VIDEOS)
def test_pixel_formats_of_videos_are_noted(tmp_path: Path, kind: str) -> None:
    name, codec, pixels, settings, note = VIDEOS[kind]
    source = opened(encode(tmp_path / name, moving(3), codec, pixels, **settings))
    assert source.notes == ([] if note is None else [f"{note}: 1 video, first {name}"])


def test_a_gif_with_holes_has_alpha(tmp_path: Path) -> None:
    frames = [Image.fromarray(frame).quantize(16) for frame in moving(3)]
    path = tmp_path / "a.gif"
    frames[0].save(path, save_all=True, append_images=frames[1:], transparency=0, disposal=2)
    assert f"{ALPHA}: 1 video, first a.gif" in opened(path).notes


def test_an_hdr_transfer_function_is_noted(tmp_path: Path) -> None:
    for number, function in ((16, "PQ"), (18, "HLG")):

        def stating(stream: Any, number: int = number) -> None:
            stream.codec_context.color_trc = number

        path = tmp_path / f"{function}.mp4"
        source = opened(encode(path, moving(3), before=stating))
        assert any(f"({function}) is stated" in note for note in source.notes)


@pytest.mark.parametrize("pixels", ["gbrp16le", "gray16le", "gbrap16le"])
def test_videos_of_sixteen_bits_are_refused_as_pictures_are(tmp_path: Path, pixels: str) -> None:
    path = encode(tmp_path / "a.mkv", moving(3), "ffv1", pixels)
    with pytest.raises(BadVideoError, match=rf"a\.mkv: 16 bits a channel \({pixels}\)"):
        opened(path)


def test_a_lossless_codec_of_more_bits_counts_as_lossy(tmp_path: Path) -> None:
    medium = opened(encode(tmp_path / "a.mkv", moving(3), "ffv1", "gbrp12le")).medium
    assert (medium.codecs, medium.lossy) == (("ffv1 gbrp12le",), True)


def test_alpha_of_a_video_hides_nothing(tmp_path: Path) -> None:
    source = opened(encode(tmp_path / "a.mkv", moving(3), "ffv1", "bgra"))
    assert same(clip(source, 0, range(3)), moving(3))
    assert not source.medium.lossy
