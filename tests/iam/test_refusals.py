"""How calls fail that a role has no right to. Source: AWS recordings, credentials; public reports."""

from __future__ import annotations

from typing import Any

import pytest

from sfnb.asl.resources import OPTIMIZED
from sfnb.iam import Roles
from sfnb.iam.refusals import OPTIMIZED as WORDS
from sfnb.iam.roles import make_role
from sfnb.integrations import INTEGRATIONS
from sfnb.integrations.optimized import Optimized
from tests.iam.calls import ROLE, allowing, call, optimized


def refusal(resource: str, given: Any = None, *policies: object) -> tuple[str | None, str]:
    roles = Roles()
    roles.add(make_role(ROLE, list(policies)))
    found = roles.refusal(call(resource, given))
    assert found is not None
    request_id = call(resource).request_id
    session = request_id.replace("-", "")
    user = f"arn:aws:sts::123456789012:assumed-role/orders/{session}"
    return found.error, (found.cause or "").replace(user, "USER").replace(request_id, "ID")


@pytest.mark.parametrize(
    ("resource", "given", "error", "cause"),
    [
        (
            "arn:aws:lambda:eu-west-1:123456789012:function:price",
            {},
            "Lambda.AWSLambdaException",
            "User: USER is not authorized to perform: lambda:InvokeFunction on resource: "
            "arn:aws:lambda:eu-west-1:123456789012:function:price because no identity-based policy allows "
            "the lambda:InvokeFunction action (Service: AWSLambda; Status Code: 403; Error Code: "
            "AccessDeniedException; Request ID: ID; Proxy: null)",
        ),
        (
            optimized("sns:publish"),
            {"TopicArn": "arn:aws:sns:eu-west-1:1:news"},
            "SNS.AuthorizationErrorException",
            "User: USER is not authorized to perform: SNS:Publish on resource: arn:aws:sns:eu-west-1:1:news "
            "because no identity-based policy allows the SNS:Publish action (Service: AmazonSNS; Status "
            "Code: 403; Error Code: AuthorizationError; Request ID: ID; Proxy: null)",
        ),
        (
            optimized("aws-sdk:s3:getObject"),
            {"Bucket": "photos", "Key": "a"},
            "S3.S3Exception",
            'User: USER is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::photos/a" '
            "because no identity-based policy allows the s3:GetObject action (Service: S3, Status Code: 403, "
            "Request ID: ID)",
        ),
        (
            optimized("aws-sdk:glue:getJob"),
            {"JobName": "nightly"},
            "Glue.AccessDeniedException",
            "User: USER is not authorized to perform: glue:GetJob on resource: "
            "arn:aws:glue:eu-west-1:123456789012:job/nightly because no identity-based policy allows the "
            "glue:GetJob action (Service: Glue, Status Code: 400, Request ID: ID)",
        ),
        (
            optimized("apigateway:invoke"),
            {
                "ApiEndpoint": "a1.execute-api.eu-west-1.amazonaws.com",
                "Method": "GET",
                "AuthType": "IAM_ROLE",
            },
            "ApiGateway.403",
            '{"Message":"User: USER is not authorized to perform: execute-api:Invoke on resource: '
            "arn:aws:execute-api:eu-west-1:123456789012:a1/*/GET/ because no identity-based policy allows "
            'the execute-api:Invoke action"}',
        ),
        (
            optimized("http:invoke"),
            {"ApiEndpoint": "https://a.example", "Method": "GET"},
            "States.TaskFailed",
            "AWS Step Functions is not authorized to perform states:InvokeHTTPEndpoint on API Endpoint "
            "https://a.example. Ensure that the StateMachine role contains the states:InvokeHTTPEndpoint "
            "permission for the given API Endpoint",
        ),
    ],
)
def test_a_refusal_reads(resource: str, given: Any, error: str, cause: str) -> None:
    assert refusal(resource, given) == (error, cause)


def test_an_http_task_without_its_connections_credentials_fails_as_on_aws() -> None:
    given = {
        "ApiEndpoint": "https://a.example",
        "Method": "GET",
        "Authentication": {"ConnectionArn": "arn:c"},
    }
    for granted in ("states:*", "events:*"):
        error, _ = refusal(optimized("http:invoke"), given, allowing("states:*", granted))
        assert error == "Events.ConnectionResource.AccessDenied"


def test_a_deny_is_told_as_one() -> None:
    denied = allowing("sqs:*", effect="Deny")
    _, cause = refusal(optimized("sqs:sendMessage"), {"QueueUrl": "https://x/1/q"}, allowing("*"), denied)

    assert "sqs:sendmessage on resource: arn:aws:sqs:eu-west-1:1:q with an explicit deny in an " in cause


def test_a_rule_that_may_not_be_made_is_told_as_when_a_machine_is_created() -> None:
    given = {"StateMachineArn": "arn:aws:states:eu-west-1:1:stateMachine:c"}
    told = refusal(optimized("states:startExecution.sync"), given, allowing("states:*"))

    assert told == ("States.TaskFailed", f"'{ROLE}' is not authorized to create managed-rule.")


def test_every_optimized_service_has_words() -> None:
    assert set(OPTIMIZED) - set(WORDS) == {"apigateway", "http"}


@pytest.mark.parametrize("name", [name for name, each in INTEGRATIONS.items() if isinstance(each, Optimized)])
def test_a_service_fails_under_the_same_name_as_its_other_failures(name: str) -> None:
    integration = INTEGRATIONS[name]
    assert isinstance(integration, Optimized)
    words = WORDS.get(name) or WORDS[name.partition(":")[0]]

    assert words.error.partition(".")[0] == integration.prefix
    assert words.label == integration.label_in_causes
