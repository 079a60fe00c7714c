"""Which of several answer files count: later versions, repeated files, copies, contradictions.

A page can hand over a rater's answers more than once: to the server and as a file, or unfinished
and finished later. They count once. Nothing is chosen where they contradict each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from leo_bench.benchmarks.user_study.answers import Answers, Vote
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.given_files import listed

LONGEST_NOTE = 1_000  # characters of file names in one note


@dataclass(frozen=True)
class Found:
    """Answers, and the file or database that they are from."""

    where: str
    answers: Answers

    @property
    def order(self) -> tuple[int, bool, bool, str]:
        """Grows from version to version of a rater's answers, as answers are added or changed."""
        turns = sum(vote.turn + 1 for vote in self.answers.votes)
        return turns, self.answers.finished, self.answers.way == "server", self.where

    @property
    def votes(self) -> dict[str, Vote]:
        """By item."""
        return {vote.item: vote for vote in self.answers.votes}


def counted(found: Sequence[Found], notes: list[str]) -> list[Found]:
    """One version of each rater's answers, without copies; `notes` gets what is left out.

    Of several versions of a rater's answers the last counts. It has each answer of the others,
    unchanged or with a later turn. Two raters never agree in every time to the millisecond: such
    answers are a copied file with another token, and count once.

    Raises:
        InputError: two versions contradict each other; the message names both and the item.
    """
    raters = []
    repeated: list[str] = []
    earlier: list[str] = []
    for _, versions in groupby(sorted(found, key=_rater), key=_rater):
        in_order = sorted(versions, key=lambda one: one.order)
        for early, late in pairwise(in_order):
            if conflict := _conflict(early, late):
                raise InputError(
                    f"{early.where} and {late.where}: rater {late.answers.rater}: {conflict}; "
                    f"leave one of them out{_of_one_seed(late)}"
                )
        *others, last = in_order
        for other in others:
            kind = repeated if other.votes == last.votes else earlier
            kind.append(f"{other.where} (as {last.where})")
        raters.append(last)
    if repeated:
        notes.append(f"repeated, counted once: {listed(repeated, LONGEST_NOTE)}")
    if earlier:
        notes.append(f"earlier versions, not counted: {listed(earlier, LONGEST_NOTE)}")
    return _without_copies(raters, notes)


def _rater(one: Found) -> str:
    return one.answers.rater


def _of_one_seed(one: Found) -> str:
    is_simulated = one.answers.way == "simulated"
    return ", or simulate one with another --seed" if is_simulated else ""


def _conflict(early: Found, late: Found) -> str:
    """Why `late` is no later version of `early`; "" if it is one, or the same answers."""
    before, after = early.answers, late.answers
    if before.slot != after.slot:
        return f"slot {before.slot} in the first, {after.slot} in the second"
    later = late.votes
    for item, vote in early.votes.items():
        if item not in later:
            return f"item {item} has no answer in the second, which has later ones"
        if vote != later[item] and vote.turn >= later[item].turn:
            return f"item {item} has two different answers"
    if before.finished and not after.finished:
        return "the second has later answers, but only the first is finished"
    return ""


def _without_copies(raters: Sequence[Found], notes: list[str]) -> list[Found]:
    same: dict[object, list[Found]] = {}
    for one in sorted(raters, key=lambda one: (one.answers.way != "server", one.answers.rater)):
        votes = frozenset(one.answers.votes) or one.answers.rater
        same.setdefault((one.answers.slot, votes), []).append(one)
    for copies in same.values():
        if len(copies) > 1:
            notes.append(
                f"copied under {len(copies)} tokens with the same answers and times, counted once: "
                f"{listed((one.where for one in copies), LONGEST_NOTE)}"
            )
    return [copies[0] for copies in same.values()]
