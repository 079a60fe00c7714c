"""`leo-bench animate`: a checkpoint as LIA ships them, a picture and a video in, a video out."""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import ExifTags, Image
from tiny_run import contents, make_run
from torch import Tensor

from conftest import Run, write_frames
from leo_bench.benchmarks.prepare.reading import frame_rate
from leo_bench.evaluation.videos.discover import open_videos
from leo_bench.evaluation.videos.write import write_video
from leo_bench.leo.config import load_config
from leo_bench.leo.networks.generator import Generator
from leo_bench.leo.networks.layers import from_pixels, to_pixels
from leo_bench.leo.sampling.model import model_file
from leo_bench.leo.training.run_folder import RunFolder

SIZE = 16


def network() -> Generator:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Generator(SIZE, channel_cap=8, style=12, directions=5).requires_grad_(False)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    path = tmp_path / "vox.pt"
    torch.save({"gen": network().state_dict(), "args": argparse.Namespace(size=SIZE)}, path)
    return path


@pytest.fixture
def driving(tmp_path: Path) -> Path:
    write_frames(tmp_path / "driving", 20, (SIZE, SIZE), seed=3)
    return tmp_path / "driving"


@pytest.fixture
def animate(checkpoint: Path, driving: Path, leo_bench: Run) -> Callable[..., str]:
    def run(source: Path, out: Path, *more: object) -> str:
        outcome = leo_bench(
            "animate", "--checkpoint", checkpoint, "--source", source, "--driving", driving,
            "--out", out, *more,
        )  # fmt: skip
        assert outcome.code == 0, outcome.err
        return outcome.err

    return run


def pictures(folder: Path) -> Tensor:
    """float32 [T,3,H,W], -1..1."""
    videos = open_videos(folder)
    return from_pixels(videos.read(0, range(videos.frame_counts[0])))


def test_floats_are_the_networks_own(
    tmp_path: Path, driving: Path, animate: Callable[..., str]
) -> None:
    write_frames(tmp_path / "person", 1, (SIZE, SIZE), seed=5)
    said = animate(tmp_path / "person" / "000000.png", tmp_path / "out.npy")
    assert "unused by design" in said
    assert "resized" not in said
    frames = torch.from_numpy(np.load(tmp_path / "out.npy"))
    source = pictures(tmp_path / "person").expand(20, -1, -1, -1)
    expected = network()(source, pictures(driving))
    assert frames.dtype == torch.float32
    torch.testing.assert_close(frames, expected, rtol=0, atol=1e-4)


def test_relative_motion_begins_at_the_source(
    tmp_path: Path, driving: Path, animate: Callable[..., str]
) -> None:
    write_frames(tmp_path / "person", 1, (SIZE, SIZE), seed=5)
    animate(tmp_path / "person" / "000000.png", tmp_path / "out.npy", "--relative")
    frames = torch.from_numpy(np.load(tmp_path / "out.npy"))
    source, net = pictures(tmp_path / "person"), network()
    torch.testing.assert_close(frames[:1], net(source, source), rtol=0, atol=1e-4)
    absolute = net(source, pictures(driving)[:1])
    assert float((frames[:1] - absolute).abs().max()) > 1e-3


def test_a_lossless_video_holds_the_floats_rounded(
    tmp_path: Path, animate: Callable[..., str]
) -> None:
    write_frames(tmp_path / "person", 1, (24, 40), seed=5)
    source = tmp_path / "person" / "000000.png"
    said = animate(source, tmp_path / "out.npy")
    assert "40x24 is stretched to 16x16 by Pillow's bicubic: nothing is cut off" in said
    assert "its width shrinks by 40 % against the other side" in said
    animate(source, tmp_path / "out.mkv")
    floats = torch.from_numpy(np.load(tmp_path / "out.npy"))
    stored = open_videos(tmp_path / "out.mkv").read(0, range(20))
    assert torch.equal(stored, to_pixels(floats))


def test_the_rate_is_the_driving_videos(
    tmp_path: Path, checkpoint: Path, driving: Path, leo_bench: Run
) -> None:
    frames = open_videos(driving).read(0, range(3))
    write_video(tmp_path / "slow.mkv", iter(frames), 12.5)
    line = ("animate", "--checkpoint", checkpoint, "--source", driving / "000000.png")
    for motion, more, rate in (
        (tmp_path / "slow.mkv", (), 12.5),
        (tmp_path / "slow.mkv", ("--fps", 30), 30),
        (driving, (), 25),
    ):
        out = tmp_path / f"{rate}.mkv"
        outcome = leo_bench(*line, "--driving", motion, "--out", out, *more)
        assert outcome.code == 0, outcome.err
        assert frame_rate(out) == rate


def test_a_run_and_a_shipped_model_give_their_animators(
    tmp_path: Path, driving: Path, leo_bench: Run
) -> None:
    run = make_run(tmp_path / "run")
    line = ("animate", "--source", driving / "000000.png", "--driving", driving)
    for number, checkpoint in enumerate((run, model_file(run, "animator"))):
        outcome = leo_bench(*line, "--checkpoint", checkpoint, "--out", tmp_path / f"{number}.npy")
        assert outcome.code == 0, outcome.err
    assert (tmp_path / "0.npy").read_bytes() == (tmp_path / "1.npy").read_bytes()
    for name in ("leo:toy-faces", "toy-faces"):
        out = tmp_path / f"{len(name)}.npy"
        outcome = leo_bench(*line, "--checkpoint", name, "--out", out)
        assert outcome.code == 0, outcome.err
        assert np.load(out).shape == (20, 3, 64, 64)


def test_a_turned_photo_is_used_upright(tmp_path: Path, animate: Callable[..., str]) -> None:
    write_frames(tmp_path / "person", 1, (SIZE, SIZE), seed=5)
    with Image.open(tmp_path / "person" / "000000.png") as upright:
        exif = Image.Exif()
        exif[ExifTags.Base.Orientation] = 6  # to be turned right
        turned = upright.transpose(Image.Transpose.ROTATE_90)
        turned.save(tmp_path / "turned.png", exif=exif)
    for name in ("person/000000.png", "turned.png"):
        animate(tmp_path / name, tmp_path / f"{name[0]}.npy")
    assert (tmp_path / "p.npy").read_bytes() == (tmp_path / "t.npy").read_bytes()


@pytest.mark.parametrize("name", ["person.png", "motion.mkv", "earlier.npy", "folder"])
def test_what_is_there_is_not_replaced(
    tmp_path: Path, checkpoint: Path, driving: Path, leo_bench: Run, name: str
) -> None:
    write_video(tmp_path / "motion.mkv", iter(open_videos(driving).read(0, range(2))), 25)
    (tmp_path / "person.png").write_bytes((driving / "000000.png").read_bytes())
    (tmp_path / "earlier.npy").write_bytes(b"an earlier one")
    (tmp_path / "folder").mkdir()
    before = contents(tmp_path)
    outcome = leo_bench(
        "animate", "--checkpoint", checkpoint, "--source", tmp_path / "person.png",
        "--driving", tmp_path / "motion.mkv", "--out", tmp_path / name,
    )  # fmt: skip
    assert outcome.code == 2
    told = f"{tmp_path / name}: is there already; give another --out, or remove it"
    assert outcome.err == f"leo-bench: {told}\n"  # and no note: nothing was opened
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--checkpoint", "none.pt", "no such file"),
        ("--checkpoint", "driving/000000.png", "no PyTorch checkpoint"),
        ("--checkpoint", "two", "no run of leo-bench train"),
        ("--checkpoint", "begun", "leo-bench train animator --run"),
        ("--source", "none.png", "no such picture"),
        ("--source", "vox.pt", "not a picture"),
        ("--driving", "none.mp4", "none.mp4"),
        ("--driving", "two", "2 videos are there; give one of them"),
        ("--out", "out.webm", "cannot write .webm"),
        ("--device", "banana", "banana: is not here; here are cpu"),
        ("--fps", "inf", "--fps inf: must be a finite number"),
    ],
)
def test_bad_input_stops_with_one_line(
    option: str, value: str, message: str, tmp_path: Path, checkpoint: Path, driving: Path,
    leo_bench: Run,
) -> None:  # fmt: skip
    for name in ("a", "b"):
        write_frames(tmp_path / "two" / name, 2, (SIZE, SIZE))
    RunFolder.create(tmp_path / "begun", load_config("toy64"))
    options = {
        "--checkpoint": checkpoint,
        "--source": driving / "000000.png",
        "--driving": driving,
        "--out": tmp_path / "out.npy",
        option: value if option in ("--device", "--fps") else tmp_path / value,
    }
    outcome = leo_bench("animate", *(word for pair in options.items() for word in pair))
    assert outcome.code == 2
    assert message in outcome.err
    assert len(outcome.err.strip().splitlines()) <= 3  # the last after notes
    assert "weights_only" not in outcome.err
    assert not list(tmp_path.glob("*.part"))
