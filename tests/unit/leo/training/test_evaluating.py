"""Evaluations during training: when they are made, what is logged and kept."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_stages import (
    SHORT,
    StoppedError,
    changed,
    contents,
    failing_at,
    folder_in,
    regression,
    trained,
)

from leo_bench.evaluation.errors import InfrastructureError, InputError
from leo_bench.evaluation.files.toml_text import to_toml
from leo_bench.leo.checkpoint import Model, load_model
from leo_bench.leo.config import load_config
from leo_bench.leo.training.evaluating import Evaluator
from leo_bench.leo.training.loop import train
from leo_bench.leo.training.watching import Distance, Watcher
from leo_bench.leo.training_config import Evaluation, Training

EVERY = changed(SHORT, evaluate_every=5)
ENDS = (0.5, 99.0)


def drawing_numbers(model: Model) -> dict[str, Distance]:
    """A distance that follows from the weights alone, after use of all global random numbers."""
    torch.manual_seed(7)
    torch.rand(5)
    np.random.seed(7)  # noqa: NPY002
    value = float(model.network["weight"].norm())
    return {"fvd": Distance(value, ENDS), "kvd": Distance(-value, None)}


class Listener(Watcher):
    def __init__(self) -> None:
        self.told: list[str] = []

    def say(self, line: str) -> None:
        self.told.append(line)


def in_turn(*values: float | Exception) -> Evaluator:
    coming = iter(values)

    def evaluate(model: Model) -> dict[str, Distance]:
        if isinstance(value := next(coming), Exception):
            raise value
        return {"fvd": Distance(value, ENDS)}

    return evaluate


def evaluated(training: Training, path: Path, evaluator: Evaluator = drawing_numbers) -> bytes:
    stage = regression(ema=0.9, dropout=0.3)
    return train(stage, training, folder_in(path), (), True, lambda: evaluator).read_bytes()


def test_samples_are_evaluated_every_so_many_steps_and_after_the_last(tmp_path: Path) -> None:
    steps: list[str] = []

    def evaluate(model: Model) -> dict[str, Distance]:
        steps.append(model.metadata["step"])
        return drawing_numbers(model)

    evaluated(EVERY, tmp_path, evaluate)
    assert steps == ["5", "10", "12"]
    lines = [line for line in folder_in(tmp_path).read_log() if "evaluation" in line]
    assert [line["step"] for line in lines] == [5, 10, 12]
    value = float(load_model(folder_in(tmp_path).model).network["weight"].norm())
    assert lines[-1]["evaluation"] == {
        "fvd": {"value": value, "interval": list(ENDS)},
        "kvd": {"value": -value, "interval": None},
    }
    assert lines[-1]["seconds"] >= 0


def test_training_does_not_depend_on_evaluations(tmp_path: Path) -> None:
    plain = train(regression(ema=0.9, dropout=0.3), SHORT, folder_in(tmp_path / "plain"), (), True)
    assert evaluated(EVERY, tmp_path / "evaluated") == plain.read_bytes()
    kept = [contents(tmp_path / name) for name in ("plain", "evaluated")]
    logs = [found.pop("lmdm/log.jsonl") for found in kept]
    assert kept[0] == kept[1]
    assert [line for line in logs[1] if "evaluation" not in line] == logs[0]


@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_training_killed_in_an_evaluation_ends_as_if_it_had_not_been(
    at: int, tmp_path: Path
) -> None:
    best = changed(EVERY, keep_best="fvd")
    straight = evaluated(best, tmp_path / "straight")
    done = 0

    def killed(model: Model) -> dict[str, Distance]:
        nonlocal done
        done += 1
        if done == at:
            raise StoppedError
        return drawing_numbers(model)

    with pytest.raises(StoppedError):
        evaluated(best, tmp_path / "killed", killed)
    assert evaluated(best, tmp_path / "killed") == straight
    assert contents(tmp_path / "killed") == contents(tmp_path / "straight")


@pytest.mark.parametrize(("keep", "step"), [("loss", "12"), ("fvd", "10")])
def test_the_best_model_is_that_of_the_number_that_was_asked_for(
    keep: str, step: str, tmp_path: Path
) -> None:
    training = changed(EVERY, keep_best=keep, evaluate_every=2)
    listener = Listener()
    evaluator = in_turn(9, math.nan, 7, 8, 6, 6.5)
    train(regression(), training, folder_in(tmp_path), [listener], True, lambda: evaluator)
    assert load_model(folder_in(tmp_path).best).metadata["step"] == step
    assert ("the best FVD of samples was 6 at step 10" in listener.told[-1]) == (keep == "fvd")


@pytest.mark.parametrize(
    "error",
    [
        InputError("sample-000000: features that are not finite"),
        InfrastructureError("no device"),
        torch.OutOfMemoryError("out of memory\nmuch more"),
    ],
)
def test_an_evaluation_that_fails_costs_one_line_and_no_training(
    error: Exception, tmp_path: Path
) -> None:
    listener = Listener()
    plain = trained(regression(), SHORT, tmp_path / "plain")
    evaluator = in_turn(error, 2.0, 3.0)
    best = changed(EVERY, keep_best="fvd")
    train(regression(), best, folder_in(tmp_path / "run"), [listener], True, lambda: evaluator)
    weights = load_model(folder_in(tmp_path / "run").model).network
    assert torch.equal(weights["weight"], plain["weight"])
    line = str(error).splitlines()[0]
    assert listener.told[0] == f"no evaluation at step 5: {line}; training goes on"
    log = [entry for entry in folder_in(tmp_path / "run").read_log() if "evaluation" in entry]
    assert log[0] == {"step": 5, "evaluation": {}, "failed": line}
    assert log[1]["evaluation"]["fvd"]["value"] == 2.0
    assert load_model(folder_in(tmp_path / "run").best).metadata["step"] == "10"


def test_without_one_successful_evaluation_there_is_no_best_model(tmp_path: Path) -> None:
    listener = Listener()
    evaluator = in_turn(*[InputError("no")] * 3)
    best = changed(EVERY, keep_best="fvd")
    train(regression(), best, folder_in(tmp_path), [listener], True, lambda: evaluator)
    assert listener.told[-1].endswith("; no FVD of samples was measured, so there is no best model")
    assert not folder_in(tmp_path).best.exists()


def test_what_evaluates_is_opened_before_the_first_step_and_only_where_it_is_needed(
    tmp_path: Path,
) -> None:
    def refuse() -> Evaluator:
        raise InputError("toy-faces/train: no such protocol")

    with pytest.raises(InputError, match="no such protocol"):
        train(failing_at(regression(), 1), EVERY, folder_in(tmp_path), (), True, refuse)
    train(regression(), SHORT, folder_in(tmp_path), (), True, refuse)  # no evaluate_every
    with pytest.raises(ValueError, match="evaluate_every needs an evaluator"):
        train(regression(), EVERY, folder_in(tmp_path / "none"), (), True)


def test_keys_that_are_not_set_are_written_nowhere() -> None:
    plain = load_config("toy64")
    asked = load_config("toy64", ["lmdm.training.evaluate_every=50"])
    for config, found in ((plain, False), (asked, True)):
        texts = [to_toml(config.model_dump(mode="json")), config.lmdm.model_dump_json()]
        assert [("evaluat" in text, "keep_best" in text) for text in texts] == [(found, False)] * 2
    assert load_config("toy64", ["lmdm.training.evaluate_every=0"]) == plain
    again = load_config("toy64", ["lmdm.training.evaluation.clips=9"]).lmdm.training.evaluation
    assert again == Evaluation(clips=9)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["lmdm.training.keep_best=fvd"], 'keep_best = "fvd" needs evaluate_every'),
        (
            ["lmdm.training.evaluate_every=5", "lmdm.training.keep_best=kvd",
             'lmdm.training.evaluation.kvd=""'],
            'keep_best = "kvd" needs a protocol: evaluation.kvd',
        ),
        (["lmdm.training.evaluate_every=-1"], "greater than or equal to 0"),
        (["animator.training.evaluate_every=5"], "the animator alone has no samples"),
        (["lmdm.training.evaluation.clip=5"], "did you mean 'clips'"),
    ],
)  # fmt: skip
def test_a_config_that_cannot_be_evaluated_is_refused_in_one_line(
    changes: list[str], message: str
) -> None:
    with pytest.raises(InputError, match=message) as caught:
        load_config("toy64", changes)
    assert "\n" not in str(caught.value)
