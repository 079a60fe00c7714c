"""`leo-bench plan`: what it needs, what it says, and what it refuses in one line."""

import json
from pathlib import Path
from statistics import fmean

import numpy as np
import pytest
from made_records import DIMENSION, features, fvd_of, keep_fvd, record
from made_scores import SCORE

from conftest import Run, write_frames
from leo_bench.evaluation.records.distance import write_record
from leo_bench.evaluation.records.documents import read_documents
from leo_bench.evaluation.records.influences import influences_path
from leo_bench.evaluation.records.planned import PlanExtra, PlannedNumber
from leo_bench.evaluation.records.score import ScoreRecord, keep_score
from leo_bench.evaluation.records.shown_digits import number_text
from leo_bench.evaluation.uncertainty.mean_intervals import mean_interval
from leo_bench.evaluation.uncertainty.paired_shares import wilson_interval


def planned(leo_bench: Run, *arguments: object, code: int = 0) -> PlannedNumber:
    """The plan of one number, as --json writes it."""
    ended = leo_bench("plan", *arguments, "--json", "-")
    assert ended.code == code, ended
    extra = json.loads(ended.out)["extra"]
    (number,) = PlanExtra.model_validate(extra).numbers
    return number


def refused(leo_bench: Run, *arguments: object) -> str:
    ended = leo_bench("plan", *arguments)
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1), ended
    return ended.err


@pytest.fixture
def fvd(tmp_path: Path) -> Path:
    real, fake = features(0, 40, name="r"), features(1, 40, shift=0.4, name="f")
    return keep_fvd(tmp_path / "records", real, fake)


def keep_npz(path: Path, seed: int, count: int, shift: float = 0.0) -> Path:
    made = features(seed, count, shift)
    np.savez(path, features=made.values.numpy(), videos=np.array(made.videos))
    return path


def test_a_width_is_planned_from_a_record(leo_bench: Run, fvd: Path) -> None:
    found = planned(leo_bench, fvd, "--width", "10%")
    known = json.loads(fvd.read_text())
    assert found.now.width == pytest.approx(known["interval"][1] - known["interval"][0], rel=1e-6)
    assert found.target == pytest.approx(known["value_float64"] / 10)
    assert found.needed is not None
    assert found.needed.real == found.needed.fake
    assert found.needed.width <= found.target
    assert found.between is not None
    assert found.between[0] < (found.needed.fake or 0)
    widths = [row.width for row in found.rows]
    assert widths == sorted(widths, reverse=True)
    # The record has no extrapolation, as one against statistics of the real side.
    assert any("its bias by few videos is not known" in note for note in found.notes)
    ended = leo_bench("plan", fvd, "--width", "10%")
    assert f"needed: {found.needed.fake:,} videos a side" in ended.out
    assert "assumed:" in ended.out


def test_a_document_is_written_read_and_not_verified(
    leo_bench: Run, fvd: Path, tmp_path: Path
) -> None:
    assert leo_bench("plan", fvd, "--width", 1, "--json", tmp_path / "plan.json").code == 0
    assert read_documents(tmp_path / "plan.json").kind == "plan"
    ended = leo_bench("verify", tmp_path / "plan.json")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "no measurement" in ended.err


def test_real_videos_of_a_fixed_number(leo_bench: Run, fvd: Path) -> None:
    found = planned(leo_bench, fvd, "--width", 1.5, "--real-videos", 400)
    assert found.needed is not None
    assert found.needed.real == 400
    assert found.best < 1.5
    never = planned(leo_bench, fvd, "--width", 0.01, "--real-videos", 400, code=1)
    assert never.needed is None
    assert never.best > 0.01
    ended = leo_bench("plan", fvd, "--width", 0.01, "--real-videos", 400)
    assert "the 400 real videos alone leave" in ended.out


def test_a_difference_is_planned_from_one_record_or_two(
    leo_bench: Run, fvd: Path, tmp_path: Path
) -> None:
    real, other = features(0, 40, name="r"), features(2, 40, shift=0.5, name="g")
    second = keep_fvd(tmp_path / "other", real, other)
    alike = planned(leo_bench, fvd, "--difference", 0.5)
    assert any("larger by the difference" in line for line in alike.assumes)
    two = planned(leo_bench, fvd, second, "--difference", 0.5, "--power", 0.9)
    assert alike.needed is not None
    assert two.needed is not None
    assert two.needed.power is not None
    assert two.needed.power >= 0.9
    # Samples of the same names are the same draws: here they cancel wholly.
    same = planned(leo_bench, fvd, fvd, "--difference", 0.5)
    assert same.needed is not None
    assert same.needed.fake == 4


def test_features_give_what_the_record_gives(leo_bench: Run, tmp_path: Path) -> None:
    real, fake = keep_npz(tmp_path / "r.npz", 0, 30), keep_npz(tmp_path / "f.npz", 1, 30, 0.4)
    of_record = keep_fvd(tmp_path / "records", features(0, 30), features(1, 30, 0.4))
    sides = ("--real", real, "--fake", fake, "--metric", "fvd", "--protocol", "stylegan-v")
    mine = planned(leo_bench, *sides, "--width", 2)
    theirs = planned(leo_bench, of_record, "--width", 2)
    assert mine.infinity is not None
    assert mine.infinity < min(row.value for row in mine.rows)
    infinity = number_text(mine.infinity, (0, mine.now.width))
    assert f"FVD∞ = {infinity}\n" in leo_bench("plan", *sides, "--width", 2).out
    assert mine.needed is not None
    assert theirs.needed is not None
    assert mine.needed.fake == theirs.needed.fake
    other = keep_npz(tmp_path / "o.npz", 2, 30, 0.5)
    both = planned(leo_bench, *sides, "--fake", other, "--difference", 1)
    assert both.now.value == pytest.approx(
        planned(leo_bench, *sides, "--width", 2).now.value
        - planned(leo_bench, *sides[:2], "--fake", other, *sides[4:], "--width", 2).now.value
    )
    kvd = planned(leo_bench, *sides[:-3], "kvd", "--protocol", "digan", "--width", 1)
    assert any("exactly 2,048 clips" in note for note in kvd.notes)


def keep_acd(path: Path, values: dict[str, float], **changes: object) -> Path:
    """The record of a mean of these values, and their influences beside it."""
    count, mean, interval = len(values), fmean(values.values()), mean_interval(values)
    sides = {"videos": count, "videos_used": count, "clips": count, "skipped": ()}
    content = SCORE.model_dump() | {
        "value": mean,
        "interval": None if interval is None else (interval.low, interval.high),
        "standard_error": None if interval is None else interval.standard_error,
        "interval_level": None if interval is None else 0.95,
        "interval_method": None if interval is None else "influence",
        "source": SCORE.source.model_dump() | sides,
        "videos_used": count,
        "without_value": (),
        "frames_seen": 16 * count,
        "frames_without": 0,
        "diagnostics": {},
    }
    keep_score(ScoreRecord.model_validate(content | changes), values, path)
    return path


def test_scores_of_one_side(leo_bench: Run, tmp_path: Path) -> None:
    values = {f"v{i}": (37 * i % 41) / 41 for i in range(20)}
    path = keep_acd(tmp_path / "acd.json", values)
    found = planned(leo_bench, path, "--width", 0.1)
    assert found.needed is not None
    assert found.needed.fake is None
    error = found.now.standard_error * (20 / (found.needed.real or 1)) ** 0.5
    assert found.needed.standard_error == pytest.approx(error)
    influences_path(path).unlink()  # the standard error alone says the same, without tails
    alone = planned(leo_bench, path, "--width", 0.1)
    assert alone.needed is not None
    assert alone.needed.real == pytest.approx(found.needed.real, rel=0.05)
    assert "has one side" in refused(leo_bench, path, "--width", 1, "--real-videos", 9)
    few = keep_acd(tmp_path / "few.json", {"a": 0.1, "b": 0.2, "c": 0.3})
    assert "no interval" in refused(leo_bench, few, "--width", 1)


def test_a_share_of_videos_has_wilsons_width(leo_bench: Run, tmp_path: Path) -> None:
    values = {f"v{i}": float(i < 5) for i in range(20)}
    wilson = {"metric": "repetition", "interval": wilson_interval(5, 20), "curves": {}}
    wilson |= {"interval_method": "wilson", "standard_error": None}
    found = planned(leo_bench, keep_acd(tmp_path / "a.json", values, **wilson), "--width", 0.2)
    low, high = wilson_interval(5, 20)
    assert found.now.width == pytest.approx(high - low)
    assert found.needed is not None
    assert found.needed.width <= 0.2
    other = keep_acd(tmp_path / "b.json", values, **wilson)
    assert planned(leo_bench, other, "--difference", 0.2).needed is not None


def test_a_folder_of_records_is_a_table(leo_bench: Run, fvd: Path, tmp_path: Path) -> None:
    folder = tmp_path / "records"
    real, fake = features(3, 40), features(4, 40)
    numbers = fvd_of(real, fake)
    write_record(record(numbers, real.values, fake.values), folder / "made-16f" / "b" / "fvd.json")
    ended = leo_bench("plan", folder, "--width", "20%")
    assert ended.code == 0, ended
    assert "made-16f/model/fvd" in ended.out
    assert "not planned: made-16f/b/fvd" in ended.err
    assert ".videos.csv" in ended.err
    keep_acd(folder / "made-16f" / "c" / "acd.json", {f"v{i}": 0.0 for i in range(20)})
    ended = leo_bench("plan", folder, "--width", "20%")
    assert ended.code == 0, ended
    assert "made-16f/model/fvd" in ended.out
    assert "made-16f/c/acd has no scale" in ended.err
    assert "a number above 0" in refused(leo_bench, folder, "--width", "-1%")


def test_the_protocols_counts_are_named(leo_bench: Run, fvd: Path) -> None:
    found = planned(leo_bench, fvd, "--width", "1%")
    assert found.needed is not None
    assert (found.needed.fake or 0) > 2048
    (note,) = (
        note for note in found.notes if "at most 2,048 clips of the real and the fake side" in note
    )
    assert "(width " in note
    assert any("more than 10 times" in note for note in found.notes)


def test_what_is_wrong_is_said_in_one_line(leo_bench: Run, fvd: Path, tmp_path: Path) -> None:
    assert "give records, or features" in refused(leo_bench, "--width", 1)
    assert "--width or --difference" in refused(leo_bench, fvd)
    assert "--width or --difference" in refused(leo_bench, fvd, "--width", 1, "--difference", 1)
    assert "a number above 0" in refused(leo_bench, fvd, "--width", "wide")
    assert "a number above 0" in refused(leo_bench, fvd, "--width=-3%")
    assert "--power 1.5" in refused(leo_bench, fvd, "--difference", 1, "--power", 1.5)
    assert "level is 2" in refused(leo_bench, fvd, "--width", 1, "--level", 2)
    assert "--real-videos 2" in refused(leo_bench, fvd, "--width", 1, "--real-videos", 2)
    assert "records have theirs" in refused(leo_bench, fvd, "--width", 1, "--metric", "fvd")
    assert "no such file" in refused(leo_bench, tmp_path / "none.json", "--width", 1)
    other = keep_fvd(tmp_path / "o", features(0, 40), features(1, 40), frames=128)
    assert "not comparable: frames" in refused(leo_bench, fvd, other, "--difference", 1)
    sides = ("--real", fvd, "--fake", fvd, "--metric", "fvd", "--protocol", "stylegan-v")
    assert "not a file of features" in refused(leo_bench, *sides, "--width", 1)
    assert "features need all of" in refused(leo_bench, *sides[:4], "--width", 1)
    influences_path(fvd).write_text("side,video,influence,in_halves\nreal,r0,1,1\n")
    assert "is not of its record" in refused(leo_bench, fvd, "--width", 1)


def test_files_of_features_that_are_none(leo_bench: Run, tmp_path: Path) -> None:
    good = keep_npz(tmp_path / "good.npz", 0, 20)
    rest = ("--metric", "fvd", "--protocol", "stylegan-v", "--width", 1)
    names = np.array([f"v{i}" for i in range(20)])
    cases = {
        "flat": {"features": np.zeros(20), "videos": names},
        "whole": {"features": np.zeros((20, DIMENSION), dtype=int), "videos": names},
        "other": {"values": np.zeros((20, DIMENSION))},
        "short": {"features": np.zeros((20, DIMENSION)), "videos": names[:3]},
    }
    for name, arrays in cases.items():
        path = tmp_path / f"{name}.npz"
        np.savez(path, **arrays)  # type: ignore[arg-type]
        assert name in refused(leo_bench, "--real", good, "--fake", path, *rest)
    few = keep_npz(tmp_path / "few.npz", 0, 3)
    assert "3 videos on the smaller side" in refused(
        leo_bench, "--real", good, "--fake", few, *rest
    )


def test_features_that_were_made_otherwise_are_refused(leo_bench: Run, tmp_path: Path) -> None:
    paths = []
    for seed, frames in enumerate((16, 16, 9)):
        for video in range(5):
            write_frames(tmp_path / f"side{seed}" / f"v{video}", 18, seed=10 * seed + video)
        paths.append(tmp_path / f"{seed}.npz")
        made = leo_bench(
            "features", tmp_path / f"side{seed}", "--frames", frames, "--protocol", "stylegan-v",
            "--extractor", "pixels", "--out", paths[-1],
        )  # fmt: skip
        assert made.code == 0, made
    rest = ("--metric", "fvd", "--protocol", "stylegan-v", "--width", "30%")
    found = planned(leo_bench, "--real", paths[0], "--fake", paths[1], *rest)
    assert found.label == "FVD16"
    said = refused(leo_bench, "--real", paths[0], "--fake", paths[2], *rest)
    assert "frames is 9, and 16 in" in said
    other = (*rest[:3], "digan", *rest[4:])
    said = refused(leo_bench, "--real", paths[0], "--fake", paths[1], *other)
    assert "protocol stylegan-v, not digan" in said
