"""Tasks that are answered from outside: by their tokens, or by workers of activities."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec

from sfnb.default import service
from sfnb.engine.tokens import InvalidOutput, TaskDoesNotExist
from sfnb.jsonable import NotJson, to_payload
from sfnb.values import Json, decode

if TYPE_CHECKING:
    import pandas as pd


def task_tokens() -> pd.DataFrame:
    """Every task that waits for its token, a row each, oldest first.

    Columns: token, machine, execution (their names), state, resource, since (UTC), input (the task's
    parameters), arn (the execution's).
    """
    import pandas as pd

    rows = []
    for task in service().list_task_tokens():
        machine, execution = task.execution.split(":")[6:8]
        rows.append(
            (
                task.token,
                machine,
                execution,
                task.state,
                task.resource,
                task.since,
                task.input,
                task.execution,
            )
        )
    header = ["token", "machine", "execution", "state", "resource", "since", "input", "arn"]
    return pd.DataFrame(rows, columns=header)


def send_task_success(token: str, output: object = None) -> None:
    """Answer a task that waits for its token; `output`, anything that can be JSON, is its result.

    Raises TaskTimedOut where nobody waits any more, TaskDoesNotExist, InvalidToken, InvalidOutput.
    """
    try:
        payload = to_payload(output, "output")
    except NotJson as fault:
        raise InvalidOutput(f"the output is not JSON: {fault}") from None
    with _told_of_interrupted():
        service().send_task_success(token, payload)


def send_task_failure(token: str, error: str | None = None, cause: str | None = None) -> None:
    """Fail a task that waits for its token; raises as `send_task_success` does."""
    with _told_of_interrupted():
        service().send_task_failure(token, error, cause)


def send_task_heartbeat(token: str) -> None:
    """Show that the task behind a token is being worked at: its HeartbeatSeconds begin anew."""
    with _told_of_interrupted():
        service().send_task_heartbeat(token)


@contextmanager
def _told_of_interrupted() -> Iterator[None]:
    """A token that nobody knows may be that of an execution that was interrupted."""
    try:
        yield
    except TaskDoesNotExist as fault:
        count = len(service().interrupted_executions())
        if not count:
            raise
        noun = "an execution is" if count == 1 else f"{count:,} executions are"
        raise TaskDoesNotExist(
            f"{fault}; {noun} interrupted and may wait for it: sfnb.resume() first, or %asl resume"
        ) from None


class ActivityTask(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker of an activity is given.

    input: the value itself, as a task function would get it; it is the caller's to change.
    """

    task_token: str
    input: Json


def create_activity(name: str) -> str:
    """Make an activity, for tasks whose work a loop of your own does; answers with its ARN.

    There may be one of this name already. Raises InvalidName.
    """
    arn = service().create_activity(name).arn
    service().registry.changed()
    return arn


def get_activity_task(activity: str, *, wait_seconds: float = 60) -> ActivityTask | None:
    """The next task of an activity, to be answered by its token; None where none comes in time.

    activity: its name or ARN. The task's `input` is a Python value; `StepFunctions.get_activity_task`
    answers with JSON text, as AWS does. Raises ActivityDoesNotExist.
    """
    arn = activity if activity.startswith("arn:") else service().create_activity(activity).arn
    task = service().get_activity_task(arn, wait_seconds=wait_seconds)
    return None if task is None else ActivityTask(task_token=task.task_token, input=decode(task.input))
