"""Which executions AWS would redrive.

Source: AWS guide, "Restarting state machine executions with redrive in Step Functions"; AWS recordings.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sfnb.engine.records import ExecutionRecord

REDRIVABLE_FOR = timedelta(days=14)
OPEN_FOR = timedelta(days=365)
MOST_EVENTS = 24_999
MOST_REDRIVES = 1_000


def redrive_refusal(record: ExecutionRecord, now: datetime, *, most_events: int = MOST_EVENTS) -> str | None:
    """Why an execution cannot be redriven; None: it can. The wordings beyond the first are ours.

    most_events: where the bound on events has been lifted, there is none here either.
    """
    if record.kind != "STANDARD":
        return "This operation is not supported by this type of state machine"
    if record.status in ("RUNNING", "SUCCEEDED"):
        return f"Execution is {record.status} and cannot be redriven"
    assert record.stopped is not None
    if record.last_id >= most_events:
        return "Execution history event limit exceeded"
    if now - record.stopped > REDRIVABLE_FOR:
        return "Execution redrivable period exceeded"
    if now - record.started > OPEN_FOR:
        return "Execution has exceeded the maximum open time"
    if record.redrive_count >= MOST_REDRIVES:
        return f"Execution has been redriven {MOST_REDRIVES:,} times"
    return None
