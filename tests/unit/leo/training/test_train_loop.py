"""The training loop on two small stages: what it computes and what it writes."""

import dataclasses
import json
import math
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tiny_stages import (
    SHORT,
    TRUE,
    StoppedError,
    changed,
    folder_in,
    regression,
    toy_gan,
    trained,
)
from torch import Tensor, nn

from leo_bench.evaluation.files.toml_text import to_toml
from leo_bench.leo.checkpoint import load_model, save_model
from leo_bench.leo.config import load_config
from leo_bench.leo.data.prefetch import Prefetch
from leo_bench.leo.stage import Stage
from leo_bench.leo.training.loop import train
from leo_bench.leo.training.players import learning_rate
from leo_bench.leo.training.watching import Watcher
from leo_bench.leo.training_config import Optimiser


def test_a_regression_finds_its_line(tmp_path: Path) -> None:
    long = changed(SHORT, steps=400, report_every=40, save_every=400, validate_every=200)
    torch.testing.assert_close(trained(regression(), long, tmp_path)["weight"], TRUE)


def test_the_logged_loss_falls(tmp_path: Path) -> None:
    trained(regression(), changed(SHORT, steps=60), tmp_path)
    losses = [x["losses"]["line/square"] for x in folder_in(tmp_path).read_log() if "losses" in x]
    assert max(losses[-3:]) < 0.2 * min(losses[:3])


def test_the_log_has_each_report_once(tmp_path: Path) -> None:
    trained(regression(), SHORT, tmp_path)
    lines = folder_in(tmp_path).read_log()
    reports = [line for line in lines if "losses" in line]
    assert [line["step"] for line in reports] == [3, 4, 6, 8, 9, 12]  # and at each checkpoint
    assert set(reports[0]) == {
        "step", "losses", "learning_rate", "samples_per_second", "waited", "seconds",
    }  # fmt: skip
    assert [line["step"] for line in lines if "validation" in line] == [6, 12]


def test_the_folder_holds_what_its_docstring_says(tmp_path: Path) -> None:
    trained(regression(), SHORT, tmp_path)
    found = {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()}
    assert found - {"lmdm/.lock"} == {
        "config.toml", "lmdm/log.jsonl", "lmdm/model.safetensors", "lmdm/best.safetensors",
        "lmdm/pictures/step-00000006.png", "lmdm/pictures/step-00000012.png",
        "lmdm/checkpoints/step-00000008.safetensors", "lmdm/checkpoints/step-00000012.safetensors",
    }  # fmt: skip


def test_a_model_comes_back_with_its_statistics_and_its_story(tmp_path: Path) -> None:
    trained(regression(), SHORT, tmp_path)
    model = load_model(tmp_path / "lmdm" / "model.safetensors")
    assert torch.equal(model.stats["mean"], TRUE[0])
    assert model.metadata["kind"] == '"tiny"'
    assert (model.metadata["stage"], model.metadata["step"]) == ("lmdm", "12")
    assert json.loads(model.metadata["validation"])["loss"] > 0
    assert json.loads(model.metadata["config"])["network"]["channels"] == 64


def test_others_may_read_a_model_as_far_as_the_umask_lets_them(tmp_path: Path) -> None:
    trained(regression(), SHORT, tmp_path)
    (tmp_path / "plain").touch()
    for file in tmp_path.rglob("*.safetensors"):
        assert file.stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_half_precision_files_are_half_the_size_and_read_as_float32(tmp_path: Path) -> None:
    trained(regression(), SHORT, tmp_path)
    model = load_model(tmp_path / "lmdm" / "model.safetensors")
    save_model(tmp_path / "half.safetensors", model, torch.float16)
    assert load_file(tmp_path / "half.safetensors")["network.weight"].dtype == torch.float16
    assert torch.equal(
        load_model(tmp_path / "half.safetensors").network["weight"],
        model.network["weight"].half().float(),
    )


def test_the_best_model_is_the_one_with_the_lowest_held_out_loss(tmp_path: Path) -> None:
    losses = iter([3.0, 1.0, 2.0])
    stage = dataclasses.replace(regression(), validate=lambda network: {"loss": next(losses)})
    trained(stage, changed(SHORT, validate_every=4), tmp_path)
    assert load_model(folder_in(tmp_path).best).metadata["step"] == "8"


def test_training_again_does_nothing(tmp_path: Path) -> None:
    trained(regression(), SHORT, tmp_path)
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "lmdm").rglob("*") if p.is_file()}
    trained(regression(), SHORT, tmp_path)
    assert all(p.stat().st_mtime_ns == time for p, time in before.items())


def test_the_average_is_its_closed_form(tmp_path: Path) -> None:
    seen: list[Tensor] = []

    class Spy(nn.Linear):
        def forward(self, x: Tensor) -> Tensor:
            if self.training:
                seen.append(self.weight.detach().clone())
            return super().forward(x)

    stage = regression(ema=0.9)
    spy = Spy(3, 1)
    spy.load_state_dict(stage.players[0].module.network.state_dict())
    stage.players[0].module.network = spy
    average = trained(stage, SHORT, tmp_path)["weight"]
    weights = [*seen[1:], spy.weight.detach()]  # after each step
    expected = 0.9 ** (len(weights) - 1) * weights[0]
    for i, weight in enumerate(weights[1:], 1):
        expected = expected + 0.1 * 0.9 ** (len(weights) - 1 - i) * weight
    assert len(weights) == SHORT.steps
    torch.testing.assert_close(average, expected)


def test_a_generators_loss_leaves_no_gradient_on_the_discriminator(tmp_path: Path) -> None:
    stage = toy_gan()
    judge = stage.players[1].module.network
    only_generator = dataclasses.replace(stage, players=stage.players[:1])
    before = {name: t.clone() for name, t in judge.state_dict().items()}
    trained(only_generator, SHORT, tmp_path)
    assert all(p.grad is None for p in judge.parameters())
    assert all(torch.equal(before[name], t) for name, t in judge.state_dict().items())


def test_both_players_of_a_gan_learn_on_the_same_batch(tmp_path: Path) -> None:
    stage = toy_gan()
    before = [
        [p.detach().clone() for p in player.module.network.parameters()] for player in stage.players
    ]
    trained(stage, SHORT, tmp_path)
    for player, old in zip(stage.players, before, strict=True):
        new = player.module.network.parameters()
        assert all(not torch.equal(a, b) for a, b in zip(old, new, strict=True))
    losses = folder_in(tmp_path, "animator").read_log()[0]["losses"]
    assert set(losses) == {"generator/adversarial", "discriminator/real", "discriminator/fake"}


@pytest.mark.parametrize("make", [regression, toy_gan])
def test_a_batch_in_two_parts_trains_to_the_same_weights(
    make: Callable[[], Stage], tmp_path: Path
) -> None:
    whole = trained(make(), SHORT, tmp_path / "whole")
    parts = trained(make(), changed(SHORT, accumulate=2), tmp_path / "parts")
    for name, tensor in whole.items():
        torch.testing.assert_close(parts[name], tensor, atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    ("capability", "computed"), [("AVX512", torch.bfloat16), ("AVX2", torch.float32)]
)
def test_bf16_keeps_float32_weights_and_is_not_emulated(
    capability: str, computed: torch.dtype, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    seen: list[torch.dtype] = []
    stage = regression()
    stage.players[0].module.network.register_forward_hook(
        lambda module, given, result: seen.append(result.dtype)
    )
    weights = trained(stage, changed(SHORT, precision="bf16"), tmp_path)
    assert set(seen) == {computed}
    assert weights["weight"].dtype == torch.float32
    kept = load_model(tmp_path / "lmdm" / "model.safetensors").metadata["precision"]
    assert kept == ("bf16" if computed is torch.bfloat16 else "fp32")  # as computed


def test_the_same_training_is_the_same_file(tmp_path: Path) -> None:
    for name in "ab":
        trained(regression(), SHORT, tmp_path / name)
    a, b = ((tmp_path / name / "lmdm" / "model.safetensors").read_bytes() for name in "ab")
    assert a == b


def test_a_config_goes_through_toml_unchanged(tmp_path: Path) -> None:
    config = load_config("toy64").model_copy(update={"about": 'a "quoted" line: é \\ ☃'})
    path = tmp_path / "toy64.toml"
    path.write_text(to_toml(config.model_dump(mode="json")), encoding="utf-8")
    assert load_config(str(path)) == config


@pytest.mark.parametrize(
    ("step", "share"),
    [(1, 1.0), (60, 1.0), (61, 1.0), (81, 0.5), (100, 0.5 * (1 + math.cos(math.pi * 39 / 40)))],
)
def test_the_rate_is_constant_and_then_falls_like_a_cosine(step: int, share: float) -> None:
    optimiser = Optimiser(learning_rate=0.2, falling=0.4)
    assert learning_rate(optimiser, step, 100) == pytest.approx(0.2 * share)


@pytest.mark.parametrize("step", [1, 50, 100])
def test_the_rate_is_constant_where_nothing_falls(step: int) -> None:
    assert learning_rate(Optimiser(learning_rate=0.2), step, 100) == 0.2


def test_batches_come_in_order_from_several_threads() -> None:
    assert list(Prefetch(lambda step: step * step, range(1, 50))) == [i * i for i in range(1, 50)]


@pytest.mark.parametrize(("processors", "threads"), [(None, 2), (1, 2), (4, 4), (64, 8)])
def test_more_processors_make_more_batches_at_a_time(
    processors: int | None, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: processors)
    together = threading.Barrier(threads)  # passed only by as many at once

    def make(step: int) -> int:
        together.wait(timeout=60)
        return step

    assert list(Prefetch(make, range(threads))) == list(range(threads))


def test_batches_are_made_only_so_far_ahead() -> None:
    made: list[int] = []
    coming = iter(Prefetch(made.append, range(100), ahead=4))
    next(coming)
    next(coming)
    coming.close()
    assert max(made) <= 5


def test_an_error_in_a_batch_comes_out_at_its_step() -> None:
    def make(step: int) -> int:
        if step == 3:
            raise StoppedError
        return step

    coming = iter(Prefetch(make, range(10)))
    assert [next(coming) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(StoppedError):
        next(coming)


def test_watchers_are_told(tmp_path: Path) -> None:
    told: list[tuple[object, ...]] = []

    class Listener(Watcher):
        def on_start(self, stage: str, step: int, steps: int) -> None:
            told.append(("start", stage, step, steps))

        def on_picture(self, step: int, picture: Tensor) -> None:
            told.append(("picture", step, tuple(picture.shape)))

        def on_end(self) -> None:
            told.append(("end",))

    train(regression(), SHORT, folder_in(tmp_path), [Listener()], cpu=True)
    pictures = [("picture", step, (3, 4, 8)) for step in (6, 12)]
    assert told == [("start", "lmdm", 0, 12), *pictures, ("end",)]
