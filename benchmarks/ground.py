"""Where a workload runs: a folder on this disk, and services on the store that is measured."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, get_args

from sfnb.engine.limits import UNLIMITED
from sfnb.engine.ports import EventStore
from sfnb.machine import StateMachine, load_machine
from sfnb.service import StepFunctions

StoreName = Literal["memory", "full", "normal"]
"""full, normal: in a SQLite file, with that durability."""
STORES: tuple[StoreName, ...] = get_args(StoreName)
BUILD = Path("build")


class Ground:
    """Opens services, each with a store of its own in `folder`; closes them all."""

    def __init__(self, store: StoreName, folder: Path) -> None:
        self.store = store
        self.folder = folder
        self._opened: list[tuple[StepFunctions, EventStore]] = []
        self._count = 0

    def service(self, **options: Any) -> StepFunctions:
        """A service whose histories have no end."""
        self._count += 1
        store = open_store(self.store, self.folder / f"executions-{self._count}.db")
        service = StepFunctions(store=store, limits=UNLIMITED, **options)
        self._opened.append((service, service.store))
        return service

    def machine(self, definition: dict[str, Any]) -> StateMachine:
        """In a service of its own."""
        return load_machine(self.service(), definition, unlimited=True)

    def close(self) -> None:
        """Close what has been opened so far."""
        while self._opened:
            service, store = self._opened.pop()
            service.close()
            store.close()


def open_store(name: StoreName, file: Path) -> EventStore | None:
    """None where the service is to make its own, in memory."""
    if name == "memory":
        return None
    from sfnb.stores.sqlite import SqliteStore

    return SqliteStore(file, durability=name)


@contextmanager
def ground(store: StoreName) -> Iterator[Ground]:
    """A Ground whose folder goes with it. It is below the current one: what `/tmp` is on may be no disk."""
    BUILD.mkdir(exist_ok=True)
    with TemporaryDirectory(prefix="benchmark-", dir=BUILD) as folder:
        made = Ground(store, Path(folder))
        try:
            yield made
        finally:
            made.close()
