"""The rights that the optimized integrations need, but for those of jobs (`jobs.py`).

Source: AWS guide, "How Step Functions generates IAM policies for integrated services", a page per service.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sfnb.iam.given import UNKNOWN, items, text, value_at
from sfnb.iam.needed import Need, job
from sfnb.iam.places import (
    ANYWHERE,
    Place,
    function_arns,
    machine_parts,
    queue_arn,
    uri_arn,
)

CONNECTION_SECRETS = "arn:{}:secretsmanager:*:*:secret:events!connection/*"

_api_host = re.compile(r"(?P<api>[a-z0-9]+)\.execute-api\.(?P<region>[a-z0-9-]+)\.")
_profile = re.compile(r"(?:us|eu|apac|global|us-gov|jp|au|ca)\.[a-z]")


def lambda_invoke(place: Place, given: object, action: str, sync: bool) -> Iterator[Need]:
    yield function_need(place, given)


def function_need(place: Place, given: object) -> Need:
    name = text(given, "FunctionName")
    arn, *versions = function_arns(place, name, text(given, "Qualifier"))
    return Need(action="lambda:InvokeFunction", resource=arn, also=tuple(versions))


def start_execution(place: Place, given: object, action: str, sync: bool) -> Iterator[Need]:
    machine = text(given, "StateMachineArn")
    yield Need(action="states:StartExecution", resource=machine if isinstance(machine, str) else ANYWHERE)
    if sync:
        parts = machine_parts(machine)
        executions = ANYWHERE
        if parts is not None:
            region, account, name = parts
            executions = place.arn("states", f"execution:{name}:*", region=region, account=account)
        yield from job(
            place,
            executions,
            wait=("states:DescribeExecution",),
            stop=("states:StopExecution",),
            rule="StepFunctionsGetEventsForStepFunctionsExecutionRule",
        )


def dynamodb(place: Place, given: object, action: str, sync: bool) -> Iterator[Need]:
    table = place.named("dynamodb", "table/{}", text(given, "TableName"))
    yield Need(action=f"dynamodb:{action[0].upper()}{action[1:]}", resource=table)


def sns_publish(place: Place, given: object, action: str, sync: bool) -> Iterator[Need]:
    """A telephone number is no resource."""
    target = text(given, "TopicArn") or text(given, "TargetArn")
    yield Need(action="sns:Publish", resource=target if isinstance(target, str) else ANYWHERE)


def sqs_send(place: Place, given: object, action: str, sync: bool) -> Iterator[Need]:
    yield Need(action="sqs:SendMessage", resource=queue_arn(place, text(given, "QueueUrl")))


def put_events(place: Place, given: object, action: str, sync: bool) -> Iterator[Need]:
    entries = items(given, "Entries")
    if entries is UNKNOWN:
        yield Need(action="events:PutEvents")
        return
    for entry in entries:
        bus = text(entry, "EventBusName")
        named = place.named("events", "event-bus/{}", "default" if bus is None else bus)
        yield Need(action="events:PutEvents", resource=named)


def api_invoke(place: Place, given: object, action: str, sync: bool) -> Iterator[Need]:
    """A call is signed, and so authorized, for AuthType IAM_ROLE and RESOURCE_POLICY alone."""
    if text(given, "AuthType") in (None, "NO_AUTH"):
        return
    endpoint = text(given, "ApiEndpoint")
    found = _api_host.match(endpoint.removeprefix("https://")) if isinstance(endpoint, str) else None
    if found is None:
        yield Need(action="execute-api:Invoke")
        return
    stage, method = text(given, "Stage"), text(given, "Method")
    path = text(given, "Path")
    parts = [found["api"], *(part if isinstance(part, str) else ANYWHERE for part in (stage, method))]
    rest = path.strip("/") if isinstance(path, str) else ("" if path is None else ANYWHERE)
    resource = place.arn("execute-api", "/".join([*parts, rest]), region=found["region"])
    yield Need(action="execute-api:Invoke", resource=resource)


def invoke_model(place: Place, given: object, action: str, sync: bool) -> Iterator[Need]:
    model = text(given, "ModelId")
    if isinstance(model, str) and _profile.match(model):
        yield Need(
            action="bedrock:InvokeModel",
            resource=place.arn("bedrock", f"inference-profile/{model}"),
            also=(place.arn("bedrock", "foundation-model/*", region="*", account=""),),
        )
    else:
        plain = isinstance(model, str) and not model.startswith("arn:")
        named = place.arn("bedrock", f"foundation-model/{model}", account="") if plain else model
        yield Need(action="bedrock:InvokeModel", resource=named if isinstance(named, str) else ANYWHERE)
    for side, right in (("Input", "s3:GetObject"), ("Output", "s3:PutObject")):
        uri = text(given, side, "S3Uri")
        if uri is not None and given is not UNKNOWN:
            yield Need(action=right, resource=uri_arn(place, uri), phase="beyond")


def invoke_harness(place: Place, given: object, action: str, sync: bool) -> Iterator[Need]:
    harness = text(given, "HarnessArn")
    arn = harness if isinstance(harness, str) else ANYWHERE
    yield Need(action="bedrock-agentcore:InvokeHarness", resource=arn)
    yield Need(action="bedrock-agentcore:InvokeAgentRuntime", phase="beyond")


def http_invoke(place: Place, given: object, action: str, sync: bool) -> Iterator[Need]:
    """Source: AWS guide, "Call HTTPS APIs in Step Functions workflows", "IAM permissions"."""
    endpoint, method = text(given, "ApiEndpoint"), text(given, "Method")
    address = endpoint if isinstance(endpoint, str) else ANYWHERE
    yield Need(
        action="states:InvokeHTTPEndpoint",
        resource=place.machine_arn,
        context=(
            ("states:HTTPEndpoint", address),
            ("states:HTTPMethod", method if isinstance(method, str) else ANYWHERE),
        ),
        where=(("states:HTTPEndpoint", "StringLike"), ("states:HTTPMethod", "StringEquals")),
    )
    connection = text(given, "InvocationConfig", "ConnectionArn")
    if connection is None and value_at(given, "Authentication") is not None:
        connection = text(given, "Authentication", "ConnectionArn")
    arn = connection if isinstance(connection, str) else ANYWHERE
    yield Need(action="events:RetrieveConnectionCredentials", resource=arn)
    for right in ("secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"):
        yield Need(action=right, resource=CONNECTION_SECRETS.format(place.partition))
