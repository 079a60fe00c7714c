"""States of the metrics: kept, shared, copied; and what a training has set stays."""

import pickle
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from made_clips import FAKE, FRAMES, QUICK, REAL, SIDE, clips_passed, filled
from torch import nn
from torchmetrics import MetricCollection

import leo_bench
from leo_bench.evaluation.errors import InputError

DISTANCES = [leo_bench.FrechetVideoDistance, leo_bench.KernelVideoDistance]


def test_kept_real_clips_are_measured_again_without_the_network(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    passed = clips_passed(monkeypatch)
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


def test_forward_adds_a_batch_and_gives_its_distance(monkeypatch: pytest.MonkeyPatch) -> None:
    passed = clips_passed(monkeypatch)
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


def test_a_collection_passes_clips_once_for_both_distances(monkeypatch: pytest.MonkeyPatch) -> None:
    passed = clips_passed(monkeypatch)
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


def test_a_collection_refuses_two_real_sides_of_one_metric(
    make_videos: Callable[..., Path],
) -> None:
    """Only the first metric of a group is updated, and does not know what another has drawn."""
    options = {"protocol": "digan", **QUICK}
    one, other = leo_bench.KernelVideoDistance(**options), leo_bench.KernelVideoDistance(**options)
    both = MetricCollection({"a": one, "b": other})
    both.update(FAKE, real=False)
    folder = make_videos("real", count=4, frames=FRAMES, size=(SIDE, SIDE))
    with pytest.raises(
        InputError, match=r"add_real: .*the protocol needs 2048: .* or clips=4 or fewer"
    ):
        other.add_real(folder)
    other.add_real(folder, clips=4)
    both.update(REAL, real=True)
    one.compute()
    with pytest.raises(InputError, match="real clips were given beside those of"):
        other.compute()


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
