"""GetExecutionHistory."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sfnb.engine.events import Event
from sfnb.engine.facts import Fact
from sfnb.engine.history import history_event, without_data
from sfnb.server.actions.looking import execution
from sfnb.server.actions.paging import invalid_token, page_size, place_of, token_for
from sfnb.service import Live, StepFunctions

_PLACE = re.compile("[1-9][0-9]{0,17}")


def get_execution_history(service: StepFunctions, params: dict[str, Any]) -> dict[str, Any]:
    """A token names the place of what was shown last."""
    live = execution(service, params["executionArn"], express=False)
    backwards = bool(params.get("reverseOrder"))
    list_name = f"GetExecutionHistory {live.arn} {backwards}"
    events: list[dict[str, Any]] = []
    size = page_size(params)
    last = 0
    shown = params.get("includeExecutionData", True)
    for position, event in _records(live, backwards, place_of(params, list_name)):
        if isinstance(event, Fact):
            continue
        if len(events) == size:
            return {"events": events, "nextToken": token_for(list_name, str(last))}
        last = position
        told = history_event(event)
        events.append(told if shown else without_data(told))
    return {"events": events}


def _records(live: Live, backwards: bool, after: str | None) -> Iterator[tuple[int, Event]]:
    """The records of the log after a place, each with its own: what is added to the log later moves none.

    Forwards that is its number, which a store finds at once; backwards the id of an event.
    Raises InvalidToken.
    """
    if after is not None and _PLACE.fullmatch(after) is None:
        raise invalid_token()
    place = int(after or 0)
    if not backwards:
        return enumerate(live.store.read(live.arn, after=place), place + 1)
    events = ((event.id, event) for event in live.store.read_back(live.arn) if event.id)
    return (each for each in events if after is None or each[0] < place)
