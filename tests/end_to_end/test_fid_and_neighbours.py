"""`fid`, `precision`, `leverage` and `nearest` from the command line to their numbers."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from conftest import Run
from leo_bench.evaluation.records.distance import Record, read_record
from leo_bench.evaluation.weights.registry import entry

Make = Callable[..., Path]
CLIPS = ("--frames", 16, "--protocol", "stylegan-v", "--extractor", "pixels", "--device", "cpu")
FRAMES = ("--frames", 16, "--extractor", "random-filters", "--device", "cpu")

# What a record of a distance holds, since before there was FID; a new key would be news to readers.
KEYS = set(Record.model_fields)


@pytest.fixture
def sides(make_videos: Make) -> tuple[object, ...]:
    return ("--real", make_videos("r", count=9), "--fake", make_videos("f", count=10, seed=40))


def test_fid_is_measured_recorded_and_verified(
    leo_bench: Run, sides: tuple[object, ...], tmp_path: Path
) -> None:
    said = leo_bench("fid", *sides, *FRAMES, "--json", tmp_path / "fid.json")
    assert said.code == 0, said.err
    assert "FID16 = " in said.out
    assert "144 real" in said.out
    assert "extractor random-filters, not inception-fid" in said.out
    record = read_record(tmp_path / "fid.json")
    assert record.metric == "fid"
    assert record.protocol == "pytorch-fid"
    assert not record.comparable
    assert record.interval is not None
    assert record.interval[0] < record.value < record.interval[1]
    again = leo_bench("verify", tmp_path / "fid.json")
    assert again.code == 0, again.out + again.err


def test_records_of_clips_hold_what_they_held(
    leo_bench: Run, sides: tuple[object, ...], tmp_path: Path
) -> None:
    said = leo_bench("fvd", *sides, *CLIPS, "--json", tmp_path / "fvd.json")
    assert said.code == 0, said.err
    content = json.loads((tmp_path / "fvd.json").read_text())
    assert content.keys() == KEYS
    assert "frames_of_clip" not in content["protocol_settings"]
    assert content["real"]["clips"] == content["n_real"] == 9
    assert len(content["protocol_digest"]) == 64


def test_missing_inception_weights_are_named_with_how_to_get_them(
    leo_bench: Run, sides: tuple[object, ...], tmp_path: Path
) -> None:
    record = tmp_path / "out" / "fid.json"
    said = leo_bench("fid", *sides, "--frames", 16, "--device", "cpu", "--json", record)
    name = "pt_inception-2015-12-05-6726825d.pth"
    assert said.code == 2
    assert len(said.err.strip().splitlines()) == 1
    assert f"leo-bench weights fetch {name}" in said.err
    assert entry(name).sha256_start == "6726825d"
    assert not record.exists()


def test_a_file_that_holds_other_weights_is_refused(
    leo_bench: Run, sides: tuple[object, ...], tmp_path: Path
) -> None:
    (tmp_path / "w.pth").write_bytes(b"not weights")
    given = ("fid", *sides, "--frames", 16, "--device", "cpu", "--weights", tmp_path / "w.pth")
    said = leo_bench(*given)
    assert said.code == 2
    assert "--allow-unverified uses it" in said.err
    said = leo_bench(*given, "--allow-unverified")
    assert said.code == 2
    assert "w.pth: not the weights of pytorch-fid's network" in said.err


def test_clips_cannot_be_measured_by_fid_nor_frames_by_fvd(
    leo_bench: Run, sides: tuple[object, ...]
) -> None:
    said = leo_bench("fid", *sides, *CLIPS)
    assert said.code == 2
    assert "protocol stylegan-v has no fid" in said.err
    said = leo_bench("fvd", *sides, *FRAMES, "--protocol", "pytorch-fid")
    assert said.code == 2
    assert "protocol pytorch-fid has no fvd" in said.err


def test_precision_and_recall(leo_bench: Run, sides: tuple[object, ...], tmp_path: Path) -> None:
    same = (*sides[:3], sides[1])
    said = leo_bench("precision", *same, *CLIPS, "--json", tmp_path / "p.json")
    assert said.code == 0, said.err
    document = json.loads((tmp_path / "p.json").read_text())
    assert document.keys() == {"kind", "records", "extra"}
    report = document["extra"]
    assert report["precision"]["value"] == report["recall"]["value"] == 1
    said = leo_bench("precision", *sides, *CLIPS, "--records", tmp_path / "records")
    assert said.code == 0, said.err
    (kept,) = (tmp_path / "records").rglob("precision.json")
    assert json.loads(kept.read_text())["records"][0]["metric"] == "fvd"
    again = leo_bench("verify", kept)
    assert again.code == 0, again.out + again.err
    assert "precision" in again.out
    assert "changed" not in again.out  # the same videos, by relative and by absolute path
    table = leo_bench("verify", tmp_path / "records")
    value = json.loads(kept.read_text())["extra"]["precision"]["value"]
    assert table.out.count(f"  {value:.6g}") == 2, table.out  # not the distance's value
    unplanned = leo_bench("plan", kept, "--width", 1)
    assert unplanned.code == 2
    assert "there is no record to plan from" in unplanned.err
    forged = json.loads(kept.read_text())
    forged["extra"]["recall"].update(value=0.2125, interval=None)
    kept.write_text(json.dumps(forged))
    refused = leo_bench("verify", kept)
    assert refused.code == 2
    assert "extra.recall.value is 0.2125 and contradicts records[0]'s clips" in refused.err
    few = leo_bench("precision", *sides, *CLIPS, "--clips", 3)
    assert few.code == 2
    assert "3 clips; 3 neighbours need 4" in few.err


def test_leverage_finds_the_odd_video(
    leo_bench: Run, sides: tuple[object, ...], tmp_path: Path
) -> None:
    fake = Path(str(sides[3]))
    for frame in (fake / "video004").iterdir():
        Image.new("RGB", (32, 32), (255, 0, 255)).save(frame)
    said = leo_bench("leverage", *sides, *CLIPS, "--json", tmp_path / "leverage.json")
    assert said.code == 0, said.err
    document = json.loads((tmp_path / "leverage.json").read_text())
    report = document["extra"]
    assert report["fake"][0]["video"] == "video004"
    assert report["fake"][0]["change"] < 0
    assert len(report["real"]) == 9
    assert len(report["fake"]) == 10
    assert report["value"] == pytest.approx(document["records"][0]["value_float64"])
    assert "video004" in said.out
    again = leo_bench("verify", tmp_path / "leverage.json")
    assert again.code == 0, again.out + again.err
    report["real"][0]["change"] += 1
    (tmp_path / "leverage.json").write_text(json.dumps(document))
    assert leo_bench("verify", tmp_path / "leverage.json").code == 1


@pytest.fixture
def copied(make_videos: Make) -> tuple[Path, Path, Path]:
    """Training videos, held-out videos, and samples one of which is a training video."""
    train = make_videos("train", count=12, frames=32)
    fake = make_videos("fake", count=4, seed=40)
    shutil.rmtree(fake / "video002")
    shutil.copytree(train / "video007", fake / "video002")
    return train, make_videos("held", count=8, seed=60), fake


def test_nearest_finds_a_planted_copy(
    leo_bench: Run, copied: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    train, held, fake = copied
    picture, report = tmp_path / "pairs.png", tmp_path / "nearest.json"
    said = leo_bench(
        "nearest", "--fake", fake, "--train", train, "--held-out", held, *CLIPS,
        "--json", report, "--out", picture,
    )  # fmt: skip
    assert said.code == 0, said.err
    document = json.loads(report.read_text())
    assert (document["kind"], document["records"]) == ("nearest", [])
    found = document["extra"]
    first = found["pairs"][0]
    assert (first["sample"], first["train"], first["start"]) == ("video002", "video007", 0)
    assert first["distance"] == first["percentile"] == 0
    assert all(pair["distance"] > 0 for pair in found["pairs"][1:])
    assert found["closer_than_all"] >= 0.25
    assert len(found["held_out_distances"]) == 8
    assert (found["train"]["clips"], found["train"]["videos_used"]) == (24, 12)
    with Image.open(picture) as sheet:
        assert sheet.height == 4 * 34 - 2
    again = leo_bench("verify", report)
    assert again.code == 0, again.out + again.err


def test_nearest_refuses_held_out_videos_that_were_trained_on(
    leo_bench: Run, copied: tuple[Path, Path, Path]
) -> None:
    train, _, fake = copied
    said = leo_bench("nearest", "--fake", fake, "--train", train, "--held-out", train, *CLIPS)
    assert said.code == 2
    assert "12 of 12 held-out videos are among the training videos" in said.err
    said = leo_bench("nearest", "--fake", fake, "--train", train, *CLIPS)
    assert said.code == 2
    assert "--held-out SOURCE" in said.err


def test_a_broken_training_video_is_named_or_skipped_and_listed(
    leo_bench: Run, copied: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    train, held, fake = copied
    (train / "video003" / "000003.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    given = ("nearest", "--fake", fake, "--train", train, "--held-out", held, *CLIPS)
    said = leo_bench(*given)
    assert said.code == 2
    assert "video003" in said.err
    said = leo_bench(*given, "--on-error", "skip", "--json", tmp_path / "nearest.json")
    assert said.code == 0, said.err
    found = json.loads((tmp_path / "nearest.json").read_text())["extra"]
    assert [name for name, _ in found["train"]["skipped"]] == ["video003"]
    assert found["train"]["clips"] == 22


def test_nearest_of_an_embedded_world_holds_out_its_test_split(
    leo_bench: Run, tmp_path: Path
) -> None:
    said = leo_bench(
        "nearest", "--fake", "damaged:noise=1:toy-faces/train", "--train", "toy-faces/train",
        "--frames", 32, "--extractor", "pixels", "--limit", 3, "--json", tmp_path / "nearest.json",
    )  # fmt: skip
    assert said.code == 0, said.err
    found = json.loads((tmp_path / "nearest.json").read_text())["extra"]
    assert found["held_out"]["name"] == "toy-faces/test (first 3)"
    assert all(pair["sample"] == pair["train"] for pair in found["pairs"])
    assert found["share_near"] == 1
    assert found["z"] < -1.9  # the least there is, of 3 and 3
