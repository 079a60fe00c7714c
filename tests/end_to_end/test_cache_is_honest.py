"""A cache that is damaged or cannot be written is said, and moves no number and ends no run."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from conftest import Run
from leo_bench.benchmarks.scores.features_file import FeaturesRequest, write_features
from leo_bench.benchmarks.scores.requests import ScoreRequest
from leo_bench.benchmarks.scores.score import score
from leo_bench.benchmarks.sources.open import dataset_behind
from leo_bench.evaluation.features.cache import FeatureStore
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.videos.write import write_video

Make = Callable[..., Path]

THREADS = """
import hashlib, json, sys
from leo_bench.benchmarks.scores.plan import plan
from leo_bench.benchmarks.scores.requests import ScoreRequest
from leo_bench.benchmarks.scores.score import scored
from leo_bench.evaluation.features.of_clips import Resources
found = scored(plan(ScoreRequest.model_validate_json(sys.argv[1])), Resources(store=None))
numbers = found.measured.numbers
values = [v for side in (found.measured.real, found.measured.fake) for v in side.values]
print(json.dumps([[hashlib.sha256(v.numpy().tobytes()).hexdigest() for v in values],
    [v.hex() for v in (*numbers.values, *numbers.values_float64, numbers.interval.low)],
    found.record.device]))
"""


def sides(root: Path) -> tuple[Path, Path]:
    for name, seed in (("real", 0), ("fake", 50)):
        for i in range(4):
            generator = torch.Generator().manual_seed(seed + i)
            shape = (16, 3, 32, 32)
            frames = torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)
            write_video(root / name / f"v{i}.mkv", iter(frames), fps=25)
    return root / "real", root / "fake"


def test_bits_do_not_depend_on_the_number_of_threads(tmp_path: Path) -> None:
    real, fake = sides(tmp_path)
    request = ScoreRequest(
        metric="fvd", real=str(real), fake=str(fake), frames=16, protocol="digan", repeats=1,
        clips=4, extractor="i3d-toy", device="cpu",
    )  # fmt: skip
    said = set()
    for threads in ("1", "2"):
        environment = os.environ | {"OMP_NUM_THREADS": threads}
        command = [sys.executable, "-c", THREADS, request.model_dump_json()]
        run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        said.add(run.stdout)
    assert len(said) == 1
    assert "1 thread)" in said.pop()


def test_damage_is_computed_again_and_said(leo_bench: Run, tmp_path: Path) -> None:
    real, fake = sides(tmp_path)
    record = tmp_path / "record.json"
    command = (
        "fvd", "--real", real, "--fake", fake, "--frames", 16, "--protocol", "stylegan-v",
        "--extractor", "pixels", "--device", "cpu", "--json", record,
    )  # fmt: skip
    assert leo_bench(*command).code == 0
    first = json.loads(record.read_text())
    assert not [note for note in first["notes"] if "cache" in note]
    cache = Path(os.environ["LEO_BENCH_CACHE"])

    (numbers,) = (cache / "numbers").glob("*.json")
    kept = numbers.read_text()
    digit = kept.index('"values":[') + len('"values":[')
    numbers.write_text(kept[:digit] + str((int(kept[digit]) + 1) % 10) + kept[digit + 1 :])
    again = leo_bench(*command)
    second = json.loads(record.read_text())
    assert second["value"] == first["value"]
    assert f"1 file was damaged and computed again, first {numbers}" in "".join(second["notes"])
    assert "damaged and computed again" in again.err

    (mine,) = (cache / "features").rglob("*.pack")
    flipped = bytearray(mine.read_bytes())
    flipped[-1] ^= 1
    mine.write_bytes(flipped)
    assert leo_bench(*command).code == 0
    third = json.loads(record.read_text())
    assert third["value"] == first["value"]
    assert f"first {mine}" in "".join(third["notes"])
    assert leo_bench(*command).code == 0
    assert json.loads(record.read_text())["notes"] == first["notes"]


@pytest.mark.parametrize("verb", ["fvd", "acd", "features"])
def test_a_cache_that_cannot_be_written_ends_no_run(
    verb: str, leo_bench: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, fake = sides(tmp_path)
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("LEO_BENCH_CACHE", str(tmp_path / "file"))
    command: dict[str, tuple[object, ...]] = {
        "fvd": ("fvd", "--real", real, "--fake", fake, "--protocol", "stylegan-v",
                "--extractor", "pixels"),
        "acd": ("acd", "--real", real, "--fake", fake, "--protocol", "acd-toy"),
        "features": ("features", fake, "--protocol", "stylegan-v", "--extractor", "pixels",
                     "--out", tmp_path / "features.npz"),
    }  # fmt: skip
    said = leo_bench(*command[verb], "--frames", 16, "--device", "cpu")
    assert said.code == 0, said.err
    assert "could not be kept" in said.err
    assert "--no-cache" in said.err


def test_features_and_a_distance_of_a_data_set_share_their_entries(tmp_path: Path) -> None:
    told: list[int] = []
    store = FeatureStore(tmp_path)
    how = Resources(store=store, progress=lambda done, total: told.append(total))
    features = FeaturesRequest(
        source="part:1/16:toy-faces/test", frames=16, stride=1, protocol="stylegan-v", side="fake",
        resolution=None, seed=0, extractor="i3d-toy", device="cpu",
    )  # fmt: skip
    write_features(features, tmp_path / "features.npz", how)
    assert told
    told.clear()
    score(
        ScoreRequest(
            metric="fvd", dataset="toy-faces", fake="part:1/16:toy-faces/test", frames=16, clips=4,
            protocol="stylegan-v", device="cpu",
        ),
        how,
    )  # fmt: skip
    assert len(told) <= 4  # the real side's random clips alone


@pytest.mark.parametrize(
    ("spec", "right"),
    [
        ("taichihd/test", 128),
        ("dataset:toy-bodies", 64),
        ("part:1/2:damaged:noise:toy-faces/test", 64),
        ("my_videos", None),
        ("leo:toy-faces", None),
    ],
)
def test_the_resolution_is_that_of_the_data_set_behind_a_source(
    spec: str, right: int | None
) -> None:
    found = dataset_behind(spec)
    assert (found and found.evaluation.resolution) == right
