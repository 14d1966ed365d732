"""EventBridge Pipes, asked as the API asks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from sfnb.integrations.local_aws import LocalAws
from sfnb.service import StepFunctions
from sfnb.service.starting import NO_AWS
from sfnb.triggers.pipes import Pipes
from sfnb.triggers.refusals import ConflictException, NotFoundException, ValidationException
from tests.triggers.pipe_queues import ACCOUNT, REGION, ROLE, Queue, machine, until

SOURCE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:orders"
TARGET = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:orders"
PIPE = {"Name": "pipe", "Source": SOURCE, "Target": TARGET, "RoleArn": ROLE, "DesiredState": "STOPPED"}
MODEL = botocore.session.Session().get_service_model("pipes")


@pytest.fixture
def pipes(service: StepFunctions) -> Pipes:
    return service.triggers.pipes


def settled(answer: dict[str, Any], operation: str) -> dict[str, Any]:
    """The answer without moments, after it was held against AWS's model of it."""
    shape = MODEL.operation_model(operation).output_shape
    assert set(answer) <= set(shape.members)
    report = ParamValidator().validate(answer, shape)
    assert not report.has_errors(), report.generate_report()
    return {name: value for name, value in answer.items() if not isinstance(value, datetime)}


def test_a_pipe_is_described_as_it_was_made(pipes: Pipes) -> None:
    given = {
        **PIPE,
        "Description": "orders of the shop",
        "SourceParameters": {
            "SqsQueueParameters": {"BatchSize": 5, "MaximumBatchingWindowInSeconds": 20},
            "FilterCriteria": {"Filters": [{"Pattern": '{"body": {"n": [1]}}'}]},
        },
        "TargetParameters": {
            "InputTemplate": '{"n": <$.body.n>}',
            "StepFunctionStateMachineParameters": {"InvocationType": "FIRE_AND_FORGET"},
        },
        "Tags": {"team": "shop"},
    }
    arn = f"arn:aws:pipes:{REGION}:{ACCOUNT}:pipe/pipe"
    answer = {"Arn": arn, "Name": "pipe", "DesiredState": "STOPPED"}

    assert settled(pipes.create_pipe(given), "CreatePipe") == {**answer, "CurrentState": "CREATING"}
    described = settled(pipes.describe_pipe({"Name": "pipe"}), "DescribePipe")
    assert described == {**given, "Arn": arn, "CurrentState": "STOPPED"}


def test_a_batch_has_ten_messages_unless_told(pipes: Pipes) -> None:
    pipes.create_pipe(PIPE)

    described = pipes.describe_pipe({"Name": "pipe"})
    assert described["SourceParameters"] == {"SqsQueueParameters": {"BatchSize": 10}}


def test_there_is_one_pipe_of_a_name(pipes: Pipes) -> None:
    pipes.create_pipe(PIPE)

    with pytest.raises(ConflictException, match="Pipe pipe already exists"):
        pipes.create_pipe(PIPE)


@pytest.mark.parametrize(
    "operation", ["describe_pipe", "update_pipe", "delete_pipe", "start_pipe", "stop_pipe"]
)
def test_a_pipe_that_is_not_there_is_not_found(pipes: Pipes, operation: str) -> None:
    with pytest.raises(NotFoundException, match="Pipe nowhere does not exist"):
        getattr(pipes, operation)({"Name": "nowhere", "RoleArn": ROLE})


def test_an_update_changes_what_it_names(pipes: Pipes) -> None:
    patterns = {"Filters": [{"Pattern": '{"body": ["x"]}'}]}
    source = {"SqsQueueParameters": {"BatchSize": 5, "MaximumBatchingWindowInSeconds": 20}}
    pipes.create_pipe(
        {**PIPE, "Description": "old", "SourceParameters": {**source, "FilterCriteria": patterns}}
    )

    answer = pipes.update_pipe(
        {
            "Name": "pipe",
            "RoleArn": ROLE,
            "Description": "new",
            "SourceParameters": {"SqsQueueParameters": {"BatchSize": 2}},
        }
    )
    assert settled(answer, "UpdatePipe")["CurrentState"] == "UPDATING"
    described = pipes.describe_pipe({"Name": "pipe"})
    assert described["Description"] == "new"
    assert described["SourceParameters"] == {
        "SqsQueueParameters": {"BatchSize": 2},
        "FilterCriteria": patterns,
    }
    assert described["LastModifiedTime"] > described["CreationTime"]


def test_a_deleted_pipe_is_gone_with_its_tags(pipes: Pipes) -> None:
    pipes.create_pipe({**PIPE, "Tags": {"team": "shop"}})

    answer = settled(pipes.delete_pipe({"Name": "pipe"}), "DeletePipe")
    assert (answer["DesiredState"], answer["CurrentState"]) == ("DELETED", "DELETING")
    assert pipes.list_pipes({}) == {"Pipes": []}
    pipes.create_pipe(PIPE)
    assert "Tags" not in pipes.describe_pipe({"Name": "pipe"})


def test_pipes_are_listed_page_by_page(pipes: Pipes) -> None:
    for name in ("c", "a", "b"):
        pipes.create_pipe({**PIPE, "Name": name})

    first = pipes.list_pipes({"Limit": 2})
    settled(first, "ListPipes")
    rest = pipes.list_pipes({"Limit": 2, "NextToken": first["NextToken"]})
    assert [each["Name"] for each in first["Pipes"] + rest["Pipes"]] == ["a", "b", "c"]
    assert "NextToken" not in rest


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"NamePrefix": "or"}, ["orders"]),
        ({"SourcePrefix": SOURCE[:-2]}, ["orders", "returns"]),
        ({"TargetPrefix": "arn:aws:sqs"}, []),
        ({"DesiredState": "STOPPED"}, ["orders", "returns"]),
        ({"CurrentState": "RUNNING"}, []),
    ],
)
def test_pipes_are_listed_by_what_they_are(pipes: Pipes, asked: dict[str, str], found: list[str]) -> None:
    for name in ("orders", "returns"):
        pipes.create_pipe({**PIPE, "Name": name})

    assert [each["Name"] for each in pipes.list_pipes(asked)["Pipes"]] == found


def test_tags_are_a_map(pipes: Pipes) -> None:
    arn = pipes.create_pipe(PIPE)["Arn"]
    pipes.tag_resource({"resourceArn": arn, "tags": {"team": "shop", "cost": "1"}})
    pipes.untag_resource({"resourceArn": arn, "tagKeys": ["cost"]})

    assert pipes.list_tags_for_resource({"resourceArn": arn}) == {"tags": {"team": "shop"}}
    with pytest.raises(NotFoundException):
        pipes.tag_resource({"resourceArn": f"{arn}x", "tags": {"team": "shop"}})


def test_a_pipe_goes_through_aws_states(local: LocalAws) -> None:
    service = StepFunctions(aws=local)
    pipes, queue = service.triggers.pipes, Queue(local)
    target = machine(service).arn
    told = {
        "StepFunctionStateMachineParameters": {"InvocationType": "FIRE_AND_FORGET"},
    }

    def state() -> str:
        return str(pipes.describe_pipe({"Name": "pipe"})["CurrentState"])

    pipes.create_pipe({"Name": "pipe", "Source": queue.arn, "Target": target, "TargetParameters": told})
    until(lambda: state() == "RUNNING")
    assert settled(pipes.stop_pipe({"Name": "pipe"}), "StopPipe")["CurrentState"] == "STOPPING"
    assert state() == "STOPPED"
    assert settled(pipes.start_pipe({"Name": "pipe"}), "StartPipe")["CurrentState"] == "STARTING"
    until(lambda: state() == "RUNNING")
    service.close()


def test_a_pipe_of_a_queue_that_is_not_there_says_why(local: LocalAws) -> None:
    service = StepFunctions(aws=local)
    pipes = service.triggers.pipes
    pipes.create_pipe({**PIPE, "Source": f"{SOURCE}-nowhere", "Target": SOURCE, "DesiredState": "RUNNING"})

    until(lambda: pipes.describe_pipe({"Name": "pipe"})["CurrentState"] == "START_FAILED")
    assert "does not exist" in pipes.describe_pipe({"Name": "pipe"})["StateReason"]
    service.close()


def test_a_pipe_that_is_to_run_needs_an_aws(pipes: Pipes) -> None:
    with pytest.raises(ValidationException) as refused:
        pipes.create_pipe({**PIPE, "DesiredState": "RUNNING"})
    assert str(refused.value) == NO_AWS


FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"Name": "with blanks"}, "'with blanks' is no name of a pipe"),
        ({"Name": "x" * 65}, "is no name of a pipe: 1 to 64"),
        ({"Source": f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/s"}, "a pipe reads from an SQS queue here"),
        ({"Source": "orders"}, "a pipe reads from an SQS queue here"),
        ({"Target": f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/b"}, "none that a pipe can reach"),
        (
            {"Enrichment": f"arn:aws:events:{REGION}:{ACCOUNT}:api-destination/d/1"},
            "Enrichment is an API destination",
        ),
        ({"Enrichment": f"arn:aws:execute-api:{REGION}:{ACCOUNT}:a/b/GET/"}, "Enrichment is an API of API"),
        ({"Enrichment": SOURCE}, "enriched here by a Lambda function or an EXPRESS machine"),
        ({"SourceParameters": {"SqsQueueParameters": {"BatchSize": 0}}}, "BatchSize is 0"),
        ({"SourceParameters": {"SqsQueueParameters": {"BatchSize": True}}}, "BatchSize is True"),
        ({"SourceParameters": {"SqsQueueParameters": {"BatchSize": 10_001}}}, "from 1 to 10,000"),
        (
            {"SourceParameters": {"SqsQueueParameters": {"MaximumBatchingWindowInSeconds": 301}}},
            "MaximumBatchingWindowInSeconds is 301",
        ),
        (
            {"SourceParameters": {"FilterCriteria": {"Filters": [{"Pattern": "{}"}] * 6}}},
            "has 6 filters, and may have 5",
        ),
        (
            {"SourceParameters": {"FilterCriteria": {"Filters": [{"Pattern": '{"a": 1}'}]}}},
            r"FilterCriteria, Filters\[0\]: ",
        ),
        ({"TargetParameters": {"InputTemplate": "<aws.pipes.nothing>"}}, "TargetParameters: InputTemplate"),
        (
            {"Enrichment": FUNCTION, "EnrichmentParameters": {"InputTemplate": "<$.[>"}},
            "EnrichmentParameters: InputTemplate",
        ),
        (
            {"TargetParameters": {"StepFunctionStateMachineParameters": {"InvocationType": "SOON"}}},
            "InvocationType is 'SOON'",
        ),
        (
            {"Target": SOURCE, "SourceParameters": {"SqsQueueParameters": {"BatchSize": 11}}},
            "BatchSize is 11, and a target of sqs takes 10",
        ),
    ],
)
def test_a_pipe_that_cannot_be_is_refused_with_the_reason(
    pipes: Pipes, changed: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValidationException) as refused:
        pipes.create_pipe({**PIPE, **changed})
    assert re.search(words, str(refused.value)), refused.value
    assert pipes.list_pipes({}) == {"Pipes": []}


def test_a_standard_machine_is_not_waited_for(service: StepFunctions, pipes: Pipes) -> None:
    with pytest.raises(ValidationException, match="REQUEST_RESPONSE is not supported"):
        pipes.create_pipe({**PIPE, "Target": machine(service).arn})


@pytest.fixture(scope="module")
def local() -> Iterator[LocalAws]:
    pytest.importorskip("moto.server")
    local = LocalAws(region=REGION)
    yield local
    local.close()
