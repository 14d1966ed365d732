"""What IAM calls the actions of SDK calls."""

from __future__ import annotations

import botocore.session
import pytest

from sfnb.aws_names import BOTOCORE_NAMES
from sfnb.iam.sdk import action_details, iam_actions, iam_prefix, reference

SERVICES = (
    "athena",
    "batch",
    "cloudformation",
    "cloudwatch",
    "cloudwatchlogs",
    "codebuild",
    "codepipeline",
    "dynamodb",
    "ecr",
    "ecs",
    "efs",
    "eks",
    "elasticache",
    "emr",
    "eventbridge",
    "firehose",
    "glacier",
    "iam",
    "kms",
    "lambda",
    "organizations",
    "rds",
    "redshift",
    "rekognition",
    "s3",
    "scheduler",
    "secretsmanager",
    "ses",
    "sesv2",
    "sfn",
    "sns",
    "sqs",
    "ssm",
    "sts",
    "textract",
    "transcribe",
    "translate",
    "xray",
)
"""Of which definitions make calls most, and all that AWS's own examples call."""


def operations(service: str) -> list[str]:
    session = botocore.session.get_session()
    known = {name.replace("-", ""): name for name in session.get_available_services()}
    return list(session.get_service_model(BOTOCORE_NAMES.get(service) or known[service]).operation_names)


def unknown_of(service: str) -> list[str]:
    """The operations of a service for which there is no action, or one that the reference does not have."""
    prefix = iam_prefix(service)
    return [
        operation
        for operation in operations(service)
        if not all(action_details(prefix, name) for name in iam_actions(prefix, operation))
    ]


@pytest.mark.parametrize("service", SERVICES)
def test_actions_are_ones_that_iam_knows(service: str) -> None:
    """But for those that are newer than the reference, or have no right of their own."""
    unknown = unknown_of(service)

    assert len(unknown) / len(operations(service)) < 0.13, unknown


@pytest.mark.parametrize(
    "service", ["codebuild", "ecs", "eks", "eventbridge", "kms", "sfn", "sns", "sqs", "sts"]
)
def test_all_actions_of_what_definitions_call_most_are_known(service: str) -> None:
    assert unknown_of(service) == []


@pytest.mark.soak
def test_nearly_all_of_all_services_are_known() -> None:
    names = [name.replace("-", "") for name in botocore.session.get_session().get_available_services()]
    unknown = sum(len(unknown_of(name)) for name in names)
    total = sum(len(operations(name)) for name in names)

    assert 1 - unknown / total > 0.96


@pytest.mark.parametrize(
    ("service", "prefix"),
    [
        ("sfn", "states"),
        ("cloudwatchlogs", "logs"),
        ("cloudwatch", "cloudwatch"),
        ("eventbridge", "events"),
        ("elasticloadbalancingv2", "elasticloadbalancing"),
        ("sesv2", "ses"),
        ("emr", "elasticmapreduce"),
        ("resourcegroupstaggingapi", "tag"),
        ("bedrockruntime", "bedrock"),
        ("nosuchservice", "nosuchservice"),
    ],
)
def test_the_prefix_of_a_service_is(service: str, prefix: str) -> None:
    assert iam_prefix(service) == prefix


@pytest.mark.parametrize(
    ("prefix", "operation", "actions"),
    [
        ("s3", "ListBuckets", ("ListAllMyBuckets",)),
        ("s3", "HeadObject", ("GetObject",)),
        ("s3", "CopyObject", ("GetObject", "PutObject")),
        ("lambda", "Invoke", ("InvokeFunction",)),
        ("dynamodb", "TransactGetItems", ("GetItem",)),
        ("apigateway", "CreateRestApi", ("POST",)),
        ("cassandra", "UpdateTable", ("Alter",)),
        ("rds", "DescribeDBInstances", ("DescribeDBInstances",)),
        ("nowhere", "DoThings", ("DoThings",)),
    ],
)
def test_an_operation_needs(prefix: str, operation: str, actions: tuple[str, ...]) -> None:
    assert iam_actions(prefix, operation) == actions


def test_a_service_that_iam_does_not_know_has_no_actions() -> None:
    assert reference("nowhere") == {}
