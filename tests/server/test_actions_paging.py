"""Tokens of lists that are read by the page, whatever somebody has made of them.

Source: AWS API reference, ListExecutions ("Using an expired pagination token will return an HTTP 400
InvalidToken error"), GetExecutionHistory.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sfnb.service import StepFunctions

ROLE = "arn:aws:iam::123456789012:role/sfn"
DEFINITION = json.dumps({"StartAt": "S", "States": {"S": {"Type": "Succeed"}}})
SOON = 60
REFUSED = ("InvalidToken", "Invalid Token: 'Invalid token'")


@pytest.fixture
def machine(sfn: Any) -> str:
    arn: str = sfn.create_state_machine(name="m", definition=DEFINITION, roleArn=ROLE)["stateMachineArn"]
    return arn


@pytest.fixture
def started(sfn: Any, service: StepFunctions, machine: str) -> list[str]:
    arns = [sfn.start_execution(stateMachineArn=machine)["executionArn"] for _ in range(3)]
    assert all(service.execution(arn).wait(SOON) for arn in arns)
    return arns


def token(*parts: str) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()


def refused(call: Any, **params: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as fault:
        call(**params)
    error = fault.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.mark.parametrize("place", ["nonsense", "-5", "0", "", " 1", "1.5", "٣", "9" * 30])
@pytest.mark.parametrize("backwards", [False, True])
def test_a_history_has_no_such_place(sfn: Any, started: list[str], place: str, backwards: bool) -> None:
    odd = token(f"GetExecutionHistory {started[0]} {backwards}", place)

    assert (
        refused(sfn.get_execution_history, executionArn=started[0], reverseOrder=backwards, nextToken=odd)
        == REFUSED
    )


@pytest.mark.parametrize("place", ["x", "5", "true", "null", "[]", '{"a": 1}', ""])
def test_a_list_by_names_has_no_such_place(sfn: Any, machine: str, place: str) -> None:
    assert refused(sfn.list_state_machines, nextToken=token("ListStateMachines", place)) == REFUSED


@pytest.mark.parametrize("place", ['"x"', "1e400", "true"])
def test_a_list_by_numbers_has_no_such_place(sfn: Any, machine: str, place: str) -> None:
    sfn.publish_state_machine_version(stateMachineArn=machine)
    odd = token(f"ListStateMachineVersions {machine}", place)

    assert refused(sfn.list_state_machine_versions, stateMachineArn=machine, nextToken=odd) == REFUSED


@pytest.mark.parametrize("place", ["nonsense", "", "arn:aws:states:us-east-1:123456789012:execution:m:none"])
def test_executions_are_not_listed_after_one_that_is_not_there(sfn: Any, machine: str, place: str) -> None:
    odd = token(f"ListExecutions {machine}", place)

    assert refused(sfn.list_executions, stateMachineArn=machine, nextToken=odd) == REFUSED


@pytest.mark.parametrize("other", [{}, {"statusFilter": "FAILED"}, {"redriveFilter": "NOT_REDRIVEN"}])
def test_a_token_goes_with_the_filter_that_it_was_given_for(
    sfn: Any, machine: str, started: list[str], other: dict[str, str]
) -> None:
    same = {"statusFilter": "SUCCEEDED"}
    first = sfn.list_executions(stateMachineArn=machine, maxResults=2, **same)
    after = first["nextToken"]

    rest = sfn.list_executions(stateMachineArn=machine, nextToken=after, **same)
    assert [each["executionArn"] for each in rest["executions"]] == [started[0]]
    assert refused(sfn.list_executions, stateMachineArn=machine, nextToken=after, **other) == REFUSED
