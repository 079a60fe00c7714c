"""The embedded worlds: the same bits everywhere, smooth motion, true parameters, no repetition."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import torch

from leo_bench.benchmarks.worlds.body_identity import BodyIdentity
from leo_bench.benchmarks.worlds.face_identity import FaceIdentity
from leo_bench.benchmarks.worlds.world import IDENTITIES, WORLDS, World, WorldShape, open_world
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.videos.source import fingerprint

NAMES = sorted(WORLDS)
SMALL = WorldShape(resolution=64, frames=2000, count=4)


@pytest.mark.parametrize(
    ("name", "resolution", "digest"),
    [
        ("toy-bodies", 64, "9bcc6ac68b99af0abc5a001dba3ef2d122e6b4efc627ec5513524d1dd44a2da1"),
        ("toy-bodies", 100, "244e00bfcc47a49e716791909d578fd3c55c4261779317dcf3a04b73b70be67a"),
        ("toy-faces", 64, "b11150cddb92c33ed7526e6a60a920c27731d29e24f3386b035aa6b7030506fa"),
        ("toy-faces", 100, "28d1ef33de74280eb9a3ca5fe9a4421a604cdc4a23f88869bfd270401baa9200"),
    ],
)
def test_pixels_are_the_same_on_every_machine(name: str, resolution: int, digest: str) -> None:
    """Whoever changes a pixel raises the world's version in `WORLDS` and pins anew."""
    digests = hashlib.sha256()
    for split in ("train", "test"):
        source = open_world(name, split, WorldShape(resolution, frames=2000, count=12))
        for index in range(12):
            digests.update(source.read(index, [0, 9, 1500 + index]).numpy().tobytes())
    assert digests.hexdigest() == digest


@pytest.mark.parametrize("name", NAMES)
def test_a_frame_does_not_depend_on_the_frames_drawn_with_it(name: str) -> None:
    source = open_world(name, "test", SMALL)
    together = source.read(1, range(40))
    alone = torch.cat([source.read(1, [frame]) for frame in (0, 17, 39)])
    assert torch.equal(together[[0, 17, 39]], alone)


@pytest.mark.parametrize("name", NAMES)
def test_threads_read_the_same_pixels(name: str) -> None:
    source = open_world(name, "test", SMALL)
    expected = [source.read(index, [3, 30]) for index in range(4)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda index: source.read(index % 4, [3, 30]), range(12)))
    assert all(torch.equal(clip, expected[i % 4]) for i, clip in enumerate(found))


@pytest.mark.parametrize("name", NAMES)
def test_no_two_splits_share_an_identity_or_a_motion(name: str) -> None:
    worlds = [World.named(name, split) for split in IDENTITIES]
    people = [{world.identity(index).number for index in range(300)} for world in worlds]
    assert all(len(numbers) >= 256 for numbers in people)
    assert len(set.union(*people)) == sum(len(numbers) for numbers in people)
    motions = [tuple(world.motion(index, [0])[0]) for world in worlds for index in range(50)]
    assert len(set(motions)) == len(motions)


@pytest.mark.parametrize("name", NAMES)
def test_no_second_of_motion_comes_back_within_1024_frames(name: str) -> None:
    world = World.named(name, "test")
    for index in range(6):
        motion = world.motion(index, range(1024))
        moments = np.stack([motion[start : start + 1000] for start in (0, 12, 24)], axis=1)
        moments = moments.reshape(1000, -1)
        for shift in range(25, 1000):
            assert np.abs(moments[shift:] - moments[:-shift]).max(axis=1).min() > 1e-3


@pytest.mark.parametrize("name", NAMES)
def test_motion_is_band_limited(name: str) -> None:
    """Blinks, the quickest movement there is, take a quarter of a second."""
    world = World.named(name, "train")
    for index in range(20):
        motion = world.motion(index, range(512))
        power = (
            np.abs(np.fft.rfft((motion - motion.mean(axis=0)) * np.hanning(512)[:, None], axis=0))
            ** 2
        )
        quick = np.fft.rfftfreq(512, d=1 / 25) > 6.0
        assert (power[quick].sum(axis=0) <= 0.05 * power.sum(axis=0) + 1e-6).all()


@pytest.mark.parametrize("name", NAMES)
def test_motion_has_a_named_column_each_and_every_program_occurs(name: str) -> None:
    world = World.named(name, "test")
    assert world.motion(0, range(7)).shape == (7, len(world.columns))
    assert world.motion(0, range(7)).dtype == np.float64
    assert {world.program(index) for index in range(128)} == set(world.programs)


@pytest.mark.parametrize("name", NAMES)
def test_motion_at_a_frame_is_a_function_of_that_frame(name: str) -> None:
    world = World.named(name, "test")
    assert np.array_equal(world.motion(5, [900, 3, 40]), world.motion(5, range(1000))[[900, 3, 40]])


@pytest.mark.parametrize("name", NAMES)
def test_a_person_can_be_given_the_motion_of_another(name: str) -> None:
    source = open_world(name, "test", SMALL)
    assert torch.equal(source.render_as(0, 0, [4, 5]), source.read(0, [4, 5]))
    world = source.world
    expected = world.render(world.identity(1), world.motion(0, [4, 5]), 64)
    assert torch.equal(source.render_as(0, 1, [4, 5]), expected)
    assert not torch.equal(expected, source.read(0, [4, 5]))


@pytest.mark.parametrize("name", NAMES)
def test_every_frame_shows_something_and_moves(name: str) -> None:
    source = open_world(name, "train", WorldShape(resolution=64, frames=200, count=30))
    for index in range(30):
        first, later = source.read(index, [0, 60]).double()
        assert first.std() > 15
        assert (first - later).abs().mean() > 0.3


def test_a_larger_picture_shows_the_same_scene() -> None:
    small, large = (
        open_world("toy-faces", "test", WorldShape(size, 10, 3)).read(2, [5]).double()
        for size in (64, 256)
    )
    shrunk = torch.nn.functional.avg_pool2d(large, 4)
    assert (shrunk - small).abs().mean() < 1.5


def test_a_source_tells_what_a_record_needs() -> None:
    source = open_world("toy-faces", "test", WorldShape(resolution=32, frames=50, count=3))
    assert source.name == "toy-faces/test"
    assert list(source.names) == [f"toy-faces-test-{i:05d}" for i in range(3)]
    assert list(source.frame_counts) == [50, 50, 50]
    assert source.sizes() == [(32, 32)] * 3
    assert source.medium.layout == "rendered"
    assert not source.medium.lossy
    assert source.read(0, [1, 2]).shape == (2, 3, 32, 32)
    assert source.read(0, [1, 2]).dtype == torch.uint8


def test_the_digest_changes_with_all_that_pixels_follow_from() -> None:
    shape = WorldShape(resolution=32, frames=50, count=3)
    sources = [
        open_world("toy-faces", "test", shape),
        open_world("toy-faces", "train", shape),
        open_world("toy-bodies", "test", shape),
        open_world("toy-faces", "test", replace(shape, resolution=48)),
        open_world("toy-faces", "test", replace(shape, frames=51)),
    ]
    assert len({fingerprint(source) for source in sources}) == len(sources)
    again = open_world("toy-faces", "test", shape)
    assert fingerprint(again) == fingerprint(sources[0])


def test_a_video_beyond_the_identities_meets_one_again_with_another_motion() -> None:
    world = World.named("toy-bodies", "test")
    assert world.identity(256) == world.identity(0)
    assert not np.array_equal(world.motion(256, [0]), world.motion(0, [0]))


@pytest.mark.parametrize(
    ("name", "split", "shape", "message"),
    [
        ("toy-cats", "test", WorldShape(), "no world 'toy-cats'; known are toy-faces, toy-bodies"),
        (
            "toy-faces",
            "val",
            WorldShape(),
            "no split 'val'; known are train, test, extractor, people",
        ),
        ("toy-faces", "test", WorldShape(resolution=8), "at least 16 pixels"),
        ("toy-faces", "test", WorldShape(frames=0), "at least 16 pixels, 1 frame"),
    ],
)
def test_what_cannot_be_opened_is_told(
    name: str, split: str, shape: WorldShape, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        open_world(name, split, shape)


def test_a_frame_beyond_the_end_is_refused() -> None:
    with pytest.raises(IndexError, match="frame 50 of 50"):
        open_world("toy-faces", "test", WorldShape(32, 50, 1)).read(0, [49, 50])


def test_a_face_cannot_be_drawn_as_a_body() -> None:
    faces, bodies = World.named("toy-faces", "test"), World.named("toy-bodies", "test")
    assert isinstance(faces.identity(0), FaceIdentity)
    assert isinstance(bodies.identity(0), BodyIdentity)
    with pytest.raises(TypeError, match="draws a BodyIdentity"):
        bodies.render(faces.identity(0), bodies.motion(0, [0]), 32)
