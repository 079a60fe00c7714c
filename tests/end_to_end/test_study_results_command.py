"""`leo-bench study results`, and every command that reads the records it writes."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from made_results import answered, keep, preference, repeated
from made_tables import digan, put, rows_of

import leo_bench as package
from conftest import Run
from leo_bench.benchmarks.study_results.collecting import collect
from leo_bench.benchmarks.study_results.result_records import document_of_study
from leo_bench.benchmarks.study_results.results import results_of
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.records.documents import read_documents
from leo_bench.evaluation.records.studied import StudyExtra


def mostly_ours(slot: int, a: str, b: str) -> bool:
    return (a == "ours") == (slot > 0)


def test_results_are_shown_and_written(tmp_path: Path, leo_bench: Run) -> None:
    folder = answered(tmp_path / "study", mostly_ours, careless=(0,), videos=5)
    files = ("--json", tmp_path / "r.json", "--records", tmp_path / "records")
    tables = ("--csv", tmp_path / "votes.csv", "--raters-csv", tmp_path / "raters.csv")
    line = ("study", "results", folder, folder / "answers", *files, *tables)
    for _ in range(2):  # what the command wrote itself may be there
        ended = leo_bench(*line)
        assert ended.code == 0, ended.err
    assert ended.out.startswith("study ")
    assert "4 raters begun (of 4 slots), 4 finished, 1 set apart; answers: 4 from" in ended.out
    assert "set apart: 1 rater: failed 2 of 2 checks" in ended.err
    document = read_documents(tmp_path / "r.json")
    assert document.kind == "study"
    assert isinstance(document.extra, StudyExtra)
    assert (document.extra.kept.votes, document.extra.all_raters.votes) == (45, 60)
    assert len(list((tmp_path / "records").rglob("preference-quality.json"))) == 3
    votes = rows_of((tmp_path / "votes.csv").read_text())
    assert len([vote for vote in votes if vote["role"] == "rated"]) == 60
    assert len(rows_of((tmp_path / "raters.csv").read_text())) == 4
    ended = leo_bench("table", "3", "--records", tmp_path / "records")
    assert "ours / theirs" in ended.out
    assert "own videos (%)" in ended.out
    assert "belong to no cell" not in ended.err


def test_a_document_is_all_of_standard_output(tmp_path: Path, leo_bench: Run) -> None:
    folder = answered(tmp_path, mostly_ours, kind="single", videos=2)
    ended = leo_bench("study", "results", folder, folder / "answers", "--json", "-")
    assert ended.code == 0, ended.err
    content = json.loads(ended.out)
    assert [record["first"] for record in content["records"]] == ["ours", "theirs", "real"]
    assert "4 raters begun" in ended.err


def without_a_record(content: Any) -> None:
    del content["records"][0]


def people_in_records_alone(content: Any) -> None:
    for record in content["records"]:
        record["by_way"] = {"site": record["raters"]}
        record["caveats"] = record["caveats"][:1]


def people_by_the_caveats(content: Any) -> None:
    content["extra"]["caveats"] = content["extra"]["caveats"][:1]


def a_pair_twice(content: Any) -> None:
    content["records"][1] |= {
        name: content["records"][0][name] for name in ("first", "second", "videos")
    }


def of_single_clips(content: Any) -> None:
    content["extra"]["kind"] = "single"


def kappa_beside_its_interval(content: Any) -> None:
    for part in ("kept", "all_raters"):
        content["extra"][part]["agreement"] |= {"value": 0.5, "interval": [0.6, 0.7]}


def other_methods_ranked(content: Any) -> None:
    for part in ("kept", "all_raters"):
        content["extra"][part]["strengths"][0]["name"] = "nobody"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (without_a_record, "votes of records is 16 and contradicts extra.kept.votes"),
        (people_in_records_alone, "records[0].by_way.site is 4 and contradicts extra.by_way.site"),
        (people_by_the_caveats, "caveats"),
        (a_pair_twice, "records[1] is of the same methods as another record"),
        (of_single_clips, "kind is 'single' and contradicts kept"),
        (kappa_beside_its_interval, "interval is"),
        (other_methods_ranked, "methods of records"),
    ],
)
def test_a_document_that_contradicts_itself_is_refused(
    tmp_path: Path, change: Callable[[Any], None], says: str
) -> None:
    folder = answered(tmp_path, mostly_ours, videos=2, way="simulated")
    answers = [folder / "answers"]
    document = document_of_study(results_of(collect(folder, answers)), folder, answers, 1.0)
    content = json.loads(document.to_json())
    change(content)
    (tmp_path / "r.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match=re.escape(says)):
        read_documents(tmp_path / "r.json")


@pytest.mark.parametrize(
    ("format", "start"),
    [("markdown", "### User study"), ("latex", "% needs "), ("html", "<!DOCTYPE html>")],
)
def test_other_formats_are_the_tables_alone(
    tmp_path: Path, leo_bench: Run, format: str, start: str
) -> None:
    folder = answered(tmp_path, mostly_ours, videos=2)
    line = ("study", "results", folder, folder / "answers", "--format", format)
    ended = leo_bench(*line)
    assert ended.out.startswith(start)
    assert "4 raters begun" in ended.err


def test_a_study_without_answers_is_one_line(tmp_path: Path, leo_bench: Run) -> None:
    folder = answered(tmp_path, mostly_ours, slots=0)
    for line in ((folder,), (folder, folder / "answers"), (tmp_path / "none",)):
        ended = leo_bench("study", "results", *line)
        assert (ended.code, ended.out) == (2, "")
        assert ended.err.count("\n") == 1


@pytest.fixture
def records(tmp_path: Path) -> Path:
    """Records of a distance, of raters and of simulated raters, in one folder."""
    folder = tmp_path / "records"
    put(folder, "digan", digan())
    keep(folder, preference())
    keep(folder, repeated(by_way={"simulated": 10}))
    return folder


def test_every_command_shows_the_records_or_says_that_it_does_not(
    records: Path, tmp_path: Path, leo_bench: Run
) -> None:
    shares = ("leo-over-tats", "leo-without-transition-dm")
    ended = leo_bench("table", "1", "--records", records)
    assert ended.code == 0
    assert "2 records belong to no cell of table1" in ended.err
    ended = leo_bench("table", "--records", records)
    assert ended.code == 0
    assert all(name in ended.out for name in (*shares, "digan", "SIMULATED raters"))
    ended = leo_bench("table", "--records", records, "--rows", "metric", "--columns", "model")
    assert ended.code == 0
    page = tmp_path / "page.html"
    assert leo_bench("report", "--records", records, "--out", page).code == 0
    text = page.read_text()
    assert all(name in text for name in shares)
    assert '<th scope="col">Preference-quality<sub>' in text
    assert "raters&#39; answers are not ranked" in text
    assert "FVD16 (lower is better)" in text
    assert "Chosen: leo over tats in 93.0 [88.0, 96.0] % of 1,000 votes of 20 raters" in text
    assert "Simulated raters: no person answered. In a user study" in text
    for format in ("text", "markdown", "latex", "bibtex"):
        assert leo_bench("cite", records, "--format", format).code == 0
    ended = leo_bench("tables", "--records", records, "--out", tmp_path / "tables")
    assert ended.code == 0
    assert "belong to no cell" not in ended.err
    frame = package.read_records(records).set_index("model")
    assert frame.loc["leo-over-tats", "value"] == 0.93
    assert tuple(frame.loc["leo-over-tats", ["low", "high"]]) == (0.88, 0.96)
    assert set(frame["kind"]) == {"distance", "preference"}


def test_regress_judges_no_raters(records: Path, tmp_path: Path, leo_bench: Run) -> None:
    ended = leo_bench("regress", "--old", records, "--new", records)
    assert "0 of 3 numbers got worse" in ended.out
    assert ended.code == 0
    assert ended.err.count("raters' answers, which no change of code makes better or worse") == 2
    put(tmp_path / "new", "digan", digan())
    ended = leo_bench("regress", "--old", records, "--new", tmp_path / "new")
    assert ended.code == 0


def test_verify_explain_and_plan_say_what_to_do_instead(records: Path, leo_bench: Run) -> None:
    (path,) = records.rglob("preference-quality.json")
    for line, said in (
        (("verify", path), "cannot be measured again: run `leo-bench study results`"),
        (("explain", path, path), "compare what `leo-bench study results` shows"),
        (("plan", path, "--width", "10%"), "raters' answers; `leo-bench study plan` says"),
    ):
        ended = leo_bench(*line)
        assert (ended.code, ended.out) == (2, "")
        assert said in ended.err
        assert ended.err.count("\n") == 1


def test_bundles_hold_the_records_and_leaderboards_do_not_rank_them(
    records: Path, tmp_path: Path, leo_bench: Run
) -> None:
    out = tmp_path / "bundles" / "a.leo.zip"
    assert leo_bench("bundle", "--records", records, "--no-statistics", "--out", out).code == 0
    ended = leo_bench("check-bundle", out)
    assert ended.code == 0
    assert "leo-over-tats/preference-quality" in ended.out
    assert leo_bench("leaderboard", out.parent).code == 0
    page = (out.parent / "index.html").read_text()
    assert "Not ranked: 2 shares of raters' answers" in page
    assert "leo-over-tats" not in page
