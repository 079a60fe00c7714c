"""`Answers`: what one rater answered, as the pages send it and as an answer file holds it.

A choice is what the rater pressed ("left"); what that means follows from the slot in study.toml.
There is no name, address or time of day in it: `rater` is a random token.
"""

import hashlib
from collections import Counter
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, StrictBool, StrictInt, StringConstraints, model_validator

from leo_bench.benchmarks.user_study.study import Choice, Study, answer_of, rated
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.given_files import shortened
from leo_bench.evaluation.files.json_files import read_json
from leo_bench.evaluation.files.schema import Data, parse

LONGEST = 1_000_000  # bytes of an answer file: 5,000 votes have some 500,000
DAY = 86_400_000  # ms

Token = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]{1,32}$")]


class Vote(Data):
    """One answer.

    Args:
        item: its name.
        choice: what was pressed.
        ms: time from the moment the clips play to the answer, summed over visits of the item.
        replays: how often the rater started the clips again.
        changes: how often the rater changed the answer.
        turn: counts the rater's answers; of two votes on one item, the later turn counts.
    """

    item: Name
    choice: Choice
    ms: StrictInt = Field(ge=0, le=DAY)
    replays: StrictInt = Field(default=0, ge=0, le=10_000)
    changes: StrictInt = Field(default=0, ge=0, le=10_000)
    turn: StrictInt = Field(ge=0, le=1_000_000)


class Answers(Data):
    """All answers of one rater.

    Args:
        format: version of this form.
        study: id of the study.
        rater: a random token, 32 hexadecimal digits.
        slot: which slot the rater saw, from 0.
        way: whether a static site or a server collected the answers; "simulated" is no person.
        finished: whether the rater came to the last page.
        votes: one for each item that was answered.
    """

    format: Literal[1] = 1
    study: str = Field(max_length=64)
    rater: Token
    slot: StrictInt = Field(ge=0)
    way: Literal["site", "server", "simulated"]
    finished: StrictBool
    votes: tuple[Vote, ...] = Field(max_length=10_000)

    @model_validator(mode="after")
    def _each_item_once(self) -> Self:
        for item, times in Counter(vote.item for vote in self.votes).most_common(1):
            if times > 1:
                raise ValueError(f"votes: item {item} is there {times} times")
        return self


def completion_code(study: str, rater: str) -> str:
    """The code that a rater gets at the end where the study gives no code of its own.

    It follows from the study's id and the rater's token, so that answers confirm it.
    """
    return hashlib.sha256(f"{study} {rater}".encode()).hexdigest()[:10]


def read_answers(path: Path, study: Study) -> Answers:
    """Read an answer file.

    Raises:
        InputError: it cannot be read, has another form, or contradicts the study.
    """
    content = read_json(path, LONGEST)
    if not isinstance(content, dict):
        raise InputError(f"{path}: a rater's answers are expected, an object of JSON")
    found = parse(Answers, content, str(path))
    check_answers(found, study, str(path))
    return found


def check_answers(answers: Answers, study: Study, where: str) -> None:
    """Check answers against their study.

    Raises:
        InputError: they are of another study; the slot, an item or a choice is not the study's.
    """
    if answers.study != study.id:
        raise InputError(f"{where}: answers to study {shortened(answers.study)}, not {study.id}")
    if answers.slot >= study.raters:
        raise InputError(f"{where}: slot {answers.slot}; the study has 0 to {study.raters - 1}")
    allowed = ("left", "right") if study.kind == "pairs" else ("yes", "no")
    shown = {entry.item for entry in study.shown(answers.slot)}
    for vote in answers.votes:
        if vote.item not in shown:
            raise InputError(f"{where}: item {vote.item} is not in slot {answers.slot}")
        if vote.choice not in allowed:
            raise InputError(f"{where}: {vote.item}: {vote.choice!r}; {' or '.join(allowed)} fits")
    missing = {entry.item for entry in rated(study, answers.slot)} - {
        vote.item for vote in answers.votes
    }
    if answers.finished and missing:
        raise InputError(f"{where}: finished, but {len(missing)} items have no answer")


def failed_checks(study: Study, answers: Answers) -> tuple[int, int]:
    """(failed checks, checks that the rater came to).

    A check is failed by a wrong answer. It is also failed by no answer, if the rater has answered a
    later item of the slot, or has finished.
    """
    votes = {vote.item: vote for vote in answers.votes}
    failed, seen, came_further = 0, 0, answers.finished
    for shown in reversed(study.shown(answers.slot)):
        vote, item = votes.get(shown.item), study.item[shown.item]
        came_further |= vote is not None
        if item.role == "check" and came_further:
            seen += 1
            failed += vote is None or answer_of(shown, vote.choice) != item.right
    return failed, seen
