"""Bundles: what they hold, what they prove, and what they refuse."""

import contextlib
import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from made_records import features, keep_fvd, statistics
from typer.testing import CliRunner

from leo_bench.benchmarks.cli.main import app
from leo_bench.evaluation.distances.frechet import fit_gaussian, frechet_distance
from leo_bench.evaluation.distances.influence import ClipFeatures
from leo_bench.evaluation.errors import InputError
from leo_bench.reports.bundles import SideStatistics, Statistics, check, frechet, pack
from leo_bench.reports.leaderboard import render
from leo_bench.reports.origins import MODELS, ModelFacts, models_text

REAL, FAKE = features(1, 64), features(2, 64, 0.5)
KEY = "made-16f/model/fvd"


def packed(tmp_path: Path, fake: ClipFeatures = FAKE, name: str = "b") -> Path:
    keep_fvd(tmp_path / f"{name}-records", REAL, FAKE)
    out = tmp_path / f"{name}.leo.zip"
    pack(tmp_path / f"{name}-records", {KEY: statistics(REAL, fake)}, name, out)
    return out


def repacked(path: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    change(files)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def promising(shape: str) -> bytes:
    """Statistics of which one has a header of so many values, and the bytes of four."""
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    array = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + bytes(32)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("real_cov.npy", array)
    return out.getvalue()


def test_the_distance_by_singular_values_is_the_distance() -> None:
    for count in (5, 64, 400):  # fewer clips than dimensions: covariances without full rank
        real, fake = features(3, count), features(4, count, 0.3)
        gaussians = [fit_gaussian(s.values, correction=1) for s in (real, fake)]
        sides = [SideStatistics(g.mean.numpy(), g.cov.numpy()) for g in gaussians]
        expected = frechet_distance(*gaussians)
        assert frechet(Statistics(*sides)) == pytest.approx(expected, rel=1e-9)


def test_a_bundle_proves_its_number(tmp_path: Path) -> None:
    bundle = check(packed(tmp_path), tmp_path / "scratch")
    (checked,) = bundle.records
    assert checked.key == KEY
    assert checked.value_check == "computed again"
    assert [number.verdict for number in checked.numbers] == ["the same", "the same"]
    assert checked.again == pytest.approx(checked.record.value, rel=1e-9)
    assert bundle.sound


def test_it_holds_no_features_of_single_videos(tmp_path: Path) -> None:
    with zipfile.ZipFile(packed(tmp_path)) as archive:
        names = archive.namelist()
        archive.extract(f"statistics/{KEY}.npz", tmp_path)
    assert names == [
        "manifest.json",
        f"records/{KEY}.json",
        f"records/{KEY}.videos.csv",
        f"statistics/{KEY}.npz",
    ]
    with np.load(tmp_path / f"statistics/{KEY}.npz") as arrays:
        dimension = REAL.values.shape[1]
        assert {a.shape for a in arrays.values()} == {(dimension,), (dimension, dimension)}


def test_how_videos_came_about_travels_with_them(tmp_path: Path) -> None:
    plain = check(packed(tmp_path), tmp_path / "scratch-1")
    assert plain.records[0].origin == "given"
    (tmp_path / "b-records" / MODELS).write_text(
        models_text({"model": ModelFacts(origin="authors-samples")})
    )
    bundle = check(packed(tmp_path), tmp_path / "scratch-2")
    assert f"records/{MODELS}" in bundle.manifest.files
    assert bundle.records[0].origin == "authors-samples"
    assert "authors&#39; samples" in render([bundle], "many")


def test_statistics_of_other_videos_contradict_the_number(tmp_path: Path) -> None:
    path = packed(tmp_path, features(9, 64, 0.2))
    assert not check(path, tmp_path / "scratch").sound
    result = CliRunner().invoke(app, ["check-bundle", str(path)])
    assert result.exit_code == 1
    assert "CONTRADICTED" in result.stdout


def _better(files: dict[str, bytes]) -> None:
    record = json.loads(files[f"records/{KEY}.json"])
    record["value"] = record["value_float64"] = 0.5
    files[f"records/{KEY}.json"] = json.dumps(record).encode()


def _more(files: dict[str, bytes]) -> None:
    files["records/extra.json"] = b"{}"


def _less(files: dict[str, bytes]) -> None:
    del files[f"records/{KEY}.videos.csv"]


def _no_manifest(files: dict[str, bytes]) -> None:
    del files["manifest.json"]


def _outside(files: dict[str, bytes]) -> None:
    files["../outside.json"] = b"{}"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_better, "was changed after packing"),
        (_more, "is not in the manifest"),
        (_less, "is missing"),
        (_no_manifest, "not a bundle"),
        (_outside, "does not belong into a bundle"),
    ],
)
def test_a_bundle_that_was_tampered_with_is_refused(
    change: Callable[[dict[str, bytes]], None], said: str, tmp_path: Path
) -> None:
    path = repacked(packed(tmp_path), change)
    with pytest.raises(InputError, match=said):
        check(path, tmp_path / "scratch")
    assert not (tmp_path / "outside.json").exists()


def npz(**changes: object) -> bytes:
    """Statistics of two features, but for `changes`."""
    usual = {
        f"{side}_{name}": value
        for side in ("real", "fake")
        for name, value in (("mean", np.zeros(2)), ("cov", np.eye(2)))
    }
    content = io.BytesIO()
    np.savez_compressed(content, **(usual | changes))  # type: ignore[arg-type]
    return content.getvalue()


def _array() -> bytes:
    content = io.BytesIO()
    np.save(content, np.eye(2))
    return content.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no zip",
        _array(),
        npz()[:100],
        npz(real_mean=np.array(["a", "b"])),
        npz(real_cov=np.eye(3)),
        npz(real_cov=np.eye(2) * 1j),
        npz(fake_mean=np.array([0.0, np.nan])),
        npz(**{f"{side}_mean": np.zeros(0) for side in ("real", "fake")}),
        npz(real_cov=np.zeros((4096, 4096))),  # 128 MiB out of 130 kB
        promising("(1000000, 1000000)"),
        promising("(-1, 2)"),
    ],
    ids=[
        *("none", "text", "npy", "cut", "words", "shape", "complex", "nan", "empty", "bomb"),
        *("promise", "below 0"),
    ],
)
def test_statistics_that_are_none_are_one_line(tmp_path: Path, content: bytes) -> None:
    def change(files: dict[str, bytes]) -> None:
        name = f"statistics/{KEY}.npz"
        manifest = json.loads(files["manifest.json"])
        manifest["files"][name] = hashlib.sha256(content).hexdigest()
        files |= {name: content, "manifest.json": json.dumps(manifest).encode()}

    path = repacked(packed(tmp_path), change)
    with pytest.raises(InputError, match=f"statistics of {KEY} cannot be used"):
        check(path, tmp_path / "scratch")


def test_damage_anywhere_is_one_line(tmp_path: Path) -> None:
    path = packed(tmp_path)
    sound = path.read_bytes()
    for at in range(0, len(sound), max(1, len(sound) // 200)):
        path.write_bytes(sound[:at] + bytes([sound[at] ^ 0xFF]) + sound[at + 1 :])
        with contextlib.suppress(InputError):  # a time or a comment may be anything
            check(path, tmp_path / f"scratch{at}")


def test_a_bundle_with_the_statistics_of_fid_can_be_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "leo_bench.reports.bundles.frechet", lambda _: 0.0
    )  # the size is what matters
    one = SideStatistics(np.zeros(2048), np.zeros((2048, 2048)))  # of Inception
    keep_fvd(tmp_path / "records", REAL, REAL)
    out = tmp_path / "fid.leo.zip"
    pack(tmp_path / "records", {KEY: Statistics(one, one)}, "fid", out)
    assert check(out, tmp_path / "scratch").records[0].again == 0


def test_packing_twice_gives_the_same_files(tmp_path: Path) -> None:
    packed(tmp_path)
    manifests = [
        pack(tmp_path / "b-records", {KEY: statistics(REAL, FAKE)}, "b", tmp_path / name)
        for name in ("1.leo.zip", "2.leo.zip")
    ]
    assert manifests[0].files == manifests[1].files


def test_bad_input_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no record is in there"):
        pack(tmp_path / "empty", {}, "t", tmp_path / "t.leo.zip")
    (tmp_path / "no.leo.zip").write_text("no zip")
    with pytest.raises(InputError, match="not a zip"):
        check(tmp_path / "no.leo.zip", tmp_path / "scratch")
    with pytest.raises(InputError, match="no such file"):
        check(tmp_path / "absent.leo.zip", tmp_path / "scratch")
    result = CliRunner().invoke(app, ["leaderboard", str(tmp_path / "empty")])
    assert isinstance(result.exception, InputError)


def test_the_command_makes_the_statistics_from_the_videos(tmp_path: Path) -> None:
    for seed, name in enumerate(("real", "fake")):
        generator = torch.Generator().manual_seed(seed)
        clips = torch.randint(0, 256, (6, 16, 24, 24, 3), generator=generator, dtype=torch.uint8)
        np.save(tmp_path / f"{name}.npy", clips.numpy())
    sides = [f"--{name}={tmp_path / name}.npy" for name in ("real", "fake")]
    records, out = str(tmp_path / "records"), str(tmp_path / "x.leo.zip")
    how = ["--frames=16", "--protocol=stylegan-v", "--extractor=pixels", "--no-cache"]
    for arguments in (
        ["fvd", *sides, *how, "--records", records],
        ["bundle", "--records", records, "--out", out],
        ["check-bundle", out],
    ):
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 0, result.output
    assert "the same" in result.stdout
    np.save(tmp_path / "fake.npy", clips.numpy() // 2)
    result = CliRunner().invoke(app, ["bundle", "--records", records, "--out", out])
    assert "no statistics: they give" in result.output
    assert CliRunner().invoke(app, ["check-bundle", out]).exit_code == 0
