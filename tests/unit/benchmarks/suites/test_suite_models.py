"""`--model NAME=SOURCE`: which videos a model has for which benchmark."""

import pytest

from leo_bench.benchmarks.suites import SuiteModel, load_suite
from leo_bench.benchmarks.suites.models import names, parse_models, parse_origins, source_for
from leo_bench.evaluation.errors import InputError

SHORT, TOY = load_suite("short"), load_suite("toy")


def test_placeholders_are_filled_for_each_benchmark() -> None:
    models = parse_models(["mine=s/{dataset}-{resolution}/{split}?f={frames}&b={benchmark}"], SHORT)
    assert [source_for(models, "mine", b) for b in SHORT.benchmark] == [
        "s/taichihd-128/train?f=16&b=taichihd-128-16",
        "s/taichihd-256/train?f=16&b=taichihd-256-16",
        "s/faceforensics-stored/train?f=16&b=faceforensics-256-16",
        "s/celebvhq-stored/train?f=16&b=celebvhq-256-16",
    ]


def test_a_source_for_one_benchmark_goes_before_the_general_one() -> None:
    models = parse_models(["a=x", "a@taichihd-256-16=y", "b@celebvhq-256-16=z"], SHORT)
    assert [source_for(models, "a", b) for b in SHORT.benchmark] == ["x", "y", "x", "x"]
    assert [source_for(models, "b", b) for b in SHORT.benchmark] == [None, None, None, "z"]
    assert names(models) == ["a", "b"]


def test_the_toy_suite_brings_models_that_can_be_replaced() -> None:
    assert names(parse_models([], TOY)) == ["real", "frozen", "shuffled", "leo-conditional"]
    capital = TOY.model_copy(update={"model": (SuiteModel(name="Real", source="x"),)})
    assert names(parse_models(["real=y"], capital)) == ["real"]
    models = parse_models(["frozen=elsewhere"], TOY)
    assert names(models) == ["real", "shuffled", "leo-conditional", "frozen"]
    assert source_for(models, "frozen", TOY.benchmark[0]) == "elsewhere"


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ([], "suite short has no models of its own; give --model"),
        (["mine"], "--model mine: expected NAME=SOURCE"),
        (["=x"], "expected NAME=SOURCE"),
        (["mine@=x"], "expected NAME=SOURCE or NAME@BENCHMARK=SOURCE"),
        (["a/b=x"], "--model a/b: a name becomes a folder's; try a-b"),
        (["a@ucf101=x"], "--model a@ucf101: suite short has taichihd-128-16"),
        (["a=x/{data}"], r"\{data\} is none of \{dataset\}"),
        (["a=x", "A=y"], "--model a: is given twice"),
        (["a@celebvhq-256-16=x", "a@celebvhq-256-16=y"], "given twice for celebvhq-256-16"),
    ],
)
def test_bad_models_are_one_line(given: list[str], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        parse_models(given, SHORT)


def test_origins_are_of_models_there_are() -> None:
    models = parse_models(["a=x"], SHORT)
    assert parse_origins(["a=authors-checkpoint"], models) == {"a": "authors-checkpoint"}
    with pytest.raises(InputError, match="--origin b=trained: no model 'b'; there are a"):
        parse_origins(["b=trained"], models)
    with pytest.raises(InputError, match="--origin a: origin is 'stolen'"):
        parse_origins(["a=stolen"], models)
