"""Votes of a study as a pandas frame and as CSV: one row a vote, or one row a rater.

A rater is a random token. No identifier of a crowd-working site is in either.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leo_bench.benchmarks.study_results.collecting import Collected
from leo_bench.benchmarks.study_results.exclusion import answered, median_seconds, set_apart
from leo_bench.benchmarks.user_study.answers import Answers, completion_code, failed_checks
from leo_bench.benchmarks.user_study.study import Study, answer_of, rated
from leo_bench.evaluation.files.atomic import write_atomically
from leo_bench.reports.formats.comma_separated import as_csv

if TYPE_CHECKING:
    from pandas import DataFrame

# Columns of `votes_frame` with their dtypes.
COLUMNS: Mapping[str, str] = {
    "rater": "string",  # token
    "slot": "int64",
    "position": "int64",  # of the item in the slot, practice not counted, from 1
    "item": "string",
    "role": "string",  # "rated" or "check"; practice has no rows
    "method_a": "string",  # "" where a check's clip is of no method
    "method_b": "string",  # "" of a single clip
    "video_a": "string",
    "video_b": "string",
    "left": "string",  # clip on the left: "a" or "b"; "" of a single clip
    "choice": "string",  # what was pressed: "left", "right", "yes", "no"
    "answer": "string",  # what that means: "a", "b", "yes", "no"
    "is_right": "boolean",  # of a check; missing: a rated item
    "seconds": "float64",
    "replays": "int64",
    "changes": "int64",
    "way": "string",  # "site", "server" or "simulated"
    "set_apart": "string",  # why the rater is set apart; "" if not
}
# Columns of `raters_frame` with their dtypes.
RATER_COLUMNS: Mapping[str, str] = {
    "rater": "string",
    "slot": "int64",
    "way": "string",
    "finished": "bool",
    "items": "int64",  # rated items of the slot
    "answered": "int64",  # of them
    "checks": "int64",  # that the rater came to
    "failed": "int64",  # of them
    "median_seconds": "float64",  # of rated items; missing: none is answered
    "set_apart": "string",
    "completion_code": "string",
}


def votes_frame(collected: Collected) -> "DataFrame":
    """One row a vote, with the columns and dtypes of `COLUMNS`, in the order of the slots."""
    rows = [row for one in collected.answers for row in _votes(collected.study, one)]
    return _frame(rows, COLUMNS)


def raters_frame(collected: Collected) -> "DataFrame":
    """One row a rater, with the columns and dtypes of `RATER_COLUMNS`."""
    return _frame([_rater(collected.study, one) for one in collected.answers], RATER_COLUMNS)


def write_votes(frame: "DataFrame", path: Path) -> None:
    """Write `votes_frame` or `raters_frame` as CSV.

    Text that a spreadsheet would take for a formula gets an apostrophe in front
    (`evaluation.files.printable.csv_cell`).

    Raises:
        InputError: the file cannot be written.
    """
    write_atomically(path, as_csv(frame).encode())


def _votes(study: Study, answers: Answers) -> Iterator[dict[str, Any]]:
    votes = {vote.item: vote for vote in answers.votes}
    reason = set_apart(study, answers)
    shown = [one for one in study.shown(answers.slot) if study.item[one.item].role != "practice"]
    for position, one in enumerate(shown, start=1):
        item, vote = study.item[one.item], votes.get(one.item)
        if vote is None:
            continue
        method_a, method_b = study.methods_of(one.item)
        answer = answer_of(one, vote.choice)
        yield {
            "rater": answers.rater,
            "slot": answers.slot,
            "position": position,
            "item": one.item,
            "role": item.role,
            "method_a": method_a,
            "method_b": method_b,
            "video_a": study.clip[item.a].video,
            "video_b": study.clip[item.b].video if item.b else "",
            "left": one.clip_at("left") if item.b else "",
            "choice": vote.choice,
            "answer": answer,
            "is_right": answer == item.right if item.right else None,
            "seconds": vote.ms / 1000,
            "replays": vote.replays,
            "changes": vote.changes,
            "way": answers.way,
            "set_apart": reason,
        }


def _rater(study: Study, answers: Answers) -> dict[str, Any]:
    failed, seen = failed_checks(study, answers)
    return {
        "rater": answers.rater,
        "slot": answers.slot,
        "way": answers.way,
        "finished": answers.finished,
        "items": sum(1 for _ in rated(study, answers.slot)),
        "answered": len(answered(study, answers)),
        "checks": seen,
        "failed": failed,
        "median_seconds": median_seconds(study, answers),
        "set_apart": set_apart(study, answers),
        "completion_code": completion_code(study.id, answers.rater),
    }


def _frame(rows: list[dict[str, Any]], columns: Mapping[str, str]) -> "DataFrame":
    from pandas import DataFrame

    return DataFrame(rows, columns=list(columns)).astype(dict(columns))
