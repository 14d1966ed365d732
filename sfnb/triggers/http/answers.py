"""Answers: what Step Functions' become on the wire, and what API Gateway says by itself.

Source: API Gateway guide, "Gateway response types for API Gateway".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from sfnb.query.java import double_text
from sfnb.triggers.http.route import Api, GatewayResponse
from sfnb.values import Json, encode

SERVICE_CONTENT_TYPE = "application/x-amz-json-1.0"
JSON = "application/json"
_FILLED = re.compile(r"\$\{?(?:context|stageVariables)(?:\.[A-Za-z0-9_-]+)+\}?")


class Answer(msgspec.Struct, frozen=True):
    """headers: in the order in which they are sent, one name maybe several times."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


KINDS = {
    "API_CONFIGURATION_ERROR": (500, "InternalServerErrorException"),
    "BAD_REQUEST_BODY": (400, "BadRequestException"),
    "BAD_REQUEST_PARAMETERS": (400, "BadRequestException"),
    "INTEGRATION_FAILURE": (503, "ServiceUnavailableException"),
    "INTEGRATION_TIMEOUT": (504, "InternalServerErrorException"),
    "INVALID_API_KEY": (403, "ForbiddenException"),
    "MISSING_AUTHENTICATION_TOKEN": (403, "MissingAuthenticationTokenException"),
    "REQUEST_TOO_LARGE": (413, "RequestTooLargeException"),
    "RESOURCE_NOT_FOUND": (404, "NotFoundException"),
    "THROTTLED": (429, "TooManyRequestsException"),
    "UNSUPPORTED_MEDIA_TYPE": (415, "UnsupportedMediaTypeException"),
}
"""Gateway response types: their status, and what `x-amzn-ErrorType` says of them."""


class Refusal(Exception):
    """A request that the API itself answers.

    kind: a row of KINDS. status: if not that of the row. message: AWS's.
    why: for the trigger's counts, in our words.
    """

    def __init__(self, kind: str, message: str, why: str, status: int | None = None) -> None:
        super().__init__(why)
        self.kind = kind
        self.message = message
        self.why = why
        self.status = status or KINDS[kind][0]


def refused(
    refusal: Refusal,
    request_id: str,
    api: Api | None,
    *,
    is_rest: bool,
    context: dict[str, Json] | None = None,
) -> Answer:
    """As API Gateway words it, or as a REST API's gateway responses have it."""
    headers = [("content-type", JSON), *identified(request_id, is_rest=is_rest)]
    if is_rest:
        headers.append(("x-amzn-errortype", KINDS[refusal.kind][1]))
    plain = Answer(refusal.status, tuple(headers), msgspec.json.encode({"message": refusal.message}))
    if api is None or not is_rest:
        return plain
    default = "DEFAULT_5XX" if refusal.status >= 500 else "DEFAULT_4XX"
    response = api.gateway_responses.get(refusal.kind) or api.gateway_responses.get(default)
    if response is None:
        return plain
    known: dict[str, Json] = {**(context or {"requestId": request_id}), "error": _error(refusal)}
    return _customised(plain, response, known, api.stage_variables)


def _error(refusal: Refusal) -> dict[str, Json]:
    return {
        "message": refusal.message,
        "messageString": encode(refusal.message),
        "responseType": refusal.kind,
        "validationErrorString": refusal.why if refusal.kind == "BAD_REQUEST_BODY" else None,
    }


def _customised(
    plain: Answer, response: GatewayResponse, context: dict[str, Json], stage_variables: Mapping[str, str]
) -> Answer:
    headers = dict(plain.headers)
    for target, value in response.response_parameters.items():
        if len(value) >= 2 and value[0] == value[-1] == "'":
            headers[target.removeprefix("gatewayresponse.header.").lower()] = header_text(value[1:-1])
    template = response.response_templates.get(JSON)
    body = plain.body
    if template is not None:
        body = _FILLED.sub(lambda found: _filled(found[0], context, stage_variables), template).encode()
    status = response.status_code or ""
    return Answer(int(status) if status.isdecimal() else plain.status, tuple(headers.items()), body)


def _filled(source: str, context: dict[str, Json], stage_variables: Mapping[str, str]) -> str:
    """A variable's text; nothing where there is none."""
    root, *steps = source.strip("${}").split(".")
    value: Json = context if root == "context" else dict(stage_variables)
    for step in steps:
        value = value.get(step) if isinstance(value, dict) else None
    return "" if value is None else value if isinstance(value, str) else encode(value)


def identified(request_id: str, *, is_rest: bool) -> list[tuple[str, str]]:
    return [("x-amzn-requestid" if is_rest else "apigw-requestid", request_id)]


def service_json(answer: Mapping[str, Any]) -> str:
    """An answer of Step Functions' API as it puts it: moments as seconds since 1970, as Java prints them.

    >>> service_json({"startDate": datetime.fromisoformat("2017-02-10T23:22:36.878Z")})
    '{"startDate":1.486768956878E9}'

    Source: API Gateway guide, "Create a REST API with an AWS integration" (the tutorial of Step Functions).
    """
    return msgspec.json.encode(_with_moments(answer)).decode()


def error_json(code: str, message: str) -> str:
    return msgspec.json.encode({"__type": code, "message": message}).decode()


def header_text(value: str) -> str:
    """A value as it may stand in a header: control characters would end it."""
    return "".join(char if char >= " " and char != "\x7f" else " " for char in value).strip()[:8_192]


def _with_moments(value: Any, name: str = "") -> Any:
    match value:
        case datetime():
            return msgspec.Raw(double_text(round(value.timestamp(), 3)).encode())
        case Mapping():
            return {key: _with_moments(item, key) for key, item in value.items()}
        case list() | tuple():
            return [_with_moments(item) for item in value]
        case int() | float() if name.endswith("Date") and not isinstance(value, bool):
            return msgspec.Raw(double_text(float(value)).encode())
    return value
