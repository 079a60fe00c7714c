"""`leo-bench data info`: what a data set is, how much of it is here, and what to run next."""

import json
from pathlib import Path

import numpy as np
import pytest
from own_data import write_own_data
from PIL import Image

from conftest import Run
from leo_bench.benchmarks.datasets import load_dataset
from leo_bench.benchmarks.datasets.info import info
from leo_bench.benchmarks.prepare.run import prepare


def strips(folder: Path, numbers: range) -> Path:
    """Weizmann strips of two plain frames each; the left one tells them apart."""
    folder.joinpath("0").mkdir(parents=True)
    for number in numbers:
        strip = Image.new("RGB", (128, 64), (number, 0, 0))
        strip.paste((0, number, 200), (64, 0, 128, 64))
        strip.save(folder / "0" / f"{number:08d}.jpg", "PNG")
    return folder


def test_what_is_not_here_says_what_to_fetch_and_run(leo_bench: Run, tmp_path: Path) -> None:
    said = leo_bench("data", "info", "faceforensics", "--data-root", tmp_path)
    assert said.code == 0, said.err
    assert "  download: FaceForensics_compressed/{train,val,test}/{original,mask}" in said.out
    assert "  size of the download: unknown\n" in said.out
    assert "  prepared: resize: 256x256, OpenCV's LANCZOS4\n" in said.out
    assert "  prepared: storage: JPEG frames of quality 75; " in said.out
    assert "  split train: 0 videos here, of 704\n" in said.out
    assert "  split val: 0 videos here, of an unknown number\n" in said.out
    assert f"  here: no; nothing is in {tmp_path}/faceforensics\n" in said.out.replace(
        "\n    ", " "
    )
    line = f"leo-bench data prepare faceforensics --from DOWNLOAD --out {tmp_path}"
    assert said.out.endswith(f"\nnext: {line}\n")
    assert all(len(line) <= 100 for line in said.out.splitlines()[:-2])


def test_what_is_prepared_in_part_is_partial(tmp_path: Path) -> None:
    download = strips(tmp_path / "download", range(0, 8, 2))
    prepare("weizmann", download, tmp_path)
    found = info(load_dataset("weizmann"), tmp_path)
    assert (found.here, found.by_leo_bench) == ("partial", True)
    assert found.gaps == ("68 missing in the download", "no video of split test")
    assert found.splits["train"].here == 4
    assert found.next == f"leo-bench data prepare weizmann --from {download} --out {tmp_path}"
    (tmp_path / "weizmann" / "prepare.json").unlink()
    unfinished = info(load_dataset("weizmann"), tmp_path)
    assert (unfinished.here, unfinished.gaps) == ("partial", ("its preparation is not finished",))


def test_a_download_without_a_split_leaves_with_1_unless_that_is_meant(
    leo_bench: Run, tmp_path: Path
) -> None:
    download = strips(tmp_path / "download", range(0, 8, 2))
    line = ("data", "prepare", "weizmann", "--from", download, "--out", tmp_path, "--limit", 2)
    ended = leo_bench(*line)
    assert ended.code == 1
    why = "68 missing in the download, no video of split test; --allow-missing accepts that"
    assert ended.err.splitlines()[-1] == f"weizmann is partial: {why}"
    assert leo_bench(*line, "--allow-missing").code == 0


def test_of_ones_own_data_the_files_are_counted(leo_bench: Run, tmp_path: Path) -> None:
    own = write_own_data(tmp_path / "own") / "data"
    said = leo_bench("data", "info", own / "walks.toml", "--json", "-")
    assert said.code == 0, said.err
    found = json.loads(said.out)
    assert found["definition"] == str(own / "walks.toml")
    assert (found["here"], found["by_leo_bench"]) == ("yes", None)
    assert found["splits"]["train"] == {
        "expected": None,
        "listed": None,
        "here": 4,
        "place": str(own / "videos" / "of-training"),
        "problem": None,
    }
    assert found["next"].startswith(f"leo-bench fvd --dataset {own}/walks.toml --frames 16")
    (own / "videos" / "test" / "0.mp4").unlink()
    partial = info(load_dataset(str(own / "walks.toml")))
    assert (partial.here, partial.gaps) == ("partial", ("test has 3 of 4 videos",))
    assert partial.next.startswith(
        f"put the videos of each split below {own / 'videos'}, then leo-"
    )
    listed = leo_bench("data", "list", "--include", own)
    (row,) = [line for line in listed.out.splitlines() if line.startswith("walks ")]
    assert " partial " in row
    assert "train 4/?, test 3/4" in row
    assert f"walks: {own / 'walks.toml'}\n" in listed.out


def test_videos_that_cannot_be_counted_say_why(leo_bench: Run, tmp_path: Path) -> None:
    own = write_own_data(tmp_path / "own") / "data"
    for split in ("test", "of-training"):
        np.save(own / "videos" / split / "labels.npy", np.zeros(3))
    said = leo_bench("data", "info", own / "walks.toml")
    assert said.code == 0, said.err
    text = " ".join(said.out.split())
    assert f"split test: 0 videos here, of 4: {own}/videos/test: " in text
    assert "--only" in text
    assert f"here: no; no video was found in {own}/videos" in text


@pytest.mark.parametrize(("name", "here"), [("toy-faces", "yes"), ("grid", "no")])
def test_a_world_is_always_here(name: str, here: str, tmp_path: Path) -> None:
    assert info(load_dataset(name), tmp_path).here == here


def test_own_data_is_not_prepared(
    leo_bench: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = write_own_data(tmp_path / "own") / "data"
    monkeypatch.setenv("LEO_BENCH_INCLUDE", str(own))
    refused = leo_bench("data", "prepare", "walks", "--from", own, "--out", tmp_path / "root")
    assert refused.code == 2
    assert "walks is measured where its videos are, not prepared; prepared are" in refused.err


def test_an_empty_place_in_the_variable_is_not_the_current_folder(
    leo_bench: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(write_own_data(tmp_path / "own") / "data")
    (tmp_path / "other").mkdir()
    monkeypatch.setenv("LEO_BENCH_INCLUDE", f":{tmp_path / 'other'}")
    listed = leo_bench("list", "datasets")
    assert listed.code == 0, listed.err
    assert "walks" not in listed.out
