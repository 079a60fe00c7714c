"""A study that is served in this process, and what its log said."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from made_studies import made_study
from starlette.testclient import TestClient

from leo_bench.benchmarks.study_results.exclusion import set_apart
from leo_bench.benchmarks.study_server.identifiers import Identifiers
from leo_bench.benchmarks.study_server.pages import Site, study_app
from leo_bench.benchmarks.study_server.raters import Rater, Raters
from leo_bench.benchmarks.study_server.refusals import RefusalLog
from leo_bench.benchmarks.study_server.watching import Watch
from leo_bench.benchmarks.user_study.page_data import Ending
from leo_bench.benchmarks.user_study.study import Study

COMPLETION = "https://example.org/done?cc={CODE}&who={PROLIFIC_PID}"


@dataclass
class Served:
    """A server, its study, and the lines of its log."""

    folder: Path
    study: Study
    raters: Raters
    browser: TestClient
    log: list[str] = field(default_factory=list)

    def items(self, rater: Rater) -> list[str]:
        """What a rater answers, in order."""
        shown = [entry.item for entry in self.study.shown(rater.slot)]
        return [item for item in shown if self.study.item[item].role != "practice"]

    def vote(self, rater: Rater, item: str, turn: int, **changed: Any) -> dict[str, Any]:
        """A vote as the page sends it."""
        choice = "left" if self.study.kind == "pairs" else "no"
        made = {
            "item": item,
            "choice": choice,
            "ms": 1200,
            "replays": 0,
            "changes": 0,
            "turn": turn,
        }
        return {**made, **changed}

    def send(self, rater: Rater, vote: object) -> Any:
        """Send a vote."""
        return self.browser.post(f"/r/{rater.token}/votes", json=vote)

    def answer_all(self, rater: Rater) -> None:
        """Answer everything, and finish."""
        for turn, item in enumerate(self.items(rater)):
            assert self.send(rater, self.vote(rater, item, turn)).status_code == 200
        assert self.browser.post(f"/r/{rater.token}/finish").status_code == 200


@contextmanager
def served(folder: Path, *, is_open: bool = True, **of_study: Any) -> Iterator[Served]:
    """Serve a small study."""
    study = made_study(folder, **{"with_clips": False, **of_study})
    log: list[str] = []
    ending = Ending(completion=COMPLETION, code="C0DE")
    with Raters(folder, study) as raters, Identifiers(folder, study, ending) as everybody:
        watch = Watch(folder, study, raters, set_apart)
        site = Site(folder, study, raters, everybody if is_open else None, watch)
        minutes = count(0, 60)  # so that no line is left out
        app = study_app(site, RefusalLog(log.append, lambda: next(minutes)))
        with TestClient(app, follow_redirects=False) as browser:
            yield Served(folder, study, raters, browser, log)
