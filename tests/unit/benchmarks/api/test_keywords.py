"""Keywords of the API: shown in signatures, checked, and named in errors."""

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import leo_bench
from leo_bench.benchmarks.api.keywords import DistanceKeywords, fields, resources
from leo_bench.benchmarks.api.leo_model import Leo
from leo_bench.benchmarks.api.sample_keywords import SampleKeywords
from leo_bench.benchmarks.scores.requests import FrameScoreRequest, ScoreRequest
from leo_bench.evaluation.errors import InputError

CLIPS = np.zeros((2, 9, 8, 8, 3), np.uint8)


def test_signatures_show_every_keyword_with_its_default() -> None:
    found = inspect.signature(leo_bench.fvd).parameters
    assert list(found)[:5] == ["real", "fake", "protocol", "frames", "extractor"]
    assert {"value_range", "clips", "resolution", "cache", "progress"} <= found.keys()
    assert (found["seed"].default, found["on_error"].default) == (0, "fail")
    assert all(p.kind is not p.VAR_KEYWORD for p in found.values())


def test_the_help_of_a_function_tells_each_of_its_keywords() -> None:
    for name in ("fvd", "acd", "drift", "repetition"):
        function = getattr(leo_bench, name)
        about = function.__doc__.partition("Keywords:")[2]
        for keyword in inspect.signature(function).parameters:
            assert keyword in function.__doc__, (name, keyword)
        assert ("batch:" in about) == (name == "fvd")
        assert ("real_stride," in about) == (name in ("fvd", "acd"))


def test_the_help_of_sampling_tells_each_of_its_keywords() -> None:
    for function in (Leo.sample, Leo.stream):
        about = (inspect.getdoc(function) or "").partition("\nKeywords:\n")[2]
        for keyword in SampleKeywords.__annotations__:
            assert f"{keyword}:" in about, keyword


@pytest.mark.parametrize(
    ("function", "request_model"),
    [("fvd", ScoreRequest), ("acd", FrameScoreRequest)],
)
def test_keywords_are_fields_of_the_request_with_its_defaults(
    function: str, request_model: Any
) -> None:
    more = {"value_range", "real_name", "fake_name", "workers", "cache", "progress", "batch"}
    found = inspect.signature(getattr(leo_bench, function)).parameters
    assert found.keys() - more <= request_model.model_fields.keys()
    missing = request_model.model_fields.keys() - found.keys()
    assert missing == {"metric", "float_range"}
    for name in found.keys() - more - {"frames"}:
        assert found[name].default == request_model.model_fields[name].default, name


def test_an_unknown_keyword_is_pythons_own_error() -> None:
    unknown: dict[str, Any] = {"resolutoin": 3}
    with pytest.raises(TypeError, match=r"fvd\(\) got an unexpected keyword argument 'resolutoin'"):
        leo_bench.fvd(CLIPS, CLIPS, **unknown)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no fake": ({"fake": None}, "give the fake side as fake=PATH"),
    "two reals": ({"dataset": "toy-faces"}, "give the real side either as dataset=ID or as real="),
    "a stride": ({"real_stride": 0}, "real_stride=0: must be 1 or more"),
    "the protocol": ({"protocol": "p"}, "no protocol 'p'; known are"),
    "a word": ({"frames": "x"}, "fvd: frames is 'x'"),
    "one name": ({"real_name": "fake"}, "real_name and fake_name are both 'fake'; give two names"),
    "an empty name": ({"real_name": ""}, "real_name='': expected text of one line"),
    "a name of two lines": ({"fake_name": "a\nb"}, r"fake_name='a\nb': expected text of one"),
    "no name": ({"fake_name": None}, "fake_name=None: expected text of one line"),
    "no thread": ({"workers": 0}, "workers=0: must be 1 or more"),
    "threads in words": ({"workers": "two"}, "workers='two': must be 1 or more"),
    "no batch": ({"batch": 0}, "batch=0: must be 1 or more"),
    "a device": ({"device": "tpu"}, "device tpu: is not here"),
    "floats": ({"fake": CLIPS / 255}, "fake side: clip 0 is float64; say value_range="),
    "levels": (
        {"fake": CLIPS * 1.0 + 9, "value_range": "01"},
        "fake side: fake: floats span [9, 9], where [0,1] is stated by value_range=",
    ),
    "another size": (
        {"fake": CLIPS[:, :, :6]},
        "real videos (real) are 8x8 and fake ones (fake) 6x8; give resolution=, to which",
    ),
    "few clips": ({"clips": 3, "protocol": "digan"}, "the protocol needs 3: give more videos"),
}


@pytest.mark.parametrize(("changes", "said"), REFUSED.values(), ids=REFUSED)
def test_errors_are_one_line_and_name_keywords(changes: dict[str, Any], said: str) -> None:
    given: dict[str, Any] = {"real": CLIPS, "fake": CLIPS, "frames": 9, "extractor": "i3d-toy"}
    with pytest.raises(InputError) as refused:
        leo_bench.fvd(**{**given, **changes})
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
    assert "--" not in str(refused.value)


def test_a_message_about_another_command_stays_as_it_is() -> None:
    with pytest.raises(InputError, match="leo-bench list frame-protocols"):
        leo_bench.acd(CLIPS, CLIPS)


def test_a_folder_of_several_media_names_the_keyword_that_chooses(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", CLIPS)
    (tmp_path / "frames").mkdir()
    for number in range(9):
        Image.fromarray(CLIPS[0, number]).save(tmp_path / "frames" / f"{number}.png")
    with pytest.raises(InputError, match='choose with only="npy", or give a path'):
        leo_bench.fvd(tmp_path, CLIPS, extractor="i3d-toy", frames=9)
    found = leo_bench.fvd(tmp_path, CLIPS, extractor="i3d-toy", frames=9, only="npy")
    assert found.record.real.videos == 2


def test_fields_are_those_of_requests() -> None:
    given: DistanceKeywords = {"clips": 8, "value_range": (0, 1), "cache": False, "batch": 4}
    assert fields(given) == {"clips": 8, "float_range": "01"}
    assert resources(given).store is None
    assert resources(given).batch == 4
    assert resources({}).progress is None
