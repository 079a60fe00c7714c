"""Removes a rater: votes and identifiers leave the files, and later answers are refused."""

import re
from contextlib import closing
from pathlib import Path

from leo_bench.benchmarks.study_server.database import (
    VOTES,
    Layout,
    note_forgotten,
    open_database,
    problems,
    reading,
    transaction,
)
from leo_bench.benchmarks.study_server.identifiers import IDENTIFIERS
from leo_bench.benchmarks.user_study.study import load_study
from leo_bench.evaluation.errors import InfrastructureError, InputError

_TOKEN = re.compile(r"(?:.*/r/)?([0-9a-f]{32})/?")


def token_in(text: str) -> str:
    """The token that a rater's token or link is.

    Raises:
        InputError: it is neither.
    """
    found = _TOKEN.fullmatch(text.strip())
    if found is None:
        raise InputError("a rater's token is expected, 32 digits 0-9 a-f, or the rater's link")
    return found[1]


def forget_rater(folder: Path, token: str) -> int | None:
    """Remove what is stored of a rater, and refuse the rater's answers from now on.

    Args:
        folder: of the study.
        token: of the rater, known or not.

    Returns:
        Number of votes that were removed; None if no database has the rater.

    Raises:
        InputError: there is no study; a file cannot be written; a database is damaged.
        InfrastructureError: another process reads a database all the time.
    """
    study = load_study(folder)
    note_forgotten(folder, token)  # first: no answer that comes now is taken
    if (folder / IDENTIFIERS.file).exists():
        _remove(folder, IDENTIFIERS, study.id, "DELETE FROM person WHERE token = ?", token)
    if not (folder / VOTES.file).exists():
        return None
    with reading(folder, VOTES, study.id) as database:
        count = 0
        if database is not None:
            query = "SELECT count(*) FROM vote WHERE rater = ?"
            (count,) = database.execute(query, (token,)).fetchone()
    is_gone = _remove(folder, VOTES, study.id, "DELETE FROM rater WHERE token = ?", token)
    return count if is_gone else None


def _remove(folder: Path, layout: Layout, study: str, statement: str, token: str) -> bool:
    """Delete rows, and see that their bytes leave the files; -> whether there were any."""
    path = folder / layout.file
    with problems(path), closing(open_database(folder, layout, study)) as database:
        with transaction(database):
            deleted = database.execute(statement, (token,)).rowcount
        database.execute("VACUUM")
        (is_held, *_) = database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if is_held:
        raise InfrastructureError(
            f"{path}: the rater is removed, but another process reads the file, so that old bytes "
            "are still in it; run the command again"
        )
    return deleted > 0
