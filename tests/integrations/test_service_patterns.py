"""Ten services from end to end: a row for each request and each job, and what it comes to.

moto stands for AWS, and for Lambda a small server that speaks Invoke. Each failure is caught by its name.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from sfnb.integrations.jobs import find
from tests.integrations.aws_jobs import (
    REGION,
    Change,
    batch_job,
    changed,
    cluster_step,
    cluster_task,
    glue_run,
    training_job,
)
from tests.integrations.services import (
    ACCOUNT,
    NESTED,
    Given,
    World,
    catching,
    function,
    message,
    nested,
    plain,
    prepared,
    publication,
    refuses,
    rows,
    run,
    table,
)

pytest.importorskip("boto3")
pytest.importorskip("moto")

INSTANCES = {"InstanceCount": 1, "MasterInstanceType": "m4.large", "KeepJobFlowAliveWhenNoSteps": True}
ALREADY = {
    "TableName": "orders",
    "Item": {"id": {"S": "1"}},
    "ConditionExpression": "attribute_not_exists(id)",
}

# A request and its response

ANSWERED: list[tuple[str, Given, str, Any]] = [
    ("lambda:invoke", function(lambda event: event["n"] + 1, n=1), "Payload", 2),
    ("batch:submitJob", prepared(batch_job), "JobName", "job"),
    ("dynamodb:getItem", table(TableName="orders", Key={"id": {"S": "1"}}), "Item.grams.N", "100"),
    (
        "dynamodb:putItem",
        table(TableName="orders", Item={"id": {"S": "2"}}),
        "SdkHttpMetadata.HttpStatusCode",
        200,
    ),
    (
        "dynamodb:updateItem",
        table(
            TableName="orders",
            Key={"id": {"S": "1"}},
            UpdateExpression="ADD grams :more",
            ExpressionAttributeValues={":more": {"N": "5"}},
            ReturnValues="UPDATED_NEW",
        ),
        "Attributes.grams.N",
        "105",
    ),
    (
        "dynamodb:deleteItem",
        table(TableName="orders", Key={"id": {"S": "1"}}, ReturnValues="ALL_OLD"),
        "Attributes.id.S",
        "1",
    ),
    ("ecs:runTask", prepared(cluster_task), "Tasks.0.StartedBy", "AWS Step Functions"),
    ("sns:publish", publication("hello"), "SdkHttpMetadata.HttpStatusCode", 200),
    ("sqs:sendMessage", message("hello"), "MD5OfMessageBody", "5d41402abc4b2a76b9719d911017c592"),
    ("glue:startJobRun", prepared(glue_run), "JobName", "job"),
    (
        "sagemaker:createTrainingJob",
        prepared(training_job),
        "TrainingJobArn",
        f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-job/training",
    ),
    ("elasticmapreduce:addStep", prepared(cluster_step), "SdkHttpMetadata.HttpStatusCode", 200),
    (
        "states:startExecution",
        nested({"Type": "Pass"}, Name="one"),
        "ExecutionArn",
        f"arn:aws:states:{REGION}:{ACCOUNT}:execution:nested:one",
    ),
]
"""An action, its parameters, a place in the answer, and what is there."""

REFUSED: list[tuple[str, Given, str]] = [
    ("lambda:invoke", function(refuses), "OutOfStock"),
    ("lambda:invoke", plain(FunctionName="none"), "Lambda.ResourceNotFoundException"),
    ("batch:submitJob", prepared(batch_job, JobQueue="none"), "Batch.ClientException"),
    ("dynamodb:putItem", table(**ALREADY), "DynamoDB.ConditionalCheckFailedException"),
    (
        "dynamodb:getItem",
        plain(TableName="none", Key={"id": {"S": "1"}}),
        "DynamoDB.ResourceNotFoundException",
    ),
    ("ecs:runTask", prepared(cluster_task, Cluster="none"), "ECS.ClusterNotFoundException"),
    (
        "sns:publish",
        plain(TopicArn=f"arn:aws:sns:{REGION}:{ACCOUNT}:none", Message="m"),
        "SNS.NotFoundException",
    ),
    (
        "sqs:sendMessage",
        plain(QueueUrl=f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/none", MessageBody="m"),
        "SQS.QueueDoesNotExistException",
    ),
    ("glue:startJobRun", plain(JobName="none"), "Glue.EntityNotFoundException"),
    (
        "sagemaker:createEndpoint",
        plain(EndpointName="endpoint", EndpointConfigName="none"),
        "SageMaker.AmazonSageMakerException",
    ),
    (
        "elasticmapreduce:createCluster",
        plain(Name="cluster", ReleaseLabel="emr-5.0.0", AmiVersion="3.1", Instances=INSTANCES),
        "ElasticMapReduce.AmazonElasticMapReduceException",
    ),
    (
        "states:startExecution",
        plain(StateMachineArn=NESTED),
        "StepFunctions.StateMachineDoesNotExistException",
    ),
]
"""An action, its parameters, and how it fails."""


@pytest.mark.parametrize(("resource", "given", "path", "value"), rows(ANSWERED))
def test_the_answer_of_a_service_is_the_result(
    world: World, resource: str, given: Given, path: str, value: Any
) -> None:
    execution = run(world, resource, given(world))

    assert execution.status == "SUCCEEDED", (execution.error, execution.cause)
    assert find(execution.output, path) == value


@pytest.mark.parametrize(("resource", "given", "error"), rows(REFUSED))
def test_a_refusal_is_caught_by_its_name(world: World, resource: str, given: Given, error: str) -> None:
    caught: Any = run(world, resource, given(world), **catching(error)).output

    assert caught["Error"] == error
    assert caught["Cause"]


def test_a_refusal_is_tried_again_by_its_name(world: World) -> None:
    """The item is there until somebody takes it away, here as it is told for the second time."""
    told: list[str] = []

    def take_away(parsed: dict[str, Any]) -> None:
        told.append(parsed["Error"]["Code"])
        if len(told) == 2:
            world.client("dynamodb").delete_item(TableName="orders", Key={"id": {"S": "1"}})

    parameters = table(**ALREADY)(world)
    changed(world.aws, "dynamodb", "PutItem", take_away, times=2)
    again = [{"ErrorEquals": ["DynamoDB.ConditionalCheckFailedException"], "MaxAttempts": 5}]

    execution = run(world, "dynamodb:putItem", parameters, Retry=again)

    assert execution.status == "SUCCEEDED"
    assert told == ["ConditionalCheckFailedException"] * 2


# A job, and its end


def status(path: str, value: str) -> Change:
    """An answer that says so."""

    def change(parsed: dict[str, Any]) -> None:
        *steps, last = path.split(".")
        place: Any = parsed
        for step in steps:
            place = place[int(step)] if isinstance(place, list) else place[step]
        place[last] = value

    return change


def stopped(code: int) -> Change:
    """The container of an ECS task has ended with this exit code."""

    def change(parsed: dict[str, Any]) -> None:
        (stopped,) = parsed["tasks"]
        stopped["lastStatus"] = "STOPPED"
        stopped["containers"][0]["exitCode"] = code

    return change


JOBS: list[tuple[str, Given, str, str, Change, Change, str]] = [
    (
        "batch:submitJob",
        prepared(batch_job),
        "batch",
        "DescribeJobs",
        status("jobs.0.status", "SUCCEEDED"),
        status("jobs.0.status", "FAILED"),
        "Status",
    ),
    ("ecs:runTask", prepared(cluster_task), "ecs", "DescribeTasks", stopped(0), stopped(3), "LastStatus"),
    (
        "glue:startJobRun",
        prepared(glue_run),
        "glue",
        "GetJobRun",
        status("JobRun.JobRunState", "SUCCEEDED"),
        status("JobRun.JobRunState", "FAILED"),
        "JobRunState",
    ),
    (
        "sagemaker:createTrainingJob",
        prepared(training_job),
        "sagemaker",
        "DescribeTrainingJob",
        status("TrainingJobStatus", "Completed"),
        status("TrainingJobStatus", "Stopped"),
        "TrainingJobStatus",
    ),
    (
        "elasticmapreduce:addStep",
        prepared(cluster_step),
        "emr",
        "DescribeStep",
        status("Step.Status.State", "COMPLETED"),
        status("Step.Status.State", "CANCELLED"),
        "Step.Status.State",
    ),
]
"""An action, its parameters, the client and operation that tell of it, good and bad news, where they are."""

NESTED_JOBS: list[tuple[str, str]] = [
    ("states:startExecution.sync", '"2"'),
    ("states:startExecution.sync:2", "2"),
]
"""How a machine is waited for, and how its output of 2 is told, as JSON."""


@pytest.mark.parametrize(("resource", "given", "client", "describe", "good", "bad", "told"), rows(JOBS))
def test_a_job_is_waited_for_and_its_failure_is_caught(
    world: World,
    resource: str,
    given: Given,
    client: str,
    describe: str,
    good: Change,
    bad: Change,
    told: str,
) -> None:
    parameters = given(world)
    changed(world.aws, client, describe, good, times=1)
    ended = run(world, f"{resource}.sync", parameters)
    changed(world.aws, client, describe, bad)
    if client == "sagemaker":
        parameters["TrainingJobName"] = "another"
    caught: Any = run(world, f"{resource}.sync", parameters, **catching("States.TaskFailed")).output

    assert ended.status == "SUCCEEDED", (ended.error, ended.cause)
    assert find(ended.output, told)
    assert find(json.loads(caught["Cause"]), told)


@pytest.mark.parametrize(("resource", "output"), rows(NESTED_JOBS))
def test_a_machine_is_waited_for_and_its_failure_is_caught(world: World, resource: str, output: str) -> None:
    good: Any = run(world, resource, nested({"Type": "Pass", "Result": 2})(world)).output
    bad: Any = run(
        world,
        resource,
        nested({"Type": "Fail", "Error": "OutOfStock"})(world),
        **catching("States.TaskFailed"),
    ).output

    assert (good["Status"], good["Output"]) == ("SUCCEEDED", json.loads(output))
    assert json.loads(bad["Cause"])["Error"] == "OutOfStock"
