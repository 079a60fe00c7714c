"""A picture and a driving video, opened: what is said of them, and what is computed of them."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from made_videos import encode, moving
from PIL import Image
from torch import Tensor

from leo_bench.benchmarks.runs.animation import Animation
from leo_bench.benchmarks.runs.opened_animation import open_animation
from leo_bench.leo.models.animator import ImageAnimator
from leo_bench.leo.networks.generator import Generator

SIZE = 16

Opened = Callable[..., Animation]


@pytest.fixture
def opened(tmp_path: Path) -> Opened:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = Generator(SIZE, channel_cap=8, style=12, directions=5)
    checkpoint = tmp_path / "vox.pt"
    torch.save({"gen": network.state_dict(), "args": argparse.Namespace(size=SIZE)}, checkpoint)
    Image.new("RGB", (SIZE, SIZE), (90, 20, 200)).save(tmp_path / "person.png")

    def make(relative: bool = False, frames: int = 3, **settings: Any) -> Animation:
        driving = encode(tmp_path / "driving.mp4", moving(frames, SIZE, SIZE), **settings)
        picture = tmp_path / "person.png"
        return open_animation(str(checkpoint), picture, driving, relative=relative, device="cpu")

    return make


def test_what_is_odd_about_the_driving_video_is_noted(opened: Opened, tmp_path: Path) -> None:
    turned = opened(before=lambda stream: stream.set_display_rotation(90))
    (note,) = (note for note in turned.notes if "rotation" in note)
    assert note.startswith(f"{tmp_path / 'driving.mp4'}: a rotation by ")
    assert "is stated, and applied" in note
    assert not any("rotation" in note for note in opened().notes)


def test_the_source_is_encoded_once_whatever_the_length(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[Tensor] = []
    codes = ImageAnimator.codes

    def counted(self: ImageAnimator, frames: Tensor) -> Tensor:
        encoded.append(frames)
        return codes(self, frames)

    monkeypatch.setattr(ImageAnimator, "codes", counted)
    for relative, wanted in ((True, 1), (False, 0)):
        encoded.clear()
        animation = opened(relative, frames=40)  # three chunks
        assert len(list(animation.frames(lambda _done, _total: None))) == 40
        of_source = [frames for frames in encoded if torch.equal(frames[0], animation.source)]
        assert len(of_source) == wanted
        assert sum(map(len, encoded)) == 40 + wanted
