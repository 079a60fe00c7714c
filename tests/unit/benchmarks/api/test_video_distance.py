"""FVD and KVD as metrics: values, states, refusals, and what a training has set stays."""

import pickle
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from made_clips import FRAMES, QUICK, SIDE, clips
from torch import Tensor, nn
from torchmetrics import MetricCollection

import leo_bench
from leo_bench.benchmarks.api import video_distance
from leo_bench.benchmarks.api.video_distance import VideoDistance
from leo_bench.benchmarks.scores.requests import ScoreRequest
from leo_bench.benchmarks.scores.score import score
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.features import of_clips
from leo_bench.evaluation.features.of_clips import Resources

REAL, FAKE = clips(9, seed=1), clips(7, seed=2, brightest=150)
DISTANCES = [leo_bench.FrechetVideoDistance, leo_bench.KernelVideoDistance]


def filled(
    kind: type[VideoDistance] = leo_bench.FrechetVideoDistance, **options: Any
) -> VideoDistance:
    metric = kind(**QUICK | options)
    metric.update(REAL, real=True)
    metric.update(FAKE, real=False)
    return metric


@pytest.fixture
def passed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Clips that went through a network, an entry a call."""
    counts: list[int] = []
    extract = of_clips.extract

    def counted(*arguments: Any) -> of_clips.Features:
        found = extract(*arguments)
        counts.append(found.computed)
        return found

    monkeypatch.setattr(video_distance, "extract", counted)
    return counts


# --- the number --------------------------------------------------------------------------------


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


# --- states ------------------------------------------------------------------------------------


def test_kept_real_clips_are_measured_again_without_the_network(passed: list[int]) -> None:
    metric = filled(reset_real_features=False)
    first = float(metric.compute())
    metric.reset()
    assert (metric.n_real, metric.n_fake) == (9, 0)
    metric.update(FAKE[:5], real=False)
    assert float(metric.compute()) != first
    metric.reset()
    metric.update(FAKE, real=False)
    assert float(metric.compute()) == first
    assert passed == [9, 7, 5, 7]
    forgetful = filled()
    forgetful.reset()
    assert (forgetful.n_real, forgetful.n_fake) == (0, 0)


def test_forward_adds_a_batch_and_gives_its_distance(passed: list[int]) -> None:
    metric = leo_bench.FrechetVideoDistance(**QUICK)
    assert torch.isnan(metric(REAL, real=True))
    batch = metric(FAKE[:4], real=False)
    alone = leo_bench.FrechetVideoDistance(**QUICK)
    alone.update(REAL, real=True)
    alone.update(FAKE[:4], real=False)
    assert batch == alone.compute()
    assert torch.isnan(metric(FAKE[4:5], real=False))
    metric(FAKE[5:], real=False)
    assert metric.compute() == filled().compute()
    assert passed[:2] == [9, 4]


def test_a_collection_passes_clips_once_for_both_distances(passed: list[int]) -> None:
    both = MetricCollection(
        {
            "fvd": leo_bench.FrechetVideoDistance("digan", **QUICK, reset_real_features=False),
            "kvd": leo_bench.KernelVideoDistance("digan", **QUICK, reset_real_features=False),
        }
    )
    both.update(REAL, real=True)  # the first update is each one's own
    assert passed == [9, 9]
    both.update(FAKE, real=False)
    found = both.compute()
    assert passed == [9, 9, 7]
    for _ in range(2):
        both.reset()
        both.update(FAKE, real=False)
        assert both.compute() == found
    assert passed == [9, 9, 7, 7, 7]
    for name, kind in zip(("fvd", "kvd"), DISTANCES, strict=True):
        assert found[name] == filled(kind, protocol="digan").compute()
    assert both["kvd"].result().value == found["kvd"]


@pytest.mark.parametrize(
    "other",
    [
        {"protocol": "tf-original"},  # the same square frames, but other rounding
        {"resolution": SIDE},  # the same pixels here, not everywhere
        {"reset_real_features": False},
        {"value_range": (0, 1)},
    ],
)
def test_a_collection_keeps_metrics_of_unlike_settings_apart(other: dict[str, Any]) -> None:
    options = {"protocol": "stylegan-v", **QUICK}
    both = MetricCollection(
        {
            "one": leo_bench.FrechetVideoDistance(**options),
            "two": leo_bench.FrechetVideoDistance(**options | other),
        }
    )
    both.update(REAL, real=True)
    assert both.compute_groups == {0: ["one"], 1: ["two"]}


def test_a_collection_loses_no_clips_that_one_metric_has_already() -> None:
    ahead = leo_bench.FrechetVideoDistance(**QUICK)
    ahead.update(REAL, real=True)
    both = MetricCollection({"a": leo_bench.FrechetVideoDistance(**QUICK), "b": ahead})
    both.update(FAKE, real=False)
    assert both["b"].compute() == filled().compute()


def test_copies_go_on_by_themselves() -> None:
    metric = filled()
    expected = metric.compute()
    copy, restored = metric.clone(), pickle.loads(pickle.dumps(metric))
    assert metric._network is copy._extractor() is restored._extractor()
    for other in (copy, restored):
        assert other.compute() == expected
        other.update(FAKE[:2], real=False)
        assert other.compute() != expected
        assert metric.compute() == expected


def test_no_network_in_a_module_that_has_a_metric() -> None:
    module = nn.Module()
    module.fvd = filled(extractor="i3d-toy") if FRAMES >= 9 else filled()
    assert list(module.parameters()) == []
    assert module.state_dict() == {}
    module.to(torch.bfloat16)
    module.half()
    assert module.fvd.real_features[0].dtype == torch.float32
    assert module.fvd.compute() == filled().compute()


# --- what a training has set stays -------------------------------------------------------------


def of_torch() -> dict[str, object]:
    """Settings of torch and states of its random numbers, as this thread and a new one see them."""
    born: list[int] = []
    thread = threading.Thread(target=lambda: born.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    backends: Any = torch.backends
    return {
        "threads": (torch.get_num_threads(), *born),
        "matmul": torch.get_float32_matmul_precision(),
        "tf32": (backends.cuda.matmul.allow_tf32, backends.cudnn.allow_tf32),
        "mkldnn": (backends.mkldnn.matmul.fp32_precision, backends.mkldnn.conv.fp32_precision),
        "cudnn": (backends.cudnn.benchmark, backends.cudnn.deterministic, backends.cudnn.enabled),
        "algorithms": torch.are_deterministic_algorithms_enabled(),
        "grad": (torch.is_grad_enabled(), torch.is_inference_mode_enabled()),
        "autocast": torch.is_autocast_enabled("cpu"),
        "dtype": torch.get_default_dtype(),
        "random": torch.get_rng_state().tolist(),
        "numpy": np.random.get_state()[1].tolist(),  # noqa: NPY002
    }


@pytest.fixture
def unusual_settings() -> Iterator[None]:
    threads = torch.get_num_threads()
    backends: Any = torch.backends
    torch.set_num_threads(threads + 2)
    torch.set_float32_matmul_precision("high")
    backends.cudnn.benchmark = True
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.set_float32_matmul_precision("highest")
        backends.cudnn.benchmark = False


@pytest.mark.usefixtures("unusual_settings")
@pytest.mark.parametrize("extractor", ["pixels", "made_clips:means_of_colours"])
def test_settings_and_random_numbers_of_a_training_stay(extractor: str) -> None:
    before = of_torch()
    metric = filled(extractor=extractor)
    metric.compute()
    metric.result()
    metric(FAKE, real=False)
    metric.reset()
    assert of_torch() == before


def test_the_modes_of_a_training_move_no_bit() -> None:
    expected = filled(extractor="made_clips:means_of_colours").compute()
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
        inside = filled(extractor="made_clips:means_of_colours")
        assert inside.compute() == expected
    assert not inside.real_features[0].is_inference()
    inside.update(FAKE[:1], real=False)
    assert inside.compute() != expected
    torch.set_default_dtype(torch.float64)
    try:
        assert filled(extractor="made_clips:means_of_colours").compute() == expected
    finally:
        torch.set_default_dtype(torch.float32)


# --- refusals ----------------------------------------------------------------------------------

FLOATS = torch.rand(2, FRAMES, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (REAL.numpy(), "fake clips: ndarray; expected a tensor"),
        (REAL[0], r"fake clips: uint8 \[4, 3, 24, 24\]; expected \[B,T,3,H,W\]"),
        (REAL[:, :, :2], r"each clip has shape \[4, 2, 24, 24\]; expected"),
        (REAL[..., :3], "ambiguous colour axis"),
        (REAL.int(), "expected uint8 levels"),
        (FLOATS, "say value_range="),
        (clips(2, frames=3), "fake clips have 3 frames; this metric has clips of 4"),
        (REAL[..., :20], "clips are 24x20; this metric has clips of 24x24: give resolution="),
    ],
)
def test_wrong_clips_are_refused_in_one_line(given: Tensor, said: str) -> None:
    metric = filled()
    expected = metric.compute()
    with pytest.raises(InputError, match=said) as error:
        metric.update(given, real=False)
    assert "\n" not in str(error.value)
    assert metric.compute() == expected


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (FLOATS * 2 - 1, r"floats span \[-1, 1\], where \[0,1\] is stated by value_range="),
        (FLOATS * 255, "is stated by value_range="),
        (FLOATS.log() / 0, "NaN or infinite"),
    ],
)
def test_wrong_values_are_refused_in_one_line(given: Tensor, said: str) -> None:
    metric = leo_bench.FrechetVideoDistance(**QUICK, value_range=(0, 1))
    with pytest.raises(InputError, match=said):
        metric.update(given, real=False)


@pytest.mark.parametrize("videos", [[1], [0, 1, -2], [0.0, 1.0, 2.0], [[0, 1, 2]]])
def test_wrong_videos_are_refused(videos: Any) -> None:
    metric = leo_bench.FrechetVideoDistance(**QUICK)
    with pytest.raises(InputError, match="expected 3 whole numbers from 0"):
        metric.update(REAL[:3], real=True, videos=videos)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"protocol": "stylegan"}, "no protocol 'stylegan'"),
        ({"protocol": "pytorch-fid"}, "has no fvd"),
        ({"extractor": "i3d"}, "no such extractor"),
        ({"extractor": None}, "i3d"),  # its weights are not here
        ({"frames": 0}, "must be 1 or more"),
        ({"frames": "many"}, "frames"),
        ({"resolution": 0}, "must be 1 or more"),
        ({"value_range": (0, 255)}, "expected"),
    ],
)
def test_wrong_options_are_refused_at_once(options: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said) as error:
        leo_bench.FrechetVideoDistance(**QUICK | options)
    assert "\n" not in str(error.value)


def test_one_clip_is_no_side() -> None:
    metric = leo_bench.FrechetVideoDistance(**QUICK)
    metric.update(REAL, real=True)
    metric.update(FAKE[:1], real=False)
    with pytest.raises(InputError, match=r"1 fake clips; a distance needs 2 or more: update"):
        metric.compute()


# --- the real side from a source ---------------------------------------------------------------


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
