"""aws-sdk:sfn:startSyncExecution: an EXPRESS machine is run, and its end is the answer, good or bad.

Source: AWS API reference, StartSyncExecution ("will return a 200 OK response, even if your execution fails").
"""

from __future__ import annotations

from sfnb.engine.execution import ExecutionState
from sfnb.engine.ports import Executions, Handle, Report
from sfnb.integrations.shapes import instant
from sfnb.values import Json, Payload

MEMORY_MEGABYTES = 64
"""The least that AWS bills; what an execution would take there is not known here."""


def follow(executions: Executions, given: dict[str, str], answer: Payload, report: Report) -> Handle:
    """Report what the execution, whose ARN is in `answer`, comes to."""
    assert isinstance(answer.value, dict)
    arn = str(answer.value["ExecutionArn"])

    def ended() -> None:
        report.succeeded(Payload(described(arn, given, executions.describe_execution(arn))))

    executions.when_ended(arn, ended)
    return _Unstoppable()


class _Unstoppable:
    """StopExecution takes no EXPRESS execution, so one that nobody waits for any more goes on."""

    def cancel(self) -> None:
        """Nothing is done."""


def described(arn: str, given: dict[str, str], state: ExecutionState) -> dict[str, Json]:
    """StartSyncExecution's answer in PascalCase, sorted; what is nothing is left out.

    arn: `...:express:MACHINE:NAME:UUID`. given: the parameters.
    """
    assert state.stop_date is not None
    included = given.get("IncludedData") != "METADATA_ONLY"
    has_output = state.output is not None
    told: dict[str, Json] = {
        "BillingDetails": {
            "BilledDurationInMilliseconds": state.billed_milliseconds,
            "BilledMemoryUsedInMB": MEMORY_MEGABYTES,
        },
        "Cause": state.cause,
        "Error": state.error,
        "ExecutionArn": arn,
        "Input": state.input if included else None,
        "InputDetails": {"Included": included},
        "Name": arn.split(":")[-2],
        "Output": state.output if included else None,
        "OutputDetails": {"Included": included} if has_output else None,
        "StartDate": instant(state.start_date),
        "StateMachineArn": given["StateMachineArn"],
        "Status": state.status,
        "StopDate": instant(state.stop_date),
        "TraceHeader": given.get("TraceHeader"),
    }
    return {key: value for key, value in told.items() if value is not None}
