"""--crop through the commands: photos and videos as they come, and training videos."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import ExifTags, Image
from tiny_run import make_run
from torch import Tensor

from conftest import Run
from leo_bench.benchmarks.api.leo_model import load_leo
from leo_bench.benchmarks.worlds.world import WorldShape, open_world
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.videos.discover import open_videos
from leo_bench.leo.data.encode import CODES, read_codes

GREY = torch.full((3, 128, 60), 90, dtype=torch.uint8)


def face(number: int = 11, frame: int = 0) -> Tensor:
    """uint8 [3,128,128] in which MTCNN finds one face."""
    return open_world("toy-faces", "test", WorldShape(128, 12, 4)).read(number, [frame])[0]


def write(path: Path, *parts: Tensor, orientation: int = 1) -> Path:
    """Parts side by side; with an EXIF orientation of 6 they are stored lying on the left side."""
    picture = torch.cat(parts, dim=2)
    if orientation == 6:
        picture = picture.rot90(1, (1, 2))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture.permute(1, 2, 0).contiguous().numpy()).save(path, exif=exif)
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("crop") / "run")


def sampled(leo_bench: Run, run: Path, picture: Path, out: Path, *more: object) -> tuple[str, dict]:
    line = ("--count", 1, "--frames", 2, "--steps", 1, "--format", "frames", "--device", "cpu")
    given = ("--run", run, "--start-frames", picture, "--mode", "conditional", "--out", out)
    ended = leo_bench("sample", *given, *line, *more)
    assert ended.code == 0, ended
    return ended.err, json.loads((out / "sample.json").read_text())


def test_a_rotated_photo_is_cropped_as_an_upright_one(
    tmp_path: Path, run: Path, leo_bench: Run
) -> None:
    upright = write(tmp_path / "upright.png", GREY, face())
    phone = write(tmp_path / "phone.png", GREY, face(), orientation=6)
    _, settings = sampled(leo_bench, run, upright, tmp_path / "a", "--crop", "face")
    said, turned = sampled(leo_bench, run, phone, tmp_path / "b", "--crop", "face")
    assert "a rotation by 90 degrees clockwise is stated, and applied" in said
    assert turned["crops"]["phone.png"] == settings["crops"]["upright.png"]
    assert turned["request"]["cropping"] == {"crop": "face", "face": None}
    crop = turned["crops"]["phone.png"]
    assert (crop["of"], crop["found"]) == ({"width": 188, "height": 128}, 1)
    first, second = (open_videos(tmp_path / name).read(0, [0, 1]) for name in "ab")
    assert torch.equal(first, second)
    assert (tmp_path / "b.crops.png").is_file()


def test_of_several_faces_one_is_taken_and_others_are_refused(
    tmp_path: Path, run: Path, leo_bench: Run
) -> None:
    two = write(tmp_path / "two.png", face(), GREY, face())
    said, settings = sampled(leo_bench, run, two, tmp_path / "a", "--crop", "face", "--face", 2)
    assert "2 found where one face is used: number 2 from the left; --face N" in said
    assert settings["crops"]["two.png"]["from_left"] == 2
    keywords = {"start": two, "steps": 1, "crop": "face"}
    leo, written = load_leo(run, device="cpu"), open_videos(tmp_path / "a").read(0, [0, 1])
    with pytest.warns(UserWarning, match="2 found where one face is used: number 2"):
        assert torch.equal(leo.sample(1, 2, face=2, **keywords)[0], written)
    with pytest.raises(InputError, match="face=3: 2 found, numbered from left to right"):
        leo.sample(1, 2, face=3, **keywords)
    with pytest.raises(InputError, match="crop= is for given frames; leave it out"):
        leo.sample(1, 2, mode="unconditional", crop="face")
    again = ("sample", "--run", run, "--start-frames", two, "--out", tmp_path / "a", "--count", 1)
    ended = leo_bench(*again, "--frames", 2, "--steps", 1, "--format", "frames", "--crop", "face")
    assert ended.code == 2
    assert "request.cropping.face is 2 there and None now" in ended.err
    source = ("edit", "--run", run, "--source", two, "--crop", "face", "--face", 3)
    ended = leo_bench(*source, "--command", "true", "--out", tmp_path / "e", "--frames", 2)
    assert ended.code == 2
    assert "two.png: --face 3: 2 found, numbered from left to right" in ended.err


def test_last_poses_are_cropped_around_their_largest_face(
    tmp_path: Path, run: Path, leo_bench: Run
) -> None:
    two = write(tmp_path / "given.png", face(), GREY, face())
    pose = write(tmp_path / "pose" / "given.png", GREY, face(9), GREY)
    given = ("--crop", "face", "--face", 2, "--to", pose, "--frames", 20)
    _, settings = sampled(leo_bench, run, two, tmp_path / "a", *given)
    crops = settings["crops"]
    assert (crops["given.png"]["from_left"], crops["to/given.png"]["found"]) == (2, 1)
    _, whole = sampled(leo_bench, run, two, tmp_path / "b", *given[:4], "--frames", 20)
    last, drawn = (open_videos(tmp_path / name).read(0, [0, 19]) for name in "ab")
    assert torch.equal(last[0], drawn[0])
    assert not torch.equal(last[1], drawn[1])
    assert "to" not in whole


def test_first_frames_of_videos_and_a_grid_are_cropped(
    tmp_path: Path, run: Path, leo_bench: Run
) -> None:
    for name, place in (("a", 0), ("b", 1)):
        for i in range(2):
            parts = [GREY, GREY]
            parts.insert(place, face(11, i))
            write(tmp_path / "videos" / name / f"{i}.png", *parts)
    given = ("sample", "--run", run, "--start-frames", tmp_path / "videos", "--crop", "face")
    line = (*given, "--frames", 2, "--steps", 1, "--device", "cpu")
    ended = leo_bench(*line, "--grid", "faces", "--count", 2, "--out", tmp_path / "grid")
    assert ended.code == 0, ended
    crops = json.loads((tmp_path / "grid" / "grid-faces.json").read_text())["crops"]
    assert crops["b"]["box"][0] - crops["a"]["box"][0] == pytest.approx(60, abs=10)
    assert (tmp_path / "grid" / "grid-faces.crops.png").is_file()


@pytest.mark.parametrize("content", ["nobody", "damaged"])
def test_a_picture_without_use_is_one_line_and_leaves_nothing(
    tmp_path: Path, run: Path, leo_bench: Run, content: str
) -> None:
    path = write(tmp_path / "given.png", GREY, GREY)
    if content == "damaged":
        path.write_bytes(path.read_bytes()[:60])
    cropping = ("--start-frames", path, "--crop", "face", "--mode", "conditional")
    ended = leo_bench("sample", "--run", run, *cropping, "--out", tmp_path / "out", "--count", 1)
    assert ended.code == 2
    (line,) = ended.err.strip().splitlines()
    assert f"{path}: " in line
    assert ("no face found; give one in which" in line) == (content == "nobody")
    assert [*tmp_path.iterdir()] == [path]


def test_photo_and_driving_video_are_both_cropped(
    tmp_path: Path, run: Path, leo_bench: Run
) -> None:
    photo = write(tmp_path / "photo.png", GREY, face())
    for i in range(3):
        write(tmp_path / "driving" / f"{i}.png", face(11, i), GREY)
    given = ("--checkpoint", run, "--source", photo, "--driving", tmp_path / "driving")
    out = tmp_path / "out.mkv"
    ended = leo_bench("animate", *given, "--crop", "face", "--out", out, "--device", "cpu")
    assert ended.code == 0, ended
    assert "stretched" not in ended.err
    assert "180x128" not in ended.err
    with pytest.warns(UserWarning, match="128x128|resized"):
        frames = load_leo(run, device="cpu").animate(photo, tmp_path / "driving", crop="face")
    assert torch.equal(frames, open_videos(out).read(0, range(3)))
    crops = json.loads((tmp_path / "out.mkv.crops.json").read_text())
    assert [crop["crop"] for crop in crops] == ["face", "face"]
    assert crops[0]["box"][0] - crops[1]["box"][0] == pytest.approx(60, abs=25)
    with Image.open(tmp_path / "out.mkv.crops.png") as picture:
        assert np.array(picture).std() > 10


def test_training_videos_are_cropped_once_and_later_commands_go_on_so(
    tmp_path: Path, leo_bench: Run
) -> None:
    run = make_run(tmp_path / "run", "frame_dm.training={ steps = 1, batch = 2 }")
    for stage in ("lmdm", "frame-dm", "cddpm", "transition-dm"):
        (run / stage / "model.safetensors").unlink()
    (run / CODES).unlink(missing_ok=True)
    for video, turn in (("a", 1), ("b", 6), ("c", 1)):
        for i in range(3):
            parts = (GREY, face(11, i)) if video != "c" else (face(11, i), GREY)
            write(tmp_path / "data" / video / f"{i}.png", *parts, orientation=turn)
    line = ("--run", run, "--cpu", "--data", tmp_path / "data")
    ended = leo_bench("encode", *line, "--crop", "face")
    assert ended.code == 0, ended
    assert "a rotation by 90 degrees clockwise is stated, and applied" in ended.err
    book = read_codes(run / CODES)
    a, b, c = (book.codes[3 * i : 3 * i + 3] for i in range(3))
    assert torch.equal(a, b)
    assert not torch.equal(a, c)
    kept = (run / "crops.jsonl").read_bytes()
    assert (run / "crops.png").is_file()
    assert json.loads((run / "data.json").read_text())["crop"] == "face"
    ended = leo_bench("train", "frame-dm", "--run", run, "--cpu")
    assert ended.code == 0, ended
    assert (run / "crops.jsonl").read_bytes() == kept
    ended = leo_bench("encode", *line, "--crop", "square")
    assert ended.code == 2
    assert "was begun with --crop face; give another --run for --crop square" in ended.err
    ended = leo_bench("train", "frame-dm", "--run", run, "--set", "framing.face.height=0.5")
    assert ended.code == 2
    assert "rule.framing.height is 0.65 there and 0.5 now; give another --run" in ended.err


def test_a_run_of_before_keeps_frames_as_they_are_stored(tmp_path: Path, leo_bench: Run) -> None:
    run, data = make_run(tmp_path / "run"), tmp_path / "data"
    (run / CODES).unlink(missing_ok=True)
    for video in "ab":
        for i in range(2):
            write(data / video / f"{i}.png", GREY, face(11, i), orientation=6)
    (run / "data.json").write_text(json.dumps({"data": str(data)}))
    ended = leo_bench("encode", "--run", run, "--cpu")
    assert ended.code == 0, ended
    assert "a rotation by 90 degrees clockwise is stated, and not applied" in ended.err
    stored = read_codes(run / CODES)
    (run / CODES).unlink()
    (run / "data.json").unlink()
    assert leo_bench("encode", "--run", run, "--cpu", "--data", data).code == 0
    assert not torch.equal(stored.codes, read_codes(run / CODES).codes)
