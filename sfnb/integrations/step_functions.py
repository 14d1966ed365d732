"""aws-sdk:sfn: Step Functions' own actions, answered in this process.

Source: AWS guide, "Learning to use AWS service SDK integrations"; AWS recordings, services.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

from sfnb.aws_names import exception_name
from sfnb.engine.ports import Executions, TaskCall, Work, World
from sfnb.errors import SfnbError, TaskError
from sfnb.integrations import sync_execution
from sfnb.integrations.service import parameters_refused
from sfnb.integrations.shapes import instant
from sfnb.values import Json, encode

Action = Callable[[World, TaskCall, dict[str, str]], Json]


def start_execution(world: World, call: TaskCall, given: dict[str, str]) -> Json:
    assert world.executions is not None
    return started(*begin(world.executions, call, given))


def start_sync_execution(world: World, call: TaskCall, given: dict[str, str]) -> Json:
    """The answer that tells of its end comes later: `sync_execution.follow`."""
    assert world.executions is not None
    return started(*begin(world.executions, call, given, synchronous=True))


def begin(
    executions: Executions, call: TaskCall, given: dict[str, str], *, synchronous: bool = False
) -> tuple[str, datetime]:
    """Start an execution with the parameters of StartExecution; its ARN, and when it started."""
    return executions.begin_execution(
        given["StateMachineArn"],
        given.get("Input", "{}"),
        name=given.get("Name"),
        token=call.request_id,
        clock=call.clock,
        sleepers=call.sleepers,
        on_output=call.on_output,
        synchronous=synchronous,
    )


def started(arn: str, moment: datetime) -> Json:
    return {"ExecutionArn": arn, "StartDate": instant(moment)}


def send_task_success(world: World, call: TaskCall, given: dict[str, str]) -> Json:
    world.tokens.succeed(given["TaskToken"], given["Output"])
    return {}


def send_task_failure(world: World, call: TaskCall, given: dict[str, str]) -> Json:
    world.tokens.fail(given["TaskToken"], given.get("Error"), given.get("Cause"))
    return {}


def send_task_heartbeat(world: World, call: TaskCall, given: dict[str, str]) -> Json:
    world.tokens.heartbeat(given["TaskToken"])
    return {}


STARTING = ("StateMachineArn",), ("Input", "Name", "TraceHeader")

ACTIONS: dict[str, tuple[Action, tuple[str, ...], tuple[str, ...]]] = {
    "startExecution": (start_execution, *STARTING),
    "startSyncExecution": (start_sync_execution, STARTING[0], (*STARTING[1], "IncludedData")),
    "sendTaskSuccess": (send_task_success, ("TaskToken", "Output"), ()),
    "sendTaskFailure": (send_task_failure, ("TaskToken",), ("Error", "Cause")),
    "sendTaskHeartbeat": (send_task_heartbeat, ("TaskToken",), ()),
}
"""What answers each, the parameters it needs and those it may have besides."""


def reach(call: TaskCall, world: World, action: str) -> Work | None:
    """How to ask Step Functions in this process; raises EvaluationError where the parameters will not do."""
    if world.executions is None:
        return None
    act, required, optional = ACTIONS[action]
    given = texts(call, required, optional)

    def perform(_: Json) -> Json:
        try:
            return act(world, call, given)
        except SfnbError as fault:
            code = type(fault).__name__
            cause = f"{fault} (Service: Sfn, Status Code: 400, Request ID: {call.request_id})"
            raise TaskError(f"Sfn.{exception_name(code)}", cause) from None

    ends = partial(sync_execution.follow, world.executions, given) if act is start_sync_execution else None
    return Work(name=f"sfn:{action}", function=perform, argument=call.payload, follow=ends)


def texts(call: TaskCall, required: tuple[str, ...], optional: tuple[str, ...]) -> dict[str, str]:
    """The parameters, each a text: JSON where something else was given. Null is as good as nothing.

    Raises EvaluationError where one is missing or unknown.
    """
    parameters = call.payload.value
    given = {k: v for k, v in parameters.items() if v is not None} if isinstance(parameters, dict) else {}
    faults = [
        f'The field "{name}" is not supported by Step Functions'
        for name in given
        if name not in required + optional
    ]
    faults += [f"The field '{name}' is required but was missing" for name in required if name not in given]
    if faults:
        raise parameters_refused(call, faults)
    return {name: value if isinstance(value, str) else encode(value) for name, value in given.items()}
