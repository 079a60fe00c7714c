"""The databases of a study: made as a whole, checked when they are opened, read while others write.

SQLite in WAL mode with `synchronous=FULL`: what is committed is on the disk. Neither names,
addresses nor times are stored. Databases are readable by their owner alone, for tokens are in them.
"""

import contextlib
import hashlib
import os
import secrets
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from leo_bench.benchmarks.user_study.answers import Answers
from leo_bench.benchmarks.user_study.study import Study, load_study
from leo_bench.evaluation.errors import InfrastructureError, InputError
from leo_bench.evaluation.files.schema import parse

FORGOTTEN = "forgotten.txt"
PATIENCE = 30.0  # seconds to wait for another process that writes


@dataclass(frozen=True)
class Layout:
    """What is in a database.

    Args:
        file: its name in the folder of the study.
        mark: SQLite's `application_id`, by which it is recognised.
        version: of the tables, SQLite's `user_version`.
        tables: statements that make them; a table `study` has the column `id`.
    """

    file: str
    mark: int
    version: int
    tables: str


VOTES = Layout(
    "votes.sqlite",
    mark=0x4C454F56,
    version=1,
    tables="""
    CREATE TABLE study (
        id TEXT NOT NULL,
        operator TEXT NOT NULL,             -- token of the page for the one who runs the study
        entrance TEXT NOT NULL,             -- token of the link for everybody
        address TEXT NOT NULL DEFAULT ''    -- where the pages are, as `serve` printed it last
    ) STRICT;
    CREATE TABLE rater (
        token TEXT NOT NULL PRIMARY KEY CHECK (length(token) = 32),
        number INTEGER NOT NULL UNIQUE,
        slot INTEGER NOT NULL CHECK (slot >= 0),
        begun INTEGER NOT NULL DEFAULT 0 CHECK (begun IN (0, 1)),
        finished INTEGER NOT NULL DEFAULT 0 CHECK (finished IN (0, 1))
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE vote (
        rater TEXT NOT NULL REFERENCES rater (token) ON DELETE CASCADE,
        item TEXT NOT NULL,
        choice TEXT NOT NULL CHECK (choice IN ('left', 'right', 'yes', 'no')),
        ms INTEGER NOT NULL,
        replays INTEGER NOT NULL,
        changes INTEGER NOT NULL,
        turn INTEGER NOT NULL,
        PRIMARY KEY (rater, item)
    ) STRICT, WITHOUT ROWID;
    """,
)


def answers_in(folder: Path) -> list[Answers]:
    """Answers of all raters of a study who have begun; [] where no server has run.

    Raises:
        InputError: there is no study; the database is damaged, or another study's.
    """
    study = load_study(folder)
    with reading(folder, VOTES, study.id) as found:
        return [] if found is None else stored_answers(found, study)


def stored_answers(
    database: sqlite3.Connection, study: Study, token: str | None = None
) -> list[Answers]:
    """Answers of all raters who have begun, in the order of their invitation; or of one rater."""
    which, values = ("begun = 1", ()) if token is None else ("token = ?", (token,))
    columns = ("item", "choice", "ms", "replays", "changes", "turn")
    selected = f"SELECT rater, {', '.join(columns)} FROM vote JOIN rater ON token = rater"
    votes: dict[str, list[dict[str, object]]] = {}
    with transaction(database, "BEGIN"):
        raters = database.execute(
            f"SELECT token, slot, finished FROM rater WHERE {which} ORDER BY number", values
        ).fetchall()
        for rater, *found in database.execute(f"{selected} WHERE {which} ORDER BY turn", values):
            votes.setdefault(rater, []).append(dict(zip(columns, found, strict=True)))
    return [
        parse(
            Answers,
            {
                "study": study.id,
                "rater": rater,
                "slot": slot,
                "way": "server",
                "finished": bool(finished),
                "votes": votes.get(rater, []),
            },
            VOTES.file,
        )
        for rater, slot, finished in raters
    ]


def is_forgotten(folder: Path, token: str) -> bool:
    """Whether `leo-bench study forget` removed a rater."""
    path = folder / FORGOTTEN
    return (
        path.is_file()
        and _digest(token) in path.read_text(encoding="ascii", errors="replace").split()
    )


def note_forgotten(folder: Path, token: str) -> None:
    """Add a token to those whose answers are refused; its SHA-256 is written, and nothing else.

    Raises:
        InputError: the file cannot be written.
    """
    if is_forgotten(folder, token):
        return
    try:
        # One write at the end of the file, so that two processes may do it at once.
        with (folder / FORGOTTEN).open("a", encoding="ascii") as file:
            file.write(f"{_digest(token)}\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise InputError(f"{folder / FORGOTTEN}: cannot be written: {error.strerror}") from None


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@contextlib.contextmanager
def reading(folder: Path, layout: Layout, study: str) -> Iterator[sqlite3.Connection | None]:
    """The database of a study, to be read; None where there is none.

    Raises:
        InputError: it is damaged, another study's, or no such database.
        InfrastructureError: another process holds it.
    """
    path = folder / layout.file
    if not path.exists():
        yield None
        return
    with problems(path), contextlib.closing(_connect(path, "ro")) as database:
        _check(database, path, layout, study)
        yield database


def open_database(folder: Path, layout: Layout, study: str) -> sqlite3.Connection:
    """The database of a study, to be written; it is made where there is none.

    Raises:
        InputError, InfrastructureError: as `reading`; or it cannot be made.
    """
    path = folder / layout.file
    with problems(path):
        if not path.exists():
            _make(path, layout, study)
        database = _connect(path, "rw")
        try:
            _check(database, path, layout, study)
        except BaseException:
            database.close()
            raise
        return database


@contextlib.contextmanager
def transaction(database: sqlite3.Connection, begin: str = "BEGIN IMMEDIATE") -> Iterator[None]:
    """What the body does becomes visible, and durable, as a whole or not at all."""
    database.execute(begin)
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise


@contextlib.contextmanager
def problems(path: Path) -> Iterator[None]:
    """SQLite's errors as errors of leo-bench, in one line."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise InfrastructureError(f"{path}: {error}") from None
    except sqlite3.DatabaseError as error:
        raise InputError(f"{path}: is damaged, or no database: {error}") from None


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    database = sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?mode={mode}",
        uri=True,
        timeout=PATIENCE,
        isolation_level=None,  # transactions are begun by `transaction`
        check_same_thread=False,
    )
    for setting in (
        "foreign_keys = ON",
        "synchronous = FULL",
        "fullfsync = ON",  # of macOS, whose fsync does not reach the disk
        "secure_delete = ON",
        "temp_store = MEMORY",
        "trusted_schema = OFF",
    ):
        database.execute(f"PRAGMA {setting}")
    return database


def _make(path: Path, layout: Layout, study: str) -> None:
    """Make a database under another name and put it in place, unless another process did."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    try:
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        with contextlib.closing(_connect(temporary, "rw")) as database:
            (mode,) = database.execute("PRAGMA journal_mode = WAL").fetchone()
            if mode != "wal":
                raise InputError(f"{path}: SQLite's WAL mode does not work there; use a local disk")
            database.execute(f"PRAGMA application_id = {layout.mark}")
            database.execute(f"PRAGMA user_version = {layout.version}")
            database.executescript(layout.tables)
            columns = [name for _, name, *_ in database.execute("PRAGMA table_info(study)")]
            first = {"id": study, "address": ""}
            values = [first.get(name, secrets.token_hex(16)) for name in columns]
            places = ", ".join("?" * len(values))
            database.execute(f"INSERT INTO study VALUES ({places})", values)
        with contextlib.suppress(FileExistsError):
            os.link(temporary, path)
        _sync_folder(path.parent)
    except OSError as error:
        raise InputError(f"{path}: cannot be made: {error.strerror}") from None
    finally:
        temporary.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    with contextlib.suppress(PermissionError):  # Windows opens no folder
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _check(database: sqlite3.Connection, path: Path, layout: Layout, study: str) -> None:
    (mark,) = database.execute("PRAGMA application_id").fetchone()
    if mark != layout.mark:
        raise InputError(f"{path}: no database that leo-bench made; move it away")
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if version != layout.version:
        raise InputError(
            f"{path}: has layout {version}, this leo-bench reads {layout.version}; "
            "use the leo-bench that made it"
        )
    (sound,) = database.execute("PRAGMA quick_check(1)").fetchone()
    if sound != "ok":
        raise InputError(f"{path}: is damaged: {' '.join(sound.split())}")
    (found,) = database.execute("SELECT id FROM study").fetchone()
    if found != study:
        raise InputError(f"{path}: is of study {found}, not of {study}; move it away")
