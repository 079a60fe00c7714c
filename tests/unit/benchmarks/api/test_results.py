"""Results in one line and as HTML, and the files that they are written to."""

from dataclasses import replace
from pathlib import Path

import pytest
from made_records import features, fvd_of, record
from made_scores import SCORE

from leo_bench.benchmarks.api.results import DistanceResult, PrecisionResult, ScoreResult
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.records.distance import read_record, record_path
from leo_bench.evaluation.records.documents import read_documents
from leo_bench.evaluation.records.influences import beside_record, read_influences
from leo_bench.evaluation.records.score import read_score_record, score_record_path
from leo_bench.evaluation.records.shares import PrecisionExtra, ShareOfClips
from leo_bench.evaluation.records.shown_digits import measured_text, number_text

REAL, FAKE = features(1, 64), features(2, 64, shift=0.5, name="w")
NUMBERS = fvd_of(REAL, FAKE)
SHARES = PrecisionExtra(
    neighbours=3,
    precision=ShareOfClips(value=0.5, interval=(0.375, 0.625)),
    recall=ShareOfClips(value=0.25, interval=None),
)


def distance(**changes: object) -> DistanceResult:
    made = record(NUMBERS, REAL.values, FAKE.values, **changes)
    return DistanceResult(made, beside_record(NUMBERS.influences))


def test_the_number_its_interval_and_its_origin_stand_in_one_line() -> None:
    found = distance()
    low, high = found.record.interval or (0.0, 0.0)
    assert float(found) == found.value == found.record.value
    assert found.interval == (low, high)
    assert repr(found) == (
        f"FVD16 = {measured_text(found.value, (low, high))} "
        f"(stylegan-v v{found.record.protocol_version}, 64 real, 64 fake clips)"
    )


def test_a_number_that_is_not_comparable_says_so_and_why() -> None:
    said = repr(distance(caveats=("extractor x, not y", "second"), comparable=False))
    assert said.endswith(
        "fake clips; not comparable with published numbers: extractor x, not y; 1 more in "
        ".record.caveats)"
    )


def test_without_interval_the_number_stands_alone() -> None:
    few = fvd_of(features(1, 3), features(2, 3))
    made = record(few, features(1, 3).values, features(2, 3).values)
    assert f"= {number_text(few.value)} (stylegan-v" in repr(DistanceResult(made))


def test_html_names_sides_caveats_and_notes_and_escapes_them() -> None:
    bad = "<script>alert(1)</script>\x1b"
    html = distance(notes=(bad,), caveats=("few & bad",), comparable=False)._repr_html_()
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\\x1b" in html
    assert "few &amp; bad" in html
    assert html.count("64 of 64 videos, 64 clips at stride 1") == 2
    assert html.startswith("<table>")


def test_html_leaves_out_rows_that_say_nothing() -> None:
    html = distance()._repr_html_()
    assert "not comparable" not in html
    assert "notes" not in html


def test_scores_show_their_difference_to_the_real_videos() -> None:
    found = ScoreResult(SCORE)
    assert repr(found) == (
        "ACD16 of toy-faces/test = 0.25 [0.20, 0.30] (acd-toy v1, 3 videos; not comparable with "
        "published numbers: a toy)"
    )
    assert found.difference is None
    assert "consecutive: 0.1" in found._repr_html_()


def test_precision_shows_both_shares() -> None:
    made = record(NUMBERS, REAL.values, FAKE.values)
    found = PrecisionResult(made, SHARES)
    assert repr(found).startswith("precision = 0.50 [0.38, 0.62], recall = 0.25 (stylegan-v")
    assert (found.precision, found.recall_interval) == (0.5, None)
    assert found.fvd.value == made.value


def test_a_record_is_written_to_its_place_in_a_folder(tmp_path: Path) -> None:
    found = distance()
    place = found.write(tmp_path)
    assert place == record_path(tmp_path, found.record)
    assert read_record(place) == found.record
    assert read_influences(place) is not None


def test_an_older_record_is_kept(tmp_path: Path) -> None:
    found = distance()
    first, second = found.write(tmp_path / "one.json"), found.write(tmp_path / "one.json")
    assert first == second
    assert len(list(tmp_path.glob("one*.json"))) == 2


def test_no_other_file_and_no_other_folder_is_written_over(tmp_path: Path) -> None:
    mine = tmp_path / "mine.json"
    mine.write_text("{}")
    with pytest.raises(InputError, match="no record of leo-bench"):
        distance().write(mine)
    assert mine.read_text() == "{}"
    with pytest.raises(InputError, match="no folder of records"):
        distance().write(tmp_path)


def test_a_score_is_written_beside_that_of_the_real_videos(tmp_path: Path) -> None:
    other = SCORE.source.model_copy(update={"name": "mine"})
    fake = SCORE.model_copy(update={"side": "fake", "source": other})
    ScoreResult(fake, real=ScoreResult(SCORE)).write(tmp_path)
    for one in (SCORE, fake):
        assert read_score_record(score_record_path(tmp_path, one)) == one


def test_precision_is_written_as_its_command_writes_it(tmp_path: Path) -> None:
    found = PrecisionResult(record(NUMBERS, REAL.values, FAKE.values), SHARES)
    place = found.write(tmp_path)
    assert place.name == "precision.json"
    assert read_documents(place) == found.document


def test_results_are_values(tmp_path: Path) -> None:
    assert replace(distance(), beside={}) == DistanceResult(distance().record)
