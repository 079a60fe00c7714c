"""Frames and CSV of votes and raters."""

import csv
import io
from pathlib import Path
from typing import Literal

import pandas as pd
import pytest
from made_studies import answers_to, made_study

from leo_bench.benchmarks.study_results.collecting import Collected
from leo_bench.benchmarks.study_results.votes import (
    COLUMNS,
    RATER_COLUMNS,
    raters_frame,
    votes_frame,
    write_votes,
)
from leo_bench.benchmarks.user_study.answers import Vote
from leo_bench.benchmarks.user_study.study import Study


def prefers_b(study: Study, slot: int, item: str) -> Literal["a", "b", "yes", "no"]:
    return "b" if study.item[item].role == "rated" else "a"


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return made_study(tmp_path, with_clips=False)


def collected(study: Study, *slots: int) -> Collected:
    return Collected(study, tuple(answers_to(study, slot, prefers_b) for slot in slots), ())


def test_one_row_a_vote(study: Study) -> None:
    frame = votes_frame(collected(study, 0, 2))
    assert list(frame.columns) == list(COLUMNS)
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == COLUMNS
    assert len(frame) == 2 * (12 + 2)
    assert list(frame.slot.unique()) == [0, 2]
    assert list(frame[frame.slot == 2].position) == list(range(1, 15))
    assert set(frame.role) == {"rated", "check"}


def test_what_a_row_says(study: Study) -> None:
    frame = votes_frame(collected(study, 1))
    rated = frame[frame.role == "rated"]
    assert (rated.answer == "b").all()
    assert rated.is_right.isna().all()
    assert set(zip(rated.method_a, rated.method_b, strict=True)) == {
        ("ours", "theirs"), ("ours", "real"), ("theirs", "real"),
    }  # fmt: skip
    assert (rated.video_a == rated.video_b).all()
    assert (rated.choice.map({"left": "a", "right": "b"}) == rated.left).sum() < len(rated)
    for row in frame.itertuples():
        on_the_left = row.choice == "left"
        assert (row.answer == row.left) == on_the_left
    checks = frame[frame.role == "check"]
    assert list(checks.is_right) == [True, True]
    assert set(checks.method_b) == {""}
    assert (frame.set_apart == "").all()
    assert frame.seconds.between(2, 9).all()


def test_sides_agree_with_the_slot(study: Study) -> None:
    frame = votes_frame(collected(study, 3)).set_index("item")
    for shown in study.shown(3):
        if shown.item in frame.index:
            assert frame.left[shown.item] == ("b" if shown.is_flipped else "a")


def test_single_clips(tmp_path: Path) -> None:
    study = made_study(tmp_path, kind="single", with_clips=False)
    answers = answers_to(study, 0, lambda *_: "no")
    frame = votes_frame(Collected(study, (answers,), ()))
    assert set(frame.left) | set(frame.method_b) | set(frame.video_b) == {""}
    assert set(frame.answer) == {"no"}
    checks = frame[frame.role == "check"]
    assert not checks.is_right.any()
    assert set(frame.set_apart) == {"failed 2 of 2 checks; at most 1 is allowed"}


def test_practice_is_in_no_row(study: Study) -> None:
    (practice,) = (name for name, item in study.item.items() if item.role == "practice")
    made = answers_to(study, 0)
    vote = Vote(item=practice, choice="left", ms=900_000, turn=0)
    more = made.model_copy(update={"votes": (vote, *made.votes)})
    with_it, without = (Collected(study, (one,), ()) for one in (more, made))
    pd.testing.assert_frame_equal(votes_frame(with_it), votes_frame(without))
    pd.testing.assert_frame_equal(raters_frame(with_it), raters_frame(without))


def test_one_row_a_rater(study: Study) -> None:
    full = answers_to(study, 0)
    begun = answers_to(study, 1)
    only_checks = tuple(v for v in begun.votes if study.item[v.item].role == "check")
    begun = begun.model_copy(update={"finished": False, "votes": only_checks})
    frame = raters_frame(Collected(study, (full, begun), ()))
    assert list(frame.columns) == list(RATER_COLUMNS)
    assert list(frame.answered) == [12, 0]
    assert list(frame.checks) == [2, 2]
    assert list(frame.failed) == [0, 0]
    assert list(frame.finished) == [True, False]
    assert frame.median_seconds[0] > 0
    assert frame.median_seconds.isna()[1]
    assert list(frame.set_apart) == ["", "answered 0 of 12 items; at least 50 % are required"]


def test_csv(tmp_path: Path, study: Study) -> None:
    clips = {
        name: clip.model_copy(update={"video": f'=cmd("{clip.video}"),\n<script>'})
        for name, clip in study.clip.items()
    }
    hostile = study.model_copy(update={"clip": clips})
    frame = votes_frame(collected(hostile, 0))
    write_votes(frame, tmp_path / "votes.csv")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "votes.csv").read_text(), newline="")))
    assert list(rows[0]) == list(COLUMNS)
    assert len(rows) == len(frame)
    for row in rows:
        assert not any(str(cell).startswith(("=", "+", "-", "@")) for cell in row.values())
    assert rows[0]["video_a"] == "'" + frame.video_a[0]
    assert {row["is_right"] for row in rows} == {"", "True"}
