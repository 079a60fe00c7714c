"""Identifiers of a crowd-working site: who comes back to which token, and completion. No votes."""

import json
import re
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self
from urllib.parse import quote

from leo_bench.benchmarks.study_server.database import Layout, open_database, transaction
from leo_bench.benchmarks.study_server.raters import Raters, UnknownRaterError
from leo_bench.benchmarks.user_study.answers import completion_code
from leo_bench.benchmarks.user_study.page_data import Ending
from leo_bench.benchmarks.user_study.study import Study

IDENTIFIERS = Layout(
    "identifiers.sqlite",
    mark=0x4C454F49,
    version=1,
    tables="""
    CREATE TABLE study (id TEXT NOT NULL) STRICT;
    CREATE TABLE person (
        name TEXT NOT NULL PRIMARY KEY,     -- the first identifier, which is the person's
        given TEXT NOT NULL,                -- all identifiers of the link, a JSON object
        token TEXT NOT NULL UNIQUE
    ) STRICT, WITHOUT ROWID;
    """,
)
VALUE = re.compile(r"[A-Za-z0-9_.@~:-]{1,128}")


class Identifiers:
    """Who came through the link for everybody; to be closed, or used in a `with` statement.

    Args:
        folder: of the study.
        study: the study.
        ending: names of identifiers; the first tells persons apart. And the end on their site.

    Raises:
        InputError: the database is damaged, or another study's.
    """

    def __init__(self, folder: Path, study: Study, ending: Ending) -> None:
        self._study = study.id
        self._ending = ending
        self._lock = threading.Lock()
        self._database = open_database(folder, IDENTIFIERS, study.id)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._database.close()

    @property
    def names(self) -> Sequence[str]:
        """Identifiers that a link must have."""
        return self._ending.identifiers

    def token_of(self, given: Mapping[str, str], raters: Raters) -> str:
        """The token of a person, who is invited on the first visit.

        Args:
            given: value of each of `names`, as `VALUE` allows them.
            raters: of the study.
        """
        name = given[self.names[0]]
        with self._lock, transaction(self._database):
            row = self._database.execute(
                "SELECT token FROM person WHERE name = ?", (name,)
            ).fetchone()
            token = "" if row is None else str(row[0])
            try:
                raters.find(token)
            except UnknownRaterError:  # the first visit
                token = raters.invite(1)[0].token
            self._database.execute(
                "INSERT OR REPLACE INTO person VALUES (?, ?, ?)",
                (name, json.dumps(dict(given), sort_keys=True), token),
            )
        return token

    def ending_of(self, token: str) -> Ending:
        """What a person finds at the end: the address has the code and the identifiers in it.

        Whoever came by an invitation goes nowhere, and has no identifiers.
        """
        with self._lock:
            row = self._database.execute(
                "SELECT given FROM person WHERE token = ?", (token,)
            ).fetchone()
        if row is None:
            return Ending(identifiers=())
        code = self._ending.code or completion_code(self._study, token)
        address = self._ending.completion
        for name, value in {**json.loads(row[0]), "CODE": code}.items():
            address = address.replace(f"{{{name}}}", quote(value, safe=""))
        return Ending(completion=address, code=code, identifiers=self._ending.identifiers)
