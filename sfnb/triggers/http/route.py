"""A route of an API of API Gateway, in AWS's own JSON.

HTTP APIs: what CreateRoute, CreateIntegration, CreateStage and CreateApi are given. REST APIs: the same of
PutMethod, PutIntegration and PutIntegrationResponse, spelt as CloudFormation spells them. A route holds all
that is needed to answer a request, its API too: {"RouteKey": ..., "Integration": {...}, "Api": {...}}.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec

from sfnb.errors import SfnbError
from sfnb.triggers.http.route_key import RouteKey, RouteKeyRefused, read_route_key
from sfnb.values import Json

Passthrough = Literal["WHEN_NO_MATCH", "WHEN_NO_TEMPLATES", "NEVER"]

SUBTYPES = {
    "StepFunctions-StartExecution": "StartExecution",
    "StepFunctions-StartSyncExecution": "StartSyncExecution",
    "StepFunctions-StopExecution": "StopExecution",
}
HTTP_PARAMETERS = {
    "StartExecution": ("StateMachineArn", "Name", "Input", "Region"),
    "StartSyncExecution": ("StateMachineArn", "Name", "Input", "Region", "TraceHeader"),
    "StopExecution": ("ExecutionArn", "Cause", "Error", "Region"),
}
"""The first of each is required. Source: API Gateway guide, "Integration subtype reference"."""
REST_ACTIONS = ("StartExecution", "StartSyncExecution", "StopExecution", "DescribeExecution")
_URI = re.compile(r"arn:aws[a-z-]*:apigateway:([a-z0-9-]+):states:action/(\w+)")
_STAGE = re.compile(r"[A-Za-z0-9_-]{1,128}")
LONGEST_MILLISECONDS = 30_000


class RouteRefused(SfnbError):
    """What was given is no route; says where and why."""


class Shape(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="pascal", omit_defaults=True
):
    """Something of AWS's, field for field."""


class HttpIntegration(Shape, frozen=True, kw_only=True):
    """An integration of an HTTP API. response_parameters: by status."""

    integration_subtype: str
    integration_type: Literal["AWS_PROXY"] = "AWS_PROXY"
    payload_format_version: Literal["1.0"] = "1.0"
    request_parameters: dict[str, str] = {}
    response_parameters: dict[str, dict[str, str]] = {}
    credentials_arn: str | None = None
    timeout_in_millis: int = 30_000
    connection_type: Literal["INTERNET"] = "INTERNET"
    integration_id: str | None = None
    integration_method: str | None = None
    description: str | None = None

    @property
    def action(self) -> str:
        return SUBTYPES.get(self.integration_subtype, "")


class IntegrationResponse(Shape, frozen=True, kw_only=True):
    """selection_pattern: matched against the status the service answered; without one it is the default."""

    status_code: str
    selection_pattern: str | None = None
    response_templates: dict[str, str] = {}
    response_parameters: dict[str, str] = {}


class RestIntegration(Shape, frozen=True, kw_only=True):
    """An integration of a REST API.

    uri: arn:aws:apigateway:REGION:states:action/StartExecution.
    request_parameters: headers and the like for the service; kept for AWS, of no effect here.
    """

    uri: str
    type: Literal["AWS"] = "AWS"
    integration_http_method: Literal["POST"] = "POST"
    credentials: str | None = None
    request_templates: dict[str, str] = {}
    request_parameters: dict[str, str] = {}
    passthrough_behavior: Passthrough = "WHEN_NO_MATCH"
    integration_responses: tuple[IntegrationResponse, ...] = (IntegrationResponse(status_code="200"),)
    timeout_in_millis: int = 29_000
    connection_type: Literal["INTERNET"] = "INTERNET"
    cache_namespace: str | None = None
    cache_key_parameters: tuple[str, ...] = ()

    @property
    def action(self) -> str:
        found = _URI.fullmatch(self.uri)
        return found[2] if found else ""


class Cors(Shape, frozen=True, kw_only=True):
    """Who may call from a browser. allow_origins: "*", "https://*", or origins. max_age: in seconds."""

    allow_origins: tuple[str, ...] = ()
    allow_methods: tuple[str, ...] = ()
    allow_headers: tuple[str, ...] = ()
    expose_headers: tuple[str, ...] = ()
    max_age: int | None = None
    allow_credentials: bool = False


class ApiKey(Shape, frozen=True, kw_only=True):
    """What `x-api-key` may say. value: 20 to 128 characters."""

    value: str
    name: str = ""
    enabled: bool = True


class Throttle(Shape, frozen=True, kw_only=True):
    """rate_limit: requests a second, over time. burst_limit: at once."""

    rate_limit: float
    burst_limit: int


class GatewayResponse(Shape, frozen=True, kw_only=True):
    """How a REST API words a refusal of its own.

    response_parameters: {"gatewayresponse.header.x": "'text'"}.
    response_templates: no Velocity; `$context` and `$stageVariables` are filled in.
    """

    status_code: str | None = None
    response_parameters: dict[str, str] = {}
    response_templates: dict[str, str] = {}


class Api(Shape, frozen=True, kw_only=True):
    """The API and the stage that a route belongs to.

    stage_name: "$default" has no part in the path, any other is its first segment.
    throttle: of each route, or with API keys of each key. cors_configuration: HTTP APIs answer preflights.
    """

    name: str = "sfnb"
    protocol_type: Literal["HTTP", "REST"] = "HTTP"
    stage_name: str = "$default"
    stage_variables: dict[str, str] = {}
    cors_configuration: Cors | None = None
    api_keys: tuple[ApiKey, ...] = ()
    throttle: Throttle | None = None
    gateway_responses: dict[str, GatewayResponse] = {}


class RequestValidator(Shape, frozen=True, kw_only=True):
    validate_request_body: bool = False
    validate_request_parameters: bool = False


class RouteFields(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="pascal", omit_defaults=True
):
    """A route but for its integration, of which there are two kinds.

    route_key: "POST /orders/{id}", "ANY /x", "GET /files/{proxy+}", "$default".
    request_parameters: {"method.request.querystring.page": true}, true where it is required.
    request_models: a JSON Schema by content type.
    """

    route_key: str
    api: Api = Api()
    api_key_required: bool = False
    request_parameters: dict[str, bool] = {}
    request_models: dict[str, Any] = {}
    request_validator: RequestValidator = RequestValidator()
    operation_name: str | None = None


class Route(RouteFields, frozen=True, kw_only=True):
    """A route with its integration."""

    integration: HttpIntegration | RestIntegration

    @property
    def is_rest(self) -> bool:
        return isinstance(self.integration, RestIntegration)

    @property
    def key(self) -> RouteKey:
        return read_route_key(self.route_key)

    def to_json(self) -> dict[str, Any]:
        """What `decode_route` reads."""
        told: dict[str, Any] = msgspec.to_builtins(self)
        return told


def decode_route(value: Json) -> Route:
    """The route that AWS-shaped JSON describes; raises RouteRefused."""
    if not isinstance(value, dict) or not isinstance(value.get("Integration"), dict):
        raise RouteRefused('a route is {"RouteKey": ..., "Integration": {...}}')
    rest = dict(value)
    integration = rest.pop("Integration")
    assert isinstance(integration, dict)
    is_http = "IntegrationSubtype" in integration
    held: HttpIntegration | RestIntegration
    try:
        if is_http:
            held = msgspec.convert(integration, HttpIntegration)
        else:
            held = msgspec.convert(integration, RestIntegration)
    except msgspec.ValidationError as fault:
        raise RouteRefused(f"Integration: {fault}") from None
    try:
        fields = msgspec.convert(rest, RouteFields)
    except msgspec.ValidationError as fault:
        raise RouteRefused(str(fault)) from None
    taken = {name: getattr(fields, name) for name in RouteFields.__struct_fields__}
    if not is_http and "ProtocolType" not in _object(rest.get("Api")):
        taken["api"] = msgspec.structs.replace(fields.api, protocol_type="REST")
    route = Route(integration=held, **taken)
    check_route(route)
    return route


def check_route(route: Route) -> None:
    """Raises RouteRefused where it cannot be one on AWS; templates and mappings are compiled elsewhere."""
    faults = list(_faults(route))
    if faults:
        raise RouteRefused("; ".join(faults))


def _object(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, dict) else {}


def _faults(route: Route) -> Iterator[str]:
    try:
        key = route.key
        if route.is_rest and key.is_default:
            yield "RouteKey: a REST API has no $default route"
    except RouteKeyRefused as fault:
        yield f"RouteKey: {fault}"
    api, integration = route.api, route.integration
    if (api.protocol_type == "REST") != route.is_rest:
        yield f"Api.ProtocolType: {api.protocol_type} does not go with this integration"
    if api.stage_name != "$default" and not _STAGE.fullmatch(api.stage_name):
        yield f"Api.StageName: {api.stage_name!r} is neither $default nor letters, digits, - and _"
    if not 50 <= integration.timeout_in_millis <= LONGEST_MILLISECONDS:
        yield f"Integration.TimeoutInMillis: 50 to {LONGEST_MILLISECONDS}"
    if isinstance(integration, HttpIntegration):
        yield from _http_faults(route, integration)
    elif integration.action not in REST_ACTIONS:
        wanted = "arn:aws:apigateway:REGION:states:action/ and one of " + ", ".join(REST_ACTIONS)
        yield f"Integration.Uri: {integration.uri!r} is not {wanted}"
    if api.cors_configuration is not None:
        yield from _cors_faults(api.cors_configuration)
    if api.throttle is not None and (api.throttle.rate_limit <= 0 or api.throttle.burst_limit < 1):
        yield "Api.Throttle: RateLimit is above 0, BurstLimit 1 or more"
    for shown in api.api_keys:
        if not 20 <= len(shown.value) <= 128:
            yield f"Api.ApiKeys: {shown.name or 'a key'} has not 20 to 128 characters"


def _http_faults(route: Route, integration: HttpIntegration) -> Iterator[str]:
    if not integration.action:
        word = integration.integration_subtype
        yield f"Integration.IntegrationSubtype: {word!r:.80} is none of {', '.join(SUBTYPES)}"
        return
    known = HTTP_PARAMETERS[integration.action]
    for name in integration.request_parameters:
        if name not in known:
            yield f"Integration.RequestParameters: {integration.action} has no {name}, but {', '.join(known)}"
    if known[0] not in integration.request_parameters:
        yield f"Integration.RequestParameters: {known[0]} is missing"
    if route.api_key_required or route.api.api_keys:
        yield "ApiKeyRequired: HTTP APIs know no API keys, REST APIs do"
    if route.request_parameters:
        yield "RequestParameters: HTTP APIs do not ask for parameters, REST APIs do"


def _cors_faults(cors: Cors) -> Iterator[str]:
    if cors.allow_credentials and "*" in cors.allow_origins + cors.allow_methods + cors.allow_headers:
        yield "Api.CorsConfiguration: with AllowCredentials, origins, methods and headers are named, not *"
    if cors.max_age is not None and not -1 <= cors.max_age <= 86_400:
        yield "Api.CorsConfiguration.MaxAge: -1 to 86,400 seconds"
    for word in cors.allow_origins + cors.allow_methods + cors.allow_headers + cors.expose_headers:
        if not word.isascii() or not word.isprintable():
            yield f"Api.CorsConfiguration: {word!r:.60} cannot stand in a header"
