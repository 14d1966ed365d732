"""A route of API Gateway, of little that is said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import structs

from sfnb.triggers.http.route import (
    ApiKey,
    Cors,
    HttpIntegration,
    RequestValidator,
    Throttle,
    check_route,
)
from sfnb.triggers.http.starting import starting_route

JSON = "application/json"
HEADERS = ("content-type", "x-api-key")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def route_settings(
    route_key: str,
    machine: str,
    *,
    sync: bool,
    output: bool,
    schema: Mapping[str, Any] | None,
    cors: Sequence[str],
    api_keys: Sequence[str],
    throttle: tuple[float, int] | None,
    stage: str,
    role: str | None,
) -> dict[str, Any]:
    """A route in AWS's shape; raises RouteRefused. The parameters are those of `On.http`."""
    checked = bool(api_keys) or schema is not None  # what HTTP APIs cannot do
    route = starting_route(route_key, machine, sync=sync, output=output, rest=checked)
    api = structs.replace(route.api, stage_name=stage)
    if cors:
        allowed = Cors(
            allow_origins=tuple(cors), allow_methods=METHODS, allow_headers=("content-type", "x-api-key")
        )
        api = structs.replace(api, cors_configuration=allowed)
    if api_keys:
        api = structs.replace(api, api_keys=tuple(ApiKey(value=value) for value in api_keys))
    if throttle is not None:
        api = structs.replace(api, throttle=Throttle(rate_limit=throttle[0], burst_limit=throttle[1]))
    integration = route.integration
    if role is not None and isinstance(integration, HttpIntegration):
        integration = structs.replace(integration, credentials_arn=role)
    elif role is not None:
        integration = structs.replace(integration, credentials=role)
    made = structs.replace(route, api=api, integration=integration, api_key_required=bool(api_keys))
    if schema is not None:
        checks = RequestValidator(validate_request_body=True)
        made = structs.replace(made, request_models={JSON: dict(schema)}, request_validator=checks)
    check_route(made)
    return made.to_json()
