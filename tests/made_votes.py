"""Votes of crossed designs, for tests."""

from collections.abc import Sequence

from leo_bench.evaluation.preferences.shares import Votes

Rows = Sequence[Sequence[int]]


def crossed(rows: Rows, item: str = "i") -> tuple[list[bool], list[str], list[str]]:
    """Votes, raters and items of a table with a row for each rater; -1: no vote."""
    votes = [
        (vote == 1, f"r{rater}", f"{item}{number}")
        for rater, row in enumerate(rows)
        for number, vote in enumerate(row)
        if vote >= 0
    ]
    return [v[0] for v in votes], [v[1] for v in votes], [v[2] for v in votes]


def votes_of(rows: Rows, item: str = "i") -> Votes:
    """The same as `Votes`."""
    return Votes(*crossed(rows, item))
