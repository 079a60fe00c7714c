"""The same bits whatever the workers, the order of files, the batch, and across kill and resume."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import Run, write_frames
from leo_bench.benchmarks.scores.requests import ScoreRequest
from leo_bench.benchmarks.scores.score import score
from leo_bench.evaluation.features.cache import FeatureStore
from leo_bench.evaluation.features.of_clips import Resources

Make = Callable[..., Path]
WORLD = "toy-faces/test"


def request(extractor: str = "pixels", **changes: object) -> ScoreRequest:
    settings: dict[str, object] = {
        "metric": "fvd",
        "dataset": WORLD,
        "fake": f"part:2/2:damaged:noise:{WORLD}",
        "frames": 16,
        "clips": 12,
        "protocol": "digan",
        "repeats": 2,
        "extractor": extractor,
        "device": "cpu",
    }
    return ScoreRequest.model_validate(settings | changes)


@pytest.fixture(scope="module")
def value() -> float:
    return score(request(), Resources(store=None)).value_float64


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Videos as files: a world's frames are rendered in every reading."""
    folder = tmp_path_factory.mktemp("videos")
    for i in range(24):
        write_frames(folder / f"v{i:02d}", 20, seed=i)
    return folder


@pytest.fixture(scope="module")
def on_disk(videos: Path) -> ScoreRequest:
    """As `request`, of `videos`."""
    fake = f"part:2/2:damaged:noise:{videos}"
    return request(dataset=None, real=f"part:1/2:{videos}", fake=fake)


@pytest.fixture(scope="module")
def value_on_disk(on_disk: ScoreRequest) -> float:
    return score(on_disk, Resources(store=None)).value_float64


@pytest.mark.parametrize("workers", [1, 2, 4])
@pytest.mark.parametrize("batch", [1, 3, 8])
def test_workers_and_batch_change_no_bit(
    on_disk: ScoreRequest, value_on_disk: float, workers: int, batch: int
) -> None:
    how = Resources(store=None, workers=workers, batch=batch)
    assert score(on_disk, how).value_float64 == value_on_disk


def test_workers_that_render_change_no_bit(value: float) -> None:
    how = Resources(store=None, workers=4, batch=3)
    assert score(request(), how).value_float64 == value


def test_i3d_gives_the_same_bits_in_any_batch(on_disk: ScoreRequest) -> None:
    small = on_disk.model_copy(update={"extractor": "i3d-toy", "clips": 5, "repeats": 1})
    values = {
        score(small, Resources(store=None, workers=w, batch=b)).value_float64
        for w, b in ((1, 1), (4, 3), (2, 8))
    }
    assert len(values) == 1


def test_the_cache_changes_no_bit_and_spares_the_network(
    on_disk: ScoreRequest, value_on_disk: float, tmp_path: Path
) -> None:
    told: list[int] = []
    how = Resources(store=FeatureStore(tmp_path), progress=lambda done, total: told.append(total))
    assert score(on_disk, how).value_float64 == value_on_disk
    assert told
    told.clear()
    assert score(on_disk, how).value_float64 == value_on_disk
    assert told == []


def test_features_are_shared_by_the_metrics(on_disk: ScoreRequest, tmp_path: Path) -> None:
    told: list[int] = []
    how = Resources(store=FeatureStore(tmp_path), progress=lambda done, total: told.append(total))
    score(on_disk, how)
    told.clear()
    score(on_disk.model_copy(update={"metric": "kvd"}), how)
    assert told == []


def test_another_seed_is_another_number(on_disk: ScoreRequest) -> None:
    """Other clips are drawn: 6 of the 12 videos of a side."""
    values = {
        score(on_disk.model_copy(update={"clips": 6, "seed": seed}), Resources(store=None)).value
        for seed in (0, 1)
    }
    assert len(values) == 2


def test_the_order_of_files_changes_no_bit(make_videos: Make, tmp_path: Path) -> None:
    real, fake = make_videos("real", count=8, frames=40), make_videos("fake", count=8, seed=90)
    backwards = tmp_path / "backwards"
    for folder in sorted(fake.iterdir(), reverse=True):  # made, and so listed, in another order
        shutil.copytree(folder, backwards / folder.name)
    values = {
        score(
            request(dataset=None, real=str(real), fake=str(f), clips=8, protocol="stylegan-v"),
            Resources(store=None),
        ).value_float64
        for f in (fake, backwards)
    }
    assert len(values) == 1


def test_a_changed_frame_is_another_number(make_videos: Make) -> None:
    real, fake = make_videos("real"), make_videos("fake", seed=90)
    how = Resources(store=FeatureStore(real.parent / "cache"))
    asked = request(dataset=None, real=str(real), fake=str(fake), clips=6, protocol="stylegan-v")
    before = score(asked, how)
    shutil.copy(fake / "video001/000000.png", fake / "video000/000005.png")
    after = score(asked, how)
    assert before.fake.fingerprint != after.fake.fingerprint
    assert before.real.fingerprint == after.real.fingerprint
    assert before.value != after.value


def test_a_killed_run_goes_on_and_ends_the_same(
    videos: Path, value_on_disk: float, tmp_path: Path
) -> None:
    """Killed with SIGKILL as soon as a few videos are done; nothing of it may be lost or wrong."""
    options = ["--clips", "12", "--repeats", "2", "--protocol", "digan", "--extractor", "pixels"]
    sides = ["--real", f"part:1/2:{videos}", "--fake", f"part:2/2:damaged:noise:{videos}"]
    command = ["fvd", *sides, "--frames", "16", *options]
    command += ["--device", "cpu", "--batch", "1", "--json", str(tmp_path / "record.json")]
    code = "from leo_bench.benchmarks.cli.main import main; main()"
    environment = os.environ | {"LEO_BENCH_CACHE": str(tmp_path / "cache")}
    run = subprocess.Popen([sys.executable, "-c", code, *command], env=environment)
    features = tmp_path / "cache" / "features"
    deadline = time.monotonic() + 120
    while not any(features.rglob("*.pack")) and run.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    run.send_signal(signal.SIGKILL)
    run.wait()
    assert any(features.rglob("*.pack"))
    assert not (tmp_path / "record.json").exists()
    subprocess.run([sys.executable, "-c", code, *command], env=environment, check=True)
    assert json.loads((tmp_path / "record.json").read_text())["value_float64"] == value_on_disk


def test_a_record_is_verified_and_a_false_one_is_not(
    leo_bench: Run, videos: Path, tmp_path: Path
) -> None:
    record = tmp_path / "record.json"
    made = leo_bench(
        "fvd", "--real", videos, "--fake", f"part:2/2:damaged:frozen:{videos}", "--frames", 16,
        "--clips", 8, "--repeats", 1, "--protocol", "digan", "--extractor", "pixels",
        "--json", record,
    )  # fmt: skip
    assert made.code == 0, made.err
    assert leo_bench("verify", record).code == 0
    content = json.loads(record.read_text())
    record.write_text(json.dumps(content | {"value_float64": 1.01 * content["value_float64"]}))
    assert leo_bench("verify", record).code == 2  # it contradicts itself
    for name in ("value", "value_float64"):
        content[name] += 0.01
    for name in ("values", "values_float64", "interval"):
        content[name] = [number + 0.01 for number in content[name]]
    content["fvd_infinity"] = content["extrapolation"] = None
    record.write_text(json.dumps(content))
    said = leo_bench("verify", record)
    assert said.code == 1
    for name in ("value", "value_float64", "values[0]", "interval[0]", "extrapolation value"):
        assert f"fvd {name} " in said.out


def test_explain_names_every_setting_that_differs(
    leo_bench: Run, videos: Path, tmp_path: Path
) -> None:
    common = ("fvd", "--real", videos, "--fake", f"part:2/2:{videos}", "--frames", 16)
    small = ("--clips", 8, "--repeats", 1, "--extractor", "pixels")
    for protocol in ("digan", "stylegan-v"):
        target = tmp_path / f"{protocol}.json"
        made = leo_bench(*common, *small, "--protocol", protocol, "--json", target)
        assert made.code == 0, made.err
    said = leo_bench("explain", tmp_path / "digan.json", tmp_path / "stylegan-v.json")
    assert said.code == 0, said.err
    for setting in ("bn_eps", "preprocess", "real.start", "frechet.covariance", "frechet.dtype"):
        assert setting in said.out
