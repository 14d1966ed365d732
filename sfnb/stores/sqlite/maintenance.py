"""What may go from a store, and how large it is."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from datetime import datetime

from sfnb.engine.execution import Status
from sfnb.engine.records import ExecutionFilter, ExecutionRecord
from sfnb.errors import SfnbError
from sfnb.stores.sqlite import catalogue, references
from sfnb.stores.sqlite.store import SqliteStore

DELETED_AT_A_TIME = 100
"""Executions, with their children: others can write in between."""
ENDED: Sequence[Status] = ("SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")


def deletable(
    store: SqliteStore, *, before: datetime, status: Sequence[Status] = ENDED
) -> Sequence[ExecutionRecord]:
    """The executions that have ended and began before a moment, newest first; their children not counted.

    status: how they ended. Raises SfnbError where executions without an end are asked for.
    """
    if "RUNNING" in status:
        raise SfnbError("an execution that has no end is not deleted: stop it first")
    return store.list(ExecutionFilter(before=before, status=status))


def delete(store: SqliteStore, *, before: datetime, status: Sequence[Status] = ENDED) -> int:
    """Delete what is `deletable`, with the children of its map runs; answers with how many, children too.

    Machines, dead owners and definitions that nothing is left of go too. The file keeps its size and uses
    the room again; `vacuum` gives it back.
    """
    return _delete_all(store, [record.arn for record in deletable(store, before=before, status=status)])


def delete_chosen(store: SqliteStore, chosen: Sequence[ExecutionRecord]) -> int:
    """Delete these executions, as `delete` does; also those that were interrupted, which cannot go on then.

    Raises ExecutionOwned where another process is going on with one, SfnbError where this one is, or where
    one is a map run's child; nothing is deleted then.
    """
    unended = [record for record in chosen if record.status not in ENDED]
    for record in chosen:
        if record.parent is not None:
            raise SfnbError(f"{record.arn} is a map run's child: it is deleted with its parent")
        if record in unended and record.owner == "us":
            raise SfnbError(f"{record.arn} has no end yet: stop it first")
    for record in unended:
        store.claim(record.arn)
    return _delete_all(store, [record.arn for record in chosen], {record.arn for record in unended})


def _delete_all(store: SqliteStore, arns: Sequence[str], unended: Collection[str] = ()) -> int:
    """unended: those that need not have ended."""
    deleted = 0
    for at in range(0, len(arns), DELETED_AT_A_TIME):
        deleted += _delete(store, arns[at : at + DELETED_AT_A_TIME], unended)
    _sweep(store)
    return deleted


def _delete(store: SqliteStore, arns: Sequence[str], unended: Collection[str]) -> int:
    gone: list[int] = []

    def work(connection: sqlite3.Connection) -> None:
        gone.clear()
        for arn in arns:
            held = catalogue.held(connection, arn)
            if held is None:
                continue
            if held.record.status not in ENDED and arn not in unended:  # it may have been redriven
                continue
            for number, _ in references.dependants(connection, held.number):
                catalogue.delete(connection, number)
                gone.append(number)

    store.write(work, durability="normal")
    return len(gone)


def _sweep(store: SqliteStore) -> None:
    """Remove what no execution names any more.

    Definitions are left where another process has the store open, as it may be about to start an execution.
    """

    def work(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM machines WHERE number NOT IN (SELECT machine FROM executions)")
        owners = [number for (number,) in connection.execute("SELECT number FROM owners")]
        alive = {number for number in owners if store.owners.is_alive(number)}
        if alive <= {store.number}:
            references.drop_definitions(connection, keep=store.kept_definitions)
        used = {number for (number,) in connection.execute("SELECT DISTINCT owner FROM executions")}
        dead = [(number,) for number in owners if number not in alive | used]
        connection.executemany("DELETE FROM owners WHERE number = ?", dead)

    store.write(work, durability="normal")


def vacuum(store: SqliteStore) -> int:
    """Give unused room back to the disk; answers with how many bytes.

    Needs as much free room as the file has, and that nobody else is writing.
    """
    before = size_bytes(store)
    store.rebuild()
    return before - size_bytes(store)


def size_bytes(store: SqliteStore) -> int:
    """What the store takes on the disk, with what is in its write-ahead log."""
    files = (store.path, store.path.with_name(store.path.name + "-wal"))
    return sum(file.stat().st_size for file in files if file.exists())
