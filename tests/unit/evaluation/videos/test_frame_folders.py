"""Folders of frames."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from made_videos import Frames, clip, moving, opened, same
from PIL import Image

from leo_bench.evaluation.errors import BadVideoError, InputError


def write(folder: Path, frames: Frames, name: str = "{:06d}.png", **settings: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number, frame in enumerate(frames):
        Image.fromarray(frame).save(folder / name.format(number), **settings)
    return folder


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("{:03d}.png", {}),
        ("{:03d}.PNG", {}),
        ("{:03d}.bmp", {}),
        ("{:03d}.tif", {"compression": "tiff_lzw"}),
        ("{:03d}.tiff", {}),
        ("{:03d}.webp", {"lossless": True}),
        ("{:03d}.ppm", {}),
    ],
)
def test_lossless_pictures_give_back_every_pixel(
    tmp_path: Path, name: str, settings: dict[str, object]
) -> None:
    source = opened(write(tmp_path / "v", moving(7), name, **settings))
    assert source.names == ("v",)
    assert source.frame_counts == (7,)
    assert source.sizes() == [(48, 64)]
    assert not source.medium.lossy
    assert same(clip(source, 0, range(7)), moving(7))
    assert same(clip(source, 0, [2, 5]), [moving(7)[2], moving(7)[5]])


@pytest.mark.parametrize(
    ("name", "settings", "codec"),
    [
        ("{:03d}.jpg", {"quality": 75}, "jpeg"),
        ("{:03d}.jpeg", {"quality": 95}, "jpeg"),
        ("{:03d}.webp", {"quality": 80}, "webp"),
        ("{:03d}.tif", {"compression": "jpeg"}, "tiff-jpeg"),
    ],
)
def test_lossy_pictures_are_read_as_pillow_reads_them(
    tmp_path: Path, name: str, settings: dict[str, object], codec: str
) -> None:
    folder = write(tmp_path / "v", moving(3), name, **settings)
    source = opened(tmp_path)
    assert (source.medium.codecs, source.medium.lossy) == ((codec,), True)
    expected = [np.asarray(Image.open(p).convert("RGB")) for p in sorted(folder.iterdir())]
    assert same(clip(source, 0, range(3)), expected)


def test_a_picture_is_read_by_what_it_holds_not_by_its_name(tmp_path: Path) -> None:
    """MoCoGAN's Weizmann strips are PNG files called .jpg (spec data.md 1.3)."""
    folder = write(tmp_path / "v", moving(2))
    for path in folder.iterdir():
        path.rename(path.with_suffix(".jpg"))
    source = opened(folder)
    assert source.medium.codecs == ("png",)
    assert same(clip(source, 0, range(2)), moving(2))


@pytest.mark.parametrize("mode", ["RGBA", "P", "L", "LA", "1", "CMYK"])
def test_other_pixels_become_rgb_without_alpha(tmp_path: Path, mode: str) -> None:
    suffix = "tif" if mode == "CMYK" else "png"
    picture = Image.fromarray(moving(1)[0]).convert(mode)
    if mode == "RGBA":
        picture.putalpha(Image.fromarray(moving(1)[0][:, :, 0]))
    picture.save(tmp_path / f"0.{suffix}")
    expected = np.asarray(picture.convert("RGB"))
    assert same(clip(opened(tmp_path), 0, [0]), [expected])


def test_alpha_does_not_darken(tmp_path: Path) -> None:
    pixels = np.dstack([moving(1)[0], np.zeros((48, 64), np.uint8)])
    Image.fromarray(pixels).save(tmp_path / "0.png")
    assert same(clip(opened(tmp_path), 0, [0]), moving(1))


def sixteen_bits(kind: str) -> bytes:
    out = io.BytesIO()
    if kind == "grey png":
        Image.fromarray(np.full((4, 4), 40_000, np.uint16)).save(out, "PNG")
    elif kind == "float tiff":
        Image.fromarray(np.ones((4, 4), np.float32)).save(out, "TIFF")
    else:  # which Pillow reads, and does not write
        out.write(b"\x89PNG\r\n\x1a\n")
        rows = np.full((4, 4 * 6 + 1), 7, np.uint8)
        rows[:, 0] = 0  # no filter
        header = struct.pack(">IIBBBBB", 4, 4, 16, 2, 0, 0, 0)
        for name, data in ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")):
            crc = struct.pack(">I", zlib.crc32(name + data))
            out.write(struct.pack(">I", len(data)) + name + data + crc)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["grey png", "colour png", "float tiff"])
def test_pictures_of_sixteen_bits_are_refused(tmp_path: Path, kind: str) -> None:
    (tmp_path / "0.png").write_bytes(sixteen_bits(kind))
    with pytest.raises(BadVideoError, match=r"frame 0\.png: 16 bits"):
        opened(tmp_path)


def test_an_animated_picture_is_no_frame(tmp_path: Path) -> None:
    pictures = [Image.fromarray(frame) for frame in moving(3)]
    pictures[0].save(tmp_path / "0.webp", save_all=True, append_images=pictures[1:])
    with pytest.raises(BadVideoError, match=r"frame 0\.webp: several pictures"):
        opened(tmp_path)


def test_a_frame_of_another_size_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "v", moving(3))
    Image.fromarray(moving(1, 32, 32)[0]).save(folder / "000001.png")
    with pytest.raises(BadVideoError, match=r"v: frame 000001\.png: 32x32, the first frame 64x48"):
        opened(tmp_path)


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
def test_a_file_that_is_no_picture_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    folder = write(tmp_path / "v", moving(3))
    (folder / "000002.png").write_bytes(content)
    with pytest.raises(BadVideoError, match=r"^v: frame 000002\.png: "):
        opened(tmp_path)


def test_a_picture_of_too_many_pixels_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "v", moving(2))
    monkeypatch.setattr("leo_bench.evaluation.videos.stored.MAX_PIXELS", 100)
    with pytest.raises(BadVideoError, match="64x48 pixels"):
        opened(tmp_path)


def test_a_picture_of_too_many_bytes_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "v", moving(2))
    monkeypatch.setattr("leo_bench.evaluation.videos.frames.MAX_PICTURE_BYTES", 100)
    with pytest.raises(BadVideoError, match=r"frame 000000\.png: over 100 bytes"):
        opened(tmp_path)


@pytest.mark.filterwarnings("error")
def test_a_decompression_bomb_is_one_line_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "v", moving(2))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(BadVideoError, match="decompression bomb"):
        opened(tmp_path)


def test_frames_are_in_the_order_of_their_names_as_text(tmp_path: Path) -> None:
    """stylegan-v#43: frame10 comes before frame2."""
    write(tmp_path / "unpadded", moving(12), "frame{}.png")
    write(tmp_path / "padded", moving(12), "frame{:04d}.png")
    source = opened(tmp_path)
    order = sorted(range(12), key=str)
    assert same(clip(source, 1, range(12)), [moving(12)[i] for i in order])
    assert same(clip(source, 0, range(12)), moving(12))
    (note,) = source.notes
    assert "names as text" in note
    assert note.endswith(": 1 video, first unpadded")


def test_names_of_several_lengths_in_the_same_order_need_no_note(tmp_path: Path) -> None:
    write(tmp_path / "v", moving(3), "frame{:02d}.png")
    (tmp_path / "v" / "frame02.png").rename(tmp_path / "v" / "frame100.png")
    assert opened(tmp_path).notes == []


@pytest.mark.parametrize("change", ["a pixel", "a name", "one frame fewer"])
def test_the_digest_changes_when_a_frame_would(tmp_path: Path, change: str) -> None:
    folder = write(tmp_path / "v", moving(4))
    before = opened(tmp_path).digest(0)
    if change == "a pixel":
        frame = moving(4)[1]
        frame[0, 0, 0] ^= 1
        Image.fromarray(frame).save(folder / "000001.png")
    elif change == "a name":
        (folder / "000001.png").rename(folder / "000004.png")
    else:
        (folder / "000003.png").unlink()
    assert opened(tmp_path).digest(0) != before


def test_the_digest_does_not_depend_on_where_the_folder_lies(tmp_path: Path) -> None:
    a, b = (opened(write(tmp_path / name, moving(4))) for name in ("a", "b"))
    assert a.digest(0) == b.digest(0)


def test_a_folder_that_changes_after_opening_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "v", moving(4))
    source = opened(tmp_path)
    Image.fromarray(moving(1, 32, 32)[0]).save(folder / "000001.png")
    with pytest.raises(BadVideoError, match="32x32; 64x48 at opening"):
        source.read(0, [1])
    (folder / "000003.png").unlink()
    with pytest.raises(BadVideoError, match="3 frames; there were 4 at opening"):
        source.read(0, [0])


def test_a_folder_of_frames_with_frames_further_down_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "v", moving(2))
    write(tmp_path, moving(1), "preview{}.png")
    with pytest.raises(InputError, match="its top folder holds frames, and so does v in it"):
        opened(tmp_path)


def test_one_picture_is_no_video(tmp_path: Path) -> None:
    write(tmp_path, moving(1))
    with pytest.raises(InputError, match="one picture is no video"):
        opened(tmp_path / "000000.png")


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "webp", "tif"])
def test_a_picture_cut_anywhere_gives_the_same_frame_or_a_refusal(
    tmp_path: Path, suffix: str
) -> None:
    folder = write(tmp_path / "v", moving(1), f"{{}}.{suffix}")
    whole = clip(opened(tmp_path), 0, [0])
    path = folder / f"0.{suffix}"
    data = path.read_bytes()
    refused = 0
    for cut in sorted({0, 1, 8, 40, *range(0, len(data), len(data) // 40), len(data) - 1}):
        path.write_bytes(data[:cut])
        try:
            assert same(clip(opened(tmp_path), 0, [0]), whole), cut
        except BadVideoError:
            refused += 1
    assert refused > 30
