"""What is particular to bedrock:invokeModel and bedrockagentcore:invokeHarness.

A model's body is JSON in the result; it may come from an object in S3 and go to another, of which the
result then names the place. A harness answers with a stream, whose parts the result puts together.
Neither result tells of the HTTP exchange.
Source: AWS guide, "Invoke and customize Amazon Bedrock models with Step Functions", "Invoke Amazon Bedrock
AgentCore harness"; AgentCore API reference, InvokeHarness.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from sfnb.aws_names import exception_name
from sfnb.engine.ports import AwsSession, TaskCall, Work, World
from sfnb.errors import TaskError
from sfnb.integrations.calls import service_work
from sfnb.integrations.service import parameters_refused
from sfnb.integrations.service_action import Action, Provider, ServiceAction, in_pascal_case
from sfnb.values import Json, decode, encode


class InvokeModel(ServiceAction):
    """Parameters {ModelId, Body or Input.S3Uri, Output.S3Uri, ...}; answers {Body, ContentType}."""

    def __init__(self, provider: Provider) -> None:
        super().__init__(provider, Action(operation="InvokeModel"))

    def sent(self, call: TaskCall) -> dict[str, Json]:
        given = super().sent(call)
        source, target = given.pop("Input", None), given.pop("Output", None)
        faults = [
            f"The field 'S3Uri' of '{name}' must be s3://BUCKET/KEY"
            for name, place in (("Input", source), ("Output", target))
            if place is not None and _bucket_and_key(_s3_uri(place)) is None
        ]
        if ("Body" in given) == (source is not None):
            faults.append("Exactly one of the fields 'Body' and 'Input' is required")
        if faults:
            raise parameters_refused(call, faults)
        body = given.get("Body", "")
        given["Body"] = body if isinstance(body, str) else encode(body)
        return given

    def reach(self, call: TaskCall, world: World) -> Work | None:
        work = super().reach(call, world)
        parameters = call.payload.value
        if work is None or world.aws is None or not isinstance(parameters, dict):
            return work
        aws, source, target = world.aws, _s3_uri(parameters.get("Input")), _s3_uri(parameters.get("Output"))
        if source is None and target is None:
            return work

        def perform(argument: Json) -> Json:
            sent = self.sent(call)
            if source is not None:
                sent["Body"] = _read(call, aws, source)
            operation, dialect = self.action.operation, self.dialect(call)
            asking = service_work(call, aws, self.provider.client, operation, sent, dialect)
            answered: dict[str, Json] = asking.function(argument)
            if target is not None:
                _write(call, aws, target, answered)
                answered["Body"] = target
            return answered

        return replace(work, function=perform)

    def told(self, call: TaskCall, shape: Any, reply: dict[str, Any]) -> Json:
        told = in_pascal_case(shape, reply)
        body = told.get("Body")
        if isinstance(body, str) and "json" in str(told.get("ContentType", "json")):
            with contextlib.suppress(ValueError):  # else it stays the text that it is
                told["Body"] = decode(body)
        return told


def _s3_uri(place: Json) -> str | None:
    uri = place.get("S3Uri") if isinstance(place, dict) else None
    return uri if isinstance(uri, str) else None


def _bucket_and_key(uri: str | None) -> tuple[str, str] | None:
    bucket, _, key = (uri or "").removeprefix("s3://").partition("/")
    return (bucket, key) if uri and uri.startswith("s3://") and bucket and key else None


def _read(call: TaskCall, aws: AwsSession, uri: str) -> str:
    text: str = _s3(call, aws, "get_object", uri)["Body"].read().decode(errors="replace")
    return text


def _write(call: TaskCall, aws: AwsSession, uri: str, answered: dict[str, Json]) -> None:
    body = answered.get("Body")
    content = (body if isinstance(body, str) else encode(body)).encode()
    _s3(call, aws, "put_object", uri, Body=content, ContentType=answered.get("ContentType"))


def _s3(call: TaskCall, aws: AwsSession, method: str, uri: str, **arguments: Any) -> Any:
    from botocore.exceptions import BotoCoreError, ClientError

    place = _bucket_and_key(uri)
    assert place is not None
    role = (call.credentials or {}).get("RoleArn")
    try:
        client = aws.client("s3", region=call.region, role_arn=role)
        return getattr(client, method)(Bucket=place[0], Key=place[1], **arguments)
    except ClientError as fault:
        error = fault.response.get("Error", {})
        raise TaskError(f"S3.{exception_name(str(error.get('Code')))}", str(error.get("Message"))) from None
    except BotoCoreError as fault:
        raise TaskError("S3.SdkClientException", str(fault)) from None


class InvokeHarness(ServiceAction):
    """Parameters {HarnessArn, RuntimeSessionId, Messages, ...}; answers {Metrics, Output, StopReason,
    Usage}.
    """

    def __init__(self, provider: Provider) -> None:
        super().__init__(provider, Action(operation="InvokeHarness"))

    def told(self, call: TaskCall, shape: Any, reply: dict[str, Any]) -> Json:
        return whole_message(reply["stream"], shape.members["stream"])


def whole_message(stream: Iterable[dict[str, Any]], shape: Any) -> dict[str, Json]:
    """The last message of a stream, and what is told of the exchange. shape: that of an event."""
    told: dict[str, Json] = {}
    role, texts = "assistant", dict[int, str]()
    for event in stream:
        match event:
            case {"messageStart": start}:
                role, texts = start["role"], {}
            case {"contentBlockDelta": {"contentBlockIndex": place, "delta": {"text": str(text)}}}:
                texts[place] = texts.get(place, "") + text
            case {"messageStop": stop}:
                told["StopReason"] = stop["stopReason"]
            case {"metadata": metadata}:
                told.update(in_pascal_case(shape.members["metadata"], metadata))
    content: list[Json] = [{"Text": texts[place]} for place in sorted(texts)]
    told["Output"] = {"Message": {"Content": content, "Role": role}}
    return dict(sorted(told.items()))
