"""`verify` and `explain`: every number, wherever the videos lie now, by no leave of the record."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from conftest import Run, write_frames
from leo_bench.evaluation.records.documents import read_any_record

Make = Callable[..., Path]
HOW = ("--frames", 16, "--protocol", "stylegan-v", "--extractor", "pixels", "--device", "cpu")


@pytest.fixture
def measured(
    leo_bench: Run, make_videos: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """fvd.json in a folder of its own, made of videos that were named by relative paths."""
    make_videos("real")
    make_videos("fake", seed=40)
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "records" / "fvd.json"
    ended = leo_bench("fvd", "--real", "real", "--fake", "fake", *HOW, "--json", path)
    assert ended.code == 0, ended.err
    return path


def test_videos_are_found_from_any_folder_and_where_they_are_now(
    measured: Path, leo_bench: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = read_any_record(measured).content()
    assert (record["real"]["source"], record["real"]["absolute"]) == ("real", f"{tmp_path}/real")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert leo_bench("verify", measured).code == 0
    for side in ("real", "fake"):
        shutil.move(tmp_path / side, tmp_path / f"moved-{side}")
    gone = leo_bench("verify", measured)
    assert gone.code == 2
    assert f"{tmp_path}/real: the record's videos are not there" in gone.err
    assert "--real" in gone.err
    now = ("--real", tmp_path / "moved-real", "--fake", tmp_path / "moved-fake")
    found = leo_bench("verify", measured, *now)
    assert found.code == 0, found.out + found.err
    # The digests decide: other videos are others, though they were named.
    others = leo_bench("verify", measured, *now[:3], tmp_path / "moved-real")
    assert others.code == 1
    assert "fake videos" in others.out
    assert "other videos" in others.out


def test_a_folder_gives_a_table_and_1_where_one_differs(
    measured: Path, leo_bench: Run, tmp_path: Path
) -> None:
    folder = measured.parent
    acd = ("acd", "--fake", "fake", "--frames", 4, "--protocol", "acd-toy", "--embedder")
    assert leo_bench(*acd, "mean-colour", "--json", folder / "acd.json").code == 0
    alike = leo_bench("verify", folder)
    assert alike.code == 0, alike.out + alike.err
    assert alike.out.count("the same") == 2
    (folder / "half.json").write_text("{")
    unable = leo_bench("verify", folder)
    assert unable.code == 2
    assert "cannot be verified" in unable.out
    assert f"{folder / 'half.json'}: not JSON" in unable.err
    record = json.loads(measured.read_text())
    record["real"]["fingerprint"] = "0" * 64
    measured.write_text(json.dumps(record))
    other = leo_bench("verify", folder)
    assert other.code == 1
    assert "DIFFERS: real videos" in other.out
    empty = tmp_path / "empty"
    empty.mkdir()
    assert leo_bench("verify", empty).code == 2


def test_explain_shows_what_is_recorded_besides_settings(measured: Path, leo_bench: Run) -> None:
    same = leo_bench("explain", measured, measured)
    assert same.code == 0
    assert "nothing that is recorded differs" in same.out
    record = json.loads(measured.read_text())
    record["versions"]["torch"] = "0.1"
    record["commit"] = "1" * 40
    record["real"]["decoder"] = "another"
    other = measured.with_name("other.json")
    other.write_text(json.dumps(record))
    said = leo_bench("explain", measured, other)
    assert said.code == 0, said.err
    for what in ("versions.torch", "commit", "real.decoder"):
        assert what in said.out
    assert "nothing" not in said.out
    moved = json.loads(measured.read_text())
    for name in ("value", "value_float64"):
        moved[name] += 0.01
    for name in ("values", "values_float64", "interval"):
        moved[name] = [number + 0.01 for number in moved[name]]
    moved["fvd_infinity"] = moved["extrapolation"] = None
    other.write_text(json.dumps(moved))
    said = leo_bench("explain", measured, other)
    assert "nothing that is recorded differs, though the numbers do" in said.out


def test_every_setting_of_the_command_line_is_put_into_the_other_record(
    leo_bench: Run, make_videos: Make, tmp_path: Path
) -> None:
    sides = ("--real", make_videos("r", frames=40), "--fake", make_videos("f", frames=40, seed=40))
    one, other = tmp_path / "one.json", tmp_path / "other.json"
    how = HOW[2:]
    assert leo_bench("fvd", *sides, *how, "--frames", 16, "--json", one).code == 0
    changed = ("--frames", 18, "--resolution", 24, "--real-stride", 2, "--fake-stride", 2)
    made = leo_bench("fvd", *sides, *how, *changed, "--seed", 1, "--limit", 5, "--json", other)
    assert made.code == 0, made.err
    said = leo_bench("explain", one, other)
    assert said.code == 0, said.err
    assert "not possible" not in said.out
    for setting in ("frames", "real stride", "fake stride", "resolution", "seed", "limit"):
        assert f"\n{setting} " in said.out


def test_explain_measures_the_record_as_it_is_before_it_changes_a_setting(
    measured: Path, leo_bench: Run, tmp_path: Path
) -> None:
    """A drift of code or libraries is a row of its own, and in no other row."""
    record = json.loads(measured.read_text())
    other = tmp_path / "other.json"
    resized = ("--resolution", 24, "--json", other)
    assert leo_bench("fvd", "--real", "real", "--fake", "fake", *HOW, *resized).code == 0
    by_resizing = json.loads(other.read_text())["value"] - record["value"]
    for name in ("value", "value_float64"):
        record[name] += 100.0
    for name in ("values", "values_float64"):
        record[name] = [number + 100.0 for number in record[name]]
    record |= dict.fromkeys(
        ("interval", "interval_level", "interval_method", "standard_error", "fvd_infinity")
    )
    record["extrapolation"] = None
    measured.write_text(json.dumps(record))
    (tmp_path / "real").rename(tmp_path / "moved")
    gone = leo_bench("explain", measured, other)
    assert gone.code == 2
    assert "--real" in gone.err
    said = leo_bench("explain", measured, other, "--real", "moved")
    assert said.code == 0, said.err
    rows = {line.split("  ")[0]: line.split()[-1] for line in said.out.splitlines() if line}
    assert rows["(none: A again)"] == "-100"
    assert rows["resolution"] == f"{by_resizing:+.4g}"


def test_explain_lists_settings_of_scores(measured: Path, leo_bench: Run, tmp_path: Path) -> None:
    del measured
    acd = ("acd", "--fake", "fake", "--protocol", "acd-toy", "--embedder", "mean-colour")
    paths = [tmp_path / f"{frames}.json" for frames in (4, 8)]
    for path in paths:
        assert leo_bench(*acd, "--frames", path.stem, "--json", path).code == 0
    said = leo_bench("explain", *paths)
    assert said.code == 0, said.err
    assert "settings of acd are listed" in said.out
    assert "frames" in said.out
    both = leo_bench("explain", paths[0], tmp_path / "records" / "fvd.json")
    assert both.code == 2
    assert "acd and fvd cannot be explained by one another" in both.err


def test_explain_takes_files_of_several_records(
    measured: Path, leo_bench: Run, tmp_path: Path
) -> None:
    del measured
    acd = ("acd", "--real", "real", "--fake", "fake", "--protocol", "acd-toy")
    paths = [tmp_path / f"{frames}.json" for frames in (4, 8)]
    for path in paths:
        assert leo_bench(*acd, "--frames", path.stem, "--json", path).code == 0
    same = leo_bench("explain", paths[0], paths[0])
    assert same.code == 0, same.err
    assert same.out.count("nothing that is recorded differs") == 2  # real and fake
    said = leo_bench("explain", *paths)
    assert said.out.count("settings of acd are listed") == 2
    one = tmp_path / "one.json"
    one.write_text(json.dumps(json.loads(paths[0].read_text())["records"][0]))
    unlike = leo_bench("explain", paths[0], one)
    assert unlike.code == 2
    assert "holds 2 records, and " in unlike.err


class Program(torch.nn.Module):
    """Leaves a trace where it is run."""

    def forward(
        self, x: torch.Tensor, rescale: bool, resize: bool, return_features: bool
    ) -> torch.Tensor:
        return x.mean([2, 3, 4]) + 7.0


@pytest.mark.filterwarnings(
    "ignore:`torch.jit:FutureWarning", "ignore:`torch.jit:DeprecationWarning"
)
def test_a_record_gives_no_leave_to_run_a_program(
    measured: Path, leo_bench: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "x.pt"
    torch.jit.script(Program()).save(str(program))

    def ran(*_: object, **__: object) -> None:
        raise AssertionError("the program was loaded")

    monkeypatch.setattr(torch.jit, "load", ran)
    record = json.loads(measured.read_text())
    asked = {"weights": str(program), "trust_torchscript": True, "allow_unverified": True}
    record["request"] |= {**asked, "extractor": "i3d-kinetics400"}
    record |= {"extractor": "i3d-kinetics400 (its own program)", "weights_sha256": "1" * 64}
    forged = tmp_path / "forged.json"
    forged.write_text(json.dumps(record))
    verified = leo_bench("verify", forged)
    assert verified.code == 2
    assert "weights of i3d-kinetics400 with SHA-256 1111111111111111..." in verified.err
    explained = leo_bench("explain", measured, forged)
    assert explained.code == 0, explained.err
    assert "not possible" in explained.out


def test_other_weights_than_the_records_are_no_answer(
    measured: Path, leo_bench: Run, tmp_path: Path
) -> None:
    record = json.loads(measured.read_text())
    record["weights_sha256"] = "1" * 64
    forged = tmp_path / "forged.json"
    forged.write_text(json.dumps(record))
    ended = leo_bench("verify", forged)
    assert ended.code == 2
    assert "made with SHA-256 1111111111111111" in ended.err


def test_documents_of_older_versions_are_read(
    measured: Path, leo_bench: Run, tmp_path: Path
) -> None:
    record = json.loads(measured.read_text())
    for side in ("real", "fake"):
        del record[side]["absolute"]
    del record["kind"]
    share = {"value": 0.5, "interval": [0.25, 0.75]}
    old = tmp_path / "old.json"
    old.write_text(
        json.dumps({"neighbours": 3, "precision": share, "recall": share, "record": record})
    )
    ended = leo_bench("verify", old)
    assert ended.code == 1, ended.err  # these shares are made up
    assert "precision value 0.5 then" in ended.out
    assert f"fvd value {record['value']!r} then" in ended.out


def test_names_cannot_hide_text_nor_start_formulas(leo_bench: Run, tmp_path: Path) -> None:
    evil = "=1+1\x1b[2J"
    for side, seed in (("real", 0), ("fake", 40)):
        for i in range(5):
            write_frames(tmp_path / side / f"{evil}{i}", 16, seed=seed + i)
    path = tmp_path / "fvd.json"
    ended = leo_bench(
        "fvd", "--real", tmp_path / "real", "--fake", tmp_path / "fake", *HOW, "--json", path
    )
    assert ended.code == 0, ended.err
    table = (tmp_path / "fvd.videos.csv").read_text()
    assert "\n=" not in table.replace("real,", "\n").replace("fake,", "\n")
    shown = leo_bench("leverage", "--real", tmp_path / "real", "--fake", tmp_path / "fake", *HOW)
    assert shown.code == 0, shown.err
    assert "\x1b" not in shown.out
    assert "\\x1b" in shown.out
