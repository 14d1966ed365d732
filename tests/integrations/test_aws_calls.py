"""Service tasks that are really called: boto3 against moto, which stands for AWS."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from sfnb.execution import Execution
from sfnb.integrations.aws import Aws
from sfnb.machine import load_machine
from sfnb.service import StepFunctions
from sfnb.testing import frozen_clock
from sfnb.values import decode

boto3 = pytest.importorskip("boto3")
moto = pytest.importorskip("moto")

REGION = "us-east-1"
SDK = "arn:aws:states:::aws-sdk:"
OPTIMIZED = "arn:aws:states:::"
BY_AWS = "an AWS to call: %asl aws, or AWS_ENDPOINT_URL for sfnb serve"


@pytest.fixture
def aws() -> Iterator[Aws]:
    with moto.mock_aws():
        yield Aws(region=REGION)


@pytest.fixture
def service(aws: Aws) -> Iterator[StepFunctions]:
    service = StepFunctions(aws=aws)
    yield service
    service.close()


def call(service: StepFunctions, resource: str, parameters: dict[str, Any], **fields: Any) -> Execution:
    """Run a machine of one task that calls `resource`."""
    task = {"Type": "Task", "Resource": resource, "Parameters": parameters, "End": True, **fields}
    machine = load_machine(service, {"StartAt": "It", "States": {"It": task}}, name="machine")
    return machine.run()


def queue(aws: Aws) -> str:
    url: str = aws.client("sqs", region=REGION).create_queue(QueueName="orders")["QueueUrl"]
    return url


def received(aws: Aws, url: str) -> str:
    (message,) = aws.client("sqs", region=REGION).receive_message(QueueUrl=url)["Messages"]
    body: str = message["Body"]
    return body


# Optimized services


def test_a_message_that_is_an_object_is_sent_as_its_text(aws: Aws, service: StepFunctions) -> None:
    url = queue(aws)

    output: Any = call(
        service, f"{OPTIMIZED}sqs:sendMessage", {"QueueUrl": url, "MessageBody": {"n": 1}}
    ).output

    assert received(aws, url) == '{"n":1}'
    assert list(output) == ["MD5OfMessageBody", "MessageId", "SdkHttpMetadata", "SdkResponseMetadata"]
    assert output["SdkHttpMetadata"]["HttpStatusCode"] == 200


def test_a_token_goes_out_with_the_message(aws: Aws, service: StepFunctions) -> None:
    url = queue(aws)
    machine = load_machine(
        service,
        {
            "StartAt": "It",
            "States": {
                "It": {
                    "Type": "Task",
                    "Resource": f"{OPTIMIZED}sqs:sendMessage.waitForTaskToken",
                    "Parameters": {"QueueUrl": url, "MessageBody": {"token.$": "$$.Task.Token"}},
                    "HeartbeatSeconds": 3600,
                    "End": True,
                }
            },
        },
    )
    execution = machine.start()
    while not service.list_task_tokens() or "TaskSubmitted" not in [event.type for event in execution.log]:
        assert not execution.wait(0.01)
    token = json.loads(received(aws, url))["token"]
    service.send_task_success(token, '"done"')

    assert execution.result() == "done"


def test_a_refusal_of_an_optimized_service_is_worded_as_aws_does(service: StepFunctions) -> None:
    parameters = {"TableName": "none", "Key": {"id": {"S": "1"}}}

    execution = call(service, f"{OPTIMIZED}dynamodb:getItem", parameters)

    assert execution.error == "DynamoDB.ResourceNotFoundException"
    assert "(Service: AmazonDynamoDBv2; Status Code: 400; Error Code: ResourceNotFoundException; " in str(
        execution.cause
    )
    assert str(execution.cause).endswith("; Proxy: null)")


def test_events_name_their_origin_and_fail_together(service: StepFunctions) -> None:
    entry = {"Detail": {"n": 1}, "DetailType": "order", "Source": "shop"}

    execution = call(service, f"{OPTIMIZED}events:putEvents", {"Entries": [entry]})
    output: Any = execution.output
    assert (list(output), output["FailedEntryCount"]) == (["Entries", "FailedEntryCount"], 0)

    bad = {"Detail": {}, "DetailType": "order"}
    failed = call(service, f"{OPTIMIZED}events:putEvents", {"Entries": [entry, bad]})
    assert failed.error == "EventBridge.FailedEntry"
    cause: Any = decode(str(failed.cause))
    assert cause["FailedEntryCount"] == 1


# Any action of any service


def test_parameters_and_answers_are_in_pascal_case(service: StepFunctions) -> None:
    created: Any = call(service, f"{SDK}ecs:createCluster", {"ClusterName": "c"}).output
    listed: Any = call(service, f"{SDK}ecs:listClusters", {}).output

    assert created["Cluster"]["ClusterName"] == "c"
    assert listed == {"ClusterArns": [created["Cluster"]["ClusterArn"]]}


@pytest.mark.parametrize(("body", "stored"), [({"n": 1}, '{"n":1}'), ("text", '"text"')])
def test_a_body_is_stored_as_json_and_read_as_text(
    aws: Aws, service: StepFunctions, body: Any, stored: str
) -> None:
    aws.client("s3", region=REGION).create_bucket(Bucket="bucket")
    call(service, f"{SDK}s3:putObject", {"Bucket": "bucket", "Key": "k", "Body": body})

    output: Any = call(service, f"{SDK}s3:getObject", {"Bucket": "bucket", "Key": "k"}).output

    assert (output["Body"], output["ContentType"]) == (stored, "text/plain; charset=UTF-8")
    assert list(output)[-1] == "Body"
    assert output["LastModified"].endswith("Z")


def test_what_has_another_name_in_botocore_is_found(service: StepFunctions) -> None:
    made = call(service, f"{SDK}cloudwatchlogs:createLogGroup", {"LogGroupName": "g"})

    assert (made.status, made.output) == ("SUCCEEDED", {})


def test_a_call_that_takes_an_idempotency_token_has_one_that_repeats(service: StepFunctions) -> None:
    """So that the service knows a call again that is repeated after a crash: here by the version's id."""
    task = {
        "Type": "Task",
        "Resource": f"{SDK}secretsmanager:createSecret",
        "Parameters": {"Name.$": "$.name", "SecretString": "s"},
        "End": True,
    }
    tree = {"StartAt": "It", "States": {"It": task}}

    def version(name: str, secret: str) -> str:
        other = StepFunctions(aws=service.registry.aws)
        machine = load_machine(other, tree, name="machine")
        clock = frozen_clock()  # under which equal names draw equal ids
        output: Any = machine.run({"name": secret}, name=name, clock=clock).output
        other.close()
        return str(output["VersionId"])

    assert version("one", "a") == version("one", "b")
    assert version("two", "c") != version("one", "d")


def test_a_task_calls_with_the_role_of_its_credentials(service: StepFunctions) -> None:
    role = "arn:aws:iam::222222222222:role/other"

    output: Any = call(service, f"{SDK}sts:getCallerIdentity", {}, Credentials={"RoleArn": role}).output

    assert (output["Account"], output["Arn"]) == (
        "222222222222",
        "arn:aws:sts::222222222222:assumed-role/other/sfnb",
    )


REFUSALS = [
    (
        "s3:listObjects",
        {"Bucket": "nobucket"},
        "S3.NoSuchBucketException",
        "(Service: S3, Status Code: 404, ",
    ),
    (
        "sqs:getQueueUrl",
        {"QueueName": "none"},
        "Sqs.QueueDoesNotExistException",
        "(Service: Sqs, Status Code: 400, ",
    ),
    (
        "secretsmanager:getSecretValue",
        {"SecretId": "none"},
        "SecretsManager.ResourceNotFoundException",
        "(Service: SecretsManager, Status Code: 4",
    ),
]


@pytest.mark.parametrize(("action", "parameters", "error", "part"), REFUSALS)
def test_a_refusal_of_the_sdk_is_worded_as_aws_does(
    service: StepFunctions, action: str, parameters: dict[str, Any], error: str, part: str
) -> None:
    execution = call(service, f"{SDK}{action}", parameters)

    assert execution.error == error
    assert part in str(execution.cause)


@pytest.mark.parametrize(
    ("resource", "parameters", "fault"),
    [
        (
            f"{OPTIMIZED}sqs:sendMessage",
            {"QueueUrl": "u"},
            "The field 'MessageBody' is required but was missing",
        ),
        (f"{SDK}s3:listBuckets", {"Wrong": 1}, 'The field "Wrong" is not supported by Step Functions'),
        (f"{SDK}sfn:sendTaskSuccess", {"Output": "1"}, "The field 'TaskToken' is required but was missing"),
        (f"{OPTIMIZED}states:startExecution", {}, "The field 'StateMachineArn' is required but was missing"),
    ],
)
def test_parameters_that_will_not_do_are_refused_before_anything_is_scheduled(
    service: StepFunctions, resource: str, parameters: dict[str, Any], fault: str
) -> None:
    execution = call(service, resource, parameters)

    assert execution.error == "States.Runtime"
    assert fault in str(execution.cause)
    assert "TaskScheduled" not in [event.type for event in execution.log]


def test_a_service_that_cannot_be_reached_is_a_failure_of_the_client() -> None:
    service = StepFunctions(aws=Aws(region=REGION, endpoint_url="not a url"))
    execution = call(service, f"{SDK}sqs:listQueues", {})
    service.close()

    assert execution.status == "FAILED"


def test_a_function_stands_before_aws(service: StepFunctions) -> None:
    service.registry.functions["sqs:sendMessage"] = lambda parameters: "not sent"

    execution = call(service, f"{OPTIMIZED}sqs:sendMessage", {"MessageBody": "x"})

    assert execution.output == "not sent"


@pytest.mark.parametrize(
    ("resource", "name", "really"),
    [
        (f"{SDK}s3:listBuckets", "aws-sdk:s3:listBuckets", BY_AWS),
        (f"{OPTIMIZED}sqs:sendMessage.waitForTaskToken", "sqs:sendMessage", BY_AWS),
        (f"{OPTIMIZED}glue:startJobRun.sync", "glue:startJobRun.sync", BY_AWS),
        (f"{OPTIMIZED}http:invoke", "http:invoke", "a connection by sfnb.create_connection"),
    ],
)
def test_offline_nothing_is_called_and_the_cause_says_what_to_do(
    resource: str, name: str, really: str
) -> None:
    service = StepFunctions()
    execution = call(service, resource, {"Token.$": "$$.Task.Token"} if "Token" in resource else {})
    service.close()

    assert (execution.error, execution.cause) == (
        "States.TaskFailed",
        f"No function stands for '{resource}', and no AWS is in use: give it a function of the name "
        f'"{name}", a mock, or {really}',
    )


@pytest.mark.parametrize("resource", [f"{OPTIMIZED}glue:startJobRun.sync", f"{SDK}s3:listBuckets"])
def test_a_function_that_the_cause_asks_for_is_found(resource: str) -> None:
    service = StepFunctions()
    asked = re.search(r'of the name "(.*?)"', str(call(service, resource, {}).cause))
    assert asked is not None
    service.registry.functions[asked[1]] = lambda parameters: "found"
    execution = call(service, resource, {})
    service.close()

    assert execution.output == "found"


def test_boto3_is_loaded_when_it_is_needed() -> None:
    code = (
        "import sys, sfnb\n"
        "from sfnb.service import StepFunctions\n"
        "sfnb.use_aws()\n"
        "print([name for name in ('boto3', 'botocore') if name in sys.modules])"
    )
    assert subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout == ("[]\n")
