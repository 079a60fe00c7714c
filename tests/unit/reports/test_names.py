"""What pages call benchmarks, models and metrics, and which model they say is best."""

from pathlib import Path
from typing import Any

import pytest
from made_own_tables import keep, made, three
from made_records import side

from leo_bench.evaluation.records.score import read_score_record
from leo_bench.reports.names import benchmark_names, metric_title, model_name, setting
from leo_bench.reports.own_tables.filling import Wish, table_of_numbers
from leo_bench.reports.own_tables.numbers import numbers_of
from leo_bench.reports.verdicts import Verdict, verdicts

GOLDEN = Path("tests/golden/records/toy-faces-test-64-16f-s1-acd-toy")


def content(**changes: Any) -> dict[str, Any]:
    return made(0.4, **changes)[0].content()


def test_a_benchmark_is_named_by_what_was_measured_on() -> None:
    assert setting(content()) == "faces (test), 16 frames, 64 x 64, stride 1"
    sparse = side("real", 40).model_copy(update={"stride": 4})
    own = content(dataset=None, resolution=None, real=sparse)
    assert setting(own) == "real, 16 frames, size as stored, strides 4 (real) and 1 (fake)"
    score = read_score_record(GOLDEN / "frozen" / "acd.json").content()
    assert setting(score) == "toy-faces (test), 16 frames, 64 x 64, stride 1"


def test_names_tell_benchmarks_apart() -> None:
    one, digan, longer = content(), content(protocol="digan"), content(frames=128)
    assert benchmark_names([("a", one), ("b", longer)]) == {
        "a": "faces (test), 16 frames, 64 x 64, stride 1",
        "b": "faces (test), 128 frames, 64 x 64, stride 1",
    }
    found = benchmark_names([("a", one), ("b", digan), ("c", one | {"dataset": "other-test"})])
    assert found["a"].endswith("stride 1, protocol stylegan-v")
    assert found["b"].endswith("stride 1, protocol digan")
    assert found["c"].endswith("stride 1")
    assert benchmark_names([("a", one), ("b", one)]) == {"a": "a", "b": "b"}
    assert benchmark_names([("mixed", one), ("mixed", longer)]) == {"mixed": "mixed"}


def test_models_keep_the_name_that_was_given(tmp_path: Path) -> None:
    keep(tmp_path / "b" / "My-model--v2" / "fvd.json", 0.4, fake=side("My model (v2)", 40))
    keep(tmp_path / "b" / "run-7" / "fvd.json", 0.4, fake=side("samples", 40))
    known = side("faces/train", 40).model_copy(update={"source": "dataset:faces/train"})
    keep(tmp_path / "b" / "real" / "fvd.json", 0.4, fake=known)
    names = [
        model_name(n.content, n.facts["model"], is_known=n.origin == "known")
        for n in numbers_of(tmp_path)
    ]
    assert names == ["My model (v2)", "real: faces/train", "run-7"]


@pytest.mark.parametrize(
    ("metric", "title"),
    [
        ("fvd", "FVD16 (lower is better)"),
        ("recall", "Recall of 16 frames (higher is better)"),
        ("preference", "Preference of 16 frames"),
    ],
)
def test_metrics_say_what_is_better(metric: str, title: str) -> None:
    assert metric_title(metric, 16) == title


def said(folder: Path) -> Verdict:
    numbers = numbers_of(folder)
    table = table_of_numbers(numbers, Wish(columns=("metric",)))
    (found,) = verdicts(table, {number.key: number for number in numbers})
    return found


def test_the_best_is_named_with_what_cannot_be_told_from_it(tmp_path: Path) -> None:
    found = said(three(tmp_path))
    assert found.best == "theirs"
    assert found.number is not None
    assert found.certain == "no: cannot be told from ours"
    assert found.comparable == "yes"


def test_a_difference_that_is_certain_is_said_to_be(tmp_path: Path) -> None:
    keep(tmp_path / "b" / "ours" / "fvd.json", 0.1)
    keep(tmp_path / "b" / "theirs" / "fvd.json", 3.0, caveats=("odd",))
    found = said(tmp_path)
    assert (found.best, found.certain) == ("ours", "yes, against theirs")
    assert found.comparable == "some are not"


def test_one_model_and_none_are_no_best(tmp_path: Path) -> None:
    known = side("faces/train", 40).model_copy(update={"source": "dataset:faces/train"})
    keep(tmp_path / "b" / "real" / "fvd.json", 0.4, fake=known)
    assert said(tmp_path).certain == "no model: known videos alone are here"
    keep(tmp_path / "b" / "ours" / "fvd.json", 0.4)
    found = said(tmp_path)
    assert (found.best, found.certain) == ("ours", "the only model")


def test_a_number_that_was_measured_otherwise_is_not_compared(tmp_path: Path) -> None:
    keep(tmp_path / "b" / "ours" / "fvd.json", 0.4)
    keep(tmp_path / "b" / "theirs" / "fvd.json", 0.1, real=side("other", 40))
    found = said(tmp_path)
    assert found.best == "ours"
    assert found.certain == "the only model; 1 measured otherwise and not compared"


def test_too_few_videos_leave_it_open(tmp_path: Path) -> None:
    for model, shift in (("ours", 0.1), ("theirs", 3.0)):
        keep(tmp_path / "b" / model / "fvd.json", shift, count=6)
    assert said(tmp_path).certain == "not tested against theirs"
