"""A store in a file that is made with the first thing that is written, and opened no sooner than needed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sfnb.engine.events import Event
from sfnb.engine.ports import Append, EventStore, Resource
from sfnb.engine.records import ExecutionFilter, ExecutionRecord
from sfnb.errors import StoreFault
from sfnb.stores.memory import MemoryStore

if TYPE_CHECKING:
    from sfnb.stores.sqlite.schema import Durability
    from sfnb.stores.sqlite.store import SqliteStore


class LazyStore:
    """Passes everything on to the store in a file.

    While there is no file there is nothing to read. Where the file cannot be opened or written, that is
    told, once, and events are kept in memory from then on.

    path: the file. durability: as `SqliteStore` has it.
    tell: called with a sentence for a person.
    """

    def __init__(self, path: Path, durability: Durability, tell: Callable[[str], None]) -> None:
        self.path = path
        self.durability = durability
        self._tell = tell
        self._opening = threading.RLock()
        self._file: SqliteStore | None = None
        self._writes = False
        self._memory = MemoryStore()
        self.durable = True
        """Until the file turns out not to be usable."""

    @property
    def is_open(self) -> bool:
        """Whether the file has been looked into."""
        return self._file is not None

    def opened(self) -> SqliteStore | None:
        """The store in the file; None where there is no file yet, or where it cannot be opened."""
        with self._opening:
            if self._file is None and self.durable and self.path.exists():
                self._attempt(create=False)
            return self._file

    def open(self) -> None:
        """Make the file and open it, now; raises StoreFault where it cannot be written."""
        with self._opening:
            self._open(create=True)
            self.durable = True

    def _open(self, *, create: bool) -> None:
        from sfnb.stores.sqlite import SqliteStore

        if self._file is None:
            self._file = SqliteStore(self.path, durability=self.durability, create=create)
        if create and not self._writes:
            self._file.claim("")  # of no execution: only whether the file can be written
            self._writes = True

    def _attempt(self, *, create: bool) -> None:
        try:
            self._open(create=create)
        except StoreFault as fault:
            self.durable = False
            if self._file is not None:
                self._file.close()
                self._file = None
            self._tell(f"{fault}; so executions are kept in memory, and end with this process")

    def _reads(self) -> EventStore:
        return self.opened() or self._memory

    def _to_write(self) -> EventStore:
        if not self._writes:
            with self._opening:
                if not self._writes and self.durable:
                    self._attempt(create=True)
        return self._file or self._memory

    def append(self, execution: str, events: Sequence[Event], *, after: int) -> None:
        self._to_write().append(execution, events, after=after)

    def append_all(self, appends: Sequence[Append]) -> None:
        self._to_write().append_all(appends)

    def read(self, execution: str, *, after: int = 0) -> Iterator[Event]:
        return self._reads().read(execution, after=after)

    def read_back(self, execution: str) -> Iterator[Event]:
        return self._reads().read_back(execution)

    def forget(self, execution: str) -> None:
        self._reads().forget(execution)

    def executions(self) -> Sequence[str]:
        return self._reads().executions()

    def find(self, execution: str) -> ExecutionRecord | None:
        return self._reads().find(execution)

    def list(self, wanted: ExecutionFilter) -> Sequence[ExecutionRecord]:
        return self._reads().list(wanted)

    def map_runs(self, execution: str) -> Sequence[str]:
        return self._reads().map_runs(execution)

    def opener(self, map_run: str) -> str | None:
        return self._reads().opener(map_run)

    def claim(self, execution: str) -> None:
        self._to_write().claim(execution)

    def keep_definition(self, text: str) -> str:
        return self._to_write().keep_definition(text)

    def definition(self, key: str) -> str:
        return self._reads().definition(key)

    def keep_resource(self, arn: str, kind: str, data: bytes) -> None:
        self._to_write().keep_resource(arn, kind, data)

    def drop_resource(self, arn: str) -> None:
        self._reads().drop_resource(arn)

    def change_resources(self, *, keep: Sequence[Resource] = (), drop: Sequence[str] = ()) -> None:
        (self._to_write() if keep else self._reads()).change_resources(keep=keep, drop=drop)

    def hold_resource(self, arn: str) -> str | None:
        return self._to_write().hold_resource(arn)

    def resource(self, arn: str) -> bytes | None:
        return self._reads().resource(arn)

    def release_resource(self, arn: str) -> None:
        self._reads().release_resource(arn)

    def resources(self, kind: str) -> Sequence[bytes]:
        return self._reads().resources(kind)

    def close(self) -> None:
        with self._opening:
            if self._file is not None:
                self._file.close()
