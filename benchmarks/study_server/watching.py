"""The page of the one who runs a study: how many have answered, how far, which checks failed.

It shows no result before the end unless `serve --show-results` asks for that.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from leo_bench.benchmarks.study_server.database import VOTES, reading, stored_answers
from leo_bench.benchmarks.study_server.raters import Rater, Raters
from leo_bench.benchmarks.user_study.answers import Answers, failed_checks
from leo_bench.benchmarks.user_study.study import Study

HERE = Path(__file__).parent
WATCH_STYLE = "watch.css"
WATCH_SCRIPT = "watch.js"
EVERY = 15  # seconds between two updates of the page

Rule = Callable[[Study, Answers], str]
ResultRows = Callable[[], Sequence[tuple[str, str]]]


@dataclass(frozen=True)
class Row:
    """One rater on the page.

    Args:
        rater: number, slot, and how far.
        answered, asked: items, without practice.
        failed, checks: attention checks that failed, of those that the rater came to.
        seconds: median time of an answer; None without any.
        reason: why the rule sets the rater apart; "" if it does not.
        is_unfinished: whether the rule would set the rater apart only if no answer came any more.
    """

    rater: Rater
    answered: int
    asked: int
    failed: int = 0
    checks: int = 0
    seconds: float | None = None
    reason: str = ""
    is_unfinished: bool = False


@dataclass(frozen=True)
class Watch:
    """Makes the page.

    Args:
        folder: of the study.
        study: the study.
        raters: its raters.
        rule: why a rater is set apart, or "".
        results: rows of results; None: there are none on the page.
    """

    folder: Path
    study: Study
    raters: Raters
    rule: Rule
    results: ResultRows | None = None

    def __call__(self, base: str) -> str:
        """The page as HTML; `base` is the address of the folder of styles and scripts."""
        with reading(self.folder, VOTES, self.study.id) as database:
            answers = [] if database is None else stored_answers(database, self.study)
        by_rater = {found.rater: found for found in answers}
        raters = self.raters.all()
        rows = [self._row(rater, by_rater.get(rater.token)) for rater in raters if rater.begun]
        return _TEMPLATES.get_template("watch.html").render(
            study=self.study,
            base=base,
            every=EVERY,
            rows=rows,
            invited=len(raters),
            begun=len(rows),
            finished=sum(row.rater.finished for row in rows),
            apart=sum(bool(row.reason) for row in rows),
            votes=sum(row.answered for row in rows),
            left=self._left(answers),
            results=None if self.results is None else self.results(),
        )

    def _row(self, rater: Rater, answers: Answers | None) -> Row:
        items = [self.study.item[shown.item] for shown in self.study.shown(rater.slot)]
        asked = sum(item.role != "practice" for item in items)
        if answers is None:
            return Row(rater, 0, asked)
        failed, checks = failed_checks(self.study, answers)
        times = [vote.ms / 1000 for vote in answers.votes]
        reason = self._reason(answers)
        return Row(
            rater,
            len(answers.votes),
            asked,
            failed,
            checks,
            median(times) if times else None,
            reason,
            is_unfinished=not reason and self.rule(self.study, answers) != "",
        )

    def _reason(self, answers: Answers) -> str:
        """By the rule so far: whoever has not finished may still answer the rest."""
        study = self.study
        if not answers.finished:
            rule = study.exclusion.model_copy(update={"fewest_answered": 0.0})
            study = study.model_copy(update={"exclusion": rule})
        return self.rule(study, answers)

    def _left(self, answers: Sequence[Answers]) -> tuple[int, int] | None:
        """(choices of the left clip, all choices) of rated items; None for single clips."""
        if self.study.kind == "single":
            return None
        choices = [
            vote.choice
            for found in answers
            for vote in found.votes
            if self.study.item[vote.item].role == "rated"
        ]
        return choices.count("left"), len(choices)


_TEMPLATES = Environment(
    loader=FileSystemLoader(HERE),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
