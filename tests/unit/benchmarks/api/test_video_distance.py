"""FVD and KVD of clips in memory: the numbers of the command line, and their records."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from made_clips import FAKE, FRAMES, QUICK, REAL, SIDE, clips, filled

import leo_bench
from conftest import Run
from leo_bench.benchmarks.api.video_distance import VideoDistance
from leo_bench.benchmarks.scores.requests import ScoreRequest
from leo_bench.benchmarks.scores.score import score
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.features.of_clips import Resources

DISTANCES = [leo_bench.FrechetVideoDistance, leo_bench.KernelVideoDistance]


@pytest.mark.parametrize(
    ("kind", "protocol", "extractor"),
    [
        (leo_bench.FrechetVideoDistance, "stylegan-v", "i3d-toy"),
        (leo_bench.FrechetVideoDistance, "tf-original", "pixels"),
        (leo_bench.FrechetVideoDistance, "digan", "pixels"),
        (leo_bench.KernelVideoDistance, "digan", "pixels"),
    ],
)
def test_the_number_is_that_of_the_command_for_the_same_clips(
    kind: type[VideoDistance], protocol: str, extractor: str, tmp_path: Path
) -> None:
    """To the last bit; the interval as well where clips come with their row in the file."""
    frames = 9 if extractor == "i3d-toy" else FRAMES  # the fewest that I3D takes
    real, fake = clips(5, seed=1, frames=frames), clips(5, seed=2, frames=frames, brightest=99)
    for name, side in (("real", real), ("fake", fake)):
        np.save(tmp_path / f"{name}.npy", side.numpy())
    request = ScoreRequest(
        metric=kind.distance,
        frames=frames,
        real=str(tmp_path / "real.npy"),
        fake=str(tmp_path / "fake.npy"),
        protocol=protocol,
        extractor=extractor,
        clips=5,
        repeats=1,
    )
    record = score(request, Resources(store=None))

    metric = kind(protocol, extractor=extractor)
    metric.update(real[:2].movedim(2, 4), real=True, videos=[0, 1])
    metric.update(fake, real=False, videos=torch.arange(5))
    metric.update(real[2:], real=True, videos=[2, 3, 4])
    found = metric.result()
    assert metric.compute().dtype == torch.float64
    assert metric.compute().shape == ()
    assert float(metric.compute()) == found.value == float(found) == record.value
    assert found.interval == record.interval is not None
    assert found.record.values_float64 == record.values_float64
    assert found.record.extractor == record.extractor
    assert found.record.weights_sha256 == record.weights_sha256


@pytest.mark.parametrize("kind", DISTANCES)
def test_a_record_is_verified_with_the_clips_on_disk(
    kind: type[VideoDistance], tmp_path: Path, leo_bench: Run
) -> None:
    metric = kind(**QUICK)
    for real, name, side in ((True, "real", REAL[:7]), (False, "fake", FAKE)):
        metric.update(side, real=real, videos=range(7))
        np.save(tmp_path / f"{name}.npy", side.numpy())
    record = metric.result().write(tmp_path / "record.json")
    sides = "--real", tmp_path / "real.npy", "--fake", tmp_path / "fake.npy"
    found = leo_bench("verify", record, *sides)
    assert found.code == 0, found.err
    assert "value_float64" in found.out
    assert found.out.count("the same") >= 5
    assert leo_bench("verify", record).err.count("were in memory") == 1


@pytest.mark.parametrize("value_range", [(0, 1), (-1, 1)])
def test_floats_are_read_as_those_of_a_file(value_range: tuple[int, int], tmp_path: Path) -> None:
    low, high = value_range
    floats = [side.float() / 255 * (high - low) + low for side in (REAL, FAKE)]
    for name, side in zip(("real", "fake"), floats, strict=True):
        np.save(tmp_path / f"{name}.npy", side.numpy())
    request = ScoreRequest(
        metric="fvd",
        frames=FRAMES,
        real=str(tmp_path / "real.npy"),
        fake=str(tmp_path / "fake.npy"),
        protocol="stylegan-v",
        extractor="pixels",
        float_range="01" if low == 0 else "11",
    )
    metric = leo_bench.FrechetVideoDistance(**QUICK, value_range=value_range)
    metric.update(floats[0], real=True)
    metric.update(floats[1].requires_grad_(), real=False)
    assert float(metric.compute()) == score(request, Resources(store=None)).value
    assert not metric.fake_features[0].requires_grad


def test_bfloat16_keeps_its_values() -> None:
    halves = [(side.float() / 255).bfloat16() for side in (REAL, FAKE)]
    values = []
    for dtype in (torch.bfloat16, torch.float32):
        metric = leo_bench.FrechetVideoDistance(**QUICK, value_range=(0.0, 1.0))
        metric.update(halves[0].to(dtype), real=True)
        metric.update(halves[1].to(dtype), real=False)
        values.append(float(metric.compute()))
    assert values[0] == values[1]


def test_neither_order_nor_batches_move_a_bit() -> None:
    expected = filled().result()
    metric = leo_bench.FrechetVideoDistance(**QUICK)
    for first, last in ((4, 6), (0, 4), (6, 7)):
        metric.update(FAKE[first:last], real=False)
    assert metric.n_fake == 7
    metric.update(FAKE[:0], real=False)
    for clip in REAL.flip(0):
        metric.update(clip[None], real=True)
    found = metric.result()
    assert found.value == expected.value
    assert found.interval == expected.interval
    assert found.record.fake.fingerprint == expected.record.fake.fingerprint


def test_clips_of_one_video_widen_the_interval_and_not_the_value() -> None:
    alone = filled().result()
    metric = leo_bench.FrechetVideoDistance(**QUICK)
    metric.update(REAL, real=True, videos=[7, 7, 7, 1, 1, 3, 3, 5, 5])
    metric.update(FAKE, real=False)
    found = metric.result()
    assert found.value == alone.value
    assert found.interval != alone.interval
    assert (found.record.real.videos, found.record.real.clips) == (4, 9)


def test_the_record_says_what_the_protocol_would_have_chosen() -> None:
    record = filled(leo_bench.KernelVideoDistance).result().record
    assert not record.comparable
    assert record.real.source == "memory:real"
    assert record.fake.source == "memory:fake"
    assert record.caveats[1:] == (
        "real side, in memory: each clip has 4 frames, so that protocol digan could not choose "
        "where it begins",
        "real side, in memory: 9 clips, where protocol digan takes up to 2,048",
        "real side, in memory: frames of 24x24 as given; protocol digan resizes to the resolution "
        "of a benchmark, and none was named",
        "fake side, in memory: 7 clips, where protocol digan takes up to 2,048",
        "fake side, in memory: frames of 24x24 as given; protocol digan resizes to the resolution "
        "of a benchmark, and none was named",
        "clips in memory are measured once; protocol digan draws 10 times",
    )
    assert record.protocol == "digan"
    assert record.seconds > 0
    assert record.real.sizes == ((SIDE, SIDE),)
    assert "value_float64" in record.to_json()


def test_the_record_counts_clips_that_are_there_twice_and_values_that_are_clamped() -> None:
    metric = leo_bench.FrechetVideoDistance(**QUICK, value_range=(0, 1))
    metric.update(torch.cat([REAL, REAL[:2]]), real=True)
    fake = FAKE.float() / 255
    fake[3, 0, 0, 0, 0] = 1.2
    metric.update(fake, real=False)
    record = metric.result().record
    assert record.real.notes[0].startswith("2 clips are copies of others")
    assert record.fake.notes == ("values beyond [0,1] are clamped, in 1 clips",)


def test_the_real_side_is_chosen_from_a_source_as_the_protocol_does(
    make_videos: Any, tmp_path: Path
) -> None:
    """As the command, which has the same real videos and the fakes as a file."""
    folder = make_videos("real", count=6, frames=9, size=(SIDE, SIDE))
    np.save(tmp_path / "fake.npy", FAKE.numpy())
    request = ScoreRequest(
        metric="fvd",
        frames=FRAMES,
        real=str(folder),
        fake=str(tmp_path / "fake.npy"),
        protocol="stylegan-v",
        extractor="pixels",
        real_stride=2,
        seed=5,
    )
    record = score(request, Resources(store=None))
    metric = leo_bench.FrechetVideoDistance(
        **QUICK, frames=FRAMES, seed=5, reset_real_features=False
    )
    metric.add_real(folder, stride=2)
    for _ in range(2):
        metric.reset()
        metric.update(FAKE, real=False, videos=range(len(FAKE)))
        found = pickle.loads(pickle.dumps(metric)).result()
        assert float(metric.compute()) == found.value == record.value
        assert found.interval == record.interval
        assert found.record.real.fingerprint == record.real.fingerprint
        assert found.record.real.source == str(folder)
        assert found.record.real.stride == 2
        assert [note for note in found.record.caveats if "real clips" in note] == []
    metric.reset()
    with pytest.raises(InputError, match="clips have 3 frames; this metric has clips of 4"):
        metric.update(clips(2, frames=3), real=False)
    with pytest.raises(InputError, match="the real side has 6 clips already"):
        metric.add_real(folder)
    with pytest.raises(InputError, match=r"the real side is .* already"):
        metric.update(REAL, real=True)


def test_a_source_needs_the_number_of_frames(make_videos: Any) -> None:
    metric = leo_bench.FrechetVideoDistance(**QUICK)
    with pytest.raises(InputError, match="say frames="):
        metric.add_real(make_videos("real"))
    with pytest.raises(InputError, match=r"real side: .*absent"):
        leo_bench.FrechetVideoDistance(**QUICK, frames=4).add_real("absent")
