"""Events in a SQLite file: they outlive the process, and other processes see them."""

from sfnb.stores.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
