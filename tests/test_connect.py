"""With a session, what has no function goes to AWS: calls to services, and the buckets of a Map."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sfnb.integrations.aws import Aws
from sfnb.machine import load_machine
from sfnb.service import StepFunctions


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[StepFunctions]:
    moto = pytest.importorskip("moto")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with moto.mock_aws():
        service = StepFunctions()
        service.connect(Aws(region="us-east-1"))
        yield service
        service.close()


def test_a_distributed_map_goes_over_objects_of_s3_and_writes_there(service: StepFunctions) -> None:
    s3 = Aws(region="us-east-1").client("s3", region="us-east-1")
    for bucket in ("in", "out-bucket"):
        s3.create_bucket(Bucket=f"{bucket}-1")
    s3.put_object(Bucket="in-1", Key="rows.csv", Body=b"n\n1\n2\n")
    tree = {
        "StartAt": "M",
        "States": {
            "M": {
                "Type": "Map",
                "ItemReader": {
                    "Resource": "arn:aws:states:::s3:getObject",
                    "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"},
                    "Parameters": {"Bucket": "in-1", "Key": "rows.csv"},
                },
                "ItemProcessor": {
                    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
                    "StartAt": "P",
                    "States": {"P": {"Type": "Pass", "End": True}},
                },
                "ResultWriter": {
                    "Resource": "arn:aws:states:::s3:putObject",
                    "Parameters": {"Bucket": "out-bucket-1", "Prefix": "r"},
                },
                "Next": "Read",
            },
            "Read": {
                "Type": "Task",
                "Resource": "arn:aws:states:::aws-sdk:s3:listObjectsV2",
                "Parameters": {"Bucket": "out-bucket-1"},
                "ResultSelector": {"count.$": "$.KeyCount"},
                "End": True,
            },
        },
    }
    execution = load_machine(service, tree).run({})

    assert execution.output == {"count": 2}, execution.cause
