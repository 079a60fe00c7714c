"""What a person sees of a training."""

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from tiny_stages import SHORT, changed, folder_in, regression

from leo_bench.benchmarks.cli.screen import Bar
from leo_bench.benchmarks.cli.train_screen import TrainingScreen
from leo_bench.evaluation.features.countdown import Countdown
from leo_bench.leo.stage import Batch, Share
from leo_bench.leo.training.loop import train
from leo_bench.leo.training.watching import Watcher


def test_a_log_shows_losses_pace_and_time_left(capsys: pytest.CaptureFixture[str]) -> None:
    screen = TrainingScreen()
    screen.on_start("lmdm", 40, 6000)
    screen.on_step(60, {"denoiser/noise": 0.51234}, 128.04, 3700.0)
    screen.on_step(80, {"denoiser/noise": 0.5}, 128.0, 3600.0)  # within half a minute: not shown
    screen.on_validation(250, {"loss": 0.25})
    screen.on_end()
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        "lmdm: on from step 40 of 6000",
        "lmdm 60/6000: denoiser/noise 0.5123  128.0 samples/s, 1:01:40 left",
        "lmdm 250/6000: held out loss 0.25",
    ]


def test_without_an_estimate_no_time_is_made_up(capsys: pytest.CaptureFixture[str]) -> None:
    screen = TrainingScreen()
    screen.on_step(60, {"noise": 0.5}, 128.0, None)
    assert capsys.readouterr().err.endswith("128.0 samples/s, time left unknown\n")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    now = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])

    def forward(seconds: float) -> None:
        now[0] += seconds

    return forward


def test_time_left_counts_from_the_first_item_and_from_three_per_cent(
    clock: Callable[[float], None],
) -> None:
    countdown = Countdown()
    clock(1400.0)  # of loading, before anything is done
    assert countdown.left(1, 1001) is None
    clock(10.0)
    assert countdown.left(11, 1001) is None  # 1 %
    clock(20.0)
    assert countdown.left(31, 1001) == pytest.approx(970.0)
    assert countdown.pace(31) == pytest.approx(1.0)
    resumed = Countdown()
    assert resumed.left(900, 1000) is None
    clock(5.0)
    assert resumed.left(910, 1000) == pytest.approx(45.0)


def test_a_bar_that_waited_for_its_work_does_not_count_the_waiting(
    clock: Callable[[float], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    bar = Bar("videos", "videos")
    clock(1400.0)
    bar(1, 121)
    clock(31.0)
    bar(63, 121)
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "videos: 1/121, time left unknown",
        "videos: 63/121, 2.0 videos/s, 29 s left",
    ]


def test_a_stages_time_left_counts_from_its_own_start(
    tmp_path: Path, clock: Callable[[float], None]
) -> None:
    told: list[float | None] = []

    class Listener(Watcher):
        def on_step(
            self, step: int, losses: Mapping[str, float], rate: float, left: float | None
        ) -> None:
            told.append(left)

    stage = regression()
    batch = stage.batch

    def slow(step: int, share: Share) -> Batch:
        clock(7.0)  # on the batches' threads, which all run ahead
        return batch(step, share)

    training = changed(SHORT, steps=100, report_every=2, save_every=100)
    made = dataclasses.replace(stage, batch=slow)
    train(made, training, folder_in(tmp_path), [Listener()], cpu=True)
    assert told[0] is None  # one step after the first: 1 %
    assert told[1] is not None  # three steps after it
    assert told[-1] == 0


def test_a_terminal_shows_a_bar(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    screen = TrainingScreen()
    screen.on_start("lmdm", 0, 6000)
    screen.on_step(3000, {"noise": 0.5}, 128.0, 60.0)
    screen.say("a line")
    screen.on_end()
    err = capsys.readouterr().err
    assert "a line" in err
    assert "3000/6000" in err
    assert "0:01:00 left" in err
