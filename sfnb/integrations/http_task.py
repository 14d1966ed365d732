"""arn:aws:states:::http:invoke: an HTTPS API called with the credentials of an EventBridge connection.

As on AWS an endpoint is HTTPS; `http://localhost` and other names of this computer may be called as well,
so that an API can be tried out before it is deployed. A connection of this process
(`sfnb.create_connection`) is enough to make a call; else it is looked up in AWS, when that is in use.

Source: AWS guide, "Call HTTPS APIs in Step Functions", "Using TestState API".
"""

from __future__ import annotations

from typing import Any, get_args
from urllib.parse import urlsplit

from sfnb.engine.ports import TaskCall, Work, World
from sfnb.errors import EvaluationError, TaskError
from sfnb.integrations import connections
from sfnb.integrations.connections import Connection, OAuth
from sfnb.integrations.http_exchange import Exchange, HttpAnswer, NoAnswer, body_of, by_name, send
from sfnb.integrations.http_request import (
    JSON_TYPE,
    METHODS,
    ArrayFormat,
    HttpRequest,
    Shaped,
    encoded,
    form_of,
    has_header,
    header_faults,
    is_loopback,
    overridden,
    pairs_of,
    starts_with_any,
    with_query,
)
from sfnb.integrations.service import Service, parameters_refused
from sfnb.values import Json, encode

FIELDS = (
    "ApiEndpoint",
    "Authentication",
    "Headers",
    "InvocationConfig",
    "Method",
    "QueryParameters",
    "RequestBody",
    "Transform",
)

FORBIDDEN = frozenset({
    "a-im", "accept-charset", "accept-datetime", "accept-encoding", "authorization", "cache-control",
    "connection", "content-encoding", "content-length", "content-md5", "date", "expect", "forwarded",
    "from", "host", "http2-settings", "if-match", "if-modified-since", "if-none-match", "if-range",
    "if-unmodified-since", "keep-alive", "max-forwards", "origin", "pragma", "proxy-authenticate",
    "proxy-authorization", "proxy-connection", "range", "referer", "server", "te", "trailer",
    "transfer-encoding", "upgrade", "user-agent", "via", "warning",
})  # fmt: skip
"""Headers that a definition may not set."""

FORBIDDEN_PREFIXES = ("x-forwarded-", "x-amz-", "x-amzn-")

FORM_TYPE = "application/x-www-form-urlencoded"


class HttpTask(Service):
    """Parameters {ApiEndpoint, Method, InvocationConfig: {ConnectionArn}, ...}; answers {Headers,
    ResponseBody, StatusCode, StatusText}.
    """

    def reach(self, call: TaskCall, world: World) -> Work | None:
        """None where neither this process nor AWS can have the connection."""
        aws = world.aws
        if aws is None and not world.connections:
            return None
        arn = _check(call)
        own = connections.known(arn, world.connections)
        if own is None and aws is None:
            return None
        if own is not None:
            request_of(call, own.masked())

        def perform(_: Json) -> Json:
            if own is not None:
                return _perform(call, own, world)
            assert aws is not None
            return _perform(call, connections.fetch(arn, call, aws), world)

        return Work(name="http:invoke", function=perform, argument=call.payload)


def _check(call: TaskCall) -> str:
    """The ARN of the connection; raises EvaluationError where the parameters will not do."""
    parameters = call.payload.value
    if not isinstance(parameters, dict):
        raise parameters_refused(call, ["The Parameters must be an object"])
    faults = [
        f'The field "{name}" is not supported by Step Functions' for name in parameters if name not in FIELDS
    ]
    for name in ("ApiEndpoint", "Method"):
        value = parameters.get(name)
        if value is None:
            faults.append(f"The field '{name}' is required but was missing")
        elif not isinstance(value, str):
            faults.append(f"The value for the field '{name}' must be a STRING")
    if not faults:
        faults += _endpoint_faults(str(parameters["ApiEndpoint"]), str(parameters["Method"]))
    arns = [
        found
        for name in ("InvocationConfig", "Authentication")
        if (found := _connection_arn(parameters.get(name))) is not None
    ]
    if len(arns) != 1:
        faults.append("ConnectionArn has to be given once, in the field 'InvocationConfig'")
    if faults:
        raise parameters_refused(call, faults)
    return arns[0]


def _connection_arn(value: Json) -> str | None:
    arn = value.get("ConnectionArn") if isinstance(value, dict) else None
    return arn if isinstance(arn, str) and arn else None


def _endpoint_faults(endpoint: str, method: str) -> list[str]:
    faults = []
    try:
        parts = urlsplit(endpoint)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return [f"The ApiEndpoint '{endpoint}' is not a URL"]
    if host is None or parts.scheme not in ("https", "http"):
        faults.append(f"The ApiEndpoint '{endpoint}' is not an HTTPS URL")
    elif parts.scheme == "http" and not is_loopback(host):
        faults.append(f"The ApiEndpoint '{endpoint}' is not HTTPS, which only localhost may do without")
    if method not in METHODS:
        faults.append(f"The Method '{method}' is none of {', '.join(METHODS)}")
    return faults


def _is_forbidden(name: str) -> bool:
    return name in FORBIDDEN or starts_with_any(name, FORBIDDEN_PREFIXES)


# The request


def request_of(call: TaskCall, connection: Connection, token: str | None = None) -> HttpRequest:
    """The request with what the connection adds to it, which wins where both say something.

    token: the access token of OAuth. Raises EvaluationError.
    """
    parameters: Any = call.payload.value
    try:
        given = pairs_of(parameters.get("Headers"), "Headers")
        faults = header_faults(given, _is_forbidden)
        if faults:
            raise parameters_refused(call, faults)
        headers = overridden(given, connection.headers(token), fold=True)
        query = overridden(
            pairs_of(parameters.get("QueryParameters"), "QueryParameters"),
            connection.parameters.query,
            fold=False,
        )
        body = _body(parameters, connection.parameters.body, headers)
    except Shaped as fault:
        raise parameters_refused(call, [str(fault)]) from None
    if body is not None and not has_header(headers, "content-type"):
        headers.append(("Content-Type", JSON_TYPE))
    return HttpRequest(
        method=parameters["Method"],
        url=with_query(parameters["ApiEndpoint"], query),
        headers=(*headers, *_own_headers(call.region)),
        body=body,
    )


def _own_headers(region: str) -> tuple[tuple[str, str], ...]:
    return ("User-Agent", f"Amazon|StepFunctions|HttpInvoke|{region}"), ("Range", "bytes=0-262144")


def _body(parameters: Any, added: dict[str, str], headers: list[tuple[str, str]]) -> str | None:
    value: Json = parameters.get("RequestBody")
    if added:
        if value is not None and not isinstance(value, dict):
            raise Shaped("The RequestBody is not an object, so that of the connection cannot be added to it")
        value = {**(value or {}), **added}
    transform = parameters.get("Transform") or {}
    encoding = transform.get("RequestBodyEncoding", "NONE") if isinstance(transform, dict) else None
    if encoding not in ("NONE", "URL_ENCODED"):
        raise Shaped("The RequestBodyEncoding is neither NONE nor URL_ENCODED")
    if value is None:
        return None
    if encoding == "NONE":
        return value if isinstance(value, str) else encode(value)
    options = transform.get("RequestEncodingOptions") or {}
    if not isinstance(options, dict):
        raise Shaped("The value for the field 'RequestEncodingOptions' must be an object")
    arrays = options.get("ArrayFormat", "INDICES")
    if arrays not in get_args(ArrayFormat):
        raise Shaped(f"The ArrayFormat '{arrays}' is none of {', '.join(get_args(ArrayFormat))}")
    if not any(name.lower() == "content-type" and FORM_TYPE in value.lower() for name, value in headers):
        raise Shaped(f"A URL-encoded RequestBody needs the header Content-Type: {FORM_TYPE}")
    return value if isinstance(value, str) else form_of(value, arrays)


# The call


def _perform(call: TaskCall, connection: Connection, world: World) -> Json:
    token = None if connection.oauth is None else access_token(connection.oauth)
    answer = None
    try:
        request, masked = request_of(call, connection, token), request_of(call, connection.masked())
        try:
            answer = send(request)
        finally:
            if call.execution in world.exchanges:
                told = Exchange(request=request, masked=masked, answer=answer)
                world.exchanges[call.execution].append(told)
    except NoAnswer as fault:
        raise TaskError("States.Http.Socket", str(fault)) from None
    except EvaluationError as fault:  # what the connection adds does not go with the parameters
        raise TaskError(fault.error, fault.cause) from None
    if not answer.succeeded:
        raise TaskError(f"States.Http.StatusCode.{answer.status}", answer.reason)
    return result_of(answer)


def result_of(answer: HttpAnswer) -> Json:
    return {
        "Headers": by_name(answer.headers, lower=True),
        "ResponseBody": body_of(answer),
        "StatusCode": answer.status,
        "StatusText": answer.reason,
    }


def access_token(oauth: OAuth) -> str:
    """A token of the grant type `client_credentials`; raises TaskError.

    Source: RFC 6749, section 4.4; EventBridge sends the client's credentials in the body.
    """
    fields = {
        "grant_type": "client_credentials",
        "client_id": oauth.client_id,
        "client_secret": oauth.client_secret,
        **oauth.parameters.body,
    }
    form = encoded(fields.items())
    query = list(oauth.parameters.query.items())
    as_query = oauth.method == "GET"
    request = HttpRequest(
        method=oauth.method,
        url=with_query(oauth.endpoint, [*query, *fields.items()] if as_query else query),
        headers=tuple(overridden([("Content-Type", FORM_TYPE)], oauth.parameters.headers, fold=True)),
        body=None if as_query else form,
    )
    try:
        answer = send(request)
        token = connections.token_in(body_of(answer)) if answer.succeeded else None
    except (NoAnswer, TaskError) as fault:
        raise _unauthorized(str(fault)) from None
    if token is None:
        raise _unauthorized(f"the authorization endpoint answered {answer.status} {answer.reason}")
    return token


def _unauthorized(why: str) -> TaskError:
    return TaskError(f"{connections.PREFIX}InvalidConnectionState", f"The connection has no token: {why}")
