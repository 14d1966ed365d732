"""The file: its tables, its versions, and how it is opened.

The version of the tables is SQLite's `user_version`. A file of an older one is brought forward when it is
opened; one of a later version, or another program's, is left alone.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

from sfnb.errors import StoreFault

Durability = Literal["full", "normal"]

APPLICATION_ID = 0x73666E62  # "sfnb"

_FIRST = """
CREATE TABLE executions (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    arn TEXT NOT NULL UNIQUE,
    owner INTEGER NOT NULL,
    machine INTEGER NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    definition TEXT,
    parent TEXT,
    child_index INTEGER,
    origin TEXT,
    origin_event INTEGER,
    status TEXT NOT NULL,
    started INTEGER NOT NULL,
    stopped INTEGER,
    error TEXT,
    events INTEGER NOT NULL,
    last_id INTEGER NOT NULL,
    redrive_count INTEGER NOT NULL
);
CREATE INDEX executions_tops ON executions (parent) WHERE parent IS NULL;
CREATE INDEX executions_by_machine ON executions (machine) WHERE parent IS NULL;
CREATE INDEX executions_by_status ON executions (status) WHERE parent IS NULL AND status <> 'SUCCEEDED';
CREATE INDEX executions_children ON executions (parent, child_index) WHERE parent IS NOT NULL;

CREATE TABLE chunks (
    place INTEGER PRIMARY KEY,
    count INTEGER NOT NULL,
    last_id INTEGER NOT NULL,
    data BLOB NOT NULL
);

CREATE TABLE machines (
    number INTEGER PRIMARY KEY,
    arn TEXT NOT NULL,
    name TEXT NOT NULL,
    UNIQUE (arn, name)
);
CREATE INDEX machines_by_name ON machines (name);

CREATE TABLE map_runs (
    arn TEXT NOT NULL,
    execution INTEGER NOT NULL,
    PRIMARY KEY (arn, execution)
) WITHOUT ROWID;
CREATE INDEX map_runs_by_execution ON map_runs (execution);

CREATE TABLE named_definitions (
    execution INTEGER NOT NULL,
    definition TEXT NOT NULL,
    PRIMARY KEY (execution, definition)
) WITHOUT ROWID;

CREATE TABLE definitions (
    key TEXT PRIMARY KEY,
    text TEXT NOT NULL
);

CREATE TABLE owners (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    pid INTEGER NOT NULL,
    host TEXT NOT NULL,
    started INTEGER NOT NULL
);
"""
"""Version 1. Moments are microseconds since 1970.

A chunk's `place` is its execution's number and the position of its first record (from 0): see `place`. An
index ends with the number of its row, so each of the first three lists executions in the order of their
making.
"""

_SECOND = """
ALTER TABLE executions ADD COLUMN version TEXT;
ALTER TABLE executions ADD COLUMN alias TEXT;
CREATE INDEX executions_by_version ON executions (version) WHERE version IS NOT NULL;
CREATE TABLE resources (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    arn TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    data BLOB NOT NULL
);
"""
"""Version 2: what an execution was started by; and state machines, versions, aliases, activities."""

_THIRD = """\
ALTER TABLE resources ADD COLUMN owner INTEGER NOT NULL DEFAULT 0;
CREATE INDEX resources_by_kind ON resources (kind, number);
"""
"""Version 3: which process holds a resource; triggers and what they have received."""

MIGRATIONS: Sequence[str] = (_FIRST, _SECOND, _THIRD)
"""What makes of each version the next, from 0, an empty file."""

CHECKPOINT_PAGES = 4_000
"""Pages in the WAL from which on a commit moves them to the file: a longer wait, four times as rare."""
LARGEST_LEFT_BYTES = 67_108_864
"""What the write-ahead log may keep of the disk once a large transaction is over."""

_RECORDS = 32


def place(execution: int, position: int) -> int:
    """Where the chunk whose first record has this position lies: an execution's chunks lie side by side.

    >>> place(3, 5) - place(3, 0), place(3, 0) - place(2, 2**32 - 1)
    (5, 1)
    """
    return (execution << _RECORDS) + position


def position(place: int) -> int:
    """The position in a chunk's `place`."""
    return place & (1 << _RECORDS) - 1


def make_file(path: Path) -> None:
    """Make an empty file, for its owner alone, and the folders that it needs; raises OSError."""
    missing = [folder for folder in path.parents if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(mode=0o700, exist_ok=True)
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        return


class Connection(sqlite3.Connection):
    """Closed when nobody has it any more: a store that was left for another one may still be read a while."""

    def __del__(self) -> None:
        with suppress(sqlite3.ProgrammingError):  # it never was open
            self.close()


def connect(path: Path, durability: Durability, busy_seconds: float) -> sqlite3.Connection:
    """A connection to a file that is there, from any thread, in which transactions are begun by hand."""
    connection = sqlite3.connect(
        f"{path.as_uri()}?mode=rw",
        uri=True,
        timeout=busy_seconds,
        isolation_level=None,
        check_same_thread=False,
        factory=Connection,
    )
    try:
        connection.execute(f"PRAGMA synchronous={durability}")
        connection.execute("PRAGMA fullfsync=ON")  # macOS: a plain fsync there does not reach the disk
        connection.execute(f"PRAGMA journal_size_limit={LARGEST_LEFT_BYTES}")
        connection.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
    except BaseException:
        connection.close()
        raise
    return connection


def prepare(
    connection: sqlite3.Connection, path: Path, busy_seconds: float, migrations: Sequence[str] = MIGRATIONS
) -> None:
    """Bring a file to the version that we write; raises StoreFault where it is not ours, or of a later."""
    connection.execute("BEGIN")  # one look: another process may be making the tables
    try:
        version = _version(connection, path, len(migrations))
    finally:
        roll_back(connection)
    if version < len(migrations):
        _migrate(connection, path, migrations)
    _write_ahead(connection, busy_seconds)


def _version(connection: sqlite3.Connection, path: Path, newest: int) -> int:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application != APPLICATION_ID and (application or version or tables):
        raise StoreFault(f"{path} is another program's SQLite database: name another file")
    if version > newest:
        raise StoreFault(
            f"the store {path} has version {version}, this sfnb knows up to {newest}: use a later sfnb"
        )
    return int(version)


def _migrate(connection: sqlite3.Connection, path: Path, migrations: Sequence[str]) -> None:
    """All steps in one transaction; another process may have been quicker."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        for step in migrations[_version(connection, path, len(migrations)) :]:
            for statement in step.split(";\n"):
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version={len(migrations)}")
        connection.execute("COMMIT")
    except BaseException:
        roll_back(connection)
        raise


def roll_back(connection: sqlite3.Connection) -> None:
    """Some faults, a full disk among them, have SQLite roll back by itself."""
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def _write_ahead(connection: sqlite3.Connection, busy_seconds: float) -> None:
    """Readers then do not wait for a writer. The mode stays with the file.

    SQLite does not wait where two processes set it at the same time, so we do.
    """
    if connection.execute("PRAGMA journal_mode").fetchone() == ("wal",):
        return
    until = time.monotonic() + busy_seconds
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as fault:
            if fault.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > until:
                raise
            time.sleep(0.005)
