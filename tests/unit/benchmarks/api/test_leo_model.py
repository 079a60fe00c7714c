"""LEO in Python: the frames of the commands, to the bit, and what is refused."""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from tiny_run import make_run
from torch import Tensor

from conftest import Run, write_frames
from leo_bench.benchmarks.api.leo_model import Leo, load_leo
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.videos.discover import open_videos
from leo_bench.leo.networks.generator import Generator

SIZE = 16  # of the animator alone


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("leo") / "run")


@pytest.fixture(scope="module")
def leo(run: Path) -> Leo:
    return load_leo(run, device="cpu")


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    write_frames(tmp_path / "faces", 2, size=(32, 32), seed=3)
    return tmp_path / "faces"


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """An animator as LIA ships them."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = Generator(SIZE, channel_cap=8, style=12, directions=5)
    path = tmp_path / "vox.pt"
    torch.save({"gen": network.state_dict(), "args": argparse.Namespace(size=SIZE)}, path)
    return path


def as_written(folder: Path) -> Tensor:
    """The samples in a folder: uint8 [N,T,3,H,W]."""
    videos = [torch.from_numpy(np.load(path)) for path in sorted(folder.glob("sample-*.npy"))]
    return torch.stack(videos).permute(0, 1, 4, 2, 3)


@pytest.mark.parametrize(
    "options",
    [
        {"frames": 12},
        {"frames": 12, "seed": 3, "sampler": "dpm", "first_frame": "recon"},
        {"frames": 30, "transitions": True, "transition_every": 2},  # several windows
    ],
)
def test_samples_are_those_of_the_command(
    options: dict[str, Any], leo: Leo, run: Path, tmp_path: Path, leo_bench: Run
) -> None:
    line = ["sample", "--run", run, "--out", tmp_path / "out", "--format", "npy"]
    line += ["--count", 3, "--steps", 2, "--device", "cpu"]
    for name, value in options.items():
        line += [f"--{name.replace('_', '-')}", *([] if value is True else [value])]
    ended = leo_bench(*line)
    assert ended.code == 0, ended.err
    found = leo.sample(3, steps=2, **options)
    assert (found.dtype, found.shape) == (torch.uint8, (3, options["frames"], 3, 32, 32))
    assert torch.equal(found, as_written(tmp_path / "out"))


def test_given_first_frames_are_a_path_an_array_or_a_tensor(
    leo: Leo, run: Path, faces: Path, tmp_path: Path, leo_bench: Run
) -> None:
    ended = leo_bench(
        "sample", "--run", run, "--out", tmp_path / "out", "--format", "npy", "--count", 3,
        "--frames", 10, "--steps", 2, "--device", "cpu",
        "--mode", "conditional", "--start-frames", faces,
    )  # fmt: skip
    assert ended.code == 0, ended.err
    wanted = as_written(tmp_path / "out")
    array = np.stack([np.asarray(Image.open(path)) for path in sorted(faces.iterdir())])
    tensor = torch.from_numpy(array).permute(0, 3, 1, 2)
    for start in (faces, str(faces), array, tensor):
        assert torch.equal(leo.sample(3, 10, start=start, steps=2), wanted)
    assert torch.equal(leo.sample(1, 10, start=array[0], steps=2), wanted[:1])
    source = leo.sample(1, 2, "conditional", "toy-faces/test", steps=2)
    assert not torch.equal(source, wanted[:1, :2])


def test_a_part_that_is_cut_off_is_warned_of(leo: Leo) -> None:
    wide = np.zeros((1, 32, 64, 3), np.uint8)
    with pytest.warns(UserWarning, match="50 % of the picture is cut off, left and right"):
        leo.sample(1, 2, start=wide, steps=2)


def test_a_stream_gives_the_same_frames_one_by_one(leo: Leo) -> None:
    options = {"count": 3, "frames": 10, "steps": 2, "seed": 1}
    streamed = [torch.stack(list(video)) for video in leo.stream(**options)]  # type: ignore[arg-type]
    assert torch.equal(torch.stack(streamed), leo.sample(**options))  # type: ignore[arg-type]


@pytest.mark.parametrize("relative", [False, True])
def test_an_animation_is_that_of_the_command(
    relative: bool, checkpoint: Path, tmp_path: Path, leo_bench: Run
) -> None:
    write_frames(tmp_path / "driving", 20, (SIZE, SIZE), seed=3)
    write_frames(tmp_path / "person", 1, (24, 40), seed=5)
    picture, driving = tmp_path / "person" / "000000.png", tmp_path / "driving"
    ended = leo_bench(
        "animate", "--checkpoint", checkpoint, "--source", picture, "--driving", driving,
        "--out", tmp_path / "out.mkv", *(["--relative"] if relative else []),
    )  # fmt: skip
    assert ended.code == 0, ended.err
    wanted = open_videos(tmp_path / "out.mkv").read(0, range(20))
    lia = load_leo(checkpoint)
    with pytest.warns(UserWarning, match="40x24 is stretched to 16x16"):
        assert torch.equal(lia.animate(picture, driving, relative=relative), wanted)
    frames = open_videos(driving).read(0, range(20))
    pixels = np.asarray(Image.open(picture))
    with pytest.warns(UserWarning, match="source: 40x24 is stretched"):
        assert torch.equal(lia.animate(pixels, frames, relative=relative), wanted)
    video = frames.permute(0, 2, 3, 1).numpy()
    with pytest.warns(UserWarning, match="source: 40x24 is stretched"):
        assert torch.equal(lia.animate(pixels, video, relative=relative), wanted)


def test_a_runs_animator_animates(leo: Leo, faces: Path) -> None:
    found = leo.animate(faces / "000000.png", faces)
    assert (found.dtype, found.shape) == (torch.uint8, (2, 3, 32, 32))


def test_it_says_in_one_line_what_it_is(leo: Leo, run: Path, checkpoint: Path) -> None:
    stages = "animator, lmdm, frame-dm, transition-dm, cddpm"
    assert repr(leo) == f"<LEO {run}: 32x32; {stages}>"
    assert repr(load_leo("leo:toy-faces")).startswith("<LEO leo:toy-faces: 64x64; animator, lmdm")
    assert repr(load_leo(checkpoint)) == f"<LEO {checkpoint}: an animator alone>"


def floats(*shape: int) -> np.ndarray[Any, Any]:
    return np.zeros(shape, np.float32)


def test_floats_of_a_stated_range_and_videos_give_first_frames(leo: Leo, faces: Path) -> None:
    wanted = leo.sample(2, 4, start=faces, steps=2)
    array = np.stack([np.asarray(Image.open(path)) for path in sorted(faces.iterdir())])
    unit = array.astype(np.float32) / 255
    assert torch.equal(leo.sample(2, 4, start=unit, steps=2, value_range=(0, 1)), wanted)
    videos = np.stack([array, array[::-1]], axis=1)  # [2,2,H,W,3]
    assert torch.equal(leo.sample(2, 4, start=videos, steps=2), wanted)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mode": "conditional"}, "mode='conditional' needs first frames: give start="),
        (
            {"mode": "unconditional", "start": "toy-faces/test"},
            "mode='unconditional' draws first frames itself: leave start= out",
        ),
        ({"mode": "both"}, "sample: mode is 'both'"),
        ({"count": 0}, "sample: count is 0"),
        ({"steps": 3}, "3 steps: they must divide the 1000"),
        ({"start": "no-such-thing"}, "no-such-thing"),
        ({"start": floats(1, 32, 32, 3)}, r"start: floats; say value_range=\(0, 1\) or"),
        ({"start": [1, 2]}, "start: list; expected a path, an array or a tensor"),
        ({"start": floats(32, 32)}, r"start: shape \[32, 32\]; expected 3 or 4 or 5 axes"),
        ({"start": floats(2, 8, 8), "value_range": "01"}, r"start: 000000: shape \[1, 2, 8, 8\]"),
        ({"start": floats(3, 8, 3), "value_range": "01"}, "start: 000000: ambiguous colour axis"),
        ({"start": floats(0, 8, 8, 3)}, "start: holds no video"),
        ({"guidance": 2.0}, "guidance needs a cDDPM"),
    ],
)
def test_wrong_options_are_refused_in_one_line(
    options: dict[str, Any], message: str, leo: Leo
) -> None:
    with pytest.raises(InputError, match=message) as caught:
        leo.sample(**options)
    assert "\n" not in str(caught.value)


def test_what_a_model_lacks_is_refused_in_one_line(
    leo: Leo, tmp_path: Path, checkpoint: Path, faces: Path
) -> None:
    with pytest.raises(InputError, match=r"no run of leo-bench train .*; shipped are: toy-bodies"):
        load_leo("leo:no-such-model")
    with pytest.raises(InputError, match="banana: is not here"):
        load_leo("leo:toy-faces", device="banana")
    with pytest.raises(InputError, match="no PyTorch checkpoint"):
        load_leo(faces / "000000.png")
    with pytest.raises(InputError, match="has no transition-dm"):
        load_leo("leo:toy-faces").sample(1, 80, transitions=True)
    with pytest.raises(InputError, match=r"vox\.pt: an animator alone, which draws no motion"):
        load_leo(checkpoint).sample()
    write_frames(tmp_path / "two" / "a", 2)
    write_frames(tmp_path / "two" / "b", 2)
    with pytest.raises(InputError, match="2 videos are there; give one of them"):
        leo.animate(faces / "000000.png", tmp_path / "two")
    with pytest.raises(InputError, match="no such picture"):
        leo.animate("none.png", faces)
    with pytest.raises(InputError, match=r"source: shape \[2, 32, 32, 3\]; expected 3 axes"):
        leo.animate(np.zeros((2, 32, 32, 3), np.uint8), faces)
    with pytest.raises(InputError, match=r"driving: shape \[32, 32, 3\]; expected 4 axes"):
        leo.animate(faces / "000000.png", np.zeros((32, 32, 3), np.uint8))
    with pytest.raises(TypeError, match="unexpected keyword argument 'step'"):
        leo.sample(step=2)  # type: ignore[call-arg]
