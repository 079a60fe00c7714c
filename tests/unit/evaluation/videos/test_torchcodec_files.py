"""TorchCodec behind PyAV's checks; where it is not installed, a module of its interface serves."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from made_videos import decoded, encode, moving, opened

from leo_bench.evaluation.errors import BadVideoError, InputError
from leo_bench.evaluation.videos.stored import StoredVideos
from leo_bench.evaluation.videos.torchcodec_files import BY_PYAV, CONCEALED

COUNT = 12


@dataclass
class Batch:
    """torchcodec.FrameBatch."""

    data: torch.Tensor
    pts_seconds: torch.Tensor


class Decoder:
    """torchcodec.decoders.VideoDecoder, by PyAV; its levels are one higher, to be told apart."""

    lost, late, shrunk = 0, 0.0, 0

    def __init__(self, source: Path, *, num_ffmpeg_threads: int, device: str, seek_mode: str):
        assert (num_ffmpeg_threads, device, seek_mode) == (1, "cpu", "exact")
        self._frames = decoded(source)

    def __len__(self) -> int:
        return len(self._frames) - self.lost

    def get_frames_at(self, indices: list[int]) -> Batch:
        pixels = torch.from_numpy(np.stack([self._frames[i] for i in indices])).permute(0, 3, 1, 2)
        seconds = torch.tensor(indices, dtype=torch.float64) / 25 + self.late
        return Batch((pixels + 1)[..., self.shrunk :], seconds)


@pytest.fixture
def torchcodec(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module: Any = ModuleType("torchcodec")
    module.__version__, module.ffmpeg_major_version = "0.17.0", 8
    module.decoders = ModuleType("torchcodec.decoders")
    module.decoders.VideoDecoder = Decoder
    monkeypatch.setitem(sys.modules, "torchcodec", module)
    monkeypatch.setitem(sys.modules, "torchcodec.decoders", module.decoders)
    made: ModuleType = module
    return made


def by_torchcodec(path: Path) -> StoredVideos:
    return opened(path, decoder="torchcodec")


def plain(folder: Path) -> Path:
    return encode(folder / "plain.mp4", moving(COUNT))


def test_plain_files_are_read_by_it_and_the_source_says_so(
    torchcodec: ModuleType, tmp_path: Path
) -> None:
    source, frames = by_torchcodec(plain(tmp_path)), [1, 2, 7, 11]
    by_pyav = opened(tmp_path / "plain.mp4")
    assert torch.equal(source.read(0, frames), by_pyav.read(0, frames) + 1)
    assert by_pyav.medium.decoder in source.medium.decoder
    assert source.medium.decoder.startswith("TorchCodec 0.17.0 / FFmpeg 8, else PyAV ")
    assert source.notes == [CONCEALED]
    assert source.digest(0) == by_pyav.digest(0)


def test_frames_are_asked_for_in_pieces_of_bounded_memory(
    torchcodec: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, asked = by_torchcodec(plain(tmp_path)), []
    whole, read = source.read(0, range(COUNT)), Decoder.get_frames_at

    def watched(decoder: Decoder, indices: list[int]) -> Batch:
        asked.append(len(indices))
        return read(decoder, indices)

    monkeypatch.setattr(Decoder, "get_frames_at", watched)
    monkeypatch.setattr(
        "leo_bench.evaluation.videos.torchcodec_files.PIECE_BYTES", 5 * whole[0].numel()
    )
    assert torch.equal(source.read(0, range(COUNT)), whole)
    assert asked == [5, 5, 2]


@pytest.mark.parametrize(
    ("name", "codec", "pixels"),
    [
        ("deep.mkv", "ffv1", "yuv420p10le"),
        ("counted.avi", "mpeg4", "yuv420p"),
        ("still.gif", "gif", "rgb8"),
    ],
)
def test_other_files_are_read_through_pyav_with_a_note(
    torchcodec: ModuleType, tmp_path: Path, name: str, codec: str, pixels: str
) -> None:
    path = encode(tmp_path / name, moving(COUNT), codec, pixels)
    source = by_torchcodec(path)
    assert torch.equal(source.read(0, range(COUNT)), opened(path).read(0, range(COUNT)))
    assert any(note.startswith(BY_PYAV) for note in source.notes)


def test_a_file_that_is_cut_off_is_refused_before_it_is_asked(
    torchcodec: ModuleType, tmp_path: Path
) -> None:
    path = encode(tmp_path / "cut.mkv", moving(COUNT))
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    with pytest.raises(BadVideoError, match=r"cut\.mkv: the file is cut off"):
        by_torchcodec(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lost": 1}, "TorchCodec finds 11 frames, PyAV 12: drop --decoder"),
        ({"late": 0.04}, "TorchCodec gives another frame as frame 3"),
        ({"shrunk": 2}, r"TorchCodec gives torch.uint8 \[2, 3, 48, 62\], not \[2, 3, 48, 64\]"),
    ],
)
def test_frames_that_are_not_those_of_pyav_are_refused(
    torchcodec: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: dict[str, float],
    message: str,
) -> None:
    source = by_torchcodec(plain(tmp_path))
    for name, value in change.items():
        monkeypatch.setattr(Decoder, name, value)
    with pytest.raises(BadVideoError, match=message):
        source.read(0, [3, 4])


class Missing:
    """Finds no module of this name, or one whose libraries are missing."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def find_spec(self, name: str, path: Sequence[str] | None, target: object = None) -> None:
        if name == "torchcodec":
            raise self._error


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ModuleNotFoundError("torchcodec"), "TorchCodec is not installed: pip install torchcodec"),
        (RuntimeError("libavutil"), "finds no FFmpeg libraries .* apt install ffmpeg"),
    ],
)
def test_what_is_missing_is_said_with_the_command_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, message: str
) -> None:
    monkeypatch.delitem(sys.modules, "torchcodec", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Missing(error), *sys.meta_path])
    with pytest.raises(InputError, match=message):
        by_torchcodec(plain(tmp_path))


def test_libraries_that_are_looked_for_late_are_missed_early(
    torchcodec: ModuleType, tmp_path: Path
) -> None:
    vars(torchcodec)["ffmpeg_major_version"] = None
    with pytest.raises(InputError, match="finds no FFmpeg libraries"):
        by_torchcodec(plain(tmp_path))
