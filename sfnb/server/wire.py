"""AWS JSON 1.0, without HTTP: a target and a body go in, a status, headers and a body come out.

The server on a socket and the boto3 client without one share `dispatch`. botocore's model names this protocol
alone for Step Functions, so no other is spoken.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from sfnb.engine.clock import new_name
from sfnb.errors import ExecutionOwned, SfnbError, StoreFault
from sfnb.server.actions import ACTIONS
from sfnb.server.checks import BrokenConstraints, SerializationException, error_codes, read
from sfnb.service import ServiceClosed, StepFunctions

log = logging.getLogger("sfnb")

CONTENT_TYPE = "application/x-amz-json-1.0"
TARGET_PREFIX = "AWSStepFunctions."

SERVICE, CORAL, CORAL_VALIDATE = (
    "com.amazonaws.swf.service.v2.model",
    "com.amazon.coral.service",
    "com.amazon.coral.validate",
)
"""The namespaces that AWS puts before an error's code; SDKs read what comes after the `#`."""

COMMON_CODES = frozenset({"AccessDeniedException", "ThrottlingException", "UnknownOperationException"})
"""Errors of every service of AWS, which the model does not list."""


class Answer(NamedTuple):
    """What goes back. body: JSON in UTF-8."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def dispatch(service: StepFunctions, target: str | None, body: bytes) -> Answer:
    """Perform one request; blocks for as long as the action does, and never raises.

    target: the header X-Amz-Target, `AWSStepFunctions.StartExecution`; None where there was none.
    body: what came, which need not be JSON.
    """
    try:
        operation = (target or "").removeprefix(TARGET_PREFIX)
        action = ACTIONS.get(operation)
        if action is None or target == operation:
            return refusal("UnknownOperationException", _no_operation(target))
        params = read(operation, _decoded(body))
        return _answered(200, encode(action(service, params)))
    except SfnbError as fault:
        return refused(fault)
    except Exception as fault:
        # The words of the fault may quote a payload: the log has its type and place alone.
        places = "".join(traceback.format_tb(fault.__traceback__))
        log.error("%s failed with %s\n%s", target, type(fault).__name__, places)
        return refusal("InternalFailure", "the server failed at this request; its log says where", status=500)


def refused(fault: SfnbError) -> Answer:
    """A refusal as AWS's error of its name; one that AWS has no name for is a failure of the server."""
    reason = getattr(fault, "reason", None)
    match fault:
        case BrokenConstraints():
            return refusal("ValidationException", str(fault), namespace=CORAL_VALIDATE)
        case SerializationException():
            return refusal("SerializationException", str(fault))
        case ServiceClosed() | StoreFault():
            return refusal("ServiceUnavailable", str(fault), status=503)
        case ExecutionOwned():
            return refusal("ConflictException", str(fault), namespace=SERVICE)
    for kind in type(fault).__mro__:
        if kind.__name__ in error_codes():
            return refusal(kind.__name__, str(fault), namespace=SERVICE, reason=reason)
        if kind.__name__ in COMMON_CODES:
            return refusal(kind.__name__, str(fault))
    log.error("a refusal that AWS has no name for: %s", type(fault).__name__)
    return refusal("InternalFailure", str(fault), status=500)


def refusal(
    code: str, message: str, *, status: int = 400, namespace: str = CORAL, reason: str | None = None
) -> Answer:
    """An error as the wire has it."""
    told = {"__type": f"{namespace}#{code}", "message": message}
    if reason is not None:
        told["reason"] = reason
    return _answered(status, msgspec.json.encode(told))


def encode(answer: Any) -> bytes:
    """What an action answered, with moments as seconds since 1970, to the millisecond."""
    return msgspec.json.encode(_with_seconds(answer))


def _answered(status: int, body: bytes) -> Answer:
    return Answer(status, {"Content-Type": CONTENT_TYPE, "x-amzn-RequestId": new_name()}, body)


def _decoded(body: bytes) -> Any:
    """Raises SerializationException where `body` is no JSON, or nested deeper than can be read."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as fault:
        raise SerializationException(f"the body is not JSON: {fault}") from None
    except RecursionError:
        raise SerializationException("the body is nested too deeply") from None


def _no_operation(target: str | None) -> str:
    if not target:
        return f"the header X-Amz-Target is missing; it names the operation: {TARGET_PREFIX}StartExecution"
    return f"'{target}' is no operation of AWS Step Functions"


def _with_seconds(value: Any) -> Any:
    kind = type(value)
    if kind is dict:
        return {name: _with_seconds(each) for name, each in value.items()}
    if kind is list or kind is tuple:
        return [_with_seconds(each) for each in value]
    if kind is datetime:
        return round(value.timestamp(), 3)
    return value
