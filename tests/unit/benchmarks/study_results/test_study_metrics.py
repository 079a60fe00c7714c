"""`leo-bench study metrics` over small videos: whole way, sign of influences, refusals."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_studies import answers_to
from typer.testing import CliRunner

from conftest import Run
from leo_bench.benchmarks.cli.main import app
from leo_bench.benchmarks.study_results.metric_values import reference_of
from leo_bench.benchmarks.study_results.metrics_report import asked_of_study
from leo_bench.benchmarks.user_study.study import Study, load_study
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.records.agreement import AgreementExtra
from leo_bench.evaluation.records.documents import read_documents

HOW = ("--protocol=stylegan-v,acd-toy", "--extractor=pixels", "--device=cpu", "--no-cache")
ODD = 3  # the one video of `ours` that is unlike the others


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Videos, a study of them, and answers of raters who like no odd video, else `ours` better."""
    folder = tmp_path_factory.mktemp("made")
    for seed, name in enumerate(("real", "ours", "theirs")):
        chance = np.random.default_rng(seed)
        clips = chance.integers(0, 100, (8, 1, 24, 24, 3)) + chance.integers(
            0, 10, (8, 9, 24, 24, 3)
        )
        if name == "ours":
            clips[ODD] += 140
        if name == "theirs":
            clips += 20
        np.save(folder / f"{name}.npy", clips.astype(np.uint8))
    sources = [f"{name}={folder / name}.npy" for name in ("ours", "theirs", "real")]
    create = ["study", "create", *sources, "--question=realism", f"--out={folder / 'study'}"]
    create += ["--raters=5", "--videos=8", "--checks=2", "--practice=1", "--size=24"]
    ended = CliRunner().invoke(app, create)
    assert ended.exit_code == 0, ended.output
    study = load_study(folder / "study")
    (folder / "answers").mkdir()
    for slot in range(study.raters):
        answers = answers_to(study, slot, chooses)
        (folder / "answers" / f"{slot}.json").write_text(answers.model_dump_json())
    return folder


def chooses(study: Study, _slot: int, item: str) -> Any:
    found = study.item[item]
    if found.right:
        return found.right
    a, b = (study.clip[name] for name in (found.a, found.b))
    rank = {"real": 0, "ours": 1, "theirs": 2}
    if is_odd(study, found.a) or is_odd(study, found.b):
        return "b" if is_odd(study, found.a) else "a"
    return "a" if rank[a.method] < rank[b.method] else "b"


def is_odd(study: Study, clip: str) -> bool:
    found = study.clip[clip]
    return found.method == "ours" and found.video.endswith(str(ODD))


@pytest.fixture(scope="module")
def measured(made: Path) -> tuple[AgreementExtra, str, str]:
    """What is measured, the table in the terminal, and the tables as Markdown."""
    options = ("--metrics=fvd9,acd9", *HOW, f"--json={made / 'm.json'}")
    ended = CliRunner().invoke(app, [*command(made), *options, f"--markdown={made / 'm.md'}"])
    assert ended.exit_code == 0, ended.output
    found = read_documents(made / "m.json")
    assert [record.metric for record in found.records] == ["fvd", "fvd", "acd", "acd", "acd"]
    assert isinstance(found.extra, AgreementExtra)
    return found.extra, ended.stdout, (made / "m.md").read_text()


def command(made: Path) -> list[str]:
    return ["study", "metrics", str(made / "study"), str(made / "answers")]


def test_a_video_unlike_the_real_ones_raises_its_methods_distance(
    measured: tuple[AgreementExtra, str, str],
) -> None:
    # `ours` is nearer to real than `theirs` but for the odd video, which raters like less.
    found = {(one.metric, one.of): one for one in measured[0].clips}
    pseudo = found["fvd", "pseudo-value"]
    assert (pseudo.items, pseudo.without) == (8, 16)  # real videos have no influence
    assert pseudo.agreement is not None
    assert pseudo.agreement.value == 1.0
    influence = found["fvd", "influence"]
    assert influence.correlation is not None
    assert found["acd", "value"].without == 0


def test_methods_and_raters_stand_side_by_side(
    measured: tuple[AgreementExtra, str, str],
) -> None:
    found = {(one.metric, one.first, one.second): one for one in measured[0].methods}
    assert found.keys() == {
        ("fvd", "ours", "theirs"),
        ("acd", "ours", "theirs"),
        ("acd", "ours", "real"),
        ("acd", "theirs", "real"),
    }
    assert found["acd", "theirs", "real"].raters.value == 0.0
    assert found["fvd", "ours", "theirs"].raters.value == 7 / 8


def test_tables_say_what_was_compared_and_who_answered(
    measured: tuple[AgreementExtra, str, str],
) -> None:
    _, shown, markdown = measured
    for title in ("By pair of methods", "By pair of clips"):
        assert title in shown
        assert f"**{title}**" in markdown
    assert "FVD9, influence" in shown
    assert "| FVD9, influence" in markdown
    assert "distances are to the videos of real" in markdown
    assert "5 raters" in markdown


@pytest.mark.parametrize(
    ("place", "change"),
    [
        (("methods", 0), {"metric_prefers": "theirs", "raters_prefer": "theirs"}),
        (("clips", 0, "agreement"), {"value": 0.01}),
        (("clips", 0), {"items": 1}),
        (("methods", 0, "difference"), {"value": 1e6, "interval": [1e6 - 1, 1e6 + 1]}),
        ((), {"set_apart": 99}),
        ((), {"set_apart": 1}),
        ((), {"kind": "single"}),
        (("methods", 0), {"metric": "acd"}),
        (("methods", 0, "raters"), {"even": 0.0}),
        (("clips", 0), {"metric": "kvd"}),
        (("clips", 0), {"all_raters": None}),
        (("clips", 0, "majority"), {"agree": 0}),
        (("clips", 0, "majority"), {"interval": None}),
    ],
)
def test_a_document_that_contradicts_itself_is_refused(
    made: Path,
    measured: tuple[AgreementExtra, str, str],
    tmp_path: Path,
    place: tuple[str | int, ...],
    change: dict[str, Any],
) -> None:
    content = json.loads((made / "m.json").read_text())
    inside = content["extra"]
    for key in place:
        inside = inside[key]
    inside.update(change)
    (tmp_path / "lie.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match="extra"):
        read_documents(tmp_path / "lie.json")


def test_videos_that_changed_since_the_study_was_made_are_refused(
    made: Path, leo_bench: Run
) -> None:
    path = made / "theirs.npy"
    before = path.read_bytes()
    clips = np.load(path)
    shown = sorted(
        clip.video for clip in load_study(made / "study").clip.values() if clip.method == "theirs"
    )
    for change, says in ((other_pixels, "has changed"), (without_last, "is gone")):
        np.save(path, change(clips.copy()))
        ended = leo_bench(*command(made), "--metrics", "acd9", *HOW)
        assert (ended.code, ended.err.count("\n")) == (2, 1), ended
        assert f"theirs.npy: video {shown[-1]} {says} since the study was made" in ended.err
    path.unlink()
    ended = leo_bench(*command(made), "--metrics", "acd9", *HOW)
    assert (ended.code, ended.err.count("\n")) == (2, 1), ended
    assert "theirs" in ended.err
    path.write_bytes(before)


def other_pixels(clips: Any) -> Any:
    clips[-1, 0, 0, 0] += 1
    return clips


def without_last(clips: Any) -> Any:
    return clips[:-1]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["precision"], "precision"),
        (["repetition", "repetition16"], "twice"),
        (["fvd16,nonsense"], "nonsense"),
        ([""], "names no metric"),
    ],
)
def test_what_cannot_be_compared_is_refused(made: Path, words: list[str], says: str) -> None:
    with pytest.raises(InputError, match=says):
        asked_of_study(words, load_study(made / "study"))


def test_repetition_has_the_frames_of_the_clips_unless_it_names_others(made: Path) -> None:
    study = load_study(made / "study")
    assert asked_of_study(["fvd9,repetition"], study)[1].frames == study.shape.frames
    assert asked_of_study(["repetition64"], study)[1].frames == 64
    assert asked_of_study(["fvd9"], study)[1] is None


def test_the_real_videos_are_those_given_or_the_studys(made: Path) -> None:
    study = load_study(made / "study")
    found = reference_of(study, None, None)
    assert (found.method, found.options) == ("real", {"real": f"{made / 'real.npy'}"})
    assert reference_of(study, "toy-faces/test", None).spec == "dataset:toy-faces/test"
    assert reference_of(study, None, "other/").method == ""
    assert reference_of(study, None, f"{made / 'real.npy'}") == found
    with pytest.raises(InputError, match="either"):
        reference_of(study, "toy-faces", "other/")
    without = study.model_copy(
        update={"method": {"ours": study.method["ours"], "theirs": study.method["theirs"]}}
    )
    with pytest.raises(InputError, match="--real SOURCE or --dataset ID"):
        reference_of(without, None, None)
