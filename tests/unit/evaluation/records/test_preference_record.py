"""Records of raters' answers: written and read, and refused where their fields contradict."""

from pathlib import Path
from typing import Any

import pytest
from made_results import keep, preference, repeated
from pydantic import ValidationError

from leo_bench.evaluation.records.documents import read_any_record
from leo_bench.evaluation.records.preference import PreferenceRecord, preference_path

ALL = {"value": 940 / 1050, "interval": (0.84, 0.96), "chosen": 940, "votes": 1050, "raters": 21}


@pytest.mark.parametrize("record", [preference(), repeated()], ids=["pairs", "single"])
def test_a_record_is_read_as_it_was_written(tmp_path: Path, record: PreferenceRecord) -> None:
    assert read_any_record(keep(tmp_path, record)) == record


def test_paths_name_data_set_study_methods_and_metric() -> None:
    study = "s1-study-0123456789abcdef"
    assert preference_path(Path(), preference()) == Path(
        f"taichihd-256-64f-{study}/leo-over-tats/preference-quality.json"
    )
    own = repeated(dataset=None, resolution=None)
    assert preference_path(Path(), own) == Path(
        f"own-videos-stored-64f-{study}/leo-without-transition-dm/repeated-motion.json"
    )


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"value": 0.94}, "value is 0.94 and contradicts chosen of votes"),
        ({"chosen": 1001}, "chosen is 1001 and contradicts votes"),
        ({"interval": (0.94, 0.96)}, r"interval is \[0.94, 0.96\] and contradicts value"),
        ({"by_way": {"site": 19}}, "by_way is 19 and contradicts raters"),
        ({"raters_apart": 2}, "all_raters.raters is 21 and contradicts raters"),
        ({"raters_apart": 51, "all_raters": ALL | {"raters": 71}}, "raters_apart is 51"),
        ({"all_raters": ALL | {"chosen": 985, "value": 985 / 1050}}, "all_raters.chosen less"),
        ({"second": "leo", "videos": {"leo": "0"}}, "first is 'leo' and contradicts second"),
        ({"raters_apart": 0, "raters": 21, "by_way": {"site": 21}}, "all_raters.votes"),
        ({"items": 49}, "votes is 1000 and contradicts raters times items"),
        ({"study": "../0123456789ab"}, "study"),
        ({"metric": "fvd"}, "metric is 'fvd' and contradicts kind"),
        ({"metric": "repeated-motion"}, "metric is 'repeated-motion' and contradicts second"),
        ({"videos": {"leo": "0"}}, "videos"),
        ({"comparable": True, "caveats": ()}, "comparable"),
        ({"by_way": {"simulated": 20}, "caveats": ("others",)}, "caveats"),
        ({"caveats": ("others", "simulated raters: no person answered")}, "caveats"),
    ],
)
def test_a_record_that_contradicts_itself_is_refused(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        preference(**changes)
