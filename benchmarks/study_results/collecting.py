"""Collects the answers of a study's raters: from its database and from answer files, each once.

Answer files come from strangers. What contradicts the study, or other answers of the same rater,
is refused, never mended.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from leo_bench.benchmarks.study_results.versions import Found, counted
from leo_bench.benchmarks.study_server.database import VOTES, answers_in, is_forgotten
from leo_bench.benchmarks.user_study.answers import Answers, check_answers, read_answers
from leo_bench.benchmarks.user_study.study import Study, load_study
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.given_files import listed
from leo_bench.evaluation.files.printable import printable


@dataclass(frozen=True)
class Collected:
    """The answers to a study.

    Args:
        study: the study.
        answers: one of each rater who has answered, by slot and token.
        notes: what was left out or counted once, a line each.
    """

    study: Study
    answers: tuple[Answers, ...]
    notes: tuple[str, ...]

    @property
    def is_simulated(self) -> bool:
        """Whether `leo-bench study simulate` made the answers; they are never mixed with others."""
        return self.answers[0].way == "simulated"


def collect(
    folder: Path, given: Sequence[Path], *, on_error: Literal["fail", "skip"] = "fail"
) -> Collected:
    """All answers to the study in a folder.

    Args:
        folder: of the study; a database of the server is read too.
        given: answer files, or folders of them (each `*.json` directly inside).
        on_error: "skip" leaves out files that cannot be read, do not fit the study or were
            withdrawn, with a note each.

    Raises:
        InputError: there is no study, or no answer; a file cannot be read, does not fit the study
            or was withdrawn (unless skipped); answers contradict each other; simulated answers are
            mixed with people's.
    """
    study = load_study(folder)
    notes: list[str] = []
    found: list[Found] = []
    for path in _files(given, notes):
        try:
            one = Found(str(path), read_answers(path, study))
            _check_not_withdrawn(folder, one)
            found.append(one)
        except InputError as error:
            if on_error == "fail":
                raise
            notes.append(f"left out: {error}")
    for answers in answers_in(folder):
        one = Found(str(folder / VOTES.file), answers)
        check_answers(answers, study, one.where)
        _check_not_withdrawn(folder, one)
        found.append(one)
    _check_not_mixed(found)
    each = [one.answers for one in counted(found, notes)]
    begun = [one for one in each if one.votes]
    if not begun:
        raise InputError(f"{folder}: there are no answers yet; give answer files")
    if len(begun) < len(each):
        notes.append(f"raters without any answer: {len(each) - len(begun)}")
    return Collected(
        study=study,
        answers=tuple(sorted(begun, key=lambda one: (one.slot, one.rater))),
        notes=tuple(map(printable, notes)),
    )


def _files(given: Sequence[Path], notes: list[str]) -> Iterator[Path]:
    """The answer files, each once."""
    seen: set[str] = set()
    for place in given:
        for path in _files_at(place, notes):
            real = os.path.realpath(path)
            if real not in seen:
                seen.add(real)
                yield path


def _files_at(place: Path, notes: list[str]) -> list[Path]:
    """The answer files in a folder, or the file itself."""
    try:
        if not place.is_dir():
            return [place]
        inside = sorted(path for path in place.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise InputError(f"{place}: cannot be read: {error.strerror or error}") from None
    files = [path for path in inside if path.suffix == ".json"]
    others = [path.name for path in inside if path.suffix != ".json"]
    if not files:
        raise InputError(f"{place}: no answer file (*.json) is in it")
    if others:
        notes.append(f"{place}: only *.json is read, not {listed(others)}")
    return files


def _check_not_withdrawn(folder: Path, found: Found) -> None:
    if is_forgotten(folder, found.answers.rater):
        raise InputError(
            f"{found.where}: this rater's answers were withdrawn (`leo-bench study forget`); "
            "delete them"
        )


def _check_not_mixed(found: Sequence[Found]) -> None:
    begun = [one for one in found if one.answers.votes]
    simulated = [one.where for one in begun if one.answers.way == "simulated"]
    people = [one.where for one in begun if one.answers.way != "simulated"]
    if simulated and people:
        raise InputError(
            f"{simulated[0]}: simulated answers cannot be put together with people's "
            f"({people[0]}); give one kind"
        )
