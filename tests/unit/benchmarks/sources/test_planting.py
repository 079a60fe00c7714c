"""Planted repetitions: where they are said to be, and the damages that make videos of them."""

import numpy as np
import pytest
import torch

from leo_bench.benchmarks.scores.motion_signals import PixelSignals
from leo_bench.benchmarks.sources.damage import damaged
from leo_bench.benchmarks.sources.planting import BLEND, PACE, Plant, planted_motion
from leo_bench.benchmarks.worlds.world import WorldShape, WorldSource, open_world
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.repetition.motion_signals import Luminance, principal_axes
from leo_bench.evaluation.videos.source import Selection
from leo_bench.leo.seeds import normal


@pytest.fixture(scope="module")
def bodies() -> WorldSource:
    return open_world("toy-bodies", "test", WorldShape(resolution=16, frames=64, count=4))


@pytest.mark.parametrize("share", [0.05, 0.3, 0.45])
def test_a_plant_lies_within_the_video_and_behind_what_it_repeats(share: float) -> None:
    starts = set()
    for video in range(50):
        plant = Plant.drawn(f"video-{video}", 100, share)
        assert plant.length == round(share * 100)
        assert plant.start + plant.length <= 100
        assert abs(plant.pace - 1) <= PACE
        shown = plant.order(range(100))
        assert shown[: plant.start] == list(range(plant.start))
        assert shown[plant.start + plant.length :] == list(range(plant.start + plant.length, 100))
        again = shown[plant.start : plant.start + plant.length]
        assert again[0] == plant.of
        assert again[-1] < plant.start
        assert again == sorted(again)
        starts.add(plant.start)
    assert len(starts) > 5 or share == 0.45
    assert Plant.drawn("video-1", 100, share) == Plant.drawn("video-1", 100, share)


def test_no_room_for_a_repeat() -> None:
    with pytest.raises(InputError, match=r"0\.6 of a video cannot be shown twice"):
        Plant.drawn("video", 100, 0.6)
    with pytest.raises(InputError, match="too few"):
        Plant.drawn("video", 1, 0.3)


def test_repetition_shows_the_video_s_own_frames(bodies: WorldSource) -> None:
    source = damaged(bodies, "repetition=0.3")
    plant = Plant.drawn(bodies.names[2], 64, 0.3)
    inside = [plant.start, plant.start + plant.length - 1, 63]
    expected = bodies.read(2, sorted(set(plant.order(inside))))
    assert torch.equal(source.read(2, inside[:1]), expected[:1])
    assert torch.equal(source.read(2, [plant.start - 1]), bodies.read(2, [plant.start - 1]))
    assert source.digest(2) != bodies.digest(2)
    assert "repetition=0.3" in source.name


def test_any_frames_in_one_reading_or_many(bodies: WorldSource) -> None:
    for name in ("repetition", "replay"):
        source = damaged(bodies, name)
        whole = source.read(1, range(64))
        assert torch.equal(whole[20:50], source.read(1, range(20, 50)))


def test_a_replay_is_the_motion_again_a_little_otherwise(bodies: WorldSource) -> None:
    plant = Plant.drawn(bodies.names[0], 64, 0.4)
    motion = planted_motion(bodies, 0, range(64), 0.4)
    usual = bodies.world.motion(0, range(64))
    before = slice(0, plant.start)
    assert np.array_equal(motion[before], usual[before])
    inner = range(plant.start + BLEND, plant.start + plant.length - BLEND)
    assert len(inner) > 4
    again = bodies.world.movement(0)([plant.time(f) for f in inner])  # type: ignore[misc]
    spread = usual.std(axis=0)
    off = abs(motion[inner] - again) / np.maximum(spread, 1e-9)
    assert 0 < off[:, spread > 1e-3].max() < 0.2  # ten percent of the spread, times a drift's reach
    steps = abs(np.diff(motion, axis=0)).max(axis=0)
    assert (steps <= 3 * abs(np.diff(usual, axis=0)).max(axis=0) + 0.25 * spread).all()


def test_a_replay_needs_a_world(bodies: WorldSource) -> None:
    with pytest.raises(InputError, match="replay needs a whole embedded world"):
        damaged(Selection(bodies, [0], "part"), "replay").read(0, [0])


def test_grey_pictures_of_the_central_square() -> None:
    frames = torch.zeros(2, 3, 32, 48, dtype=torch.uint8)
    frames[0, :, :, 8:40] = 255
    frames[1, 1, :16, 8:10] = 200
    grey = Luminance()(frames).values.reshape(2, 16, 16)
    assert torch.allclose(grey[0], torch.ones(16, 16))
    assert grey[1, 0, 0].item() == pytest.approx(0.587 * 200 / 255)
    assert grey[1].count_nonzero() == 8


def test_axes_are_those_of_most_motion() -> None:
    directions = torch.linalg.qr(normal((6, 2), "directions").double())[0]
    signals = [
        normal((50, 2), "signal", i).double() * torch.tensor([5.0, 1.0]) @ directions.T + 100 * i
        for i in range(3)
    ]
    axes = principal_axes(signals, count=4)
    assert axes.shape == (6, 2)  # there is motion in two directions alone
    assert torch.allclose(axes.T @ axes, torch.eye(2, dtype=torch.float64), atol=1e-9)
    assert abs((axes[:, 0] @ directions[:, 0]).item()) > 0.99
    with pytest.raises(InputError, match="nothing moves"):
        principal_axes([torch.ones(9, 6)])


def test_pixel_signals_are_pictures_along_the_axes(bodies: WorldSource) -> None:
    from leo_bench.evaluation.features.of_clips import Resources

    resources = Resources(store=None)
    signals = PixelSignals.fitted(bodies, range(4), 20, resources)
    (signal,) = signals.of(bodies, [3], 20, resources)
    assert signal.shape == (20, 20)
    expected = Luminance()(bodies.read(3, range(20))).values.double() @ signals.axes
    assert torch.allclose(signal, expected)
