"""`leo-bench sample` with direction: what the options make, leave as it was, and refuse."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_run import make_run
from torch import Tensor

from conftest import Run, write_frames
from leo_bench.benchmarks.api.leo_model import load_leo
from leo_bench.benchmarks.runs.sampling import SampleRequest
from leo_bench.benchmarks.sources.leo_samples import LeoPlace, open_leo
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.videos.tensors import TensorVideos
from leo_bench.leo.sampling.drawing import Drawing
from leo_bench.leo.sampling.edit import edited
from leo_bench.leo.sampling.grid import renderings
from leo_bench.leo.sampling.model import LeoModel, model_file
from leo_bench.leo.sampling.options import Sampling
from leo_bench.leo.sampling.source import LeoSource

PICTURES = torch.randint(0, 256, (2, 1, 3, 32, 32), generator=torch.Generator().manual_seed(0))
POSES = TensorVideos(
    "poses", {f"{i}": video.to(torch.uint8) for i, video in enumerate(PICTURES)}, "round", None
)
GIVEN = ("--mode", "conditional", "--start-frames", "{faces}")
Source = Callable[..., LeoSource]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("leo") / "run")


@pytest.fixture(scope="module")
def source(run: Path) -> Source:
    model = LeoModel.open(run)

    def make(
        starts: TensorVideos | None = None, ends: TensorVideos | None = None, **options: object
    ) -> LeoSource:
        given = {"frames": 12, "steps": 2, "count": 2, **options}
        mode = "unconditional" if starts is None else "conditional"
        sampling = Sampling.model_validate({"mode": mode, **given})
        return LeoSource(Drawing(model, sampling, starts, ends=ends))

    return make


def frames(count: int) -> Tensor:
    return PICTURES[0].expand(count, -1, -1, -1).to(torch.uint8)


def codes(source: LeoSource) -> Tensor:
    return torch.stack([source.codes(0), source.codes(1)])


def test_options_that_are_off_are_in_no_settings_and_no_digest() -> None:
    sampling = Sampling()
    dumped = SampleRequest(run="r", sampling=sampling).model_dump(mode="json")
    assert "to" not in dumped
    assert not {"motion_scale", "speed", "loop", "to_frame"} & set(dumped["sampling"])
    asked = {"motion_scale": 2.0, "speed": 0.5, "loop": "transition", "to_frame": 3}
    assert asked.items() <= Sampling.model_validate(asked).model_dump(mode="json").items()
    assert SampleRequest(run="r", sampling=sampling, to="a").model_dump()["to"] == "a"


def test_direction_is_in_the_digest(source: Source) -> None:
    digests = [
        source(**options).digest(0)
        for options in (
            {},
            {"motion_scale": 0.5},
            {"speed": 2.0},
            {"loop": "transition"},
            {"loop": "there-and-back"},
            {"ends": POSES},
            {"starts": POSES},
        )
    ]
    assert len(set(digests)) == len(digests)


def test_a_still_and_twice_the_speed_of_the_same_motion(source: Source) -> None:
    drawn = codes(source(frames=23))
    assert torch.equal(codes(source(motion_scale=0)), drawn[:, :1].expand(-1, 12, -1))
    assert torch.equal(codes(source(speed=2)), drawn[:, ::2])


def test_a_loop_begins_as_the_motion_and_comes_back(source: Source) -> None:
    loop = codes(source(frames=12, loop="transition"))
    drawn = codes(source(frames=6))  # 8 codes of a transition, of which both ends are there
    assert torch.equal(loop[:, :6], drawn)
    back = codes(source(frames=12, loop="there-and-back"))
    assert torch.equal(back[:, :7], codes(source(frames=7)))
    assert torch.equal(back[:, 7:], back[:, 1:6].flip(1))


def test_a_sample_ends_in_the_code_of_the_picture(source: Source) -> None:
    for starts in (None, POSES):
        made = source(starts=starts, ends=POSES)
        poses = made.drawing.encode(PICTURES[:, 0].to(torch.uint8))
        assert torch.equal(codes(made)[:, -1], poses)
        assert torch.equal(codes(made)[:, :5], codes(source(starts=starts, frames=5)))
        assert "ending in given poses" in made.notes[0]


def test_all_options_together_keep_their_order(source: Source) -> None:
    made = source(ends=POSES, motion_scale=0.5, speed=2)
    drawn = codes(source(frames=9))
    half = drawn[:, :1] + 0.5 * (drawn - drawn[:, :1])
    assert torch.equal(codes(made)[:, :5], half[:, ::2])
    poses = made.drawing.encode(PICTURES[:, 0].to(torch.uint8))
    assert torch.equal(codes(made)[:, -1], poses)


def test_clamped_motion_is_noted(source: Source) -> None:
    assert source(motion_scale=1.0).clamped_note() is None
    assert "of the codes left the range of training" in str(source(motion_scale=50).clamped_note())


def test_the_command_and_python_make_the_same_frames(
    leo_bench: Run, run: Path, tmp_path: Path
) -> None:
    write_frames(tmp_path / "clip", 3, size=(40, 48), seed=3)
    clip = tmp_path / "clip.npy"
    poses = np.random.default_rng(0).integers(0, 256, (1, 3, 32, 32, 3), dtype=np.uint8)
    np.save(clip, poses)
    line = ("sample", "--run", run, "--frames", 12, "--steps", 2, "--count", 1, "--format", "npy")
    asked = ("--motion-scale", 50, "--speed", 0.5, "--to", clip, "--to-frame", 2)
    outcome = leo_bench(*line, *asked, "--device", "cpu", "--out", tmp_path / "out")
    assert outcome.code == 0, outcome.err
    assert "note: motion times 50" in outcome.err
    written = torch.from_numpy(np.load(tmp_path / "out" / "sample-000000.npy"))
    with pytest.warns(UserWarning, match="motion times 50"):
        made = load_leo(run, device="cpu").sample(
            1, 12, steps=2, motion_scale=50, speed=0.5, to=poses, to_frame=2
        )
    assert torch.equal(written.reshape(-1, 32, 32, 3), made[0].permute(0, 2, 3, 1))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("--loop", "transition", "--to", "{faces}"), "drop --loop or --to"),
        (("--loop", "transition", "--frames", 7), "ask for 8 or more"),
        (("--to-frame", 2), "it is for --to"),
        (("--to", "{faces}", "--to-frame", 2), "--to-frame 2: 000000.png ends at frame 1"),
        (("--speed", 0), "speed is 0"),
        (("--speed", 1e5), "speed is 100000.0: .* less than or equal to 100"),
        (("--motion-scale", -1), "motion_scale is -1"),
        (("--motion-scale", 1e39), r"motion_scale is 1e\+39: .* less than or equal to 100"),
        (("--guidance", 1e39), r"guidance is 1e\+39: .* less than or equal to 100"),
        (("--reencode", "runs", "--speed", 2), "reencode=runs: .* leave motion_scale, speed, loop"),
        (
            (*GIVEN, "--to", "{faces}", "--grid", "faces", "--count", 2),
            "leave --to out, or take --grid motions",
        ),
    ],
)
def test_what_does_not_go_together_is_refused_in_one_line(
    leo_bench: Run, run: Path, tmp_path: Path, asked: tuple[object, ...], said: str
) -> None:
    write_frames(tmp_path / "faces", 2, size=(32, 32), seed=3)
    filled = [str(word).replace("{faces}", str(tmp_path / "faces")) for word in asked]
    line = ("sample", "--run", run, "--frames", 12, "--steps", 2, "--device", "cpu")
    ended = leo_bench(*line, *filled, "--out", tmp_path / "out")
    assert ended.code == 2, ended
    assert len(ended.err.strip().splitlines()) == 1, ended.err
    assert re.search(said, ended.err), ended.err


def test_a_model_without_transitions_says_what_is_missing(source: Source, tmp_path: Path) -> None:
    bare = make_run(tmp_path / "run")
    model_file(bare, "transition-dm").unlink()
    model = LeoModel.open(bare)
    for options, ends in (({"loop": "transition"}, None), ({}, POSES)):
        sampling = Sampling.model_validate({"frames": 12, "steps": 2, **options})
        with pytest.raises(InputError, match=r"not trained yet; .*train transition-dm"):
            LeoSource(Drawing(model, sampling, ends=ends))
    back = Sampling(frames=12, steps=2, count=1, loop="there-and-back")
    assert len(LeoSource(Drawing(model, back)).codes(0)) == 12


def test_what_cannot_be_drawn_is_refused_before_anything_is_drawn(
    source: Source, run: Path
) -> None:
    for options in ({"loop": "transition", "frames": 7}, {"ends": POSES, "frames": 8}):
        with pytest.raises(InputError, match="for a transition; ask for"):
            source(**options)
    two = TensorVideos("poses", {"a": frames(3), "b": frames(2)}, "round", None)
    with pytest.raises(InputError, match="--to-frame 3: b ends at frame 2"):
        source(ends=two, to_frame=3)
    source(ends=two, to_frame=3, count=1)  # b is not used
    place = LeoPlace(lambda spec, side: POSES, frames=7, device="cpu")
    with pytest.raises(InputError, match="--loop transition takes the last 6 frames"):
        open_leo(f"{run}?loop=transition&steps=2", place)
    with pytest.raises(InputError, match=r"frames is '1000000000000': .* equal to 10000000"):
        open_leo(f"{run}?frames=1000000000000", LeoPlace(place.open_start))


def test_edits_and_grids_keep_direction(source: Source) -> None:
    drawing = source(ends=POSES).drawing
    poses = drawing.encode(PICTURES[:, 0].to(torch.uint8))
    grid = renderings(drawing, "motions", 2)
    assert torch.equal(torch.stack([video.codes[-1] for video in grid]), poses)
    picture = PICTURES[1, 0].to(torch.uint8)
    made = source(ends=POSES)
    assert torch.equal(edited(made, 0, picture, repose=False).codes, made.codes(0))
    with pytest.raises(InputError, match="--repose moves all codes"):
        edited(made, 0, picture, repose=True)
