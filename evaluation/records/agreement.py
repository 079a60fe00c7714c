"""What `leo-bench study metrics` writes with --json: how often metrics agree with raters.

Two comparisons: by pair of methods, which method a metric and the raters prefer; by pair of clips,
how many votes go to the clip that a metric prefers. This module does not import torch.
"""

from collections.abc import Sequence
from typing import Literal, Self

from pydantic import model_validator

from leo_bench.evaluation.files.schema import Data
from leo_bench.evaluation.metrics import is_higher_better
from leo_bench.evaluation.records.checks import (
    Count,
    Level,
    Number,
    Positive,
    Share,
    Whole,
    check_all_or_none,
    check_around,
    check_at_most,
    check_equal,
    contradict,
)
from leo_bench.evaluation.records.comparison import (
    DifferenceRecord,
    ScoresExtra,
    check_comparison,
)
from leo_bench.evaluation.records.distance import Record
from leo_bench.evaluation.records.score import ScoreRecord

Of = Literal["value", "influence", "pseudo-value"]


class VoteShare(Data):
    """A share of votes.

    Args:
        value: 0 to 1.
        interval: for as many other raters and items; None with too few of either.
        votes, raters, items: how many it is of.
    """

    value: Share
    interval: tuple[Share, Share] | None
    votes: Positive
    raters: Positive
    items: Positive

    @model_validator(mode="after")
    def _interval_fits(self) -> Self:
        if self.interval is not None:
            check_around("interval", self.interval, "value", self.value)
        for name in ("raters", "items"):
            check_at_most(name, getattr(self, name), "votes", self.votes)
        return self


class ItemShare(Data):
    """A share of items: of pairs, or of single clips.

    Args:
        agree: items on which the metric and most raters say the same.
        items: items on which most raters say the same; the others are ties.
        interval: for as many other items (Wilson); None: there are none.
    """

    agree: Count
    items: Count
    interval: tuple[Share, Share] | None

    @model_validator(mode="after")
    def _counts_fit(self) -> Self:
        check_at_most("agree", self.agree, "items", self.items)
        if (self.interval is None) != (not self.items):
            contradict("interval", self.interval, "items", f"which is {self.items}")
        if self.interval is not None:
            check_around("interval", self.interval, "agree of items", self.agree / self.items)
        return self


class RatersSay(Data):
    """What raters say of two methods.

    Args:
        value: of pairs, the share of votes for the first method; of single clips, the share of yes
            of the first less that of the second.
        interval: for as many other raters and items; None with too few of either.
        even: `value` where the raters prefer neither method: 0.5, or 0 of single clips.
    """

    value: Number
    interval: tuple[Number, Number] | None
    even: Number

    @model_validator(mode="after")
    def _interval_fits(self) -> Self:
        if self.interval is not None:
            check_around("interval", self.interval, "value", self.value)
        return self


class MethodsAgreement(Data):
    """Two methods, as a metric and as the raters compare them.

    Args:
        metric, frames: the metric.
        first, second: the methods.
        difference: the metric of the first less that of the second.
        raters: what the raters say; "yes" is the worse answer, as of repeated motion.
        metric_prefers, raters_prefer: a method; "" where its interval says neither.
    """

    metric: str
    frames: Positive
    first: str
    second: str
    difference: DifferenceRecord
    raters: RatersSay
    metric_prefers: str
    raters_prefer: str

    @classmethod
    def of(
        cls,
        metric: str,
        frames: int,
        methods: tuple[str, str],
        difference: DifferenceRecord,
        raters: RatersSay,
    ) -> Self:
        """With the preferences that follow."""
        lower, higher = methods  # what is preferred where the number is below and above even
        by_metric = (higher, lower) if is_higher_better(metric) else (lower, higher)
        by_raters = (higher, lower) if raters.even else (lower, higher)
        return cls(
            metric=metric,
            frames=frames,
            first=methods[0],
            second=methods[1],
            difference=difference,
            raters=raters,
            metric_prefers=_preferred(difference.interval, 0.0, *by_metric),
            raters_prefer=_preferred(raters.interval, raters.even, *by_raters),
        )

    @property
    def agree(self) -> bool | None:
        """Whether both prefer the same method; None: it cannot be told."""
        if not (self.metric_prefers and self.raters_prefer):
            return None
        return self.metric_prefers == self.raters_prefer


class ClipsAgreement(Data):
    """Votes on pairs of clips, or on single clips, beside the values of a metric.

    Args:
        metric, frames: the metric.
        of: what a video has: its value of the metric; its influence on the distance of its method,
            times the number of videos; or the distance plus that, its pseudo-value.
        items: pairs that the metric decides; of single clips, those with a value.
        ties: pairs whose clips have the same value.
        without: pairs of which a clip has no value, or clips without one.
        agreement: share of the votes on `items` that agree with the metric, of raters who are not
            set apart; None without such votes.
        all_raters: the same of all raters.
        majority: the same of the majority of the raters of each item.
        others: share of the same votes that agree with the majority of the other raters of the
            item, where these are not evenly divided: what `agreement` is for a metric as good as
            the other raters; a ceiling, as far as there are enough raters an item.
        correlation: Spearman's, of the share of votes for a clip and the difference of the values,
            over pairs, each in both orders; None where one of the two does not vary.
        correlation_interval: for other pairs; None with too few.
        sensitivity: of single clips, share of the votes "yes" on clips with repeated motion by the
            metric; specificity: share of the votes "no" on clips without.
    """

    metric: str
    frames: Positive
    of: Of
    items: Count
    ties: Count
    without: Count
    agreement: VoteShare | None
    all_raters: VoteShare | None
    majority: ItemShare
    others: VoteShare | None
    correlation: Number | None = None
    correlation_interval: tuple[Number, Number] | None = None
    sensitivity: VoteShare | None = None
    specificity: VoteShare | None = None

    @model_validator(mode="after")
    def _counts_fit(self) -> Self:
        check_at_most("majority.items", self.majority.items, "items", self.items)
        for name in ("agreement", "all_raters", "others", "sensitivity", "specificity"):
            share = getattr(self, name)
            if share is not None:
                check_at_most(f"{name}.items", share.items, "items", self.items)
        for part, whole in (("agreement", "all_raters"), ("others", "agreement")):
            of_part, of_whole = (getattr(self, name) for name in (part, whole))
            if of_part is not None:
                votes = 0 if of_whole is None else of_whole.votes
                check_at_most(f"{part}.votes", of_part.votes, f"{whole}.votes", votes)
        if self.correlation is None:
            check_all_or_none(
                correlation=self.correlation, correlation_interval=self.correlation_interval
            )
        return self


class AgreementExtra(Data):
    """Of a document of `leo-bench study metrics`.

    Args:
        study: id of the study.
        kind: what it shows at one time.
        level: of all intervals.
        seed: of bootstrap draws.
        raters: who answered; of these, `set_apart` by the rule of the study, and `simulated`.
        methods: by metric and pair of methods.
        clips: by metric, over pairs of clips or single clips.
        notes: in words.
    """

    study: str
    kind: Literal["pairs", "single"]
    level: Level
    seed: Whole
    raters: Count
    set_apart: Count
    simulated: Count
    methods: tuple[MethodsAgreement, ...]
    clips: tuple[ClipsAgreement, ...]
    notes: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _counts_fit(self) -> Self:
        check_at_most("set_apart", self.set_apart, "raters", self.raters)
        check_at_most("simulated", self.simulated, "raters", self.raters)
        kept = self.raters - self.set_apart
        for place, one in enumerate(self.clips):
            for name, most in (("agreement", kept), ("all_raters", self.raters)):
                share = getattr(one, name)
                if share is not None:
                    where = f"clips[{place}].{name}.raters"
                    check_at_most(where, share.raters, "raters that count", most)
            if not self.set_apart:
                all_raters = f"clips[{place}].all_raters"
                check_equal(all_raters, one.all_raters, "agreement", one.agreement)
        return self

    @model_validator(mode="after")
    def _kind_fits(self) -> Self:
        even = 0.5 if self.kind == "pairs" else 0.0
        for place, of_methods in enumerate(self.methods):
            check_equal(f"methods[{place}].raters.even", of_methods.raters.even, "kind", even)
        for place, one in enumerate(self.clips):
            of_pairs = one.ties or one.correlation is not None
            of_single = one.sensitivity or one.specificity
            if of_single if self.kind == "pairs" else of_pairs:
                contradict(f"clips[{place}]", "of the other kind", "kind", f"which is {self.kind}")
        return self


def check_agreement(extra: AgreementExtra, records: Sequence[Record | ScoreRecord]) -> None:
    """The extra says what its records and its intervals say.

    Raises:
        ValueError: it does not.
    """
    differences = tuple(one.difference for one in extra.methods)
    check_comparison(ScoresExtra(precision=(), differences=differences), records)
    measured = {(record.metric, record.frames) for record in records}
    for place, of_clips in enumerate(extra.clips):
        if (of_clips.metric, of_clips.frames) not in measured:
            contradict(f"extra.clips[{place}].metric", of_clips.metric, "records", "without it")
    for place, one in enumerate(extra.methods):
        record = records[one.difference.first]
        where = f"extra.methods[{place}]"
        check_equal(f"{where}.metric", one.metric, "its record", record.metric)
        check_equal(f"{where}.frames", one.frames, "its record", record.frames)
        methods = one.first, one.second
        again = MethodsAgreement.of(one.metric, one.frames, methods, one.difference, one.raters)
        for name in ("metric_prefers", "raters_prefer"):
            check_equal(f"{where}.{name}", getattr(one, name), "its interval", getattr(again, name))


def _preferred(interval: tuple[float, float] | None, even: float, below: str, above: str) -> str:
    """`below` where the interval lies below `even`, `above` where it lies above, otherwise ""."""
    if interval is None or interval[0] <= even <= interval[1]:
        return ""
    return below if interval[1] < even else above
