"""What an execution has come to, folded from its events."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime
from typing import Literal

import msgspec

from sfnb.engine import events as ev

RedriveStatus = Literal["REDRIVABLE", "NOT_REDRIVABLE", "REDRIVABLE_BY_MAP_RUN"]
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
    redrive_count, redrive_date: how often it has been redriven, and when last.
    redrive_status, redrive_status_reason: see `redrive.described`, which alone can tell.
    """

    status: Status
    start_date: datetime
    input: str
    stop_date: datetime | None = None
    output: str | None = None
    error: str | None = None
    cause: str | None = None
    redrive_count: int = 0
    redrive_date: datetime | None = None
    redrive_status: RedriveStatus = "NOT_REDRIVABLE"
    redrive_status_reason: str | None = None

    @property
    def billed_milliseconds(self) -> int:
        """What AWS would bill of an EXPRESS execution that has ended: full tenths of a second."""
        assert self.stop_date is not None
        taken = (self.stop_date - self.start_date).total_seconds()
        return max(100, math.ceil(taken * 10) * 100)


def fold_execution(events: Iterable[ev.Event]) -> ExecutionState:
    """The state after `events`, the first of which is ExecutionStarted."""
    first = last = redriven = None
    for event in events:
        first = first or event
        if isinstance(event, ev.TERMINAL):
            last = event
        elif isinstance(event, ev.ExecutionRedriven):
            last, redriven = None, event
    if not isinstance(first, ev.ExecutionStarted):
        raise ValueError(f"a log begins with ExecutionStarted, this one with {first and first.type}")
    return state_of(first, last, redriven)


def state_of(
    first: ev.ExecutionStarted, last: ev.Event | None, redriven: ev.ExecutionRedriven | None = None
) -> ExecutionState:
    """What the first event, the last one once there is one, and that of the last redrive amount to."""
    failed = isinstance(last, ev.ExecutionFailed | ev.ExecutionAborted)
    return ExecutionState(
        status="RUNNING" if last is None else STATUS[type(last)],
        start_date=first.timestamp,
        input=first.input,
        stop_date=None if last is None else last.timestamp,
        output=last.output if isinstance(last, ev.ExecutionSucceeded) else None,
        error=last.error if failed else None,  # type: ignore[union-attr]
        cause=last.cause if failed else None,  # type: ignore[union-attr]
        redrive_count=0 if redriven is None else redriven.redrive_count,
        redrive_date=None if redriven is None else redriven.timestamp,
    )
