"""A boto3 client without a socket."""

from __future__ import annotations

import json
from contextlib import closing
from typing import Any

import pytest

import sfnb
from sfnb.errors import SfnbError
from sfnb.server.client import client
from sfnb.service import StepFunctions
from tests.server.recorder import Recorded

PASS = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
ROLE = "arn:aws:iam::123456789012:role/sfn"


@pytest.fixture
def machine(sfn: Any) -> str:
    arn: str = sfn.create_state_machine(name="m", definition=PASS, roleArn=ROLE)["stateMachineArn"]
    return arn


def test_a_machine_that_it_makes_runs(sfn: Any, service: StepFunctions, machine: str) -> None:
    started = sfn.start_execution(stateMachineArn=machine, input='{"n": 1}')
    service.execution(started["executionArn"]).wait(60)

    described = sfn.describe_execution(executionArn=started["executionArn"])
    assert (described["status"], described["output"]) == ("SUCCEEDED", '{"n": 1}')
    assert described["startDate"] == started["startDate"]


def test_its_exceptions_are_those_of_boto3(sfn: Any) -> None:
    with pytest.raises(sfn.exceptions.StateMachineDoesNotExist) as refused:
        sfn.start_execution(stateMachineArn="arn:aws:states:us-east-1:123456789012:stateMachine:none")

    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_its_paginators_go_from_page_to_page(sfn: Any) -> None:
    for number in range(5):
        sfn.create_state_machine(name=f"m{number}", definition=PASS, roleArn=ROLE)

    pages = sfn.get_paginator("list_state_machines").paginate(PaginationConfig={"PageSize": 2})

    names = [[machine["name"] for machine in page["stateMachines"]] for page in pages]
    assert [len(page) for page in names] == [2, 2, 1]
    assert sorted(name for page in names for name in page) == ["m0", "m1", "m2", "m3", "m4"]


def test_operations_with_a_host_prefix_work(sfn: Any) -> None:
    answer = sfn.test_state(definition='{"Type": "Pass", "End": true}', roleArn=ROLE, input='{"n": 1}')

    assert (answer["status"], json.loads(answer["output"])) == ("SUCCEEDED", {"n": 1})


def test_it_needs_nothing_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, service: StepFunctions, tmp_path: Any
) -> None:
    (tmp_path / "config").write_text("this is no [configuration")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_PROFILE", "there-is-none")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    for name in ("AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    service.region = "eu-west-1"

    made = client(service=service)
    arn = made.create_activity(name="a")["activityArn"]

    assert made.meta.region_name == "eu-west-1"
    assert arn == "arn:aws:states:eu-west-1:123456789012:activity:a"


def test_it_takes_a_service_that_is_closed_for_one_that_is_not_available(
    sfn: Any, service: StepFunctions, machine: str
) -> None:
    service.close()

    with pytest.raises(sfn.exceptions.ClientError, match="ServiceUnavailable"):
        sfn.start_execution(stateMachineArn=machine)


@pytest.mark.parametrize(
    ("name", "call"), [("events", "list_rules"), ("scheduler", "list_schedules"), ("pipes", "list_pipes")]
)
def test_what_starts_executions_has_clients_too(name: str, call: str) -> None:
    with closing(Recorded()) as service:
        service.recorder.answer = {"NextToken": "more"}

        assert getattr(client(name, service=service), call)()["NextToken"] == "more"

    assert service.recorder.asked == [(call, {})]


def test_their_exceptions_are_those_of_boto3() -> None:
    class ResourceNotFoundException(SfnbError): ...

    with closing(Recorded()) as service:
        service.recorder.answer = ResourceNotFoundException("there is no such schedule")
        scheduler = client("scheduler", service=service)

        with pytest.raises(scheduler.exceptions.ResourceNotFoundException, match="no such schedule"):
            scheduler.get_schedule(Name="s")


def test_another_service_of_aws_is_not_to_be_had() -> None:
    with pytest.raises(SfnbError, match=r"boto3\.client\('s3'\)"):
        sfnb.client("s3")


def test_unless_told_it_is_for_the_service_behind_load() -> None:
    machine = sfnb.load(json.loads(PASS), name="of-this-kernel")

    described = sfnb.client("stepfunctions").describe_state_machine(stateMachineArn=machine.record.arn)

    assert described["name"] == "of-this-kernel"
