"""A stage that trains longer, and cadences that change while it trains."""

import dataclasses
import json
import re
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tiny_run import tiny_config
from tiny_stages import SHORT, StoppedError, changed, contents, failing_at, regression

from leo_bench.evaluation.errors import InputError
from leo_bench.leo.checkpoint import load_model
from leo_bench.leo.config import Config
from leo_bench.leo.data.encode import CODES
from leo_bench.leo.stage import Stage
from leo_bench.leo.training.evaluating import Best
from leo_bench.leo.training.extending import extended
from leo_bench.leo.training.loop import train
from leo_bench.leo.training.run_folder import RunFolder
from leo_bench.leo.training_config import CADENCES, Training

EVERY = "report_every = 3, save_every = 4, validate_every = 6, picture_every = 6"


def config_of(steps: int, every: str = EVERY) -> Config:
    return tiny_config(f"lmdm.training={{ steps = {steps}, batch = 8, {every} }}")


def stage(falling: float = 0.0) -> Stage:
    made = regression(ema=0.9, dropout=0.3)
    (player,) = made.players
    optimiser = player.optimiser.model_copy(update={"falling": falling})
    return dataclasses.replace(made, players=[dataclasses.replace(player, optimiser=optimiser)])


def go(root: Path, config: Config, made: Stage) -> Path:
    run = RunFolder.create(root, config)
    return train(made, run.config.lmdm.training, run.stage("lmdm", "rows"), cpu=True)


def longer(root: Path, steps: int) -> Config:
    before = RunFolder.open(root).config
    return extended(before, before, root, "lmdm", steps)


def last_state(root: Path) -> dict[str, torch.Tensor]:
    """Weights, their average and Adam's moments."""
    return load_file(max((root / "lmdm" / "checkpoints").iterdir()))


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


@pytest.mark.parametrize("finished", [True, False])
def test_at_a_constant_rate_an_extended_training_is_one_of_all_its_steps(
    finished: bool, tmp_path: Path
) -> None:
    go(tmp_path / "whole", config_of(12), stage())
    first = stage() if finished else failing_at(stage(), 5)
    if finished:
        go(tmp_path / "grown", config_of(7), first)
    else:
        with pytest.raises(StoppedError):
            go(tmp_path / "grown", config_of(7), first)
    model = go(tmp_path / "grown", longer(tmp_path / "grown", 5), stage())
    assert load_model(model).metadata["step"] == "12"
    assert same(last_state(tmp_path / "grown"), last_state(tmp_path / "whole"))
    assert RunFolder.open(tmp_path / "grown").config.lmdm.training.extended_from == (7,)


def test_a_falling_rate_rises_again_and_is_then_that_of_all_steps(tmp_path: Path) -> None:
    go(tmp_path / "whole", config_of(12), stage(0.5))
    go(tmp_path / "grown", config_of(6), stage(0.5))
    go(tmp_path / "grown", longer(tmp_path / "grown", 6), stage(0.5))
    rates = {}
    for root in ("whole", "grown"):
        lines = RunFolder.open(tmp_path / root).stage("lmdm").read_log()
        reports = [line for line in lines if "learning_rate" in line]
        rates[root] = {line["step"]: line["learning_rate"]["line"] for line in reports}
    assert rates["grown"][6] < rates["grown"][8] < rates["whole"][6] == 0.05
    assert {k: v for k, v in rates["grown"].items() if k > 6} == {
        k: v for k, v in rates["whole"].items() if k > 6
    }
    assert not same(last_state(tmp_path / "grown"), last_state(tmp_path / "whole"))


def test_an_extension_that_was_stopped_goes_on_and_adds_nothing(tmp_path: Path) -> None:
    for root in ("straight", "stopped"):
        go(tmp_path / root, config_of(6), stage(0.5))
    go(tmp_path / "straight", longer(tmp_path / "straight", 6), stage(0.5))
    with pytest.raises(StoppedError):
        go(tmp_path / "stopped", longer(tmp_path / "stopped", 6), failing_at(stage(0.5), 11))
    go(tmp_path / "stopped", longer(tmp_path / "stopped", 6), stage(0.5))  # the same again
    assert contents(tmp_path / "stopped") == contents(tmp_path / "straight")
    go(tmp_path / "stopped", config_of(6), stage(0.5))  # the command that began it: nothing to do
    assert contents(tmp_path / "stopped") == contents(tmp_path / "straight")
    again = longer(tmp_path / "stopped", 6).lmdm.training  # it has ended: once more
    assert (again.steps, again.extended_from) == (18, (6, 12))


def test_what_cannot_be_extended_says_why(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no run of leo-bench train"):
        longer(tmp_path, 5)
    run = RunFolder.create(tmp_path, config_of(6))
    with pytest.raises(InputError, match="no checkpoint to go on from, which --extend needs; of"):
        longer(tmp_path, 5)
    go(tmp_path, config_of(6), stage())
    with pytest.raises(InputError, match=r"lmdm\.training\.steps is 6 in .* and 9 in what is ask"):
        extended(config_of(9), run.config, tmp_path, "lmdm", 5)
    whole = run.config.model_copy(update={"transition_dm": None})
    with pytest.raises(InputError, match="does not train transition-dm"):
        extended(whole, whole, tmp_path, "transition-dm", 5)
    (tmp_path / CODES).touch()
    saved = tmp_path / "animator" / "checkpoints" / "step-00000001.safetensors"
    saved.parent.mkdir(parents=True)
    saved.touch()
    with pytest.raises(InputError, match=r"codes.safetensors, lmdm in .* follow from the animator"):
        extended(run.config, run.config, tmp_path, "animator", 5)
    for file in (tmp_path / "lmdm" / "checkpoints").iterdir():
        file.write_bytes(b"damaged")
    config = longer(tmp_path, 5)
    with pytest.raises(InputError, match="no intact checkpoint to go on from"):
        go(tmp_path, config, stage())


def test_cadences_that_change_in_mid_run_change_no_file_of_the_model(tmp_path: Path) -> None:
    go(tmp_path / "kept", config_of(12), stage())
    with pytest.raises(StoppedError):
        go(tmp_path / "changed", config_of(12), failing_at(stage(), 9))
    other = config_of(12, "report_every = 1, save_every = 3, validate_every = 2, picture_every = 5")
    model = go(tmp_path / "changed", other, stage())
    kept, now = contents(tmp_path / "kept"), contents(tmp_path / "changed")
    assert model.read_bytes() == kept["lmdm/model.safetensors"]
    newest = "lmdm/checkpoints/step-00000012.safetensors"
    assert now[newest] == kept[newest]
    assert "lmdm/checkpoints/step-00000009.safetensors" in now
    assert "lmdm/pictures/step-00000010.png" in now
    assert RunFolder.open(tmp_path / "changed").config == other


def test_checkpoints_that_state_their_cadences_are_still_read(tmp_path: Path) -> None:
    """As they were written before cadences could change."""
    run = RunFolder.create(tmp_path, config_of(12))
    origin = run.stage("lmdm", "rows").origin
    older = {**origin.metadata(), "config": json.dumps(origin.config)}
    assert "save_every" in older["config"]
    origin.check(tmp_path, older)
    RunFolder.create(tmp_path, config_of(12, "save_every = 5")).stage("lmdm", "rows").origin.check(
        tmp_path, older
    )


def test_a_best_model_by_another_number_is_not_compared_with() -> None:
    state = {"best_loss": 0.25, "best_step": 4}
    config = json.dumps({"training": {"steps": 12, "batch": 8}})
    older = {"state": json.dumps(state), "config": config}
    assert Best.resumed(SHORT, older) == Best("loss", 0.25, 4)
    by_fvd = Training(steps=12, batch=8, evaluate_every=4, keep_best="fvd")
    assert Best.resumed(by_fvd, older) == Best("fvd")
    now = {"state": json.dumps({**state, "best_by": by_fvd.best_by}), "config": config}
    assert Best.resumed(by_fvd, now) == Best("fvd", 0.25, 4)
    other = changed(by_fvd, evaluation=by_fvd.evaluation.model_copy(update={"clips": 9}))
    assert Best.resumed(other, now) == Best("fvd")


def test_cadences_are_keys_of_the_table() -> None:
    assert set(CADENCES) < set(Training.model_fields)
    assert re.fullmatch(r"((?!extended_from).)*", SHORT.model_dump_json())
