"""`leo-bench animate --continue`: a driving video, then drawn motion that goes on from it."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_run import WHOLE, make_run
from torch import Tensor

from conftest import Run, write_frames
from leo_bench.benchmarks.api.leo_model import load_leo
from leo_bench.benchmarks.runs.animation import Animation
from leo_bench.benchmarks.runs.opened_animation import open_animation, open_continuation
from leo_bench.evaluation.errors import InputError
from leo_bench.leo.models.animator import relative
from leo_bench.leo.networks.layers import to_pixels
from leo_bench.leo.sampling.model import LeoModel, model_file
from leo_bench.leo.sampling.options import Sampling
from leo_bench.leo.sampling.rollout import Rollout

SIDE, DRIVEN, DRAWN = 32, 20, 18
HOW = Sampling(frames=DRAWN, steps=2, seed=4)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("leo") / "run")


@pytest.fixture
def person(tmp_path: Path) -> Path:
    write_frames(tmp_path / "person", 1, (SIDE, SIDE), seed=5)
    return tmp_path / "person" / "000000.png"


@pytest.fixture
def driving(tmp_path: Path) -> Path:
    write_frames(tmp_path / "driving", DRIVEN, (SIDE, SIDE), seed=3)
    return tmp_path / "driving"


@pytest.fixture
def line(run: Path, person: Path, driving: Path) -> tuple[object, ...]:
    return (
        "animate", "--checkpoint", run, "--source", person, "--driving", driving, "--device", "cpu",
    )  # fmt: skip


def opened(run: Path, person: Path, driving: Path, relative: bool) -> Animation:
    continuation = open_continuation(str(run), "cpu", HOW)
    return open_animation(
        str(run), person, driving, relative=relative, device="cpu", continuation=continuation
    )


@pytest.mark.parametrize("is_relative", [False, True])
def test_drawn_codes_go_on_from_the_last_driven_ones(
    run: Path, person: Path, driving: Path, is_relative: bool
) -> None:
    animation = opened(run, person, driving, is_relative)
    codes = torch.cat(list(animation.codes()))
    assert codes.shape == (DRIVEN + DRAWN, 20)
    model, video = LeoModel.open(run), animation.driving
    driven = model.animator.codes(video.read(0, range(DRIVEN)))
    if is_relative:
        driven = relative(driven, driven[0], model.animator.codes(animation.source[None])[0])
    torch.testing.assert_close(codes[:DRIVEN], driven, rtol=0, atol=1e-5)
    continuation = animation.continuation
    assert continuation is not None
    rollout = Rollout(model.motion, continuation.sampler)
    drawn = rollout.codes(
        codes[None, DRIVEN - 1], DRAWN + 1, [("continued", 4)], codes[None, : DRIVEN - 1]
    )
    assert torch.equal(codes[DRIVEN:], drawn[0, 1:])


def frames(path: Path) -> Tensor:
    return torch.from_numpy(np.load(path))


def test_the_command_writes_driven_frames_as_before_and_then_drawn_ones(
    leo_bench: Run,
    line: tuple[object, ...],
    run: Path,
    person: Path,
    driving: Path,
    tmp_path: Path,
) -> None:
    plain, longer = tmp_path / "plain.npy", tmp_path / "longer.npy"
    assert leo_bench(*line, "--out", plain).code == 0
    how = ("--continue", DRAWN, "--steps", 2, "--seed", 4)
    ended = leo_bench(*line, *how, "--out", longer)
    assert ended.code == 0, ended.err
    assert f"longer.npy: {DRIVEN + DRAWN} frames" in ended.out
    made = frames(longer)
    assert torch.equal(made[:DRIVEN], frames(plain))
    in_python = load_leo(run, device="cpu").animate(person, driving, go_on=DRAWN, seed=4, steps=2)
    assert torch.equal(in_python, to_pixels(made))
    assert not torch.equal(made[-1], made[DRIVEN - 1])


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("--seed", 1), "--seed: it is for --continue; leave it out"),
        (("--continue", 0), "'--continue': Input should be greater than or equal to 1"),
        (("--continue", 4, "--steps", 3), "ddim with 3 steps: they must divide"),
    ],
)
def test_options_that_do_not_fit_are_refused_in_one_line(
    leo_bench: Run, line: tuple[object, ...], tmp_path: Path, asked: tuple[object, ...], said: str
) -> None:
    ended = leo_bench(*line, *asked, "--out", tmp_path / "out.mkv")
    assert ended.code == 2, ended
    assert said in ended.err
    assert len(ended.err.strip().splitlines()) == 1, ended.err
    assert not (tmp_path / "out.mkv").exists()


def test_an_animator_alone_cannot_go_on(
    run: Path, person: Path, driving: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"is an animator alone, .* give --checkpoint a run"):
        open_continuation(str(model_file(run, "animator")), "cpu", HOW)
    with pytest.raises(InputError, match="is an animator alone"):
        open_continuation("vox.pt", "cpu", HOW)
    with pytest.raises(InputError, match="an animator alone, which cannot go on: drop go_on"):
        load_leo(model_file(run, "animator"), device="cpu").animate(person, driving, go_on=2)
    whole = make_run(tmp_path / "whole", *WHOLE)
    with pytest.raises(InputError, match="'none' cannot go on from given motion"):
        open_continuation(str(whole), "cpu", HOW)
    sparse = make_run(tmp_path / "sparse", "lmdm.frame_stride=2")
    with pytest.raises(InputError, match="one frame in 2, so motion would go on 2 times as fast"):
        open_continuation(str(sparse), "cpu", HOW)
