"""200 raters at once at a study's server, which is killed twice: what is lost, what it takes.

    python -m leo_bench.benchmarks.evidence.study_load --raters 200 --seeds 5

makes a study of two methods on toy-faces and sends raters whose votes follow a known share
(`study_results.simulated`). The server is a process of its own; it is ended by SIGKILL and started
again. Afterwards every vote that it acknowledged is looked for in its database, and the share of
votes is estimated from the database. Prints a Markdown table, one row a seed.
"""

import argparse
import math
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles

from leo_bench.benchmarks.evidence.study_visits import Traffic, Visit, send_raters
from leo_bench.benchmarks.study_results.collecting import collect
from leo_bench.benchmarks.study_results.simulated import Simulation, strengths_by_method
from leo_bench.benchmarks.study_results.votes import votes_frame
from leo_bench.benchmarks.study_server.database import answers_in
from leo_bench.benchmarks.study_server.raters import Raters
from leo_bench.benchmarks.user_study.answers import Answers
from leo_bench.benchmarks.user_study.create import create_study
from leo_bench.benchmarks.user_study.study import load_study
from leo_bench.benchmarks.user_study.study_request import StudyRequest
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.preferences.shares import ShareOfVotes, share_of_votes

SHARE = 0.6  # of votes for the first method
KILLS = 2
PAIRS = 30


@dataclass(frozen=True)
class Load:
    """What came of many raters at once.

    Args:
        visits: what each rater knows.
        stored: what the database holds.
        traffic: requests, their times and retries.
        seconds: from the first request to the last.
        share: of votes for the first method, from the database.
    """

    visits: Sequence[Visit]
    stored: Sequence[Answers]
    traffic: Traffic
    seconds: float
    share: ShareOfVotes

    @property
    def sent(self) -> set[tuple[str, object]]:
        """The last acknowledged vote of each rater on each item."""
        return {(one.rater, vote) for one in self.visits for vote in one.votes.values()}

    @property
    def kept(self) -> set[tuple[str, object]]:
        """The votes in the database."""
        return {(one.rater, vote) for one in self.stored for vote in one.votes}

    @property
    def row(self) -> list[str]:
        """Of the table."""
        votes = self.traffic.seconds["vote"]
        half, late = (quantiles(votes, n=100)[at] for at in (49, 98))
        requests = sum(map(len, self.traffic.seconds.values()))
        low, high = self.share.interval
        return [
            f"{len(self.visits)}",
            f"{requests:,}",
            f"{self.seconds:.0f} s",
            f"{requests / self.seconds:.0f} / s",
            f"{1000 * half:.0f} ms",
            f"{1000 * late:.0f} ms",
            f"{self.traffic.retries:,}",
            f"{len(self.sent):,}",
            f"{len(self.sent - self.kept)}",
            f"{len(self.kept - self.sent)}",
            f"{100 * self.share.value:.1f} % [{100 * low:.1f}, {100 * high:.1f}]",
        ]


HEADS = (
    "raters",
    "requests",
    "time",
    "rate",
    "vote, median",
    "vote, 99 %",
    "sent again",
    "votes acknowledged",
    "lost",
    "not sent",
    "share [95 %]",
)


def load_of(folder: Path, share: float, kills: int, seed: int) -> Load:
    """Send one rater to each slot of a study of two methods, all at once.

    Args:
        folder: of the study; its database is added to.
        share: of votes for the first method, over all raters and items there could be.
        kills: how often the server is killed.
        seed: of the raters.

    Raises:
        InfrastructureError: a rater was refused, or met a lost vote.
    """
    study = load_study(folder)
    first, _ = sorted(study.method)
    strengths = strengths_by_method(study, {first: math.log(share / (1 - share))})
    wanted = Simulation(study, strengths, seed=seed).answers(study.raters)
    pressed = [{vote.item: vote.choice for vote in one.votes} for one in wanted]
    with Raters(folder, study) as raters:
        tokens = [rater.token for rater in raters.invite(study.raters)]
    visits, traffic, seconds = send_raters(folder, tokens, pressed, kills, seed)
    frame = votes_frame(collect(folder, []))
    frame = frame[frame["role"] == "rated"]
    of_first = [
        a if answer == "a" else b
        for a, b, answer in zip(frame["method_a"], frame["method_b"], frame["answer"], strict=True)
    ]
    found = share_of_votes(
        [method == first for method in of_first], list(frame["rater"]), list(frame["item"])
    )
    return Load(visits, answers_in(folder), traffic, seconds, found)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--raters", type=int, default=200)
    parser.add_argument("--seeds", type=int, default=1)
    given = parser.parse_args()
    request = StudyRequest(
        pairs=("shuffled=damaged:shuffled:toy-faces/test", "real=toy-faces/test"),
        question="realism",
        raters=given.raters,
        videos=PAIRS,
        frames=16,
    )
    _write_row("seed", *HEADS)
    _write_row(*["---"] * (len(HEADS) + 1))
    with tempfile.TemporaryDirectory() as place:
        made = Path(place) / "made"
        create_study(request, made, Resources(store=None, workers=2))
        for seed in range(given.seeds):
            folder = Path(place) / f"seed{seed}"
            shutil.copytree(made, folder)
            _write_row(str(seed), *load_of(folder, SHARE, KILLS, seed).row)


def _write_row(*cells: str) -> None:
    sys.stdout.write(f"| {' | '.join(cells)} |\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
