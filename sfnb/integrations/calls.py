"""A call of an AWS service through boto3, along botocore's model of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from sfnb.engine.ports import AwsSession, TaskCall, Work
from sfnb.errors import EvaluationError, TaskError
from sfnb.integrations.exchange import as_aws_tells, is_aws, with_what_aws_adds
from sfnb.integrations.service import parameters_refused
from sfnb.integrations.shapes import Unfit, request
from sfnb.values import Json, Payload


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """How a service refused a call. shape: the error's name in the model, None for one it does not name."""

    code: str
    shape: str | None
    message: str
    status: int
    request_id: str
    extended_request_id: str | None


class Dialect(msgspec.Struct, frozen=True, kw_only=True):
    """What a kind of integration makes of an answer, of a refusal, and of a call that came to neither.

    answer: given the shape of the operation's output and botocore's reply; a Payload keeps its text.
    """

    answer: Callable[[Any, dict[str, Any]], Json | Payload]
    refused: Callable[[Refusal], TaskError]
    unreached: Callable[[str], TaskError]


def service_work(
    call: TaskCall, aws: AwsSession, service: str, action: str, parameters: Json, dialect: Dialect
) -> Work:
    """Check the parameters along the model; the call itself is made by the executor.

    service: botocore's name. action: in camelCase. Raises EvaluationError where the call cannot be made.
    """
    model = service_model(aws, service, call.resource)
    names = {name.lower(): name for name in model.operation_names}
    if action.lower() not in names:
        raise EvaluationError("States.Runtime", f"The resource {call.resource} names no action")
    operation = model.operation_model(names[action.lower()])
    try:
        arguments = request(operation.input_shape, parameters)
    except Unfit as unfit:
        raise parameters_refused(call, unfit.faults) from None
    for member in operation.idempotent_members:
        arguments.setdefault(member, call.request_id)  # the same when the call is repeated after a crash

    def perform(_: Json) -> Json | Payload:
        return _perform(call, aws, model, operation, arguments, dialect)

    return Work(name=f"{service}:{action}", function=perform, argument=call.payload)


def service_model(aws: AwsSession, service: str, resource: str) -> Any:
    from botocore.exceptions import UnknownServiceError

    try:
        return aws.model(service)
    except UnknownServiceError:
        raise EvaluationError("States.Runtime", f"The resource {resource} names no service") from None


def _perform(
    call: TaskCall, aws: AwsSession, model: Any, operation: Any, arguments: dict[str, Any], dialect: Dialect
) -> Json | Payload:
    from botocore import xform_name
    from botocore.exceptions import BotoCoreError, ClientError

    role = (call.credentials or {}).get("RoleArn")
    try:
        client = aws.client(model.service_name, region=call.region, role_arn=role)
        reply = getattr(client, xform_name(operation.name))(**arguments)
        if not is_aws(client.meta.endpoint_url):
            reply = with_what_aws_adds(call, operation, arguments, reply)
            reply["ResponseMetadata"] = as_aws_tells(call, operation, reply)
        return dialect.answer(operation.output_shape, reply)
    except ClientError as fault:
        raise dialect.refused(_refusal(model, fault.response)) from None
    except BotoCoreError as fault:
        raise dialect.unreached(str(fault)) from None


def _refusal(model: Any, reply: Any) -> Refusal:
    error, metadata = reply.get("Error", {}), reply.get("ResponseMetadata", {})
    code = str(error.get("Code", ""))
    headers = metadata.get("HTTPHeaders", {})
    return Refusal(
        code=code,
        shape=_error_shape(model, code) or _error_shape(model, str(error.get("QueryErrorCode"))),
        message=str(error.get("Message", "")),
        status=int(metadata.get("HTTPStatusCode", 400)),
        request_id=request_id(metadata),
        extended_request_id=metadata.get("HostId") or headers.get("x-amz-id-2"),
    )


def _error_shape(model: Any, code: str) -> str | None:
    for shape in model.error_shapes:
        if code in (shape.name, shape.metadata.get("error", {}).get("code")):
            return str(shape.name)
    return None


def request_id(metadata: dict[str, Any]) -> str:
    headers = metadata.get("HTTPHeaders", {})
    found = metadata.get("RequestId") or headers.get("x-amzn-requestid") or headers.get("x-amz-request-id")
    return str(found)
