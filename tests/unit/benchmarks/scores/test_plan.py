"""From a command line's options to a plan: what is scored where the user does not say."""

from pathlib import Path

import pytest

from leo_bench.benchmarks.scores.plan import plan
from leo_bench.benchmarks.scores.requests import ScoreRequest
from leo_bench.evaluation.errors import InputError

REQUEST = ScoreRequest(metric="fvd", frames=16, dataset="toy-faces")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_samples_of_the_data_sets_run_are_scored_where_there_are_some() -> None:
    Path("runs/toy-faces/samples").mkdir(parents=True)
    Path("runs/toy-faces/config.toml").touch()
    assert plan(REQUEST).fake.spec == "runs/toy-faces/samples"


def test_without_samples_the_run_is_drawn_from() -> None:
    Path("runs/toy-faces").mkdir(parents=True)
    Path("runs/toy-faces/config.toml").touch()
    assert plan(REQUEST).fake.spec == "leo:runs/toy-faces"


def test_without_a_run_the_fake_side_must_be_given() -> None:
    with pytest.raises(InputError, match="no LEO run for toy-faces is there"):
        plan(REQUEST)


def test_an_embedded_world_is_measured_by_the_embedded_extractor() -> None:
    chosen = plan(REQUEST.model_copy(update={"fake": "mine"}))
    assert chosen.network.name == "i3d-toy"
    assert chosen.real.spec == "dataset:toy-faces"
