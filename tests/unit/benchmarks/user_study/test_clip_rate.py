"""The frame rate of clips: one for all, and no video changes its speed without a word."""

from dataclasses import dataclass

import pytest
import torch

from leo_bench.benchmarks.user_study.clip_rate import rate_of, slowest_rate
from leo_bench.benchmarks.user_study.drawing import MethodVideos
from leo_bench.benchmarks.user_study.showing import Footage
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.videos.tensors import TensorVideos


@dataclass
class Paced:
    """A source whose files state a frame rate."""

    inner: TensorVideos
    each: list[float | None]

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)

    def rates(self) -> list[float | None]:
        return self.each


def method(name: str, *rates: float | None, stride: int = 1) -> MethodVideos:
    """Videos v0, v1, ... of these frame rates."""
    clip = torch.zeros(9, 3, 16, 16, dtype=torch.uint8)
    inner = TensorVideos(name, {f"v{i}": clip for i in range(len(rates))}, "round")
    source = Paced(inner, list(rates))
    return MethodVideos(name, f"{name}/", source, name == "real", stride)  # type: ignore[arg-type]


def shown(*methods: MethodVideos) -> list[Footage]:
    return [
        Footage(one.name, one.spec, one.source, index, one.stride)
        for one in methods
        for index in range(len(one.source.names))
    ]


def test_the_rate_is_the_one_that_all_videos_state() -> None:
    ours, theirs = method("ours", 25.0), method("theirs", 24.9)
    strided = method("real", 100.0, stride=4)
    assert rate_of(shown(ours, strided, theirs), None) == (25.0, [])
    assert rate_of(shown(ours, method("other", None)), None) == (
        25.0,
        ["other: videos state no frame rate; clips play 25"],
    )
    assert rate_of(shown(method("ours", None)), None)[0] == 25.0
    assert rate_of(shown(method("ours", 10.0)), 10.0) == (10.0, [])
    assert slowest_rate([ours, theirs, method("other", None)]) == 24.9
    assert slowest_rate([method("ours", None)]) == 25.0
    with pytest.raises(InputError, match="give --fps"):
        rate_of(shown(ours), 0.0)


@pytest.mark.parametrize("name", ["real", "theirs"])
def test_rates_that_differ_are_refused_within_a_method_and_between_methods(name: str) -> None:
    mixed = method(name, 25.0, 10.0, 24.9, 10.0, 10.0)
    ours, strided = method("ours", 25.0), method("slow", 30.0, stride=4)
    advice = "give --fps, at which every clip then plays"
    for given, listed in (
        ((mixed,), f"{name}: v0 25, v1 10"),
        ((ours, mixed), f"ours: v0 25; {name}: v0 25, v1 10"),
        ((ours, strided), "ours: v0 25; slow: v0 30 at stride 4"),
    ):
        with pytest.raises(InputError) as refused:
            rate_of(shown(*given), None)
        assert str(refused.value) == f"frame rates differ: {listed}: {advice}"


def test_with_a_rate_given_notes_say_which_videos_play_faster_or_slower() -> None:
    real = method("real", 25.0, 10.0, 50.0, 10.0, 10.0, 10.0)
    ours = method("ours", 30.0)
    # What checks alone show counts to the method of the same source.
    checks = [Footage("", one.spec, one.source, one.index, 1) for one in shown(real)[3:]]
    assert rate_of([*shown(ours), *shown(real)[:3], *checks], 25.0) == (
        25.0,
        [
            "ours: 1 of 1 videos play slower than their files say: v0 0.833 times as fast",
            "real: 4 of 6 videos play faster than their files say: v1 2.5 times as fast, v3 2.5 "
            "times as fast, v4 2.5 times as fast, ...",
            "real: 1 of 6 videos play slower than their files say: v2 0.5 times as fast",
        ],
    )
