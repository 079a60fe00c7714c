"""Records that contradict themselves: every reader refuses them, and names the two fields."""

import copy
import hashlib
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_records import features, keep_fvd
from typer.testing import CliRunner

from conftest import Run
from leo_bench.benchmarks.cli.main import app
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.records.documents import read_any_record
from leo_bench.evaluation.records.shown_digits import number_text

Content = dict[str, Any]
HOW = ("--frames=16", "--protocol=stylegan-v", "--extractor=pixels", "--device=cpu", "--no-cache")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Videos of both sides, honest.json of them, records below rec, and honest.leo.zip."""
    folder = tmp_path_factory.mktemp("made")
    for seed, name in enumerate(("real", "fake")):
        chance = np.random.default_rng(seed)
        clips = chance.integers(0, 200, (8, 1, 1, 1, 3)) + chance.integers(
            0, 56, (8, 16, 24, 24, 3)
        )
        np.save(folder / f"{name}.npy", clips.astype(np.uint8))
    sides = [f"--{name}={folder / name}.npy" for name in ("real", "fake")]
    for arguments in (
        ["fvd", *sides, *HOW, f"--json={folder / 'honest.json'}", f"--records={folder / 'rec'}"],
        ["acd", *sides, "--frames=4", "--protocol=acd-toy", f"--json={folder / 'acd.json'}"],
        ["bundle", f"--records={folder / 'rec'}", f"--out={folder / 'honest.leo.zip'}"],
    ):
        ended = CliRunner().invoke(app, arguments)
        assert ended.exit_code == 0, ended.output
    return folder


def _honest(made: Path) -> Content:
    return dict(json.loads((made / "honest.json").read_text()))


def _set(**changes: Any) -> Callable[[Content], object]:
    return lambda record: record.update(changes)


def _in(table: str, **changes: Any) -> Callable[[Content], object]:
    return lambda record: record[table].update(changes)


def _beside(record: Content, reach: float) -> list[float]:
    return [record["value"] - reach, record["value"] + reach]


LIES: dict[str, tuple[Callable[[Content], object], str, str]] = {
    "value": (_set(value=1.0), "value", "values"),
    "both": (_set(value=1.0, value_float64=1.0), "value", "values"),
    "float64": (_set(value_float64=1.0), "value_float64", "values_float64"),
    "values": (_set(value=1.0, values=[1.0]), "values[0]", "values_float64[0]"),
    "repeats": (lambda r: r["values"].append(r["value"]), "values", "values_float64"),
    "interval": (_set(interval=[1e6, 2e6]), "interval", "value_float64"),
    "narrow": (lambda r: r.update(interval=_beside(r, 1e-2)), "interval", "standard_error"),
    "error": (lambda r: r.update(standard_error=100.0), "interval", "standard_error"),
    "no interval": (_set(interval=None), "level", "interval"),
    "spread": (_set(spread=123.0), "spread", "values"),
    "fvd_infinity": (_set(fvd_infinity=-1e6), "fvd_infinity", "extrapolation"),
    "no fit": (_set(extrapolation=None, fvd_infinity=3.0), "fvd_infinity", "extrapolation"),
    "points": (lambda r: r["extrapolation"]["values"].__setitem__(1, 0.0), "line", "values"),
    "interval of the fit": (_in("extrapolation", interval=[-9.0, 9e9]), "interval", "interval"),
    "fit": (_in("extrapolation", r_squared=0.5), "r_squared", "method"),
    "line": (_in("extrapolation", line=-5.0), "line", "values"),
    "told": (_in("extrapolation", reliable=True, reason=""), "reliable", "interval"),
    "fakes of the fit": (lambda r: r["extrapolation"]["n_fake"].reverse(), "n_fake", "n_real"),
    "stride": (lambda r: r["request"].update(real_stride=4), "real_stride", "request.real_stride"),
    "resolution": (_set(resolution=64), "resolution", "request.resolution"),
    "no error": (_set(standard_error=None), "interval", "standard_error"),
    "reliable": (_in("extrapolation", reliable=True), "reliable", "reason"),
    "clips": (_in("real", clips=2048), "n_real", "real.clips"),
    "fakes": (_set(n_fake=2048), "n_fake", "fake.clips"),
    "videos": (_in("real", videos=3), "videos_used", "videos"),
    "videos of clips": (_in("fake", videos=99, videos_used=99), "fake.videos_used", "fake.clips"),
    "frames": (_set(frames=128), "frames", "request.frames"),
    "seed": (_set(seed=5), "seed", "request.seed"),
    "settings": (_in("protocol_settings", bn_eps=0.5), "protocol_digest", "protocol_settings"),
    "digest": (_set(protocol_digest="0" * 64), "protocol_digest", "protocol_settings"),
    "protocol": (_set(protocol="digan"), "protocol", "protocol_settings.id"),
    "version": (_set(protocol_version=9), "protocol_version", "protocol_settings.version"),
    "comparable": (_set(comparable=True), "comparable", "caveats"),
}  # fmt: skip

NO_NUMBERS: dict[str, Callable[[Content], object]] = {
    "nan": _set(value=float("nan")),
    "infinite": _set(value_float64=float("inf")),
    "true": _set(value=True),
    "text": _set(value="377.3"),
    "level": _set(interval_level=95),
    "negative error": _set(standard_error=-1.0),
    "negative count": _in("real", videos=-1),
    "half a clip": _set(n_real=8.5),
    "true clips": _set(n_real=True),
    "no flag": _set(comparable="no"),
    "curve": lambda r: r["extrapolation"]["values"].append(float("-inf")),
    "surrogate": _in("real", name="\ud800"),
    "in settings": _in("protocol_settings", bn_eps=float("nan")),
    "other kind": _set(kind="score"),
    "no kind": _set(kind=["distance"]),
    "true version": _set(schema_version=True),
    "method of nobody": _set(interval_method="of my own"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_record_that_contradicts_itself_is_refused_by_both_fields(
    lie: str, made: Path, tmp_path: Path
) -> None:
    record = copy.deepcopy(_honest(made))
    change, field, other = LIES[lie]
    change(record)
    path = tmp_path / "forged.json"
    path.write_text(json.dumps(record))
    with pytest.raises(InputError) as refused:
        read_any_record(path)
    said = str(refused.value)
    assert said.startswith(f"{path}: ")
    assert field in said
    assert other in said
    assert "contradicts" in said
    assert ": str" not in said
    assert len(said) < 300 + len(str(path))


@pytest.mark.parametrize("lie", NO_NUMBERS)
def test_what_is_no_number_is_refused(lie: str, made: Path, tmp_path: Path) -> None:
    record = copy.deepcopy(_honest(made))
    NO_NUMBERS[lie](record)
    path = tmp_path / "forged.json"
    path.write_text(json.dumps(record))
    with pytest.raises(InputError, match=r"forged\.json: "):
        read_any_record(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"value": 1, "value": 2}', "key 'value' stands there twice"),
        ('{"value": 1e400}', "value is inf: not a finite number"),
        ('{"value": ' + "9" * 5000 + "}", "a whole number of 5000 digits"),
        ("[" * 100_000, "nested deeper"),
        ('{"a":' * 100 + "1" + "}" * 100, "nested deeper"),
        ("\ufeff{", "not JSON"),
        ("[1]", "a record"),
        ("7", "a JSON object is expected"),
    ],
    ids=["twice", "huge", "digits", "brackets", "deep", "mark", "list", "number"],
)
def test_json_that_no_record_is(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(InputError, match=said) as refused:
        read_any_record(tmp_path / "x.json")
    assert "\n" not in str(refused.value)


def test_the_last_of_many_keys_is_found_twice_at_once(tmp_path: Path) -> None:
    # A search for each key would take hours.
    keys = [*range(300_000), 299_999]
    (tmp_path / "x.json").write_text("{" + ",".join(f'"{key}":0' for key in keys) + "}")
    with pytest.raises(InputError, match="key '299999' stands there twice"):
        read_any_record(tmp_path / "x.json")


def test_honest_records_are_read(made: Path) -> None:
    assert read_any_record(made / "honest.json").kind == "distance"
    for path in Path("tests/golden/records").rglob("*.json"):
        read_any_record(path)


def _moved(against: Content) -> None:
    against["difference"] += 1.0
    against["interval"] = [end + 1.0 for end in against["interval"]]


SCORE_LIES: dict[str, tuple[Callable[[Content], object], str, str]] = {
    "interval": (_set(interval=[7.0, 8.0]), "interval", "value"),
    "error": (_set(standard_error=9.0), "interval", "standard_error"),
    "difference": (lambda r: _moved(r["against"]), "difference", "against.value"),
    "of difference": (_in("against", interval=[7.0, 8.0]), "interval", "difference"),
    "frames": (_set(frames_without=10_000), "frames_without", "frames_seen"),
    "seen": (_set(frames_seen=10_000), "frames_seen", "source.videos_used"),
    "videos": (_set(videos_used=9), "videos_used", "source.videos_used"),
    "side": (_set(side="real"), "side", "against"),
    "digest": (_set(protocol_digest="0" * 64), "protocol_digest", "protocol_settings"),
}  # fmt: skip


@pytest.mark.parametrize("lie", SCORE_LIES)
def test_a_score_that_contradicts_itself_is_refused(lie: str, made: Path, tmp_path: Path) -> None:
    document = json.loads((made / "acd.json").read_text())
    assert (document["kind"], document["extra"]) == ("acd", {})
    fake = document["records"][1]
    change, field, other = SCORE_LIES[lie]
    change(fake)
    path = tmp_path / "forged.json"
    path.write_text(json.dumps(fake))
    with pytest.raises(InputError) as refused:
        read_any_record(path)
    assert field in str(refused.value)
    assert other in str(refused.value)


def _forged_bundle(made: Path, lie: Callable[[Content], object], out: Path) -> Path:
    """The honest bundle with a lie in its record, and every digest made anew."""
    with zipfile.ZipFile(made / "honest.leo.zip") as bundle:
        files = {name: bundle.read(name) for name in bundle.namelist()}
    name = next(name for name in files if name.endswith("fvd.json"))
    record = json.loads(files[name])
    lie(record)
    files[name] = json.dumps(record).encode()
    manifest = json.loads(files.pop("manifest.json"))
    manifest["files"] = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    with zipfile.ZipFile(out, "w") as bundle:
        for name, data in {**files, "manifest.json": json.dumps(manifest).encode()}.items():
            bundle.writestr(name, data)
    return out


def _commands(made: Path, folder: Path) -> Iterator[tuple[object, ...]]:
    """Every command that reads records, on a lie."""
    (folder / "rec" / "b" / "m").mkdir(parents=True)
    forged = folder / "rec" / "b" / "m" / "fvd.json"
    record = _honest(made)
    record.update(value=1.0)
    forged.write_text(json.dumps(record))
    bundle = _forged_bundle(made, _set(value=1.0), folder / "forged.leo.zip")
    honest = made / "honest.json"
    yield "verify", forged
    yield "verify", folder / "rec"
    yield "explain", forged, honest
    yield "explain", honest, forged
    yield "regress", "--old", folder / "rec", "--new", made / "rec"
    yield "regress", "--old", made / "rec", "--new", folder / "rec"
    yield "report", "--records", folder / "rec", "--out", folder / "report.html"
    yield "table", "1", "--records", folder / "rec"
    yield "bundle", "--records", folder / "rec", "--out", folder / "new.leo.zip"
    yield "check-bundle", bundle
    yield "leaderboard", folder


def test_every_command_that_reads_records_refuses_a_lie(
    made: Path, tmp_path: Path, leo_bench: Run
) -> None:
    for arguments in _commands(made, tmp_path):
        ended = leo_bench(*arguments)
        assert ended.code in (1, 2, 3), arguments
        assert "Traceback" not in ended.err
        said = " ".join((ended.out + ended.err).split())
        assert "value is 1 and contradicts values" in said, arguments
        assert "fvd.json" in said


def test_the_board_holds_sound_bundles_alone_and_names_the_others(
    made: Path, tmp_path: Path, leo_bench: Run
) -> None:
    (tmp_path / "honest.leo.zip").write_bytes((made / "honest.leo.zip").read_bytes())
    _forged_bundle(made, _set(value=1.0), tmp_path / "lie.leo.zip")
    # What no record can tell, and the statistics do: all values are changed alike.
    record = _honest(made)

    def consistent(forged: Content) -> None:
        for name in ("value", "value_float64"):
            forged[name] = record[name] + 0.01
        for name in ("values", "values_float64"):
            forged[name] = [value + 0.01 for value in record[name]]
        forged["extrapolation"] = forged["fvd_infinity"] = None

    bundle = _forged_bundle(made, consistent, tmp_path / "subtle.leo.zip")
    ended = leo_bench("check-bundle", bundle)
    assert ended.code == 1
    assert "CONTRADICTED" in ended.out
    ended = leo_bench("leaderboard", tmp_path)
    assert ended.code == 1
    assert "lie.leo.zip" in ended.err
    assert "subtle.leo.zip" in ended.err
    page = (tmp_path / "index.html").read_text()
    ranked, refused = page.split("<h2>Refused</h2>")
    assert f"<td>{number_text(record['value'], record['interval'])}</td>" in ranked
    assert ranked.count("computed again</td>") == 1
    assert "lie.leo.zip" in refused
    assert "subtle.leo.zip" in refused


def test_an_interval_is_held_against_the_influences(made: Path, tmp_path: Path) -> None:
    def narrower(forged: Content) -> None:
        value = forged["value_float64"]
        forged["interval"] = [value + (end - value) / 2 for end in forged["interval"]]
        forged["standard_error"] /= 2
        forged["extrapolation"] = forged["fvd_infinity"] = None

    ended = CliRunner().invoke(
        app, ["check-bundle", str(_forged_bundle(made, narrower, tmp_path / "x.leo.zip"))]
    )
    assert ended.exit_code == 1
    (line,) = [line for line in ended.stdout.splitlines() if "CONTRADICTED" in line]
    assert "interval" in line


def test_a_bundle_says_what_it_does_not_check(made: Path, tmp_path: Path) -> None:
    records = tmp_path / "records"
    keep_fvd(records, features(1, 16), features(2, 16, 0.5))
    next(records.rglob("fvd.videos.csv")).unlink()
    out = tmp_path / "bare.leo.zip"
    arguments = ["bundle", f"--records={records}", f"--out={out}", "--no-statistics"]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    ended = CliRunner().invoke(app, ["check-bundle", str(out)])
    assert ended.exit_code == 0
    assert "the same" not in ended.stdout
    assert ended.stdout.count("not checked") == 2  # value and interval
    full = CliRunner().invoke(app, ["check-bundle", str(made / "honest.leo.zip")]).stdout
    assert full.count("the same") == 2
    assert full.count("not checked") == 0  # FVD∞ of 8 videos is not told
