"""Frames to files and back."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from made_videos import clip, decoded, moving, opened, same
from torch import Tensor

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.videos.write import write_video


def tensors(count: int = 5, height: int = 32, width: int = 48) -> list[Tensor]:
    return [torch.from_numpy(f).permute(2, 0, 1) for f in moving(count, height, width)]


@pytest.mark.parametrize("name", ["a.mkv", "a.MKV", "a.npy", "folder"])
@pytest.mark.parametrize("size", [(32, 48), (33, 47), (1, 1)])
def test_lossless_forms_give_back_every_pixel(
    tmp_path: Path, name: str, size: tuple[int, int]
) -> None:
    assert write_video(tmp_path / name, tensors(5, *size), 25) == 5
    source = opened(tmp_path / name)
    assert source.frame_counts == (5,)
    assert not source.medium.lossy
    assert same(clip(source, 0, range(5)), moving(5, *size))


def test_noise_survives_lossless_video(tmp_path: Path) -> None:
    noise = torch.randint(0, 256, (6, 3, 40, 50), generator=torch.Generator().manual_seed(0))
    frames = noise.to(torch.uint8)
    write_video(tmp_path / "a.mkv", frames, 25)
    assert torch.equal(opened(tmp_path / "a.mkv").read(0, range(6)), frames)


def test_every_frame_of_a_lossless_video_can_be_sought(tmp_path: Path) -> None:
    from leo_bench.evaluation.videos.seeking import FrameTimes

    write_video(tmp_path / "a.mkv", tensors(9), 25)
    times = FrameTimes.unpack(opened(tmp_path / "a.mkv").videos[0].index)
    assert times.keys.tolist() == list(range(9))


def test_h264_is_close_to_what_was_written(tmp_path: Path) -> None:
    y, x = np.mgrid[:64, :64]
    smooth = [np.stack([2 * x + t, 2 * y, x + y], -1).astype(np.uint8) for t in range(8)]
    write_video(tmp_path / "a.mp4", [torch.from_numpy(f).permute(2, 0, 1) for f in smooth], 25)
    source = opened(tmp_path / "a.mp4")
    error = np.stack(clip(source, 0, range(8))).astype(float) - np.stack(smooth)
    assert source.medium.lossy
    assert np.sqrt((error**2).mean()) < 3


def test_a_gif_of_few_colours_is_exact_and_keeps_repeated_frames(tmp_path: Path) -> None:
    frames = [tensors(1)[0] // 128 * 255] * 3 + [t // 128 * 255 for t in tensors(4)]
    assert write_video(tmp_path / "a.gif", frames, 25) == 7
    got = opened(tmp_path / "a.gif").read(0, range(7))
    assert torch.equal(got, torch.stack(frames))


@pytest.mark.parametrize("fps", [25, 8, 29.97, Fraction(30000, 1001), 0.5])
def test_the_rate_is_kept(tmp_path: Path, fps: float) -> None:
    import av

    write_video(tmp_path / "a.mkv", tensors(), fps)
    with av.open(str(tmp_path / "a.mkv")) as container:
        rate = container.streams.video[0].average_rate
    assert rate is not None
    assert float(rate) == pytest.approx(float(fps), rel=2e-3)


@pytest.mark.parametrize("name", ["a.mkv", "a.mp4", "a.gif", "a.npy"])
def test_the_same_frames_make_the_same_bytes(tmp_path: Path, name: str) -> None:
    for folder in ("x", "y"):
        write_video(tmp_path / folder / name, tensors(), 25)
    assert (tmp_path / "x" / name).read_bytes() == (tmp_path / "y" / name).read_bytes()


@pytest.mark.parametrize("name", ["a.mkv", "a.npy", "folder"])
def test_frames_are_taken_one_at_a_time(tmp_path: Path, name: str) -> None:
    alive: set[int] = set()

    def stream() -> Iterator[Tensor]:
        for number in range(20):
            alive.add(number)
            yield torch.full((3, 8, 8), number, dtype=torch.uint8)
            alive.discard(number)
            assert len(alive) == 0

    assert write_video(tmp_path / name, stream(), 25) == 20


def test_names_that_libav_would_read_as_protocols_are_names(tmp_path: Path) -> None:
    path = tmp_path / "pipe:1 %d.mkv"
    write_video(path, tensors(), 25)
    assert same(decoded(path), moving(5, 32, 48))


@pytest.mark.parametrize(
    ("name", "frames", "reason"),
    [
        ("a.xyz", tensors(), r"cannot write \.xyz; can write \.mkv, \.mp4"),
        ("a.mkv", [], "no frames"),
        ("a.npy", [], "no frames"),
        ("folder", [], "no frames"),
        ("a.mp4", tensors(2, 33, 48), "even sides, not 48x33"),
    ],
)
def test_what_cannot_be_written_is_said_and_leaves_nothing(
    tmp_path: Path, name: str, frames: list[Tensor], reason: str
) -> None:
    with pytest.raises(InputError, match=reason):
        write_video(tmp_path / name, frames, 25)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "frame",
    [
        torch.zeros(3, 8, 8),
        torch.zeros(8, 8, 3, dtype=torch.uint8),
        torch.zeros(8, 8, dtype=torch.uint8),
        torch.zeros(1, 3, 8, 8, dtype=torch.uint8),
    ],
    ids=["floats", "colours last", "grey", "a batch"],
)
def test_frames_of_another_form_are_a_mistake_of_the_caller(tmp_path: Path, frame: Tensor) -> None:
    with pytest.raises(ValueError, match="expected uint8"):
        write_video(tmp_path / "a.mkv", [frame], 25)
    with pytest.raises(ValueError, match="all of one size"):
        write_video(tmp_path / "a.mkv", [*tensors(2), *tensors(1, 16, 16)], 25)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a.mkv", "a.mp4", "a.gif", "a.npy", "folder"])
@pytest.mark.parametrize("limit", [0, 600, 20_000])
def test_a_full_disk_leaves_what_was_there(tmp_path: Path, name: str, limit: int) -> None:
    """A bound on the size of files stands for the full disk: both stop a write in its middle."""
    noise = torch.randint(0, 256, (40, 3, 128, 128), generator=torch.Generator().manual_seed(0))
    frames = noise.to(torch.uint8)
    if name != "folder":
        (tmp_path / name).write_text("what was there")
    with files_of_at_most(limit), pytest.raises(InputError, match="cannot be written"):
        write_video(tmp_path / name, frames, 25)
    left = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert left == ({} if name == "folder" else {name: "what was there"})


def test_an_interrupted_write_leaves_nothing(tmp_path: Path) -> None:
    def broken() -> Iterator[Tensor]:
        yield from tensors(3)
        raise KeyboardInterrupt

    for name in ("a.mkv", "a.npy", "folder"):
        with pytest.raises(KeyboardInterrupt):
            write_video(tmp_path / name, broken(), 25)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_the_way_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "v").mkdir()
    with pytest.raises(InputError, match="is there already"):
        write_video(tmp_path / "v", tensors(), 25)


def test_a_file_in_the_way_is_replaced_whole(tmp_path: Path) -> None:
    for count in (5, 3):
        write_video(tmp_path / "a.mkv", tensors(count), 25)
    assert opened(tmp_path / "a.mkv").frame_counts == (3,)


def test_a_place_that_is_no_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="cannot be written"):
        write_video(tmp_path / "file" / "a.mkv", tensors(), 25)


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_may_not_be_written_is_said(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="cannot be written"):
        write_video(tmp_path / "a.mkv", tensors(), 25)


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
