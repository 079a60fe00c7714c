"""Whatever a user gets wrong: exit 2, one line that says what, where and what to do, no record."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from places import ROOT

from conftest import Run
from leo_bench.evaluation.extractors import pixels

Make = Callable[..., Path]
QUICK = ("--frames", 16, "--protocol", "stylegan-v", "--extractor", "pixels")


@pytest.fixture
def refused(leo_bench: Run, tmp_path: Path, make_videos: Make) -> Callable[..., str]:
    """Score something that cannot be scored -> the one line on standard error."""
    record = tmp_path / "out" / "record.json"

    def run(*arguments: object, real: Path | None = None, fake: Path | None = None) -> str:
        real = real or make_videos("good-real")
        fake = fake or make_videos("good-fake", seed=50)
        outcome = leo_bench("fvd", "--real", real, "--fake", fake, "--json", record, *arguments)
        assert outcome.code == 2, outcome
        assert outcome.out == ""
        assert not record.exists()
        assert len(outcome.err.strip().splitlines()) == 1, outcome.err
        return outcome.err

    return run


@pytest.mark.parametrize("option", ["--resolution", "--real-stride", "--limit", "--clips"])
def test_a_count_of_nothing(refused: Callable[..., str], option: str) -> None:
    assert f"{option} 0: must be 1 or more" in refused(*QUICK, option, 0)


def test_an_empty_folder(refused: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "empty" in refused(*QUICK, fake=tmp_path / "empty")


def test_an_absent_fake_folder(refused: Callable[..., str], tmp_path: Path) -> None:
    assert "nowhere" in refused(*QUICK, fake=tmp_path / "nowhere")


def test_one_video(refused: Callable[..., str], make_videos: Make) -> None:
    assert "2 clips or more" in refused(*QUICK, fake=make_videos("single", count=1))


def test_videos_shorter_than_the_clip(refused: Callable[..., str], make_videos: Make) -> None:
    said = refused(*QUICK, fake=make_videos("short", frames=10))
    assert "6 of 6 videos have fewer than the 16 frames" in said
    assert "video000 (10)" in said


def test_mixed_sizes(refused: Callable[..., str], make_videos: Make, tmp_path: Path) -> None:
    folder = make_videos("mixed/a", count=2)
    make_videos("mixed/b", count=2, size=(48, 40))
    said = refused(*QUICK, fake=folder.parent)
    assert "32x32: 2" in said
    assert "48x40: 2" in said
    assert "--resolution" in said


def test_sides_of_different_size(refused: Callable[..., str], make_videos: Make) -> None:
    said = refused(*QUICK, fake=make_videos("larger", size=(48, 48)))
    assert "32x32" in said
    assert "48x48" in said
    assert "--resolution" in said


def test_a_text_file_called_mp4(refused: Callable[..., str], tmp_path: Path) -> None:
    folder = tmp_path / "text"
    folder.mkdir()
    (folder / "clip.mp4").write_text("not a video\n" * 100)
    assert "clip.mp4" in refused(*QUICK, fake=folder)


def test_a_truncated_mp4(refused: Callable[..., str], tmp_path: Path, make_mp4: Make) -> None:
    folder = make_mp4("cut", count=3)
    victim = folder / "video001.mp4"
    content = victim.read_bytes()
    victim.write_bytes(content[: len(content) * 2 // 3])
    assert "video001.mp4" in refused(*QUICK, fake=folder)


@pytest.fixture
def make_mp4(tmp_path: Path) -> Make:
    """A folder of real H.264 files."""
    import torch

    from leo_bench.evaluation.videos.write import write_video

    def make(name: str, count: int) -> Path:
        (tmp_path / name).mkdir()
        generator = torch.Generator().manual_seed(1)
        for i in range(count):
            clip = torch.randint(0, 256, (24, 3, 32, 32), generator=generator, dtype=torch.uint8)
            write_video(tmp_path / name / f"video{i:03d}.mp4", clip, fps=25)
        return tmp_path / name

    return make


def zipped(folder: Path, spoil: Callable[[zipfile.ZipFile], None]) -> Path:
    """A zip of a folder of frame folders, with something added."""
    target = folder.with_suffix(".zip")
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(folder.rglob("*.png")):
            archive.write(path, str(path.relative_to(folder.parent)))
        spoil(archive)
    return target


@pytest.mark.parametrize(
    ("member", "content"),
    [
        ("set/video000/000016.png", b"\x89PNG\r\n\x1a\n broken"),
        ("set/../../escape.png", b""),
        ("/absolute/000000.png", b""),
    ],
)
def test_a_hostile_zip(
    refused: Callable[..., str], make_videos: Make, tmp_path: Path, member: str, content: bytes
) -> None:
    target = zipped(make_videos("set"), lambda archive: archive.writestr(member, content))
    said = refused("--frames", 17, *QUICK[2:], fake=target)
    assert member.rsplit("/", maxsplit=1)[-1] in said
    assert not (tmp_path.parent / "escape.png").exists()


def test_a_link_in_a_zip(refused: Callable[..., str], make_videos: Make) -> None:
    def add_link(archive: zipfile.ZipFile) -> None:
        link = zipfile.ZipInfo("set/video000/000016.png")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")

    assert "000016.png" in refused(*QUICK, fake=zipped(make_videos("set"), add_link))


def test_an_unknown_data_set(leo_bench: Run, make_videos: Make) -> None:
    said = leo_bench("fvd", "--dataset", "taichi", "--frames", 16, "--fake", make_videos("fake"))
    assert said.code == 2
    assert "no data set 'taichi'; did you mean taichihd? known are" in said.err


def test_a_data_set_that_is_not_prepared(leo_bench: Run, make_videos: Make, tmp_path: Path) -> None:
    fake = make_videos("fake")
    data = ("--data-root", tmp_path / "data")
    said = leo_bench("fvd", "--dataset", "taichihd", "--frames", 16, "--fake", fake, *data)
    assert said.code == 2
    assert "leo-bench data prepare taichihd --from" in said.err


def test_no_run_to_sample_from(leo_bench: Run) -> None:
    said = leo_bench("fvd", "--dataset", "toy-faces", "--frames", 16)
    assert said.code == 2
    assert "give the videos to score as --fake" in said.err


@pytest.mark.parametrize(
    ("stage", "data", "said"),
    [
        ("lmdn", "toy-faces/train", "no stage 'lmdn'; did you mean lmdm? known are animator"),
        ("animator", "nowhere", "nowhere"),
    ],
)
def test_a_training_that_cannot_begin_leaves_no_run(
    leo_bench: Run, tmp_path: Path, stage: str, data: str, said: str
) -> None:
    run = tmp_path / "run"
    outcome = leo_bench("train", stage, "--config", "toy64", "--data", data, "--run", run, "--cpu")
    assert outcome.code == 2
    assert said in outcome.err
    assert len(outcome.err.strip().splitlines()) == 1, outcome.err  # no config before it
    assert not run.exists()


def test_an_unknown_key_in_a_protocol(refused: Callable[..., str], tmp_path: Path) -> None:
    shipped = ROOT / "evaluation/protocols/clips/stylegan-v.toml"
    own = tmp_path / "stylegan-w.toml"
    own.write_text(
        shipped.read_text().replace('id = "stylegan-v"', 'id = "stylegan-w"') + "\nrepets = 2\n"
    )
    said = refused("--frames", 16, "--protocol", own)
    assert "stylegan-w.toml" in said
    assert "repets" in said


def test_absent_weights(refused: Callable[..., str]) -> None:
    said = refused("--frames", 16, "--protocol", "stylegan-v")
    assert "leo-bench weights fetch i3d_torchscript.pt" in said


def test_weights_of_a_wrong_digest(refused: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "i3d_torchscript.pt").write_bytes(b"something else")
    weights = ("--weights", tmp_path / "i3d_torchscript.pt")
    assert "--allow-unverified" in refused("--frames", 16, "--protocol", "stylegan-v", *weights)


def test_eight_frames_for_i3d(refused: Callable[..., str]) -> None:
    toy = ("--protocol", "stylegan-v", "--extractor", "i3d-toy")
    assert "at least 9 frames" in refused("--frames", 8, *toy)


def test_features_that_are_not_finite(
    refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    def broken(self: object, clips: torch.Tensor) -> torch.Tensor:
        return torch.full((len(clips), 32), torch.nan)

    monkeypatch.setattr(pixels.PixelsExtractor, "__call__", broken)
    assert "not finite" in refused(*QUICK)


def test_a_records_folder_that_cannot_be(refused: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    said = refused(*QUICK, "--records", tmp_path / "file" / "records")
    assert "cannot be written" in said


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk(
    refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real = Path.write_bytes

    def full(path: Path, content: bytes) -> int:
        if content:
            with Path("/dev/full").open("wb", buffering=0) as device:
                return device.write(content)
        return real(path, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    assert "No space left on device" in refused(*QUICK)


def test_a_protocol_that_needs_more_clips(refused: Callable[..., str]) -> None:
    said = refused("--frames", 16, "--protocol", "digan", "--extractor", "pixels")
    assert "hold 6 clips" in said
    assert "--clips 6" in said


def test_a_metric_that_the_protocol_lacks(leo_bench: Run, make_videos: Make) -> None:
    sides = ("--real", make_videos("r"), "--fake", make_videos("f", seed=9))
    said = leo_bench("kvd", *sides, *QUICK)
    assert said.code == 2
    assert "stylegan-v has no kvd" in said.err


@pytest.mark.parametrize("option", ["--clips", "--repeats", "--limit"])
def test_numbers_below_one(leo_bench: Run, make_videos: Make, option: str) -> None:
    sides = ("--real", make_videos("r"), "--fake", make_videos("f", seed=9))
    assert leo_bench("fvd", *sides, *QUICK, option, 0).code == 2


def test_broken_videos_are_listed_when_skipped(
    leo_bench: Run, make_videos: Make, tmp_path: Path
) -> None:
    fake = make_videos("fake", seed=50)
    (fake / "video002" / "000003.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    sides = ("--real", make_videos("real"), "--fake", fake)
    record = tmp_path / "record.json"
    failed = leo_bench("fvd", *sides, *QUICK, "--json", record)
    assert failed.code == 2
    assert "video002" in failed.err
    assert not record.exists()
    skipped = leo_bench("fvd", *sides, *QUICK, "--json", record, "--on-error", "skip")
    assert skipped.code == 0, skipped.err
    found = json.loads(record.read_text())
    assert [name for name, _ in found["fake"]["skipped"]] == ["video002"]
    assert found["n_fake"] == 5
    assert np.isfinite(found["value"])
