"""`Raters`: who was invited to a study, and their votes, on the disk before they are acknowledged.

Every method is one transaction. Threads share one connection, one after another; processes share
the database.
"""

import contextlib
import re
import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from leo_bench.benchmarks.study_server.database import (
    VOTES,
    open_database,
    stored_answers,
    transaction,
)
from leo_bench.benchmarks.user_study.answers import Answers, Vote, check_answers
from leo_bench.benchmarks.user_study.study import Study
from leo_bench.evaluation.errors import InputError

MOST = 100_000  # raters: a link for everybody cannot fill the disk
TOKEN = re.compile(r"[0-9a-f]{32}")


class UnknownRaterError(Exception):
    """No rater has this token."""


class ClosedError(Exception):
    """The rater has finished; votes are closed."""


class WrongVoteError(Exception):
    """The slot of the rater has no such item or choice."""


class OtherAnswerError(Exception):
    """Another answer of the same or a later turn is kept: the link is open in two browsers.

    Its text says which of the two.
    """


@dataclass(frozen=True)
class Rater:
    """One who was invited.

    Args:
        token: of the rater's link.
        number: counts invitations from 1.
        slot: what the rater sees.
        begun: whether the rater gave consent.
        finished: whether the rater came to the last page.
    """

    token: str
    number: int
    slot: int
    begun: bool = False
    finished: bool = False


class Raters:
    """The raters of the study in a folder; to be closed, or used in a `with` statement.

    Raises:
        InputError: the database is damaged, or another study's.
    """

    def __init__(self, folder: Path, study: Study) -> None:
        self._path = folder / VOTES.file
        self._study = study
        self._lock = threading.Lock()
        self._database = open_database(folder, VOTES, study.id)
        row = self._database.execute("SELECT operator, entrance FROM study").fetchone()
        self.operator: str = row[0]
        self.entrance: str = row[1]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._database.close()

    @property
    def address(self) -> str:
        """Where the pages are, as the server that started last said; "" if none has."""
        with self._lock:
            row = self._database.execute("SELECT address FROM study").fetchone()
        return str(row[0])

    @address.setter
    def address(self, address: str) -> None:
        with self._writing():
            self._database.execute("UPDATE study SET address = ?", (address,))

    def invite(self, count: int) -> list[Rater]:
        """New raters on the slots that the fewest raters have.

        Raises:
            InputError: they would be more than `MOST`.
        """
        with self._writing():
            used = dict.fromkeys(range(self._study.raters), 0)
            used |= dict(
                self._database.execute("SELECT slot, count(*) FROM rater GROUP BY slot").fetchall()
            )
            query = "SELECT coalesce(max(number), 0) FROM rater"
            (last,) = self._database.execute(query).fetchone()
            if last + count > MOST:
                raise InputError(
                    f"{self._path}: {last:,} raters are invited; {MOST:,} are the most"
                )
            made = []
            for number in range(last + 1, last + 1 + count):
                slot = min(used, key=lambda one: (used[one], one))
                used[slot] += 1
                made.append(Rater(secrets.token_hex(16), number, slot))
            self._database.executemany(
                "INSERT INTO rater (token, number, slot) VALUES (?, ?, ?)",
                [(rater.token, rater.number, rater.slot) for rater in made],
            )
        return made

    def all(self) -> list[Rater]:
        """All raters, in the order of their invitation."""
        with self._lock:
            rows = self._database.execute(f"{_RATERS} ORDER BY number").fetchall()
        return [_rater(row) for row in rows]

    def find(self, token: str) -> Rater:
        """The rater with a token.

        Raises:
            UnknownRaterError: there is none.
        """
        with self._lock:
            return self._find(token)

    def answers(self, token: str) -> Answers:
        """What a rater has answered.

        Raises:
            UnknownRaterError: there is no such rater.
        """
        with self._lock:
            found = stored_answers(self._database, self._study, token)
        if not found:
            raise UnknownRaterError
        return found[0]

    def begin(self, token: str) -> None:
        """Note that a rater gave consent.

        Raises:
            UnknownRaterError: there is no such rater.
        """
        with self._writing():
            self._find(token)
            self._database.execute("UPDATE rater SET begun = 1 WHERE token = ?", (token,))

    def save(self, token: str, vote: Vote) -> int:
        """Keep a vote, and return how many the rater has given.

        The same vote again changes nothing.

        Raises:
            UnknownRaterError: there is no such rater.
            ClosedError: the rater has finished.
            WrongVoteError: it is no vote of the rater's slot.
            OtherAnswerError: another vote of the same or a later turn is kept, and stays.
        """
        with self._writing():
            rater = self._find(token)
            if rater.finished:
                raise ClosedError
            self._check(rater, vote)
            values = vote.model_dump()
            self._database.execute(_SAVE, {"rater": token, **values})
            kept = self._database.execute(_KEPT, (token, vote.item)).fetchone()
            if kept != tuple(values[name] for name in _COMPARED):
                is_one = kept[-1] == vote.turn
                raise OtherAnswerError(
                    "two answers with one turn" if is_one else "an answer older than that kept"
                )
            self._database.execute(
                "UPDATE rater SET begun = 1 WHERE token = ? AND NOT begun", (token,)
            )
            (count,) = self._database.execute(
                "SELECT count(*) FROM vote WHERE rater = ?", (token,)
            ).fetchone()
        return int(count)

    def finish(self, token: str) -> int:
        """Close a rater's votes, and return 0; or return how many items have no answer yet.

        Raises:
            UnknownRaterError: there is no such rater.
        """
        with self._writing():
            rater = self._find(token)
            answered = {
                item
                for (item,) in self._database.execute(
                    "SELECT item FROM vote WHERE rater = ?", (token,)
                )
            }
            missing = self._asked(rater.slot) - answered
            if not missing:
                self._database.execute(
                    "UPDATE rater SET begun = 1, finished = 1 WHERE token = ?", (token,)
                )
        return len(missing)

    def _asked(self, slot: int) -> set[str]:
        """Items that a rater answers: all but practice."""
        items = {shown.item for shown in self._study.shown(slot)}
        return {item for item in items if self._study.item[item].role != "practice"}

    def _check(self, rater: Rater, vote: Vote) -> None:
        given = Answers(
            study=self._study.id,
            rater=rater.token,
            slot=rater.slot,
            way="server",
            finished=False,
            votes=(vote,),
        )
        try:
            check_answers(given, self._study, "")
        except InputError:
            raise WrongVoteError from None
        if self._study.item[vote.item].role == "practice":
            raise WrongVoteError

    def _find(self, token: str) -> Rater:
        row = self._database.execute(f"{_RATERS} WHERE token = ?", (token,)).fetchone()
        if row is None:
            raise UnknownRaterError
        return _rater(row)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        with self._lock, transaction(self._database):
            yield


_RATERS = "SELECT token, number, slot, begun, finished FROM rater"
_SAVE = """
INSERT INTO vote (rater, item, choice, ms, replays, changes, turn)
VALUES (:rater, :item, :choice, :ms, :replays, :changes, :turn)
ON CONFLICT (rater, item) DO UPDATE SET
    choice = excluded.choice, ms = excluded.ms, replays = excluded.replays,
    changes = excluded.changes, turn = excluded.turn
WHERE excluded.turn > vote.turn
"""
_COMPARED = ("choice", "ms", "replays", "changes", "turn")
_KEPT = f"SELECT {', '.join(_COMPARED)} FROM vote WHERE rater = ? AND item = ?"


def _rater(row: tuple[str, int, int, int, int]) -> Rater:
    token, number, slot, begun, finished = row
    return Rater(token, number, slot, bool(begun), bool(finished))
