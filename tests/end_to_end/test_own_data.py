"""Own data from an empty folder: a TOML file, a handful of videos, and nothing of the checkout."""

from pathlib import Path

import pytest
from own_data import write_own_data

from conftest import Run
from leo_bench.evaluation.records.distance import read_record


def test_a_suite_file_measures_only_its_own_models_and_again_from_elsewhere(
    leo_bench: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, records = write_own_data(tmp_path / "own"), tmp_path / "records"
    monkeypatch.chdir(own)
    first = leo_bench("run", "mine.toml", "--records", records, "--extractor", "pixels")
    assert first.code == 0, first.err
    paths = sorted(str(path.relative_to(records)) for path in records.rglob("*.json"))
    assert paths == [
        "folder-16-10f-s1-digan/blurred/kvd.json",
        "folder-16-10f-s1-digan/ours/kvd.json",
        "walks-test-stored-10f-s1-stylegan-v/blurred/fvd.json",
        "walks-test-stored-10f-s1-stylegan-v/ours/fvd.json",
    ]
    record = read_record(records / paths[3])
    assert (record.dataset, record.request["dataset"]) == (
        "walks-test",
        f"{own}/data/walks.toml/test",
    )
    monkeypatch.chdir(tmp_path)
    again = leo_bench(
        "run", "mine", "--include", own, "--records", records, "--extractor", "pixels"
    )
    assert again.code == 0, again.err
    assert again.err.count(", reused") == 4


def test_a_data_set_by_path_and_by_id_gives_one_number_that_is_verified_where_it_moved(
    leo_bench: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = write_own_data(tmp_path / "own")
    monkeypatch.chdir(own)
    options = ("--frames", 10, "--extractor", "pixels")
    a = leo_bench(
        "fvd", "--dataset", "data/walks.toml", "--fake", "data/walks.toml/train", *options,
        "--json", tmp_path / "a.json",
    )  # fmt: skip
    assert a.code == 0, a.err
    monkeypatch.setenv("LEO_BENCH_INCLUDE", str(own / "data"))
    b = leo_bench(
        "fvd", "--dataset", "walks/test", "--fake", "walks/train", *options,
        "--json", tmp_path / "b.json",
    )  # fmt: skip
    assert b.code == 0, b.err
    assert read_record(tmp_path / "a.json").values == read_record(tmp_path / "b.json").values

    monkeypatch.delenv("LEO_BENCH_INCLUDE")
    moved = tmp_path / "moved"
    (own / "data").rename(moved)
    lost = leo_bench("verify", tmp_path / "b.json")
    assert lost.code == 2
    assert "name the folder that it is in now with --include" in lost.err
    fake = leo_bench(
        "fvd", "--real", moved / "videos" / "test", "--fake", moved / "walks.toml" / "train",
        "--protocol", "stylegan-v", *options, "--json", tmp_path / "c.json",
    )  # fmt: skip
    assert fake.code == 0, fake.err
    (moved / "walks.toml").rename(tmp_path / "walks.toml")
    assert (
        "with --include, or the videos with --fake" in leo_bench("verify", tmp_path / "c.json").err
    )
    (tmp_path / "walks.toml").rename(moved / "walks.toml")
    for record in ("a", "b"):
        found = leo_bench("verify", tmp_path / f"{record}.json", "--include", moved)
        assert found.code == 0, found.err


def test_folders_are_not_data_sets(leo_bench: Run, tmp_path: Path) -> None:
    own = write_own_data(tmp_path / "own")
    videos = own / "data" / "videos" / "test"
    refused = leo_bench("fvd", "--dataset", videos, "--fake", videos, "--frames", 10)
    assert refused.code == 2
    assert f"a folder of videos is given as --real {videos}" in refused.err


def test_lists_say_where_a_definition_comes_from(leo_bench: Run, tmp_path: Path) -> None:
    own = write_own_data(tmp_path / "own")
    for kind, place in (("datasets", own / "data" / "walks.toml"), ("suites", own / "mine.toml")):
        listed = leo_bench("list", kind, "--include", place.parent)
        assert listed.code == 0, listed.err
        assert f"{place.stem}: {place}\n" in listed.out
