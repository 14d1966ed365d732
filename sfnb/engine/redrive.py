"""Which executions AWS would redrive.

Source: AWS guide, "Restarting state machine executions with redrive in Step Functions"; AWS API reference,
DescribeExecution; AWS recordings.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import structs

from sfnb.engine.execution import ExecutionState
from sfnb.engine.records import ExecutionRecord

REDRIVABLE_FOR = timedelta(days=14)
OPEN_FOR = timedelta(days=365)
MOST_EVENTS = 24_999
MOST_REDRIVES = 1_000
DELETING = "State machine is in DELETING status"
BY_MAP_RUN = "Execution is a child of a Map Run, which redrives it"


def redrive_refusal(record: ExecutionRecord, now: datetime, *, most_events: int = MOST_EVENTS) -> str | None:
    """Why an execution cannot be redriven; None: it can.

    most_events: where the bound on events has been lifted, there is none here either.
    """
    if record.parent is not None:
        return BY_MAP_RUN
    if record.kind != "STANDARD":
        return "This operation is not supported by this type of state machine"
    return _refusal(record, now, most_events)


def described(
    state: ExecutionState, record: ExecutionRecord, now: datetime, *, most_events: int = MOST_EVENTS
) -> ExecutionState:
    """The state with its redrive_status and redrive_status_reason.

    A child of a map run is redriven by that, also an EXPRESS one, however long it is ago.
    """
    if record.parent is None:
        reason = redrive_refusal(record, now, most_events=most_events)
    elif record.kind == "STANDARD":
        reason = _refusal(record, now, most_events)
    else:
        reason = _status_refusal(record)
    if reason is not None:
        return structs.replace(state, redrive_status="NOT_REDRIVABLE", redrive_status_reason=reason)
    status = "REDRIVABLE" if record.parent is None else "REDRIVABLE_BY_MAP_RUN"
    return structs.replace(state, redrive_status=status, redrive_status_reason=None)


def _refusal(record: ExecutionRecord, now: datetime, most_events: int) -> str | None:
    refusal = _status_refusal(record)
    if refusal is not None:
        return refusal
    assert record.stopped is not None
    if record.last_id >= most_events:
        return "Execution history event limit exceeded"
    if now - record.stopped > REDRIVABLE_FOR:
        return "Execution redrivable period exceeded"
    if now - record.started > OPEN_FOR:
        return "Execution has exceeded the max execution time"
    if record.redrive_count >= MOST_REDRIVES:
        return f"Execution has been redriven {MOST_REDRIVES:,} times"  # in our words
    return None


def _status_refusal(record: ExecutionRecord) -> str | None:
    if record.status in ("RUNNING", "SUCCEEDED"):
        return f"Execution is {record.status} and cannot be redriven"
    return None
