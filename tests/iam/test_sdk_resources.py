"""On which resources an SDK call acts."""

from __future__ import annotations

from typing import Any

import pytest

from sfnb.iam.given import UNKNOWN
from sfnb.iam.sdk import sdk_needs
from tests.iam.calls import PLACE

HERE = "eu-west-1:123456789012"


@pytest.mark.parametrize(
    ("call", "given", "rights"),
    [
        ("glue:getJob", {"JobName": "nightly"}, {"glue:GetJob": [f"arn:aws:glue:{HERE}:job/nightly"]}),
        ("glue:getJob", {"JobName": UNKNOWN}, {"glue:GetJob": ["*"]}),
        ("glue:getJob", UNKNOWN, {"glue:GetJob": ["*"]}),
        (
            "ecs:updateService",
            {"Cluster": f"arn:aws:ecs:{HERE}:cluster/main", "Service": "web"},
            {"ecs:UpdateService": [f"arn:aws:ecs:{HERE}:service/main/web"]},
        ),
        (
            "ecs:updateService",
            {"Service": f"arn:aws:ecs:{HERE}:service/main/web"},
            {"ecs:UpdateService": [f"arn:aws:ecs:{HERE}:service/main/web"]},
        ),
        (
            "sfn:describeExecution",
            {"ExecutionArn": f"arn:aws:states:{HERE}:execution:m:1"},
            {"states:DescribeExecution": [f"arn:aws:states:{HERE}:execution:m:1"]},
        ),
        (
            "sfn:startExecution",
            {"StateMachineArn": f"arn:aws:states:{HERE}:stateMachine:m"},
            {"states:StartExecution": [f"arn:aws:states:{HERE}:stateMachine:m"]},
        ),
        ("ec2:describeInstances", {"InstanceIds": ["i-1"]}, {"ec2:DescribeInstances": ["*"]}),
        ("s3:listBuckets", {}, {"s3:ListAllMyBuckets": ["*"]}),
        ("s3:headObject", {"Bucket": "b", "Key": "k"}, {"s3:GetObject": ["arn:aws:s3:::b/k"]}),
        ("s3:listObjectsV2", {"Bucket": "b"}, {"s3:ListBucket": ["arn:aws:s3:::b"]}),
        ("s3:putBucketTagging", {"Bucket": "b"}, {"s3:PutBucketTagging": ["arn:aws:s3:::b"]}),
        ("s3:getObject", {"Bucket": UNKNOWN, "Key": "k"}, {"s3:GetObject": ["*"]}),
        ("s3:getObject", {"Bucket": "b", "Key": UNKNOWN}, {"s3:GetObject": ["arn:aws:s3:::b/*"]}),
        ("s3:deleteObjects", {"Bucket": "b", "Delete": {}}, {"s3:DeleteObject": ["arn:aws:s3:::b/*"]}),
        (
            "dynamodb:batchWriteItem",
            {"RequestItems": {"orders": [], "prices": []}},
            {
                "dynamodb:BatchWriteItem": [
                    f"arn:aws:dynamodb:{HERE}:table/orders",
                    f"arn:aws:dynamodb:{HERE}:table/prices",
                ]
            },
        ),
        (
            "dynamodb:transactGetItems",
            {"TransactItems": [{"Get": {"TableName": "orders"}}, {"Get": {"TableName": "orders"}}]},
            {"dynamodb:GetItem": [f"arn:aws:dynamodb:{HERE}:table/orders"]},
        ),
        ("kms:decrypt", {"KeyId": "alias/orders"}, {"kms:Decrypt": ["*"]}),
        ("kms:decrypt", {"KeyId": "1-2"}, {"kms:Decrypt": [f"arn:aws:kms:{HERE}:key/1-2"]}),
        (
            "ssm:getParameters",
            {"Names": ["/a/b", "c"]},
            {"ssm:GetParameters": [f"arn:aws:ssm:{HERE}:parameter/a/b", f"arn:aws:ssm:{HERE}:parameter/c"]},
        ),
        (
            "lambda:invoke",
            {"FunctionName": "price", "Qualifier": "1"},
            {"lambda:InvokeFunction": [f"arn:aws:lambda:{HERE}:function:price:1"]},
        ),
        (
            "scheduler:createSchedule",
            {"Name": "daily", "Target": {}},
            {"scheduler:CreateSchedule": [f"arn:aws:scheduler:{HERE}:schedule/*/daily"]},
        ),
    ],
)
def test_a_call_needs(call: str, given: Any, rights: dict[str, list[str]]) -> None:
    found: dict[str, list[str]] = {}
    for need in sdk_needs(PLACE, *call.split(":"), given):
        found.setdefault(need.action, []).append(need.resource)
    assert found == rights


def test_a_role_that_a_service_is_given_has_to_be_passed() -> None:
    role = "arn:aws:iam::123456789012:role/training"
    given = {"TrainingJobName": "t", "RoleArn": role}

    needs = {need.action: need.resource for need in sdk_needs(PLACE, "sagemaker", "createTrainingJob", given)}
    assert needs["iam:PassRole"] == role


def test_a_role_that_it_reads_of_is_not_passed() -> None:
    given = {"RoleArn": "arn:aws:iam::123456789012:role/r"}

    for service, action in (("sts", "assumeRole"), ("glue", "getJob")):
        assert {need.action for need in sdk_needs(PLACE, service, action, given)}.isdisjoint({"iam:PassRole"})
