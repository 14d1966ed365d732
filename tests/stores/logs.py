"""Logs for the tests of stores."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sfnb.engine import events as ev
from sfnb.engine.facts import ExecutionPlanned

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:orders"


def arn(name: str, machine: str = "orders") -> str:
    return f"arn:aws:states:us-east-1:123456789012:execution:{machine}:{name}"


def begun(name: str, *, at: datetime = NOON, machine: str = "orders", **plan: Any) -> list[ev.Event]:
    """The first two records of an execution."""
    machine_arn = f"arn:aws:states:us-east-1:123456789012:stateMachine:{machine}"
    return [
        ev.ExecutionStarted(id=1, previous_event_id=0, timestamp=at, input="{}"),
        ExecutionPlanned(
            id=0,
            previous_event_id=1,
            timestamp=at,
            execution=name,
            machine=machine_arn,
            machine_name=machine,
            **plan,
        ),
    ]


def succeeded(identity: int, *, at: datetime = NOON) -> ev.Event:
    return ev.ExecutionSucceeded(id=identity, previous_event_id=identity - 1, timestamp=at, output="{}")


def failed(identity: int, error: str, *, at: datetime = NOON) -> ev.Event:
    return ev.ExecutionFailed(id=identity, previous_event_id=identity - 1, timestamp=at, error=error)


def passes(count: int, *, first: int = 2, payload: str = '{"n": 1}') -> Sequence[ev.Event]:
    """`count` events of a loop of Pass states, with ids from `first` on."""
    kinds = ((ev.PassStateEntered, "input"), (ev.PassStateExited, "output"))
    made: list[ev.Event] = []
    for at in range(count):
        kind, field = kinds[at % 2]
        moment = NOON + timedelta(microseconds=17 * at)
        identity = first + at
        fields = {field: payload, "name": "Loop"}
        made.append(kind(id=identity, previous_event_id=identity - 1, timestamp=moment, **fields))
    return made
