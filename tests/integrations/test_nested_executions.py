"""Executions that start executions, in this process."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
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
SOON = 60.0
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ROUNDS = range(5)
"""What once depended on whose turn it was did so in about every other run."""


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
    return [event.type for event in execution.log if event.id]


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


# The clock: a parent and its children see things happen in the order of their moments


def child_arn(name: str = "child") -> str:
    return f"{TARGET.replace('stateMachine', 'execution')}:{name}"


def frozen_run(service: StepFunctions, tree: TREE) -> Execution:
    execution = load_machine(service, tree, name="starter").start(clock=JumpClock(NOON, frozen=True))
    assert execution.wait(SOON)
    return execution


def sync(name: str, /, how: str = ".sync", **fields: Any) -> TREE:
    parameters = {"StateMachineArn": TARGET, "Name": name}
    return {"Type": "Task", "Resource": START + how, "Parameters": parameters, "End": True, **fields}


def single(state: TREE) -> TREE:
    return {"StartAt": "S", "States": {"S": state}}


@pytest.mark.parametrize("how", [".sync", ".sync:2"])
def test_a_task_is_late_before_the_wait_of_its_child_is_over(service: StepFunctions, how: str) -> None:
    define(service, {"Type": "Wait", "Seconds": 3600})

    for number in ROUNDS:
        execution = frozen_run(service, single(sync(f"c{number}", how, TimeoutSeconds=5)))

        assert (execution.error, execution.duration) == ("States.Timeout", timedelta(seconds=5))
        child = service.describe_execution(child_arn(f"c{number}"))
        assert (child.status, child.stop_date) == ("ABORTED", NOON + timedelta(seconds=5))
        assert "AnswerDropped" not in types(execution)


def test_a_child_is_stopped_before_its_parent_waits_for_anything_else(service: StepFunctions) -> None:
    define(service, {"Type": "Wait", "Seconds": 8})
    catch = {"Catch": [{"ErrorEquals": ["States.Timeout"], "Next": "Pause"}], "TimeoutSeconds": 5}
    states = {"S": sync("child", **catch), "Pause": {"Type": "Wait", "Seconds": 10, "End": True}}

    execution = frozen_run(service, {"StartAt": "S", "States": states})

    assert execution.duration == timedelta(seconds=15)
    assert service.describe_execution(child_arn()).stop_date == NOON + timedelta(seconds=5)


def test_a_branch_fails_while_another_waits_for_a_child(service: StepFunctions) -> None:
    define(service, {"Type": "Wait", "Seconds": 3600})
    failing = {"W": {"Type": "Wait", "Seconds": 10, "Next": "F"}, "F": {"Type": "Fail", "Error": "Broken"}}

    for number in ROUNDS:
        branches = [single(sync(f"c{number}")), {"StartAt": "W", "States": failing}]
        tree = {"StartAt": "P", "States": {"P": {"Type": "Parallel", "Branches": branches, "End": True}}}
        execution = frozen_run(service, tree)

        assert (execution.error, execution.duration) == ("Broken", timedelta(seconds=10))
        assert service.describe_execution(child_arn(f"c{number}")).status == "ABORTED"


def test_children_and_waits_end_in_the_order_of_their_moments(service: StepFunctions) -> None:
    define(service, {"Type": "Wait", "SecondsPath": "$.seconds"})

    def branch(state: str, seconds: int) -> TREE:
        task = sync(f"{state}-{seconds}")
        task["Parameters"]["Input"] = {"seconds": seconds}
        return {"StartAt": state, "States": {state: {**task, "TimeoutSeconds": 60}}}

    pause = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 20, "End": True}}}
    branches = [branch("A", 30), pause, branch("B", 10)]
    tree = {"StartAt": "P", "States": {"P": {"Type": "Parallel", "Branches": branches, "End": True}}}

    execution = frozen_run(service, tree)

    assert execution.duration == timedelta(seconds=30)
    ends = [(event.timestamp - NOON).seconds for event in execution.log if event.type.endswith("StateExited")]
    assert ends == [10, 20, 30, 30]


def test_a_child_that_nobody_waits_for_goes_on_after_its_parent(service: StepFunctions) -> None:
    define(service, {"Type": "Wait", "Seconds": 3600})

    execution = frozen_run(service, single(sync("child", "")))

    assert execution.duration == timedelta(0)
    assert service.execution(child_arn()).wait(SOON)
    assert service.describe_execution(child_arn()).stop_date == NOON + timedelta(hours=1)


def test_a_child_of_a_child_is_on_the_same_clock(service: StepFunctions) -> None:
    define(service, {"Type": "Wait", "Seconds": 3600})
    middle = load_machine(service, single(sync("grandchild")), name="middle")
    outer = sync("middle", TimeoutSeconds=5)
    outer["Parameters"]["StateMachineArn"] = middle.arn

    execution = frozen_run(service, single(outer))

    assert (execution.error, execution.duration) == ("States.Timeout", timedelta(seconds=5))
    grandchild = service.describe_execution(child_arn("grandchild"))
    assert (grandchild.status, grandchild.stop_date) == ("ABORTED", NOON + timedelta(seconds=5))


# EXPRESS children, and ARNs that are none


def express(service: StepFunctions, state: TREE) -> None:
    end = {} if state["Type"] == "Fail" else {"End": True}
    tree = {"StartAt": "T", "States": {"T": {**state, **end}}}
    load_machine(service, tree, name="target", type="EXPRESS")


SYNC = {"Resource": "arn:aws:states:::aws-sdk:sfn:startSyncExecution"}


def test_start_sync_execution_answers_with_the_end_of_an_express_child(service: StepFunctions) -> None:
    express(service, {"Type": "Wait", "Seconds": 60})

    execution = start(service, task=SYNC, Name="child", Input={"n": 1})

    output: Any = execution.output
    arn = output.pop("ExecutionArn")
    assert arn.startswith(TARGET.replace("stateMachine", "express") + ":child:")
    assert output.pop("StartDate") < output.pop("StopDate")
    assert output.pop("BillingDetails")["BilledDurationInMilliseconds"] >= 60_000
    assert output == {
        "Input": '{"n":1}',
        "InputDetails": {"Included": True},
        "Name": "child",
        "Output": '{"n":1}',
        "OutputDetails": {"Included": True},
        "StateMachineArn": TARGET,
        "Status": "SUCCEEDED",
    }
    assert types(execution)[2:5] == ["TaskScheduled", "TaskStarted", "TaskSucceeded"]


def test_start_sync_execution_succeeds_though_its_child_fails(service: StepFunctions) -> None:
    express(service, {"Type": "Fail", "Error": "Broken", "Cause": "no reason"})

    output: Any = start(service, task=SYNC, IncludedData="METADATA_ONLY").output

    assert (output["Status"], output["Error"], output["Cause"]) == ("FAILED", "Broken", "no reason")
    assert not {"Output", "OutputDetails", "Input"} & output.keys()


def test_start_sync_execution_is_late_like_any_task(service: StepFunctions) -> None:
    express(service, {"Type": "Wait", "Seconds": 60})

    execution = frozen_run(service, single(sync("child", **SYNC, TimeoutSeconds=5)))

    assert (execution.error, execution.duration) == ("States.Timeout", timedelta(seconds=5))


def test_start_sync_execution_takes_express_machines_alone(service: StepFunctions) -> None:
    define(service, {"Type": "Pass"})

    execution = start(service, task=SYNC)

    assert execution.error == "Sfn.StateMachineTypeNotSupportedException"
    assert service.list_executions()[0].arn == execution.arn


def test_an_express_child_is_started_but_cannot_be_waited_for(service: StepFunctions) -> None:
    express(service, {"Type": "Pass"})

    execution = start(service, ".sync:2")

    assert execution.error == "StepFunctions.InvalidArnException"
    assert str(execution.cause).startswith(
        "Invalid Arn: 'Resource type not valid in this context: express' (Service: AWSStepFunctions; "
    )
    assert "TaskSubmitted" in types(execution)
    (child,) = [live for live in service.latest_executions() if live.machine.arn == TARGET]
    assert child.wait(SOON)
    assert service.describe_execution(child.arn).status == "SUCCEEDED"


@pytest.mark.parametrize(
    ("arn", "says"),
    [
        ("nope", "Invalid ARN prefix: nope"),
        (child_arn(), "Resource type not valid in this context: execution"),
        ("arn:aws:states", "Resource type not valid in this context: "),
    ],
)
def test_what_is_no_arn_of_a_machine_is_refused(service: StepFunctions, arn: str, says: str) -> None:
    execution = start(service, StateMachineArn=arn)

    assert execution.error == "StepFunctions.InvalidArnException"
    assert str(execution.cause).startswith(
        f"Invalid Arn: '{says}' (Service: AWSStepFunctions; Status Code: 400; Error Code: InvalidArn; "
    )


# A name is had once


def test_a_running_child_is_answered_with_when_it_is_started_again(service: StepFunctions) -> None:
    """Source: AWS API reference, StartExecution."""
    define(service, {"Type": "Wait", "Seconds": 60})
    first = {**sync("child", ""), "Next": "S2"}
    del first["End"]

    execution = frozen_run(service, {"StartAt": "S", "States": {"S": first, "S2": sync("child")}})

    assert execution.status == "SUCCEEDED"
    assert [live.arn for live in service.list_executions()] == [child_arn(), execution.arn]


def test_a_running_name_with_another_input_is_refused(service: StepFunctions) -> None:
    define(service, {"Type": "Wait", "Seconds": 60})
    first = {**sync("child", ""), "Next": "S2"}
    del first["End"]
    second = sync("child", "")
    second["Parameters"]["Input"] = {"n": 2}

    execution = frozen_run(service, {"StartAt": "S", "States": {"S": first, "S2": second}})

    assert execution.error == "StepFunctions.ExecutionAlreadyExistsException"


# Any other action of Step Functions itself


def test_a_task_may_call_any_action_of_this_process(service: StepFunctions) -> None:
    child = load_machine(service, single({"Type": "Pass", "End": True}), name="child").run({"n": 1})

    def told(action: str, **parameters: str) -> Any:
        resource = f"arn:aws:states:::aws-sdk:sfn:{action}"
        task = {"Type": "Task", "Resource": resource, "Parameters": parameters, "End": True}
        return load_machine(service, single(task), name="asking").run({})

    described = told("describeExecution", ExecutionArn=child.arn).output
    listed = told("listExecutions", StateMachineArn=child_machine()).output
    gone = told("describeStateMachine", StateMachineArn=f"{child_machine()}-gone")

    assert (described["Status"], described["Output"]) == ("SUCCEEDED", '{"n":1}')
    assert [each["ExecutionArn"] for each in listed["Executions"]] == [child.arn]
    assert gone.error == "Sfn.StateMachineDoesNotExistException"
    assert str(gone.cause).startswith(
        f"State Machine Does Not Exist: '{child_machine()}-gone' (Service: Sfn,"
    )


def child_machine() -> str:
    return "arn:aws:states:us-east-1:123456789012:stateMachine:child"
