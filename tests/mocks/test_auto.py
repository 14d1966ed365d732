"""Answers made up by AWS's own models."""

from __future__ import annotations

import re
from typing import Any

import pytest

from sfnb.aws_names import member_name
from sfnb.mocks import auto_result, mock_fault
from sfnb.mocks.shapes import JOBS, output_shape, spelling
from sfnb.mocks.want import FAILS, LEAVES, STAYS, Mark, Option, Want
from tests.mocks.calls import task_call

OPTIMIZED, SDK = "arn:aws:states:::", "arn:aws:states:::aws-sdk:"


def wanting(**options: list[Option]) -> Want:
    want = Want()
    for path, offered in options.items():
        inner = want
        for name in path.split("__"):
            inner = inner.member(name)
        for option in offered:
            inner.offer(option)
    return want


def test_an_answer_has_the_members_of_the_model_as_step_functions_spells_them() -> None:
    answer: Any = auto_result(task_call(OPTIMIZED + "sqs:sendMessage", {"QueueUrl": "q", "MessageBody": "b"}))

    assert re.fullmatch("[0-9a-f]{32}", answer["MD5OfMessageBody"])
    assert re.fullmatch("[0-9a-f-]{36}", answer["MessageId"])
    assert answer["SdkHttpMetadata"]["HttpStatusCode"] == 200


def test_an_answer_of_the_sdk_is_spelt_as_the_sdk_for_java_does() -> None:
    answer: Any = auto_result(task_call(SDK + "rds:describeDBInstances"))

    assert answer["DbInstances"][0]["DbInstanceIdentifier"]
    assert "SdkHttpMetadata" not in answer


def test_an_answer_echoes_the_request() -> None:
    answer: Any = auto_result(task_call(SDK + "glue:getJob", {"JobName": "nightly", "Name": "nightly"}))

    assert answer["Job"]["Name"] == "nightly"


def test_equal_calls_have_equal_answers() -> None:
    resource = SDK + "ec2:describeInstances"

    assert auto_result(task_call(resource)) == auto_result(task_call(resource))
    assert auto_result(task_call(resource)) != auto_result(task_call(resource, key="2"))


def test_a_list_has_one_element_unless_more_are_read() -> None:
    want = Want()
    want.member("Reservations").item(0).member("Instances").item(2).member("InstanceId")
    answer: Any = auto_result(task_call(SDK + "ec2:describeInstances"), want)

    assert len(answer["Reservations"]) == 1
    assert len(answer["Reservations"][0]["Instances"]) == 3
    assert "NextToken" not in answer


def test_a_status_ends_well_and_at_times_is_still_under_way() -> None:
    want = wanting(QueryExecution__Status__State=[Option("RUNNING", STAYS), Option(Mark.OTHER, LEAVES)])
    calls = [task_call(OPTIMIZED + "athena:getQueryExecution", key=str(n)) for n in range(60)]
    states = [auto_result(call, want)["QueryExecution"]["Status"]["State"] for call in calls]  # type: ignore[index,call-overload]

    assert set(states) == {"SUCCEEDED", "RUNNING", "QUEUED"}
    assert states.count("SUCCEEDED") > 20


def test_what_leads_to_a_failure_is_not_chosen() -> None:
    want = wanting(Payload__verdict=[Option("reject", FAILS), Option("approve", LEAVES)])
    verdicts = {auto_result(task_call(key=str(n)), want)["Payload"]["verdict"] for n in range(30)}  # type: ignore[index,call-overload]

    assert verdicts == {"approve"}


def test_a_constant_that_the_model_does_not_know_is_not_answered() -> None:
    want = wanting(TranscriptionJob__TranscriptionJobStatus=[Option("DONE"), Option(Mark.OTHER, STAYS)])
    answer: Any = auto_result(task_call(SDK + "transcribe:getTranscriptionJob"), want)

    assert answer["TranscriptionJob"]["TranscriptionJobStatus"] in ("COMPLETED", "QUEUED", "IN_PROGRESS")


@pytest.mark.parametrize(("service", "action"), JOBS)
def test_a_job_has_an_answer_and_has_ended_well(service: str, action: str) -> None:
    assert output_shape(service, action, "sync") is not None
    answer = auto_result(task_call(f"{OPTIMIZED}{service}:{action}.sync"))

    assert isinstance(answer, dict)
    assert answer
    assert "FAILED" not in str(
        [answer.get(key) for key in ("Status", "JobRunState", "LastStatus", "TrainingJobStatus")]
    )


OPERATIONS = """
    lambda:invoke dynamodb:getItem dynamodb:putItem sns:publish sqs:sendMessage events:putEvents
    states:startExecution athena:getQueryResults batch:submitJob ecs:runTask codebuild:startBuild
    glue:startJobRun sagemaker:createEndpoint elasticmapreduce:createCluster
    aws-sdk:ec2:describeInstances aws-sdk:ec2:describeSnapshots aws-sdk:s3:getObject aws-sdk:s3:listObjectsV2
    aws-sdk:rds:describeDBInstances aws-sdk:lambda:getFunction aws-sdk:sfn:describeExecution
    aws-sdk:dynamodb:scan aws-sdk:glue:getJobRun aws-sdk:kms:encrypt aws-sdk:iam:getRole
    aws-sdk:cloudwatch:getMetricData aws-sdk:redshiftdata:describeStatement aws-sdk:ecs:describeTasks
    aws-sdk:cloudformation:describeStacks aws-sdk:transcribe:getTranscriptionJob
    aws-sdk:bedrock:getEvaluationJob
    aws-sdk:secretsmanager:getSecretValue aws-sdk:ssm:getParameter aws-sdk:rekognition:detectLabels
"""


@pytest.mark.parametrize("operation", OPERATIONS.split())
def test_an_answer_is_one_that_the_model_allows(operation: str) -> None:
    resource = OPTIMIZED + operation

    for key in "abc":
        assert mock_fault(resource, auto_result(task_call(resource, key=key)), "STRICT") is None


JOB_STATUS = {
    "batch:submitJob": "SUCCEEDED",
    "glue:startJobRun": "SUCCEEDED",
    "athena:startQueryExecution": "SUCCEEDED",
    "sagemaker:createTrainingJob": "Completed",
    "codebuild:startBuild": "SUCCEEDED",
}


@pytest.mark.parametrize(("action", "status"), JOB_STATUS.items())
def test_the_status_of_a_job(action: str, status: str) -> None:
    assert f"'{status}'" in str(auto_result(task_call(f"{OPTIMIZED}{action}.sync")))


def test_a_nested_execution_answers_its_description() -> None:
    arn = "arn:aws:states:us-east-1:123456789012:stateMachine:inner"
    payload = {"StateMachineArn": arn, "Input": {"n": 1}, "Name": "run"}
    want = Want()
    want.member("Output").member("total").kinds.add("number")
    parsed: Any = auto_result(task_call(OPTIMIZED + "states:startExecution.sync:2", payload), want)
    plain: Any = auto_result(task_call(OPTIMIZED + "states:startExecution.sync", payload))

    assert parsed["ExecutionArn"].endswith(":execution:inner:run")
    assert isinstance(parsed["Output"]["total"], int)
    assert (parsed["Input"], plain["Input"]) == ({"n": 1}, '{"n":1}')
    assert plain["Status"] == "SUCCEEDED"


def test_a_function_answers_what_is_read_of_it() -> None:
    want = Want()
    want.member("orderId")
    want.member("rows").item(None).member("price")
    want.member("text").content().member("n").kinds.add("number")
    answer: Any = auto_result(
        task_call("arn:aws:lambda:us-east-1:123456789012:function:f", {"orderId": "o-7"}), want
    )

    assert answer["orderId"] == "o-7"
    assert isinstance(answer["rows"][0]["price"], int)
    assert re.fullmatch(r'\{"n":\d\}', answer["text"])


@pytest.mark.parametrize(
    "resource",
    [
        OPTIMIZED + "lambda:invoke",
        OPTIMIZED + "lambda:invoke.waitForTaskToken",
        OPTIMIZED + "sns:publish.waitForTaskToken",
        OPTIMIZED + "http:invoke",
        OPTIMIZED + "apigateway:invoke",
        OPTIMIZED + "eks:runJob.sync",
        OPTIMIZED + "bedrock:invokeModel",
        OPTIMIZED + "elasticmapreduce:addStep",
        "arn:aws:states:us-east-1:123456789012:activity:work",
        "${PlaceholderArn}",
        SDK + "nosuchservice:doIt",
    ],
)
def test_everything_is_answered(resource: str) -> None:
    assert isinstance(auto_result(task_call(resource)), dict)


def test_an_item_has_the_key_that_was_asked_for() -> None:
    payload = {"TableName": "t", "Key": {"id": {"S": "7"}}}
    want = wanting(Item__count__N=[], Item__state__S=[Option("open")])
    answer: Any = auto_result(task_call(OPTIMIZED + "dynamodb:getItem", payload), want)

    assert answer["Item"]["id"] == {"S": "7"}
    assert answer["Item"]["count"]["N"].isdigit()
    assert answer["Item"]["state"] == {"S": "open"}


def test_names_are_spelt_as_the_integrations_spell_them() -> None:
    for name in ("executionArn", "DBInstances", "MD5OfMessageBody", "ETag", "ChecksumCRC32", "VPCs", "x"):
        assert spelling("aws-sdk:sqs")(name) == member_name(name)
