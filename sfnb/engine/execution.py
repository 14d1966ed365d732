"""What an execution has come to, folded from its events."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime
from typing import Literal

import msgspec

from sfnb.engine import events as ev

Status = Literal["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]

STATUS: dict[type[ev.Event], Status] = {
    ev.ExecutionSucceeded: "SUCCEEDED",
    ev.ExecutionFailed: "FAILED",
    ev.ExecutionTimedOut: "TIMED_OUT",
    ev.ExecutionAborted: "ABORTED",
}


class ExecutionState(msgspec.Struct, frozen=True, kw_only=True):
    """An execution as DescribeExecution shows it. Source: AWS API reference, DescribeExecution.

    A machine's time-out has no error and no cause there, though its event has one.
    """

    status: Status
    start_date: datetime
    input: str
    stop_date: datetime | None = None
    output: str | None = None
    error: str | None = None
    cause: str | None = None

    @property
    def billed_milliseconds(self) -> int:
        """What AWS would bill of an EXPRESS execution that has ended: full tenths of a second."""
        assert self.stop_date is not None
        taken = (self.stop_date - self.start_date).total_seconds()
        return max(100, math.ceil(taken * 10) * 100)

    @property
    def redrive_status(self) -> Literal["REDRIVABLE", "NOT_REDRIVABLE"]:
        """Whether AWS would redrive it; only one that ended badly can be."""
        return "NOT_REDRIVABLE" if self.status in ("RUNNING", "SUCCEEDED") else "REDRIVABLE"

    @property
    def redrive_status_reason(self) -> str | None:
        if self.redrive_status == "REDRIVABLE":
            return None
        return f"Execution is {self.status} and cannot be redriven"


def fold_execution(events: Iterable[ev.Event]) -> ExecutionState:
    """The state after `events`, the first of which is ExecutionStarted."""
    first = last = None
    for event in events:
        first = first or event
        if isinstance(event, ev.TERMINAL):
            last = event
        elif isinstance(event, ev.ExecutionRedriven):
            last = None
    if not isinstance(first, ev.ExecutionStarted):
        raise ValueError(f"a log begins with ExecutionStarted, this one with {first and first.type}")
    return state_of(first, last)


def state_of(first: ev.ExecutionStarted, last: ev.Event | None) -> ExecutionState:
    """The state that the first event and, once there is one, the last one amount to."""
    if last is None:
        return ExecutionState(status="RUNNING", start_date=first.timestamp, input=first.input)
    failed = isinstance(last, ev.ExecutionFailed | ev.ExecutionAborted)
    return ExecutionState(
        status=STATUS[type(last)],
        start_date=first.timestamp,
        input=first.input,
        stop_date=last.timestamp,
        output=last.output if isinstance(last, ev.ExecutionSucceeded) else None,
        error=last.error if failed else None,  # type: ignore[attr-defined]
        cause=last.cause if failed else None,  # type: ignore[attr-defined]
    )
