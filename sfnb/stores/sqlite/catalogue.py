"""What the store knows of each execution without reading its log: rows of `executions` and records."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sfnb.engine import events as ev
from sfnb.engine.facts import DefinitionReplaced
from sfnb.engine.records import ExecutionFilter, ExecutionRecord, Owner, recorded
from sfnb.stores.sqlite.chunks import Chunk
from sfnb.stores.sqlite.schema import place

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_CHANGING = frozenset((*ev.TERMINAL, ev.ExecutionRedriven, DefinitionReplaced))
"""The events that change more of a record than its counts."""

_CHANGES = "definition, status, stopped, error, events, last_id, redrive_count"
"""What may change of an execution."""

_NAMES = f"""
arn, machine, name, kind, parent, child_index, origin, origin_event, version, alias, started, {_CHANGES}
"""

_COLUMNS = f"""
SELECT executions.number, executions.arn, executions.owner, machines.arn, machines.name, executions.name,
    kind, parent, child_index, origin, origin_event, version, alias, started, {_CHANGES}
FROM executions LEFT JOIN machines ON machines.number = executions.machine
"""

Row = tuple[Any, ...]


def microseconds(moment: datetime) -> int:
    """
    >>> microseconds(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC))
    1000000
    """
    return (moment - _EPOCH) // _MICROSECOND


def moment(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)


def printable(error: str | None) -> str | None:
    """An error's name as a row has it: with question marks for what is no Unicode."""
    return None if error is None else error.encode(errors="replace").decode()


class Held:
    """What an append has to know of an execution that is there."""

    __slots__ = ("number", "owner", "record")

    def __init__(self, number: int, owner: int, record: ExecutionRecord) -> None:
        self.number = number
        self.owner = owner
        self.record = record
        """What may change of it; the rest is not read."""


def held(connection: sqlite3.Connection, arn: str) -> Held | None:
    """The row of an execution; None where there is none."""
    row = connection.execute(
        f"SELECT number, owner, {_CHANGES} FROM executions WHERE arn = ?", (arn,)
    ).fetchone()
    if row is None:
        return None
    number, owner, *changes = row
    return Held(number, owner, ExecutionRecord(arn=arn, started=_EPOCH, **_changed(changes)))


def insert(connection: sqlite3.Connection, record: ExecutionRecord, owner: int) -> int:
    """Add an execution; answers with its number."""
    values = (owner, *_values(connection, record))
    number = connection.execute(
        f"INSERT INTO executions (owner, {_NAMES}) VALUES (?{', ?' * (len(values) - 1)})", values
    ).lastrowid
    assert number is not None
    return number


def rewrite(connection: sqlite3.Connection, number: int, record: ExecutionRecord) -> None:
    """Make an execution's row say what `record` says, but for its owner."""
    values = _values(connection, record)
    connection.execute(
        f"UPDATE executions SET ({_NAMES}) = (?{', ?' * (len(values) - 1)}) WHERE number = ?",
        (*values, number),
    )


def _values(connection: sqlite3.Connection, record: ExecutionRecord) -> Row:
    """What stands under `_NAMES`."""
    return (
        record.arn,
        _machine(connection, record.machine, record.machine_name),
        record.name,
        record.kind,
        record.parent,
        record.index,
        record.origin,
        record.origin_event,
        record.version,
        record.alias,
        microseconds(record.started),
        *_changes(record),
    )


def _changes(record: ExecutionRecord) -> Row:
    """What stands under `_CHANGES`."""
    return (
        record.definition,
        record.status,
        None if record.stopped is None else microseconds(record.stopped),
        printable(record.error),
        record.events,
        record.last_id,
        record.redrive_count,
    )


def _changed(values: Sequence[Any]) -> dict[str, Any]:
    """The fields of a record that `values`, which stand under `_CHANGES`, are of."""
    definition, status, stopped, error, events, last_id, redrive_count = values
    return {
        "definition": definition,
        "status": status,
        "stopped": None if stopped is None else moment(stopped),
        "error": error,
        "events": events,
        "last_id": last_id,
        "redrive_count": redrive_count,
    }


def add_chunks(connection: sqlite3.Connection, at: int, chunks: Iterable[Chunk]) -> None:
    """Add consecutive chunks; `at` is the place of the first one."""
    for chunk in chunks:
        connection.execute(
            "INSERT INTO chunks (place, count, last_id, data) VALUES (?, ?, ?, ?)",
            (at, chunk.count, chunk.last_id, chunk.data),
        )
        at += chunk.count


def _machine(connection: sqlite3.Connection, arn: str, name: str) -> int:
    """The number of a machine."""
    find = "SELECT number FROM machines WHERE arn = ? AND name = ?"
    row = connection.execute(find, (arn, name)).fetchone()
    if row is None:
        return (
            connection.execute("INSERT INTO machines (arn, name) VALUES (?, ?)", (arn, name)).lastrowid or 0
        )
    return int(row[0])


def update(
    connection: sqlite3.Connection,
    known: Held,
    events: Sequence[ev.Event],
    kinds: set[type[ev.Event]],
    last_id: int,
) -> None:
    """Take up `events`, which are appended. kinds: their classes. last_id: of their AWS events, or 0."""
    before = known.record
    if kinds.isdisjoint(_CHANGING):
        connection.execute(
            "UPDATE executions SET events = ?, last_id = ? WHERE number = ?",
            (before.events + len(events), max(last_id, before.last_id), known.number),
        )
        return
    record = recorded(before.arn, before, events)
    connection.execute(
        f"UPDATE executions SET ({_CHANGES}) = (?, ?, ?, ?, ?, ?, ?) WHERE number = ?",
        (*_changes(record), known.number),
    )


def find(connection: sqlite3.Connection, arn: str) -> Row | None:
    row: Row | None = connection.execute(f"{_COLUMNS} WHERE executions.arn = ?", (arn,)).fetchone()
    return row


def matching(connection: sqlite3.Connection, wanted: ExecutionFilter) -> list[Row]:
    """The rows that are wanted, in their order."""
    return connection.execute(*_query(connection, wanted)).fetchall()


def _query(connection: sqlite3.Connection, wanted: ExecutionFilter) -> tuple[str, list[Any]]:
    """What to ask, and the values that it asks with."""
    terms, values = ["parent IS NULL"], list[Any]()
    order = "executions.number DESC"
    if wanted.parent is not None:
        terms, values = ["parent = ?"], [wanted.parent]
        order = "child_index, executions.number DESC"
    if wanted.machine is not None:
        query = "SELECT number FROM machines WHERE arn = ? OR name = ?"
        numbers = [number for (number,) in connection.execute(query, (wanted.machine, wanted.machine))]
        terms.append(f"machine IN ({', '.join(map(str, numbers))})")
    if wanted.status is not None:
        terms.append(f"status IN ({', '.join('?' * len(wanted.status))})")
        values += wanted.status
        if "SUCCEEDED" not in wanted.status:
            terms.append("status <> 'SUCCEEDED'")  # said, so that the index is used which leaves those out
    for term, value in (
        ("executions.name GLOB ?", wanted.name),
        ("started >= ?", None if wanted.after is None else microseconds(wanted.after)),
        ("started < ?", None if wanted.before is None else microseconds(wanted.before)),
        ("version = ?", wanted.version),
        ("alias = ?", wanted.alias),
        ("(redrive_count > 0) = ?", wanted.redriven),
        ("executions.number < (SELECT number FROM executions WHERE arn = ?)", wanted.older_than),
    ):
        if value is not None:
            terms.append(term)
            values.append(value)
    values += [-1 if wanted.limit is None else wanted.limit, wanted.offset]
    return f"{_COLUMNS} WHERE {' AND '.join(terms)} ORDER BY {order} LIMIT ? OFFSET ?", values


def record(row: Row, owner: Callable[[int], Owner]) -> ExecutionRecord:
    """The record of a row. owner: what an owner's number means; asked of what has no end alone."""
    (_, arn, number, machine, machine_name, name, kind, parent, index, origin, origin_event) = row[:11]
    version, alias, started, *changes = row[11:]
    changed = _changed(changes)
    return ExecutionRecord(
        arn=arn,
        started=moment(started),
        name=name,
        machine=machine,
        machine_name=machine_name,
        kind=kind,
        parent=parent,
        index=index,
        origin=origin,
        origin_event=origin_event,
        version=version,
        alias=alias,
        owner=owner(number) if changed["status"] == "RUNNING" else "us",
        **changed,
    )


def delete(connection: sqlite3.Connection, number: int) -> None:
    """Drop an execution with its log."""
    first, end = place(number, 0), place(number + 1, 0)
    connection.execute("DELETE FROM chunks WHERE place >= ? AND place < ?", (first, end))
    connection.execute("DELETE FROM map_runs WHERE execution = ?", (number,))
    connection.execute("DELETE FROM named_definitions WHERE execution = ?", (number,))
    connection.execute("DELETE FROM executions WHERE number = ?", (number,))
