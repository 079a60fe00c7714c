"""Videos that a protocol leaves out are told: on the terminal, in records, in the Methods text."""

from collections.abc import Callable
from pathlib import Path

from conftest import Run, write_frames
from leo_bench.evaluation.records.distance import read_record
from leo_bench.reports.citing import paragraphs
from leo_bench.reports.own_tables.numbers import numbers_of

SAID = "3 of 8 real videos are shorter than 20 frames and left out (12 to 19 frames)"


def test_videos_too_short_are_told_wherever_the_number_is(
    leo_bench: Run, make_videos: Callable[..., Path], tmp_path: Path
) -> None:
    real = make_videos("real", count=5, frames=24)
    for number, frames in enumerate((12, 15, 19)):
        write_frames(real / f"short{number}", frames)
    fake = make_videos("fake", count=4, frames=20, seed=30)
    records = tmp_path / "records"
    done = leo_bench(
        "fvd",
        *("--real", real, "--fake", fake, "--frames", 20, "--protocol", "stylegan-v"),
        *("--extractor", "pixels", "--device", "cpu", "--no-cache", "--records", records),
    )
    assert done.code == 0, done.err
    assert f"note: {SAID}" in " ".join(done.err.split())
    (path,) = records.rglob("fvd.json")
    record = read_record(path)
    assert (record.real.videos, record.real.videos_used) == (8, 5)
    assert SAID in record.real.notes
    assert SAID in record.real.chosen
    assert record.fake.chosen == ("the fake videos hold 4 clips, of 2,048 that are asked for",)
    (text,) = paragraphs(numbers_of(records), "text")
    assert f" {SAID}. The real videos hold 5 clips, of 2,048 that are asked for. " in text


def test_what_older_records_do_not_say_is_read_as_not_said(
    leo_bench: Run, make_videos: Callable[..., Path], tmp_path: Path
) -> None:
    out = tmp_path / "r.json"
    videos = make_videos("real", count=4)
    how = ("--frames", 16, "--protocol", "stylegan-v", "--extractor", "pixels", "--device", "cpu")
    assert leo_bench("fvd", "--real", videos, "--fake", videos, *how, "--json", out).code == 0
    record = read_record(out)
    assert record.seed_rule.startswith("repeat 0: SEED; repeat R: BLAKE2b")
    content = record.model_dump(mode="json")
    del content["seed_rule"]
    for side in ("real", "fake"):
        del content[side]["chosen"]
    older = type(record).model_validate(content)
    assert older.seed_rule == "repeat R: SEED + R"
    assert older.real.chosen == ()
