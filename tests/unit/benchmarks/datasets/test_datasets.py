from pathlib import Path

import pytest

from leo_bench.benchmarks.datasets.dataset import FOLDER, Dataset, list_datasets, load_dataset
from leo_bench.benchmarks.datasets.opening import data_root, open_dataset
from leo_bench.benchmarks.prepare.run import RECIPES
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.protocols.of_clips import load_protocol

ALL = [path.stem for path in sorted(FOLDER.glob("*.toml"))]


def test_the_data_sets_of_the_issue_are_there() -> None:
    assert set(ALL) == {
        "taichihd",
        "faceforensics",
        "celebvhq",
        "ucf101",
        "weizmann",
        "grid",
        "toy-faces",
        "toy-bodies",
    }
    assert [dataset.id for dataset in list_datasets()] == ALL


@pytest.mark.parametrize("name", ALL)
def test_its_protocols_exist(name: str) -> None:
    evaluation = load_dataset(name).evaluation
    for protocol in {evaluation.protocol, *evaluation.strides}:
        assert load_protocol(protocol).id == protocol


@pytest.mark.parametrize("name", ALL)
def test_a_prepared_data_set_has_a_recipe_and_says_what_to_download(name: str) -> None:
    dataset = load_dataset(name)
    assert (dataset.layout == "prepared") == (name in RECIPES)
    assert bool(dataset.download) == (dataset.layout == "prepared")
    assert (dataset.preparation is not None) == (dataset.layout == "prepared")
    assert dataset.title
    assert dataset.licence
    assert dataset.domain
    assert dataset.resolutions


def test_strides_are_the_papers() -> None:
    taichi = load_dataset("taichihd").evaluation
    faces = load_dataset("faceforensics").evaluation
    assert (taichi.protocol, taichi.strides["digan"].real) == ("digan", 4)
    assert (faces.protocol, faces.strides["stylegan-v"].real) == ("stylegan-v", 1)


@pytest.mark.parametrize("name", ["toy-faces", "toy-bodies"])
def test_a_world_has_many_people_to_learn_looks_from(name: str) -> None:
    people = open_dataset(load_dataset(name), "people")
    assert len(people.names) == 16_384
    assert set(people.frame_counts) == {4}
    looks = {people.read(index, [0]).numpy().tobytes() for index in (0, 1, 511, 512, 16_383)}
    assert len(looks) == 5


def test_an_unknown_data_set_lists_the_known_ones() -> None:
    with pytest.raises(
        InputError,
        match="no data set 'taichi'; did you mean taichihd",
    ):
        load_dataset("taichi")


def test_an_unknown_split_lists_the_splits() -> None:
    with pytest.raises(InputError, match="taichihd has no split 'val'; it has train, test"):
        load_dataset("taichihd").split("val")


def test_an_unprepared_data_set_says_the_line_that_prepares_it(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"leo-bench data prepare grid --from DOWNLOAD --out .*s1"):
        open_dataset(load_dataset("grid"), "train", tmp_path)


def test_the_data_root_is_what_is_given_else_the_variable_else_the_users_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    monkeypatch.delenv("LEO_BENCH_DATA", raising=False)
    assert data_root() == tmp_path / "xdg" / "leo-bench" / "data"
    monkeypatch.setenv("LEO_BENCH_DATA", str(tmp_path / "own"))
    assert data_root() == tmp_path / "own"
    assert data_root(tmp_path / "given") == tmp_path / "given"


def test_a_world_opens_without_a_disk(tmp_path: Path) -> None:
    source = open_dataset(load_dataset("toy-faces"), "test", tmp_path, resolution=32)
    assert source.name == "toy-faces/test"
    assert len(source.names) == 256
    assert source.read(0, [0, 1]).shape == (2, 3, 32, 32)


def test_a_world_without_counts_is_refused() -> None:
    content = load_dataset("toy-faces").model_dump() | {"frames": None}
    with pytest.raises(ValueError, match="a world needs frames"):
        Dataset.model_validate(content)
