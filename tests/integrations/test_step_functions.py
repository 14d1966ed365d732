"""Step Functions' own actions as tasks: what both ways of starting an execution have in common."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from sfnb.engine.clock import JumpClock
from sfnb.execution import Execution
from sfnb.machine import load_machine
from sfnb.service import StepFunctions

TARGET = "arn:aws:states:us-east-1:123456789012:stateMachine:target"
OPTIMISED, SDK = "arn:aws:states:::states:startExecution", "arn:aws:states:::aws-sdk:sfn:startExecution"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def start(service: StepFunctions, resource: str, **parameters: Any) -> Execution:
    """A machine that starts another one, at a moment that is no whole number of milliseconds."""
    load_machine(service, {"StartAt": "S", "States": {"S": {"Type": "Succeed"}}}, name="target")
    state = {
        "Type": "Task",
        "Resource": resource,
        "Parameters": {"StateMachineArn": TARGET, "Input": "{}", **parameters},
        "End": True,
    }
    machine = load_machine(service, {"StartAt": "S", "States": {"S": state}}, name="starter")
    return machine.run(clock=JumpClock(NOON.replace(microsecond=567_890), frozen=True))


@pytest.mark.parametrize(
    ("resource", "error"),
    [(OPTIMISED, "StepFunctions.ValidationException"), (SDK, "Sfn.ValidationException")],
)
def test_what_is_called_an_exception_already_is_called_one_once(
    service: StepFunctions, resource: str, error: str
) -> None:
    assert start(service, resource, StateMachineArn=f"{TARGET}/label").error == error


@pytest.mark.parametrize("name", ["n n", "n" * 81, ""])
@pytest.mark.parametrize("resource", [OPTIMISED, SDK])
def test_a_name_that_is_none_is_refused_as_the_api_does(
    service: StepFunctions, resource: str, name: str
) -> None:
    execution = start(service, resource, Name=name)

    assert str(execution.error).endswith(".InvalidNameException")
    assert str(execution.cause).startswith(f"Invalid Name: '{name}' (Service: ")


@pytest.mark.parametrize(
    ("resource", "moment"),
    [(OPTIMISED, round(NOON.timestamp()) * 1000 + 568), (SDK, "2026-01-01T12:00:00.568Z")],
)
def test_a_moment_is_told_to_the_millisecond_as_the_api_tells_it(
    service: StepFunctions, resource: str, moment: str | int
) -> None:
    output: Any = start(service, resource).output

    assert output["StartDate"] == moment
