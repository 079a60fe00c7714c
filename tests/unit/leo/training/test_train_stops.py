"""How a training stops, goes on, and what it refuses to go on from."""

import dataclasses
import math
import re
from collections.abc import Callable
from pathlib import Path

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
    toy_gan,
    trained,
)
from torch import nn

from leo_bench.evaluation.errors import InputError
from leo_bench.leo.checkpoint import load_model
from leo_bench.leo.config import Config, load_config
from leo_bench.leo.data.encode import CODES
from leo_bench.leo.data.prefetch import usual_threads
from leo_bench.leo.stage import Batch, Losses, LossModule, Share, Stage
from leo_bench.leo.training.loop import LOOK_EVERY, train
from leo_bench.leo.training.run_folder import RunFolder
from leo_bench.leo.training.watching import Watcher


@pytest.mark.parametrize("step", [1, 6, 12])
@pytest.mark.parametrize(
    "make", [lambda: regression(ema=0.9, dropout=0.3), toy_gan], ids=["regression", "gan"]
)
def test_an_interrupted_run_ends_as_if_it_had_not_been(
    make: Callable[[], Stage], step: int, tmp_path: Path
) -> None:
    trained(make(), SHORT, tmp_path / "straight")
    with pytest.raises(StoppedError):
        trained(failing_at(make(), step), SHORT, tmp_path / "resumed")
    trained(make(), SHORT, tmp_path / "resumed")
    assert contents(tmp_path / "resumed") == contents(tmp_path / "straight")


def test_a_run_resumes_with_weights_in_channels_last(tmp_path: Path) -> None:
    class Picture(LossModule):
        def __init__(self) -> None:
            super().__init__()
            network = nn.Conv2d(3, 4, 3)
            self.network = network.to(memory_format=torch.channels_last)

        def forward(self, batch: Batch) -> tuple[Losses, Batch]:
            picture = batch["x"].view(-1, 1, 1, 3).expand(-1, 3, 5, 3)
            return {"size": self.network(picture).square().mean()}, {}

    def make() -> Stage:
        stage = regression()
        torch.manual_seed(0)
        player = dataclasses.replace(stage.players[0], module=Picture())
        return dataclasses.replace(
            stage, players=[player], validate=lambda n: {"loss": 1.0}, picture=lambda n: None
        )

    straight = trained(make(), SHORT, tmp_path / "straight")
    with pytest.raises(StoppedError):
        trained(failing_at(make(), 6), SHORT, tmp_path / "resumed")
    resumed = trained(make(), SHORT, tmp_path / "resumed")
    assert torch.equal(straight["weight"], resumed["weight"])


def poisoned(stage: Stage, step: int) -> Stage:
    def batch(at: int, share: Share) -> Batch:
        made = stage.batch(at, share)
        return {**made, "y": made["y"] * math.nan} if at == step else made

    return dataclasses.replace(stage, batch=batch)


def test_a_loss_that_is_no_number_stops_with_the_checkpoint_intact(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"lmdm: loss line/square is not finite at step 7; .*"):
        trained(poisoned(regression(), 7), SHORT, tmp_path)
    checkpoint, damaged = folder_in(tmp_path).newest()
    assert checkpoint is not None
    assert (checkpoint.step, damaged) == (4, [])
    assert all(t.isfinite().all() for t in checkpoint.tensors.values())
    trained(regression(), SHORT, tmp_path)


def test_a_loss_that_is_no_number_is_found_long_before_the_next_report(tmp_path: Path) -> None:
    rare = changed(
        SHORT, steps=100, report_every=100, save_every=100, validate_every=100, picture_every=100
    )
    made: list[int] = []
    poison = poisoned(regression(), 13)

    def batch(at: int, share: Share) -> Batch:
        made.append(at)
        return poison.batch(at, share)

    with pytest.raises(InputError, match="loss line/square is not finite at step 13"):
        trained(dataclasses.replace(poison, batch=batch), rare, tmp_path)
    ahead = 3 * usual_threads()  # batches in the making
    assert max(made) <= 13 + LOOK_EVERY + ahead
    assert not folder_in(tmp_path).best.exists()  # it never came to a validation


def test_looking_at_losses_between_reports_changes_no_mean(tmp_path: Path) -> None:
    long = changed(SHORT, steps=24, report_every=24, save_every=24)
    trained(regression(), long, tmp_path / "one")
    trained(regression(), changed(long, report_every=1), tmp_path / "each")
    (whole,) = [x for x in folder_in(tmp_path / "one").read_log() if "losses" in x]
    steps = [x["losses"]["line/square"] for x in folder_in(tmp_path / "each").read_log()
             if "losses" in x]  # fmt: skip
    assert whole["losses"]["line/square"] == math.fsum(steps) / 24


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("training.steps=24", "(--extend STEPS trains longer)"),
        ("training.batch=4", "(the weights follow from it)"),
        ("optimiser.falling=0.25", "(the weights follow from it)"),
    ],
)
def test_a_finished_stage_says_why_it_takes_no_other_training(
    change: str, why: str, tmp_path: Path
) -> None:
    run = RunFolder.create(tmp_path, load_config("toy64"))
    run.stage("lmdm").log({"step": 1})
    with pytest.raises(InputError, match=r"begun with another config: lmdm\.[to]") as caught:
        RunFolder.create(tmp_path, load_config("toy64", [f"lmdm.{change}"]))
    assert why in str(caught.value)
    assert len(str(caught.value)) - 2 * len(str(tmp_path)) < 240
    theirs = run.stage("lmdm").origin.metadata()
    other = RunFolder(tmp_path, load_config("toy64", [f"lmdm.{change}"])).stage("lmdm").origin
    with pytest.raises(InputError, match="was made from something else") as caught:
        other.check(tmp_path / "model.safetensors", theirs)
    assert why in str(caught.value)


def test_gradients_that_are_no_numbers_are_not_saved(tmp_path: Path) -> None:
    class Root(LossModule):
        """sqrt has an infinite slope at 0: a finite loss, and a gradient that is none."""

        network = nn.Linear(3, 1)

        def forward(self, batch: Batch) -> tuple[Losses, Batch]:
            return {"root": (self.network(batch["x"]) * 0).sqrt().mean()}, {}

    stage = regression()
    player = dataclasses.replace(stage.players[0], module=Root())
    broken = dataclasses.replace(stage, players=[player])
    with pytest.raises(InputError, match="a weight of the line is not finite at step 1"):
        trained(broken, changed(SHORT, save_every=1), tmp_path)
    assert folder_in(tmp_path).checkpoints() == []


def test_a_damaged_checkpoint_gives_way_to_the_one_before(tmp_path: Path) -> None:
    trained(regression(), SHORT, tmp_path / "straight")
    with pytest.raises(StoppedError):
        trained(failing_at(regression(), 11), SHORT, tmp_path / "damaged")
    folder = folder_in(tmp_path / "damaged")
    newest = folder.checkpoints()[-1]
    altered = bytearray(newest.read_bytes())
    altered[-1] ^= 1
    newest.write_bytes(altered)
    told: list[str] = []

    class Listener(Watcher):
        def say(self, line: str) -> None:
            told.append(line)

    train(regression(), SHORT, folder, [Listener()], cpu=True)
    assert "step-00000008.safetensors" in told[0]
    assert "the checkpoint before it is taken" in told[0]
    assert contents(tmp_path / "damaged") == contents(tmp_path / "straight")


def test_a_checkpoint_cut_short_gives_way_too(tmp_path: Path) -> None:
    with pytest.raises(StoppedError):
        trained(failing_at(regression(), 11), SHORT, tmp_path)
    folder = folder_in(tmp_path)
    newest = folder.checkpoints()[-1]
    newest.write_bytes(newest.read_bytes()[:100])
    checkpoint, damaged = folder.newest()
    assert checkpoint is not None
    assert checkpoint.step == 4
    assert len(damaged) == 1


@pytest.mark.parametrize("done", [False, True])
def test_other_data_are_refused(done: bool, tmp_path: Path) -> None:
    if done:
        trained(regression(), SHORT, tmp_path)
    else:
        with pytest.raises(StoppedError):
            trained(failing_at(regression(), 6), SHORT, tmp_path)
    other = folder_in(tmp_path, data="other rows")
    with pytest.raises(InputError, match="data is 'rows' there and 'other rows' now"):
        train(regression(), SHORT, other, cpu=True)


def with_lmdm(config: Config, **what: object) -> Config:
    return config.model_copy(update={"lmdm": config.lmdm.model_copy(update=what)})


def test_another_config_of_a_stage_that_has_begun_is_refused(tmp_path: Path) -> None:
    trained(regression(), SHORT, tmp_path)
    other = with_lmdm(load_config("toy64"), length=32)
    with pytest.raises(InputError, match=r"lmdm\.length is 64 there and 32 now; give another"):
        RunFolder.create(tmp_path, other)


def test_another_config_of_a_stage_that_has_not_begun_is_taken(tmp_path: Path) -> None:
    folder_in(tmp_path)
    other = with_lmdm(load_config("toy64"), length=32)
    RunFolder.create(tmp_path, other)
    assert RunFolder.open(tmp_path).config == other


def test_a_checkpoint_of_another_config_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoppedError):
        trained(failing_at(regression(), 6), SHORT, tmp_path)
    run = RunFolder(tmp_path, with_lmdm(load_config("toy64"), length=32))
    with pytest.raises(InputError, match=r"step-00000004.*config\.length is None there and 32 now"):
        train(regression(), SHORT, run.stage("lmdm", "rows"), cpu=True)


def test_a_checkpoint_of_another_network_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(StoppedError):
        trained(failing_at(regression(), 6), SHORT, tmp_path)
    wider = regression()
    wider.players[0].module.network = torch.nn.Linear(3, 5)
    needs = r"does not fit this version's network \(bias is \[1\]; this network needs \[5\]"
    with pytest.raises(InputError, match=needs):
        trained(wider, SHORT, tmp_path)


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no run of leo-bench train"):
        RunFolder.open(tmp_path)


def test_two_trainings_in_one_folder_are_refused(tmp_path: Path) -> None:
    folder = folder_in(tmp_path)
    with folder.alone(), pytest.raises(InputError, match="another process is training here"):
        train(regression(), SHORT, folder, cpu=True)


def test_a_batch_that_cannot_be_dealt_out_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a batch of 8 cannot be dealt out to 1 processes x 3"):
        trained(regression(), changed(SHORT, accumulate=3), tmp_path)


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"nothing of the kind")
    with pytest.raises(InputError, match="cannot be read"):
        load_model(tmp_path / "model.safetensors")
    with pytest.raises(InputError, match="no such model; train this stage first"):
        load_model(tmp_path / "absent.safetensors")


def test_a_stage_that_has_begun_says_how_it_is_trained_anew(tmp_path: Path) -> None:
    folder_in(tmp_path).log({"step": 1})
    steps = load_config("toy64").lmdm.training.steps
    longer = load_config("toy64", ["lmdm.training.steps=7"])
    differs = re.escape(f"lmdm.training.steps is {steps} there and 7 now")
    told = re.escape(f"to train it anew, delete {tmp_path / 'lmdm'}")
    with pytest.raises(InputError, match=f"{differs}.*{told}"):
        RunFolder.create(tmp_path, longer)
    with pytest.raises(InputError, match="seed") as caught:
        RunFolder.create(tmp_path, load_config("toy64", ["seed=3"]))
    assert "anew" not in str(caught.value)


def test_until_a_stage_has_begun_a_folder_is_no_configs(tmp_path: Path) -> None:
    grid, weizmann = load_config("grid64"), load_config("weizmann64")
    RunFolder.create(tmp_path, grid)
    (tmp_path / "animator").mkdir()
    (tmp_path / "config.toml").write_text("of = 'an older version'\n")
    RunFolder.create(tmp_path, weizmann)
    assert RunFolder.open(tmp_path).config == weizmann
    (tmp_path / CODES).touch()
    with pytest.raises(InputError, match="begun with another config: id is 'weizmann64' there"):
        RunFolder.create(tmp_path, grid)


def test_other_words_about_a_config_are_never_refused(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path, load_config("toy64"))
    run.stage("lmdm").log({"step": 1})
    told = run.config.model_copy(update={"about": "in other words"})
    RunFolder.create(tmp_path, told)
    assert RunFolder.open(tmp_path).config == told
    with pytest.raises(InputError, match="begun with another config: id is"):
        RunFolder.create(tmp_path, load_config("grid64"))


def test_a_log_is_json_whatever_the_numbers(tmp_path: Path) -> None:
    folder = folder_in(tmp_path)
    folder.log({"step": 1, "validation": {"psnr": math.inf, "loss": math.nan, "l1": 0.5}})
    assert "Infinity" not in (folder.path / "log.jsonl").read_text()
    assert folder.read_log() == [{"step": 1, "validation": {"psnr": None, "loss": None, "l1": 0.5}}]
