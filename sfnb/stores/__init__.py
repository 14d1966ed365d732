"""Where events are kept, a store each."""

from collections.abc import Callable
from pathlib import Path

from sfnb.engine.ports import EventStore
from sfnb.stores.memory import MemoryStore


def default_path() -> Path:
    """The file for executions that nobody has named one for, in the user's data folder."""
    import platformdirs

    return platformdirs.user_data_path("sfnb") / "executions.db"


def _memory(path: Path) -> EventStore:
    return MemoryStore()


def _sqlite(path: Path) -> EventStore:
    from sfnb.stores.sqlite import SqliteStore

    return SqliteStore(path)


STORES: dict[str, Callable[[Path], EventStore]] = {"memory": _memory, "sqlite": _sqlite}
"""Each makes a store whose file is `path`, or opens it; one without a file takes no heed of it."""
