"""What `study create` is asked for: options before videos, places, and broken videos."""

from pathlib import Path

import pytest

from conftest import Run, write_frames
from leo_bench.benchmarks.user_study.study import load_study

GONE = ("ours=no/such/folder", "real=nor/this")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (("--against", "foo"), "--against foo: no method of the study; known are ours, real"),
        (("--frames", 0), "--frames 0: a clip needs 8 frames or more"),
        (("--fps", 0), "give --fps 0.1 to 1000"),
        (("--videos", 0), "--videos"),
        (("--videos", 7, "--per-rater", 8), "--per-rater 8: the study has 7 rated items"),
        (("third=x", "--videos", 7, "--per-rater", 22), "--per-rater 22: the study has 21 rated"),
        (
            ("third=x", "--against", "real", "--videos", 7, "--per-rater", 15),
            "--per-rater 15: the study has 14 rated",
        ),
        (("--most-failed", 4), "--most-failed 4: of 4 checks no rater can fail more"),
        (("--language", "fr"), "no language 'fr'; known are de, en"),
    ],
)
def test_options_that_need_no_file_are_checked_before_files_are_opened(
    leo_bench: Run, tmp_path: Path, line: tuple[object, ...], why: str
) -> None:
    question = ("--question", "coherence", "--out", tmp_path / "s")
    ended = leo_bench("study", "create", *GONE, *line, *question)
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert why in ended.err
    assert list(tmp_path.iterdir()) == []


def test_items_of_single_clips_are_counted_by_method(leo_bench: Run, tmp_path: Path) -> None:
    line = ("--question", "repetition", "--videos", 3, "--per-rater", 7, "--out", tmp_path / "s")
    assert "the study has 6 rated items" in leo_bench("study", "create", *GONE, *line).err
    none = leo_bench("study", "create", "--question", "repetition", "--out", tmp_path / "s")
    assert none.err == "leo-bench: give a method or more, as ours=SOURCE real=SOURCE\n"


def methods(folder: Path) -> tuple[str, str]:
    for name in ("ours", "real"):
        for video in range(7):
            write_frames(folder / name / f"v{video}", 8, seed=video)
    return f"ours={folder / 'ours'}", f"real={folder / 'real'}"


def test_a_study_is_not_written_into_a_source_nor_around_one(
    leo_bench: Run, tmp_path: Path
) -> None:
    given = methods(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path / "ours")
    before = sorted(tmp_path.rglob("*"))
    pattern = (f"ours={tmp_path}/ours/v[0-5]", given[1])
    damaged = (f"ours=damaged:blur=1:{tmp_path / 'ours'}", given[1])
    for line, out, why in (
        (given, "ours/study", f"lies in the source {tmp_path / 'ours'};"),
        (given, "link/new/study", f"lies in the source {tmp_path / 'ours'};"),
        (damaged, "ours/study", f"lies in the source damaged:blur=1:{tmp_path / 'ours'};"),
        (pattern, "ours/study", f"lies in the source {tmp_path}/ours/v[0-5];"),
        (given, "", f"the source {tmp_path / 'ours'} lies in it;"),
    ):
        place = tmp_path / out
        ended = leo_bench("study", "create", *line, "--question", "realism", "--out", place)
        assert (ended.code, ended.err.count("\n")) == (2, 1)
        assert f"leo-bench: --out {place}: {why} give another folder" in ended.err
    assert sorted(tmp_path.rglob("*")) == before


def test_a_broken_video_that_is_left_out_is_a_note(leo_bench: Run, tmp_path: Path) -> None:
    given = methods(tmp_path)
    broken = tmp_path / "ours" / "v3" / "000002.png"
    broken.write_bytes(broken.read_bytes()[:40])
    line = ("--question", "realism", "--videos", 2, "--raters", 2, "--checks", 2, "--practice", 1)
    out = ("--out", tmp_path / "study")
    assert leo_bench("study", "create", *given, *line, *out).code == 2
    ended = leo_bench("study", "create", *given, *line, "--on-error", "skip", *out)
    assert ended.code == 0, ended.err
    notes = [note for note in load_study(tmp_path / "study").notes if "left out" in note]
    assert len(notes) == 1
    assert notes[0].startswith("ours: v3 is left out: ")
    assert f"note: {notes[0]}\n" in ended.err
