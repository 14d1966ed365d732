"""What Step Functions writes to CloudWatch Logs of an execution: its history, thinned by a level.

Source: AWS guide, "Using CloudWatch Logs to log execution history"; AWS recordings, logs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Literal

from sfnb.engine.events import Event, ExecutionRedriven
from sfnb.engine.facts import Fact
from sfnb.engine.history import hide_data, history_event

Level = Literal["ALL", "ERROR", "FATAL", "OFF"]

_FATAL = ("ExecutionAborted", "ExecutionFailed", "ExecutionTimedOut")
_ERROR = ("Aborted", "Failed", "TimedOut", "FailStateEntered")
_LOGGED: dict[Level, tuple[str, ...]] = {"ALL": ("",), "ERROR": _ERROR, "FATAL": _FATAL, "OFF": ()}
"""How the types of the events end that a level logs."""


def log_records(
    events: Iterable[Event], execution_arn: str, level: Level, *, include_data: bool, redrive_count: int = 0
) -> Iterator[dict[str, Any]]:
    """A record for each event that `level` logs.

    redrive_count: how often the execution had been redriven before.
    include_data: with inputs and outputs. Ids and counts are text; event_timestamp is in milliseconds.
    """
    for event in events:
        if isinstance(event, ExecutionRedriven):
            redrive_count = event.redrive_count
        if not isinstance(event, Fact) and event.type.endswith(_LOGGED[level]):
            yield {
                "id": str(event.id),
                "type": event.type,
                "details": _details(event, include_data),
                "previous_event_id": str(event.previous_event_id),
                "event_timestamp": str(int(event.timestamp.timestamp() * 1000)),
                "execution_arn": execution_arn,
                "redrive_count": str(redrive_count),
            }


def _details(event: Event, include_data: bool) -> dict[str, Any]:
    details: dict[str, Any] = history_event(event).get(event.details or "", {})
    return details if include_data else hide_data(details)
