"""Is a store whole?"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing

import msgspec
from msgspec import structs

from sfnb.engine.records import ExecutionRecord, recorded
from sfnb.stores.sqlite import catalogue
from sfnb.stores.sqlite.chunks import decoded
from sfnb.stores.sqlite.faults import told
from sfnb.stores.sqlite.references import USED, definition_key
from sfnb.stores.sqlite.schema import connect, place, position
from sfnb.stores.sqlite.store import SqliteStore


class Finding(msgspec.Struct, frozen=True):
    """Something that is wrong with a store. execution: whose; None: the file's as a whole."""

    message: str
    execution: str | None = None


def check(store: SqliteStore) -> list[Finding]:
    """All that is wrong: what SQLite finds, records that cannot be read or are missing, a row that says
    something else than its log, a definition that is not there or not what its key says.

    It sees one state of the store; others may write meanwhile.
    """
    store.check_usable()
    with (
        told(store.path, store.busy_seconds),
        closing(connect(store.path, "full", store.busy_seconds)) as own,
    ):
        own.execute("BEGIN")
        checks = (_damage, _strays, _faulty_definitions, _faulty_executions)
        return [finding for look in checks for finding in _guarded(look, own)]


def _guarded(
    look: Callable[[sqlite3.Connection], Iterator[Finding]], connection: sqlite3.Connection
) -> Iterator[Finding]:
    """Where SQLite itself cannot go on, that is a finding."""
    try:
        yield from look(connection)
    except sqlite3.DatabaseError as fault:
        yield Finding(f"SQLite cannot read on: {fault}")


def _damage(connection: sqlite3.Connection) -> Iterator[Finding]:
    for (line,) in connection.execute("PRAGMA integrity_check"):
        if line != "ok":
            yield Finding(f"SQLite finds: {line}")


def _strays(connection: sqlite3.Connection) -> Iterator[Finding]:
    query = "SELECT count(*) FROM chunks WHERE place >> 32 NOT IN (SELECT number FROM executions)"
    (count,) = connection.execute(query).fetchone()
    if count:
        yield Finding(f"there are records of executions that are not there, in {count} chunks")


def _faulty_definitions(connection: sqlite3.Connection) -> Iterator[Finding]:
    for key, text in connection.execute("SELECT key, text FROM definitions"):
        if definition_key(text) != key:
            yield Finding(f"the definition {key} has another text than when it was stored")
    query = f"SELECT arn, key FROM {USED} WHERE key NOT IN (SELECT key FROM definitions)"
    for arn, key in connection.execute(query):
        yield Finding(f"its definition {key} is not there", arn)


def _faulty_executions(connection: sqlite3.Connection) -> Iterator[Finding]:
    for number, arn in connection.execute("SELECT number, arn FROM executions ORDER BY number"):
        try:
            told_by_log = _folded(connection, number, arn)
        except (ValueError, sqlite3.DatabaseError) as fault:
            yield Finding(str(fault), arn)
            continue
        row = catalogue.find(connection, arn)
        assert row is not None
        written = catalogue.record(row, lambda _: "us")
        for field in structs.fields(ExecutionRecord):
            said, true = getattr(written, field.name), getattr(told_by_log, field.name)
            if said != true:
                yield Finding(f"its row says that {field.name} is {said!r}, its log {true!r}", arn)


def _folded(connection: sqlite3.Connection, number: int, arn: str) -> ExecutionRecord:
    """What an execution's log says of it; raises ValueError where it has a fault, which it names."""
    record: ExecutionRecord | None = None
    first = []
    at = place(number, 0)
    query = "SELECT place, count, last_id, data FROM chunks WHERE place >= ? AND place < ? ORDER BY place"
    for here, count, last_id, data in connection.execute(query, (at, place(number + 1, 0))):
        if here != at:
            raise ValueError(f"records {position(at) + 1} to {position(here)} are missing")
        try:
            records = decoded(data)
        except ValueError as fault:
            raise ValueError(f"records from {position(here) + 1} on cannot be read: {fault}") from fault
        last = next((event.id for event in reversed(records) if event.id), 0)
        if (count, last_id) != (len(records), last):
            raise ValueError(f"records from {position(here) + 1} on are not those that were counted")
        at += count
        if position(at) == 1:  # what was planned stands in the second record
            first = records
        else:
            record, first = recorded(arn, record, [*first, *records]), []
    if first:
        record = recorded(arn, None, first)
    if record is None:
        raise ValueError("it has no records")
    return structs.replace(record, error=catalogue.printable(record.error))
