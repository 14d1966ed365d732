"""A function called through the Lambda service, and the failures of the two ways to call one.

Source: AWS guide, "Handling errors in Step Functions workflows"; AWS recordings.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sfnb.engine.ports import AwsSession, TaskCall, Work
from sfnb.errors import TaskError
from sfnb.integrations.calls import Dialect, service_work
from sfnb.integrations.optimized import Optimized
from sfnb.values import Json, Payload, decode

SERVICE = Optimized("Lambda", "AWSLambda", "AWSLambda")
"""How failures of the Lambda service itself are worded."""

UNKNOWN = "The cause could not be determined because Lambda did not return an error type. Returned payload: "

Answer = Callable[[str, dict[str, Any]], Json | Payload]


def lambda_work(
    call: TaskCall, aws: AwsSession, parameters: dict[str, Json], answer: Answer, cause: Callable[[str], str]
) -> Work:
    """Call Lambda's Invoke.

    answer: makes the result of the payload's text and botocore's reply. cause: of the payload's text, where
    the function failed.
    """

    def told(_: Any, reply: dict[str, Any]) -> Json | Payload:
        text = payload_text(reply)
        if reply.get("FunctionError"):
            raise function_failure(text, cause)
        return answer(text, reply)

    dialect = Dialect(answer=told, refused=SERVICE.refused, unreached=SERVICE.unreached)
    return service_work(call, aws, "lambda", "invoke", parameters, dialect)


def payload_text(reply: dict[str, Any]) -> str:
    body = reply.get("Payload", b"")
    content: bytes = body.read() if hasattr(body, "read") else body
    return content.decode(errors="replace")


def function_failure(text: str, cause: Callable[[str], str]) -> TaskError:
    """Called by the name that the function gave it; `Lambda.Unknown` where it gave none, as after a crash."""
    told = parsed(text)
    error = told.get("errorType") if isinstance(told, dict) else None
    if isinstance(error, str) and error:
        return TaskError(error, cause(text))
    return TaskError("Lambda.Unknown", UNKNOWN + text)


def parsed(text: str) -> Json:
    """The value of JSON text; other text is itself."""
    try:
        return decode(text)
    except (ValueError, RecursionError):
        return text
