"""Events in the shape of AWS's GetExecutionHistory, as boto3 hands it over.

The wire name of a field is its own in camelCase, so a new event class needs no line here.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from sfnb.engine.events import Event
from sfnb.engine.facts import Fact

_COMMON = frozenset(Event.__struct_fields__)
# AWS says beside each of these whether it cut the text short; sfnb never does.
_CUTTABLE = frozenset({"input", "output", "assigned_variables"})
_HIDDEN = ("input", "output", "parameters", "assignedVariables")
_DATA = frozenset((*_HIDDEN, *(f"{name}Details" for name in _HIDDEN)))


def history(events: Iterable[Event]) -> list[dict[str, Any]]:
    """What GetExecutionHistory lists of a log: every event but our own facts."""
    return [history_event(event) for event in events if not isinstance(event, Fact)]


def history_event(event: Event) -> dict[str, Any]:
    """One entry of the history; details that are None are left out.

    An event that has details in the API keeps its details object, be it empty.
    Source: AWS API reference, HistoryEvent; AWS recordings.
    """
    entry: dict[str, Any] = {
        "timestamp": event.timestamp,
        "type": event.type,
        "id": event.id,
        "previousEventId": event.previous_event_id,
    }
    if event.details is not None:
        entry[event.details] = _details(event)
    return entry


def without_data(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry without inputs and outputs."""
    return {key: hide_data(value) if key.endswith("EventDetails") else value for key, value in entry.items()}


def hide_data(details: dict[str, Any]) -> dict[str, Any]:
    """Details of an event without inputs and outputs. Source: AWS recordings, logs."""
    return {key: value for key, value in details.items() if key not in _DATA}


def _details(event: Event) -> dict[str, Any]:
    details: dict[str, Any] = {}
    for attribute, key in detail_fields(type(event)):
        value = getattr(event, attribute)
        if value is None:
            continue
        details[key] = value
        if attribute in _CUTTABLE:
            details[f"{key}Details"] = {"truncated": False}
    return details


@cache
def detail_fields(kind: type[Event]) -> tuple[tuple[str, str], ...]:
    """The attribute and the wire name of each field that `kind` has of its own."""
    return tuple((name, _camel_case(name)) for name in kind.__struct_fields__ if name not in _COMMON)


def _camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
