"""Files of features and of statistics as a side: the same numbers, and refusals in one line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import leo_bench as api
from conftest import Run
from leo_bench.evaluation.errors import InputError

Make = Callable[..., Path]
PIXELS = ("--frames", 16, "--extractor", "pixels", "--device", "cpu")
STYLEGAN = (*PIXELS, "--protocol", "stylegan-v")
DIGAN = (*PIXELS, "--protocol", "digan", "--clips", 8, "--repeats", 3)
FID = ("--frames", 16, "--extractor", "random-filters", "--device", "cpu")
NUMBERS = ("value", "values", "value_float64", "values_float64", "spread", "n_real", "n_fake")
REAL = ("--side", "real")


@pytest.fixture
def sides(make_videos: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    make_videos("r", count=12, frames=20)
    make_videos("f", count=10, frames=20, seed=40)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def measured(leo_bench: Run, verb: str, real: str, *options: object) -> dict[str, Any]:
    """The JSON that a command writes for these real videos against the folder `f`."""
    said = leo_bench(verb, "--real", real, "--fake", "f", *options, "--json", "out.json")
    assert said.code == 0, said.err
    content: dict[str, Any] = json.loads(Path("out.json").read_text())
    return content


def refused(leo_bench: Run, *arguments: object) -> str:
    said = leo_bench(*arguments)
    assert said.code == 2, said.out + said.err
    assert said.err.count("\n") == 1, said.err
    return said.err


@pytest.mark.parametrize(
    ("verb", "options"),
    [("fvd", STYLEGAN), ("fvd", DIGAN), ("fid", (*FID, "--protocol", "pytorch-fid"))],
)
def test_the_value_is_that_of_the_videos_to_the_last_bit(
    leo_bench: Run, sides: Path, verb: str, options: tuple[object, ...]
) -> None:
    assert leo_bench("features", "r", *options, *REAL, "--statistics", "--out", "s.npz").code == 0
    of_videos = measured(leo_bench, verb, "r", *options)
    of_statistics = measured(leo_bench, verb, "s.npz", *options)
    for name in NUMBERS:
        assert of_statistics[name] == of_videos[name], name
    assert of_statistics["fvd_infinity"] is None
    assert of_statistics["extrapolation"] is None
    low, high = of_statistics["interval"]
    assert low < of_statistics["value_float64"] < high
    assert any("the fake videos alone" in note for note in of_statistics["notes"])
    assert of_statistics["real"]["layout"] == "statistics"
    assert of_statistics["real"]["videos_used"] == of_videos["real"]["videos_used"]
    assert leo_bench("verify", "out.json").code == 0


def test_the_terminal_says_what_the_interval_covers(leo_bench: Run, sides: Path) -> None:
    assert leo_bench("features", "r", *STYLEGAN, *REAL, "--statistics", "--out", "s.npz").code == 0
    said = leo_bench("fvd", "--real", "s.npz", "--fake", "f", *STYLEGAN)
    assert "with as many other fake videos, against the same statistics" in said.out
    assert "statistics from s.npz" in said.err


def test_statistics_name_no_video_and_are_read_by_numpy(leo_bench: Run, sides: Path) -> None:
    whole = f"part:1/1:{sides / 'r'}"
    assert (
        leo_bench("features", whole, *STYLEGAN, *REAL, "--statistics", "--out", "s.npz").code == 0
    )
    with np.load("s.npz", allow_pickle=False) as content:
        mean, covariance = content["mean"], content["covariance"]
        origin = json.loads(str(content["leo_bench"]))
        text = str(content["leo_bench"])
    assert mean.shape == (1, covariance.shape[-1])
    assert np.linalg.eigvalsh(covariance[0])[0] > -1e-9 * covariance.max()
    assert "video0" not in text
    assert str(sides) not in text
    assert origin["videos"]["name"] == "r"
    assert origin["videos"]["clips"] == 12


@pytest.mark.parametrize(("verb", "options"), [("fvd", STYLEGAN), ("kvd", DIGAN), ("fvd", DIGAN)])
def test_features_give_the_record_of_the_videos(
    leo_bench: Run, sides: Path, verb: str, options: tuple[object, ...]
) -> None:
    written = [one for one in options if one not in ("--clips", 8, "--repeats", 3)]
    assert leo_bench("features", "r", *written, *REAL, "--out", "r.npz").code == 0
    of_videos = measured(leo_bench, verb, "r", *options)
    of_features = measured(leo_bench, verb, "r.npz", *options)
    own = {"real", "request", "created", "seconds", "notes"}
    for name in of_videos.keys() - own:
        assert of_features[name] == of_videos[name], name
    changed = {"source", "absolute", "notes"}
    for name in of_videos["real"].keys() - changed:
        assert of_features["real"][name] == of_videos["real"][name], name
    assert any(note.startswith("features from r.npz") for note in of_features["real"]["notes"])
    assert leo_bench("verify", "out.json").code == 0


def test_features_are_a_fake_side_too_and_give_precision(leo_bench: Run, sides: Path) -> None:
    assert leo_bench("features", "r", *STYLEGAN, *REAL, "--out", "r.npz").code == 0
    assert leo_bench("features", "f", *STYLEGAN, "--out", "f.npz").code == 0
    videos = measured(leo_bench, "precision", "r", *STYLEGAN)
    said = leo_bench(
        "precision", "--real", "r.npz", "--fake", "f.npz", *STYLEGAN, "--json", "p.json"
    )
    assert said.code == 0, said.err
    assert json.loads(Path("p.json").read_text())["extra"] == videos["extra"]


def test_score_takes_features_under_a_name_and_statistics(leo_bench: Run, sides: Path) -> None:
    assert leo_bench("features", "f", *STYLEGAN, "--out", "f.npz", "--name", "fakes").code == 0
    assert leo_bench("features", "r", *STYLEGAN, "--out", "g.npz", "--name", "fakes").code == 0
    known = measured(leo_bench, "fvd", "r", *STYLEGAN)
    score = ("score", "--real", "r", *STYLEGAN[2:])
    named = (*score, "--metrics", "fvd16", "--fake", "mine=f.npz")
    assert leo_bench(*named, "--records", "rec").code == 0
    (path,) = Path("rec").rglob("fvd.json")
    record = json.loads(path.read_text())
    assert path.parent.name == record["fake"]["name"] == "mine"
    assert [record[key] for key in NUMBERS] == [known[key] for key in NUMBERS]
    fakes = ("--fake", "f.npz", "--fake", "g.npz")
    said = refused(leo_bench, *score, "--metrics", "fvd16", *fakes)
    assert "f.npz and --fake g.npz are both called fakes: name them" in said
    assert leo_bench("features", "r", *STYLEGAN, *REAL, "--statistics", "--out", "s.npz").code == 0
    score = ("score", "--fake", "f", *STYLEGAN[2:])
    said = refused(leo_bench, *score, "--real", "s.npz", "--metrics", "fvd16,precision16")
    assert "precision needs the features" in said
    with pytest.raises(InputError, match="precision needs the features"):
        api.precision("s.npz", "f", extractor="pixels", device="cpu")
    said = refused(leo_bench, *named, "--fake", "theirs=s.npz")
    assert "the real side alone" in said


def test_a_limit_takes_the_first_videos_of_features(leo_bench: Run, sides: Path) -> None:
    assert leo_bench("features", "r", *STYLEGAN, *REAL, "--out", "r.npz").code == 0
    few = (*STYLEGAN, "--limit", 6)
    of_videos, of_features = (measured(leo_bench, "fvd", real, *few) for real in ("r", "r.npz"))
    assert of_features["interval"] == of_videos["interval"]


def test_a_limit_holds_for_statistics_of_as_many_videos_alone(leo_bench: Run, sides: Path) -> None:
    few = (*STYLEGAN, "--limit", 6)
    made = ("features", "r", *few, *REAL, "--statistics", "--out", "s.npz")
    assert leo_bench(*made).code == 0
    of_videos, of_statistics = (measured(leo_bench, "fvd", real, *few) for real in ("r", "s.npz"))
    assert of_statistics["value"] == of_videos["value"]
    said = refused(leo_bench, "fvd", "--real", "s.npz", "--fake", "f", *STYLEGAN, "--limit", 5)
    assert "s.npz: statistics of the first 6 videos cannot follow --limit 5" in said


def test_what_was_made_otherwise_is_refused_with_both_values(leo_bench: Run, sides: Path) -> None:
    made = ("features", "r", *STYLEGAN, *REAL, "--statistics", "--out", "s.npz")
    assert leo_bench(*made).code == 0
    fvd = ("fvd", "--real", "s.npz", "--fake", "f", "--device", "cpu")

    def line(*options: object) -> str:
        return refused(leo_bench, *fvd, *options)

    plain = {"--frames": 16, "--extractor": "pixels", "--protocol": "stylegan-v"}
    for option, value, words in (
        ("--frames", 12, "frames 16, and this measurement has 12"),
        ("--protocol", "latte", "protocol stylegan-v v"),
        ("--real-stride", 2, "stride 1, and this measurement has 2"),
        ("--resolution", 64, "resolution none, and this measurement has 64"),
        ("--clips", 9, "real.count 2048, and this measurement has 9"),
        ("--seed", 3, "seed 0, and this measurement has 3"),
    ):
        given = plain | {option: value}
        assert words in line(*(part for pair in given.items() for part in pair)), option
    of_fakes = ("features", "r", *STYLEGAN, "--statistics", "--out", "of-fakes.npz")
    assert leo_bench(*of_fakes).code == 0
    said = refused(leo_bench, "fvd", "--real", "of-fakes.npz", "--fake", "f", *STYLEGAN)
    assert "with --side real" in said


def test_what_needs_features_or_videos_says_so(leo_bench: Run, sides: Path) -> None:
    made = ("features", "r", *DIGAN, *REAL, "--statistics", "--out", "s.npz")
    assert leo_bench(*made).code == 0
    for verb in ("kvd", "precision", "leverage"):
        said = refused(leo_bench, verb, "--real", "s.npz", "--fake", "f", *DIGAN)
        assert f"{verb} needs the features" in said
    assert "the real side alone" in refused(
        leo_bench, "fvd", "--real", "r", "--fake", "s.npz", *DIGAN
    )
    assert "needs videos" in refused(
        leo_bench, "acd", "--fake", "s.npz", "--frames", 16, "--protocol", "acd-toy"
    )
    assert leo_bench("features", "f", *STYLEGAN, "--out", "f.npz").code == 0
    assert "features and no frames" in refused(
        leo_bench, "fvd", "--real", "r", "--fake", "damaged:blur:f.npz", *STYLEGAN
    )
    assert "--statistics" in refused(leo_bench, "features", "f", *DIGAN, "--out", "f.npz")


def test_a_file_without_its_making_asks_to_be_written_again(leo_bench: Run, sides: Path) -> None:
    np.savez("old.npz", features=np.zeros((3, 2), np.float32), videos=np.array(["a", "b", "c"]))
    said = refused(leo_bench, "fvd", "--real", "old.npz", "--fake", "f", *STYLEGAN)
    assert "do not say how they were made" in said
    assert leo_bench("features", "f", *STYLEGAN, "--out", "old.npz").code == 0
