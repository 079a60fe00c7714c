"""`leo-bench acd` as a user runs it: numbers, records, the same bits, and what it refuses."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from places import SHARED_FOLDER
from torch import Tensor

from conftest import Run, write_frames
from leo_bench.evaluation.embedders import Embedded, EmbedderRequest, FrameEmbedder
from leo_bench.evaluation.records.documents import read_documents
from leo_bench.evaluation.records.influences import read_influences
from leo_bench.evaluation.records.score import ScoreRecord, read_score_record
from leo_bench.evaluation.records.shown_digits import number_text

Make = Callable[..., Path]
WORLD = "toy-faces/test"
QUICK = ("--frames", 16, "--protocol", "acd-toy", "--embedder", "mean-colour")
SHARED = SHARED_FOLDER / "data"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # no runs/ of the developer's


@pytest.fixture
def record_of(leo_bench: Run, tmp_path: Path) -> Callable[..., ScoreRecord]:
    """Measure -> the record of the fake side, or of the only one."""

    def run(*arguments: object) -> ScoreRecord:
        outcome = leo_bench("acd", *QUICK, *arguments, "--json", tmp_path / "acd.json")
        assert outcome.code == 0, outcome.err
        found = read_documents(tmp_path / "acd.json").records[-1]
        assert isinstance(found, ScoreRecord)
        return found

    return run


def test_a_data_set_alone_measures_its_real_videos(record_of: Callable[..., ScoreRecord]) -> None:
    found = record_of("--dataset", WORLD, "--limit", 6)
    assert found.side == "real"
    assert found.dataset == "toy-faces-test"
    assert found.against is None
    assert found.interval is not None
    assert 0 < found.interval[0] < found.value < found.interval[1]
    assert (found.videos_used, found.frames_seen, found.frames_without) == (6, 96, 0)
    assert not found.comparable


def test_both_sides_and_their_difference(leo_bench: Run, tmp_path: Path) -> None:
    sides = ("--dataset", WORLD, "--fake", f"damaged:frozen:{WORLD}", "--limit", 6)
    said = leo_bench(
        "acd", *QUICK, *sides, "--json", tmp_path / "acd.json", "--records", tmp_path / "records"
    )
    assert said.code == 0, said.err
    document = read_documents(tmp_path / "acd.json")
    assert document.kind == "acd"
    real, fake = document.records
    assert isinstance(real, ScoreRecord)
    assert isinstance(fake, ScoreRecord)
    assert not (tmp_path / "acd.real.json").exists()
    assert (real.side, fake.side) == ("real", "fake")
    assert fake.value == 0.0
    assert "6 videos have ACD 0: they are still, or blank" in fake.notes
    assert fake.against is not None
    assert fake.against.paired
    assert fake.against.difference == -real.value
    low, high = fake.against.interval or (0.0, 0.0)
    assert low < -real.value < high < 0
    assert f" = {number_text(real.value, real.interval)} [" in said.out
    assert "paired by name" in said.out
    kept = sorted(
        str(path.relative_to(tmp_path / "records"))
        for path in (tmp_path / "records").rglob("acd.json")
    )
    benchmark = "toy-faces-test-64-16f-s1-acd-toy"
    assert kept == [
        f"{benchmark}/toy-faces-test--first-6/acd.json",
        f"{benchmark}/toy-faces-test-frozen-1--first-6/acd.json",
    ]
    influences = read_influences(tmp_path / "records" / kept[0])
    assert influences is not None
    assert len(influences.real) == 6
    assert sum(whole for whole, _ in influences.real.values()) == pytest.approx(0, abs=1e-9)


def test_the_cache_and_the_workers_change_no_bit(record_of: Callable[..., ScoreRecord]) -> None:
    asked = ("--fake", f"damaged:noise:{WORLD}", "--limit", 4)
    without = record_of(*asked, "--no-cache")
    made = record_of(*asked, "--workers", 3)
    read = record_of(*asked)
    assert without.value == made.value == read.value
    assert without.diagnostics == made.diagnostics == read.diagnostics
    assert without.source.fingerprint == read.source.fingerprint


def test_a_record_is_verified_and_a_false_one_is_not(leo_bench: Run, tmp_path: Path) -> None:
    path = tmp_path / "acd.json"
    sides = ("--dataset", WORLD, "--fake", f"part:2/2:{WORLD}", "--limit", 5)
    assert leo_bench("acd", *QUICK, *sides, "--json", path).code == 0
    verified = leo_bench("verify", path)
    assert verified.code == 0, verified.out
    assert verified.out.count("acd value ") == 2  # of both sides
    document = json.loads(path.read_text())
    fake = document["records"][1]
    # The value is another, and all that follows from it is: nothing contradicts.
    for place in (fake, fake["against"]):
        place["interval"] = [end + 0.01 for end in place["interval"]]
    fake["value"] += 0.01
    fake["diagnostics"]["squared"] += 2 * fake["value"] * 0.01
    fake["against"]["difference"] += 0.01
    path.write_text(json.dumps(document))
    said = leo_bench("verify", path)
    assert said.code == 1
    assert "differs by more than" in said.out
    assert "acd against" in said.out
    document["records"][1] = fake | {"diagnostics": fake["diagnostics"] | {"squared": 9.0}}
    path.write_text(json.dumps(document))
    assert "acd diagnostics squared 9.0 then" in leo_bench("verify", path).out


def test_a_verified_record_says_what_changed(
    leo_bench: Run, record_of: Callable[..., ScoreRecord], make_videos: Make, tmp_path: Path
) -> None:
    folder = make_videos("mine", frames=17)
    before = record_of("--fake", folder)
    shutil.copy(folder / "video001/000016.png", folder / "video000/000005.png")
    said = leo_bench("verify", tmp_path / "acd.json")
    assert said.code == 1
    assert f"videos {before.source.fingerprint[:16]} then" in said.out


def test_samples_of_the_data_sets_run_are_the_default(
    record_of: Callable[..., ScoreRecord], make_videos: Make, tmp_path: Path
) -> None:
    shutil.move(make_videos("drawn", count=4), tmp_path / "samples")
    (tmp_path / "runs" / "toy-faces").mkdir(parents=True)
    shutil.move(tmp_path / "samples", tmp_path / "runs" / "toy-faces" / "samples")
    found = record_of("--dataset", WORLD, "--limit", 4)
    assert found.side == "fake"
    assert found.source.source == "runs/toy-faces/samples"
    assert any("no --fake was given" in note for note in found.notes)


# --- frames without a face ------------------------------------------------------------------------


@dataclass(frozen=True)
class Bright:
    """Stands in for a face embedder: finds nothing in a black frame."""

    name: str = "bright"
    dim: int = 3
    weights: str = "none"
    weights_verified: bool = True
    device: str = "cpu"

    def __call__(self, frames: Tensor) -> Embedded:
        means = frames.float().mean(dim=(2, 3)) / 255
        found = means.sum(dim=1) > 0
        return Embedded(means * found[:, None], found)


@pytest.fixture
def bright(monkeypatch: pytest.MonkeyPatch) -> None:
    def build(request: EmbedderRequest) -> FrameEmbedder:
        return Bright()

    monkeypatch.setattr("leo_bench.benchmarks.scores.score_record.build_embedder", build)


def black(video: Path, count: int) -> None:
    """Paint the first frames of a folder of frames black."""
    for path in sorted(video.iterdir())[:count]:
        Image.new("RGB", (32, 32)).save(path)


@pytest.mark.usefixtures("bright")
def test_frames_and_videos_without_a_face_are_counted_and_named(
    leo_bench: Run, make_videos: Make, tmp_path: Path
) -> None:
    folder = make_videos("mine")
    black(folder / "video000", 16)
    black(folder / "video001", 3)
    write_frames(folder / "video009", 10)
    ends = ("--frames", 16, "--protocol", "acd-face-mobilefacenet", "--json", tmp_path / "acd.json")
    said = leo_bench("acd", "--fake", folder, *ends)
    assert said.code == 0, said.err
    found = read_score_record(tmp_path / "acd.json")
    assert (found.videos_used, found.source.videos) == (5, 7)
    assert found.without_value == (
        ("video000", "a face in 0 of 16 frames"),
        ("video009", "10 frames; 16 are needed"),
    )
    assert (found.frames_seen, found.frames_without) == (96, 19)
    assert "no face in 19 of 96 frames" in said.err
    assert "no value for video000: a face in 0 of 16 frames" in said.err


@pytest.mark.usefixtures("bright")
def test_no_face_anywhere(leo_bench: Run, make_videos: Make) -> None:
    folder = make_videos("black", count=2)
    for video in folder.iterdir():
        black(video, 16)
    said = leo_bench(
        "acd", "--fake", folder, "--frames", 16, "--protocol", "acd-face-mobilefacenet"
    )
    refused(said.code, said.out, said.err, "no video has a face in two frames or more")


@pytest.mark.skipif(not SHARED.exists(), reason="needs ../shared/data")
def test_no_face_for_the_real_detector(leo_bench: Run, make_videos: Make) -> None:
    pytest.importorskip("facenet_pytorch")
    weights = SHARED / "weights" / "mobilefacenet_foamliu" / "mobilefacenet.pt"
    asked = ("--frames", 2, "--protocol", "acd-face-mobilefacenet", "--weights", weights)
    said = leo_bench("acd", "--fake", make_videos("noise", count=2), *asked)
    refused(said.code, said.out, said.err, "no video has a face in two frames or more")


def test_a_black_video_is_still_where_nothing_is_looked_for(
    record_of: Callable[..., ScoreRecord], make_videos: Make
) -> None:
    folder = make_videos("mine")
    black(folder / "video000", 16)
    found = record_of("--fake", folder)
    assert "1 videos have ACD 0: they are still, or blank" in found.notes


# --- what it refuses ------------------------------------------------------------------------------


def refused(code: int, out: str, err: str, said: str) -> None:
    """Exit 2 and one line."""
    assert code == 2, err
    assert out == ""
    assert len(err.strip().splitlines()) == 1, err
    assert said in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--frames", 16, "--protocol", "acd-hand"), "no frame protocol 'acd-hand'; known are"),
        (("--frames", 16), "give --protocol (leo-bench list frame-protocols)"),
        (("--frames", 1, *QUICK[2:]), "a distance of frames needs 2 or more"),
        (("--frames", 17, *QUICK[2:]), "6 of 6 videos have fewer than the 17 frames"),
        ((*QUICK, "--resolution", -5), "--resolution -5: must be 1 or more"),
        ((*QUICK, "--fake-stride", 0), "--fake-stride 0: must be 1 or more"),
        ((*QUICK, "--limit", 0), "--limit 0: must be 1 or more"),
        ((*QUICK[:4], "--embedder", "eyes"), "eyes: no such embedder; known are"),
        (
            ("--frames", 16, "--protocol", "acd-face"),
            "leo-bench weights fetch 20180402-114759-vggface2.pt",
        ),
        (("--frames", 16, "--protocol", "acd-body-pose-eval"), "https://yadi.sk/d/jAPhvFEFp6qzIw"),
    ],
)
def test_bad_input(
    leo_bench: Run, make_videos: Make, arguments: tuple[object, ...], said: str
) -> None:
    outcome = leo_bench("acd", "--fake", make_videos("mine"), *arguments)
    refused(outcome.code, outcome.out, outcome.err, said)


def test_no_videos_or_two_real_sides(leo_bench: Run, make_videos: Make) -> None:
    nothing = leo_bench("acd", *QUICK)
    refused(nothing.code, nothing.out, nothing.err, "--dataset ID, --real PATH or --fake PATH")
    both = leo_bench("acd", *QUICK, "--dataset", WORLD, "--real", make_videos("mine"))
    refused(both.code, both.out, both.err, "either as --dataset ID or as --real PATH")
    unusual = leo_bench("acd", "--frames", 16, "--dataset", "ucf101")
    refused(unusual.code, unusual.out, unusual.err, "ucf101 has no usual one")


def test_a_record_of_a_score_that_nothing_makes(leo_bench: Run, tmp_path: Path) -> None:
    path = tmp_path / "acd.json"
    assert leo_bench("acd", *QUICK, "--dataset", WORLD, "--limit", 4, "--json", path).code == 0
    content = json.loads(path.read_text())
    content |= {"metric": "charm", "request": content["request"] | {"metric": "charm"}}
    path.write_text(json.dumps(content))
    said = leo_bench("verify", path)
    refused(said.code, said.out, said.err, "charm: no such score; known are acd")


def test_the_number_is_that_of_the_frames_themselves(
    record_of: Callable[..., ScoreRecord], make_videos: Make
) -> None:
    folder = make_videos("mine", count=1)
    frames = sorted((folder / "video000").iterdir())
    pixels = []
    for path in frames:
        with Image.open(path) as image:
            pixels.append(torch.from_numpy(np.array(image, dtype=np.float64)) / 255)
    means = torch.stack(pixels).mean(dim=(1, 2))
    found = record_of("--fake", folder)
    assert found.value == pytest.approx(torch.pdist(means).mean().item(), rel=1e-4)
    assert found.interval is None
    assert any("no interval" in note for note in found.notes)
