"""What SQLite says, in words for people: which file, what happened, what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sfnb.errors import StoreFault

_SENTENCES = {
    "SQLITE_FULL": "there is no room to write: free some disk space",
    "SQLITE_BUSY": "another process has kept it locked for {busy_seconds:g} seconds: try again, or end it",
    "SQLITE_LOCKED": "another connection has it locked: try again",
    "SQLITE_READONLY": "it cannot be written to: give yourself the right to write the file and its folder",
    "SQLITE_NOTADB": "it is no SQLite database, or what it begins with is damaged: name another file",
    "SQLITE_CORRUPT": "it is damaged: run `sfnb store check`, and export what can still be read",
    "SQLITE_CANTOPEN": "it cannot be opened: see that the file and its folder are there and are yours",
    "SQLITE_PERM": "access is denied: see that the file and its folder are yours",
    "SQLITE_AUTH": "access is denied: see that the file and its folder are yours",
    "SQLITE_IOERR": "the disk reports an error: see that the disk is there and well",
    "SQLITE_TOOBIG": "what is to be stored is too large: SQLite takes 1 GB at a time",
    "SQLITE_NOMEM": "there is no memory left",
}
"""By the first two words of SQLite's name for the error. Source: sqlite.org, "Result and Error Codes"."""


def store_fault(path: Path, fault: Exception, busy_seconds: float) -> StoreFault:
    """The same for whoever called."""
    name = getattr(fault, "sqlite_errorname", "")
    sentence = _SENTENCES.get("_".join(name.split("_")[:2]))
    if sentence is None:
        return StoreFault(f"the store {path} failed: {fault}")
    return StoreFault(f"the store {path}: {sentence.format(busy_seconds=busy_seconds)} ({fault})")


@contextmanager
def told(path: Path, busy_seconds: float) -> Iterator[None]:
    """What SQLite raises in here is raised as a StoreFault."""
    try:
        yield
    except sqlite3.Error as fault:
        raise store_fault(path, fault, busy_seconds) from fault
