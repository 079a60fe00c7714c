"""Metrics of a study's sources: the sign of influences, and repetition of single clips."""

from pathlib import Path

import numpy as np
import pytest
from made_studies import made_study

from leo_bench.benchmarks.scores.asked import asked_metrics, named_protocols
from leo_bench.benchmarks.scores.repetition import RepetitionRequest
from leo_bench.benchmarks.scores.together import Asked
from leo_bench.benchmarks.study_results.metric_values import (
    Measured,
    measure_study,
    reference_of,
)
from leo_bench.benchmarks.user_study.study import Study
from leo_bench.evaluation.features.of_clips import Resources

ODD = "000003"  # the one video of `ours` that is unlike the real ones


def with_sources(study: Study, folder: Path) -> Study:
    method = {
        name: one.model_copy(update={"source": str(folder / f"{name}.npy")})
        for name, one in study.method.items()
    }
    return study.model_copy(update={"method": method})


def measured(study: Study, *, metrics: str = "", repetition: int | None = None) -> Measured:
    shared = {
        "dataset": None, "real": None, "resolution": None, "seed": 0, "limit": None,
        "real_stride": None, "fake_stride": None, "data_root": None, "on_error": "fail",
        "float_range": None, "frames_glob": None, "only": None,
    }  # fmt: skip
    network = {
        "extractor": "pixels", "weights": None, "allow_unverified": False,
        "trust_torchscript": False, "precision": "fp32", "device": "cpu",
    }  # fmt: skip
    asked = Asked.through(
        network,
        None,
        metrics=asked_metrics([metrics]) if metrics else (),
        fakes=(),
        protocols=named_protocols(["stylegan-v", "acd-toy"]),
        shared=shared,
        counts={"clips": None, "repeats": None},
    )
    reference = reference_of(study, None, None)
    request = None
    if repetition is not None:
        request = RepetitionRequest(sources=(), calibrate=reference.spec, frames=repetition)
    return measure_study(study, reference, asked, request, Resources(store=None))


@pytest.fixture
def odd(tmp_path: Path) -> Measured:
    for seed, name in enumerate(("real", "ours", "theirs")):
        chance = np.random.default_rng(seed)
        clips = chance.integers(0, 100, (8, 9, 16, 16, 3))
        if name == "ours":
            clips[int(ODD)] += 140
        np.save(tmp_path / f"{name}.npy", clips.astype(np.uint8))
    study = made_study(tmp_path, videos=8, with_clips=False)
    return measured(with_sources(study, tmp_path), metrics="fvd9,acd9")


def test_a_video_with_a_larger_influence_raises_the_distance(odd: Measured) -> None:
    fvd, _ = odd.metrics
    influences = fvd.by_video["influence"]
    assert influences.keys() == {"ours", "theirs"}  # the real videos are the reference
    assert max(influences["ours"], key=lambda name: influences["ours"][name]) == ODD
    assert influences["ours"][ODD] > 0
    for of_method in influences.values():
        assert np.mean([*of_method.values()]) == pytest.approx(0, abs=1e-6)


def test_pseudo_values_of_a_method_have_its_distance_as_their_mean(odd: Measured) -> None:
    fvd, _ = odd.metrics
    first, second = (record for record in odd.records if record.metric == "fvd")
    for method, record in (("ours", first), ("theirs", second)):
        values = [*fvd.by_video["pseudo-value"][method].values()]
        assert np.mean(values) == pytest.approx(record.value, rel=1e-6)
    assert fvd.differences["ours", "theirs"].value == pytest.approx(first.value - second.value)


def test_a_score_has_a_value_and_a_difference_for_the_real_videos_too(odd: Measured) -> None:
    _, acd = odd.metrics
    assert acd.by_video["value"].keys() == {"ours", "theirs", "real"}
    assert acd.differences.keys() == {("ours", "theirs"), ("ours", "real"), ("theirs", "real")}
    for (first, second), found in acd.differences.items():
        mean = {name: np.mean([*acd.by_video["value"][name].values()]) for name in (first, second)}
        assert found.value == pytest.approx(mean[first] - mean[second])
        assert found.value == odd.records[found.first].value - odd.records[found.second].value


def test_repetition_says_yes_of_looped_videos(tmp_path: Path) -> None:
    chance = np.random.default_rng(0)
    walk = chance.normal(size=(24, 64, 4)).cumsum(axis=1)
    looped = np.tile(walk[:, :32], (1, 2, 1))
    for name, moved in (("looped", looped), ("few", looped[:20]), ("real", walk)):
        levels = 255 * (moved - walk.min()) / (walk.max() - walk.min())
        pixels = np.repeat(levels.reshape(-1, 64, 2, 2, 1), 3, axis=4)
        np.save(tmp_path / f"{name}.npy", pixels.repeat(8, 2).repeat(8, 3).astype(np.uint8))
    methods = ("looped", "few", "real")
    study = made_study(tmp_path, kind="single", methods=methods, with_clips=False)
    found = measured(with_sources(study, tmp_path), repetition=64)
    (repetition,) = found.metrics
    flags = repetition.by_video["value"]
    assert set(flags["looped"].values()) == set(flags["few"].values()) == {1.0}
    assert sum(flags["real"].values()) <= 2  # of 24: false alarms of 5 %
    assert [record.metric for record in found.records] == ["repetition"] * 3
    for pair, paired in ((("looped", "real"), 24), (("few", "real"), 0)):
        difference = repetition.differences[pair]
        first, second = found.records[difference.first], found.records[difference.second]
        assert difference.value == pytest.approx(first.value - second.value)
        assert difference.interval is not None
        assert 0 < difference.interval[0] < difference.value <= difference.interval[1]
        assert difference.paired == paired
    alike = repetition.differences["few", "looped"]
    assert alike.value == 0
    assert alike.interval is not None
    assert alike.interval[0] < 0 < alike.interval[1]  # all are flagged on both sides
