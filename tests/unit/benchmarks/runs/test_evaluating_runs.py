"""Evaluations of a tiny run: the numbers of `leo-bench fvd` and `kvd`, and what is refused."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tiny_run import make_run

from conftest import Run
from leo_bench.benchmarks.runs.evaluating import SCRATCH, SampleDistances, open_evaluator
from leo_bench.benchmarks.sources.open import SourceOptions, open_source
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.features.of_clips import FeatureRecipe
from leo_bench.evaluation.records.distance import read_record
from leo_bench.evaluation.videos.discover import OpenOptions
from leo_bench.leo.checkpoint import Model, load_model
from leo_bench.leo.training.job import Job, encode_run
from leo_bench.leo.training.run_folder import RunFolder

Opened = Callable[..., SampleDistances]
SMALL = ("frames=10", "clips=6", "extractor=pixels", "sampler=ddim-2", "seed=3")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return tmp_path / "run"


@pytest.fixture
def opened(run: Path, make_videos: Callable[..., Path]) -> Opened:
    """An evaluator of a stage of a run, whose videos lie in VIDEOS."""

    def make(stage: str, *changes: str, count: int = 8) -> SampleDistances:
        table = stage.replace("-", "_")
        asked = [f"{table}.training.evaluation.{change}" for change in (*SMALL, *changes)]
        make_run(run, "held_out=0.45", f"{table}.training.evaluate_every=1", *asked)
        videos = str(make_videos("videos", count, 12, seed=7))
        options = SourceOptions(OpenOptions(), resolution=32)
        job = Job(RunFolder.open(run), lambda: open_source(videos, options), cpu=True)
        if stage == "frame-dm":
            encode_run(job)
        return open_evaluator(job, stage, data=videos, options=options)

    return make


def model_of(run: Path, stage: str) -> Model:
    return load_model(run / stage / "model.safetensors")


def test_the_numbers_are_those_of_the_commands(
    opened: Opened, run: Path, make_videos: Callable[..., Path], tmp_path: Path, leo_bench: Run
) -> None:
    real = make_videos("real", 9, 14)
    found = opened("lmdm", f"real={real}")(model_of(run, "lmdm"))
    assert found.keys() == {"fvd", "kvd"}
    for metric, protocol in (("fvd", "stylegan-v"), ("kvd", "tats")):
        record = tmp_path / f"{metric}.json"
        ended = leo_bench(
            metric, "--real", real, "--fake", f"leo:{run}?mode=conditional&start={real}&steps=2"
            "&seed=3", "--frames", 10, "--protocol", protocol, "--clips", 6, "--resolution", 32,
            "--extractor", "pixels", "--seed", 3, "--device", "cpu", "--json", record,
        )  # fmt: skip
        assert ended.code == 0, ended.err
        wanted = read_record(record)
        assert (found[metric].value, found[metric].interval) == (wanted.value, wanted.interval)
        assert wanted.interval is not None


def test_other_weights_give_other_numbers_and_nothing_is_left(opened: Opened, run: Path) -> None:
    evaluate = opened("lmdm", "kvd=")
    trained = model_of(run, "lmdm")
    network = {name: tensor * 1.1 for name, tensor in trained.network.items()}
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    (run / "lmdm" / SCRATCH / "left behind by a killed process").mkdir(parents=True)
    numbers = [evaluate(model) for model in (trained, replace(trained, network=network), trained)]
    assert numbers[0] == numbers[2] != numbers[1]
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before
    assert not (run / "lmdm" / SCRATCH).exists()


@pytest.mark.parametrize("stage", ["frame-dm", "transition-dm", "cddpm"])
def test_each_stage_is_seen_in_its_samples(stage: str, opened: Opened, run: Path) -> None:
    evaluate = opened(stage, "kvd=", *(["frames=11"] if stage == "transition-dm" else []))
    trained = model_of(run, stage)
    network = {name: tensor * 1.1 for name, tensor in trained.network.items()}
    assert evaluate(trained) != evaluate(replace(trained, network=network))


def test_real_videos_are_extracted_once(
    opened: Opened, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    through = FeatureRecipe.network_input

    def counted(self: FeatureRecipe, *given: object) -> torch.Tensor:
        seen.append(1)
        return through(self, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(FeatureRecipe, "network_input", counted)
    evaluate = opened("lmdm", "kvd=")
    assert len(seen) == 4  # the held-out half of 8 videos
    for _ in range(2):
        seen.clear()
        evaluate(model_of(run, "lmdm"))
        assert len(seen) == 6  # samples


def test_weights_that_are_no_numbers_are_refused(opened: Opened, run: Path) -> None:
    evaluate = opened("lmdm")
    trained = model_of(run, "lmdm")
    broken = {name: tensor * float("nan") for name, tensor in trained.network.items()}
    with pytest.raises(InputError, match="weights that are not finite, such as "):
        evaluate(replace(trained, network=broken))


@pytest.mark.parametrize(
    ("stage", "changes", "message"),
    [
        ("lmdm", ["fvd=no-such-protocol"], "no protocol 'no-such-protocol'"),
        ("lmdm", ["kvd=stylegan-v"], "protocol stylegan-v has no kvd"),
        ("lmdm", ["extractor=no-such"], "no-such"),
        ("lmdm", ["sampler=ddim"], "sampler 'ddim': expected"),
        ("lmdm", ["sampler=ddim-3"], "3 steps: they must divide"),
        ("lmdm", ["real=no-such-videos"], "real side: .*no-such-videos"),
        ("lmdm", ["frames=40"], "frames"),
        ("transition-dm", ["frames=8"], "frames end before the first transition, after 8"),
    ],
)
def test_what_cannot_be_evaluated_is_refused_when_it_is_opened(
    stage: str, changes: list[str], message: str, opened: Opened
) -> None:
    with pytest.raises(InputError, match=message) as caught:
        opened(stage, *changes)
    assert "\n" not in str(caught.value)


def test_a_stage_that_samples_need_must_be_trained(opened: Opened, run: Path) -> None:
    evaluate = opened("cddpm")
    (run / "frame-dm" / "model.safetensors").unlink()
    with pytest.raises(InputError, match="not trained yet; make it with `leo-bench train frame-dm"):
        evaluate.samples.check("cpu")
