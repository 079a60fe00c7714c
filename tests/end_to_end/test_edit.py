"""Samples with an edited first frame: the motion stays, and every editor is held to its word."""

import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tiny_run import make_run

from conftest import Run
from leo_bench.benchmarks.prepare.reading import frame_rate
from leo_bench.benchmarks.runs.sampling import Place, SampleRequest, write_samples
from leo_bench.leo.sampling.drawing import Drawing
from leo_bench.leo.sampling.edit import edges, edited
from leo_bench.leo.sampling.model import LeoModel
from leo_bench.leo.sampling.options import Sampling
from leo_bench.leo.sampling.source import LeoSource

NEGATE = (
    "import sys; from PIL import Image, ImageOps; "
    "ImageOps.invert(Image.open(sys.argv[1])).save(sys.argv[2])"
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("leo") / "run")


@pytest.fixture(scope="module")
def samples(run: Path) -> Path:
    """Two samples of three frames."""
    sampling = Sampling(frames=3, steps=2, count=2)
    request = SampleRequest(run=str(run), sampling=sampling, format="npy")
    write_samples(request, Place(run.parent / "samples", device="cpu"))
    return run.parent / "samples"


@pytest.fixture
def refused(leo_bench: Run, tmp_path: Path) -> Callable[..., str]:
    def refuse(*arguments: object) -> str:
        outcome = leo_bench("edit", *arguments, "--out", tmp_path / "out")
        assert outcome.code == 2, outcome
        assert len(outcome.err.strip().splitlines()) == 1, outcome.err
        return outcome.err

    return refuse


def test_first_frames_come_out_and_go_in_again(
    leo_bench: Run, samples: Path, tmp_path: Path
) -> None:
    frames, out = tmp_path / "frames", tmp_path / "edited"
    line = ("edit", "--sample-from", samples)
    assert leo_bench(*line, "--first-frames", "--out", frames).code == 0
    assert leo_bench(*line, "--edited", frames, "--out", out).code == 0
    for name in ("sample-000000.npy", "sample-000001.npy"):
        assert (out / name).read_bytes() == (samples / name).read_bytes()
    assert (tmp_path / "edited.png").is_file()


def test_a_sample_without_an_edited_picture_is_named_or_counted(
    leo_bench: Run, refused: Callable[..., str], samples: Path, tmp_path: Path
) -> None:
    frames, out = tmp_path / "frames", tmp_path / "out"
    line = ("--sample-from", samples)
    assert leo_bench("edit", *line, "--first-frames", "--out", frames).code == 0
    (frames / "sample-000001.png").unlink()
    for asked in (("--index", 0, "--index", 1), ("--index", 1)):
        said = refused(*line, *asked, "--edited", frames)
        assert f"{frames}: no picture there is called sample-000001.png" in said
        assert "leave --index 1 out" in said
    first = frames / "sample-000000.png"
    whole = first.read_bytes()
    first.write_bytes(b"no picture")
    said = refused(*line, "--edited", frames)
    assert f"{first}: " in said
    assert "give another picture" in said
    first.write_bytes(whole)
    assert not out.exists()
    outcome = leo_bench("edit", *line, "--edited", frames, "--out", out)
    assert outcome.code == 0, outcome
    assert f"note: {frames}: no edited picture for 1 of 2 samples" in outcome.err
    assert [path.name for path in out.iterdir()] == ["sample-000000.npy"]
    alone = leo_bench("edit", *line, "--index", 0, "--edited", frames, "--out", tmp_path / "one")
    assert alone.code == 0, alone
    assert "note" not in alone.err


def test_what_is_there_is_not_replaced(
    leo_bench: Run, refused: Callable[..., str], samples: Path, tmp_path: Path
) -> None:
    line, out = ("--sample-from", samples), tmp_path / "out"
    assert leo_bench("edit", *line, "--first-frames", "--index", 1, "--out", out).code == 0
    edit = out / "sample-000001.png"
    edit.write_bytes(b"edited by hand")
    assert f"{edit}: is there already" in refused(*line, "--first-frames")
    assert [path.name for path in out.glob("s*")] == [edit.name]
    assert edit.read_bytes() == b"edited by hand"
    assert f"{out}: is not empty" in refused(*line, "--command", "no-such-program {in} {out}")
    edit.unlink()
    strip = tmp_path / "out.png"
    strip.write_bytes(b"a photo")
    command = f"{shlex.join([sys.executable, '-c', NEGATE])} {{in}} {{out}}"
    assert f"{strip}: is there already" in refused(*line, "--command", command)
    assert strip.read_bytes() == b"a photo"
    assert not list(out.glob("s*"))


def test_a_program_edits(leo_bench: Run, samples: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = f"{shlex.join([sys.executable, '-c', NEGATE])} {{in}} {{out}}"
    line = ("--sample-from", samples, "--index", 1, "--command", command)
    outcome = leo_bench("edit", *line, "--out", out)
    assert outcome.code == 0, outcome
    assert [path.name for path in out.iterdir()] == ["sample-000001.npy"]
    before, after = (np.load(folder / "sample-000001.npy") for folder in (samples, out))
    np.testing.assert_array_equal(after[0], 255 - before[0])
    assert (after[1:] != before[1:]).any()


@pytest.mark.parametrize("repose", [False, True])
def test_codes_stay_or_begin_at_the_edited_picture(run: Path, repose: bool) -> None:
    source = LeoSource(Drawing(LeoModel.open(run), Sampling(frames=4, steps=2, count=1)))
    picture = 255 - source.first(0)
    video, codes = edited(source, 0, picture, repose=repose), source.codes(0)
    first = source.drawing.encode(picture[None])[0] if repose else codes[0]
    torch.testing.assert_close(video.codes, first + codes - codes[0])
    assert torch.equal(video.codes, codes) is not repose


def test_a_picture_is_edited_without_samples(leo_bench: Run, run: Path, tmp_path: Path) -> None:
    for name, shade in (("grey", 99), ("bright", 200)):
        Image.new("RGB", (32, 32), (shade,) * 3).save(tmp_path / f"{name}.png")
    line = ("--source", tmp_path / "grey.png", "--edited", tmp_path / "bright.png")
    how = ("--frames", 2, "--steps", 2, "--format", "npy", "--device", "cpu")
    outcome = leo_bench("edit", "--run", run, *line, *how, "--out", tmp_path / "out")
    assert outcome.code == 0, outcome
    assert (np.load(tmp_path / "out" / "sample-000000.npy")[0] == 200).all()


def test_edges_are_white_where_brightness_steps() -> None:
    picture = torch.zeros(3, 8, 8, dtype=torch.uint8)
    picture[:, :, 4:] = 255
    found = edges(picture)
    assert found[0, 4].tolist() == [0, 0, 0, 255, 255, 0, 0, 0]


def test_another_model_does_not_draw_them_again(
    refused: Callable[..., str], samples: Path, tmp_path: Path
) -> None:
    other = shutil.copytree(samples, tmp_path / "other")
    settings = other / "sample.json"
    settings.write_text(settings.read_text().replace('"model": "', '"model": "0'))
    said = refused("--sample-from", other, "--command", "x {in} {out}")
    assert "other settings: model is" in said


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), "exactly one of --edited"),
        (("--command", "x {in}"), "needs {in} and {out}"),
        (("--command", "no-such-program {in} {out}"), "no-such-program: No such file"),
        (("--command", "false {in} {out}"), "exit code 1"),
        (("--index", 0, "--edited", "nowhere.png"), "no such picture"),
        (("--controlnet", "nowhere", "--prompt", "a fox"), "--controlnet"),
        (("--index", 7, "--edited", "x.png"), "no sample 7"),
        (("--index", -1, "--edited", "x.png"), "no sample -1"),
        (("--index", 0, "--index", 1, "--edited", "x.png"), "one picture for 2 samples"),
        (("--edited", "x.png"), "one picture for 2 samples"),
        (("--command", "cp '{in} {out}"), "No closing quotation"),
        (("--controlnet", "nowhere"), "needs --prompt"),
        (("--controlnet", "nowhere", "--prompt", " "), "needs --prompt"),
        (("--command", "x {in} {out}", "--prompt", "a fox"), "--prompt: it is for --controlnet"),
        (("--command", "x {in} {out}", "--steps", 5), "--steps: the samples of --sample-from"),
        (("--command", "x {in} {out}", "--seed", 5), "--seed: the samples of --sample-from"),
        (("--command", "x {in} {out}", "--fps", "nan"), "--fps nan: must be a finite number"),
        (("--command", "x {in} {out}", "--device", "banana"), "banana: is not here"),
        (("--first-frames", "--format", "npy"), "--format: --first-frames writes pictures"),
    ],
)
def test_bad_options_of_edit(
    refused: Callable[..., str], samples: Path, options: tuple[object, ...], expected: str
) -> None:
    assert expected in refused("--sample-from", samples, *options)


def test_edits_are_stored_as_asked_and_what_is_no_sample_is_left_alone(
    leo_bench: Run, samples: Path, tmp_path: Path
) -> None:
    kept = shutil.copytree(samples, tmp_path / "kept")
    shutil.copy(kept / "sample-000000.npy", kept / "sample-backup.npy")
    Image.new("RGB", (32, 32)).save(tmp_path / "black.png")
    line = ("edit", "--sample-from", kept, "--index", 0, "--edited", tmp_path / "black.png")
    how = ("--format", "mkv", "--fps", 12, "--device", "cpu")
    outcome = leo_bench(*line, *how, "--out", tmp_path / "out")
    assert outcome.code == 0, outcome
    assert frame_rate(tmp_path / "out" / "sample-000000.mkv") == 12


def test_a_source_has_no_numbers(refused: Callable[..., str], run: Path) -> None:
    said = refused("--run", run, "--source", "face.png", "--index", 1, "--edited", "x.png")
    assert "--index: --source gives one sample" in said


def test_neither_samples_nor_a_picture(refused: Callable[..., str], run: Path) -> None:
    assert "--sample-from" in refused("--run", run, "--edited", "x.png")
