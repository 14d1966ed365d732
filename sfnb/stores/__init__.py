"""Where events are kept, a store each."""

from collections.abc import Callable

from sfnb.engine.ports import EventStore
from sfnb.stores.memory import MemoryStore

STORES: dict[str, Callable[[], EventStore]] = {"memory": MemoryStore}
