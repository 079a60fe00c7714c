"""Records of scores: written, read, told from those of distances, never overwritten in silence."""

import json
from pathlib import Path

import pytest
from made_scores import MADE, SCORE, SIDE

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.schema import settings_digest
from leo_bench.evaluation.records.distance import Record, read_record, record_path, write_record
from leo_bench.evaluation.records.documents import read_any_record
from leo_bench.evaluation.records.score import (
    Against,
    read_score_record,
    score_record_path,
)

DISTANCE = Record(
    metric="fvd",
    value=1.0,
    value_float64=1.0,
    spread=None,
    values=(1.0,),
    values_float64=(1.0,),
    interval=None,
    interval_level=None,
    interval_method=None,
    standard_error=None,
    fvd_infinity=None,
    extrapolation=None,
    protocol="digan",
    protocol_version=1,
    protocol_digest=settings_digest({}),
    protocol_settings={},
    window_name="",
    frames=16,
    resolution=None,
    seed=0,
    n_real=4,
    n_fake=4,
    real=SIDE,
    fake=SIDE.model_copy(update={"name": "mine"}),
    extractor="i3d-toy",
    weights_sha256="w",
    weights_verified=True,
    precision="fp32",
    device="cpu",
    **MADE,
)


def test_a_record_read_is_the_record_written(tmp_path: Path) -> None:
    write_record(SCORE, tmp_path / "acd.json")
    assert read_score_record(tmp_path / "acd.json") == SCORE


def test_the_two_kinds_are_told_apart(tmp_path: Path) -> None:
    write_record(SCORE, tmp_path / "acd.json")
    write_record(DISTANCE, tmp_path / "fvd.json")
    assert read_any_record(tmp_path / "acd.json") == SCORE
    assert read_any_record(tmp_path / "fvd.json") == DISTANCE
    with pytest.raises(InputError, match=r"acd\.json: kind is 'score'"):
        read_record(tmp_path / "acd.json")
    with pytest.raises(InputError, match=r"fvd\.json: kind is 'distance'"):
        read_score_record(tmp_path / "fvd.json")


def test_the_record_of_a_distance_keeps_its_keys_in_their_order() -> None:
    keys = list(json.loads(DISTANCE.to_json()))
    assert keys[:5] == ["kind", "schema_version", "metric", "value", "value_float64"]
    assert keys[-11:] == ["device", *MADE]


def test_a_newer_record_sets_the_older_aside(tmp_path: Path) -> None:
    path = tmp_path / "acd.json"
    write_record(SCORE, path)
    write_record(SCORE.model_copy(update={"value": 0.24}), path)
    older = [other for other in tmp_path.glob("acd.*.json") if other != path]
    assert len(older) == 1
    assert read_score_record(older[0]).value == 0.25
    assert read_score_record(path).value == 0.24


def test_both_sides_of_a_comparison_share_a_benchmark_and_the_tree_of_distances() -> None:
    fake = SCORE.model_copy(
        update={
            "side": "fake",
            "source": SIDE.model_copy(update={"name": "my/samples", "stride": 1}),
            "against": Against(
                source=SIDE,
                value=0.25,
                videos_used=3,
                difference=0.0,
                interval=None,
                interval_level=None,
                standard_error=None,
                paired=False,
            ),
        }
    )
    of_real, of_fake = (score_record_path(Path("r"), record) for record in (SCORE, fake))
    assert of_real == Path("r/toy-faces-test-stored-16f-s2-acd-toy/toy-faces-test/acd.json")
    assert of_fake == Path("r/toy-faces-test-stored-16f-s2-acd-toy/my-samples/acd.json")
    distance = record_path(Path("r"), DISTANCE)
    assert distance == Path("r/toy-faces-test-stored-16f-s2-digan/mine/fvd.json")


def test_no_record_at_all(tmp_path: Path) -> None:
    for content, said in (("[]", "not a record"), ("{", "not JSON"), ("{}", "is missing")):
        (tmp_path / "x.json").write_text(content)
        with pytest.raises(InputError, match=rf"x\.json: .*{said}"):
            read_any_record(tmp_path / "x.json")
    with pytest.raises(InputError, match="no such file"):
        read_any_record(tmp_path / "absent.json")
