"""Every option that names an output, of every verb: what is not leo-bench's own stays as it is."""

import csv
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import typer

from conftest import Run, write_frames
from leo_bench.benchmarks.cli.main import app
from leo_bench.evaluation.records.documents import read_any_record

P = ("--frames", 16, "--protocol", "stylegan-v", "--extractor", "i3d-toy")
SIDES = ("--real", "real", "--fake", "fake")
REPETITION = ("repetition", "fake", "--calibrate", "real", "--frames", 40)
RESULTS = ("study", "results", "study")
DRIFT = ("drift", "fake", "--real", "real", "--frames", 16, "--every", 4, "--run", 4)

# (verb and what it needs besides, option): a path that names a file.
FILES = [
    *[((verb, *SIDES, *P), "--json") for verb in ("fvd", "kvd", "precision", "leverage")],
    (("fid", *SIDES, "--frames", 16), "--json"),
    (("acd", *SIDES, "--frames", 16), "--json"),
    (("score", *SIDES, "--metrics", "fvd16"), "--json"),
    (DRIFT, "--json"),
    (DRIFT, "--out"),
    (REPETITION, "--json"),
    (("nearest", "--fake", "fake", "--train", "real", *P), "--json"),
    (("nearest", "--fake", "fake", "--train", "real", *P), "--out"),
    (("features", "fake", *P), "--out"),
    (("plan", "fvd.json", "--width", "10%"), "--json"),
    (("report", "--records", "records"), "--out"),
    (("bundle", "--records", "records"), "--out"),
    (("leaderboard", "bundles"), "--out"),
    (("regress", "--old", "records", "--new", "records"), "--markdown"),
    (("regress", "--old", "records", "--new", "records"), "--junit"),
    (("ablate", "table", "lmc.json"), "--markdown"),
    *[(RESULTS, option) for option in ("--csv", "--raters-csv", "--json")],
    (("study", "metrics", "study", "--metrics", "acd"), "--json"),
    (("study", "metrics", "study", "--metrics", "acd"), "--markdown"),
    (("animate", "--checkpoint", "leo:toy-faces", "--source", "a", "--driving", "b"), "--out"),
]
# The same, of paths that name a folder.
FOLDERS = [
    *[((verb, *SIDES, *P), "--records") for verb in ("fvd", "kvd", "precision", "leverage")],
    (("fid", *SIDES, "--frames", 16), "--records"),
    (("acd", *SIDES, "--frames", 16), "--records"),
    (("score", *SIDES, "--metrics", "fvd16"), "--records"),
    (DRIFT, "--records"),
    (REPETITION, "--records"),
    (("run", "toy"), "--records"),
    (RESULTS, "--records"),
    (("tables",), "--out"),
    (("demo",), "--out"),
    (("train", "all", "--config", "toy64", "--data", "toy-faces/train", "--cpu"), "--run"),
    (("export", "--run", "leo"), "--out"),
    (("sample", "--run", "leo:toy-faces"), "--out"),
    (("sample", "--run", "leo:toy-faces", "--grid", "motions"), "--out"),
    (("edit", "--sample-from", "samples", "--command", "x {in} {out}"), "--out"),
    (("edit", "--sample-from", "samples", "--first-frames"), "--out"),
    (("adapt", "digan", "--checkout", "c", "--count", 1), "--out"),
    (("ablate", "lmc", "--run", "leo:toy-faces"), "--out"),
    (("ablate", "history", "--run", "leo:toy-faces"), "--out"),
    (("study", "simulate", "study"), "--out"),
    (("study", "create", "a=real", "b=fake", "--question", "realism"), "--out"),
    (("study", "export", "s"), "--out"),
    (("study", "demo", "--no-browser"), "--out"),
    (("ablate", "transition", "--run", "leo:toy-bodies", "--real", "toy-bodies/test"), "--out"),
]
# Options of paths that are read; `--summary` is added to, `data prepare --out` is in a test below.
READ = {
    "--weights", "--data-root", "--vgg", "--source", "--driving", "--edited", "--sample-from",
    "--checkout", "--python", "--old", "--new", "--settings", "--from", "--metadata", "--include",
    "--animator",
}  # fmt: skip
READ_BY = {
    ("report", "--records"), ("report", "--run"), ("bundle", "--records"), ("table", "--records"),
    ("tables", "--records"), ("encode", "--run"), ("export", "--run"), ("regress", "--summary"),
    ("data prepare", "--out"),
}  # fmt: skip


def called(line: tuple[object, ...]) -> str:
    return " ".join(map(str, line[: 2 if line[0] in ("ablate", "data", "study") else 1]))


def paths(group: object, before: str = "") -> Iterator[tuple[str, str]]:
    """(verb, option) of every option that takes a path."""
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        if hasattr(command, "commands"):
            yield from paths(command, f"{before}{name} ")
            continue
        hints = command.callback.__annotations__
        for parameter in command.params:
            if "Path" in str(hints.get(parameter.name)) and parameter.opts[0].startswith("--"):
                yield f"{before}{name}", parameter.opts[0]


def test_no_option_that_names_an_output_is_forgotten() -> None:
    held = {(called(line), option) for line, option in (*FILES, *FOLDERS)}
    found = {(verb, option) for verb, option in paths(typer.main.get_command(app))}
    assert {pair for pair in found - READ_BY if pair[1] not in READ} == held


def tree(folder: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of videos, and files of somebody's, in the folder that one works in."""
    monkeypatch.chdir(tmp_path)
    for side, seed in (("real", 0), ("fake", 9)):
        for video in range(5):
            write_frames(tmp_path / side / f"v{video}", 18, seed=seed + video)
    (tmp_path / "notes.txt").write_text("my own notes\n")
    (tmp_path / "mine.png").write_bytes((tmp_path / "real" / "v0" / "000000.png").read_bytes())
    (tmp_path / "to-notes").symlink_to("notes.txt")
    (tmp_path / "to-videos").symlink_to("real")
    return tmp_path


def refuses(leo_bench: Run, here: Path, line: tuple[object, ...], option: str, path: str) -> None:
    before = tree(here)
    ended = leo_bench(*line, option, path)
    assert (ended.code, ended.out) == (2, ""), ended
    assert path in ended.err
    assert ended.err.count("\n") == 1, ended.err
    assert tree(here) == before


@pytest.mark.parametrize(("line", "option"), FILES, ids=lambda part: str(part).split("'")[-2:][0])
def test_a_file_option_takes_nothing_of_somebodys(
    leo_bench: Run, here: Path, line: tuple[object, ...], option: str
) -> None:
    for path in ("real", "notes.txt", "mine.png", "to-notes", "to-videos"):
        refuses(leo_bench, here, line, option, path)
    os.mkfifo(here / "pipe")
    ended = leo_bench(*line, option, "pipe")
    assert (ended.code, ended.err.count("\n")) == (2, 1), ended
    assert (here / "pipe").is_fifo()


@pytest.mark.parametrize(("line", "option"), FOLDERS, ids=lambda part: str(part)[:40])
def test_a_folder_option_takes_nothing_of_somebodys(
    leo_bench: Run, here: Path, line: tuple[object, ...], option: str
) -> None:
    for path in ("real", "notes.txt", "to-notes", "to-videos"):
        refuses(leo_bench, here, line, option, path)


def test_data_is_prepared_into_no_folder_of_somebodys(leo_bench: Run, here: Path) -> None:
    (here / "root").mkdir()
    shutil.move(here / "real", here / "root" / "ucf101")  # a download that lies at the place
    line = ("data", "prepare", "ucf101", "--from", "root/ucf101")
    refuses(leo_bench, here, line, "--out", "root")
    refuses(leo_bench, here, line, "--out", "notes.txt")


def test_a_table_of_ones_own_beside_a_record_is_kept(leo_bench: Run, here: Path) -> None:
    (here / "x.videos.csv").write_text("my,own,table\n1,2,3\n")
    before = tree(here)
    ended = leo_bench("fvd", *SIDES, *P, "--json", "x.json")
    assert (ended.code, ended.out) == (2, "")
    assert "x.videos.csv: is there already, and no table of influences of leo-bench" in ended.err
    assert tree(here) == before


def test_a_summary_is_added_to_a_file_alone(leo_bench: Run, here: Path) -> None:
    refuses(leo_bench, here, ("regress", "--old", "o", "--new", "n"), "--summary", "real")


@pytest.mark.parametrize("verb", ["fvd", "precision", "leverage"])
def test_a_dash_gives_one_document_and_nothing_else(leo_bench: Run, here: Path, verb: str) -> None:
    ended = leo_bench(verb, *SIDES, *P, "--json", "-")
    assert ended.code == 0, ended.err
    json.loads(ended.out)
    assert "FVD16 = " in ended.err
    assert not (here / "-").exists()


def test_a_dash_holds_both_sides_of_a_score(leo_bench: Run, here: Path) -> None:
    line = ("--frames", 4, "--protocol", "acd-toy", "--embedder", "mean-colour")
    ended = leo_bench("acd", *SIDES, *line, "--json", "-")
    assert ended.code == 0, ended.err
    content = json.loads(ended.out)
    assert [record["side"] for record in content["records"]] == ["real", "fake"]
    assert "ACD4" in ended.err


def test_files_are_there_before_anything_is_shown(
    leo_bench: Run, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> None:
        assert (here / "r.json").is_file()
        assert list((here / "records").rglob("fvd.json"))
        raise SystemExit(1)

    monkeypatch.setattr("leo_bench.benchmarks.cli.results.show_record", breaks)
    assert leo_bench("fvd", *SIDES, *P, "--json", "r.json", "--records", "records").code == 3
    assert read_any_record(here / "r.json").value > 0
    assert list(csv.reader((here / "r.videos.csv").read_text().splitlines()))


def test_a_second_run_takes_the_places_of_the_first(leo_bench: Run, here: Path) -> None:
    line = ("fvd", *SIDES, *P, "--json", "r.json", "--records", "records")
    for runs in (1, 2):
        assert leo_bench(*line).code == 0
        assert len(list(here.glob("r*.json"))) == runs
        assert len(list(here.glob("r*.videos.csv"))) == runs
    for _ in range(2):
        assert leo_bench("features", "fake", *P, "--out", "f.npz").code == 0
        assert leo_bench("report", "--records", "records", "--out", "r.html").code == 0
        assert leo_bench("tables", "--out", "tables").code == 0
        line = ("regress", "--old", "records", "--new", "records")
        leo_bench(*line, "--markdown", "r.md", "--junit", "r.xml")
        assert (here / "r.md").is_file()
        assert (here / "r.xml").is_file()
        bundle = ("bundle", "--records", "records", "--no-statistics", "--out", "b/r.leo.zip")
        assert leo_bench(*bundle).code == 0
        assert leo_bench("leaderboard", "b").code == 0


def test_features_of_one_clip_are_one_row(leo_bench: Run, here: Path) -> None:
    assert leo_bench("features", "fake/v0", *P, "--out", "one.npz").out.endswith(
        "1 clip x 122 features\n"
    )
    with np.load(here / "one.npz") as content:
        assert content["features"].shape == (1, 122)
    ended = leo_bench("fvd", "--real", "real", "--fake", "fake/v0", *P)
    assert ended.err == "leo-bench: fake/v0: a distance needs 2 clips or more, there is 1\n"


def test_a_metric_that_a_protocol_lacks_names_those_that_have_it(
    leo_bench: Run, here: Callable[..., Path]
) -> None:
    ended = leo_bench("kvd", *SIDES, "--frames", 16, "--protocol", "stylegan-v")
    assert ended.code == 2
    assert "protocol stylegan-v has no kvd" in ended.err
    assert "kvd is in digan" in ended.err
    assert "tats" in ended.err
