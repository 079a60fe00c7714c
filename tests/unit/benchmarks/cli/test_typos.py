"""A mistyped word of a command line gets one line: what was given, and the nearest known word."""

from pathlib import Path

import pytest

from conftest import Run
from leo_bench.evaluation.files.known_names import did_you_mean, known_are, nearest_name

# What is typed, the nearest word as it is said.
TYPOS = {
    "command of several groups": ("info toy-faces", "data info"),
    "command": ("fdv", "fvd"),
    "command of a group": ("fetch --for kvd", "weights fetch"),
    "two words as one": ("study-create", "study create"),
    "command in a group": ("weights fecth", "fetch"),
    "option": ("fvd --frame 16", "--frames"),
    "option of a group": ("fvd --frames 16 --on-eror skip", "--on-error"),
    "choice": ("fvd --frames 16 --dtype bf61", "bf16"),
    "choice of an argument": ("list protocol", "protocols"),
    "choice of a format": ("table 1 --format latx", "latex"),
    "protocol": ("fvd --real a --fake b --frames 16 --protocol styleganv", "stylegan-v"),
    "protocol of score": ("score --real a --fake b --metrics fvd16 --protocol diga", "digan"),
    "frame protocol": ("acd --fake a --frames 16 --protocol acd-fase", "acd-face"),
    "data set": ("fvd --dataset taichi-hd --fake a --frames 16", "taichihd"),
    "data set to prepare": ("data prepare taichi --from . --out data", "taichihd"),
    "data set to show": ("data info toyfaces", "toy-faces"),
    "split": ("fvd --dataset toy-faces/tset --fake toy-faces/test --frames 16", "test"),
    "data set as a source": (
        "fvd --real toy-face/test --fake toy-faces/test --frames 16 --protocol digan "
        "--extractor i3d-toy",
        "toy-faces/test",
    ),
    "kind of a source": (
        "fvd --dataset toy-faces --fake damagd:blur:toy-faces/test --frames 16",
        "damaged:blur:toy-faces/test",
    ),
    "method as a source": (
        "fvd --dataset toy-faces --fake styleganv:out --frames 16",
        "stylegan-v:out",
    ),
    "damage": ("fvd --dataset toy-faces --fake damaged:blurr:toy-faces/test --frames 16", "blur"),
    "model as a source": (
        "fvd --dataset toy-faces --fake leo:toy-face --frames 16",
        "leo:toy-faces",
    ),
    "option of a source": (
        "fvd --dataset toy-faces --fake leo:toy-faces?sedd=1 --frames 16",
        "'seed'",
    ),
    "choice of a source": (
        "fvd --dataset toy-faces --fake leo:toy-faces?mode=condtional --frames 16",
        "conditional",
    ),
    "metric": ("score --real a --fake b --metrics fdv16", "fvd"),
    "extractor": (
        "fvd --dataset toy-faces --fake toy-faces/test --frames 16 --extractor i3dtoy",
        "i3d-toy",
    ),
    "embedder": (
        "acd --dataset toy-faces --frames 16 --fake toy-faces/test --embedder mean-color",
        "mean-colour",
    ),
    "suite": ("run shrt --records r", "short"),
    "benchmark": ("run toy --records r --benchmark toy-face-64-16", "toy-faces-64-16"),
    "model of a suite": ("run toy --records r --origin frozn=trained", "frozen"),
    "stage": ("train animater --config toy64 --data toy-faces/train --run r", "animator"),
    "config": ("train all --config toy46 --data toy-faces/train --run r", "toy64"),
    "key of a config": (
        "train all --config toy64 --data toy-faces/train --run r --set lmdm.trainin.steps=9",
        "'training'",
    ),
    "deeper key of a config": (
        "train all --config toy64 --data toy-faces/train --run r --set lmdm.training.step=9",
        "'steps'",
    ),
    "model": ("sample --run leo:toy-facs --out o", "leo:toy-faces"),
    "sampler": ("sample --run leo:toy-faces --out o --sampler ddmp", "ddpm"),
    "sampler of first frames": (
        "sample --run leo:toy-faces --mode unconditional --out o --first-frame-sampler ddmp-250",
        "ddpm-250",
    ),
    "weights": ("weights fetch i3d_torchscipt.pt", "i3d_torchscript.pt"),
    "weights of something": ("weights fetch --for stylegan", "stylegan-v"),
    "question": ("study create a=x b=y --question realsim --out s", "realism"),
    "tracker": (
        "train all --config toy64 --data toy-faces/train --run r --track tensorbord",
        "tensorboard",
    ),
    "table": ("table tabel2", "table2"),
    "format": ("tables --out t --format markdwon", "markdown"),
    "method": ("adapt digann --checkout . --count 1 --out o", "digan"),
    "language": (
        "study create a=toy-faces/test b=toy-faces/train --question realism --out s --language eng",
        "en",
    ),
    "suffix": ("fvd --real a --fake b --frames 16 --protocol digan --only mp44", "mp4"),
    "variant": ("ablate lmc --run leo:toy-faces --out o --variants with,witout", "without"),
    "metric of a plan": (
        "plan --real r.npz --fake f.npz --metric fdv --protocol stylegan-v --width 20",
        "fvd",
    ),
}


@pytest.mark.parametrize("kind", TYPOS)
def test_a_typo_gets_the_nearest_known_word(
    leo_bench: Run, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    line, meant = TYPOS[kind]
    ended = leo_bench(*line.split())
    assert (ended.code, ended.out) == (2, "")
    assert f"did you mean {meant}?" in ended.err
    assert ended.err.count("\n") == 1
    assert len(ended.err) < 400
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "line",
    [
        "xyzzy",
        "fvd --xyzzy 16",
        "leaderboard --bundles bundles",
        "list --kind metrics",
        "list xyzzy",
        "table xyzzy",
        "fvd --dataset xyzzy --fake a --frames 16",
        "fvd --real samples/ --fake xyzzy --frames 16 --protocol digan --extractor i3d-toy",
        "train xyzzy --config toy64 --data toy-faces/train --run r",
        "weights fetch xyzzy",
    ],
)
def test_no_word_is_guessed_where_none_is_near(
    leo_bench: Run, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = leo_bench(*line.split())
    assert ended.code == 2
    assert "did you mean" not in ended.err
    assert ended.err.count("\n") == 1


@pytest.mark.parametrize(
    ("given", "known", "name"),
    [
        ("FVD", ("kvd", "fvd"), "fvd"),
        ("i3d", ("i3d-kinetics400", "i3d-toy", "pixels"), "i3d-toy"),
        ("toy_faces", ("toy-bodies", "toy-faces"), "toy-faces"),
        ("abc", ("acb", "xyz"), "acb"),
        ("val", ("train", "test"), None),
        ("i3d.pt", ("ted.pt", "vox.pt"), None),
        ("x", (), None),
        ("", ("a", "b"), None),
    ],
)
def test_the_nearest_name(given: str, known: tuple[str, ...], name: str | None) -> None:
    assert nearest_name(given, known) == name
    guess = did_you_mean(given, known)
    assert guess == ("" if name is None else f"did you mean {name}? ")


def test_a_long_list_is_left_out_beside_a_guess() -> None:
    many = [f"name-{number:03}" for number in range(40)]
    assert known_are("nane-007", many) == "did you mean name-007?"
    assert known_are("other", many).startswith("known are name-000, name-001, ")
    assert known_are("other", many).endswith(", ... (40 in all)")
    assert known_are("b", ("a",)) == "known are a"
    assert known_are("b", ()) == "known are none"
    assert known_are("onw", ("one",), repr) == "did you mean 'one'? known are 'one'"
