"""Events in a file of SQLite's."""

from __future__ import annotations

import os
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TypeVar

from sfnb.engine import events as ev
from sfnb.engine.ports import Append, Resource
from sfnb.engine.records import ExecutionFilter, ExecutionRecord, Owner
from sfnb.errors import ExecutionOwned, StaleAppend, StoreFault
from sfnb.stores.sqlite import catalogue, references
from sfnb.stores.sqlite.appends import Batch
from sfnb.stores.sqlite.catalogue import Held
from sfnb.stores.sqlite.faults import told
from sfnb.stores.sqlite.locks import HeldLock
from sfnb.stores.sqlite.owners import NOBODY, Owners
from sfnb.stores.sqlite.pages import backward, forward
from sfnb.stores.sqlite.schema import Durability, connect, make_file, prepare
from sfnb.stores.sqlite.writer import Work, Writer

Answer = TypeVar("Answer")

KNOWN_DEFINITIONS = 256
"""How many keys of definitions a store remembers to have kept."""


class SqliteStore:
    """An event store in one file, for any number of processes.

    path: the file; with `-wal` and `-shm` beside it while it is open, and a folder of locks, `.locks`. It is
        made, for its owner alone, unless `create` is false.
    durability: what an append promises once it has returned. "full": it survives a power cut. "normal": it
        survives the end of the process, also by force, but the last ones may be lost in a power cut. With
        either, the file is never damaged and no append is ever there in part.
    busy_seconds: how long to wait for another process that is writing.

    Raises StoreFault where the file cannot be opened, is not a store, or is one of a later sfnb. A forked
    child cannot use its parent's store: it opens one of its own.
    """

    durable = True

    def __init__(
        self,
        path: str | Path,
        *,
        durability: Durability = "full",
        busy_seconds: float = 5.0,
        create: bool = True,
    ) -> None:
        self.path = Path(path).resolve()  # so that all find the same locks
        self.busy_seconds = busy_seconds
        self._refusal: str | None = None
        self.number: int | None = None
        self._lock: HeldLock | None = None
        self._registering = threading.Lock()
        self._reading = threading.Lock()
        self.kept_definitions: dict[str, None] = {}
        self.owners = Owners(self.path)
        self._open(durability, create)
        _when_forked(self)

    def _open(self, durability: Durability, create: bool) -> None:
        if create:
            try:
                make_file(self.path)
            except OSError as fault:
                raise StoreFault(f"the store {self.path} cannot be made: {fault.strerror}") from fault
        elif not self.path.exists():
            raise StoreFault(f"there is no store at {self.path}")
        with told(self.path, self.busy_seconds):
            connection = connect(self.path, durability, self.busy_seconds)
            try:
                prepare(connection, self.path, self.busy_seconds)
                self._reader = connect(self.path, durability, self.busy_seconds)
            except BaseException:
                connection.close()
                raise
        self.writer = Writer(connection, self.path, durability, self.busy_seconds)

    # Appending

    def append(self, execution: str, events: Sequence[ev.Event], *, after: int) -> None:
        self.append_all([Append(execution, events, after)])

    def append_all(self, appends: Sequence[Append]) -> None:
        owner = self._own()
        batches = [Batch(append) for append in appends]

        def work(connection: sqlite3.Connection) -> None:
            found = [self._checked(connection, batch, owner) for batch in batches]
            for batch, held in zip(batches, found, strict=True):
                batch.write(connection, held, owner)

        self.write(work)

    def _checked(self, connection: sqlite3.Connection, batch: Batch, owner: int) -> Held | None:
        """What there is of the execution; raises StaleAppend where the batch may not be written."""
        held = catalogue.held(connection, batch.execution)
        count = held.record.events if held else 0
        if held is not None and held.owner != owner:
            name = self.owners.name(connection, held.owner)
            raise StaleAppend(f"{batch.execution} is not ours to go on with: {name} has it")
        if count != batch.after:
            raise StaleAppend(f"{batch.execution} holds {count} events, the writer knew of {batch.after}")
        return held

    def _own(self) -> int:
        """Our number among the owners; registers us where we have none yet."""
        self.check_usable()
        if self.number is None:
            with self._registering:
                if self.number is None:
                    self._register()
        assert self.number is not None
        return self.number

    def _register(self) -> None:
        registered: list[tuple[int, HeldLock]] = []

        def work(connection: sqlite3.Connection) -> None:
            while registered:  # an attempt that was rolled back
                registered.pop()[1].release()
            try:
                registered.append(self.owners.register(connection))
            except OSError as fault:
                raise StoreFault(f"the store {self.path} cannot take its lock: {fault}") from fault

        try:
            self.write(work)
        except BaseException:
            for _, lock in registered:
                lock.release()
            raise
        self.number, self._lock = registered[0]

    def write(self, work: Work, *, durability: Durability | None = None) -> None:
        """Do `work` in a transaction; see `Writer.write`."""

        def checked(connection: sqlite3.Connection) -> None:
            self.check_usable()
            work(connection)

        self.check_usable()
        self.writer.write(checked, durability=durability)

    def check_usable(self) -> None:
        """Raises StoreFault where this store cannot be used any more."""
        if self._refusal is not None:
            raise StoreFault(f"the store {self.path} {self._refusal}")

    # Reading

    def read(self, execution: str, *, after: int = 0) -> Iterator[ev.Event]:
        self.check_usable()
        return forward(self.ask, execution, after)

    def read_back(self, execution: str) -> Iterator[ev.Event]:
        self.check_usable()
        return backward(self.ask, execution)

    def executions(self) -> Sequence[str]:
        rows = self.ask(
            lambda reader: reader.execute("SELECT arn FROM executions ORDER BY number").fetchall()
        )
        return [arn for (arn,) in rows]

    def find(self, execution: str) -> ExecutionRecord | None:
        row = self.ask(lambda reader: catalogue.find(reader, execution))
        return None if row is None else catalogue.record(row, self._means())

    def list(self, wanted: ExecutionFilter) -> Sequence[ExecutionRecord]:
        rows = self.ask(lambda reader: catalogue.matching(reader, wanted))
        means = self._means()
        return [catalogue.record(row, means) for row in rows]

    def map_runs(self, execution: str) -> Sequence[str]:
        return self.ask(lambda reader: references.map_runs(reader, execution))

    def opener(self, map_run: str) -> str | None:
        return self.ask(lambda reader: references.opener(reader, map_run))

    def _means(self) -> Callable[[int], Owner]:
        """What an owner's number means to us; each is asked for once."""
        ours = self.number

        @cache
        def means(number: int) -> Owner:
            if number == ours:
                return "us"
            return "others" if self.owners.is_alive(number) else "nobody"

        return means

    def ask(self, ask: Callable[[sqlite3.Connection], Answer]) -> Answer:
        """Ask the connection that reads, which waits for nobody who writes."""
        self.check_usable()
        with self._reading, told(self.path, self.busy_seconds):
            return ask(self._reader)

    # Owning

    def claim(self, execution: str) -> None:
        owner = self._own()

        def work(connection: sqlite3.Connection) -> None:
            held = catalogue.held(connection, execution)
            if held is None or held.owner == owner:
                return
            self._check_free(connection, held)
            connection.execute("UPDATE executions SET owner = ? WHERE number = ?", (owner, held.number))

        self.write(work, durability="normal")  # nobody is left to claim it from after a power cut

    def forget(self, execution: str) -> None:
        """Raises ExecutionOwned where another process is going on with it."""

        def work(connection: sqlite3.Connection) -> None:
            held = catalogue.held(connection, execution)
            if held is None:
                return
            if held.owner != self.number:
                self._check_free(connection, held)
            catalogue.delete(connection, held.number)

        self.write(work, durability="normal")  # a power cut may bring it back: it is forgotten again

    def _check_free(self, connection: sqlite3.Connection, held: Held) -> None:
        """Raises ExecutionOwned where another owner that lives is going on with an execution."""
        if held.record.status == "RUNNING" and self.owners.is_alive(held.owner):
            name = self.owners.name(connection, held.owner)
            raise ExecutionOwned(f"{name} is going on with {held.record.arn}")

    # Definitions

    def keep_definition(self, text: str) -> str:
        key = references.definition_key(text)
        if key not in self.kept_definitions:
            self._own()
            self.write(lambda connection: references.keep_definition(connection, key, text))
            self.kept_definitions[key] = None
            while len(self.kept_definitions) > KNOWN_DEFINITIONS:
                self.kept_definitions.pop(next(iter(self.kept_definitions)), None)
        return key

    def definition(self, key: str) -> str:
        query = "SELECT text FROM definitions WHERE key = ?"
        row = self.ask(lambda reader: reader.execute(query, (key,)).fetchone())
        if row is None:
            raise KeyError(key)
        return str(row[0])

    # Resources

    def keep_resource(self, arn: str, kind: str, data: bytes) -> None:
        self.change_resources(keep=[Resource(arn, kind, data)])

    def drop_resource(self, arn: str) -> None:
        self.change_resources(drop=[arn])

    def change_resources(self, *, keep: Sequence[Resource] = (), drop: Sequence[str] = ()) -> None:
        if keep:
            self._own()

        def work(connection: sqlite3.Connection) -> None:
            connection.executemany(
                "INSERT INTO resources (arn, kind, data) VALUES (?, ?, ?)"
                " ON CONFLICT (arn) DO UPDATE SET kind = excluded.kind, data = excluded.data",
                keep,
            )
            connection.executemany("DELETE FROM resources WHERE arn = ?", [(arn,) for arn in drop])

        self.write(work)

    def hold_resource(self, arn: str) -> str | None:
        owner = self._own()
        held: list[str] = []

        def work(connection: sqlite3.Connection) -> None:
            held.clear()
            row = connection.execute("SELECT owner FROM resources WHERE arn = ?", (arn,)).fetchone()
            if row is None or row[0] == owner:
                return
            if self.owners.is_alive(row[0]):
                held.append(self.owners.name(connection, row[0]))
                return
            connection.execute("UPDATE resources SET owner = ? WHERE arn = ?", (owner, arn))

        self.write(work, durability="normal")  # nobody is left to hold it after a power cut
        return held[0] if held else None

    def resource(self, arn: str) -> bytes | None:
        query = "SELECT data FROM resources WHERE arn = ?"
        row = self.ask(lambda reader: reader.execute(query, (arn,)).fetchone())
        return None if row is None else bytes(row[0])

    def release_resource(self, arn: str) -> None:
        def work(connection: sqlite3.Connection) -> None:
            connection.execute(
                "UPDATE resources SET owner = ? WHERE arn = ? AND owner = ?", (NOBODY, arn, self.number)
            )

        self.write(work, durability="normal")

    def resources(self, kind: str) -> Sequence[bytes]:
        query = "SELECT data FROM resources WHERE kind = ? ORDER BY number"
        return [data for (data,) in self.ask(lambda reader: reader.execute(query, (kind,)).fetchall())]

    # The end

    def rebuild(self) -> None:
        """Write the file anew, with no unused room, and empty the write-ahead log into it."""
        self.check_usable()
        with self.writer.lock, told(self.path, self.busy_seconds):
            self.writer.connection.execute("VACUUM")
            self.writer.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Let go of the file and the lock; may be called again. All else then raises StoreFault."""
        if self._refusal is not None:
            return
        with self.writer.lock, self._reading:
            if self._refusal is not None:
                return
            self._refusal = "is closed"
            self._reader.close()
            self.writer.connection.close()
            if self._lock is not None:
                self._lock.release()

    def stay_behind(self) -> None:
        """In a forked child: leave all to the parent. The connections are not closed, as SQLite asks."""
        self._refusal = "was opened by the process that this one was forked from: open it anew"
        if self._lock is not None:
            self._lock.drop()


def _when_forked(store: SqliteStore) -> None:
    if hasattr(os, "register_at_fork"):
        known = weakref.ref(store)

        def leave() -> None:
            store = known()
            if store is not None:
                store.stay_behind()

        os.register_at_fork(after_in_child=leave)
