"""arn:aws:states:::aws-sdk:SERVICE:action: any action of any service, as the AWS SDK has it.

Parameters and results are in PascalCase, errors are called `Prefix.Exception`.
Source: AWS guide, "Learning to use AWS service SDK integrations"; AWS recordings.
"""

from __future__ import annotations

from typing import Any

from sfnb.aws_names import BOTOCORE_NAMES, exception_name, pascal_case
from sfnb.engine.ports import TaskCall, Work, World
from sfnb.errors import TaskError
from sfnb.integrations import step_functions
from sfnb.integrations.calls import Dialect, Refusal, service_model, service_work
from sfnb.integrations.service import Service, bare_action
from sfnb.integrations.shapes import answer
from sfnb.values import Json


class AwsSdk(Service):
    """Step Functions itself is asked in this process."""

    def reach(self, call: TaskCall, world: World) -> Work | None:
        kind, action = bare_action(call.resource)
        service = kind.removeprefix("aws-sdk:").lower()
        if service == "sfn" and action in step_functions.ACTIONS:
            return step_functions.reach(call, world, action)
        service = BOTOCORE_NAMES.get(service) or _with_hyphens(service)
        aws = world.way(service)
        if aws is None:
            return None
        prefix = pascal_case(service_model(aws, service, call.resource).metadata["serviceId"])
        return service_work(call, aws, service, action, call.payload.value, _dialect(prefix))


def _with_hyphens(service: str) -> str:
    """botocore's name of a service: `ssoadmin` is `sso-admin`."""
    from botocore.loaders import create_loader

    known = create_loader().list_available_services("service-2")
    return next((name for name in known if name.replace("-", "") == service), service)


def _dialect(prefix: str) -> Dialect:
    return Dialect(
        answer=_answer,
        refused=lambda refusal: refused(prefix, refusal),
        unreached=lambda message: TaskError(f"{prefix}.SdkClientException", message),
    )


def _answer(shape: Any, reply: dict[str, Any]) -> Json:
    del reply["ResponseMetadata"]
    return answer(shape, reply) if shape is not None else {}


def refused(prefix: str, refusal: Refusal) -> TaskError:
    """The failure as the AWS SDK for Java 2 words it.

    AWS adds " (SDK Attempt Count: 1)" since 2025; most recordings are older, and it tells nothing.
    """
    name = exception_name(refusal.shape) if refusal.shape else f"{prefix}Exception"
    extended = f", Extended Request ID: {refusal.extended_request_id}" if prefix == "S3" else ""
    return TaskError(
        f"{prefix}.{name}",
        f"{refusal.message} (Service: {prefix}, Status Code: {refusal.status}, "
        f"Request ID: {refusal.request_id}{extended})",
    )
