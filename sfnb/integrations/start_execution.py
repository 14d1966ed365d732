"""arn:aws:states:::states:startExecution: another state machine of this process is run.

`.sync` and `.sync:2` wait for its end; the first tells its input and output as text, the other as JSON.
Source: AWS guide, "Start a new AWS Step Functions state machine from a running execution"; AWS
recordings, callback.
"""

from __future__ import annotations

from datetime import datetime

from sfnb.aws_names import exception_name
from sfnb.engine.execution import ExecutionState
from sfnb.engine.ports import Executions, Handle, Report, TaskCall, Work, World
from sfnb.errors import SfnbError, TaskError
from sfnb.integrations.service import Service
from sfnb.integrations.step_functions import STARTING, begin, texts
from sfnb.values import Json, Payload, decode, encode


class StartExecution(Service):
    """Parameters {StateMachineArn, Input, Name}; answers {ExecutionArn, StartDate, ...}."""

    def reach(self, call: TaskCall, world: World) -> Work | None:
        executions = world.executions
        if executions is None:
            return None
        given = texts(call, *STARTING)

        def perform(_: Json) -> Json:
            return _start(call, executions, given)

        def follow(answer: Payload, report: Report) -> Handle:
            return _Job(call, executions, answer, report)

        follows = ".sync" in call.resource
        return Work(
            name="states:startExecution",
            function=perform,
            argument=call.payload,
            follow=follow if follows else None,
        )


def _start(call: TaskCall, executions: Executions, given: dict[str, str]) -> Json:
    try:
        arn, started = begin(executions, call, given)
    except SfnbError as fault:
        raise _refusal(call, type(fault).__name__, str(fault)) from None
    body = f'{{"executionArn":"{arn}","startDate":{started.timestamp():.12E}}}'.replace("E+0", "E")
    headers = {
        "x-amzn-RequestId": call.request_id,
        "connection": "keep-alive",
        "Content-Length": str(len(body)),
        "Date": f"{started:%a, %d %b %Y %H:%M:%S GMT}",
        "Content-Type": "application/x-amz-json-1.0",
    }
    return {
        "ExecutionArn": arn,
        "SdkHttpMetadata": {
            "AllHttpHeaders": {name: [value] for name, value in headers.items()},
            "HttpHeaders": {name: headers[name] for name in sorted(headers, key=str.lower)},
            "HttpStatusCode": 200,
        },
        "SdkResponseMetadata": {"RequestId": call.request_id},
        "StartDate": milliseconds(started),
    }


def _refusal(call: TaskCall, code: str, message: str) -> TaskError:
    return TaskError(
        f"StepFunctions.{exception_name(code)}",
        f"{message} (Service: AWSStepFunctions; Status Code: 400; Error Code: {code}; "
        f"Request ID: {call.request_id}; Proxy: null)",
    )


class _Job:
    """The execution under way; to cancel is to stop it.

    An EXPRESS one has been started, but cannot be waited for: AWS describes none, nor stops it.
    """

    def __init__(self, call: TaskCall, executions: Executions, answer: Payload, report: Report) -> None:
        assert isinstance(answer.value, dict)
        self.arn = str(answer.value["ExecutionArn"])
        self.call = call
        self.executions = executions
        self.report = report
        self.followed = self.arn.split(":")[5] != "express"
        if self.followed:
            executions.when_ended(self.arn, self._ended)
        else:
            message = "Invalid Arn: 'Resource type not valid in this context: express'"
            refusal = _refusal(call, "InvalidArn", message)
            report.refused(str(refusal.error), refusal.cause)

    def cancel(self) -> None:
        if self.followed:
            self.followed = False
            self.executions.abort_execution(self.arn)

    def _ended(self) -> None:
        if not self.followed:
            return
        state = self.executions.describe_execution(self.arn)
        described = self._described(state)
        if state.status == "SUCCEEDED":
            self.report.succeeded(Payload(described))
        else:
            self.report.refused("States.TaskFailed", encode(described))

    def _described(self, state: ExecutionState) -> dict[str, Json]:
        """DescribeExecution in PascalCase, sorted; what is nothing is left out."""
        parses = self.call.resource.endswith(":2")
        redrivable = state.status != "SUCCEEDED"
        reason = None if redrivable else "Execution is SUCCEEDED and cannot be redriven"
        prefix, _, name = self.arn.rpartition(":")
        told: dict[str, Json] = {
            "Cause": state.cause,
            "Error": state.error,
            "ExecutionArn": self.arn,
            "Input": decode(state.input) if parses else state.input,
            "InputDetails": {"Included": True},
            "Name": name,
            "Output": decode(state.output) if parses and state.output is not None else state.output,
            "OutputDetails": None if state.output is None else {"Included": True},
            "RedriveCount": 0,
            "RedriveStatus": "REDRIVABLE" if redrivable else "NOT_REDRIVABLE",
            "RedriveStatusReason": reason,
            "StartDate": milliseconds(state.start_date),
            "StateMachineArn": prefix.replace(":execution:", ":stateMachine:"),
            "Status": state.status,
            "StopDate": None if state.stop_date is None else milliseconds(state.stop_date),
        }
        return {key: value for key, value in told.items() if value is not None}


def milliseconds(moment: datetime) -> int:
    """Since 1970."""
    return round(moment.timestamp() * 1000)
