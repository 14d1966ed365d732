"""Transactions: one at a time, each for all who wait to write.

Theory of operation. A commit costs a sync of the disk, however little it writes. So whoever wants to write
puts its work into a queue and asks for the lock; whoever gets the lock does all the work that is in the queue
by then, in one transaction. The others find theirs done when they get the lock.

A piece of work that is refused says so before it writes anything, and so spoils nothing for the others. Where
SQLite fails, all is rolled back and each piece is tried again by itself.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path

from sfnb.errors import SfnbError
from sfnb.stores.sqlite.faults import store_fault
from sfnb.stores.sqlite.schema import Durability, roll_back

Work = Callable[[sqlite3.Connection], None]
"""What is done in a transaction; may be done again after it was rolled back.

Raises SfnbError where it is refused, before it writes.
"""


class _Waiting:
    """A piece of work in the queue."""

    __slots__ = ("done", "durability", "fault", "work")

    def __init__(self, work: Work, durability: Durability) -> None:
        self.work = work
        self.durability = durability
        self.done = False
        self.fault: SfnbError | None = None


class Writer:
    """The one connection that writes. From any thread."""

    def __init__(
        self, connection: sqlite3.Connection, path: Path, durability: Durability, busy_seconds: float
    ) -> None:
        self.connection = connection
        self._path = path
        self._durability: Durability = durability
        self._set: Durability = durability
        self._busy_seconds = busy_seconds
        self.queue: deque[_Waiting] = deque()
        self.lock = threading.Lock()

    def write(self, work: Work, *, durability: Durability | None = None) -> None:
        """Do `work` in a transaction, with the store's durability or with this one.

        Raises what it raises; StoreFault where it cannot be committed. Nothing is written then.
        """
        waiting = _Waiting(work, durability or self._durability)
        self.queue.append(waiting)
        with self.lock:
            if not waiting.done:
                self._write_all(waiting)
        if waiting.fault is not None:
            raise waiting.fault

    def _write_all(self, ours: _Waiting) -> None:
        """Do what is in the queue; what an interrupt keeps us from doing for others stays there."""
        group = [self.queue.popleft() for _ in range(len(self.queue))]
        try:
            self._commit(group)
        finally:
            self.queue.extendleft(each for each in reversed(group) if not each.done and each is not ours)

    def _commit(self, group: list[_Waiting]) -> None:
        try:
            self._begin("full" if any(each.durability == "full" for each in group) else "normal")
        except sqlite3.Error as fault:
            self._fail(group, fault)
            return
        try:
            for each in group:
                each.fault = None
                try:
                    each.work(self.connection)
                except SfnbError as refusal:
                    each.fault = refusal
            self.connection.execute("COMMIT")
        except (sqlite3.Error, UnicodeEncodeError) as fault:
            roll_back(self.connection)
            if len(group) == 1:
                self._fail(group, fault)
            else:
                for each in group:
                    self._commit([each])
            return
        except BaseException:
            roll_back(self.connection)
            raise
        for each in group:
            each.done = True

    def _begin(self, wanted: Durability) -> None:
        if wanted != self._set:
            self.connection.execute(f"PRAGMA synchronous={wanted}")
            self._set = wanted
        self.connection.execute("BEGIN IMMEDIATE")

    def _fail(self, group: list[_Waiting], fault: Exception) -> None:
        for each in group:
            each.fault = store_fault(self._path, fault, self._busy_seconds)
            each.done = True
