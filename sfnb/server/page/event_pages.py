"""The events of an execution, a page at a time; however long the log is, little more is read."""

from __future__ import annotations

from itertools import islice
from typing import Any

from sfnb.engine import events as ev
from sfnb.engine.facts import Fact
from sfnb.engine.history import history_event
from sfnb.engine.ports import EventStore
from sfnb.engine.visits import Fold, page_of, resource_name
from sfnb.notebook.view_data import SHOWN_CHARACTERS, milliseconds
from sfnb.server.page.answers import Refused
from sfnb.server.page.lists import iso
from sfnb.service import StepFunctions
from sfnb.values import encode, size_bytes

MOST_EVENTS = 200


def events_data(service: StepFunctions, arn: str, after: int, limit: int) -> dict[str, Any]:
    """The events whose ids come after `after`; raises ExecutionDoesNotExist.

    total: how many there are. state: None where it was entered long before the page begins.
    """
    live = service.execution(arn)
    record = live.store.find(arn)
    start = next(live.store.read(arn)).timestamp
    limit = min(max(limit, 1), MOST_EVENTS)
    log = page_of(live.store, arn, after, limit)
    fold = Fold(log)
    rows = [event for event in log if event.id > after]
    total = 0 if record is None else record.last_id
    return {"rows": [_row(event, start, *fold.place(event)) for event in rows], "total": total}


def _row(event: ev.Event, start: Any, state: str | None, items: tuple[int, ...]) -> dict[str, Any]:
    """An event on a line. note: what tells most of it."""
    error = getattr(event, "error", None)
    return {
        "id": event.id,
        "previous": event.previous_event_id,
        "type": event.type,
        "state": state,
        "items": items,
        "time": iso(event.timestamp),
        "ms": milliseconds(event.timestamp, start),
        "note": (error or resource_name(event) or "")[:200],
    }


def event_data(service: StepFunctions, arn: str, event_id: int, whole: str) -> dict[str, Any]:
    """The details of an event as GetExecutionHistory has them, each a piece; the one named by `whole` uncut.

    Raises ExecutionDoesNotExist, Refused where there is no such event.
    """
    store = service.execution(arn).store
    event = _find(store, arn, event_id)
    entry = history_event(event)
    details: dict[str, Any] = entry.get(event.details or "", {})
    shown = {name: value for name, value in details.items() if not name.endswith("Details")}
    return {
        "details": [_piece(name, value, whole == name) for name, value in shown.items()],
        "previous": event.previous_event_id,
        "time": iso(event.timestamp),
    }


def _find(store: EventStore, arn: str, event_id: int) -> ev.Event:
    # Records before it that are no events are all that stands between its id and its place.
    place = max(0, event_id - 1)
    for event in islice(store.read(arn, after=place), None):
        if event.id == event_id and not isinstance(event, Fact):
            return event
        if event.id > event_id:
            break
    raise Refused(404, f"there is no event {event_id}")


def _piece(name: str, value: Any, whole: bool) -> dict[str, Any]:
    text = value if isinstance(value, str) else encode(value)
    most = len(text) if whole else SHOWN_CHARACTERS
    return {"name": name, "text": text[:most], "bytes": size_bytes(text), "cut": len(text) > most}
