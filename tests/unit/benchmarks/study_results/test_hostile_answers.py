"""Answer files from strangers: each is refused in one line that names the file."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_studies import answers_to, made_study

from leo_bench.benchmarks.study_results.collecting import collect
from leo_bench.benchmarks.user_study.answers import Answers, read_answers
from leo_bench.benchmarks.user_study.study import Study, write_study
from leo_bench.evaluation.errors import InputError

Content = dict[str, Any]


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return made_study(tmp_path / "study", with_clips=False)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, Answers, Path]:
    """A study, answers to it, and a path for a file."""
    folder = tmp_path_factory.mktemp("whole")
    study = made_study(folder, with_clips=False)
    return study, answers_to(study, 0), folder / "a.json"


def vote_with(**fields: object) -> Callable[[Content], Content]:
    """Change the first vote."""
    return lambda made: {**made, "votes": [{**made["votes"][0], **fields}, *made["votes"][1:]]}


def with_fields(**fields: object) -> Callable[[Content], Content]:
    return lambda made: {**made, **fields}


def without(name: str) -> Callable[[Content], Content]:
    return lambda made: {key: value for key, value in made.items() if key != name}


ALTERED: dict[str, tuple[Callable[[Content], Content], str]] = {
    "another study": (with_fields(study="0" * 16), "answers to study"),
    "another form": (with_fields(format=2), "format is 2"),
    "a slot that is not there": (with_fields(slot=4), "the study has 0 to 3"),
    "a negative slot": (with_fields(slot=-1), "slot is -1"),
    "a slot of many digits": (with_fields(slot=10**20), "the study has 0 to 3"),
    "no token": (with_fields(rater="me"), "rater is 'me'"),
    "script in the token": (with_fields(rater="<script>alert(1)</script>"), "rater is"),
    "script in the study": (with_fields(study="<script>\n\x1b[2J"), "answers to study"),
    "a path as a token": (with_fields(rater="../../../etc/passwd"), "rater is"),
    "another way": (with_fields(way="by hand"), "way is"),
    "text for a number": (with_fields(slot="0"), "slot is '0'"),
    "text for yes or no": (with_fields(finished="yes"), "finished is 'yes'"),
    "a name of the rater": (with_fields(name="Ada"), "unknown key 'name'"),
    "no votes": (without("votes"), "key 'votes' is missing"),
    "votes of another form": (with_fields(votes={}), "votes"),
    "a vote of another form": (with_fields(votes=[[]]), "votes"),
    "an unknown item": (vote_with(item="ffff"), "item ffff is not in slot 0"),
    "an item of another form": (vote_with(item="../x"), "item is '../x'"),
    "an unknown choice": (vote_with(choice="both"), "choice is 'both'"),
    "another kind's choice": (vote_with(choice="yes"), "left or right fits"),
    "a negative time": (vote_with(ms=-1), "ms is -1"),
    "a time of years": (vote_with(ms=10**12), "ms is 1000000000000"),
    "half a millisecond": (vote_with(ms=1.5), "ms is 1.5"),
    "truth as a number": (vote_with(ms=True), "ms is True"),
    "many replays": (vote_with(replays=10**6), "replays is 1000000"),
    "an item twice": (
        lambda made: {**made, "votes": [*made["votes"], made["votes"][3]]},
        "is there 2 times",
    ),
    "finished with items missing": (
        lambda made: {**made, "votes": made["votes"][:2]},
        "items have no answer",
    ),
    "a nested vote": (vote_with(ms={"of": 3}), "ms: Input should be a valid integer"),
}


def refused(folder: Path, file: Path) -> str:
    with pytest.raises(InputError) as error:
        collect(folder, [file])
    said = str(error.value)
    assert said.startswith(str(file))
    assert "\n" not in said
    return said


@pytest.mark.parametrize("what", ALTERED)
def test_altered_answers(tmp_path: Path, study: Study, what: str) -> None:
    alter, message = ALTERED[what]
    file = tmp_path / "a.json"
    made = json.loads(answers_to(study, 0).model_dump_json())
    file.write_text(json.dumps(alter(made)))
    assert message in refused(tmp_path / "study", file)


def test_items_of_another_slot(tmp_path: Path) -> None:
    """Slots that show a part of the items: an item that the rater did not see is refused."""
    whole = made_study(tmp_path / "whole", with_clips=False)
    slots = (whole.slots[0][:5], *whole.slots[1:])
    made = answers_to(whole, 0)
    part = whole.model_copy(update={"slots": slots})
    part = part.model_copy(update={"id": part.digest})
    write_study(part, tmp_path / "whole")
    file = tmp_path / "a.json"
    file.write_text(made.model_copy(update={"study": part.id}).model_dump_json())
    assert "is not in slot 0" in refused(tmp_path / "whole", file)


TEXTS = {
    "no JSON": ("votes: all", "not JSON"),
    "nothing": ("", "not JSON"),
    "a list": ("[]", "an object of JSON"),
    "a number": ("17", "an object of JSON"),
    "a key twice": ('{"slot": 1, "slot": 2}', "'slot' stands there twice"),
    "NaN": ('{"slot": NaN}', "not a finite number"),
    "infinity": ('{"slot": 1e999}', "not a finite number"),
    "a number of many digits": (f'{{"slot": {"9" * 5000}}}', "a whole number of 5000 digits"),
    "deep nesting": ('{"votes": ' + "[" * 50_000 + "]" * 50_000 + "}", "nested deeper"),
    "half of a character": ('{"study": "\\ud800"}', "lone surrogate"),
    "too long": (" " * 1_000_001, "over 1,000,000 bytes"),
}


@pytest.mark.parametrize("what", TEXTS)
def test_files_that_are_no_answers(tmp_path: Path, study: Study, what: str) -> None:
    text, message = TEXTS[what]
    file = tmp_path / "a.json"
    file.write_text(text)
    assert message in refused(tmp_path / "study", file)


def test_bytes_that_are_no_text(tmp_path: Path, study: Study) -> None:
    file = tmp_path / "a.json"
    file.write_bytes(b"PK\x03\x04\xff\xfe")
    assert "not JSON" in refused(tmp_path / "study", file)


def test_a_large_file_is_not_read(tmp_path: Path, study: Study) -> None:
    file = tmp_path / "a.json"
    with file.open("wb") as large:
        large.truncate(100_000_000_000)
    assert "over 1,000,000 bytes" in refused(tmp_path / "study", file)


def test_devices_pipes_and_dangling_links(tmp_path: Path, study: Study) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    os.mkfifo(folder / "pipe.json")
    (folder / "zero.json").symlink_to("/dev/zero")
    (folder / "gone.json").symlink_to("nowhere")
    (folder / "circle.json").symlink_to("circle.json")
    (folder / "inner.json").mkdir()
    assert "no such file" in refused(tmp_path / "study", folder / "gone.json")
    assert "is a pipe or a device" in refused(tmp_path / "study", folder / "pipe.json")
    assert "is a pipe or a device" in refused(tmp_path / "study", folder / "zero.json")
    assert "cannot be read" in refused(tmp_path / "study", folder / "circle.json")
    assert "no answer file" in refused(tmp_path / "study", folder / "inner.json")
    (folder / "good.json").write_text(answers_to(study, 0).model_dump_json())
    found = collect(tmp_path / "study", [folder], on_error="skip")
    assert len(found.answers) == 1
    assert len(found.notes) == 5
    assert all(note.startswith("left out: ") for note in found.notes)


def test_a_folder_without_answer_files(tmp_path: Path, study: Study) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a.txt").write_text("x")
    assert "no answer file (*.json) is in it" in refused(tmp_path / "study", tmp_path / "folder")


def test_notes_are_printable(tmp_path: Path, study: Study) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a.json").write_text(answers_to(study, 0).model_dump_json())
    (folder / "\x1b[2J\n<script>.json").write_text("{}")
    (folder / "\x1b[2J.txt").write_text("")
    notes = collect(tmp_path / "study", [folder], on_error="skip").notes
    assert len(notes) == 2
    assert all(note.isprintable() for note in notes)


def test_without_any_answers(tmp_path: Path, study: Study) -> None:
    with pytest.raises(InputError, match="there are no answers yet"):
        collect(tmp_path / "study", [])
    with pytest.raises(InputError, match="no study is there"):
        collect(tmp_path, [])


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_whatever_stands_in_a_file_is_taken_as_it_is_or_refused(
    whole: tuple[Study, Answers, Path], data: st.DataObject
) -> None:
    study, answers, file = whole
    content = json.loads(answers.model_dump_json())
    place = data.draw(st.sampled_from([content, content["votes"][2]]))
    place[data.draw(st.sampled_from(sorted(place)) | st.text(max_size=5))] = data.draw(VALUES)
    file.write_text(json.dumps(content))
    said = ""
    try:
        assert json.loads(read_answers(file, study).model_dump_json()) == content
    except InputError as error:
        said = str(error)
    assert said.startswith(str(file) if said else "")
    assert "\n" not in said
