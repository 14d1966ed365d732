"""What is told of an HTTP exchange with AWS, and with what stands in for it."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator
from typing import Any

import pytest

from sfnb.machine import load_machine
from sfnb.service import StepFunctions

boto3 = pytest.importorskip("boto3")
moto = pytest.importorskip("moto")

from sfnb.integrations.aws import Aws  # noqa: E402 (boto3 is there)

REGION = "us-east-1"
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class StandIn(Aws):
    """moto, which in this process has AWS's own addresses, at an address of its own."""

    def client(self, service: str, *, region: str, role_arn: str | None = None) -> Any:
        client = super().client(service, region=region, role_arn=role_arn)
        client.meta._endpoint_url = "http://localhost:4566"
        return client


@pytest.fixture(params=[StandIn, Aws])
def aws(request: pytest.FixtureRequest) -> Iterator[Aws]:
    with moto.mock_aws():
        yield request.param(region=REGION)


@pytest.fixture
def service(aws: Aws) -> Iterator[StepFunctions]:
    service = StepFunctions(aws=aws)
    yield service
    service.close()


def output_of(service: StepFunctions, resource: str, parameters: dict[str, Any]) -> Any:
    task = {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Parameters": parameters, "End": True}
    machine = load_machine(service, {"StartAt": "It", "States": {"It": task}}, name="machine")
    execution = machine.run()
    assert execution.status == "SUCCEEDED", execution.cause
    return execution.output


def headers_of(output: Any) -> dict[str, str]:
    told = output["SdkHttpMetadata"]
    assert told["AllHttpHeaders"] == {name: [value] for name, value in told["HttpHeaders"].items()}
    assert list(told["HttpHeaders"]) == sorted(told["HttpHeaders"], key=str.lower)
    headers: dict[str, str] = told["HttpHeaders"]
    return headers


JSON_HEADERS = {"connection": "keep-alive", "Content-Type": "application/x-amz-json-1.0"}
VARYING = ["Content-Length", "Date", "x-amzn-RequestId"]


def fixed(headers: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name not in VARYING}


@pytest.mark.parametrize("aws", [StandIn], indirect=True)
def test_a_stand_in_is_told_with_the_headers_of_sqs(aws: Aws, service: StepFunctions) -> None:
    url = aws.client("sqs", region=REGION).create_queue(QueueName="q")["QueueUrl"]

    output = output_of(service, "sqs:sendMessage", {"QueueUrl": url, "MessageBody": "text"})

    headers = headers_of(output)
    assert fixed(headers) == JSON_HEADERS
    assert headers["Content-Length"] == "106"  # as AWS writes it, without blanks: AWS recordings
    assert UUID.fullmatch(headers["x-amzn-RequestId"])
    assert output["SdkResponseMetadata"] == {"RequestId": headers["x-amzn-RequestId"]}
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", headers["Date"])
    assert list(output["SdkHttpMetadata"]["AllHttpHeaders"]) == [
        "x-amzn-RequestId",
        "connection",
        "Content-Length",
        "Date",
        "Content-Type",
    ]


@pytest.mark.parametrize("aws", [StandIn], indirect=True)
def test_a_stand_in_is_told_with_the_headers_of_sns(aws: Aws, service: StepFunctions) -> None:
    topic = aws.client("sns", region=REGION).create_topic(Name="t")["TopicArn"]

    headers = headers_of(output_of(service, "sns:publish", {"TopicArn": topic, "Message": "text"}))

    assert fixed(headers) == {"connection": "keep-alive", "Content-Type": "text/xml"}
    assert headers["Content-Length"] == "294"  # AWS recordings


@pytest.mark.parametrize("aws", [StandIn], indirect=True)
def test_a_stand_in_is_told_with_the_headers_and_the_checksum_of_dynamodb(
    aws: Aws, service: StepFunctions
) -> None:
    aws.client("dynamodb", region=REGION).create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )

    put = headers_of(output_of(service, "dynamodb:putItem", {"TableName": "t", "Item": {"id": {"S": "ä"}}}))
    got = headers_of(output_of(service, "dynamodb:getItem", {"TableName": "t", "Key": {"id": {"S": "ä"}}}))

    assert fixed(put) == {
        "Connection": "keep-alive",
        "Content-Type": "application/x-amz-json-1.0",
        "Server": "Server",
        "x-amz-crc32": "2745614147",
    }
    assert put["Content-Length"] == "2"
    body = json.dumps({"Item": {"id": {"S": "ä"}}}, separators=(",", ":"), ensure_ascii=False).encode()
    assert (got["x-amz-crc32"], got["Content-Length"]) == (str(zlib.crc32(body)), str(len(body)))


@pytest.mark.parametrize("aws", [Aws], indirect=True)
def test_what_aws_has_sent_is_told_as_it_is(aws: Aws, service: StepFunctions) -> None:
    """moto at AWS's address, with headers that AWS has not."""
    client = aws.client("sqs", region=REGION)
    url = client.create_queue(QueueName="q")["QueueUrl"]
    sent: dict[str, str] = {}
    client.meta.events.register(
        "after-call", lambda http_response, **_: sent.update(http_response.headers.items())
    )

    output = output_of(service, "sqs:sendMessage", {"QueueUrl": url, "MessageBody": "text"})

    assert headers_of(output) == sent
    assert sent["Content-Type"] == "application/x-amz-json-1.0"
    assert "connection" not in sent


@pytest.mark.parametrize("aws", [StandIn], indirect=True)
def test_what_no_recording_shows_is_told_as_its_protocol_is(service: StepFunctions) -> None:
    headers = headers_of(output_of(service, "athena:startQueryExecution", {"QueryString": "select 1"}))

    assert fixed(headers) == {"connection": "keep-alive", "Content-Type": "application/x-amz-json-1.1"}


@pytest.mark.parametrize("aws", [StandIn], indirect=True)
def test_a_stand_in_is_told_with_what_s3_and_sns_always_say(aws: Aws, service: StepFunctions) -> None:
    aws.client("s3", region=REGION).create_bucket(Bucket="bucket")
    topic = aws.client("sns", region=REGION).create_topic(Name="t.fifo", Attributes={"FifoTopic": "true"})

    put = output_of(service, "aws-sdk:s3:putObject", {"Bucket": "bucket", "Key": "k", "Body": "x"})
    given = {
        "TopicArn": topic["TopicArn"],
        "Message": "m",
        "MessageGroupId": "g",
        "MessageDeduplicationId": "d",
    }
    published = output_of(service, "sns:publish", given)

    assert put["ServerSideEncryption"] == "AES256"
    assert re.fullmatch(r"\d{20}", published["SequenceNumber"])
