"""The one service behind the functions of the package, made when it is first needed."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, overload

import msgspec

from sfnb.engine.tokens import InvalidOutput
from sfnb.execution import Execution
from sfnb.integrations.aws import Aws
from sfnb.items.folder import FolderBuckets
from sfnb.jsonable import NotJson, to_payload
from sfnb.machine import StateMachine, load_machine, register
from sfnb.service import MachineType, StepFunctions
from sfnb.values import Json, decode

if TYPE_CHECKING:
    import pandas as pd

Function = TypeVar("Function", bound=Callable[..., Any])


@functools.cache
def service() -> StepFunctions:
    """The service that `load`, `task` and the magics use."""
    return StepFunctions()


def load(
    definition: str | bytes | dict[str, Any] | Path,
    *,
    name: str | None = None,
    unlimited: bool = False,
    type: MachineType = "STANDARD",
) -> StateMachine:
    """A state machine from JSON or YAML text, a Python dict, or a file.

    definition: text; a dict; a Path, or a str that names an existing .json, .yaml or .yml file.
    name: "machine" and a number unless told; the name of a machine that exists gives it a new
        definition and keeps its tasks.
    unlimited: lift the bound of 1 MiB.
    type: an EXPRESS machine runs for five minutes at most, and waits for no job or callback.
    Raises DefinitionError with every finding.

    >>> load({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}, name="hello").run({"n": 1}).output
    {'n': 1}
    """
    return load_machine(service(), definition, name=name, unlimited=unlimited, type=type)


@overload
def task(function: Function, /) -> Function: ...
@overload
def task(name: str, /) -> Callable[[Function], Function]: ...
def task(function: Any, /) -> Any:
    """Let a Python function stand for a Resource of its name, or of the name that is given.

    >>> @task
    ... def price(order): return {**order, "price": 3}
    >>> @task("arn:aws:lambda:us-east-1:123456789012:function:ship")
    ... def ship_it(order): return "shipped"

    One parameter receives the whole payload; parameters named (event, context) are Lambda's; several
    others are filled by the payload's keys.
    """
    return register(service().registry.functions, function)


def executions() -> list[Execution]:
    """Every execution of this process, newest first."""
    return [Execution(service(), live) for live in service().latest_executions()]


def execution_of(arn: str) -> Execution:
    """The execution of this ARN, also that of a map run's child; raises ExecutionDoesNotExist."""
    return Execution(service(), service().execution(arn))


def use_buckets(folder: str | Path) -> None:
    """Let a folder stand for S3, with a folder in it for each bucket; it need not exist yet.

    Distributed Maps read their items from it and write their results there. Unless told, it is the folder
    `buckets` where the process runs; after `connect_aws` it is S3 itself.
    """
    service().buckets = FolderBuckets(Path(folder).expanduser())


def machines() -> list[StateMachine]:
    """Every state machine of this process, oldest first."""
    return [StateMachine(service(), record) for record in service().list_state_machines()]


def task_tokens() -> pd.DataFrame:
    """Every task that waits for its token, a row each, oldest first.

    Columns: token, execution (its ARN), state, resource, since (UTC), input (the task's parameters).
    """
    import pandas as pd

    tokens = service().list_task_tokens()
    fields = ("token", "execution", "state", "resource", "since", "input")
    return pd.DataFrame({name: [getattr(token, name) for token in tokens] for name in fields})


def send_task_success(token: str, output: object = None) -> None:
    """Answer a task that waits for its token; `output`, anything that can be JSON, is its result.

    Raises TaskTimedOut where nobody waits any more, TaskDoesNotExist, InvalidToken, InvalidOutput.
    """
    try:
        payload = to_payload(output, "output")
    except NotJson as fault:
        raise InvalidOutput(f"the output is not JSON: {fault}") from None
    service().send_task_success(token, payload)


def send_task_failure(token: str, error: str | None = None, cause: str | None = None) -> None:
    """Fail a task that waits for its token; raises as `send_task_success` does."""
    service().send_task_failure(token, error, cause)


def send_task_heartbeat(token: str) -> None:
    """Show that the task behind a token is being worked at: its HeartbeatSeconds begin anew."""
    service().send_task_heartbeat(token)


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
    return service().create_activity(name).arn


def get_activity_task(activity: str, *, wait_seconds: float = 60) -> ActivityTask | None:
    """The next task of an activity, to be answered by its token; None where none comes in time.

    activity: its name or ARN. The task's `input` is a Python value; `StepFunctions.get_activity_task`
    answers with JSON text, as AWS does. Raises ActivityDoesNotExist.
    """
    arn = activity if activity.startswith("arn:") else service().create_activity(activity).arn
    task = service().get_activity_task(arn, wait_seconds=wait_seconds)
    return None if task is None else ActivityTask(task_token=task.task_token, input=decode(task.input))


def connect_aws(
    *, endpoint_url: str | None = None, region: str | None = None, profile: str | None = None
) -> None:
    """Let tasks call AWS: from now on, a service task that no Python function stands for is really called,
    and a Distributed Map reads from S3 and writes to it.

    Credentials are found as boto3 finds them; needs `pip install "sfnb[aws]"`.
    endpoint_url: where every call goes instead, as to a local stand-in for AWS.
    region: instead of the configured one. profile: of the shared configuration files.
    """
    service().connect(Aws(endpoint_url=endpoint_url, region=region, profile=profile))
