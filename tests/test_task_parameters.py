"""The parameters of tasks that call AWS, checked before anything runs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import sfnb
from sfnb.task_parameters import parameter_warnings


def machine(resource: str, parameters: Any, field: str = "Parameters") -> dict[str, Any]:
    task = {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", field: parameters, "End": True}
    return {"StartAt": "A", "States": {"A": task}}


def found(
    resource: str, parameters: Any, field: str = "Parameters"
) -> list[tuple[str, str | None, str | None]]:
    """Message, hint, and the place behind /States/A."""
    return [
        (each.message, each.hint, (each.location or "").removeprefix("/States/A"))
        for each in parameter_warnings(machine(resource, parameters, field))
    ]


def unknown(name: str, meant: str | None, place: str) -> tuple[str, str | None, str]:
    hint = None if meant is None else f'did you mean "{meant}"?'
    return (f'The field "{name}" is not supported by Step Functions', hint, place)


def missing(name: str, place: str = "/Parameters") -> tuple[str, None, str]:
    return (f"The field '{name}' is required but was missing", None, place)


@pytest.mark.parametrize(
    ("resource", "parameters", "warnings"),
    [
        ("lambda:invoke", {"FunctionName": "f", "Payload": {"any": {"thing": 1}}}, []),
        (
            "lambda:invoke",
            {"FunctionNme": "f", "Payload.$": "$"},
            [unknown("FunctionNme", "FunctionName", "/Parameters/FunctionNme")],
        ),
        (
            "sqs:sendMessage.waitForTaskToken",
            {"QueueUrl.$": "$.url", "MesageBody.$": "$$.Task.Token"},
            [unknown("MesageBody", "MessageBody", "/Parameters/MesageBody.$")],
        ),
        ("sqs:sendMessage", {"QueueUrl": "q"}, [missing("MessageBody")]),
        ("sns:publish", {"TopicArn": "t", "Message": {"any": 1}}, []),
        ("dynamodb:putItem", {"TableName": "t", "Item": {"id": {"S": "1"}}}, []),
        (
            "dynamodb:putItem",
            {"TableName": "t", "Item": {"id": {"s": "1"}}},
            [unknown("s", "S", "/Parameters/Item/id/s")],
        ),
        (
            "batch:submitJob.sync",
            {
                "JobName": "j",
                "JobQueue": "q",
                "JobDefinition": "d",
                "ContainerOverrides": {"Enviroment": [{"Name": "a", "Value": "b"}]},
            },
            [unknown("Enviroment", "Environment", "/Parameters/ContainerOverrides/Enviroment")],
        ),
        (
            "events:putEvents",
            {"Entries": [{"Source": "s", "Detail": {}, "DetailType": "d"}, {"Sorce": "s"}]},
            [unknown("Sorce", "Source", "/Parameters/Entries[1]/Sorce")],
        ),
        ("elasticmapreduce:addStep.sync", {"ClusterId": "c", "Step": {"Name": "s"}}, []),
        ("elasticmapreduce:addStep", {"ClusterId": "c"}, [missing("Step")]),
        (
            "elasticmapreduce:modifyInstanceFleetByName",
            {"ClusterId": "c", "InstanceFleetName": "f", "InstanceFleet": {"TargetOnDemandCapacity": 1}},
            [],
        ),
        ("bedrock:invokeModel", {"ModelId": "m", "Input": {"S3Uri": "s3://b/k"}}, []),
        (
            "states:startExecution.sync:2",
            {"stateMachineArn": "m", "Input": {}},
            [unknown("stateMachineArn", "StateMachineArn", "/Parameters/stateMachineArn")],
        ),
        (
            "http:invoke",
            {"ApiEndpoint": "u", "Methd": "GET"},
            [unknown("Methd", "Method", "/Parameters/Methd")],
        ),
        ("eks:call", {"whatever": 1}, []),
        ("aws-sdk:s3:getObject", {"Bucket": "b", "Key": "k"}, []),
        (
            "aws-sdk:s3:getObject",
            {"bucket": "b", "Key": "k"},
            [unknown("bucket", "Bucket", "/Parameters/bucket")],
        ),
        ("aws-sdk:rds:describeDBInstances", {"DbInstanceIdentifier": "d"}, []),
        (
            "aws-sdk:dynamodb:qeury",
            {"TableName": "t"},
            [("'dynamodb' has no action 'qeury'", 'did you mean "query"?', "/Resource")],
        ),
        (
            "aws-sdk:S3:ListBuckets",
            {},
            [
                (
                    "'aws-sdk:S3:ListBuckets' is not how AWS spells it",
                    'write "aws-sdk:s3:listBuckets"',
                    "/Resource",
                )
            ],
        ),
        ("aws-sdk:nosuch:x", {}, [("'nosuch' is no service that is known", None, "/Resource")]),
        ("aws-sdk:sfn:startExecution", {"StateMachineArn": "m"}, []),
        ("aws-sdk:${Service}:x", {"any": 1}, []),
    ],
)
def test_what_is_written_down_is_checked(resource: str, parameters: Any, warnings: list[Any]) -> None:
    assert found(resource, parameters) == warnings


def test_what_is_computed_is_not_checked() -> None:
    assert found("sqs:sendMessage", "{% $states.input %}", "Arguments") == []
    assert found("sqs:sendMessage", {"QueueUrl": "{% $u %}", "MessageBody": "{% $b %}"}, "Arguments") == []
    assert found("dynamodb:getItem", {"TableName": "t", "Key.$": "$.key"}) == []


def test_tasks_inside_others_are_checked() -> None:
    inner = machine("sns:publish", {"Mesage": "m", "TopicArn": "t"})
    outer = {
        "StartAt": "P",
        "States": {
            "P": {"Type": "Parallel", "Branches": [inner], "Next": "M"},
            "M": {"Type": "Map", "ItemProcessor": inner, "End": True},
        },
    }
    assert [each.location for each in parameter_warnings(outer)] == [
        "/States/P/Branches[0]/States/A/Parameters/Mesage",
        "/States/M/ItemProcessor/States/A/Parameters/Mesage",
    ]


@pytest.mark.parametrize(
    "odd", [None, [], {"States": 1}, {"States": {"A": 1}}, {"States": {"A": {"Type": "Task"}}}]
)
def test_what_is_no_definition_has_none(odd: Any) -> None:
    assert parameter_warnings(odd) == ()


def test_a_machine_shows_them_with_their_place() -> None:
    warned = sfnb.load(machine("sqs:sendMessage", {"QueueUrl": "q", "MesageBody": "m"}))

    (warning,) = warned.warnings
    assert warning.severity == "WARNING"
    assert 'did you mean "MessageBody"?' in repr(warned)


def test_the_command_line_tells_them(tmp_path: Path) -> None:
    file = tmp_path / "m.asl.json"
    file.write_text(json.dumps(machine("sqs:sendMessage", {"QueueUrl": "q", "MesageBody": "m"}), indent=1))
    ran = subprocess.run(
        [sys.executable, "-m", "sfnb", "validate", str(file)], capture_output=True, text=True, check=False
    )

    assert ran.returncode == 0
    assert 'did you mean "MessageBody"?' in ran.stdout + ran.stderr
