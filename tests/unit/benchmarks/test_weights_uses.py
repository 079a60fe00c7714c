"""Which commands need which weights, as `weights list` and `weights fetch --for` say it."""

from pathlib import Path

import pytest
from own_data import write_own_data

from conftest import Run
from leo_bench.benchmarks.weights_uses import needed_for, uses, without_weights
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.protocols.of_clips import FOLDER as CLIPS
from leo_bench.evaluation.weights import downloads
from leo_bench.evaluation.weights.registry import load_registry

PRETRAINED, TORCHSCRIPT = "i3d_pretrained_400.pt", "i3d_torchscript.pt"
FACENET, REID = "20180402-114759-vggface2.pt", "reid_baseline/reid_model.pth"


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("stylegan-v", [TORCHSCRIPT]),
        ("digan", [PRETRAINED]),
        ("acd-face", [FACENET]),
        ("i3d-kinetics400", [PRETRAINED, TORCHSCRIPT]),
        ("facenet-vggface2", [FACENET]),
        ("kvd", [PRETRAINED]),
        ("precision", [PRETRAINED, TORCHSCRIPT]),
        ("fid", ["pt_inception-2015-12-05-6726825d.pth"]),
        ("train", ["vgg19-dcbb9e9d.pth"]),
        ("taichihd256", ["vgg19-dcbb9e9d.pth"]),
        ("lia-taichi256", ["taichi.pt"]),
        ("animate", ["vox.pt", "taichi.pt", "ted.pt"]),
        ("faceforensics", [TORCHSCRIPT, FACENET]),
        ("taichihd", [PRETRAINED, REID]),
        ("toy-faces", []),
        ("i3d-toy", []),
        ("acd-toy", []),
    ],
)
def test_what_a_name_needs(name: str, files: list[str]) -> None:
    assert sorted(needed_for(name)) == sorted(files)


def test_what_a_file_of_ones_own_needs(tmp_path: Path) -> None:
    walks = write_own_data(tmp_path / "own") / "data" / "walks.toml"
    assert needed_for(str(walks)) == [TORCHSCRIPT]
    shipped = (CLIPS / "digan.toml").read_text()
    own = tmp_path / "own.toml"
    own.write_text(shipped.replace('id = "digan"', 'id = "own"'))
    assert needed_for(str(own)) == [PRETRAINED]
    own.write_text(shipped.replace("extractor =", "extractr ="))
    with pytest.raises(InputError, match="unknown key 'extractr'"):
        needed_for(str(own))


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"--for xyz: .*verbs fvd, .*; data sets .*digan"):
        needed_for("xyz")
    with pytest.raises(InputError, match=r"--for fdv: .*; did you mean fvd"):
        needed_for("fdv")


def test_every_file_that_a_network_uses_is_behind_a_command() -> None:
    behind = {file for use in uses() for file in use.files}
    assert {name for name, file in load_registry().items() if file.used_by} == behind
    assert not set(without_weights()) & {use.network for use in uses()}


def test_the_list_says_size_address_and_commands_in_100_columns(
    leo_bench: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    listed = leo_bench("weights", "list")
    assert listed.code == 0
    lines = listed.out.splitlines()
    at = lines.index(f"{TORCHSCRIPT}: 51.2 MB, absent")
    assert lines[at + 1] == "  for fvd --protocol latte|stylegan-v"
    assert lines[at + 2].startswith("  https://www.dropbox.com/")
    assert f"{PRETRAINED}: size unknown, absent" in lines
    assert "need no file: --extractor i3d-toy" in lines[-1]
    assert all(len(line) <= 100 for line in lines[:-1] if "https://" not in line)


def test_what_is_needed_is_fetched_and_what_only_a_person_gets_comes_last(
    leo_bench: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fetched: list[str] = []

    def fetch(name: str, offline: bool, progress: object) -> Path:
        fetched.append(name)
        return tmp_path / name

    monkeypatch.setattr(downloads, "fetch", fetch)
    done = leo_bench(
        "weights", "fetch", "--for", "taichihd", "--for", "acd-face", "--for", "i3d-toy"
    )
    assert done.code == 0, done.err
    assert fetched == [PRETRAINED, FACENET, REID]
    assert "i3d-toy needs no weights" in done.out
    assert f"{FACENET}: {tmp_path / FACENET}; nobody published its digest" in done.out
    fetched.clear()
    assert leo_bench("weights", "fetch", "--for", "nothing").code == 2
    assert not fetched


@pytest.mark.parametrize(
    ("command", "trial"),
    [
        (("fvd", "--protocol", "stylegan-v"), "--extractor i3d-toy"),
        (("precision", "--protocol", "stylegan-v"), "--extractor i3d-toy"),
        (("fid",), "--extractor random-filters"),
        (("acd", "--protocol", "acd-face"), "--embedder id-toy"),
    ],
)
def test_an_error_of_absent_weights_names_what_runs_without(
    leo_bench: Run, command: tuple[str, ...], trial: str
) -> None:
    sides = ("--real", "toy-faces/test", "--fake", "toy-faces/train", "--frames", 10, "--limit", 6)
    refused = leo_bench(*command, *sides)
    assert refused.code == 2
    assert "`leo-bench weights fetch " in refused.err
    assert f"; for a trial, {trial} needs no file" in refused.err
    assert refused.err.count("\n") == 1
    done = leo_bench(*command, *sides, *trial.split())
    assert done.code == 0, done.err


def test_a_checkpoint_of_lia_is_looked_for_in_the_weights(leo_bench: Run, tmp_path: Path) -> None:
    refused = leo_bench(
        "animate", "--checkpoint", "vox.pt", "--source", tmp_path / "me.png", "--driving",
        tmp_path / "talk.mp4", "--out", tmp_path / "out.mp4",
    )  # fmt: skip
    assert refused.code == 2
    assert "https://drive.google.com/drive/folders/" in refused.err
    assert "for a trial, --checkpoint leo:toy-faces needs no file" in refused.err
    assert "--allow-unverified" not in refused.err
