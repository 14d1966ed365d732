"""What integrations and executors are told of a call."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from sfnb.asl.commands import InvokeTask
from sfnb.engine.clock import uuid_of
from sfnb.engine.ports import Call, TaskCall, Work

if TYPE_CHECKING:
    from sfnb.engine.run import Run

Wait = Callable[[datetime, Callable[[], None]], Callable[[], None]]


def task_call(run: Run, command: InvokeTask, key: str) -> TaskCall:
    """An attempt of a Task state. key: its place in the log, from which its request id is drawn."""
    return TaskCall(
        resource=command.resource,
        payload=command.payload,
        region=run.region,
        account=run.arn.split(":")[4],
        request_id=uuid_of(f"{run.arn}/{run.seed}/{key}"),
        moment=run.now,
        timeout_seconds=command.timeout_seconds,
        heartbeat_seconds=command.heartbeat_seconds,
        credentials=command.credentials,
        execution=run.arn,
        machine=run.machine_arn,
        role_arn=run.role_arn,
        token=command.token,
        clock=run.clock,
        sleepers=run.sleepers,
        on_output=run.on_output,
    )


def python_call(run: Run, command: InvokeTask, work: Work, key: str, wait_until: Wait) -> Call:
    """The Python function that makes the call. key: unique in the log, the execution's ARN included."""
    limit = command.timeout_seconds
    return Call(
        name=work.name,
        function=work.function,
        argument=work.argument,
        key=key,
        resource=command.resource,
        timeout_seconds=None if limit is None else float(limit),
        now=run.clock.now,
        wait_until=wait_until,
    )
