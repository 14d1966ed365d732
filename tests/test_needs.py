"""Which functions an execution will call: told before it goes on."""

from __future__ import annotations

from typing import Any

import pytest

from sfnb.engine import events as ev
from sfnb.engine.fold import Standing
from sfnb.execution import Execution
from sfnb.machine import load_machine
from sfnb.needs import needs, open_states
from sfnb.service import StepFunctions
from tests.sessions import task

AFTER = {
    "Fork?": {
        "Type": "Choice",
        "Choices": [{"Variable": "$.n", "NumericEquals": 1, "Next": "Left"}],
        "Default": "Right",
    },
    "Left": task("left"),
    "Right": task("arn:aws:lambda:us-east-1:123456789012:function:right:PROD"),
    "Before": task("before", "Open"),
}


def needed(
    service: StepFunctions,
    states: dict[str, Any],
    until: type[ev.Event],
    start: str = "Open",
    **functions: Any,
) -> tuple[list[str], list[str]]:
    """What is needed now and later where the log ends with the first event of a kind."""
    machine = load_machine(service, {"StartAt": start, "States": states}, name="machine")
    machine.tasks.update(functions)
    log = list(machine.run({"n": 1}, mock="auto").log)
    cut = log[: next(index for index, event in enumerate(log) if isinstance(event, until)) + 1]
    registry = service.registry.machine(machine.arn)
    found = needs(machine.record.definition, machine.tree, Standing(cut), registry)
    return [need.name for need in found if not need.later], [need.name for need in found if need.later]


def test_the_open_state_needs_its_function_now_and_those_ahead_later(service: StepFunctions) -> None:
    states = {"Open": task("open", "Fork?"), **AFTER}
    states.pop("Before")

    assert needed(service, states, ev.LambdaFunctionScheduled) == (["open"], ["left", "right"])
    assert needed(service, states, ev.LambdaFunctionScheduled, left=lambda x: x) == (["open"], ["right"])
    assert needed(service, states, ev.TaskStateEntered, open=lambda x: x, left=lambda x: x, right=id) == (
        [],
        [],
    )


def test_what_lies_behind_is_not_needed(service: StepFunctions) -> None:
    states = {"Open": task("open", "Fork?"), **AFTER}

    now, later = needed(service, states, ev.ChoiceStateEntered, start="Before")
    assert now == []
    assert sorted(later) == ["left", "right"]


def test_a_state_that_was_left_is_not_called_again(service: StepFunctions) -> None:
    states = {"Open": task("open", "Left"), "Left": task("left")}

    assert needed(service, states, ev.TaskStateExited) == ([], ["left"])


def test_an_answer_that_has_come_needs_no_function(service: StepFunctions) -> None:
    assert needed(service, {"Open": task("open")}, ev.LambdaFunctionSucceeded) == ([], [])


def test_catchers_and_branches_and_items_are_ways_ahead(service: StepFunctions) -> None:
    inner = {"StartAt": "Inner", "States": {"Inner": task("inner")}}
    item = {"StartAt": "Item", "States": {"Item": task("item")}}
    states = {
        "Open": {**task("open", "Both"), "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Mend"}]},
        "Mend": task("mend"),
        "Both": {"Type": "Parallel", "Branches": [inner], "Next": "Each"},
        "Each": {"Type": "Map", "End": True, "ItemProcessor": item},
    }  # fmt: skip

    assert needed(service, states, ev.LambdaFunctionScheduled) == (["open"], ["mend", "inner", "item"])


def test_a_loop_needs_what_it_has_called_before(service: StepFunctions) -> None:
    states = {
        "Open": task("open", "Again?"),
        "Again?": {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsPresent": True, "Next": "Open"}],
                   "Default": "End"},
        "End": {"Type": "Succeed"},
    }  # fmt: skip

    assert needed(service, states, ev.ChoiceStateEntered) == ([], ["open"])


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"FunctionName": "price", "Payload": {}}, ["price"]),
        ({"FunctionName": "arn:aws:lambda:us-east-1:123456789012:function:price:PROD"}, ["price"]),
        ({"FunctionName.$": "$.which"}, []),
    ],
)
def test_the_name_of_a_function_is_told_where_the_definition_has_it(
    service: StepFunctions, parameters: dict[str, Any], expected: list[str]
) -> None:
    lambda_ = task("arn:aws:states:::lambda:invoke", Parameters=parameters)
    states = {"Open": task("open", "Call", ResultPath=None), "Call": lambda_}
    machine = load_machine(service, {"StartAt": "Open", "States": states}, name="machine")
    log = list(machine.run({"which": "price"}, mock="auto").log)
    cut = log[: next(i for i, event in enumerate(log) if isinstance(event, ev.TaskStateEntered)) + 1]
    found = needs(
        machine.record.definition, machine.tree, Standing(cut), service.registry.machine(machine.arn)
    )

    assert [need.name for need in found] == ["open", *expected]


def test_the_log_tells_the_name_that_the_data_had(service: StepFunctions) -> None:
    lambda_ = task("arn:aws:states:::lambda:invoke", Parameters={"FunctionName.$": "$.which"})
    machine = load_machine(service, {"StartAt": "Open", "States": {"Open": lambda_}}, name="machine")
    log = list(machine.run({"which": "price"}, mock="auto").log)
    cut = log[: next(i for i, event in enumerate(log) if isinstance(event, ev.TaskScheduled)) + 1]
    (need,) = needs(
        machine.record.definition, machine.tree, Standing(cut), service.registry.machine(machine.arn)
    )

    assert (need.name, need.later) == ("price", False)


def test_what_is_reached_without_a_function_is_not_waited_for(service: StepFunctions) -> None:
    states = {
        "Open": task("open", "Nested", ResultPath=None),
        "Nested": task(
            "arn:aws:states:::states:startExecution", "Worker", Parameters={"StateMachineArn.$": "$.m"}
        ),
        "Worker": task("arn:aws:states:us-east-1:123456789012:activity:pack"),
    }

    assert needed(service, states, ev.LambdaFunctionScheduled, open=id) == ([], [])


def test_a_token_that_is_waited_for_needs_no_function(service: StepFunctions) -> None:
    call = task(
        "arn:aws:states:::sqs:sendMessage.waitForTaskToken", Parameters={"MessageBody.$": "$$.Task.Token"}
    )
    machine = load_machine(service, {"StartAt": "Open", "States": {"Open": call}}, name="machine")
    machine.tasks["Open"] = lambda payload: {}
    execution: Execution = machine.start({})
    while not any(isinstance(event, ev.TaskSubmitted) for event in execution.log):
        assert not execution.wait(0.01)
    machine.tasks.clear()
    standing = Standing(execution.log)
    tasks = service.registry.machine(machine.arn)

    assert needs(machine.record.definition, machine.tree, standing, tasks) == []
    assert open_states(standing) == ["Open"]


def test_of_states_inside_others_the_inner_ones_are_told(service: StepFunctions) -> None:
    branch = {"StartAt": "Inner", "States": {"Inner": {"Type": "Wait", "Seconds": 100, "End": True}}}
    states = {"Both": {"Type": "Parallel", "Branches": [branch], "End": True}}
    machine = load_machine(service, {"StartAt": "Both", "States": states}, name="machine")
    execution = machine.start({})
    while not any(isinstance(event, ev.WaitStateEntered) for event in execution.log):
        assert not execution.wait(0.01)

    assert open_states(Standing(execution.log)) == ["Inner"]
