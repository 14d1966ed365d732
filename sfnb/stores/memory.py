"""Events in memory: gone with the process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sfnb.engine.events import Event
from sfnb.errors import StaleAppend


class MemoryStore:
    """A list of events per execution."""

    def __init__(self) -> None:
        self._streams: dict[str, list[Event]] = {}

    def append(self, execution: str, events: Sequence[Event], *, after: int) -> None:
        stream = self._streams.get(execution, [])
        if len(stream) != after:
            raise StaleAppend(f"{execution} holds {len(stream)} events, the writer knew of {after}")
        self._streams.setdefault(execution, stream).extend(events)

    def read(self, execution: str, *, after: int = 0) -> Iterator[Event]:
        stream = self._streams.get(execution, [])
        return iter(stream[after:] if after else list(stream))

    def forget(self, execution: str) -> None:
        self._streams.pop(execution, None)

    def executions(self) -> Sequence[str]:
        return list(self._streams)
