"""Routes as an OpenAPI document that API Gateway imports.

Source: API Gateway guide, "OpenAPI extensions for API Gateway".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from sfnb.triggers.http.answers import JSON
from sfnb.triggers.http.models import DEEPEST_SCHEMA
from sfnb.triggers.http.openapi_cors import cross_origin, preflight
from sfnb.triggers.http.route import Cors, HttpIntegration, RestIntegration, Route

ANY = "x-amazon-apigateway-any-method"
INTEGRATION = "x-amazon-apigateway-integration"
_VARIABLES = re.compile(r"\{([^{}+]+)\+?\}")
_LOCATIONS = {"querystring": "query", "header": "header"}
VALIDATORS = {
    (True, True): "all",
    (True, False): "body",
    (False, True): "params",
}


def openapi(routes: Sequence[Route], title: str = "sfnb", url: str = "") -> dict[str, Any]:
    """OpenAPI 3.0.1. url: where the stages are; that of a route is added to it.

    An import makes one API of it, so routes of HTTP and of REST APIs go into documents of their own.
    """
    paths: dict[str, dict[str, Any]] = {}
    schemas: dict[str, Any] = {}
    for route in routes:
        method, path = _place(route)
        paths.setdefault(path, {}).setdefault(method, _operation(route, schemas))
    for route in routes:
        if route.is_rest and route.api.cors_configuration is not None:
            path = _place(route)[1]
            paths[path].setdefault(
                "options", preflight(route.api.cors_configuration, _path_parameters(route))
            )
    document: dict[str, Any] = {
        "openapi": "3.0.1",
        "info": {"title": title, "version": "1.0"},
        "servers": [{"url": stage} for stage in dict.fromkeys(_stage_url(url, route) for route in routes)],
        "paths": paths,
    }
    if not routes:
        document["servers"] = [{"url": url or "/"}]
    components: dict[str, Any] = {}
    if schemas:
        components["schemas"] = schemas
    if any(route.api_key_required for route in routes):
        components["securitySchemes"] = {"api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"}}
        document["x-amazon-apigateway-api-key-source"] = "HEADER"
    if components:
        document["components"] = components
    return document | _extensions(routes)


def _stage_url(url: str, route: Route) -> str:
    stage = route.api.stage_name
    return (url if stage == "$default" else f"{url}/{stage}") or "/"


def _place(route: Route) -> tuple[str, str]:
    if route.key.is_default:
        return ANY, "/$default"
    method, _, path = route.route_key.partition(" ")
    return (ANY if method == "ANY" else method.lower()), path


def _operation(route: Route, schemas: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {"responses": _responses(route)}
    if route.operation_name:
        told["operationId"] = route.operation_name
    if route.key.is_default:
        told["isDefaultRoute"] = True
    parameters = [*_path_parameters(route), *_asked_parameters(route)]
    if parameters:
        told["parameters"] = parameters
    if route.request_models:
        told["requestBody"] = {"content": _content(route, schemas), "required": True}
    if route.api_key_required:
        told["security"] = [{"api_key": []}]
    asked = route.request_validator
    name = VALIDATORS.get((asked.validate_request_body, asked.validate_request_parameters))
    if name is not None:
        told["x-amazon-apigateway-request-validator"] = name
    integration = route.integration
    if isinstance(integration, HttpIntegration):
        told[INTEGRATION] = _http(integration)
    else:
        told[INTEGRATION] = _rest(integration, route.api.cors_configuration)
    return told


def _responses(route: Route) -> dict[str, Any]:
    """REST APIs want every status and header that an integration response gives declared here."""
    if isinstance(route.integration, HttpIntegration):
        return {"default": {"description": "What Step Functions answers"}}
    told: dict[str, Any] = {}
    for response in route.integration.integration_responses:
        names = [target.rpartition(".")[2] for target in response.response_parameters]
        names += cross_origin(route.api.cors_configuration)
        headers = {name: {"schema": {"type": "string"}} for name in names}
        told.setdefault(response.status_code, {"description": "An answer", "headers": headers})
    return told


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    names = _VARIABLES.findall(route.route_key.partition(" ")[2])
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _asked_parameters(route: Route) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for name, is_required in route.request_parameters.items():
        kind, _, own = name.removeprefix("method.request.").partition(".")
        if kind in _LOCATIONS:
            place = _LOCATIONS[kind]
            found.append({"name": own, "in": place, "required": is_required, "schema": {"type": "string"}})
    return found


def _content(route: Route, schemas: dict[str, Any]) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for kind, schema in route.request_models.items():
        name = _model_name(route, kind)
        base = f"#/components/schemas/{name}"
        if isinstance(schema, Mapping):
            for part in ("definitions", "$defs"):
                for word, inner in _mapping(schema.get(part)).items():
                    schemas[f"{name}{_name(word)}"] = _moved(inner, base, 0)
        schemas[name] = _moved(schema, base, 0)
        content[kind] = {"schema": {"$ref": base}}
    return content


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _model_name(route: Route, kind: str) -> str:
    words = re.findall(r"[A-Za-z0-9]+", route.route_key)
    return "".join(word.capitalize() for word in words) + ("" if kind == JSON else _name(kind))


def _name(word: str) -> str:
    return re.sub(r"[^A-Za-z0-9]", "", word.title())


def _moved(schema: Any, base: str, depth: int) -> Any:
    """A schema as part of the document: what it refers to in itself is a component too."""
    if depth > DEEPEST_SCHEMA:
        return {}
    if isinstance(schema, list):
        return [_moved(item, base, depth + 1) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    moved: dict[str, Any] = {}
    for name, item in schema.items():
        if name in ("$schema", "id", "$id", "definitions", "$defs") and (depth == 0 or name == "$schema"):
            continue
        if name == "$ref" and isinstance(item, str):
            found = re.fullmatch(r"#/(?:definitions|\$defs)/(.+)", item)
            moved[name] = f"{base}{_name(found[1])}" if found else base if item == "#" else item
        else:
            moved[name] = _moved(item, base, depth + 1)
    return moved


def _http(integration: HttpIntegration) -> dict[str, Any]:
    told: dict[str, Any] = {
        "type": "aws_proxy",
        "connectionType": "INTERNET",
        "integrationSubtype": integration.integration_subtype,
        "payloadFormatVersion": integration.payload_format_version,
        "requestParameters": integration.request_parameters,
        "timeoutInMillis": integration.timeout_in_millis,
    }
    if integration.response_parameters:
        told["responseParameters"] = integration.response_parameters
    if integration.credentials_arn:
        told["credentials"] = integration.credentials_arn
    return told


def _rest(integration: RestIntegration, cors: Cors | None) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for response in integration.integration_responses:
        told: dict[str, Any] = {"statusCode": response.status_code}
        if response.response_templates:
            told["responseTemplates"] = response.response_templates
        targets = {f"method.response.header.{name}": text for name, text in cross_origin(cors).items()}
        if response.response_parameters or targets:
            told["responseParameters"] = {**targets, **response.response_parameters}
        responses[response.selection_pattern or "default"] = told
    found: dict[str, Any] = {
        "type": "aws",
        "httpMethod": integration.integration_http_method,
        "uri": integration.uri,
        "passthroughBehavior": integration.passthrough_behavior.lower(),
        "responses": responses,
        "timeoutInMillis": integration.timeout_in_millis,
    }
    if integration.request_templates:
        found["requestTemplates"] = integration.request_templates
    if integration.request_parameters:
        found["requestParameters"] = integration.request_parameters
    if integration.credentials:
        found["credentials"] = integration.credentials
    return found


def _extensions(routes: Sequence[Route]) -> dict[str, Any]:
    """What belongs to the API as a whole: of several the first says it."""
    told: dict[str, Any] = {}
    if any(any(msgspec.structs.astuple(route.request_validator)) for route in routes):
        told["x-amazon-apigateway-request-validators"] = {
            name: {"validateRequestBody": body, "validateRequestParameters": parameters}
            for (body, parameters), name in VALIDATORS.items()
        }
    for route in routes:
        cors = route.api.cors_configuration
        if cors is not None and not route.is_rest:
            fields = msgspec.to_builtins(cors)
            named = {name[0].lower() + name[1:]: value for name, value in fields.items()}
            told.setdefault("x-amazon-apigateway-cors", named)
        if route.api.gateway_responses:
            responses = {kind: _gateway(each) for kind, each in route.api.gateway_responses.items()}
            told.setdefault("x-amazon-apigateway-gateway-responses", responses)
    return told


def _gateway(response: Any) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(response)
    return {name[0].lower() + name[1:]: value for name, value in fields.items()}
