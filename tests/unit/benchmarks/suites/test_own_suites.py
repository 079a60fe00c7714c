"""Suites of a user's own: their paths, their models, and what is refused of them."""

from pathlib import Path

import pytest
from own_data import SUITE, write_own_data

from leo_bench.benchmarks.datasets.definitions import included
from leo_bench.benchmarks.suites import list_suites, load_suite
from leo_bench.benchmarks.suites.models import names, parse_models, source_for
from leo_bench.evaluation.errors import InputError


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return write_own_data(tmp_path / "own")


def test_paths_are_taken_from_the_suites_folder(own: Path) -> None:
    suite = load_suite(str(own / "mine.toml"))
    walks, folder = suite.benchmark
    assert (walks.dataset, walks.folder) == (f"{own}/data/walks.toml/test", None)
    assert folder.folder == f"{own}/data/videos/test"
    assert [walks.videos, folder.videos] == ["walks-test", "folder"]
    models = parse_models([], suite)
    assert names(models) == ["ours", "blurred"]
    assert source_for(models, "ours", walks) == f"{own}/data/videos/of-training"
    assert source_for(models, "blurred", walks) == f"damaged:blur:dataset:{walks.dataset}"
    assert source_for(models, "blurred", folder) == f"damaged:blur:{folder.folder}"


def test_a_data_set_without_a_split_is_its_scored_one(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (own / "mine.toml").write_text(SUITE.replace("walks.toml/test", "walks.toml"))
    monkeypatch.chdir(own)
    walks = load_suite("mine.toml").benchmark[0]
    assert (walks.dataset, walks.videos) == (f"{own}/data/walks.toml/test", "walks-test")
    (own / "mine.toml").write_text(SUITE.replace("data/walks.toml/test", "walks"))
    with included([own / "data"]):
        assert load_suite("mine.toml").benchmark[0] == walks


def test_it_is_known_by_its_id_in_an_included_folder(own: Path) -> None:
    with included([own]):
        assert load_suite("mine").benchmark == load_suite(str(own / "mine.toml")).benchmark
        assert [suite.id for suite in list_suites()][-1] == "mine"


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("data/walks.toml/test", "walks", r"mine.toml: benchmark walks: no data set 'walks'"),
        ("data/walks.toml/test", "walks.toml", r"benchmark walks: .*own/walks.toml: no such file"),
        ("walks.toml/test", "walks.toml/val", "benchmark walks: walks has no split 'val'"),
        ('"fvd"', '"kvd"', "benchmark walks: protocol stylegan-v has no kvd"),
        (
            '"digan"',
            '"dogan"',
            "benchmark folder: no protocol 'dogan'; did you mean digan",
        ),
        ('"folder"', '"walks"', "mine.toml: two benchmarks have the id 'walks'"),
        ('"ours"', '"my own"', "mine.toml: model 'my own': a name becomes a folder's; try my-own"),
        ("frames =", "frame =", "benchmark: 0: unknown key 'frame'; did you mean 'frames'"),
    ],
)
def test_a_wrong_file_is_named_with_what_is_known(
    own: Path, old: str, new: str, problem: str
) -> None:
    path = own / "mine.toml"
    path.write_text(SUITE.replace(old, new))
    with pytest.raises(InputError, match=problem):
        load_suite(str(path))


def test_an_id_that_is_shipped_is_refused(own: Path) -> None:
    path = own / "toy.toml"
    path.write_text(SUITE.replace('"mine"', '"toy"'))
    with pytest.raises(InputError, match="toy is a shipped suite; give yours another id"):
        load_suite(str(path))
