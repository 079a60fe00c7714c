"""Distances of code windows, what is kept on disk, and real frames found by their codes."""

from pathlib import Path

import pytest
import torch
from tiny_codes import LENGTH, book, lmdm_config, waves
from torch import Tensor

from leo_bench.benchmarks.ablations.code_windows import (
    Components,
    Windows,
    components,
    kept,
    residuals,
    window_distance,
)
from leo_bench.benchmarks.ablations.transition import joined
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.videos.source import Medium, Skipped
from leo_bench.leo.data.encode import CodeBook
from leo_bench.leo.diffusion.gaussian import Sampler
from leo_bench.leo.sampling.nearest_frames import NearestFrames


def windows(count: int, phase: float = 0.0) -> Windows:
    codes = torch.stack([waves(LENGTH, phase + i) for i in range(count)])
    return Windows(codes, [f"video {i}" for i in range(count)])


@pytest.fixture(scope="module")
def found() -> dict[str, Components]:
    return {name: components(book(), lmdm_config(), name, 6) for name in ("codes", "residuals")}


def distance(real: Windows, fake: Windows, reading: str, found: dict[str, Components]) -> float:
    statistic = window_distance(real, fake, reading, found[reading])
    return statistic.at(statistic.ones).value


def test_components_are_orthonormal_and_hold_most_of_real_motion(
    found: dict[str, Components],
) -> None:
    for reading in found.values():
        product = reading.directions.T @ reading.directions
        torch.testing.assert_close(product, torch.eye(6).double(), atol=1e-8, rtol=0)
        assert 0.95 < reading.share <= 1


def test_the_same_windows_are_no_distance_apart(found: dict[str, Components]) -> None:
    for reading in found:
        assert distance(windows(24), windows(24), reading, found) == pytest.approx(0, abs=1e-8)


def test_residuals_do_not_see_where_motion_begins(found: dict[str, Components]) -> None:
    real = windows(24)
    moved = Windows(real.codes + torch.tensor([1.0, 2.0, -1.0, 0.5]), real.videos)
    assert distance(real, moved, "residuals", found) == pytest.approx(0, abs=1e-6)
    assert distance(real, moved, "codes", found) > 1


def test_frozen_motion_is_far_from_real_motion(found: dict[str, Components]) -> None:
    real, other = windows(24), windows(24, phase=0.5)
    frozen = Windows(real.codes[:, :1].expand(-1, LENGTH, -1), real.videos)
    near, far = (distance(real, fake, "residuals", found) for fake in (other, frozen))
    assert far > 10 * near


def test_residuals_leave_the_first_code_out() -> None:
    flat = residuals(windows(2).codes)
    assert flat.shape == (2, (LENGTH - 1) * 4)


def test_codes_are_made_once_for_the_same_facts(tmp_path: Path) -> None:
    place, made = tmp_path / "codes.safetensors", []

    def make() -> Tensor:
        made.append(1)
        return torch.full((3,), float(len(made)))

    first = kept(place, "these", make)
    assert torch.equal(kept(place, "these", make), first)
    assert len(made) == 1
    assert kept(place, "others", make)[0] == 2
    place.write_bytes(place.read_bytes()[:-4])  # cut short
    assert kept(place, "others", make)[0] == 3


def test_joined_videos_are_different_ones() -> None:
    signals = {str(i): torch.full((10, 2), float(i)) for i in range(7)}
    found = joined(signals, 25)
    assert len(found) == 2  # three videos each; the seventh is left over
    for name, signal in found.items():
        assert signal.shape == (25, 2)
        assert [float(part) for part in name.split("+")] == signal[::10, 0].tolist()


class Shades:
    """Videos of one colour a frame: `100 * video + frame` in every pixel, as far as it goes."""

    name = "shades"
    medium = Medium("rendered", (), "none", lossy=False)
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()

    def __init__(self, codes: CodeBook) -> None:
        self.names, self.frame_counts = list(codes.names), list(codes.lengths)

    def sizes(self) -> list[tuple[int, int]]:
        return [(8, 8)] * len(self.names)

    def digest(self, index: int) -> str:
        return f"{index:064}"

    def read(self, index: int, frames: list[int]) -> Tensor:
        shades = torch.tensor([20 * index + frame for frame in frames], dtype=torch.uint8)
        return shades[:, None, None, None].expand(-1, 3, 8, 8)


def test_the_nearest_frame_of_a_training_video_is_found() -> None:
    codes = book(lengths=(18, 20, 17), held_out=(0,))
    frames = NearestFrames(Shades(codes), codes, size=8)
    wanted = torch.stack([codes.of(2)[5], codes.of(1)[19]]) + 1e-4
    drawn = frames.draw(wanted, [("a", 0), ("b", 0)], Sampler("ddim", 2))
    assert drawn.shape == (2, 3, 8, 8)
    assert drawn[:, 0, 0, 0].tolist() == [45, 39]
    assert frames.distances(wanted).tolist() == pytest.approx([2e-4, 2e-4], abs=1e-5)


def test_held_out_frames_are_left_alone() -> None:
    codes = book(lengths=(18, 20, 17), held_out=(0,))
    frames = NearestFrames(Shades(codes), codes, size=8)
    (place,) = frames.places(codes.of(0)[:1])
    assert place >= 18
    assert frames.distances(codes.of(0)[:1])[0] > 0


def test_codes_of_other_videos_are_refused() -> None:
    with pytest.raises(InputError, match="of other videos"):
        NearestFrames(Shades(book(lengths=(18, 20))), book(lengths=(18, 21)), size=8)
