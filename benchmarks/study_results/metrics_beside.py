"""The metric beside the people: how often a metric agrees with the raters of a study.

By pair of methods: which one the metric prefers, and which one the raters. By pair of clips: how
many votes go to the clip that the metric prefers, where 50 % is chance. A study of single clips
asks yes or no; a metric that says yes or no of each video (repetition) is compared with that.

Intervals of shares of votes are for other raters and other items (`evaluation.preferences`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from leo_bench.benchmarks.study_results.vote_agreement import (
    RatedVote,
    agreement_with,
    correlation_with,
    difference_of_yes,
    majority_with,
    share_of_first,
    vote_share,
    with_the_others,
)
from leo_bench.benchmarks.user_study.study import Study, names
from leo_bench.evaluation.metrics import is_higher_better
from leo_bench.evaluation.records.agreement import ClipsAgreement, MethodsAgreement, Of
from leo_bench.evaluation.records.comparison import DifferenceRecord

ByVideo = Mapping[str, Mapping[str, float]]  # method -> video -> value


@dataclass(frozen=True)
class MetricOfStudy:
    """What a metric says of the methods of a study and of their videos.

    Args:
        name, frames: the metric.
        differences: of pairs of methods, the metric of the first less that of the second.
        by_video: what a video has (`records.agreement.Of`) -> method -> video -> value.
    """

    name: str
    frames: int
    differences: Mapping[tuple[str, str], DifferenceRecord]
    by_video: Mapping[Of, ByVideo]


@dataclass(frozen=True)
class StudyVotes:
    """Votes on rated items.

    Args:
        counted: of raters who are not set apart.
        all: of all raters.
    """

    counted: Sequence[RatedVote]
    all: Sequence[RatedVote]


def by_methods(
    study: Study, votes: StudyVotes, metric: MetricOfStudy
) -> Iterator[MethodsAgreement]:
    """A metric beside the raters, for each pair of methods that both compare."""
    compared = share_of_first if study.kind == "pairs" else difference_of_yes
    for pair in combinations(names(study), 2):
        # The reference of a metric is the second one, wherever its name stands.
        methods = pair if pair in metric.differences else pair[::-1]
        difference = metric.differences.get(methods)
        raters = compared(votes.counted, *methods)
        if difference is not None and raters is not None:
            yield MethodsAgreement.of(metric.name, metric.frames, methods, difference, raters)


def by_clips(votes: StudyVotes, metric: MetricOfStudy, seed: int) -> Iterator[ClipsAgreement]:
    """A metric beside the votes on pairs of clips, for each value that a video has.

    Args:
        votes: the votes.
        metric: its values by video.
        seed: of the draws for the intervals of correlations.
    """
    sign = 1.0 if is_higher_better(metric.name) else -1.0
    shown = {vote.item: vote for vote in votes.all}
    for of, values in metric.by_video.items():
        leads = {}
        for item, vote in shown.items():
            mine = values.get(vote.method_a, {}).get(vote.video_a)
            others = values.get(vote.method_b, {}).get(vote.video_b)
            if mine is not None and others is not None:
                leads[item] = sign * (mine - others)
        decided = {item: "a" if lead > 0 else "b" for item, lead in leads.items() if lead}
        correlation, interval = correlation_with(votes.counted, leads, seed)
        yield ClipsAgreement(
            **_agreement(metric, of, votes, decided),
            ties=len(leads) - len(decided),
            without=len(shown) - len(leads),
            correlation=correlation,
            correlation_interval=interval,
        )


def by_single_clips(votes: StudyVotes, metric: MetricOfStudy) -> Iterator[ClipsAgreement]:
    """A metric that says 1 (yes) or 0 (no) of each video, beside the votes on single clips."""
    shown = {vote.item: vote for vote in votes.all}
    for of, values in metric.by_video.items():
        says = {
            item: "yes" if values[vote.method_a][vote.video_a] else "no"
            for item, vote in shown.items()
            if vote.video_a in values.get(vote.method_a, {})
        }
        known = [vote for vote in votes.counted if vote.item in says]
        yes, no = ([vote for vote in known if vote.answer == answer] for answer in ("yes", "no"))
        yield ClipsAgreement(
            **_agreement(metric, of, votes, says),
            ties=0,
            without=len(shown) - len(says),
            sensitivity=vote_share(yes, [says[vote.item] == "yes" for vote in yes]),
            specificity=vote_share(no, [says[vote.item] == "no" for vote in no]),
        )


def _agreement(
    metric: MetricOfStudy, of: Of, votes: StudyVotes, decided: Mapping[str, str]
) -> dict[str, Any]:
    """Fields of `ClipsAgreement` that pairs and single clips share."""
    return {
        "metric": metric.name,
        "frames": metric.frames,
        "of": of,
        "items": len(decided),
        "agreement": agreement_with(votes.counted, decided),
        "all_raters": agreement_with(votes.all, decided),
        "majority": majority_with(votes.counted, decided),
        "others": with_the_others([vote for vote in votes.counted if vote.item in decided]),
    }
