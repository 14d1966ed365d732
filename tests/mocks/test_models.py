"""Mocked results against AWS's models: TestState's fieldValidationMode."""

from __future__ import annotations

from typing import Any

import pytest

from sfnb.mocks import mock_fault

OPTIMIZED, SDK = "arn:aws:states:::", "arn:aws:states:::aws-sdk:"

RECORDED: list[tuple[str, Any, str]] = [
    (SDK + "kms:encrypt", {"CiphertextBlob": 123}, "Field 'CiphertextBlob' must be a string"),
    (SDK + "s3:getObject", {"StorageClass": "Papyrus"}, "Field 'StorageClass' is not an expected value"),
    (SDK + "s3:getObject", {"ContentLength": "9000"}, "Field 'ContentLength' must be a number"),
    (OPTIMIZED + "events:putEvents", {"Entries": "no list"}, "Field 'Entries' must be an array"),
    (OPTIMIZED + "events:putEvents", {"Entries": [{"EventId": ["x"]}]}, "Field 'EventId' must be a string"),
    (OPTIMIZED + "events:putEvents", {"Entries": [{"EventId": "1"}, {"EventId": [1]}]},
     "Field 'EventId' must be a string"),
    (OPTIMIZED + "lambda:invoke", {"StatusCode": "200"}, "Field 'StatusCode' must be a number"),
    (SDK + "lambda:getFunction", {"Configuration": {"MemorySize": 127}},
     "Field 'MemorySize' is less than the minimum value"),
    (OPTIMIZED + "dynamodb:putItem", {"ConsumedCapacity": {"CapacityUnits": "123.45"}},
     "Field 'CapacityUnits' must be a number"),
]  # fmt: skip


@pytest.mark.parametrize("mode", ["STRICT", "PRESENT"])
@pytest.mark.parametrize(("resource", "result", "fault"), RECORDED)
def test_a_wrong_field_is_refused_in_the_words_of_aws(
    resource: str, result: Any, fault: str, mode: Any
) -> None:
    assert mock_fault(resource, result, mode) == f"Mock result schema validation error: {fault}"
    assert mock_fault(resource, result, "NONE") is None


def test_a_required_field_is_missing_where_it_is_strict() -> None:
    resource = OPTIMIZED + "states:startExecution"

    fault = "Mock result schema validation error: Required field 'ExecutionArn' is missing"
    assert mock_fault(resource, {}, "STRICT") == fault
    assert mock_fault(resource, {}, "PRESENT") is None


@pytest.mark.parametrize(
    ("resource", "result"),
    [
        (OPTIMIZED + "lambda:invoke", {"Payload": {"any": 1}, "SdkHttpMetadata": {"HttpStatusCode": 200}}),
        (OPTIMIZED + "lambda:invoke", {"Payload": "function output"}),
        (OPTIMIZED + "dynamodb:putItem", {"SdkHttpMetadata": {"HttpStatusCode": 200}}),
        (OPTIMIZED + "http:invoke", {"StatusCode": "what it likes"}),
        (OPTIMIZED + "sqs:sendMessage.waitForTaskToken", {"MessageId": 5}),
        ("arn:aws:lambda:us-east-1:123456789012:function:f", {"StatusCode": "x"}),
    ],
)
def test_what_aws_takes(resource: str, result: Any) -> None:
    assert mock_fault(resource, result) is None


def test_a_job_is_checked_against_the_call_that_tells_how_it_went() -> None:
    resource = OPTIMIZED + "batch:submitJob.sync"

    fault = mock_fault(resource, {"Jobs": [{"Status": "DONE"}]}, "PRESENT")
    assert fault == "Mock result schema validation error: Field 'Status' is not an expected value"


def test_a_truth_value_is_no_number() -> None:
    fault = mock_fault(OPTIMIZED + "lambda:invoke", {"StatusCode": True})
    assert fault is not None
    assert fault.endswith("must be a number")
