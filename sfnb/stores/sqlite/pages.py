"""Logs read a page at a time: a long one is never in memory, and nothing stays open between two pages.

What stayed open would keep SQLite from emptying its write-ahead log.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from sfnb.engine.events import Event
from sfnb.errors import StoreFault
from sfnb.stores.sqlite.chunks import decoded
from sfnb.stores.sqlite.schema import place, position

PAGE_BYTES = 1_048_576

Read = Callable[[Callable[[sqlite3.Connection], Any]], Any]
"""Asks a connection something."""
_Page = list[tuple[int, bytes]]


def forward(read: Read, execution: str, after: int) -> Iterator[Event]:
    """An execution's records after the first `after`; those too that are appended in the meantime.

    Raises StoreFault at records that cannot be read.
    """
    start = read(partial(_start, execution, after))
    while start is not None:
        page: _Page = read(partial(_page_from, start))
        if not page:
            return
        for at, data in page:
            records = _records(execution, at, data)
            if at > start:
                raise _damaged(execution, position(start), "is missing")
            skipped = max(0, after - position(at))
            yield from records[skipped:] if skipped else records
            start = at + len(records)


def backward(read: Read, execution: str) -> Iterator[Event]:
    """An execution's records, the last one first; raises StoreFault at records that cannot be read."""
    number = read(partial(number_of, execution))
    if number is None:
        return
    first, end = place(number, 0), place(number + 1, 0)
    due: int | None = None
    while page := read(partial(_page_before, first, end)):
        for at, data in page:
            records = _records(execution, at, data)
            end = at + len(records)
            if end != (due or end):
                raise _damaged(execution, position(end), "is missing")
            yield from reversed(records)
            end = due = at
    if due is not None and due > first:
        raise _damaged(execution, 0, "is missing")


def number_of(execution: str, connection: sqlite3.Connection) -> int | None:
    row = connection.execute("SELECT number FROM executions WHERE arn = ?", (execution,)).fetchone()
    return None if row is None else int(row[0])


def _start(execution: str, after: int, connection: sqlite3.Connection) -> int | None:
    """The place of the chunk that holds the record after the first `after`, or of the last one."""
    number = number_of(execution, connection)
    if number is None:
        return None
    query = "SELECT max(place) FROM chunks WHERE place BETWEEN ? AND ?"
    (at,) = connection.execute(query, (place(number, 0), place(number, after))).fetchone()
    return place(number, 0) if at is None else int(at)


def _page_from(start: int, connection: sqlite3.Connection) -> _Page:
    query = "SELECT place, data FROM chunks WHERE place >= ? AND place < ? ORDER BY place"
    return _page(connection.execute(query, (start, start - position(start) + place(1, 0))))


def _page_before(first: int, end: int, connection: sqlite3.Connection) -> _Page:
    query = "SELECT place, data FROM chunks WHERE place >= ? AND place < ? ORDER BY place DESC"
    return _page(connection.execute(query, (first, end)))


def _page(rows: sqlite3.Cursor) -> _Page:
    page: _Page = []
    size_bytes = 0
    for row in rows:
        page.append(row)
        size_bytes += len(row[1])
        if size_bytes > PAGE_BYTES:
            break
    rows.close()
    return page


def _records(execution: str, at: int, data: bytes) -> list[Event]:
    try:
        return decoded(data)
    except ValueError as fault:
        raise _damaged(execution, position(at), f"cannot be read ({fault})") from fault


def _damaged(execution: str, position: int, what: str) -> StoreFault:
    return StoreFault(
        f"record {position + 1} of {execution} {what}: the store is damaged, or of a later sfnb;"
        " run `sfnb store check`"
    )
