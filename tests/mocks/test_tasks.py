"""Executions with mocks: what the history shows, and what Retry and Catch see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from machines import frozen, single, types

from sfnb.errors import TaskError
from sfnb.execution import Execution
from sfnb.machine import load_machine
from sfnb.mocks import MockedTasks, Mocks, Return, Throw, mocks_of
from sfnb.service import StepFunctions

TREE = dict[str, Any]
INVOKE = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
          "Parameters": {"FunctionName": "f", "Payload": {"n.$": "$.n"}}}  # fmt: skip
CALLED = ["TaskScheduled", "TaskStarted", "TaskSucceeded"]
SUBMITTED = ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]

Run = Callable[..., Execution]


@pytest.fixture
def run(service: StepFunctions, monkeypatch: pytest.MonkeyPatch) -> Run:
    def run(tree: TREE, mock: Any, given: Any = None, **functions: Any) -> Execution:
        machine = load_machine(service, tree, name="machine")
        machine.tasks.update(functions)
        mocks = mock if isinstance(mock, Mocks) else mocks_of(mock, tree)
        own = service.registry.machine(machine.arn)
        monkeypatch.setattr(service.registry, "machine", lambda arn: MockedTasks(own, mocks))
        execution = machine.start({"n": 1} if given is None else given, clock=frozen())
        monkeypatch.undo()
        assert execution.wait(20)
        return execution

    return run


def of_tasks(execution: Execution) -> list[str]:
    of_a_call = ("Task", "Lambda", "Activity")
    return [name for name in types(execution) if name.startswith(of_a_call) and "State" not in name]


def test_a_result_is_taken_as_it_is(run: Run) -> None:
    execution = run(single(INVOKE), {"It": {"Payload": {"paid": True}}})

    assert execution.output == {"Payload": {"paid": True}}
    assert of_tasks(execution) == CALLED


@pytest.mark.parametrize(
    ("resource", "events"),
    [
        ("arn:aws:lambda:us-east-1:123456789012:function:f",
         ["LambdaFunctionScheduled", "LambdaFunctionStarted", "LambdaFunctionSucceeded"]),
        ("arn:aws:states:::sqs:sendMessage", CALLED),
        ("arn:aws:states:::aws-sdk:s3:listBuckets", CALLED),
        ("arn:aws:states:::states:startExecution.sync:2", SUBMITTED),
        ("arn:aws:states:::sqs:sendMessage.waitForTaskToken", SUBMITTED),
        ("arn:aws:states:us-east-1:123456789012:activity:work",
         ["ActivityScheduled", "ActivityStarted", "ActivitySucceeded"]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("mock", [Return([7]), lambda payload: [7]], ids=["result", "function"])
def test_the_history_is_that_of_a_call(resource: str, events: list[str], mock: Any, run: Run) -> None:
    execution = run(single({"Type": "Task", "Resource": resource}), {"It": mock})

    assert (execution.status, execution.output) == ("SUCCEEDED", [7])
    assert of_tasks(execution) == events


def test_retry_and_catch_see_what_is_thrown(run: Run) -> None:
    state = {**INVOKE, "Retry": [{"ErrorEquals": ["Busy"], "MaxAttempts": 2}],
             "Catch": [{"ErrorEquals": ["Broken"], "Next": "Caught"}], "Next": "Caught"}  # fmt: skip
    tree = {"StartAt": "It", "States": {"It": state, "Caught": {"Type": "Pass", "End": True}}}
    execution = run(tree, {"It": [Throw("Busy", "b"), Throw("Busy"), Throw("Broken", "for good")]})

    assert execution.output == {"Error": "Broken", "Cause": "for good"}
    assert of_tasks(execution) == ["TaskScheduled", "TaskStarted", "TaskFailed"] * 3


def test_a_function_is_given_the_whole_input_and_may_raise(run: Run) -> None:
    def charge(parameters: Any) -> Any:
        if parameters["Payload"]["n"] == 1:
            return {"Payload": parameters["FunctionName"]}
        raise TaskError("Declined", "no")

    assert run(single(INVOKE), {"It": charge}).output == {"Payload": "f"}
    failed = run(single(INVOKE), {"It": charge}, {"n": 2})
    assert (failed.error, failed.cause) == ("Declined", "no")


def test_the_attempts_of_a_state_count_through_a_map(run: Run) -> None:
    """Step Functions Local 2.0.0: one counter a state and execution; retries count as well."""
    state = {**INVOKE, "Retry": [{"ErrorEquals": ["Boom"]}]}
    each = {"Type": "Map", "MaxConcurrency": 1, "ItemProcessor": single(state), "End": True}
    answers = [Throw("Boom", "0"), {"Payload": 1}, {"Payload": 2}]
    execution = run({"StartAt": "Each", "States": {"Each": each}}, {"It": answers}, [{"n": 1}, {"n": 2}])

    assert execution.output == [{"Payload": 1}, {"Payload": 2}]


def test_a_list_that_has_ended_fails_what_no_catch_catches(run: Run) -> None:
    state = {**INVOKE, "Retry": [{"ErrorEquals": ["States.ALL"]}]}
    execution = run(single(state), {"It": [Throw("E", "c")]})

    assert (execution.status, execution.error) == ("FAILED", "States.Runtime")
    assert "this is call 2" in (execution.cause or "")


@pytest.mark.parametrize("caught", ["States.Timeout", "States.HeartbeatTimeout", "States.ALL"])
def test_a_missed_heartbeat_is_caught_under_either_name(run: Run, caught: str) -> None:
    caught_it = {"Catch": [{"ErrorEquals": [caught], "Next": "Then"}], "End": True}
    tree = {"StartAt": "It", "States": {"It": {**INVOKE, **caught_it}, "Then": {"Type": "Succeed"}}}

    execution = run(tree, {"It": Throw("States.HeartbeatTimeout", "silence")})

    assert execution.output == {"Error": "States.Timeout", "Cause": "silence"}


@pytest.mark.parametrize("error", ["States.Timeout", "States.HeartbeatTimeout"])
@pytest.mark.parametrize(
    ("resource", "events"),
    [
        ("arn:aws:states:::sqs:sendMessage", ["TaskScheduled", "TaskStarted", "TaskTimedOut"]),
        ("arn:aws:states:::sqs:sendMessage.waitForTaskToken",
         ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskTimedOut"]),
        ("f", ["LambdaFunctionScheduled", "LambdaFunctionStarted", "LambdaFunctionTimedOut"]),
    ],
)  # fmt: skip
def test_a_time_out_is_written_as_one(run: Run, error: str, resource: str, events: list[str]) -> None:
    execution = run(single({"Type": "Task", "Resource": resource}), {"It": Throw(error)})

    assert (execution.error, of_tasks(execution)) == ("States.Timeout", events)


def test_automatic_mocks_leave_planned_states_and_python_functions_alone(run: Run) -> None:
    call = {
        "Type": "Task",
        "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f",
        "ResultPath": "$.x",
    }
    reads = {"Type": "Pass", "Parameters": {"a.$": "$.x.a"}, "End": True}
    tree = {
        "StartAt": "Planned",
        "States": {
            "Planned": call | {"ResultPath": "$.planned", "Next": "Mine"},
            "Mine": call | {"ResultPath": "$.mine", "Next": "Auto"},
            "Auto": call | {"Next": "End"},
            "End": {"Type": "Pass", "End": True},
        },
    }
    execution = run(tree, {"Planned": 1, ...: "auto"}, Mine=lambda: 2)

    output: Any = execution.output
    assert (output["planned"], output["mine"]) == (1, 2)
    assert output["x"] == {"status": "SUCCEEDED"}
    alone = run({"StartAt": "It", "States": {"It": call | {"Next": "R"}, "R": reads}}, "auto")
    assert alone.status == "SUCCEEDED"
