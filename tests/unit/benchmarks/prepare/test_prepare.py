"""What every preparation shares: resuming, reporting, refusing. Weizmann strips stand for all."""

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from conftest import Run
from leo_bench.benchmarks.datasets.dataset import load_dataset
from leo_bench.benchmarks.datasets.info import infos
from leo_bench.benchmarks.datasets.opening import open_dataset
from leo_bench.benchmarks.datasets.preparation import (
    JOURNAL,
    REPORT,
    LeftOut,
    PrepareReport,
    read_journal,
)
from leo_bench.benchmarks.datasets.verify import verify
from leo_bench.benchmarks.prepare.job import PrepareOptions
from leo_bench.benchmarks.prepare.run import prepare
from leo_bench.evaluation.errors import BadVideoError, InputError
from leo_bench.evaluation.videos.discover import open_videos
from leo_bench.evaluation.videos.source import fingerprint

SIDE = 8


@pytest.fixture
def download(tmp_path: Path) -> Path:
    """Strips as MoCoGAN has them: PNG called .jpg, each followed by its mirror; slots 0 and 7."""
    folder = tmp_path / "download"
    for slot in (0, 7):
        for number, action in enumerate("1034"):
            strip_id = slot * 8 + 2 * number
            strip = strip_of(seed=strip_id, frames=3 + number)
            save(folder / action / f"{strip_id:08d}.jpg", strip)
            save(folder / action / f"{strip_id + 1:08d}.jpg", strip[:, :, ::-1])
    return folder


def strip_of(seed: int, frames: int) -> NDArray[np.uint8]:
    """uint8 [T,H,W,4], opaque."""
    rgba = np.random.default_rng(seed).integers(0, 256, (frames, SIDE, SIDE, 4), dtype=np.uint8)
    rgba[..., 3] = 255
    return rgba


def save(path: Path, strip: NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.concatenate(list(strip), axis=1)).save(path, format="PNG")


def test_a_prepared_data_set_opens_under_its_name(download: Path, tmp_path: Path) -> None:
    report = prepare("weizmann", download, tmp_path)
    source = open_dataset(load_dataset("weizmann"), "train", tmp_path)
    assert report.videos == {"train": 4, "test": 4}
    assert source.name == "weizmann/train"
    assert source.names[0] == "00000000_wave2_p0.mkv"
    assert list(source.frame_counts) == [3, 4, 5, 6]


def test_lossless_means_every_pixel(download: Path, tmp_path: Path) -> None:
    prepare("weizmann", download, tmp_path)
    source = open_dataset(load_dataset("weizmann"), "test", tmp_path)
    frames = source.read(0, range(3)).permute(0, 2, 3, 1).numpy()
    assert (frames == strip_of(seed=56, frames=3)[..., :3]).all()


def test_mirrors_are_found_and_left_out(download: Path, tmp_path: Path) -> None:
    report = prepare("weizmann", download, tmp_path)
    assert sorted(report.notes)[0] == "00000001 left out: mirrors 00000000"
    assert len(report.notes) == 8


def test_a_count_that_is_not_the_expected_one_is_noted(download: Path, tmp_path: Path) -> None:
    prepare("weizmann", download, tmp_path)
    notes = open_dataset(load_dataset("weizmann"), "train", tmp_path).notes
    assert "weizmann/train holds 4 videos, 28 are expected" in notes


def test_a_second_run_does_nothing_again(download: Path, tmp_path: Path) -> None:
    prepare("weizmann", download, tmp_path)
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "weizmann").rglob("*.mkv")}
    report = prepare("weizmann", download, tmp_path)
    assert report.resumed == 8
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "weizmann").rglob("*.mkv")} == before


def test_a_killed_run_goes_on_to_the_same_end(download: Path, tmp_path: Path) -> None:
    prepare("weizmann", download, tmp_path / "whole")

    def kill(done: int, total: int, name: str) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare("weizmann", download, tmp_path / "killed", progress=kill)
    journal = tmp_path / "killed" / "weizmann" / JOURNAL
    journal.write_bytes(journal.read_bytes() + b'{"split": "train", "na')  # as a kill leaves it
    with pytest.raises(InputError, match="is not fully prepared: run `leo-bench data prepare weiz"):
        open_dataset(load_dataset("weizmann"), "train", tmp_path / "killed")
    report = prepare("weizmann", download, tmp_path / "killed")

    assert report.resumed == 3
    for split in ("train", "test"):
        whole, resumed = (
            open_dataset(load_dataset("weizmann"), split, tmp_path / kind)
            for kind in ("whole", "killed")
        )
        assert fingerprint(whole) == fingerprint(resumed)


def test_nothing_depends_on_the_workers(download: Path, tmp_path: Path) -> None:
    for workers in (1, 3):
        prepare("weizmann", download, tmp_path / str(workers), PrepareOptions(workers=workers))
    one, three = (
        fingerprint(open_dataset(load_dataset("weizmann"), "test", tmp_path / str(workers)))
        for workers in (1, 3)
    )
    assert one == three


def test_a_prepared_video_that_was_replaced_is_a_broken_one(download: Path, tmp_path: Path) -> None:
    prepare("weizmann", download, tmp_path)
    first, second, *_ = sorted((tmp_path / "weizmann" / "train").iterdir())
    first.write_bytes(second.read_bytes())
    for opened in (
        lambda: open_dataset(load_dataset("weizmann"), "train", tmp_path),
        lambda: open_videos(first),
    ):
        with pytest.raises(BadVideoError, match=r"by its digest in prepare\.json: damaged"):
            opened()


def test_a_source_that_changed_is_prepared_again(download: Path, tmp_path: Path) -> None:
    prepare("weizmann", download, tmp_path)
    save(download / "1" / "00000000.jpg", strip_of(seed=99, frames=9))
    report = prepare("weizmann", download, tmp_path)
    entries = read_journal(tmp_path / "weizmann").entries
    assert report.resumed == 7
    assert entries["train", "00000000_wave2_p0"].frames == 9


def test_a_broken_video_is_listed_and_the_others_go_on(download: Path, tmp_path: Path) -> None:
    (download / "0" / "00000002.jpg").write_bytes(b"not a picture")
    report = prepare("weizmann", download, tmp_path)
    assert [failure.name for failure in report.failed] == ["00000002_wave1_p0"]
    assert "00000002.jpg: is no picture" in report.failed[0].reason
    assert report.videos == {"train": 4, "test": 4}  # its mirror 00000003 took its place
    assert "1 failed" in report.summary


def test_a_failed_video_leaves_nothing_behind(download: Path, tmp_path: Path) -> None:
    half = strip_of(seed=1, frames=2)
    half[..., 3] = 0
    save(download / "0" / "00000002.jpg", half)
    prepare("weizmann", download, tmp_path)
    assert not list(tmp_path.rglob("00000002*.mkv"))
    assert not list(tmp_path.glob(".partial*"))


def test_limit_takes_the_first_of_each_split_and_can_be_lifted(
    download: Path, tmp_path: Path
) -> None:
    limited = prepare("weizmann", download, tmp_path, PrepareOptions(limit=1))
    assert limited.videos == {"train": 1, "test": 1}
    notes = open_dataset(load_dataset("weizmann"), "train", tmp_path).notes
    assert "weizmann was prepared with limit=1" in notes
    assert prepare("weizmann", download, tmp_path).resumed == 2


def test_other_options_need_another_folder(download: Path, tmp_path: Path) -> None:
    prepare("weizmann", download, tmp_path)
    with pytest.raises(InputError, match=r"was prepared with .*published.*lossless.*another --out"):
        prepare("weizmann", download, tmp_path, PrepareOptions(storage="lossless"))


@pytest.mark.parametrize("option", [{"wide_crop": True}, {"resolution": 128}])
def test_an_option_of_another_data_set_is_refused(
    option: dict[str, object], download: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=f"{next(iter(option))} is no option of weizmann"):
        prepare("weizmann", download, tmp_path, PrepareOptions.model_validate(option))


def test_a_rendered_world_cannot_be_prepared(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="toy-faces is rendered, not prepared"):
        prepare("toy-faces", tmp_path, tmp_path)


@pytest.mark.parametrize(
    "name", ["celebvhq", "faceforensics", "grid", "taichihd", "ucf101", "weizmann"]
)
def test_an_empty_download_says_what_was_looked_for(name: str, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(InputError, match=f"{empty}"):
        prepare(name, empty, tmp_path / "out")
    with pytest.raises(InputError, match="no such folder"):
        prepare(name, tmp_path / "absent", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_unwritable_place_is_one_line(download: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="cannot be written: Not a directory"):
        prepare("weizmann", download, tmp_path / "file")


def test_a_damaged_journal_is_said_to_be(download: Path, tmp_path: Path) -> None:
    prepare("weizmann", download, tmp_path)
    journal = tmp_path / "weizmann" / JOURNAL
    journal.write_text("{broken\n" + journal.read_text())
    with pytest.raises(InputError, match=r"prepare.jsonl: line 1: not JSON: .*: damaged"):
        prepare("weizmann", download, tmp_path)


def test_the_report_names_versions_options_and_sources(download: Path, tmp_path: Path) -> None:
    prepare("weizmann", download, tmp_path)
    report = json.loads((tmp_path / "weizmann" / REPORT).read_text())
    entry = read_journal(tmp_path / "weizmann").entries["train", "00000000_wave2_p0"]
    assert report["options"] == {"limit": None, "storage": "published"}
    assert report["versions"]["av"]
    assert entry.sources[0].path.endswith("1/00000000.jpg")
    assert len(entry.sources[0].sha256) == 64


def test_a_montage_is_there_to_look_at(download: Path, tmp_path: Path) -> None:
    prepare("weizmann", download, tmp_path)
    with Image.open(tmp_path / "weizmann" / "montage.png") as picture:
        assert picture.height >= 8 * SIDE


def test_verify_finds_what_was_taken_away_changed_and_added(download: Path, tmp_path: Path) -> None:
    dataset = load_dataset("weizmann")
    prepare("weizmann", download, tmp_path)
    assert verify(dataset, "train", tmp_path).sound
    train = tmp_path / "weizmann" / "train"
    (train / "00000000_wave2_p0.mkv").unlink()
    whole = train / "00000004_jack_p0.mkv"
    whole.write_bytes(whole.read_bytes()[:-200])
    (train / "extra.mkv").write_bytes((train / "00000006_bend_p0.mkv").read_bytes())
    report = verify(dataset, "train", tmp_path)
    assert not report.sound
    assert report.gone == ("00000000_wave2_p0.mkv",)
    assert report.foreign == ("extra.mkv",)
    assert [video.video for video in report.unreadable] == ["00000004_jack_p0.mkv"]
    assert "1 unreadable, 1 gone, 1 foreign" in report.summary


def test_the_list_counts_what_is_prepared(download: Path, tmp_path: Path) -> None:
    prepare("weizmann", download, tmp_path)
    rows = {row.id: row for row in infos(tmp_path)}
    splits = rows["weizmann"].splits
    assert {name: split.here for name, split in splits.items()} == {"train": 4, "test": 4}
    assert {name: split.expected for name, split in splits.items()} == {"train": 28, "test": 8}
    assert (rows["weizmann"].here, rows["grid"].here, rows["toy-faces"].here) == (
        "partial",
        "no",
        "yes",
    )


def test_a_data_set_that_is_not_whole_is_partial(
    download: Path, tmp_path: Path, leo_bench: Run
) -> None:
    line = ("data", "prepare", "weizmann", "--from", download, "--out", tmp_path / "root")
    ended = leo_bench(*line)
    assert ended.code == 1
    assert "; partial: 56 missing in the download" in ended.out
    assert ended.err.splitlines()[-1] == (
        "weizmann is partial: 56 missing in the download; --allow-missing accepts that"
    )
    assert leo_bench(*line, "--allow-missing").code == 0
    listed = leo_bench("data", "list", "--data-root", tmp_path / "root").out
    (row,) = [text for text in listed.splitlines() if text.startswith("weizmann ")]
    assert " partial " in row
    notes = open_dataset(load_dataset("weizmann"), "train", tmp_path / "root").notes
    assert "weizmann is partial: 56 missing in the download" in notes


def test_what_is_whole_is_not_partial_and_a_limit_is_no_failure(tmp_path: Path) -> None:
    whole = PrepareReport(
        dataset="weizmann",
        prepare_version=1,
        versions={},
        options={"limit": None},
        download="d",
        created="",
        videos={"train": 28, "test": 7},
        expected={"train": 28, "test": 8},
        left_out=(LeftOut(split="test", name="v", reason="too small"),),
    )
    assert (whole.lacks, whole.gaps) == ((), ())
    fewer = whole.model_copy(update={"left_out": ()})
    assert fewer.lacks == fewer.gaps == ("test has 7 of 8 videos",)
    limited = fewer.model_copy(update={"options": {"limit": 3}})
    assert (limited.lacks, limited.gaps) == ((), ("limited to 3 videos a split",))
    assert fewer.model_copy(update={"options": {"limit": 8}}).lacks == fewer.lacks


def test_a_split_without_a_video_is_missed_whatever_is_expected(tmp_path: Path) -> None:
    folder = tmp_path / "FaceForensics_compressed"
    report = PrepareReport(
        dataset="faceforensics",
        prepare_version=1,
        versions={},
        options={"limit": 2},
        download=str(folder),
        created="",
        videos={"train": 2},
        expected={"train": 704, "val": None, "test": None},
    )
    assert report.lacks == ("no video of split val", "no video of split test")
    assert report.gaps_of("train") == ("limited to 2 videos a split",)
    assert "; partial: no video of split val, " in report.summary


def test_a_folder_of_the_users_own_is_opened_and_said_not_to_be_ours(
    download: Path, tmp_path: Path
) -> None:
    prepare("weizmann", download, tmp_path)
    for name in (JOURNAL, REPORT):
        (tmp_path / "weizmann" / name).unlink()
    notes = open_dataset(load_dataset("weizmann"), "train", tmp_path).notes
    assert "weizmann was not prepared by leo-bench: its preprocessing is not known" in notes
