"""Histories whose order AWS leaves open, and one pointer that AWS has changed since.

Where Parallel branches ran at the same time, a recording keeps their events without ids, sorted by
their text. An answer is brought into the same shape before it is compared.
Source: shared/parity/README.md; the recordings of the nested and of the caught Parallel.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

ANY_ID = [0]
WITHOUT_ID = {"id": ANY_ID, "previousEventId": 0}
ENDS = frozenset(
    {"ParallelStateSucceeded", "ParallelStateFailed", "ParallelStateAborted", "ParallelStateExited"}
)
POINTER_CHANGED = datetime(2024, 11, 1)

HistoryEvent = dict[str, Any]


def is_open(events: Sequence[Any]) -> bool:
    """Whether a recording leaves the order of some of its events open."""
    return any(isinstance(event, dict) and event.get("id") == ANY_ID for event in events)


def open_order(events: Sequence[HistoryEvent]) -> list[HistoryEvent]:
    """`events` with each stretch between ParallelStateStarted and its end sorted and without ids.

    The recordings were made in one pass over the list that shortened the list on its way: at each
    end it put the last stretch, sorted, in place of all that stood since the last start. At the
    first end nothing is lost. At the next one (ParallelStateExited after ParallelStateSucceeded)
    the first end is; and with it the pass skips one event, so that of a nested Parallel only the
    outermost ParallelStateExited is left.
    """
    shaped = [dict(event) for event in events]
    stretch: list[HistoryEvent] = []
    start: int | None = None
    inside = False
    at = 0
    while at < len(shaped):
        event = shaped[at]
        if event.get("type") == "ParallelStateStarted":
            stretch, start, inside = [], at + 1, True
        elif event.get("type") in ENDS and start is not None:
            shaped[start:at] = sorted(stretch, key=_text)
            inside = False
        elif inside:
            event.update({key: value for key, value in WITHOUT_ID.items() if key in event})
            stretch.append(event)
        at += 1
    return shaped


def _text(event: HistoryEvent) -> str:
    return json.dumps(event, sort_keys=True, default=str)


def with_accepted_pointers(events: Sequence[Any], got: Sequence[Any], recorded: datetime) -> list[Any]:
    """A recording's events; MapStateExited after a Distributed Map may point to MapRunStarted.

    AWS pointed it to MapRunSucceeded until August 2024 and points it to MapRunStarted today. Where
    `got` does as AWS did then, the recording stays as it is.
    """
    if recorded >= POINTER_CHANGED:
        return list(events)
    types = {str(event.get("id")): event.get("type") for event in events if isinstance(event, dict)}
    given = [event.get("previousEventId") if isinstance(event, dict) else None for event in got]
    given += [None] * len(events)
    return [_with_todays_pointer(event, types, then) for event, then in zip(events, given, strict=False)]


def _with_todays_pointer(event: Any, types: dict[str, Any], given: Any) -> Any:
    if not isinstance(event, dict) or event.get("type") != "MapStateExited":
        return event
    pointer = event["previousEventId"]
    if given == pointer or types.get(str(pointer)) != "MapRunSucceeded":
        return event
    started = max((id for id in range(1, pointer) if types.get(str(id)) == "MapRunStarted"), default=pointer)
    return {**event, "previousEventId": started}
