"""`leo-bench study simulate`, and `study results` of its answers and of broken answer files."""

import csv
from pathlib import Path

from made_studies import answers_to, made_study

from conftest import Run
from leo_bench.benchmarks.study_results.collecting import collect
from leo_bench.benchmarks.user_study.study import load_study


def test_the_same_seed_writes_the_same_files(leo_bench: Run, tmp_path: Path) -> None:
    made_study(tmp_path / "study", with_clips=False)
    how = ("--prefer", "ours=1,real=2", "--inattentive", 0.2, "--raters", 6)
    for name, seed in (("one", 3), ("two", 3), ("other", 4)):
        out = tmp_path / name
        ended = leo_bench(
            "study", "simulate", tmp_path / "study", *how, "--seed", seed, "--out", out
        )
        assert ended.code == 0, ended
        assert ended.out == f"{out}: answers of 6 simulated raters; no person answered\n"
    one, two, other = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
        for name in ("one", "two", "other")
    )
    assert one == two
    assert not one.keys() & other.keys()
    found = collect(tmp_path / "study", [tmp_path / "one"])
    assert (len(found.answers), found.is_simulated, found.notes) == (6, True, ())
    again = leo_bench("study", "simulate", tmp_path / "study", *how, "--out", tmp_path / "one")
    assert (again.code, again.err.count("\n")) == (2, 1)
    assert "is not empty" in again.err


def test_single_clips_and_options_without_effect(leo_bench: Run, tmp_path: Path) -> None:
    made_study(tmp_path / "study", kind="single", raters=3, with_clips=False)
    line = ("study", "simulate", tmp_path / "study", "--out", tmp_path / "answers")
    for option, value in (("--prefer", "ours=1"), ("--left-bias", 1), ("--yes", "ours=2")):
        ended = leo_bench(*line, option, value)
        assert (ended.code, ended.err.count("\n")) == (2, 1), ended
        assert not (tmp_path / "answers").exists()
    assert leo_bench(*line, "--yes", "ours=0.4").code == 0
    assert len(collect(tmp_path / "study", [tmp_path / "answers"]).answers) == 3


def test_results_say_that_no_person_answered(leo_bench: Run, tmp_path: Path) -> None:
    study = tmp_path / "study"
    made_study(study, with_clips=False)
    answers, votes = tmp_path / "answers", tmp_path / "votes.csv"
    leo_bench("study", "simulate", study, "--prefer", "ours=1", "--out", answers)
    ended = leo_bench("study", "results", study, answers, "--csv", votes)
    assert ended.code == 0, ended
    assert "no person answered" in ended.out.splitlines()[0]
    with votes.open(newline="") as file:
        assert {row["way"] for row in csv.DictReader(file)} == {"simulated"}
    (answers / "people.json").write_text(answers_to(load_study(study), 0).model_dump_json())
    mixed = leo_bench("study", "results", study, answers)
    assert (mixed.code, mixed.out, mixed.err.count("\n")) == (2, "", 1)
    assert "simulated answers cannot be put together with people's" in mixed.err


def test_a_broken_answer_file_fails_or_is_left_out(leo_bench: Run, tmp_path: Path) -> None:
    study, answers = tmp_path / "study", tmp_path / "answers"
    made_study(study, with_clips=False)
    leo_bench("study", "simulate", study, "--out", answers)
    (answers / "broken.json").write_text('{"votes": [')
    failed = leo_bench("study", "results", study, answers)
    assert (failed.code, failed.out, failed.err.count("\n")) == (2, "", 1)
    assert f"{answers}/broken.json: not JSON" in failed.err
    skipped = leo_bench("study", "results", study, answers, "--on-error", "skip")
    assert skipped.code == 0
    assert f"note: left out: {answers}/broken.json: not JSON" in skipped.err
