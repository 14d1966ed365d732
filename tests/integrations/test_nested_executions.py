"""Executions that start executions, in this process."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

import sfnb
from sfnb.engine.clock import JumpClock
from sfnb.execution import Execution
from sfnb.machine import load_machine
from sfnb.service import StepFunctions
from sfnb.values import decode

TARGET = "arn:aws:states:us-east-1:123456789012:stateMachine:target"
START = "arn:aws:states:::states:startExecution"
TREE = dict[str, Any]
SOON = 20.0


def define(service: StepFunctions, state: TREE) -> None:
    end = {} if state["Type"] == "Fail" else {"End": True}
    load_machine(service, {"StartAt": "T", "States": {"T": {**state, **end}}}, name="target")


def start(service: StepFunctions, how: str = "", /, task: TREE | None = None, **parameters: Any) -> Execution:
    state: TREE = {
        "Type": "Task",
        "Resource": START + how,
        "Parameters": {"StateMachineArn": TARGET, **parameters},
        "End": True,
        **(task or {}),
    }
    machine = load_machine(service, {"StartAt": "S", "States": {"S": state}}, name="starter")
    return machine.run(skip_waits=True)


def types(execution: Execution) -> list[str]:
    return [event.type for event in execution.log]


def test_the_answer_of_a_start_says_where_it_runs(service: StepFunctions) -> None:
    define(service, {"Type": "Pass"})

    output: Any = start(service, Name="child", Input={"n": 1}).output

    child = f"{TARGET.replace('stateMachine', 'execution')}:child"
    assert (output["ExecutionArn"], sorted(output)) == (
        child,
        ["ExecutionArn", "SdkHttpMetadata", "SdkResponseMetadata", "StartDate"],
    )
    assert isinstance(output["StartDate"], int)
    live = service.execution(child)
    assert live.wait(SOON)
    assert service.describe_execution(child).output == '{"n":1}'


@pytest.mark.parametrize(("how", "given"), [(".sync", '{"n":1}'), (".sync:2", {"n": 1})])
def test_sync_waits_for_the_end(service: StepFunctions, how: str, given: Any) -> None:
    define(service, {"Type": "Wait", "Seconds": 3600})

    execution = start(service, how, Input={"n": 1})

    output: Any = execution.output
    assert (output["Status"], output["Input"], output["Output"]) == ("SUCCEEDED", given, given)
    assert types(execution)[2:6] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]
    assert execution.duration is not None
    assert execution.duration >= timedelta(seconds=3600)


def test_a_child_that_fails_fails_the_task_with_all_that_is_known_of_it(service: StepFunctions) -> None:
    define(service, {"Type": "Fail", "Error": "Broken", "Cause": "no reason"})

    execution = start(service, ".sync:2", Input={"n": 1})

    assert execution.error == "States.TaskFailed"
    cause: Any = decode(str(execution.cause))
    assert (cause["Status"], cause["Error"], cause["Cause"]) == ("FAILED", "Broken", "no reason")
    assert list(cause) == sorted(cause)


def test_a_start_that_is_refused_is_worded_as_aws_does(service: StepFunctions) -> None:
    execution = start(service)

    assert execution.error == "StepFunctions.StateMachineDoesNotExistException"
    assert str(execution.cause).startswith(
        f"State Machine Does Not Exist: '{TARGET}' (Service: AWSStepFunctions; Status Code: 400; "
        "Error Code: StateMachineDoesNotExist; Request ID: "
    )


def test_a_name_can_be_had_once(service: StepFunctions) -> None:
    define(service, {"Type": "Pass"})
    start(service, ".sync", Name="child")

    assert start(service, ".sync", Name="child").error == "StepFunctions.ExecutionAlreadyExistsException"


def test_a_task_that_is_late_stops_its_child(service: StepFunctions) -> None:
    define(service, {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken"})
    service.registry.functions["sqs:sendMessage"] = lambda: "sent"
    state = {
        "Type": "Task",
        "Resource": f"{START}.sync",
        "Parameters": {"StateMachineArn": TARGET, "Name": "child"},
        "TimeoutSeconds": 1,
        "End": True,
    }
    machine = load_machine(service, {"StartAt": "S", "States": {"S": state}}, name="starter")

    execution = machine.run(clock=JumpClock(frozen=True))

    assert execution.error == "States.Timeout"
    child = service.execution(f"{TARGET.replace('stateMachine', 'execution')}:child")
    assert child.wait(SOON)
    assert service.describe_execution(child.arn).status == "ABORTED"


def test_a_token_ends_a_task_that_waits_for_a_child(service: StepFunctions) -> None:
    """Source: AWS recordings, callback, test_sync_with_task_token."""
    define(service, {"Type": "Task", "Resource": "answer"})

    def answer(given: dict[str, str]) -> None:
        service.send_task_success(given["token"], '"by token"')
        sfnb.sleep(0)

    service.registry.functions["answer"] = answer
    execution = start(service, ".sync", Input={"token.$": "$$.Task.Token"})

    assert execution.output == "by token"


def test_the_sdk_starts_executions_of_this_process_too(service: StepFunctions) -> None:
    define(service, {"Type": "Pass"})
    resource = "arn:aws:states:::aws-sdk:sfn:startExecution"

    output: Any = start(service, task={"Resource": resource}, Input={"n": 1}).output

    assert list(output) == ["ExecutionArn", "StartDate"]
    assert output["StartDate"].endswith("Z")
