"""What `doctor --metrics` makes of answers, and a small run of it."""

from dataclasses import replace

import pytest
import torch

from leo_bench.benchmarks.doctor import sensitivity
from leo_bench.benchmarks.doctor.metric_readings import Change, ShareReading
from leo_bench.benchmarks.doctor.sensitivity import (
    LEVELS,
    METRICS,
    WRONG,
    Response,
    Verdict,
    examine_metrics,
)
from leo_bench.benchmarks.sources.damage import damaged
from leo_bench.benchmarks.worlds.world import WorldShape, open_world
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.features.of_clips import Resources

FID, ACD = (
    next(metric for metric in METRICS if metric.name.startswith(name))
    for name in ("FID", "ACD, mean-colour")
)


UP, SAME, DOWN = Change(1, 2), Change(-1, 1), Change(-2, -1)
GROWN = Response(
    world="toy-faces",
    metric="m",
    damage="blur",
    expected="grows",
    amounts=(1.0, 2.0),
    untouched=1.0,
    values=(2.0, 4.0),
    changes=(SAME, UP),
    steps=(SAME, UP),
)


@pytest.mark.parametrize(
    ("changes", "steps", "grows"),
    [
        ((SAME, UP), (SAME, UP), True),
        ((UP, UP), (UP, SAME), True),
        ((UP, SAME), (UP, SAME), False),  # the strongest damage is not told from none
        ((UP, UP), (UP, DOWN), False),  # and a step surely goes down
        ((UP, None), (UP, UP), False),
    ],
)
def test_growing(changes: tuple[Change, ...], steps: tuple[Change, ...], grows: bool) -> None:
    found = replace(GROWN, changes=changes, steps=steps)
    verdict: Verdict = "grows" if grows else "DOES NOT GROW"
    assert found.verdict(1.0) == verdict
    assert (verdict in WRONG) == (not grows)


@pytest.mark.parametrize(
    ("changes", "scale", "still"),
    [
        ((SAME, SAME), 1.0, True),
        ((UP, UP), 1.0, False),
        ((SAME, UP), 29.0, False),  # 3 of 29 is more than a tenth
        ((SAME, UP), 31.0, True),
        ((SAME, None), 1.0, False),
    ],
)
def test_holding_still(changes: tuple[Change, ...], scale: float, still: bool) -> None:
    found = replace(GROWN, expected="still", changes=changes)
    assert found.verdict(scale) == ("still" if still else "MOVES")


def test_the_table_names_damages_there_are_and_contradicts_nothing() -> None:
    for metric in METRICS:
        assert metric.grows | metric.still <= LEVELS.keys()
        assert not metric.grows & metric.still
        assert metric.grows
    assert len({metric.name for metric in METRICS}) == len(METRICS)
    for damage in LEVELS:
        assert any(damage in metric.grows for metric in METRICS), damage


def test_a_small_run_answers_for_every_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    few = {"blur": (0.5, 2.0), "jitter": (4.0,), "identity-swap": (8 / 128,)}
    monkeypatch.setattr(sensitivity, "LEVELS", few)
    found = list(
        examine_metrics(
            lambda what: Resources(store=None),
            videos=6,
            worlds=["toy-bodies"],
            metrics=[FID, ACD],
        )
    )
    assert len(found) == 2 + 2
    by_pair = {(r.metric, r.damage): (r, verdict) for r, verdict in found}
    blurred, verdict = by_pair[(FID.name, "blur")]
    assert verdict == "grows"
    assert blurred.untouched < blurred.values[0] < blurred.values[1]
    assert by_pair[(FID.name, "jitter")][1] == "still"
    assert by_pair[(ACD.name, "identity-swap")][1] == "grows"
    assert (FID.name, "identity-swap") not in by_pair


@pytest.mark.parametrize("videos", [3, 18, 129])  # 19 calibrate repeated motion
def test_too_few_or_too_many_videos_are_refused(videos: int) -> None:
    with pytest.raises(InputError, match=f"{videos} videos a side: .* need 19 to 128"):
        list(examine_metrics(lambda what: Resources(store=None), videos=videos))


def test_a_share_of_all_or_nothing_is_not_sure() -> None:
    names = [f"v{i}" for i in range(20)]
    none, every = (ShareReading(dict.fromkeys(names, flag)) for flag in (False, True))
    change = every.difference(none)
    assert change is not None
    assert 0.7 < change.low < 0.95
    assert change.high == 1
    same = none.difference(none)
    assert same is not None
    assert same.low < 0 < same.high


def test_jitter_displaces_frames_in_time_and_by_no_more_than_asked() -> None:
    source = open_world("toy-faces", "test", WorldShape(resolution=16, frames=24, count=2))
    whole = source.read(1, range(24))
    for amount in (1, 3):
        shown = damaged(source, f"jitter={amount}").read(1, range(24))
        moved = 0
        for frame in range(24):
            near = range(max(0, frame - amount), min(24, frame + amount + 1))
            assert any(torch.equal(shown[frame], whole[other]) for other in near)
            moved += not torch.equal(shown[frame], whole[frame])
        assert moved > 6
    again = damaged(source, "jitter=3").read(1, [5, 20])
    assert torch.equal(again, shown[[5, 20]])
