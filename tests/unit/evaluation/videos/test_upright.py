"""Turned as viewers turn it, for people; as stored, with a note, for measurement."""

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from made_videos import clip, encode, moving, opened, same
from PIL import Image, ImageOps
from PIL.ExifTags import Base

from leo_bench.benchmarks.sources.start_frames import open_start_frames
from leo_bench.evaluation.videos.discover import open_videos
from leo_bench.evaluation.videos.source import Selection, VideoSource, fingerprint
from leo_bench.evaluation.videos.turning import turn_of_exif, turn_of_matrix, turned
from leo_bench.evaluation.videos.upright import upright

UNIT = 1 << 16
SIDEWAYS = np.array([[0, UNIT, 0], [-UNIT, 0, 0], [0, 0, 1 << 30]], ">i4")  # shown turned clockwise


def rotated(path: Path, frames: list[np.ndarray], matrix: np.ndarray = SIDEWAYS) -> Path:
    """An MP4 with a display matrix (ISO/IEC 14496-12, 8.3.2: track header box, version 0)."""
    data = bytearray(encode(path, frames, "libx264rgb", "rgb24", crf=0).read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    data[at : at + 36] = matrix.tobytes()
    path.write_bytes(data)
    return path


def turned_away(frames: list[np.ndarray]) -> list[np.ndarray]:
    return [np.ascontiguousarray(np.rot90(frame)) for frame in frames]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turns_are_pillows(orientation: int) -> None:
    pixels, exif = moving(1, 5, 9)[0], Image.Exif()
    exif[Base.Orientation] = orientation
    held = io.BytesIO()
    Image.fromarray(pixels).save(held, "PNG", exif=exif)
    with Image.open(held) as picture:
        expected = np.asarray(ImageOps.exif_transpose(picture))
    frames = torch.from_numpy(pixels).permute(2, 0, 1)
    shown = turned(frames, turn_of_exif(orientation))
    assert np.array_equal(shown.permute(1, 2, 0).numpy(), expected)


@pytest.mark.parametrize("value", [0, 9, 1.5, None, "6", (6,)])
def test_other_values_of_exif_ask_for_no_turn(value: object) -> None:
    assert turn_of_exif(value) == ""


@pytest.mark.parametrize(
    ("a", "b", "c", "d"),
    [(a, 0, 0, d) for a in (1, -1) for d in (1, -1)]
    + [(0, b, c, 0) for b in (1, -1) for c in (1, -1)],
)
def test_a_matrix_moves_points_as_the_standard_says(a: int, b: int, c: int, d: int) -> None:
    """(p, q) is shown at (a p + c q, b p + d q), up to a shift back into the picture."""
    matrix = np.array([a * UNIT, b * UNIT, 0, c * UNIT, d * UNIT, 0, 0, 0, 1 << 30], np.int32)
    turn = turn_of_matrix(matrix.tobytes())
    assert turn is not None
    stored = torch.arange(15).reshape(3, 5)
    q, p = torch.meshgrid(torch.arange(3), torch.arange(5), indexing="ij")
    x, y = a * p + c * q, b * p + d * q
    x, y = x - x.min(), y - y.min()
    shown = torch.empty(int(y.max()) + 1, int(x.max()) + 1, dtype=stored.dtype)
    shown[y, x] = stored
    assert torch.equal(turned(stored, turn), shown)


def test_no_quarter_of_a_circle_is_no_turn() -> None:
    matrix = np.array([UNIT, UNIT, 0, -UNIT, UNIT, 0, 0, 0, 1 << 30], np.int32)
    assert turn_of_matrix(matrix.tobytes()) is None


def test_measurement_takes_a_rotated_video_as_stored(tmp_path: Path) -> None:
    path = rotated(tmp_path / "a.mp4", turned_away(moving(4)))
    source = opened(path)
    assert source.sizes() == [(64, 48)]
    assert same(clip(source, 0, range(4)), turned_away(moving(4)))
    assert source.notes == [
        "a rotation by 90 degrees clockwise is stated, and not applied: 1 video, first a.mp4"
    ]


def test_an_odd_angle_is_noted_and_never_applied(tmp_path: Path) -> None:
    slanted = np.array([[UNIT, UNIT, 0], [-UNIT, UNIT, 0], [0, 0, 1 << 30]], ">i4")
    source = opened(rotated(tmp_path / "a.mp4", moving(3), slanted))
    assert any("degrees is stated, and not applied" in note for note in source.notes)
    assert upright(source) is source


def test_start_frames_are_as_a_player_shows_them(tmp_path: Path) -> None:
    path = rotated(tmp_path / "a.mp4", turned_away(moving(4)))
    starts = open_start_frames(str(path), lambda spec: open_videos(Path(spec)))
    assert starts.sizes() == [(48, 64)]
    assert same(list(starts.read(0, [1, 3]).permute(0, 2, 3, 1).numpy()), moving(4)[1::2])
    assert list(starts.notes) == [
        "a rotation by 90 degrees clockwise is stated, and applied: 1 video, first a.mp4"
    ]


def test_a_turned_video_is_another_one(tmp_path: Path) -> None:
    """Samples that begin with it as stored are not gone on with."""
    rotated(tmp_path / "a.mp4", turned_away(moving(4)))
    encode(tmp_path / "b.mkv", moving(4), "ffv1", "bgr0")
    stored = opened(tmp_path)
    shown = upright(stored)
    assert fingerprint(shown) != fingerprint(stored)
    assert shown.digest(1) == stored.digest(1)
    assert torch.equal(shown.read(1, [2]), stored.read(1, [2]))


def test_choices_of_a_source_are_turned_too(tmp_path: Path) -> None:
    for name in ("a.mp4", "b.mp4"):
        rotated(tmp_path / name, turned_away(moving(3)))
    chosen: VideoSource = upright(Selection(opened(tmp_path), [1], "the second"))
    assert (chosen.name, list(chosen.names), chosen.sizes()) == (
        "the second",
        ["b.mp4"],
        [(48, 64)],
    )
    assert same(list(chosen.read(0, [2]).permute(0, 2, 3, 1).numpy()), moving(3)[2:])


def write_frames(folder: Path, orientations: list[int]) -> None:
    folder.mkdir()
    for number, orientation in enumerate(orientations):
        exif = Image.Exif()
        exif[Base.Orientation] = orientation
        Image.fromarray(moving(3)[number]).save(folder / f"{number}.png", exif=exif)


def test_exif_of_frames_is_noted_as_a_rotation_is(tmp_path: Path) -> None:
    write_frames(tmp_path / "v", [6, 6, 6])
    source = opened(tmp_path)
    assert same(clip(source, 0, range(3)), moving(3))
    assert source.notes == [
        "a rotation by 90 degrees clockwise is stated, and not applied: 1 video, first v"
    ]
    assert upright(source).sizes() == [(64, 48)]


def test_frames_that_are_turned_differently_stay_as_stored(tmp_path: Path) -> None:
    write_frames(tmp_path / "v", [1, 6, 1])
    source = opened(tmp_path)
    assert "and not applied" in source.notes[0]
    assert upright(source) is source
