"""Events in memory: gone with the process."""

from __future__ import annotations

import fnmatch
import hashlib
from collections.abc import Iterator, Sequence
from itertools import islice

from msgspec import structs

from sfnb.engine.events import Event, ExecutionRedriven, MapRunStarted
from sfnb.engine.ports import Append, Resource
from sfnb.engine.records import ExecutionFilter, ExecutionRecord, recorded
from sfnb.errors import StaleAppend


class MemoryStore:
    """A list of events per execution."""

    durable = False

    def __init__(self) -> None:
        self._streams: dict[str, list[Event]] = {}
        self._redriven: dict[str, Sequence[Event]] = {}
        self._definitions: dict[str, str] = {}
        self._resources: dict[str, tuple[str, bytes]] = {}

    def append(self, execution: str, events: Sequence[Event], *, after: int) -> None:
        stream = self._streams.get(execution, [])
        if len(stream) != after:
            raise StaleAppend(f"{execution} holds {len(stream)} events, the writer knew of {after}")
        if not events:
            return
        self._streams.setdefault(execution, stream).extend(events)
        for place in _redrives(events, after):
            self._redriven[execution] = events[place : place + 2]  # the second may be another definition

    def append_all(self, appends: Sequence[Append]) -> None:
        for append in appends:
            held = len(self._streams.get(append.execution, ()))
            if held != append.after:
                raise StaleAppend(
                    f"{append.execution} holds {held} events, the writer knew of {append.after}"
                )
        for append in appends:
            self.append(append.execution, append.events, after=append.after)

    def read(self, execution: str, *, after: int = 0) -> Iterator[Event]:
        stream = self._streams.get(execution, [])
        return iter(stream[after:] if after else list(stream))

    def read_back(self, execution: str) -> Iterator[Event]:
        return reversed(list(self._streams.get(execution, [])))

    def forget(self, execution: str) -> None:
        self._streams.pop(execution, None)
        self._redriven.pop(execution, None)

    def executions(self) -> Sequence[str]:
        return list(self._streams)

    def find(self, execution: str) -> ExecutionRecord | None:
        """Made of the log when it is asked for: to keep it up to date would cost more."""
        stream = self._streams.get(execution)
        if not stream:
            return None
        redriven = self._redriven.get(execution, ())
        telling = [*stream[:2], *redriven, *stream[_latest(stream) :]]
        return structs.replace(recorded(execution, None, telling), events=len(stream))

    def list(self, wanted: ExecutionFilter) -> Sequence[ExecutionRecord]:
        names = self.executions()
        if wanted.older_than is not None:
            names = names[: names.index(wanted.older_than)] if wanted.older_than in self._streams else []
        records = (self.find(execution) for execution in reversed(names))
        found = (record for record in records if record is not None and _is_wanted(record, wanted))
        last = None if wanted.limit is None else wanted.offset + wanted.limit
        if wanted.parent is None:
            return list(islice(found, wanted.offset, last))
        return sorted(found, key=lambda record: record.index or 0)[wanted.offset : last]

    def map_runs(self, execution: str) -> Sequence[str]:
        """Looked for when it is asked for."""
        stream = self._streams.get(execution, ())
        return [event.map_run_arn for event in stream if isinstance(event, MapRunStarted)]

    def opener(self, map_run: str) -> str | None:
        return next((name for name in self.executions() if map_run in self.map_runs(name)), None)

    def claim(self, execution: str) -> None:
        """There is nobody else."""

    def keep_definition(self, text: str) -> str:
        key = hashlib.sha256(text.encode()).hexdigest()
        self._definitions[key] = text
        return key

    def definition(self, key: str) -> str:
        return self._definitions[key]

    def keep_resource(self, arn: str, kind: str, data: bytes) -> None:
        self._resources[arn] = kind, data

    def drop_resource(self, arn: str) -> None:
        self._resources.pop(arn, None)

    def change_resources(self, *, keep: Sequence[Resource] = (), drop: Sequence[str] = ()) -> None:
        for arn, kind, data in keep:
            self.keep_resource(arn, kind, data)
        for arn in drop:
            self.drop_resource(arn)

    def hold_resource(self, arn: str) -> str | None:
        """Nobody else can see it."""
        return None

    def resource(self, arn: str) -> bytes | None:
        known = self._resources.get(arn)
        return None if known is None else known[1]

    def release_resource(self, arn: str) -> None:
        """Nobody else can see it."""

    def resources(self, kind: str) -> Sequence[bytes]:
        return [data for known, data in list(self._resources.values()) if known == kind]

    def close(self) -> None:
        """There is nothing to let go of."""


def _is_wanted(record: ExecutionRecord, wanted: ExecutionFilter) -> bool:
    return (
        record.parent == wanted.parent
        and wanted.machine in (None, record.machine, record.machine_name)
        and wanted.version in (None, record.version)
        and wanted.alias in (None, record.alias)
        and wanted.redriven in (None, record.redrive_count > 0)
        and (wanted.status is None or record.status in wanted.status)
        and (wanted.name is None or fnmatch.fnmatchcase(record.name, wanted.name))
        and (wanted.after is None or record.started >= wanted.after)
        and (wanted.before is None or record.started < wanted.before)
    )


def _redrives(events: Sequence[Event], after: int) -> Sequence[int]:
    """Where an execution is redriven: that begins an append, unless a whole log is copied."""
    if after and not isinstance(events[0], ExecutionRedriven):
        return ()
    return [place for place, event in enumerate(events) if isinstance(event, ExecutionRedriven)]


def _latest(stream: Sequence[Event]) -> int:
    """Where the last event is that has an id: after it there are facts alone."""
    place = len(stream) - 1
    while place > 2 and not stream[place].id:
        place -= 1
    return max(place, 2)
