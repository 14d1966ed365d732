"""Which events tell of a state, by its type: it was entered, left, given up."""

from __future__ import annotations

from typing import Any

from sfnb.engine import events as ev
from sfnb.values import Json, Payload, decode


def _kinds(what: str) -> dict[str, Any]:
    """By a state's type: `TaskStateEntered` tells of a Task."""
    return {name.removesuffix(what): kind for name, kind in vars(ev).items() if name.endswith(what)}


ENTERED: dict[str, type[ev.StateEntered]] = _kinds("StateEntered")
EXITED: dict[str, type[ev.StateExited]] = _kinds("StateExited")
ABORTED: dict[str, type[ev.StateAborted]] = _kinds("StateAborted")
GAVE_UP = {"Parallel": ev.ParallelStateFailed, "Map": ev.MapStateFailed}


def as_left(event: ev.Event, payload: Payload) -> tuple[Payload, dict[str, Json] | None]:
    """What the log says a state was left with, whatever its definition says by now."""
    assert isinstance(event, ev.StateExited)
    if event.output != payload.text:
        payload = Payload.of_text(event.output)
    texts = event.assigned_variables
    return payload, None if texts is None else {name: decode(text) for name, text in texts.items()}
