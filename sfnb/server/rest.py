"""REST-JSON, without HTTP: the services of AWS whose operations are methods and paths.

Where each member of an input is (path, query string, body), which status an answer has and how its members
are spelled is read from botocore's models. The reading ends in what `checks.read` takes, so that constraints
are told as everywhere.

Which requests are for these services? A signature says whom it is for, and settles it: so an SDK is
understood whatever addresses the page has. Where nothing is signed, the method and the path decide, unless a
browser asks for a page to show. A path that two services have (`/tags/{arn}`) is for the service of the ARN.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote

import msgspec

from sfnb.engine.clock import new_name
from sfnb.errors import SfnbError
from sfnb.server.auth import Unauthorized, read_authorization
from sfnb.server.checks import SerializationException, errors, model, read
from sfnb.server.refusals import Refusal, failure, refusal_of
from sfnb.server.trigger_actions import TRIGGER_ACTIONS
from sfnb.server.wire import Answer, decoded
from sfnb.service import StepFunctions

REST_APIS = ("scheduler", "pipes")
"""By botocore's names, to which signatures are scoped too."""
MOST_FIELDS = 200
"""How many fields a query string may have."""

WHOLE_NUMBER = re.compile(r"-?[0-9]{1,18}")

Write = Callable[[Any], Any]


class Request(NamedTuple):
    """What came. path: still percent-encoded, without the query string."""

    method: str
    path: str
    query: str
    body: bytes


class Operation(NamedTuple):
    """An operation of a model. segments: of its path, of which "{Name}" is a label.

    labels, query: the members that are there, by their names there. status: of its answer.
    """

    name: str
    segments: tuple[str, ...]
    labels: Mapping[str, str]
    query: Mapping[str, tuple[str, Any]]
    status: int
    write: Write

    def matches(self, segments: tuple[str, ...]) -> bool:
        """Whether they are of this path; a label is never empty."""
        return len(segments) == len(self.segments) and all(
            bool(each) if own.startswith("{") else each == own
            for own, each in zip(self.segments, segments, strict=True)
        )


def addressed(method: str, path: str, headers: Mapping[str, str]) -> str | None:
    """The service that a request is for; None where it is for none of these. headers: names in lower case."""
    signed_for = _signed_for(headers.get("authorization", ""))
    if signed_for in REST_APIS:
        return signed_for
    if "text/html" in headers.get("accept", ""):
        return None
    found = [api for api in REST_APIS if _operation(api, method, path) is not None]
    if len(found) < 2:
        return found[0] if found else None
    return next((api for api in found if f":{api}:" in unquote(path)), found[0])


def dispatch(service: StepFunctions, api: str, request: Request) -> Answer:
    """Perform one request; blocks for as long as the action does, and never raises."""
    operation = _operation(api, request.method, request.path)
    if operation is None:
        words = f"{request.method} {request.path} is no operation of {model(api).metadata['serviceFullName']}"
        return _refused(Refusal("UnknownOperationException", words, 404), api)
    try:
        params = read(operation.name, _gathered(operation, request), api)
        answer = TRIGGER_ACTIONS[api][operation.name](service, params)
        return _answered(operation.status, operation.write(answer))
    except SfnbError as fault:
        return _refused(refusal_of(fault, api), api)
    except Exception as fault:
        return _refused(failure(fault, f"{api}.{operation.name}"), api)


def _signed_for(authorization: str) -> str | None:
    with suppress(Unauthorized):
        return read_authorization(authorization).scope[2]
    return None


def _operation(api: str, method: str, path: str) -> Operation | None:
    segments = tuple(path.split("/"))
    return next((each for each in _operations(api).get(method, ()) if each.matches(segments)), None)


@functools.cache
def _operations(api: str) -> Mapping[str, tuple[Operation, ...]]:
    """Those that are served, by their methods."""
    described = model(api)
    by_method: dict[str, tuple[Operation, ...]] = {}
    for name in TRIGGER_ACTIONS[api]:
        operation = described.operation_model(name)
        method = operation.http["method"]
        by_method[method] = (*by_method.get(method, ()), _read_model(operation))
    return by_method


def _read_model(operation: Any) -> Operation:
    labels, query = {}, {}
    for name, shape in operation.input_shape.members.items():
        wire_name = shape.serialization.get("name", name)
        match shape.serialization.get("location"):
            case "uri":
                labels[wire_name] = name
            case "querystring":
                query[wire_name] = (name, shape)
            case None:
                pass
            case other:
                raise NotImplementedError(f"no member has been in the {other} so far: {name}")
    return Operation(
        name=operation.name,
        segments=tuple(operation.http["requestUri"].split("/")),
        labels=labels,
        query=query,
        status=operation.http.get("responseCode", 200),
        write=_writing(operation.output_shape),
    )


# What comes in


def _gathered(operation: Operation, request: Request) -> dict[str, Any]:
    """The members of an input from where they stand; raises SerializationException.

    The body may be none at all. What stands in the path or the query string is not looked for in it.
    """
    value = decoded(request.body) if request.body else {}
    if type(value) is not dict:
        raise SerializationException("the body is JSON, but no object")
    elsewhere = {*operation.labels.values(), *(name for name, _ in operation.query.values())}
    params = {name: each for name, each in value.items() if name not in elsewhere}
    try:
        for own, given in zip(operation.segments, request.path.split("/"), strict=True):
            if own.startswith("{"):
                params[operation.labels[own[1:-1]]] = unquote(given, errors="strict")
        pairs = parse_qsl(request.query, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError as fault:  # of which UnicodeDecodeError is one
        raise SerializationException(f"the address cannot be read: {fault}") from None
    for wire_name, (name, shape) in operation.query.items():
        texts = [text for key, text in pairs if key == wire_name]
        if texts:
            params[name] = _of_texts(shape, texts)
    return params


def _of_texts(shape: Any, texts: list[str]) -> Any:
    """What a query string says of a member; a list has a field for each item."""
    if shape.type_name == "list":
        return [_of_texts(shape.member, [text]) for text in texts]
    text = texts[0]
    match shape.type_name:
        case "string":
            return text
        case "integer" | "long":
            if WHOLE_NUMBER.fullmatch(text) is None:
                raise SerializationException("STRING_VALUE cannot be converted to Integer")
            return int(text)
        case other:
            raise NotImplementedError(f"no query string has had a {other} so far: {shape.name}")


# What goes out


def _writing(shape: Any) -> Write:
    """How an answer of a shape is written: what is None or not of the shape is left out."""
    match None if shape is None else shape.type_name:
        case None:
            return lambda answer: {}
        case "structure":
            members = [
                (name, each.serialization.get("name", name), _writing(each))
                for name, each in shape.members.items()
            ]
            return lambda value: {
                wire_name: write(value[name])
                for name, wire_name, write in members
                if value.get(name) is not None
            }
        case "list":
            write_item = _writing(shape.member)
            return lambda value: [write_item(item) for item in value]
        case "map":
            write_value = _writing(shape.value)
            return lambda value: {key: write_value(each) for key, each in value.items()}
        case "timestamp":
            return _seconds
        case _:
            return lambda value: value


def _seconds(moment: datetime) -> float:
    """Since 1970, to the millisecond, which is how this protocol writes a timestamp in a body."""
    return round(moment.timestamp(), 3)


def _refused(refusal: Refusal, api: str) -> Answer:
    """The message is the member that the model's errors have it in: Message, or message."""
    members = errors(api)["ValidationException"].members
    message = next(name for name in members if name.lower() == "message")
    answer = _answered(refusal.status, {message: refusal.message, **refusal.details})
    return Answer(answer.status, {**answer.headers, "x-amzn-errortype": refusal.code}, answer.body)


def _answered(status: int, told: Any) -> Answer:
    headers = {"Content-Type": "application/json", "x-amzn-RequestId": new_name()}
    return Answer(status, headers, msgspec.json.encode(told))
