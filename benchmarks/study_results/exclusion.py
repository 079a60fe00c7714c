"""The rule that sets raters apart, as study.toml fixed it before anybody answered."""

from statistics import median

from leo_bench.benchmarks.user_study.answers import Answers, failed_checks
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
    answered, items = rated_seconds(study, answers), sum(1 for _ in rated(study, answers.slot))
    if len(answered) < rule.fewest_answered * items:
        return (
            f"answered {len(answered)} of {items} items; at least "
            f"{100 * rule.fewest_answered:g} % are required"
        )
    if answered and median(answered) < rule.shortest_median:
        return (
            f"median time {median(answered):g} s an item; at least {rule.shortest_median:g} s "
            "is required"
        )
    return ""


def rated_seconds(study: Study, answers: Answers) -> list[float]:
    """Seconds of each answer to a rated item."""
    return [vote.ms / 1000 for vote in answers.votes if study.item[vote.item].role == "rated"]
