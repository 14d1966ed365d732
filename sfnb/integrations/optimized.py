"""arn:aws:states:::sqs:sendMessage and the like: services that Step Functions integrates by itself.

These are spelled as the AWS SDK for Java 1 spells them, and their results tell of the HTTP exchange.
Source: AWS guide, "Integrating optimized services"; AWS recordings.
"""

from __future__ import annotations

from typing import Any

from sfnb.engine.ports import TaskCall, Work, World
from sfnb.errors import TaskError
from sfnb.integrations.calls import Dialect, Refusal, request_id, service_work
from sfnb.integrations.service import Service, bare_action
from sfnb.integrations.shapes import answer
from sfnb.query.hash_map import hash_map_order
from sfnb.values import Json


class Optimized(Service):
    """prefix: of error names. label: the service in causes. fallback: the error of none of its own."""

    def __init__(self, prefix: str, label: str, fallback: str) -> None:
        self.prefix = prefix
        self.label_in_causes = label
        self.fallback = fallback

    def reach(self, call: TaskCall, world: World) -> Work | None:
        service, action = bare_action(call.resource)
        aws = world.way(service)
        if aws is None:
            return None
        parameters = self.parameters(call)
        return service_work(call, aws, service, action, parameters, self._dialect())

    def parameters(self, call: TaskCall) -> Json:
        """What the service is sent."""
        return call.payload.value

    def answer(self, shape: Any, reply: dict[str, Any]) -> Json:
        """The members, and what is known of the exchange."""
        metadata = reply["ResponseMetadata"]
        return {
            **members(shape, reply),
            "SdkHttpMetadata": http_metadata(metadata),
            "SdkResponseMetadata": {"RequestId": request_id(metadata)},
        }

    def refused(self, refusal: Refusal) -> TaskError:
        name = f"{(refusal.shape or self.fallback).removesuffix('Exception')}Exception"
        return TaskError(
            f"{self.prefix}.{name}",
            f"{refusal.message} (Service: {self.label_in_causes}; Status Code: {refusal.status}; "
            f"Error Code: {refusal.code}; Request ID: {refusal.request_id}; Proxy: null)",
        )

    def unreached(self, message: str) -> TaskError:
        return TaskError(f"{self.prefix}.SdkClientException", message)

    def _dialect(self) -> Dialect:
        return Dialect(
            answer=self.answer,
            refused=self.refused,
            unreached=self.unreached,
        )


def members(shape: Any, reply: dict[str, Any]) -> dict[str, Json]:
    """An answer without its metadata, members in their own spelling."""
    if shape is None:
        return {}
    told = answer(shape, {key: value for key, value in reply.items() if key != "ResponseMetadata"}, str)
    assert isinstance(told, dict)
    return told


def http_metadata(metadata: dict[str, Any]) -> dict[str, Json]:
    """What the AWS SDK reports of the HTTP exchange."""
    pairs = metadata.get("RawHeaders") or list(metadata.get("HTTPHeaders", {}).items())
    headers = {str(name): str(value) for name, value in pairs}
    return {
        "AllHttpHeaders": {name: [headers[name]] for name in hash_map_order(headers)},
        "HttpHeaders": {name: headers[name] for name in sorted(headers, key=str.lower)},
        "HttpStatusCode": int(metadata.get("HTTPStatusCode", 200)),
    }
