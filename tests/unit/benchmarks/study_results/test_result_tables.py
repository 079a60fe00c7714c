"""The tables of a study's results as text."""

from pathlib import Path

import pytest
from made_results import answered

from leo_bench.benchmarks.study_results.collecting import collect
from leo_bench.benchmarks.study_results.result_tables import tables_of
from leo_bench.benchmarks.study_results.result_text import FORMATS, headline
from leo_bench.benchmarks.study_results.results import Results, results_of


def computed(folder: Path) -> Results:
    return results_of(collect(folder, [folder / "answers"]))


def text_of(results: Results) -> str:
    return FORMATS["terminal"](tables_of(results))


def mostly_ours(slot: int, a: str, b: str) -> bool:
    return (a == "ours") == (slot > 0)


def test_both_ways_stand_side_by_side(tmp_path: Path) -> None:
    folder = answered(tmp_path, mostly_ours, careless=(0,), videos=5, methods=("ours", "theirs"))
    text = text_of(computed(folder))
    assert text.startswith(
        """\
User study: "Which clip is more realistic?", shares

                 chosen (%)    votes    raters    pairs    with 1 set apart    votes
-------------  ------------  -------  --------  -------  ------------------  -------
Quality
ours / theirs       100 / 0       15         3        5             75 / 25       20
"""
    )
    assert (
        "Set apart by the rule of study.toml is a rater who fails more than 1 check, or answers "
        'less than 50 % of the items: 1 of 4 raters; the columns "with 1 set apart" alone count '
        "them."
    ) in text
    assert "where a number would fall with as many other raters and videos" in text


def test_without_raters_set_apart_there_is_one_way(tmp_path: Path) -> None:
    folder = answered(tmp_path, mostly_ours, videos=5, methods=("ours", "theirs"))
    text = text_of(computed(folder))
    assert "ours / theirs       75 / 25       20         4        5\n" in text
    assert "none, so these are the numbers of all raters." in text


def test_single_clips_have_the_form_of_table_5(tmp_path: Path) -> None:
    folder = answered(tmp_path, mostly_ours, kind="single", videos=5, methods=("ours", "theirs"))
    text = text_of(computed(folder))
    lines = [line.split() for line in text.splitlines()]
    assert ["ours", "0.75", "20", "4", "5"] in lines
    assert ["theirs", "0.25", "20", "4", "5"] in lines
    assert ["ours", "less", "theirs", "+0.5"] in lines
    assert "left side" not in text


def test_simulated_raters_are_named_in_every_place(tmp_path: Path) -> None:
    results = computed(answered(tmp_path, mostly_ours, way="simulated", careless=(0,), videos=5))
    assert "4 SIMULATED raters begun (of 4 slots), 4 finished, 1 set apart" in headline(results)
    assert headline(results).endswith("answers: 4 SIMULATED, no person answered")
    for table in tables_of(results):
        assert "SIMULATED raters" in table.heading


def test_a_dash_has_its_reason(tmp_path: Path) -> None:
    folder = answered(tmp_path, mostly_ours, careless=(0, 1, 2, 3), videos=5)
    text = text_of(computed(folder))
    assert text.count("no rater of this column has voted.") == 3
    assert "nan" not in text.lower()


def test_one_rater_says_nothing_of_others(tmp_path: Path) -> None:
    folder = answered(tmp_path, mostly_ours, raters=1, videos=3, methods=("ours", "theirs"))
    text = text_of(computed(folder))
    assert "as many other raters and videos" not in text
    assert "all votes are alike, or no item has two votes." in text
    assert "nan" not in text.lower()


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_every_format_escapes_what_the_study_says(tmp_path: Path, name: str) -> None:
    results = computed(answered(tmp_path, mostly_ours, videos=2))
    question = "<script>alert(1)</script> $x_1$ & 100 %?"
    study = results.study.model_copy(update={"text": question})
    shown = FORMATS[name](
        tables_of(
            Results(
                type(results.collected)(study, results.collected.answers, ()),
                results.shares,
                results.kept,
                results.of_all,
                results.apart,
            )
        )
    )
    assert name == "terminal" or "<script>" not in shown
    assert name != "latex" or r"\$x\_1\$ \& 100 \%" in shown
