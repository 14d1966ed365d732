"""AWS JSON 1.0, without HTTP."""

from __future__ import annotations

import json
import logging
from contextlib import closing
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest

from sfnb.errors import ExecutionOwned, StoreFault
from sfnb.server.actions import ACTIONS
from sfnb.server.checks import model
from sfnb.server.wire import dispatch, encode, refused
from sfnb.service import ExecutionDoesNotExist, StepFunctions
from sfnb.trial.refusals import ValidationException

PASS = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
ROLE = "arn:aws:iam::123456789012:role/sfn"


class Answered(NamedTuple):
    status: int
    headers: dict[str, str]
    value: Any


def ask(service: StepFunctions, operation: str, params: Any = None, *, body: bytes | None = None) -> Answered:
    body = json.dumps(params or {}).encode() if body is None else body
    answer = dispatch(service, f"AWSStepFunctions.{operation}", body)
    return Answered(answer.status, dict(answer.headers), json.loads(answer.body))


def test_there_is_an_action_for_every_operation() -> None:
    assert sorted(ACTIONS) == sorted(model().operation_names)


def test_an_answer_has_the_type_of_the_protocol_and_an_id(service: StepFunctions) -> None:
    first, second = ask(service, "ListStateMachines"), ask(service, "ListStateMachines")

    assert (first.status, first.value) == (200, {"stateMachines": []})
    assert first.headers["Content-Type"] == "application/x-amz-json-1.0"
    assert first.headers["x-amzn-RequestId"] != second.headers["x-amzn-RequestId"]


def test_moments_are_seconds_to_the_millisecond() -> None:
    moment = datetime(2026, 1, 1, 12, 0, 0, 123_456, tzinfo=UTC)

    assert json.loads(encode({"events": [{"at": moment}], "n": None})) == {
        "events": [{"at": 1767268800.123}],
        "n": None,
    }


def test_an_execution_can_be_started_and_described(service: StepFunctions) -> None:
    machine = ask(service, "CreateStateMachine", {"name": "m", "definition": PASS, "roleArn": ROLE})
    started = ask(
        service, "StartExecution", {"stateMachineArn": machine.value["stateMachineArn"], "name": "e"}
    )
    described = ask(service, "DescribeExecution", {"executionArn": started.value["executionArn"]})

    assert isinstance(started.value["startDate"], float)
    assert described.value["startDate"] == started.value["startDate"]


def test_a_refusal_is_the_error_of_its_name(service: StepFunctions) -> None:
    arn = "arn:aws:states:us-east-1:123456789012:stateMachine:none"

    assert ask(service, "DescribeStateMachine", {"stateMachineArn": arn})[::2] == (
        400,
        {
            "__type": "com.amazonaws.swf.service.v2.model#StateMachineDoesNotExist",
            "message": f"State Machine Does Not Exist: '{arn}'",
        },
    )


def test_a_broken_constraint_has_the_namespace_of_the_checks(service: StepFunctions) -> None:
    assert ask(service, "DescribeStateMachine")[::2] == (
        400,
        {
            "__type": "com.amazon.coral.validate#ValidationException",
            "message": "1 validation error detected: Value null at 'stateMachineArn' failed to satisfy "
            "constraint: Member must not be null",
        },
    )


def test_the_reason_of_a_refusal_is_told() -> None:
    told = json.loads(
        refused(ValidationException("no such version", reason="INVALID_ROUTING_CONFIGURATION")).body
    )

    assert told["reason"] == "INVALID_ROUTING_CONFIGURATION"
    assert told["__type"] == "com.amazonaws.swf.service.v2.model#ValidationException"


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff", b'{"a": "\\ud800"}', b"NaN", b"[" * 100_000, b'{"a":' * 100_000]
)
def test_a_body_that_is_no_json_is_a_serialization_exception(service: StepFunctions, body: bytes) -> None:
    answer = ask(service, "ListStateMachines", body=body)

    assert answer.status == 400
    assert answer.value["__type"] == "com.amazon.coral.service#SerializationException"


@pytest.mark.parametrize(
    "target",
    [
        None,
        "",
        "ListStateMachines",
        "AWSStepFunctions.",
        "AWSStepFunctions.ListNothing",
        "DynamoDB.ListTables",
    ],
)
def test_a_target_that_names_no_operation_is_refused(service: StepFunctions, target: str | None) -> None:
    answer = dispatch(service, target, b"{}")

    assert answer.status == 400
    assert json.loads(answer.body)["__type"] == "com.amazon.coral.service#UnknownOperationException"


def test_a_fault_of_ours_tells_the_client_nothing_and_the_log_no_payload(
    caplog: pytest.LogCaptureFixture,
) -> None:
    payload = "se" + "cret"

    class Faulty(StepFunctions):
        def list_state_machines(self) -> Any:
            raise KeyError(payload)

    with closing(Faulty()) as service, caplog.at_level(logging.ERROR, "sfnb"):
        answer = ask(service, "ListStateMachines")

    assert answer.status == 500
    assert answer.value["__type"].endswith("#InternalFailure")
    assert payload not in json.dumps(answer.value) + caplog.text
    assert "KeyError" in caplog.text
    assert "list_state_machines" in caplog.text


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (ExecutionDoesNotExist("gone"), 400, "ExecutionDoesNotExist"),
        (type("Narrower", (ExecutionDoesNotExist,), {})("gone"), 400, "ExecutionDoesNotExist"),
        (StoreFault("the disk is full"), 503, "ServiceUnavailable"),
        (ExecutionOwned("process 7 has it"), 400, "ConflictException"),
    ],
)
def test_refusals_without_a_name_of_their_own_have_the_nearest(fault: Any, status: int, code: str) -> None:
    answer = refused(fault)

    assert answer.status == status
    assert json.loads(answer.body)["__type"].endswith(f"#{code}")


def test_a_closed_service_is_not_available(service: StepFunctions) -> None:
    machine = ask(service, "CreateStateMachine", {"name": "m", "definition": PASS, "roleArn": ROLE})
    service.close()

    answer = ask(service, "StartExecution", {"stateMachineArn": machine.value["stateMachineArn"]})

    assert answer.status == 503
    assert answer.value["__type"].endswith("#ServiceUnavailable")
