"""What executions name: the map runs whose children are executions too, and definitions."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Collection, Iterable

from sfnb.engine import events as ev
from sfnb.engine.facts import DefinitionReplaced, ExecutionPlanned

REFERRING: frozenset[type[ev.Event]] = frozenset((ev.MapRunStarted, DefinitionReplaced))
"""The events that name something else in the store."""

USED = """
(
    SELECT arn, definition AS key FROM executions WHERE definition IS NOT NULL
    UNION
    SELECT arn, named_definitions.definition FROM named_definitions JOIN executions ON number = execution
)
"""
"""The ARNs of executions, and the keys of the definitions that each of them names."""

_FAMILY = """
WITH RECURSIVE family (member) AS (
    VALUES (?)
    UNION
    SELECT executions.number
    FROM family
    JOIN map_runs ON map_runs.execution = member {alone}
    JOIN executions ON executions.parent = map_runs.arn
)
SELECT number, arn FROM family JOIN executions ON number = member ORDER BY number
"""


_ALONE = (
    "AND NOT EXISTS (SELECT 1 FROM map_runs AS other WHERE other.arn = map_runs.arn AND execution != member)"
)


def add_references(connection: sqlite3.Connection, number: int, events: Iterable[ev.Event]) -> None:
    """Which map runs an execution has, so that its children can be found, and which definitions it has had.

    events: need not be looked at unless some are of the classes `REFERRING`, as the row has the definition.
    """
    for event in events:
        if isinstance(event, ev.MapRunStarted):
            query = "INSERT OR IGNORE INTO map_runs (arn, execution) VALUES (?, ?)"
            connection.execute(query, (event.map_run_arn, number))
        elif isinstance(event, DefinitionReplaced | ExecutionPlanned):
            add_definition(connection, number, event.definition)


def map_runs(connection: sqlite3.Connection, execution: str) -> list[str]:
    """The ARNs of the map runs that an execution has."""
    query = "SELECT map_runs.arn FROM map_runs JOIN executions ON number = execution WHERE executions.arn = ?"
    return [arn for (arn,) in connection.execute(query, (execution,))]


def opener(connection: sqlite3.Connection, map_run: str) -> str | None:
    """The ARN of the execution that opened a map run: a fork that has it too is younger."""
    query = (
        "SELECT executions.arn FROM map_runs JOIN executions ON number = execution WHERE map_runs.arn = ?"
        " ORDER BY number LIMIT 1"
    )
    row = connection.execute(query, (map_run,)).fetchone()
    return None if row is None else str(row[0])


def add_definition(connection: sqlite3.Connection, number: int, definition: str | None) -> None:
    """An execution's log names a definition, besides the one that its row has."""
    if definition is not None:
        query = "INSERT OR IGNORE INTO named_definitions (execution, definition) VALUES (?, ?)"
        connection.execute(query, (number, definition))


def family(connection: sqlite3.Connection, number: int) -> list[tuple[int, str]]:
    """Number and ARN of an execution, of the children of its map runs, of theirs, and so on; oldest first."""
    return connection.execute(_FAMILY.format(alone=""), (number,)).fetchall()


def dependants(connection: sqlite3.Connection, number: int) -> list[tuple[int, str]]:
    """The same without the children that another execution has too: a fork shares those of its origin."""
    return connection.execute(_FAMILY.format(alone=_ALONE), (number,)).fetchall()


def definitions_of(connection: sqlite3.Connection, arn: str) -> list[tuple[str, str]]:
    """Keys and texts of the definitions that an execution was begun with, or given later."""
    query = f"SELECT key, text FROM definitions WHERE key IN (SELECT key FROM {USED} WHERE arn = ?)"
    return connection.execute(query, (arn,)).fetchall()


def definition_key(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def keep_definition(connection: sqlite3.Connection, key: str, text: str) -> None:
    connection.execute("INSERT OR IGNORE INTO definitions (key, text) VALUES (?, ?)", (key, text))


def drop_definitions(connection: sqlite3.Connection, *, keep: Collection[str]) -> None:
    """Drop the definitions that no execution names, but for these."""
    query = f"SELECT key FROM definitions WHERE key NOT IN (SELECT key FROM {USED})"
    unused = [(key,) for (key,) in connection.execute(query) if key not in keep]
    connection.executemany("DELETE FROM definitions WHERE key = ?", unused)
