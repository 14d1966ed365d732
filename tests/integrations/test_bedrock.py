"""Models and harnesses of Bedrock."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest

from sfnb.integrations.aws import Aws
from sfnb.service import StepFunctions
from tests.integrations.aws_jobs import REGION, Seen, answered, changed, role, run, types

boto3 = pytest.importorskip("boto3")
moto = pytest.importorskip("moto")


@pytest.fixture
def aws() -> Iterator[Aws]:
    with moto.mock_aws():
        aws = Aws(region=REGION)
        aws.client("s3", region=REGION).create_bucket(Bucket="bucket")
        yield aws


@pytest.fixture
def service(aws: Aws) -> Iterator[StepFunctions]:
    service = StepFunctions(aws=aws)
    yield service
    service.close()


def says(aws: Aws, text: str, kind: str = "application/json") -> None:
    """The model's answer."""

    def change(parsed: dict[str, Any]) -> None:
        parsed.update(body=io.BytesIO(text.encode()), contentType=kind)

    changed(aws, "bedrock-runtime", "InvokeModel", change)


def stored(aws: Aws, key: str) -> str:
    text: str = aws.client("s3", region=REGION).get_object(Bucket="bucket", Key=key)["Body"].read().decode()
    return text


def test_a_model_is_sent_json_and_its_answer_is_json(aws: Aws, service: StepFunctions) -> None:
    says(aws, '{"outputs":[{"text":"yes"}]}')
    asked = Seen(aws, "bedrock-runtime", "InvokeModel")

    output: Any = run(service, "bedrock:invokeModel", {"ModelId": "m", "Body": {"prompt": "why"}}).output

    assert asked.first()["body"] == b'{"prompt":"why"}'
    assert (output["Body"], output["ContentType"]) == ({"outputs": [{"text": "yes"}]}, "application/json")
    assert "SdkHttpMetadata" not in output


def test_an_answer_that_is_no_json_stays_text(aws: Aws, service: StepFunctions) -> None:
    says(aws, "1", "text/plain")

    output: Any = run(service, "bedrock:invokeModel", {"ModelId": "m", "Body": {}}).output

    assert output["Body"] == "1"


def test_a_body_may_come_from_an_object_and_go_to_another(aws: Aws, service: StepFunctions) -> None:
    aws.client("s3", region=REGION).put_object(Bucket="bucket", Key="in/a", Body=b'{"prompt": "why"}')
    says(aws, '{"text":"yes"}')
    asked = Seen(aws, "bedrock-runtime", "InvokeModel")
    places = {"Input": {"S3Uri": "s3://bucket/in/a"}, "Output": {"S3Uri": "s3://bucket/out/b"}}

    output: Any = run(service, "bedrock:invokeModel", {"ModelId": "m", **places}).output

    assert asked.first()["body"] == b'{"prompt": "why"}'
    assert stored(aws, "out/b") == '{"text":"yes"}'
    assert output["Body"] == "s3://bucket/out/b"


def test_an_object_that_is_missing_fails_the_task(aws: Aws, service: StepFunctions) -> None:
    parameters = {"ModelId": "m", "Input": {"S3Uri": "s3://bucket/none"}}

    assert run(service, "bedrock:invokeModel", parameters).error == "S3.NoSuchKeyException"


@pytest.mark.parametrize(
    "parameters",
    [
        {"ModelId": "m"},
        {"ModelId": "m", "Body": {}, "Input": {"S3Uri": "s3://bucket/key"}},
        {"ModelId": "m", "Input": {"S3Uri": "https://bucket/key"}},
        {"ModelId": "m", "Body": {}, "Output": {"S3Uri": "s3://bucket"}},
        {"Body": {}},
    ],
)
def test_parameters_that_will_not_do_are_refused_before_anything_is_scheduled(
    parameters: dict[str, Any], service: StepFunctions
) -> None:
    execution = run(service, "bedrock:invokeModel", parameters)

    assert execution.error == "States.Runtime"
    assert "TaskScheduled" not in types(execution)


def test_a_model_is_customized_until_that_is_complete(aws: Aws, service: StepFunctions) -> None:
    aws.client("s3", region=REGION).put_object(Bucket="bucket", Key="train", Body=b"{}")
    parameters = {
        "JobName": "job",
        "CustomModelName": "model",
        "RoleArn": role(aws),
        "BaseModelIdentifier": "amazon.titan",
        "TrainingDataConfig": {"S3Uri": "s3://bucket/train"},
        "OutputDataConfig": {"S3Uri": "s3://bucket/"},
    }
    said = iter(["InProgress", "Completed"])
    changed(aws, "bedrock", "GetModelCustomizationJob", lambda parsed: parsed.update(status=next(said)))

    execution = run(service, "bedrock:createModelCustomizationJob.sync", parameters)

    output: Any = execution.output
    assert execution.status == "SUCCEEDED", (execution.error, execution.cause)
    assert (output["JobName"], output["Status"]) == ("job", "Completed")


STREAM = [
    {"messageStart": {"role": "assistant"}},
    {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": "Let me see"}}},
    {"messageStop": {"stopReason": "tool_use"}},
    {"messageStart": {"role": "assistant"}},
    {"contentBlockStart": {"contentBlockIndex": 0, "start": {"toolUse": {"toolUseId": "t", "name": "n"}}}},
    {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"toolUse": {"input": "{}"}}}},
    {"contentBlockDelta": {"contentBlockIndex": 1, "delta": {"text": "It is "}}},
    {"contentBlockDelta": {"contentBlockIndex": 1, "delta": {"text": "noon."}}},
    {"messageStop": {"stopReason": "end_turn"}},
    {
        "metadata": {
            "usage": {"inputTokens": 1, "outputTokens": 2, "totalTokens": 3},
            "metrics": {"latencyMs": 4},
        }
    },
]


def test_a_harness_answers_with_its_last_message(aws: Aws, service: StepFunctions) -> None:
    """Source: AWS guide, "Invoke Amazon Bedrock AgentCore harness"."""
    asked = answered(aws, "bedrock-agentcore", "InvokeHarness", {"stream": STREAM})
    message = {"Role": "user", "Content": [{"Text": "What time is it?"}]}
    parameters = {"HarnessArn": "arn", "RuntimeSessionId": "s" * 33, "Messages": [message]}

    output: Any = run(service, "bedrockagentcore:invokeHarness", parameters).output

    assert asked[0]["messages"] == [{"role": "user", "content": [{"text": "What time is it?"}]}]
    assert output == {
        "Metrics": {"LatencyMs": 4},
        "Output": {"Message": {"Content": [{"Text": "It is noon."}], "Role": "assistant"}},
        "StopReason": "end_turn",
        "Usage": {"InputTokens": 1, "OutputTokens": 2, "TotalTokens": 3},
    }
