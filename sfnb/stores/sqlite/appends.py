"""One append: the chunks that it becomes, and what it changes of its execution's row."""

from __future__ import annotations

import sqlite3

from sfnb.engine.facts import DefinitionReplaced, ExecutionPlanned
from sfnb.engine.ports import Append
from sfnb.engine.records import recorded
from sfnb.stores.sqlite import catalogue, references
from sfnb.stores.sqlite.catalogue import Held
from sfnb.stores.sqlite.chunks import chunks, decoded
from sfnb.stores.sqlite.schema import place


class Batch:
    """What is appended to one execution, made ready before anybody has to wait for it."""

    __slots__ = ("_chunks", "_events", "_kinds", "after", "execution")

    def __init__(self, append: Append) -> None:
        self.execution = append.execution
        self.after = append.after
        self._events = append.events
        self._kinds = set(map(type, append.events))
        self._chunks = list(chunks(append.events))

    def write(self, connection: sqlite3.Connection, held: Held | None, owner: int) -> None:
        """Inside a transaction. held: what there is of the execution."""
        if not self._chunks:
            return
        if held is None:
            number = catalogue.insert(connection, recorded(self.execution, None, self._events), owner)
        else:
            number = held.number
            if DefinitionReplaced in self._kinds:
                references.add_definition(connection, number, held.record.definition)
            self._change(connection, held)
        catalogue.add_chunks(connection, place(number, self.after), self._chunks)
        if not self._kinds.isdisjoint(references.REFERRING):
            references.add_references(connection, number, self._events)

    def _change(self, connection: sqlite3.Connection, held: Held) -> None:
        if self.after == 1 and isinstance(self._events[0], ExecutionPlanned):
            query = "SELECT data FROM chunks WHERE place = ?"
            (data,) = connection.execute(query, (place(held.number, 0),)).fetchone()
            record = recorded(self.execution, None, [*decoded(data), *self._events])
            catalogue.rewrite(connection, held.number, record)
            return
        last_id = max(chunk.last_id for chunk in self._chunks)
        catalogue.update(connection, held, self._events, self._kinds, last_id)
