"""What a document of `leo-bench study results` has besides its records: raters, ranking, agreement.

Every number is there twice: of the raters that the study's rule keeps, and of all raters.
"""

from collections.abc import Sequence
from typing import Literal, Self

from pydantic import model_validator

from leo_bench.evaluation.files.schema import Data
from leo_bench.evaluation.records.checks import (
    Count,
    Level,
    NotNegative,
    Number,
    Positive,
    Share,
    check_around,
    check_at_most,
    check_equal,
    contradict,
)
from leo_bench.evaluation.records.parts import Provenance
from leo_bench.evaluation.records.preference import (
    PreferenceRecord,
    StudyId,
    Way,
    check_simulated,
)


class ShareRecord(Data):
    """A share of answers."""

    value: Share
    interval: tuple[Share, Share]
    votes: Positive

    @model_validator(mode="after")
    def _interval_fits(self) -> Self:
        check_around("interval", self.interval, "value", self.value)
        return self


class DifferenceOfMethods(Data):
    """The share of "yes" on one method less that on another."""

    first: str
    second: str
    value: Number
    interval: tuple[Number, Number]

    @model_validator(mode="after")
    def _interval_fits(self) -> Self:
        check_around("interval", self.interval, "value", self.value)
        return self


class StrengthRecord(Data):
    """The Bradley-Terry strength of a method: log odds against the mean method."""

    name: str
    value: Number
    interval: tuple[Number, Number]

    @model_validator(mode="after")
    def _interval_fits(self) -> Self:
        check_around("interval", self.interval, "value", self.value)
        return self


class AgreementRecord(Data):
    """Fleiss' kappa of the answers, of pairs in both orders; interval None: it has none."""

    value: Number
    interval: tuple[Number, Number] | None
    items: Positive
    raters: Positive

    @model_validator(mode="after")
    def _interval_fits(self) -> Self:
        if self.interval is not None:
            check_around("interval", self.interval, "value", self.value)
        return self


class Selection(Data):
    """The numbers of some of the raters.

    Args:
        raters: with votes on rated items; votes: those votes; items: that have votes.
        strengths: of all methods of a study of pairs, strongest first; strengths_method: how they
            were computed, in words.
        differences: of every two methods of a study of single clips.
        agreement: of all items.
        left: share of answers "left" of a study of pairs.
        seconds: lower quartile, median and upper quartile of the time from the moment the clips
            play to the answer.
        absent: [number, reason] of every number that cannot be computed.
    """

    raters: Count
    votes: Count
    items: Count
    strengths: tuple[StrengthRecord, ...] = ()
    strengths_method: str = ""
    differences: tuple[DifferenceOfMethods, ...] = ()
    agreement: AgreementRecord | None = None
    left: ShareRecord | None = None
    seconds: tuple[NotNegative, NotNegative, NotNegative] | None = None
    absent: tuple[tuple[str, str], ...] = ()

    @model_validator(mode="after")
    def _counts_fit(self) -> Self:
        check_at_most("raters", self.raters, "votes", self.votes)
        check_at_most("items", self.items, "votes", self.votes)
        check_at_most("votes", self.votes, "raters times items", self.raters * self.items)
        if self.left is not None:
            check_equal("left.votes", self.left.votes, "votes", self.votes)
        if self.seconds is not None and list(self.seconds) != sorted(self.seconds):
            raise ValueError("seconds: the quartiles are not ascending")
        return self


class StudyExtra(Provenance):
    """The raters of a study, and the numbers that are not of one pair of methods.

    Args:
        study: its id.
        begun: raters who have answered an item; finished: those of them who came to the end.
        by_way: how many of them answered on which way.
        apart: [reason, raters] of those that the study's rule sets apart.
        kept: the numbers without them; all_raters: with them.
    """

    study: StudyId
    kind: Literal["pairs", "single"]
    question: str
    level: Level
    begun: Count
    finished: Count
    by_way: dict[Way, Positive]
    apart: tuple[tuple[str, Positive], ...]
    kept: Selection
    all_raters: Selection

    @model_validator(mode="after")
    def _counts_fit(self) -> Self:
        check_at_most("finished", self.finished, "begun", self.begun)
        check_equal("by_way", sum(self.by_way.values()), "begun", self.begun)
        check_at_most("all_raters.raters", self.all_raters.raters, "begun", self.begun)
        check_at_most("kept.raters", self.kept.raters, "all_raters.raters", self.all_raters.raters)
        check_at_most("kept.votes", self.kept.votes, "all_raters.votes", self.all_raters.votes)
        apart = sum(count for _, count in self.apart)
        check_at_most("apart", apart, "begun", self.begun)
        if not apart and self.kept != self.all_raters:
            contradict("kept", "other numbers than all_raters", "apart", "which is empty")
        if self.comparable:
            contradict("comparable", True, "kind", "of which no number is that of a paper")
        check_simulated(self.caveats, self.by_way)
        return self

    @model_validator(mode="after")
    def _kind_fits(self) -> Self:
        for name, part in (("kept", self.kept), ("all_raters", self.all_raters)):
            if self.kind == "single" and (part.strengths or part.left):
                contradict("kind", self.kind, name, "which has numbers of pairs")
            if self.kind == "pairs" and part.differences:
                contradict("kind", self.kind, name, "which has differences of single clips")
        return self


def check_study(extra: StudyExtra, records: Sequence[object]) -> None:
    """The extra says what its records say.

    Raises:
        ValueError: it does not.
    """
    votes = of_all = items = 0
    methods: list[set[str]] = []
    for place, record in enumerate(records):
        where = f"records[{place}]"
        if not isinstance(record, PreferenceRecord):
            raise ValueError(f"{where} is no preference")
        check_equal(f"{where}.study", record.study, "extra.study", extra.study)
        check_equal(f"{where}.question", record.question, "extra.question", extra.question)
        check_equal(f"{where}.second is there", bool(record.second), "extra.kind", _pairs(extra))
        check_at_most(f"{where}.raters", record.raters, "extra.kept.raters", extra.kept.raters)
        apart = sum(count for _, count in extra.apart)
        check_at_most(f"{where}.raters_apart", record.raters_apart, "extra.apart", apart)
        for way, count in record.by_way.items():
            begun = extra.by_way.get(way, 0)
            check_at_most(f"{where}.by_way.{way}", count, f"extra.by_way.{way}", begun)
        if (of_methods := {record.first, record.second}) in methods:
            raise ValueError(f"{where} is of the same methods as another record")
        methods.append(of_methods)
        check_equal(f"{where}.interval_level", record.interval_level, "level", extra.level)
        votes += record.votes
        items += record.items
        of_all += record.all_raters.votes
    check_equal("votes of records", votes, "extra.kept.votes", extra.kept.votes)
    check_equal("items of records", items, "extra.kept.items", extra.kept.items)
    check_at_most("all votes of records", of_all, "extra.all_raters.votes", extra.all_raters.votes)
    ranked = {one.name for one in extra.kept.strengths}
    if ranked:
        check_equal("methods of records", set().union(*methods), "extra.kept.strengths", ranked)


def _pairs(extra: StudyExtra) -> bool:
    return extra.kind == "pairs"
