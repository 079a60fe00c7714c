"""`study create` and `study plan`: the same seed makes the same study, and nothing is replaced."""

import re
import shutil
from collections import Counter
from pathlib import Path

import pytest
from made_studies import made_study

from conftest import Run, write_frames
from leo_bench.benchmarks.user_study import create as creating
from leo_bench.benchmarks.user_study.create import create_study, draft_of
from leo_bench.benchmarks.user_study.page_data import page_data
from leo_bench.benchmarks.user_study.study import Study, clip_path, load_study
from leo_bench.benchmarks.user_study.study_request import StudyRequest
from leo_bench.evaluation.features.of_clips import Resources

REAL, STILL = "real=toy-faces/test", "still=damaged:frozen:toy-faces/test"
SMALL = ("--videos", 2, "--raters", 3, "--frames", 8, "--checks", 2, "--practice", 1)


def tree(folder: Path) -> dict[str, bytes]:
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def create(leo_bench: Run, out: Path, *more: object, question: str = "realism") -> Study:
    given = ("--pairs", STILL, REAL, "--question", question, *SMALL, *more)
    ended = leo_bench("study", "create", *given, "--out", out)
    assert ended.code == 0, ended.err
    return load_study(out)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study that `create` makes without further options."""
    folder = tmp_path_factory.mktemp("study")
    request = StudyRequest(
        pairs=(STILL, REAL), question="realism", videos=2, raters=3, frames=8, checks=2, practice=1
    )
    create_study(request, folder, Resources(store=None))
    return folder


@pytest.fixture
def made(whole: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(whole, tmp_path / "made"))


def test_the_same_seed_makes_the_same_study(leo_bench: Run, whole: Path, tmp_path: Path) -> None:
    study = create(leo_bench, tmp_path / "s", "--workers", 1)
    assert tree(tmp_path / "s") == tree(whole) | {".leo-bench": b"leo-bench study create\n"}
    assert study.request == {
        "pairs": [STILL, REAL], "question": "realism", "raters": 3, "videos": 2, "frames": 8,
        "checks": 2, "practice": 1,
    }  # fmt: skip


def test_another_seed_makes_another_study(whole: Path) -> None:
    study = load_study(whole)
    request = StudyRequest(**study.request)
    again, other = (
        draft_of(request.model_copy(update={"seed": seed}), Resources(store=None))
        for seed in (0, 1)
    )
    assert again.clips.keys() == study.clip.keys()
    assert not again.clips.keys() & other.clips.keys()
    assert not study.item.keys() & other.fields["item"].keys()
    assert {one.video for one in again.clips.values()} != {
        one.video for one in other.clips.values()
    }


def test_a_study_of_pairs_says_everything_and_its_pages_nothing(whole: Path) -> None:
    study = load_study(whole)
    assert (study.kind, study.text) == ("pairs", "Which clip is more realistic?")
    assert study.dataset == "toy-faces"
    assert {name: one.is_real for name, one in study.method.items()} == {
        "still": False,
        "real": True,
    }
    assert Counter(one.role for one in study.item.values()) == {
        "rated": 2,
        "check": 2,
        "practice": 1,
    }
    for name, one in study.item.items():
        if one.role == "rated":
            assert study.methods_of(name) == ("still", "real")
            assert study.clip[one.a].video == study.clip[one.b].video
        else:
            assert one.right == "a"
            assert study.clip[one.b].source.startswith("damaged:")
    assert "still and real: videos of equal names" in study.notes
    shape = study.shape
    assert (shape.height, shape.width, shape.frames, shape.fps) == (256, 256, 8, 25.0)
    shown = page_data(study, range(3), "site").to_json()
    for word in ("still", "real", "toy", "frozen", "noise", "damaged", "check", "rated"):
        assert not re.search(
            rf'"[^"]*{word}[^"]*"',
            shown.replace(study.text, "").split('"words"')[0].replace('"question":"realism"', ""),
        )
    assert all(re.fullmatch(r"[0-9a-f]{16}", name) for name in study.clip)
    assert all(re.fullmatch(r"[0-9a-f]{12}", name) for name in study.item)


def test_a_study_of_single_clips(leo_bench: Run, tmp_path: Path) -> None:
    study = create(leo_bench, tmp_path / "s", "--per-rater", 2, question="repetition")
    assert (study.kind, study.text) == ("single", "Does the clip contain repeated motion?")
    rights = Counter(one.right for one in study.item.values() if one.role == "check")
    assert rights == {"yes": 1, "no": 1}
    for slot in range(3):
        shown = [one.item for one in study.shown(slot) if study.item[one.item].role == "rated"]
        assert sorted(study.methods_of(name)[0] for name in shown) == ["real", "still"]


def test_a_question_of_ones_own(leo_bench: Run, tmp_path: Path) -> None:
    study = create(
        leo_bench,
        tmp_path / "s",
        *(
            "--check-right",
            "part:1/2:toy-faces/test",
            "--check-wrong",
            "damaged:noise=90:toy-faces/test",
        ),
        question="Which face is more friendly?",
    )
    assert (study.question, study.text) == ("own", "Which face is more friendly?")
    for one in study.item.values():
        if one.role != "rated":
            sources = [study.clip[name].source for name in (one.a, one.b)]
            assert sources == ["part:1/2:toy-faces/test", "damaged:noise=90:toy-faces/test"]


LINE = ("study", "create", "--pairs", STILL, REAL, "--question", "realism", *SMALL)


def test_what_is_there_is_kept_completed_and_never_replaced(leo_bench: Run, made: Path) -> None:
    study = load_study(made)
    again = leo_bench(*LINE, "--out", made)
    before = tree(made)
    assert again.code == 0
    assert "this study is there already" in again.err
    other = leo_bench(*LINE, "--seed", 1, "--out", made)
    assert (other.code, tree(made)) == (2, before)
    assert f"{made}: is another study ({study.id}) than these options" in other.err

    one, two, *_ = study.clip
    clip_path(made, one).unlink()
    left = made / "clips" / ".writing-ab12" / "x.mp4"  # by a process that was killed
    left.parent.mkdir()
    left.write_bytes(b"half")
    assert leo_bench(*LINE, "--out", made).code == 0
    assert tree(made) == before
    assert not left.parent.exists()
    clip_path(made, two).write_bytes(b"changed")
    changed = leo_bench(*LINE, "--out", made)
    assert changed.code == 2
    assert f"{two}.mp4: is not the clip that study.toml states" in changed.err


def test_other_versions_continue_the_same_study(
    leo_bench: Run, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = load_study(made)
    monkeypatch.setattr(creating, "versions", lambda: {"platform": "another kernel"})
    again = leo_bench(*LINE, "--out", made)
    assert (again.code, load_study(made)) == (0, study), again.err


def test_an_interrupted_study_goes_on_and_does_not_look_whole(
    leo_bench: Run, whole: Path, made: Path
) -> None:
    (made / "study.toml").unlink()
    clip_path(made, next(iter(load_study(whole).clip))).unlink()
    assert leo_bench("study", "plan", made).code == 2
    (made / ".leo-bench").write_text("leo-bench study create\n")
    other = leo_bench(*LINE, "--seed", 1, "--out", made)
    assert "has clips of another study, which was not finished" in other.err
    assert leo_bench(*LINE, "--out", made).code == 0
    for name, content in tree(whole).items():
        assert (made / name).read_bytes() == content


def test_study_toml_is_written_last(
    leo_bench: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stops(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("leo_bench.benchmarks.user_study.create.write_clips", stops)
    assert leo_bench(*LINE, "--out", tmp_path / "s").code != 0
    assert not (tmp_path / "s" / "study.toml").exists()


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ((REAL,), "leo-bench: give two methods or more, as ours=SOURCE real=SOURCE"),
        ((REAL, "toy-faces/test"), "leo-bench: toy-faces/test: NAME=SOURCE is expected"),
        ((REAL, "a.b=x"), "a.b=x: NAME=SOURCE is expected, the name of letters"),
        ((REAL, "Real=toy-faces/train"), "Real=toy-faces/train: Real is there twice"),
        ((REAL, "a=toy-faces/test"), "a=toy-faces/test: toy-faces/test is there twice"),
        ((REAL, "a=nowhere"), "leo-bench: a: "),
        ((REAL, STILL, "--question", "realsim"), "did you mean realism? give realism, coherence"),
        ((REAL, STILL, "--question", "Which is nicer?"), "needs --check-right and --check-wrong"),
        ((REAL, STILL, "--question", "Which one? " * 20), "--question: 220 characters"),
        ((REAL, STILL, "--check-right", "x"), "are for a question of your own"),
        ((REAL, STILL, "--against", "b"), "--against b: no method of the study; known are real"),
        (("a=toy-faces/test", "--question", "repetition", "--against", "a"), "leave it out"),
        ((REAL, STILL, "--videos", 300), "256 of 256 videos have 8 frames, and 300 are wanted"),
        ((REAL, STILL, "--frames", 4), "--frames 4: a clip needs 8 frames or more"),
        ((REAL, STILL, "--size", 33), "--size 33: clips have an even side"),
        ((REAL, STILL, "--fps", 0), "give --fps"),
        ((REAL, STILL, "--per-rater", 5), "--per-rater 5: the study has 2 rated items"),
        ((REAL, STILL, "--most-failed", 2), "--most-failed 2: of 2 checks no rater can fail more"),
        ((REAL, STILL, "--practice", 0), "--practice"),
        ((REAL, STILL, "--dataset", "xx"), "xx"),
        ((REAL, STILL, "--language", "xx"), "no language 'xx'"),
        ((REAL, STILL, "--raters", 10_000, "--videos", 20), "10,000 raters x 23 items"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_study_is_refused_in_one_line(
    leo_bench: Run, tmp_path: Path, line: tuple[object, ...], why: str
) -> None:
    question = () if "--question" in line else ("--question", "realism")
    given = list(SMALL)
    for option in ("--videos", "--frames", "--raters", "--checks", "--practice"):
        if option in line:
            at = given.index(option)
            del given[at : at + 2]
    out = tmp_path / "s"
    ended = leo_bench("study", "create", *line, *question, *given, "--out", out)
    assert ended.code == 2
    assert why in ended.err
    assert ended.err.count("\n") == 1
    assert not out.exists()


def test_videos_of_a_folder_that_are_too_short_are_refused(leo_bench: Run, tmp_path: Path) -> None:
    for side, frames in (("a", 4), ("b", 12)):
        for video in range(3):
            write_frames(tmp_path / side / f"v{video}", frames)
    given = (f"a={tmp_path / 'a'}", f"b={tmp_path / 'b'}", "--question", "coherence")
    ended = leo_bench("study", "create", *given, "--out", tmp_path / "s")
    assert "a: v0 has 4 frames to show, and a clip needs 8 or more: give --frames" in ended.err


def test_the_plan_says_what_raters_do_and_what_is_found(leo_bench: Run, tmp_path: Path) -> None:
    made_study(tmp_path, videos=4, raters=20, checks=4, with_clips=False)
    lines = leo_bench("study", "plan", tmp_path).out.splitlines()
    assert lines[0] == (
        "20 raters, each 1 practice item, 12 rated items and 4 checks: about 1 minute, if an item "
        "takes the 0.6 s of its clip and 4 s more"
    )
    found = re.fullmatch(
        r"20 raters x 4 pairs of each two methods find (\d\d) % against 50 % in 80 % of studies",
        lines[1],
    )
    assert found is not None
    assert lines[3] == (
        "a rater who fails more than 1 of 4 checks is set apart: 69 % of those who answer at random"
    )
    assert len(lines) == 4
    alike = leo_bench("study", "plan", tmp_path, "--spread-raters", 0, "--spread-items", 0).out
    assert re.findall(r"find (\d\d) %", alike)[0] < found[1]
    refused = leo_bench("study", "plan", tmp_path, "--power", 1)
    assert (refused.code, refused.err.count("\n")) == (2, 1)


def test_the_plan_says_that_a_clip_is_missing_or_changed(leo_bench: Run, made: Path) -> None:
    whole = leo_bench("study", "plan", made)
    assert (whole.code, whole.err) == (0, "")
    one, two, *_ = sorted(load_study(made).clip)
    clip_path(made, two).write_bytes(b"changed")
    changed = leo_bench("study", "plan", made)
    assert (changed.code, changed.out) == (0, whole.out)
    assert changed.err.startswith(f"note: {clip_path(made, two)}: was changed after")
    clip_path(made, one).unlink()
    missing = leo_bench("study", "plan", made).err
    assert missing.startswith(f"note: {clip_path(made, one)}: cannot be read")
    assert missing.count("\n") == 1


def test_the_plan_warns_where_checks_catch_nobody(leo_bench: Run, tmp_path: Path) -> None:
    for checks, said in (
        (0, "there are no checks"),
        (1, "fails more than 1 of 1 check is set apart: 0 %"),
        (2, "always gives the same answer may fail only 1 of them, and is then not set apart"),
    ):
        made_study(tmp_path / str(checks), checks=checks, with_clips=False)
        assert said in leo_bench("study", "plan", tmp_path / str(checks)).out


def test_the_plan_of_single_clips_is_of_a_difference(leo_bench: Run, tmp_path: Path) -> None:
    for methods, says in (
        (("ours", "theirs"), r"find a difference of (\d\d) points between two methods"),
        (("ours",), r"find (\d\d) % against 50 %"),
    ):
        folder = tmp_path / str(len(methods))
        made_study(folder, kind="single", methods=methods, videos=9, raters=9, with_clips=False)
        assert re.search(
            rf"9 raters x 9 clips of a method {says}", leo_bench("study", "plan", folder).out
        )
    made_study(tmp_path / "few", videos=1, raters=1, with_clips=False)
    assert (
        "1 rater x 1 pair of each two methods are too few"
        in leo_bench("study", "plan", tmp_path / "few").out
    )
