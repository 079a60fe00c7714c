"""The rule that sets raters apart, as study.toml fixed it before anybody answered."""

from statistics import median

from leo_bench.benchmarks.user_study.answers import Answers, Vote, failed_checks
from leo_bench.benchmarks.user_study.study import Study, rated


def set_apart(study: Study, answers: Answers) -> str:
    """Why a rater is set apart; "" if the rater is not.

    The first reason that applies: failed checks (as `failed_checks` counts them), the share of
    rated items with an answer, the median time. Time is of rated items; there is no median
    without any.
    """
    rule = study.exclusion
    failed, seen = failed_checks(study, answers)
    if failed > rule.most_failed:
        verb = "is" if rule.most_failed == 1 else "are"
        return f"failed {failed} of {seen} checks; at most {rule.most_failed} {verb} allowed"
    count, items = len(answered(study, answers)), sum(1 for _ in rated(study, answers.slot))
    # Not times items: 0.55 * 100 is more than 55 in floating point.
    if items and count / items < rule.fewest_answered:
        return (
            f"answered {count} of {items} items; at least "
            f"{100 * rule.fewest_answered:g} % are required"
        )
    seconds = median_seconds(study, answers)
    if seconds is not None and seconds < rule.shortest_median:
        return f"median time {seconds:g} s an item; at least {rule.shortest_median:g} s is required"
    return ""


def median_seconds(study: Study, answers: Answers) -> float | None:
    """Median time of the answers to rated items; None if there is none."""
    times = [vote.ms for vote in answered(study, answers)]
    return median(times) / 1000 if times else None


def answered(study: Study, answers: Answers) -> list[Vote]:
    """The votes on rated items."""
    return [vote for vote in answers.votes if study.item[vote.item].role == "rated"]
