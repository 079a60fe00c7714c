"""Records and published numbers as DataFrames: columns, dtypes, and what is refused."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from made_records import features, keep_fvd
from places import ROOT

from leo_bench.baselines import published
from leo_bench.baselines.published import load_published, published_numbers
from leo_bench.evaluation.errors import InputError
from leo_bench.reports.dataframe import COLUMNS, read_records

GOLDEN = ROOT / "tests" / "golden" / "records"


def dtypes_of(frame: pd.DataFrame) -> dict[str, str]:
    return {str(name): str(dtype) for name, dtype in frame.dtypes.items()}


def test_distances_and_scores_are_rows_of_one_frame_with_fixed_dtypes() -> None:
    frame = read_records(GOLDEN)
    assert len(frame) == len(list(GOLDEN.rglob("*.json")))
    assert dtypes_of(frame) == dict(COLUMNS)
    assert set(frame["kind"]) == {"distance", "score"}
    assert list(frame["key"]) == sorted(frame["key"])
    assert frame[["n_real", "n_fake"]].isin([24, pd.NA]).all().all()
    assert (frame["low"] <= frame["value"]).all()
    assert (frame["value"] <= frame["high"]).all()
    scores = frame[frame["kind"] == "score"]
    compared = scores[scores["side"] == "fake"]
    assert (compared["difference_low"] <= compared["difference"]).all()
    assert compared["real"].notna().all()
    assert scores[scores["side"] == "real"]["fake"].isna().all()


def test_a_folder_without_records_has_the_same_dtypes(tmp_path: Path) -> None:
    frame = read_records(tmp_path)
    assert len(frame) == 0
    assert dtypes_of(frame) == dict(COLUMNS)


def test_a_row_holds_what_its_record_says(tmp_path: Path) -> None:
    caveats = ("one.", "two")
    path = keep_fvd(tmp_path, features(1, 24), features(2, 20, 0.5), caveats=caveats, created="?")
    (row,) = read_records(tmp_path).to_dict("records")
    assert (row["key"], row["model"]) == ("made-16f/model/fvd", "model")
    assert (row["real"], row["fake"], row["n_real"], row["n_fake"]) == ("real", "fake", 24, 20)
    assert (row["comparable"], row["caveats"], row["path"]) == (False, "one.; two", str(path))
    assert pd.isna([row["dataset"], row["spread"], row["created"], row["fvd_infinity"]]).all()


def test_a_damaged_record_is_named(tmp_path: Path) -> None:
    path = keep_fvd(tmp_path, features(1, 24), features(2, 24))
    path.write_text(path.read_text()[:100])
    with pytest.raises(InputError, match="not JSON") as error:
        read_records(tmp_path)
    assert str(error.value).startswith(str(path))
    with pytest.raises(InputError, match="no such folder of records"):
        read_records(tmp_path / "none")


def test_published_numbers_are_those_of_the_file_digit_for_digit() -> None:
    frame = published_numbers()
    assert dtypes_of(frame) == published.COLUMNS
    numbers = list(load_published().values())
    assert list(frame["printed"]) == [str(number.value) for number in numbers]
    assert list(frame["value"]) == [float(number.value) for number in numbers]
    assert set(published.COLUMNS) == {*published.Published.model_fields, "printed"}


def test_reading_records_needs_no_torch() -> None:
    code = "import leo_bench.reports.dataframe, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
