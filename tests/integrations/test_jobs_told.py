"""Jobs of services that moto does not have, or whose jobs do not end there: AWS's answers are told here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sfnb.integrations.aws import Aws
from sfnb.service import StepFunctions
from sfnb.values import decode
from tests.integrations.aws_jobs import REGION, answered, run

pytest.importorskip("boto3")


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Aws:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    return Aws(region=REGION, endpoint_url="http://127.0.0.1:9")


@pytest.fixture
def service(aws: Aws) -> Iterator[StepFunctions]:
    service = StepFunctions(aws=aws)
    yield service
    service.close()


def test_a_transcoding_carries_a_tag_of_step_functions(aws: Aws, service: StepFunctions) -> None:
    """Source: AWS guide, "Create and manage AWS Elemental MediaConvert jobs with Step Functions"."""
    job = {"Id": "1", "Role": "role", "Settings": {}}
    made = answered(aws, "mediaconvert", "CreateJob", {"Job": job})
    asked = answered(
        aws,
        "mediaconvert",
        "GetJob",
        {"Job": {**job, "Status": "PROGRESSING"}},
        {"Job": {**job, "Status": "COMPLETE"}},
    )
    parameters = {"Role": "role", "Settings": {}, "Tags": {"mine": "1"}}

    output: Any = run(service, "mediaconvert:createJob.sync", parameters).output

    assert made[0]["Tags"] == {"ManagedByService": "AWSStepFunctions", "mine": "1"}
    assert asked == [{"Id": "1"}, {"Id": "1"}]
    assert output["Job"]["Status"] == "COMPLETE"


def test_a_run_of_a_recipe_is_known_by_the_name_of_its_job(aws: Aws, service: StepFunctions) -> None:
    answered(aws, "databrew", "StartJobRun", {"RunId": "r"})
    asked = answered(aws, "databrew", "DescribeJobRun", {"JobName": "job", "RunId": "r", "State": "STOPPED"})

    execution = run(service, "databrew:startJobRun.sync", {"Name": "job"})

    assert asked == [{"Name": "job", "RunId": "r"}]
    assert execution.error == "States.TaskFailed"
    assert decode(str(execution.cause)) == {"JobName": "job", "RunId": "r", "State": "STOPPED"}


def test_a_batch_of_builds_is_told_as_a_whole(aws: Aws, service: StepFunctions) -> None:
    answered(
        aws, "codebuild", "StartBuildBatch", {"buildBatch": {"id": "b", "buildBatchStatus": "IN_PROGRESS"}}
    )
    asked = answered(
        aws,
        "codebuild",
        "BatchGetBuildBatches",
        {"buildBatches": [{"id": "b", "buildBatchStatus": "SUCCEEDED"}]},
    )

    output: Any = run(service, "codebuild:startBuildBatch.sync", {"ProjectName": "p"}).output

    assert asked == [{"ids": ["b"]}]
    assert output == {"BuildBatch": {"BuildBatchStatus": "SUCCEEDED", "Id": "b"}}


@pytest.mark.parametrize(
    "kind", ["TrainingJob", "TransformJob", "ProcessingJob", "HyperParameterTuningJob", "LabelingJob"]
)
@pytest.mark.parametrize(("status", "error"), [("Completed", None), ("Stopped", "States.TaskFailed")])
def test_every_kind_of_sagemaker_job_is_followed_by_its_name(
    kind: str, status: str, error: str | None, aws: Aws, service: StepFunctions
) -> None:
    shape = aws.model("sagemaker").operation_model(f"Create{kind}").input_shape
    parameters = {name: sample(shape.members[name]) for name in shape.required_members}
    parameters[f"{kind}Name"] = "name"
    answered(aws, "sagemaker", f"Create{kind}", {f"{kind}Arn": "arn"})
    asked = answered(
        aws,
        "sagemaker",
        f"Describe{kind}",
        {f"{kind}Status": "InProgress"},
        {f"{kind}Status": status, f"{kind}Name": "name"},
    )

    execution = run(service, f"sagemaker:create{kind}.sync", parameters)

    assert execution.error == error
    assert asked == [{f"{kind}Name": "name"}] * 2


def sample(shape: Any) -> Any:
    """A value that botocore takes for a shape."""
    match shape.type_name:
        case "structure":
            return {name: sample(shape.members[name]) for name in shape.required_members}
        case "list":
            return [sample(shape.member)]
        case "map":
            return {}
        case "integer" | "long":
            return max(1, int(shape.metadata.get("min", 1)))
    return shape.enum[0] if getattr(shape, "enum", None) else "arn:aws:s3:::bucket-with-a-long-name"


def test_a_run_on_a_virtual_cluster_fails_with_what_is_known_of_it(aws: Aws, service: StepFunctions) -> None:
    answered(aws, "emr-containers", "StartJobRun", {"id": "run", "virtualClusterId": "cluster"})
    failed = {"id": "run", "state": "FAILED", "failureReason": "USER_ERROR"}
    asked = answered(aws, "emr-containers", "DescribeJobRun", {"jobRun": failed})

    execution = run(service, "emr-containers:startJobRun.sync", {"VirtualClusterId": "cluster"})

    assert asked == [{"id": "run", "virtualClusterId": "cluster"}]
    assert execution.error == "States.TaskFailed"
    assert '"FailureReason":"USER_ERROR"' in str(execution.cause)
