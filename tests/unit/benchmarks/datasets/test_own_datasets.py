"""Data sets of a user's own: in included folders and by path, and what is refused of them."""

import os
from pathlib import Path

import pytest
from own_data import DATASET, write_own_data

from leo_bench.benchmarks.datasets import list_datasets, load_dataset, names_dataset, open_dataset
from leo_bench.benchmarks.datasets.dataset import absolute_dataset, dataset_now
from leo_bench.benchmarks.datasets.definitions import VARIABLE, included, parted
from leo_bench.benchmarks.datasets.verify import verify
from leo_bench.benchmarks.sources.locations import absolute_source, below, with_definitions
from leo_bench.evaluation.errors import InputError


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return write_own_data(tmp_path / "own") / "data"


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("taichihd", ("taichihd", None)),
        ("taichihd/train", ("taichihd", "train")),
        ("a/b/walks.toml", ("a/b/walks.toml", None)),
        ("a/b/walks.toml/test", ("a/b/walks.toml", "test")),
        ("a.toml/b/walks.toml/test", ("a.toml/b/walks.toml", "test")),
    ],
)
def test_name_and_split_are_told_apart(spec: str, expected: tuple[str, str | None]) -> None:
    assert parted(spec) == expected


def test_by_path_and_by_id_it_is_the_same_data_set(own: Path) -> None:
    by_path = load_dataset(str(own / "walks.toml"))
    with included([own]):
        assert load_dataset("walks") == by_path
        assert [dataset.id for dataset in list_datasets()][-1] == "walks"
        assert names_dataset("walks/train")
    assert not names_dataset("walks/train")
    assert VARIABLE not in os.environ


def test_its_videos_are_where_the_file_says_from_any_folder(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(own)
    dataset = load_dataset("walks.toml")
    monkeypatch.chdir(tmp_path)
    train = open_dataset(dataset, "train")
    assert (train.name, len(train.names)) == ("walks/train", 4)
    assert not [note for note in train.notes if "prepared" in note or "expected" in note]
    assert verify(dataset, "test").sound


def test_a_prepared_one_may_lie_outside_the_data_root(own: Path) -> None:
    (own / "walks.toml").write_text(
        DATASET.replace('"folder"', '"prepared"').replace('path = "of-training"', "")
    )
    test = open_dataset(load_dataset(str(own / "walks.toml")), "test")
    assert any("was not prepared by leo-bench" in note for note in test.notes)


def test_a_record_names_the_file(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(own)
    place = f"{own}/walks.toml/train"
    assert absolute_dataset("walks.toml/train") == place
    assert absolute_source("damaged:blur:walks.toml/train") == f"damaged:blur:{place}"
    assert absolute_dataset("toy-faces/test") == "toy-faces/test"
    assert absolute_source("dataset:toy-faces/test") is None
    with included([own]):
        assert absolute_dataset("walks/train") == place
        assert absolute_source("leo:toy-faces?start=walks/train") == f"leo:toy-faces?start={place}"
        assert with_definitions("part:1/2:walks/train") == f"part:1/2:{place}"
        assert with_definitions("part:1/2:videos") == "part:1/2:videos"


def test_a_file_that_moved_is_found_in_an_included_folder(own: Path) -> None:
    moved = own.parent / "moved"
    own.rename(moved)
    gone = f"{own}/walks.toml/test"
    assert dataset_now(gone) == gone
    with included([moved]):
        assert dataset_now(gone) == f"{moved}/walks.toml/test"


def test_paths_and_patterns_of_a_suite_are_below_its_folder(own: Path) -> None:
    assert below(own, "videos/test") == f"{own}/videos/test"
    assert below(own, "videos/*.mp4") == f"{own}/videos/*.mp4"
    assert below(own, "damaged:blur:walks.toml/test") == f"damaged:blur:{own}/walks.toml/test"
    assert below(own, "leo:toy-faces?start=toy-faces/test") == "leo:toy-faces?start=toy-faces/test"
    assert below(own, "*.mp4") == "*.mp4"


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("layout =", "layuot =", r"walks.toml: unknown key 'layuot'; did you mean 'layout'."),
        ('"folder"', '"foldr"', r"walks.toml: layout is 'foldr': .*'folder', 'prepared' or"),
        ('"walks"', '"runs"', r"walks.toml: id is 'runs'; it must equal the file's name"),
        (
            '"stylegan-v"',
            '"style"',
            r"walks.toml: evaluation: no protocol 'style'; did you mean stylegan-v",
        ),
        ('split = "test"', 'split = "val"', r"walks.toml: evaluation split 'val' is not in splits"),
        ("[splits.train]", "[splits.'a/b']", r"walks.toml: 'a/b' becomes a folder's name; try"),
        ("[splits.", "[split.", r"walks.toml: is no data set: it has no 'splits'"),
        ("id =", "id", r"walks.toml: not a TOML file: "),
    ],
)
def test_a_wrong_file_is_named_with_key_and_known_values(
    own: Path, old: str, new: str, problem: str
) -> None:
    (own / "walks.toml").write_text(DATASET.replace(old, new))
    with included([own]), pytest.raises(InputError, match=problem):
        load_dataset("walks")


def test_a_world_of_ones_own_is_refused(own: Path) -> None:
    text = DATASET.replace('"folder"', '"world"\nframes = 16').replace('root = "videos"', "")
    text = text.replace('path = "of-training"', "videos = 4")
    (own / "walks.toml").write_text(text)
    with pytest.raises(InputError, match="layout is 'world', which only the embedded worlds have"):
        load_dataset(str(own / "walks.toml"))


def test_no_id_shadows_another(own: Path) -> None:
    other = own.parent / "other"
    other.mkdir()
    (other / "walks.toml").write_text(DATASET)
    with included([own, other]), pytest.raises(InputError, match="are both data set walks"):
        load_dataset("walks")
    with included([own, own]):
        assert load_dataset("walks").id == "walks"
    clash = other / "toy-faces.toml"
    clash.write_text(DATASET.replace("walks", "toy-faces"))
    refused = "toy-faces is a shipped data set; give yours another id"
    with included([other]), pytest.raises(InputError, match=refused):
        load_dataset("taichihd")
    with pytest.raises(InputError, match=refused):
        load_dataset(str(clash))


def test_what_is_not_there_is_said(own: Path) -> None:
    with included([own / "nowhere"]), pytest.raises(InputError, match="nowhere: no such folder"):
        load_dataset("walks")
    with pytest.raises(InputError, match=r"nowhere.toml: no such file"):
        load_dataset("nowhere.toml")
    (own / "videos").rename(own / "elsewhere")
    with pytest.raises(InputError, match=r"nothing is at .*videos/test; put its videos there"):
        open_dataset(load_dataset(str(own / "walks.toml")), "test")
