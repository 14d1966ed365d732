"""arn:aws:states:::apigateway:invoke: an API of API Gateway called at its own host.

With IAM_ROLE and RESOURCE_POLICY the request is signed with the credentials that other calls are made
with. An endpoint on this computer is called by plain HTTP, and needs no AWS unless it is signed for.

Source: AWS guide, "Create API Gateway REST APIs with Step Functions".
"""

from __future__ import annotations

import re
from typing import Any

from sfnb.engine.ports import AwsSession, TaskCall, Work, World
from sfnb.errors import TaskError
from sfnb.integrations.http_exchange import HttpAnswer, NoAnswer, body_of, by_name, send, text_in
from sfnb.integrations.http_request import (
    METHODS,
    HttpRequest,
    Shaped,
    has_header,
    header_faults,
    is_loopback,
    pairs_of,
    starts_with_any,
    with_query,
)
from sfnb.integrations.service import Service, parameters_refused
from sfnb.values import Json, encode

FIELDS = (
    "AllowNullValues",
    "ApiEndpoint",
    "AuthType",
    "Headers",
    "Method",
    "Path",
    "QueryParameters",
    "RequestBody",
    "Stage",
)
TEXTS = ("ApiEndpoint", "Method", "Stage", "Path", "AuthType")
AUTH_TYPES = ("NO_AUTH", "IAM_ROLE", "RESOURCE_POLICY")
WITH_BODY = ("PATCH", "POST", "PUT")

FORBIDDEN = frozenset({
    "authorization", "connection", "content-md5", "expect", "host", "max-forwards", "proxy-authenticate",
    "server", "te", "transfer-encoding", "trailer", "upgrade", "via", "www-authenticate",
})  # fmt: skip
FORBIDDEN_PREFIXES = ("x-forwarded", "x-amz", "x-amzn")

_HOST = re.compile(r"([A-Za-z0-9.-]+)(?::(\d+))?")
_REGION = re.compile(r"\.execute-api\.([a-z0-9-]+)\.amazonaws\.com")


class ApiGateway(Service):
    """Parameters {ApiEndpoint, Method, Stage, Path, ...}; answers {Headers, ResponseBody, StatusCode,
    StatusText}.
    """

    def reach(self, call: TaskCall, world: World) -> Work | None:
        if world.aws is None and not _needs_no_aws(call.payload.value):
            return None
        parameters = _check(call)
        signed = parameters.get("AuthType", "NO_AUTH") != "NO_AUTH"
        request, aws = _request_of(call, parameters), world.aws if signed else None

        def perform(_: Json) -> Json:
            return _perform(request if aws is None else _signed(request, call, aws))

        return Work(name="apigateway:invoke", function=perform, argument=call.payload)


def _needs_no_aws(parameters: Json) -> bool:
    if not isinstance(parameters, dict) or parameters.get("AuthType", "NO_AUTH") != "NO_AUTH":
        return False
    return _is_local(str(parameters.get("ApiEndpoint")))


def _is_local(endpoint: str) -> bool:
    host = _HOST.fullmatch(endpoint)
    return host is not None and is_loopback(host[1])


def _check(call: TaskCall) -> dict[str, Any]:
    """The parameters; raises EvaluationError where they will not do."""
    given = call.payload.value
    if not isinstance(given, dict):
        raise parameters_refused(call, ["The Parameters must be an object"])
    faults = [
        f'The field "{name}" is not supported by Step Functions' for name in given if name not in FIELDS
    ]
    parameters: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    faults += [
        f"The field '{name}' is required but was missing"
        for name in ("ApiEndpoint", "Method")
        if name not in parameters
    ]
    faults += [
        f"The value for the field '{name}' must be a STRING"
        for name in TEXTS
        if not isinstance(parameters.get(name, ""), str)
    ]
    if not isinstance(parameters.get("AllowNullValues", False), bool):
        faults.append("The value for the field 'AllowNullValues' must be a BOOLEAN")
    if faults or (faults := list(_words_amiss(parameters))):
        raise parameters_refused(call, faults)
    return parameters


def _words_amiss(parameters: dict[str, Any]) -> list[str]:
    faults = []
    if _HOST.fullmatch(parameters["ApiEndpoint"]) is None:
        faults.append(f"The ApiEndpoint '{parameters['ApiEndpoint']}' is not a host name")
    if parameters["Method"] not in METHODS:
        faults.append(f"The Method '{parameters['Method']}' is none of {', '.join(METHODS)}")
    if parameters.get("AuthType", "NO_AUTH") not in AUTH_TYPES:
        faults.append(f"The AuthType '{parameters['AuthType']}' is none of {', '.join(AUTH_TYPES)}")
    if parameters.get("RequestBody") and parameters["Method"] not in WITH_BODY:
        faults.append(f"The field 'RequestBody' is only supported for {', '.join(WITH_BODY)}")
    return faults


def _request_of(call: TaskCall, parameters: dict[str, Any]) -> HttpRequest:
    if not parameters.get("AllowNullValues"):
        parameters = {name: _without_nulls(value) for name, value in parameters.items()}
    try:
        headers = pairs_of(parameters.get("Headers"), "Headers")
        query = pairs_of(parameters.get("QueryParameters"), "QueryParameters")
    except Shaped as fault:
        raise parameters_refused(call, [str(fault)]) from None
    faults = header_faults(headers, _is_forbidden)
    if faults:
        raise parameters_refused(call, faults)
    body: Json = parameters.get("RequestBody") if parameters["Method"] in WITH_BODY else None
    if body is not None and not has_header(headers, "content-type"):
        headers.append(("Content-Type", "application/json"))
    endpoint = parameters["ApiEndpoint"]
    scheme = "http" if _is_local(endpoint) else "https"
    steps = [part.strip("/") for part in (parameters.get("Stage", ""), parameters.get("Path", "")) if part]
    return HttpRequest(
        method=parameters["Method"],
        url=with_query(f"{scheme}://{endpoint}/{'/'.join(steps)}", query),
        headers=tuple(headers),
        body=body if body is None or isinstance(body, str) else encode(body),
    )


def _is_forbidden(name: str) -> bool:
    return name in FORBIDDEN or starts_with_any(name, FORBIDDEN_PREFIXES)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(each) for name, each in value.items() if each is not None}
    if isinstance(value, list):
        return [_without_nulls(each) for each in value]
    return value


def _signed(request: HttpRequest, call: TaskCall, aws: AwsSession) -> HttpRequest:
    """With Signature Version 4, of the region in the endpoint; raises TaskError without credentials."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest

    found = _REGION.search(request.url)
    region = found[1] if found else call.region
    role = (call.credentials or {}).get("RoleArn")
    credentials = aws.credentials(region=region, role_arn=role)
    if credentials is None:
        raise TaskError("ApiGateway.SdkClientException", "Unable to locate credentials")
    unsigned = AWSRequest(request.method, request.url, data=request.body or "")
    for name, value in request.headers:
        unsigned.headers[name] = value  # beside others of its name, which are signed as well
    SigV4Auth(credentials, "execute-api", region).add_auth(unsigned)
    added = [(name, value) for name, value in unsigned.headers.items() if name not in dict(request.headers)]
    return HttpRequest(
        method=request.method, url=request.url, headers=(*request.headers, *added), body=request.body
    )


def _perform(request: HttpRequest) -> Json:
    try:
        answer = send(request)
    except NoAnswer as fault:
        raise TaskError(f"ApiGateway.{fault.name}", str(fault)) from None
    if not answer.succeeded:
        raise TaskError(f"ApiGateway.{answer.status}", _cause(answer))
    return {
        "Headers": by_name(answer.headers, lower=False),
        "ResponseBody": body_of(answer),
        "StatusCode": answer.status,
        "StatusText": answer.reason,
    }


def _cause(answer: HttpAnswer) -> str:
    """What it says, else its status."""
    return text_in(answer) or answer.reason
