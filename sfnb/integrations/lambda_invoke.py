"""arn:aws:states:::lambda:invoke: a function called through the Lambda service.

Source: AWS guide, "Invoke an AWS Lambda function with Step Functions"; AWS recordings.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from sfnb.engine.ports import TaskCall, Work, World
from sfnb.errors import StatesError
from sfnb.integrations.calls import request_id
from sfnb.integrations.exchange import http_date, trace_id
from sfnb.integrations.lambda_call import lambda_work, parsed
from sfnb.integrations.lambda_function import (
    error_payload,
    function_name,
    function_not_found,
    runtime_text,
    service_cause,
)
from sfnb.integrations.optimized import http_metadata
from sfnb.integrations.service import Service, parameters_refused
from sfnb.values import EMPTY_OBJECT, Json, Payload, encode, size_bytes


class LambdaInvoke(Service):
    """Parameters {FunctionName, Payload, ...}; answers {ExecutedVersion, Payload, StatusCode, ...}."""

    def function_name(self, call: TaskCall) -> str | None:
        return function_name(reference(call))

    def argument(self, call: TaskCall) -> Payload:
        """The Payload parameter; a string is sent as it is, so it has to be JSON text."""
        reference(call)
        parameters = call.payload.value
        assert isinstance(parameters, dict)
        payload = parameters.get("Payload")
        if payload is None:
            return EMPTY_OBJECT
        if not isinstance(payload, str):
            return Payload(payload)
        try:
            return Payload.of_text(payload)
        except ValueError:
            message = "Could not parse request body into json: Could not parse payload into json"
            code = "InvalidRequestContentException"
            raise StatesError(f"Lambda.{code}", service_cause(call, message, 400, code)) from None

    def reach(self, call: TaskCall, world: World) -> Work | None:
        if world.aws is None:
            return None
        text = self.argument(call).text
        assert isinstance(call.payload.value, dict)
        parameters = {**call.payload.value, "Payload": text}
        return lambda_work(call, world.aws, parameters, answer=_answer, cause=_compact)

    def result(self, call: TaskCall, answer: Payload) -> Payload:
        parameters = call.payload.value
        assert isinstance(parameters, dict)
        result: dict[str, Json] = {"ExecutedVersion": "$LATEST"}
        log: str | None = None
        if parameters.get("LogType") == "Tail":
            log = result["LogResult"] = log_tail(call)
        result["Payload"] = answer.value
        sent = headers(call, size_bytes(runtime_text(answer.value)), log)
        result["SdkHttpMetadata"] = http_metadata({"RawHeaders": sent})
        result["SdkResponseMetadata"] = {"RequestId": call.request_id}
        result["StatusCode"] = 200
        return Payload(result)

    def cause(self, call: TaskCall, error: str, message: str, trace: Sequence[str]) -> str:
        return encode(error_payload(call, error, message, trace))

    def missing(self, call: TaskCall) -> StatesError:
        return function_not_found(call, reference(call))


def _answer(text: str, reply: dict[str, Any]) -> Json:
    metadata = reply["ResponseMetadata"]
    sent = dict(metadata.get("RawHeaders", ()))
    told: dict[str, Json] = {
        "ExecutedVersion": reply.get("ExecutedVersion") or sent.get("X-Amz-Executed-Version"),
        "LogResult": reply.get("LogResult"),
        "Payload": parsed(text),
        "SdkHttpMetadata": http_metadata(metadata),
        "SdkResponseMetadata": {"RequestId": request_id(metadata)},
        "StatusCode": reply["StatusCode"],
    }
    return {name: value for name, value in told.items() if value is not None or name == "Payload"}


def _compact(text: str) -> str:
    return encode(parsed(text))


def reference(call: TaskCall) -> str:
    """FunctionName: a name, a partial ARN or an ARN."""
    parameters = call.payload.value
    name = parameters.get("FunctionName") if isinstance(parameters, dict) else None
    if isinstance(name, str) and name:
        return name
    fault = "The field 'FunctionName' is required but was missing"
    if name is not None:
        fault = "The value for the field 'FunctionName' must be a STRING"
    raise parameters_refused(call, [fault])


def log_tail(call: TaskCall) -> str:
    """The end of the function's log, in Base64: what Lambda itself writes at start and end."""
    lines = f"START RequestId: {call.request_id} Version: $LATEST\nEND RequestId: {call.request_id}\n"
    return base64.b64encode(lines.encode()).decode()


def headers(call: TaskCall, length: int, log: str | None) -> list[tuple[str, str]]:
    """What Lambda would send with an answer of `length` bytes."""
    sent = [] if log is None else [("X-Amz-Log-Result", log)]
    return [
        *sent,
        ("X-Amz-Executed-Version", "$LATEST"),
        ("x-amzn-Remapped-Content-Length", "0"),
        ("Connection", "keep-alive"),
        ("x-amzn-RequestId", call.request_id),
        ("Content-Length", str(length)),
        ("Date", http_date(call)),
        ("X-Amzn-Trace-Id", trace_id(call)),
        ("Content-Type", "application/json"),
    ]
