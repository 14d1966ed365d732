"""Task calls for tests of mocks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sfnb.engine.clock import JumpClock, uuid_of
from sfnb.engine.ports import TaskCall
from sfnb.engine.sleepers import Sleepers
from sfnb.values import Payload

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LAMBDA = "arn:aws:states:::lambda:invoke"


def task_call(resource: str = LAMBDA, payload: Any = None, *, key: str = "1") -> TaskCall:
    """key: another one makes it another call, with other chances."""
    return TaskCall(
        resource=resource,
        payload=Payload({} if payload is None else payload),
        region="us-east-1",
        account="123456789012",
        request_id=uuid_of(f"{resource}/{key}"),
        moment=NOON,
        timeout_seconds=None,
        heartbeat_seconds=None,
        credentials=None,
        execution="arn:aws:states:us-east-1:123456789012:execution:machine:run",
        machine="arn:aws:states:us-east-1:123456789012:stateMachine:machine",
        token=None,
        clock=JumpClock(NOON, frozen=True),
        sleepers=Sleepers(),
        on_output=lambda text: None,
    )
