"""`leo-bench regress` on planted cases, from features to exit code."""

import json
import math
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from made_records import features, fvd_of, keep_fvd, record, side
from typer.testing import CliRunner

from leo_bench.benchmarks.cli.main import app
from leo_bench.benchmarks.verify_and_explain.measure_again import SCORES
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.records.distance import write_record
from leo_bench.evaluation.records.influences import (
    ENDING,
    VideoInfluences,
    beside_record,
    influences_path,
    read_influences,
)
from leo_bench.evaluation.records.score import ScoreRecord
from leo_bench.reports.comparing import Settings, compare, exit_code, load_settings

VIDEOS = 96
REAL = features(1, VIDEOS)
SHIFT = 0.4  # of every feature: a model with a distance of its own


def verdicts(old: Path, new: Path) -> list[str]:
    return [change.state for change in compare(old, new, load_settings())]


def test_the_same_records_are_no_change(tmp_path: Path) -> None:
    for name in ("old", "new"):
        keep_fvd(tmp_path / name, REAL, features(2, VIDEOS, SHIFT))
    (change,) = compare(tmp_path / "old", tmp_path / "new", load_settings())
    assert change.state == "same"
    assert change.difference == 0
    assert change.error is not None
    assert change.error.standard_error == 0
    assert exit_code([change]) == 0


def test_other_samples_of_the_same_model_raise_at_most_one_alarm_in_twenty(tmp_path: Path) -> None:
    keep_fvd(tmp_path / "old", REAL, features(2, VIDEOS, SHIFT))
    alarms = 0
    for seed in range(20):
        new = tmp_path / f"new{seed}"
        keep_fvd(new, REAL, features(100 + seed, VIDEOS, SHIFT))
        alarms += "worse" in verdicts(tmp_path / "old", new)
    assert alarms <= 1


def test_a_real_loss_is_found_and_a_gain_is_no_failure(tmp_path: Path) -> None:
    keep_fvd(tmp_path / "old", REAL, features(2, VIDEOS, SHIFT))
    keep_fvd(tmp_path / "new", REAL, features(3, VIDEOS, 1.8 * SHIFT))
    worse = compare(tmp_path / "old", tmp_path / "new", load_settings())
    assert [change.state for change in worse] == ["worse"]
    assert exit_code(worse) == 1
    better = compare(tmp_path / "new", tmp_path / "old", load_settings())
    assert [change.state for change in better] == ["better"]
    assert exit_code(better) == 0


def test_a_significant_change_below_the_floor_is_no_change(tmp_path: Path) -> None:
    fake = features(2, VIDEOS, SHIFT)
    keep_fvd(tmp_path / "old", REAL, fake)
    shifted = type(fake)(fake.values + 0.02, fake.videos)
    keep_fvd(tmp_path / "new", REAL, shifted)
    high = load_settings()
    low = Settings.model_validate(
        {"false_alarms": 0.025, "floor": {"fvd": {"relative": 0, "absolute": 0}}}
    )
    states = [compare(tmp_path / "old", tmp_path / "new", s)[0].state for s in (high, low)]
    assert states == ["same", "worse"]


def test_pairing_finds_what_independence_hides(tmp_path: Path) -> None:
    fake = features(2, VIDEOS, SHIFT)
    shifted = type(fake)(fake.values + 0.12, fake.videos)
    keep_fvd(tmp_path / "old", REAL, fake)
    keep_fvd(tmp_path / "new", REAL, shifted)
    assert verdicts(tmp_path / "old", tmp_path / "new") == ["worse"]
    for name in ("old", "new"):
        influences_path(tmp_path / name / "made-16f/model/fvd.json").unlink()
    assert verdicts(tmp_path / "old", tmp_path / "new") == ["same"]


def test_a_change_of_provenance_is_named_and_of_protocol_refused(tmp_path: Path) -> None:
    fake = features(2, VIDEOS, SHIFT)
    keep_fvd(tmp_path / "old", REAL, fake)
    keep_fvd(tmp_path / "torch", REAL, fake, versions={"torch": "2.12"}, commit="1" * 40)
    (change,) = compare(tmp_path / "old", tmp_path / "torch", load_settings())
    assert change.state == "same"
    assert change.provenance == (
        "commit: 000000000000 -> 111111111111",
        "versions.torch: 2.11 -> 2.12",
    )
    keep_fvd(tmp_path / "protocol", REAL, fake, protocol="digan")
    (change,) = compare(tmp_path / "old", tmp_path / "protocol", load_settings())
    assert change.state == "incomparable"
    assert "protocol: stylegan-v -> digan" in change.why
    assert exit_code([change]) == 2


def test_a_run_that_crashed_is_not_taken_for_a_good_one(tmp_path: Path) -> None:
    path = keep_fvd(tmp_path / "old", REAL, features(2, VIDEOS, SHIFT))
    (tmp_path / "new").mkdir()
    missing = compare(tmp_path / "old", tmp_path / "new", load_settings())
    assert [change.state for change in missing] == ["missing"]
    assert exit_code(missing) == 3
    half = tmp_path / "new" / path.relative_to(tmp_path / "old")
    half.parent.mkdir(parents=True)
    half.write_text(path.read_text()[:200])
    broken = compare(tmp_path / "old", tmp_path / "new", load_settings())
    assert [change.state for change in broken] == ["unjudged"]
    assert str(half) in broken[0].why
    assert exit_code(broken) == 3


@pytest.mark.parametrize("videos", [3, 7])
def test_fewer_than_eight_videos_are_not_judged_whatever_they_say(
    tmp_path: Path, videos: int
) -> None:
    keep_fvd(tmp_path / "old", REAL, features(2, videos))
    keep_fvd(tmp_path / "new", REAL, features(3, videos, 50.0))
    changes = compare(tmp_path / "old", tmp_path / "new", load_settings())
    assert [change.state for change in changes] == ["unjudged"]
    assert f"{videos} videos; a change is judged from 8 videos" in changes[0].why
    assert exit_code(changes) == 3


def test_what_is_worse_is_said_before_what_cannot_be_judged(tmp_path: Path) -> None:
    keep_score(tmp_path / "old", "acd")
    keep_score(tmp_path / "new", "acd", value=0.9)
    keep_score(tmp_path / "old", "drift", videos_used=7)
    keep_score(tmp_path / "new", "drift", videos_used=7)
    changes = compare(tmp_path / "old", tmp_path / "new", load_settings())
    assert [change.state for change in changes] == ["worse", "unjudged"]
    assert exit_code(changes) == 1


def test_rounding_is_no_change_and_without_an_error_the_floor_decides(tmp_path: Path) -> None:
    keep_score(tmp_path / "old", value=0.0, error=0.0)
    for value, state in ((1e-9, "same"), (1e-5, "same"), (2e-4, "worse")):
        keep_score(tmp_path / state / str(value), value=value, error=0.0)
        assert verdicts(tmp_path / "old", tmp_path / state / str(value)) == [state]


def test_influences_of_other_videos_are_refused(tmp_path: Path) -> None:
    keep_fvd(tmp_path / "old", REAL, features(2, VIDEOS, SHIFT))
    new = keep_fvd(tmp_path / "new", REAL, features(3, VIDEOS, 3 * SHIFT))
    other = keep_fvd(tmp_path / "other", features(4, VIDEOS), features(5, VIDEOS, SHIFT))
    header = "side,video,influence,in_halves\n"
    for content, why in (
        (header, "0 real videos, 96 in the record"),
        (influences_path(other).read_text(), "they give a standard error of"),
    ):
        influences_path(new).write_text(content)
        (change,) = compare(tmp_path / "old", tmp_path / "new", load_settings())
        assert change.state == "unjudged"
        assert f"{influences_path(new)} is not of its record: {why}" in change.why
        assert exit_code([change]) == 3


@pytest.mark.parametrize("number", [math.nan, math.inf])
@pytest.mark.parametrize("field", ["value", "value_float64", "standard_error"])
def test_what_is_no_number_is_not_taken_for_a_good_one(
    tmp_path: Path, field: str, number: float
) -> None:
    fake = features(2, VIDEOS, SHIFT)
    keep_fvd(tmp_path / "old", REAL, fake)
    path = keep_fvd(tmp_path / "new", REAL, fake)
    path.write_text(json.dumps(json.loads(path.read_text()) | {field: number}))
    (change,) = compare(tmp_path / "old", tmp_path / "new", load_settings())
    assert change.state == "unjudged"
    assert change.why == f"{path}: {field} is {number}: not a finite number"
    assert exit_code([change]) == 3


def keep_score(
    folder: Path,
    metric: str = "acd",
    stride: int = 1,
    value: float = 0.3,
    error: float = 0.01,
    **changes: object,
) -> None:
    """Write a score of VIDEOS videos, each with a value."""
    made = record(fvd_of(REAL, REAL), REAL.values, REAL.values).model_dump()
    shared = {key: made[key] for key in made.keys() & ScoreRecord.model_fields.keys()}
    own: dict[str, object] = {
        "kind": "score",
        "metric": metric,
        "value": value,
        "interval": (value - 2 * error, value + 2 * error),
        "standard_error": error,
        "side": "fake",
        "source": side("fake", VIDEOS).model_copy(update={"stride": stride}),
        "videos_used": VIDEOS,
        "without_value": (),
        "frames_seen": 16 * VIDEOS,
        "frames_without": 0,
        "embedder": "made-up",
    }
    path = folder / "made-16f" / "model" / f"{metric}.json"
    write_record(ScoreRecord.model_validate(shared | own | changes), path)


def test_a_score_of_fewer_videos_or_at_another_stride_is_not_comparable(tmp_path: Path) -> None:
    keep_score(tmp_path / "old")
    keep_score(tmp_path / "frames", frames_without=9)
    (change,) = compare(tmp_path / "old", tmp_path / "frames", load_settings())
    assert (change.state, change.provenance) == ("same", ("frames_without: 0 -> 9",))
    keep_score(tmp_path / "lost", videos_used=12, value=0.1)
    keep_score(tmp_path / "stride", stride=4)
    for name, why in (("lost", "videos_used: 96 -> 12"), ("stride", "source.stride: 1 -> 4")):
        (change,) = compare(tmp_path / "old", tmp_path / name, load_settings())
        assert (change.state, change.why) == ("incomparable", why)


def test_every_score_that_can_be_made_again_has_a_floor() -> None:
    assert load_settings().floor.keys() >= {"fvd", "kvd", "fid", *SCORES}


def test_a_newer_record_sets_the_older_and_its_influences_aside(tmp_path: Path) -> None:
    path = keep_fvd(tmp_path, REAL, features(2, VIDEOS, SHIFT))
    keep_fvd(tmp_path, REAL, features(3, VIDEOS, SHIFT))
    older = list(path.parent.glob("fvd.*.json"))
    assert len(older) == 1
    assert influences_path(older[0]).exists()
    assert influences_path(path).exists()
    assert len(compare(tmp_path, tmp_path, load_settings())) == 1


def test_the_command_writes_what_servers_read(tmp_path: Path) -> None:
    keep_fvd(tmp_path / "old", REAL, features(2, VIDEOS, SHIFT))
    keep_fvd(tmp_path / "new", REAL, features(3, VIDEOS, 2 * SHIFT))
    places = [f"--{what}={tmp_path / what}" for what in ("markdown", "junit", "summary")]
    arguments = ["regress", "--old", str(tmp_path / "old"), "--new", str(tmp_path / "new")]
    (tmp_path / "summary").write_text("earlier step\n")
    result = CliRunner().invoke(app, [*arguments, *places])
    assert result.exit_code == 1
    assert "1 of 1 number got worse" in result.stdout
    comment = (tmp_path / "markdown").read_text()
    assert "`made-16f/model/fvd`" in comment
    assert "**worse**" in comment
    assert (tmp_path / "summary").read_text() == "earlier step\n" + comment
    suite = ET.parse(tmp_path / "junit").getroot()
    assert suite.attrib["failures"] == "1"
    (case,) = suite.findall("testcase")
    assert case.attrib["classname"] == "made-16f"
    assert case.find("failure") is not None


def test_bad_input_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder of records"):
        compare(tmp_path / "absent", tmp_path, load_settings())
    with pytest.raises(InputError, match="no record is in there that can be read"):
        compare(tmp_path, tmp_path, load_settings())
    path = keep_fvd(tmp_path / "old", REAL, features(2, VIDEOS))
    few = Settings.model_validate({"false_alarms": 0.025, "floor": {}})
    with pytest.raises(InputError, match=r"no \[floor.fvd\]"):
        compare(tmp_path / "old", tmp_path / "old", few)
    result = CliRunner().invoke(
        app,
        [
            "regress",
            *(f"--{side}={tmp_path / 'old'}" for side in ("old", "new")),
            f"--summary={tmp_path / 'absent' / 'summary'}",
        ],
    )
    assert isinstance(result.exception, InputError)  # a traceback would end in 1, a regression
    influences_path(path).write_text("side,video\n")
    with pytest.raises(InputError, match="its first line must be"):
        read_influences(path)


def test_influences_survive_the_disk(tmp_path: Path) -> None:
    given = VideoInfluences(real={"a,b": (0.125, -1e-9)}, fake={'"q"\n': (1 / 3, 0.0)})
    influences_path(tmp_path / "fvd.json").write_bytes(beside_record(given)[ENDING])
    found = read_influences(tmp_path / "fvd.json")
    assert found is not None
    assert found.real == given.real
    assert found.fake['"q"\n'] == pytest.approx((1 / 3, 0), rel=1e-8)
    assert read_influences(tmp_path / "kvd.json") is None
