"""Who may append to which execution.

Theory of operation. A store that writes is an *owner*: it has a row in `owners`, whose number never comes
again, and the lock of a file named after that number, for as long as it lives. An execution names its owner,
and every append looks, inside its own transaction, whether that is still the one who writes. So an owner that
was thought dead, and whose execution another one has taken over, cannot write any more: the number is a
fence.

Rows and files are made inside a transaction that writes, of which SQLite allows one at a time: nobody ever
sees a number whose lock is not yet taken, nor removes the file of an owner that is about to lock it.
"""

from __future__ import annotations

import os
import socket
import sqlite3
from pathlib import Path

from sfnb.engine.clock import RealClock
from sfnb.stores.sqlite.catalogue import microseconds
from sfnb.stores.sqlite.locks import HeldLock, is_held

NOBODY = 0
"""The owner of what was imported."""


class Owners:
    """The owners of one store, by the files in its folder of locks."""

    def __init__(self, path: Path) -> None:
        self._folder = path.with_name(path.name + ".locks")

    def is_alive(self, number: int) -> bool:
        return number != NOBODY and is_held(self._folder / str(number))

    def register(self, connection: sqlite3.Connection) -> tuple[int, HeldLock]:
        """A new owner, and its lock; inside a transaction. Raises OSError."""
        row = (os.getpid(), socket.gethostname(), microseconds(RealClock().now()))
        number = connection.execute("INSERT INTO owners (pid, host, started) VALUES (?, ?, ?)", row).lastrowid
        assert number is not None
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._remove_leftovers()
        return number, HeldLock(self._folder / str(number))

    def name(self, connection: sqlite3.Connection, number: int) -> str:
        """Who that is, for people."""
        row = connection.execute("SELECT pid, host FROM owners WHERE number = ?", (number,)).fetchone()
        return f"process {row[0]} on {row[1]}" if row else "a process that is not known any more"

    def _remove_leftovers(self) -> None:
        for file in self._folder.iterdir():
            if file.name.isdecimal() and not is_held(file):
                file.unlink(missing_ok=True)
