"""Events read back from GetExecutionHistory: the way back of `history`.

A history says of an event which one came before it, and not in which branch or iteration it happened. That
is found out again here, by `places`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

import msgspec
from msgspec import structs

from sfnb.asl.machine import Definition
from sfnb.engine import events as ev
from sfnb.engine.events import Event
from sfnb.engine.history import detail_fields
from sfnb.engine.places import Places
from sfnb.errors import SfnbError

HIDDEN = {"input": "null", "output": "null", "parameters": "null"}
"""What stands for data that was left out, as without `includeExecutionData`."""


class UnreadableHistory(SfnbError):
    """An entry is not what GetExecutionHistory lists."""


def read_history(entries: Iterable[Mapping[str, Any]], definition: Definition | None = None) -> list[Event]:
    """The events of a history in boto3's spelling, oldest first, each in its frame.

    definition: tells which branch of a Parallel a state belongs to; without it, branches are numbered in the
        order in which they begin.
    Facts are not in a history; `told` in `history_facts` adds those that can be told from it.
    Raises UnreadableHistory.
    """
    places = Places(definition)
    return [places.add(read_event(entry)) for entry in entries]


def read_event(entry: Mapping[str, Any]) -> Event:
    """One event, as yet in the machine's own frame; details that sfnb does not keep are dropped.

    Raises UnreadableHistory for a type that is not known, and where something is missing.
    """
    kind = _kinds().get(str(entry.get("type")))
    if kind is None:
        raise UnreadableHistory(f"event {entry.get('id')} is of an unknown type: {entry.get('type')!r}")
    details = entry.get(kind.details or "") or {}
    fields = {name: details[key] for name, key in detail_fields(kind) if details.get(key) is not None}
    required = {field.name for field in structs.fields(kind) if field.required}
    fields |= {name: text for name, text in HIDDEN.items() if name in required and name not in fields}
    try:
        event = kind(
            id=int(entry["id"]),
            previous_event_id=int(entry.get("previousEventId", 0)),
            timestamp=_moment(entry["timestamp"]),
            **fields,
        )
        return msgspec.convert(structs.asdict(event), kind, strict=True)
    except (KeyError, TypeError, ValueError) as fault:
        raise UnreadableHistory(
            f"event {entry.get('id')} ({kind.__name__}) cannot be read: {fault}"
        ) from None


def _moment(timestamp: datetime | str | float) -> datetime:
    """boto3 gives a time in the local zone, the AWS CLI its text, the wire seconds."""
    if isinstance(timestamp, str):
        timestamp = datetime.fromisoformat(timestamp)
    elif isinstance(timestamp, int | float):
        timestamp = datetime.fromtimestamp(timestamp, UTC)
    return timestamp.astimezone(UTC)


@cache
def _kinds() -> dict[str, type[Event]]:
    """The event classes by type; what others extend is no type."""
    classes = [kind for kind in vars(ev).values() if isinstance(kind, type) and issubclass(kind, Event)]
    bases = {ev.Event, ev.StateEntered, ev.StateExited, ev.StateAborted}
    return {
        kind.__name__: kind for kind in classes if kind not in bases and not kind.__name__.startswith("_")
    }
