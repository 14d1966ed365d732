"""GetExecutionHistory."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from sfnb.engine.events import Event
from sfnb.engine.facts import Fact
from sfnb.engine.history import history_event, without_data
from sfnb.engine.tokens import InvalidToken
from sfnb.server.actions.looking import execution
from sfnb.server.actions.paging import page_size, place_of, token_for
from sfnb.service import Live, StepFunctions


def get_execution_history(service: StepFunctions, params: dict[str, Any]) -> dict[str, Any]:
    """A token counts the records of the log that have been read, our own facts included."""
    live = execution(service, params["executionArn"])
    backwards = bool(params.get("reverseOrder"))
    list_name = f"GetExecutionHistory {live.arn} {backwards}"
    events: list[dict[str, Any]] = []
    size = page_size(params)
    position = 0
    shown = params.get("includeExecutionData", True)
    for position, event in _records(live, backwards, place_of(params, list_name)):
        if isinstance(event, Fact):
            continue
        if len(events) == size:
            return {"events": events, "nextToken": token_for(list_name, str(position - 1))}
        told = history_event(event)
        events.append(told if shown else without_data(told))
    return {"events": events}


def _records(live: Live, backwards: bool, after: str | None) -> Iterator[tuple[int, Event]]:
    """The records of the log, numbered from 1 in the order in which they are read."""
    start = int(after or 0)
    if not backwards:
        return enumerate(live.store.read(live.arn, after=start), start + 1)
    record = live.store.find(live.arn)
    length = 0 if record is None else record.events
    if start > length:
        raise InvalidToken("Invalid Token: 'Invalid token'")
    return enumerate(islice(live.store.read_back(live.arn), start, None), start + 1)
