"""AWS JSON, without HTTP: a target and a body go in, a status, headers and a body come out.

The target's prefix says which service is meant: AWS Step Functions, with version 1.0 of the protocol, or
Amazon EventBridge, with 1.1; botocore's models name no other protocol for these two. The server on a socket
and the boto3 client without one share `dispatch`. The services that speak REST are in `rest.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from sfnb.engine.clock import new_name
from sfnb.errors import SfnbError
from sfnb.server.actions import ACTIONS, Action
from sfnb.server.checks import SerializationException, read
from sfnb.server.refusals import Origin, Refusal, failure, refusal_of
from sfnb.server.trigger_actions import TRIGGER_ACTIONS
from sfnb.service import StepFunctions


class Answer(NamedTuple):
    """What goes back. body: JSON in UTF-8."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Api(msgspec.Struct, frozen=True, kw_only=True):
    """A service of AWS as it is spoken to here.

    name: botocore's. signing_name: what signatures are scoped to. version: of AWS JSON.
    namespaces: what AWS puts before an error's code and a `#`, by who refuses; SDKs read what comes after it.
    """

    name: str
    title: str
    signing_name: str
    version: str
    actions: Mapping[str, Action]
    namespaces: Mapping[Origin, str]


STEP_FUNCTIONS = Api(
    name="stepfunctions",
    title="AWS Step Functions",
    signing_name="states",
    version="1.0",
    actions=ACTIONS,
    namespaces={
        "service": "com.amazonaws.swf.service.v2.model",
        "common": "com.amazon.coral.service",
        "checks": "com.amazon.coral.validate",
    },
)

APIS: Mapping[str, Api] = {
    "AWSStepFunctions": STEP_FUNCTIONS,
    "AWSEvents": Api(
        name="events",
        title="Amazon EventBridge",
        signing_name="events",
        version="1.1",
        actions=TRIGGER_ACTIONS["events"],
        namespaces={},
    ),
}
"""By the prefix of the target."""


def api_of(target: str | None) -> Api:
    """The service that a target is for; Step Functions where it is for none."""
    return APIS.get((target or "").partition(".")[0], STEP_FUNCTIONS)


def dispatch(service: StepFunctions, target: str | None, body: bytes) -> Answer:
    """Perform one request; blocks for as long as the action does, and never raises.

    target: the header X-Amz-Target, `AWSStepFunctions.StartExecution`; None where there was none.
    body: what came, which need not be JSON.
    """
    prefix, _, operation = (target or "").partition(".")
    api = APIS.get(prefix)
    action = None if api is None else api.actions.get(operation)
    if api is None or action is None:
        return _written(Refusal("UnknownOperationException", _no_operation(target, api)), api)
    try:
        params = read(operation, decoded(body), api.name)
        return _answered(200, encode(action(service, params)), api)
    except SfnbError as fault:
        return refused(fault, api)
    except Exception as fault:
        return _written(failure(fault, target), api)


def refused(fault: SfnbError, api: Api = STEP_FUNCTIONS) -> Answer:
    """A refusal as AWS's error of its name; one that AWS has no name for is a failure of the server."""
    return _written(refusal_of(fault, api.name), api)


def refusal(code: str, message: str, *, status: int = 400) -> Answer:
    """An error that no service tells; clients of every protocol can read it."""
    return _written(Refusal(code, message, status), STEP_FUNCTIONS)


def encode(answer: Any) -> bytes:
    """What an action answered, with moments as seconds since 1970, to the millisecond."""
    return msgspec.json.encode(_with_seconds(answer))


def decoded(body: bytes) -> Any:
    """Raises SerializationException where `body` is no JSON, or nested deeper than can be read."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as fault:
        raise SerializationException(f"the body is not JSON: {fault}") from None
    except RecursionError:
        raise SerializationException("the body is nested too deeply") from None


def _written(refusal: Refusal, api: Api | None) -> Answer:
    api = api or STEP_FUNCTIONS
    namespace = api.namespaces.get(refusal.origin)
    kind = refusal.code if namespace is None else f"{namespace}#{refusal.code}"
    told = {"__type": kind, "message": refusal.message, **refusal.details}
    return _answered(refusal.status, msgspec.json.encode(told), api)


def _answered(status: int, body: bytes, api: Api) -> Answer:
    headers = {"Content-Type": f"application/x-amz-json-{api.version}", "x-amzn-RequestId": new_name()}
    return Answer(status, headers, body)


def _no_operation(target: str | None, api: Api | None) -> str:
    if not target:
        return "the header X-Amz-Target is missing; it names the operation: AWSStepFunctions.StartExecution"
    titles = [api.title] if api is not None else [each.title for each in APIS.values()]
    return f"'{target}' is no operation of {' or '.join(titles)} that can be called here"


def _with_seconds(value: Any) -> Any:
    kind = type(value)
    if kind is dict:
        return {name: _with_seconds(each) for name, each in value.items()}
    if kind is list or kind is tuple:
        return [_with_seconds(each) for each in value]
    if kind is datetime:
        return round(value.timestamp(), 3)
    return value
