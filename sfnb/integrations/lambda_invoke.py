"""arn:aws:states:::lambda:invoke: a function called through the Lambda service.

Source: AWS guide, "Invoke an AWS Lambda function with Step Functions"; AWS recordings.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence

from sfnb.engine.ports import TaskCall
from sfnb.errors import StatesError
from sfnb.integrations.lambda_function import (
    error_payload,
    function_name,
    function_not_found,
    runtime_text,
    service_cause,
)
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

    def result(self, call: TaskCall, answer: Payload) -> Payload:
        parameters = call.payload.value
        assert isinstance(parameters, dict)
        result: dict[str, Json] = {"ExecutedVersion": "$LATEST"}
        log: str | None = None
        if parameters.get("LogType") == "Tail":
            log = result["LogResult"] = log_tail(call)
        result["Payload"] = answer.value
        result["SdkHttpMetadata"] = http_metadata(call, size_bytes(runtime_text(answer.value)), log)
        result["SdkResponseMetadata"] = {"RequestId": call.request_id}
        result["StatusCode"] = 200
        return Payload(result)

    def cause(self, call: TaskCall, error: str, message: str, trace: Sequence[str]) -> str:
        return encode(error_payload(call, error, message, trace))

    def missing(self, call: TaskCall) -> StatesError:
        return function_not_found(call, reference(call))


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


def http_metadata(call: TaskCall, length: int, log: str | None) -> dict[str, Json]:
    """What the AWS SDK reports of the HTTP exchange."""
    headers = {} if log is None else {"X-Amz-Log-Result": log}
    headers |= {
        "X-Amz-Executed-Version": "$LATEST",
        "x-amzn-Remapped-Content-Length": "0",
        "Connection": "keep-alive",
        "x-amzn-RequestId": call.request_id,
        "Content-Length": str(length),
        "Date": f"{call.moment:%a, %d %b %Y %H:%M:%S GMT}",
        "X-Amzn-Trace-Id": trace_id(call),
        "Content-Type": "application/json",
    }
    return {
        "AllHttpHeaders": {name: [value] for name, value in headers.items()},
        "HttpHeaders": {name: headers[name] for name in sorted(headers, key=str.lower)},
        "HttpStatusCode": 200,
    }


def trace_id(call: TaskCall) -> str:
    seed = call.request_id.replace("-", "")
    return f"root=1-{int(call.moment.timestamp()):08x}-{seed[:24]};parent={seed[:16]};sampled=0"
