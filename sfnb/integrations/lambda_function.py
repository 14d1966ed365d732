"""A Task whose Resource is a Lambda function's ARN, or a plain function name.

The function is given the state's payload and its bare answer is the result.
Source: AWS guide, "Task state"; AWS recordings.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sfnb.engine import events as ev
from sfnb.engine.ports import Recorded, TaskCall, Work, World
from sfnb.errors import StatesError
from sfnb.integrations.lambda_call import lambda_work
from sfnb.integrations.service import credentials
from sfnb.values import Json, Payload


class LambdaFunction:
    """arn:aws:lambda:REGION:ACCOUNT:function:NAME"""

    def function_name(self, call: TaskCall) -> str | None:
        return function_name(call.resource)

    def argument(self, call: TaskCall) -> Payload:
        return call.payload

    def reach(self, call: TaskCall, world: World) -> Work | None:
        """Through the Lambda service, where the Resource is an ARN: a plain name is a Python function's."""
        if world.aws is None or not call.resource.startswith("arn:"):
            return None
        parameters: dict[str, Json] = {"FunctionName": call.resource, "Payload": call.payload.text}
        return lambda_work(call, world.aws, parameters, answer=_answer, cause=str)

    def submits(self, call: TaskCall) -> bool:
        return False

    def scheduled(self, call: TaskCall) -> Recorded:
        return ev.LambdaFunctionScheduled, {
            "resource": call.resource,
            "input": call.payload.text,
            "timeout_in_seconds": call.timeout_seconds,
            "task_credentials": credentials(call),
        }

    def started(self, call: TaskCall) -> Recorded:
        return ev.LambdaFunctionStarted, {}

    def submitted(self, call: TaskCall, answer: Payload) -> Recorded:
        raise AssertionError("a function's answer is the result")

    def result(self, call: TaskCall, answer: Payload) -> Payload:
        return Payload(answer.value, runtime_text(answer.value))

    def succeeded(self, call: TaskCall, result: Payload) -> Recorded:
        return ev.LambdaFunctionSucceeded, {"output": result.text}

    def cause(self, call: TaskCall, error: str, message: str, trace: Sequence[str]) -> str:
        return runtime_text(error_payload(call, error, message, trace))

    def failed(self, call: TaskCall, failure: StatesError) -> Recorded:
        return ev.LambdaFunctionFailed, {"error": failure.error, "cause": failure.cause}

    def timed_out(self, call: TaskCall, failure: StatesError) -> Recorded:
        return ev.LambdaFunctionTimedOut, {"error": failure.error, "cause": failure.cause}

    def missing(self, call: TaskCall) -> StatesError:
        return function_not_found(call, call.resource)

    def label(self, call: TaskCall) -> str:
        return call.resource


def _answer(text: str, _: dict[str, Any]) -> Payload:
    """The function's own text; text that is no JSON becomes a string."""
    try:
        return Payload.of_text(text)
    except ValueError:
        return Payload(text)


def function_name(reference: str) -> str:
    """The name in a function's ARN, partial ARN, qualified name, placeholder or plain name.

    >>> [function_name(r) for r in ("arn:aws:lambda:us-east-1:1:function:price:PROD", "1:function:price",
    ...                             "price:$LATEST", "${Price}", "price")]
    ['price', 'price', 'price', 'Price', 'price']
    """
    if reference.startswith("${") and reference.endswith("}"):
        return reference[2:-1].partition(".")[0]
    parts = reference.split(":")
    if "function" in parts[:-1]:
        return parts[parts.index("function") + 1]
    return parts[0]


def function_not_found(call: TaskCall, reference: str) -> StatesError:
    """What Lambda says where there is no such function."""
    arn = f"arn:aws:lambda:{call.region}:{call.account}:function:{function_name(reference)}:$LATEST"
    return StatesError(
        "Lambda.ResourceNotFoundException",
        service_cause(call, f"Function not found: {arn}", 404, "ResourceNotFoundException"),
    )


def service_cause(call: TaskCall, message: str, status: int, code: str) -> str:
    """A failure of the Lambda service, as its optimized integration words it."""
    return (
        f"{message} (Service: AWSLambda; Status Code: {status}; Error Code: {code}; "
        f"Request ID: {call.request_id}; Proxy: null)"
    )


def error_payload(call: TaskCall, error: str, message: str, trace: Sequence[str]) -> dict[str, Json]:
    """What Lambda's Python runtime answers for an exception."""
    return {
        "errorMessage": message,
        "errorType": error,
        "requestId": call.request_id,
        "stackTrace": list(trace),
    }


def runtime_text(value: Json) -> str:
    """JSON as Lambda's Python runtime writes it, a blank after each comma and colon."""
    return json.dumps(value, ensure_ascii=False)
