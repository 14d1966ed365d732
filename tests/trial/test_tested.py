"""`machine.test_state`: one state of a machine, tried with Python values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sfnb.errors import InvalidInput
from sfnb.jsonable import NotJson
from sfnb.machine import StateMachine, load_machine
from sfnb.mocks import InvalidMock, Return, Throw
from sfnb.service import StepFunctions
from sfnb.trial.refusals import InvalidDefinition, ValidationException
from sfnb.trial.tested import StateTest

DEFINITION: dict[str, Any] = {
    "StartAt": "Charge",
    "States": {
        "Charge": {
            "Type": "Task",
            "Resource": "charge",
            "InputPath": "$.order",
            "Parameters": {"id.$": "$.id"},
            "ResultPath": "$.charge",
            "Assign": {"paid.$": "$.paid"},
            "Retry": [{"ErrorEquals": ["Busy"], "MaxAttempts": 2, "IntervalSeconds": 3}],
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Both"}],
            "Next": "Both",
        },
        "Both": {
            "Type": "Parallel",
            "Branches": [{"StartAt": "Inner", "States": {"Inner": {"Type": "Pass", "End": True}}}],
            "Next": "Ship",
        },
        "Ship": {"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "End": True},
    },
}
ORDER = {"order": {"id": 7}, "who": "Ann"}


@pytest.fixture
def machine() -> Iterator[StateMachine]:
    service = StepFunctions()
    yield load_machine(service, DEFINITION, name="orders")
    service.close()


def test_the_registered_function_is_called(machine: StateMachine, capsys: pytest.CaptureFixture[str]) -> None:
    @machine.task("Charge")
    def charge(order: dict[str, Any]) -> dict[str, Any]:
        print("charging", order["id"])
        return {"paid": True}

    test = machine.test_state("Charge", ORDER)

    assert (test.status, test.next, test.error, test.cause) == ("SUCCEEDED", "Both", None, None)
    assert test.output == {**ORDER, "charge": {"paid": True}}
    assert test.variables == test.assigned == {"paid": True}
    assert test.stages == {
        "InputPath": {"id": 7},
        "Parameters": {"id": 7},
        "Result": {"paid": True},
        "Assign": {"paid": True},
        "ResultPath": {**ORDER, "charge": {"paid": True}},
    }
    assert capsys.readouterr().out == "charging 7\n"
    assert machine.executions == []


def test_a_failure_is_that_of_a_run(machine: StateMachine) -> None:
    @machine.task("Charge")
    def charge(order: dict[str, Any]) -> None:
        raise KeyError("card")

    test = machine.test_state("Charge", ORDER)

    assert (test.status, test.error, test.next) == ("CAUGHT_ERROR", "KeyError", "Both")
    assert test.details.catch_index == 0
    assert test.output["error"]["Error"] == "KeyError"
    assert "Catch[0]/ResultPath" in test.stages


@pytest.mark.parametrize(
    ("mock", "result"),
    [
        ({"paid": 1}, {"paid": 1}),
        (Return({"paid": 2}), {"paid": 2}),
        (lambda order: {"paid": order["id"]}, {"paid": 7}),
    ],
    ids=["a value", "Return", "a function"],
)
def test_a_mock_stands_for_the_work(machine: StateMachine, mock: Any, result: Any) -> None:
    assert machine.test_state("Charge", ORDER, mock=mock).output["charge"] == result


def test_a_mocked_error_is_retried_until_the_retrier_is_spent(machine: StateMachine) -> None:
    def tried(retries: int) -> StateTest:
        return machine.test_state("Charge", ORDER, mock=Throw("Busy", "later"), retry_count=retries)

    assert [tried(n).status for n in range(3)] == ["RETRIABLE", "RETRIABLE", "CAUGHT_ERROR"]
    assert [tried(n).details.retry_backoff_interval_seconds for n in range(3)] == [3, 6, None]


def test_auto_mocks_a_service(machine: StateMachine) -> None:
    assert "MessageId" in machine.test_state("Ship", mock="auto").output


def test_a_result_is_held_against_the_service_s_model(machine: StateMachine) -> None:
    with pytest.raises(ValidationException, match="Field 'MessageId' must be a string"):
        machine.test_state("Ship", mock={"MessageId": 1})

    assert machine.test_state("Ship", mock={"MessageId": 1}, fields="NONE").output == {"MessageId": 1}


def test_the_context_object_is_the_machine_s(machine: StateMachine) -> None:
    inner = StateMachine(machine._service, machine.record)
    definition = {"Type": "Pass", "Parameters": {"c.$": "$$"}, "End": True}
    shown = load_machine(inner._service, {"StartAt": "Here", "States": {"Here": definition}}, name="shown")

    context = shown.test_state("Here").output["c"]

    assert context["StateMachine"] == {"Id": shown.arn, "Name": "shown"}
    assert context["State"]["Name"] == "Here"


def test_the_response_is_aws_s(machine: StateMachine) -> None:
    response = machine.test_state("Inner", {"a": 1}, inspection="DEBUG").response()

    assert response == {
        "output": '{"a":1}',
        "inspectionData": {
            "input": '{"a":1}',
            "afterInputPath": '{"a":1}',
            "afterParameters": '{"a":1}',
            "afterResultSelector": '{"a":1}',
            "afterResultPath": '{"a":1}',
        },
        "status": "SUCCEEDED",
    }


def test_a_task_that_nothing_stands_for_says_what_to_do(machine: StateMachine) -> None:
    definition = {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "nobody", "End": True}}}
    alone = load_machine(machine._service, definition, name="alone")

    test = alone.test_state("A")

    assert (test.status, test.error) == ("FAILED", "Lambda.ResourceNotFoundException")
    assert "hint: nothing stands for nobody: put @sfnb.task above a function" in str(test)


def test_info_shows_no_stages(machine: StateMachine) -> None:
    test = machine.test_state("Charge", ORDER, mock={"paid": 1}, inspection="INFO")

    assert test.stages == {}
    assert test.inspection is None
    assert repr(test).splitlines() == [
        "✔ SUCCEEDED  Charge, a Task → Both",
        '  output: {"order": {"id": 7}, "who": "Ann", "charge": {"paid": 1}}',
    ]


@pytest.mark.parametrize(
    ("state", "options", "kind", "message"),
    [
        ("Chrage", {}, ValidationException, 'did you mean "Charge"'),
        ("Both", {}, InvalidDefinition, "give mock=.* one output for each branch"),
        ("Inner", {"mock": 1}, ValidationException, "State type 'Pass' is not supported"),
        ("Both", {"mock": "auto"}, InvalidMock, "Both is a Parallel"),
        ("Both", {"mock": [1], "error_from": "Ship"}, ValidationException, "State not found"),
        ("Charge", {"mock": 1, "retry_count": -1}, ValidationException, "0 or more"),
        ("Charge", {"failed_iterations": 1}, ValidationException, "when a mock is not specified"),
        ("Charge", {"mock": object()}, NotJson, "mock"),
        ("Charge", {"variables": [1]}, ValidationException, "variables is to be a dict"),
        ("Charge", {"input": object()}, InvalidInput, "not JSON"),
    ],
)
def test_what_is_refused_says_why(
    machine: StateMachine, state: str, options: dict[str, Any], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        machine.test_state(state, **options)


def test_in_a_terminal_a_state_that_ends_says_so(machine: StateMachine) -> None:
    told = str(machine.test_state("Ship", ORDER, mock=Return({})))

    assert told.splitlines()[0] == "✔ SUCCEEDED  Ship, a Task · ends here"


def test_in_a_terminal_each_line_that_changed_is_marked(machine: StateMachine) -> None:
    test = machine.test_state("Charge", ORDER, mock=Throw("Gone", "for good"))

    assert str(test).splitlines() == [
        "⚠ CAUGHT_ERROR  Charge, a Task → Both",
        "  error: Gone: for good",
        "  catch: Catch[0] goes to Both",
        "",
        "input",
        '    {"order": {"id": 7}, "who": "Ann"}',
        "InputPath  $.order",
        '    {"id": 7}',
        'Parameters  {"id.$": "$.id"}  (unchanged)',
        "error",
        '    {"Error": "Gone", "Cause": "for good"}',
        "Catch[0]/ResultPath  $.error",
        "    {",
        '      "order": {"id": 7},',
        '      "who": "Ann",',
        '  +   "error": {"Error": "Gone", "Cause": "for good"}',
        "    }",
        "output  (the same as after Catch[0]/ResultPath)",
    ]
