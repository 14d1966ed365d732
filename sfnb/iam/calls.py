"""Which rights a Task needs, from its Resource and from what it is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sfnb.iam import clusters, jobs, optimized
from sfnb.iam.needed import Need
from sfnb.iam.places import ANYWHERE, Place, function_arns
from sfnb.iam.sdk import sdk_needs

Rights = Callable[[Place, object, str, bool], Iterator[Need]]
"""Of a service: where the machine is, what the call is given, the action, whether its end is waited for."""

SERVICES: dict[str, Rights] = {
    "apigateway": optimized.api_invoke,
    "athena": jobs.athena,
    "batch": jobs.batch,
    "codebuild": jobs.codebuild,
    "databrew": jobs.databrew,
    "dynamodb": optimized.dynamodb,
    "ecs": jobs.ecs,
    "eks": clusters.eks,
    "elasticmapreduce": clusters.emr,
    "emr-containers": clusters.emr_containers,
    "emr-serverless": clusters.emr_serverless,
    "events": optimized.put_events,
    "bedrockagentcore": optimized.invoke_harness,
    "glue": jobs.glue,
    "http": optimized.http_invoke,
    "lambda": optimized.lambda_invoke,
    "mediaconvert": jobs.mediaconvert,
    "sagemaker": jobs.sagemaker,
    "sns": optimized.sns_publish,
    "sqs": optimized.sqs_send,
    "states": optimized.start_execution,
}
"""By the service in a Resource; `bedrock` has two that have little in common."""


def needs_of(place: Place, resource: str, given: object) -> Iterator[Need]:
    """What a Task with this Resource needs.

    given: its parameters; before an execution with UNKNOWN where the definition does not say.
    A worker takes an activity's task by itself: no right is needed. A plain name is that of a function.
    """
    parts = resource.split(":")
    if len(parts) < 6 or parts[0] != "arn" or parts[2] != "states":
        yield _function(place, resource)
    elif parts[5] == "aws-sdk" and len(parts) > 7:
        yield from sdk_needs(place, parts[6], parts[7].partition(".")[0], given)
    elif parts[5] != "activity" and len(parts) > 6:
        action, _, ending = parts[6].partition(".")
        rights = SERVICES.get(parts[5])
        if parts[5] == "bedrock":
            rights = optimized.invoke_model if action == "invokeModel" else jobs.model_customization
        if rights is not None:
            yield from rights(place, given, action, ending.startswith("sync"))


def _function(place: Place, resource: str) -> Need:
    if "${" in resource:
        return Need(action="lambda:InvokeFunction")
    arn, *versions = function_arns(place, resource)
    return Need(action="lambda:InvokeFunction", resource=arn, also=tuple(versions))


def role_need(role: object) -> Need:
    """The right to take on the role of a Task's Credentials."""
    return Need(action="sts:AssumeRole", resource=role if isinstance(role, str) else ANYWHERE)
