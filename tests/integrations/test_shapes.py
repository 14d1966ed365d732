"""Parameters made arguments of botocore, along its models."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from sfnb.integrations.aws import Aws
from sfnb.integrations.shapes import Unfit, request
from sfnb.machine import load_machine
from sfnb.service import StepFunctions

pytest.importorskip("boto3")
PUT = "arn:aws:states:::aws-sdk:s3:putObject"
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def expires(value: Any) -> Any:
    """What `Expires` of s3:putObject becomes."""
    shape = Aws().model("s3").operation_model("PutObject").input_shape
    return request(shape, {"Bucket": "b", "Key": "k", "Expires": value})["Expires"]


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2026-01-01T00:00:00Z", NEW_YEAR),
        ("2026-01-01T01:00:00+01:00", NEW_YEAR.astimezone(timezone(timedelta(hours=1)))),
        ("2026-01-01", NEW_YEAR),
        ("2026-01-01T00:00:00", NEW_YEAR),
        (1767225600, NEW_YEAR),
        (1767225600.5, NEW_YEAR + timedelta(seconds=0.5)),
        ("1767225600", NEW_YEAR),
    ],
)
def test_a_timestamp_is_a_text_or_the_seconds_since_1970(value: Any, moment: datetime) -> None:
    assert expires(value) == moment


@pytest.mark.parametrize("value", ["nope", "", "2026-13-01", "nan", "1e400", 1e300])
def test_what_is_no_timestamp_is_a_fault(value: Any) -> None:
    with pytest.raises(Unfit, match="is not a timestamp"):
        expires(value)


def test_a_task_with_such_parameters_cannot_be_started() -> None:
    service = StepFunctions(aws=Aws(region="us-east-1"))
    parameters = {"Bucket": "b", "Key": "k", "Expires": "nope"}
    state = {"Type": "Task", "Resource": PUT, "Parameters": parameters, "End": True}

    execution = load_machine(service, {"StartAt": "It", "States": {"It": state}}, name="machine").run()
    service.close()

    assert execution.error == "States.Runtime"
    assert str(execution.cause).endswith("could not be used to start the Task: ['nope' is not a timestamp]")
