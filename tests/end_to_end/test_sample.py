"""Samples of a tiny LEO: who decides what they are, whole folders of them, and what is refused."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from places import ROOT
from tiny_run import WHOLE, contents, make_run, tiny_config

from conftest import Run, write_frames
from leo_bench.benchmarks.worlds.world import WorldShape, open_world
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.features.single_thread_pool import Lanes
from leo_bench.evaluation.videos.source import VideoSource
from leo_bench.leo.sampling.drawing import Drawing
from leo_bench.leo.sampling.grid import renderings, tiled
from leo_bench.leo.sampling.model import LeoModel
from leo_bench.leo.sampling.options import SampleRow, Sampling
from leo_bench.leo.sampling.source import LeoSource

QUICK = ("--frames", 12, "--steps", 2, "--format", "npy", "--device", "cpu")
Source = Callable[..., LeoSource]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("leo") / "run")


@pytest.fixture
def source(run: Path) -> Source:
    def make(**options: object) -> LeoSource:
        sampling = Sampling.model_validate({"frames": 12, "steps": 2, "count": 10} | options)
        return LeoSource(Drawing(LeoModel.open(run), sampling))

    return make


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    """Two pictures, of another size than the model's."""
    write_frames(tmp_path / "faces", 2, size=(40, 48), seed=3)
    return tmp_path / "faces"


def toy_faces() -> VideoSource:
    return open_world("toy-faces", "test", WorldShape(resolution=32, frames=1, count=1))


def test_a_sample_depends_on_its_number_alone(source: Source) -> None:
    alone, among = source(count=10), source(count=17)
    wanted = alone.read(9, range(12))
    among.read(0, [3])
    assert torch.equal(torch.stack(list(among.stream(9))), wanted)
    assert torch.equal(among.read(9, [4, 7, 11]), wanted[[4, 7, 11]])
    assert not torch.equal(alone.codes(8), alone.codes(9))


def test_every_lane_computes_on_one_thread() -> None:
    before = torch.get_num_threads()
    lanes = Lanes(3)
    assert [lanes.submit(torch.get_num_threads).result() for _ in range(6)] == [1] * 6
    assert torch.get_num_threads() == before


@pytest.mark.parametrize("transitions", [False, True])
def test_no_code_is_repeated_at_a_seam(source: Source, transitions: bool) -> None:
    codes = source(frames=40, transitions=transitions).codes(0)
    assert codes.shape == (40, 20)
    assert (codes[1:] - codes[:-1]).abs().amax(dim=1).min() > 1e-3


def test_shorter_samples_are_the_beginning_of_longer_ones(source: Source) -> None:
    assert torch.equal(source(frames=12).codes(1), source(frames=40).codes(1)[:12])


def test_the_digest_tells_what_changes_frames_and_nothing_else(source: Source) -> None:
    digests = [
        source(**options).digest(3)
        for options in (
            {},
            {"seed": 1},
            {"steps": 4},
            {"sampler": "dpm"},
            {"sampler": "dpm-lu"},
            {"transitions": True},
            {"first_frame": "recon"},
            {"frames": 13},
        )
    ]
    assert len(set(digests)) == len(digests)
    assert source(count=11).digest(3) == digests[0]
    assert source().digest(4) not in digests


@pytest.mark.parametrize("condition", ["replace", "none", "concat-abs"])
def test_every_reading_of_the_motion_model_is_drawn_from(tmp_path: Path, condition: str) -> None:
    model = LeoModel.open(make_run(tmp_path / "run", *WHOLE, f"lmdm.condition={condition}"))
    drawn = Drawing(model, Sampling(frames=8, steps=2, count=2)).draw([SampleRow(0, 0, 0)])
    assert drawn.codes.shape == (1, 8, 20)
    assert drawn.firsts.shape == (1, 3, 32, 32)


def test_motion_that_cannot_go_on_is_asked_for_no_more_frames(tmp_path: Path) -> None:
    model = LeoModel(tmp_path, tiny_config(*WHOLE))
    assert Drawing(model, Sampling(frames=8))
    with pytest.raises(InputError, match="makes 8 frames and cannot go on"):
        Drawing(model, Sampling(frames=9))


def test_samples_begin_with_the_given_pictures(leo_bench: Run, run: Path, faces: Path) -> None:
    given = ("--mode", "conditional", "--start-frames", faces, "--count", 3)
    out, again = faces.parent / "samples", faces.parent / "recon"
    ended = leo_bench("sample", "--run", run, *QUICK, *given, "--out", out)
    assert ended.code == 0
    assert (
        f"note: first frames: {faces}: 2 of 2 are not square; 000000.png: of 48x40 the middle "
        "square of 40x40 is used; 17 % of the picture is cut off, left and right" in ended.err
    )
    recon = ("--first-frame", "recon")
    assert leo_bench("sample", "--run", run, *QUICK, *given, *recon, "--out", again).code == 0
    for i, name in enumerate(["000000", "000001", "000000"]):
        with Image.open(faces / f"{name}.png") as whole:
            picture = whole.crop((4, 0, 44, 40)).resize((32, 32), Image.Resampling.LANCZOS)
        frames, rendered = (np.load(f / f"sample-00000{i}.npy") for f in (out, again))
        np.testing.assert_array_equal(frames[0], np.asarray(picture))
        np.testing.assert_array_equal(frames[1:], rendered[1:])
        assert (frames[0] != rendered[0]).any()
    assert (np.load(out / "sample-000000.npy") != np.load(out / "sample-000002.npy")).any()


def test_drawn_first_frames_are_held_against_their_codes(
    leo_bench: Run, run: Path, source: Source, faces: Path, tmp_path: Path
) -> None:
    out = tmp_path / "drawn"
    sampled = leo_bench("sample", "--run", run, *QUICK, "--count", 3, "--out", out)
    assert sampled.code == 0
    found = json.loads((tmp_path / "drawn.first-codes.json").read_text())
    drawn = source(count=3)
    for index, (own, next_) in enumerate(zip(found["own"], found["next sample's"], strict=True)):
        seen = drawn.drawing.encode(drawn.first(index)[None])[0]
        assert own == pytest.approx(float((seen - drawn.codes(index)[0]).norm()), rel=1e-4)
        other = drawn.codes((index + 1) % 3)[0]
        assert next_ == pytest.approx(float((seen - other).norm()), rel=1e-4)
    mean = sum(found["own"]) / 3
    assert f"the code it was drawn for: {mean:.3g} (3 samples); to the code of" in sampled.err
    # Nothing lies between a given frame and its code.
    given = ("--mode", "conditional", "--start-frames", faces, "--count", 1)
    sampled = leo_bench("sample", "--run", run, *QUICK, *given, "--out", tmp_path / "given")
    assert sampled.code == 0
    assert "it was drawn for" not in sampled.err
    assert not (tmp_path / "given.first-codes.json").exists()


def test_two_processes_write_what_one_writes(
    leo_bench: Run, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = ("sample", "--run", run, *QUICK, "--count", 10)
    assert leo_bench(*sample, "--out", tmp_path / "one").code == 0
    monkeypatch.setenv("WORLD_SIZE", "2")
    written = []
    for rank in ("1", "0"):
        monkeypatch.setenv("RANK", rank)
        assert leo_bench(*sample, "--out", tmp_path / "two").code == 0
        written.append(len(list((tmp_path / "two").glob("*.npy"))))
    assert written == [2, 10]
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_a_killed_command_goes_on(leo_bench: Run, run: Path, tmp_path: Path) -> None:
    line = ["sample", "--run", run, *QUICK, "--frames", 200, "--count", 3]
    out = tmp_path / "killed"
    code = "from leo_bench.benchmarks.cli.main import main; main()"
    command = [sys.executable, "-c", code, *map(str, line), "--out", str(out)]
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ)
    while not list(out.glob(".unfinished-0/.writing-*/*")):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert len(list(out.glob("*.npy"))) < 3
    assert leo_bench(*line, "--out", out).code == 0
    assert not list(out.glob(".*"))
    assert leo_bench(*line, "--out", tmp_path / "whole").code == 0
    assert contents(out) == contents(tmp_path / "whole")
    for kind in ("png", "first-codes.json"):
        made, whole = (tmp_path / f"{name}.{kind}" for name in ("killed", "whole"))
        assert made.read_bytes() == whole.read_bytes()


def test_every_stage_is_asked_for_the_steps_before_one_is_drawn(tmp_path: Path) -> None:
    model = LeoModel.open(make_run(tmp_path / "run", "cddpm.diffusion.steps=100"))
    for sampling in (Sampling(steps=100), Sampling(steps=1000, mode="conditional")):
        starts = toy_faces() if sampling.mode == "conditional" else None
        assert LeoSource(Drawing(model, sampling, starts)).names
    with pytest.raises(InputError, match="1000 steps: they must divide the 100"):
        LeoSource(Drawing(model, Sampling(steps=1000)))


@pytest.mark.parametrize("mode", ["unconditional", "conditional"])
def test_a_grid_shares_the_face_or_the_motion(run: Path, faces: Path, mode: str) -> None:
    from leo_bench.benchmarks.sources.start_frames import open_start_frames
    from leo_bench.evaluation.videos.discover import open_videos

    starts = open_start_frames(str(faces), lambda spec: open_videos(Path(spec)))
    sampling = Sampling(frames=10, steps=2, mode=mode)
    drawing = Drawing(LeoModel.open(run), sampling, starts if mode == "conditional" else None)
    motions, people = (renderings(drawing, kind, 2) for kind in ("motions", "faces"))
    firsts = [[video.itself for video in videos] for videos in (motions, people)]
    moves = [[video.codes - video.codes[0] for video in videos] for videos in (motions, people)]
    assert torch.equal(*firsts[0])
    assert not torch.equal(*firsts[1])
    assert (moves[0][0] - moves[0][1]).abs().max() > 0.1
    torch.testing.assert_close(*moves[1])
    assert next(tiled([video.stream() for video in motions])).shape == (3, 32, 64)


def test_a_grid_is_a_picture_and_a_video(leo_bench: Run, run: Path, tmp_path: Path) -> None:
    grid = ("--grid", "motions", "--count", 3, "--out", tmp_path)
    outcome = leo_bench("sample", "--run", run, *QUICK, *grid)
    assert outcome.code == 0, outcome
    assert np.load(tmp_path / "grid-motions.npy").shape == (12, 64, 64, 3)
    with Image.open(tmp_path / "grid-motions.png") as picture:
        assert picture.height == 3 * 34 - 2


def test_samples_are_scored_without_files(leo_bench: Run, run: Path, tmp_path: Path) -> None:
    line = ("--frames", 10, "--clips", 3, "--resolution", 32, "--extractor", "pixels")
    record = tmp_path / "record.json"
    outcome = leo_bench(
        "fvd", "--dataset", "toy-faces", "--fake", f"leo:{run}?steps=2&seed=1", *line,
        "--device", "cpu", "--json", record,
    )  # fmt: skip
    assert outcome.code == 0, outcome
    assert '"name":"leo:' in record.read_text().replace(" ", "")
    assert "ddim in 2 steps, seed 1" in outcome.err
