"""CORS of a REST API, which has no setting for it: an OPTIONS method that answers by itself, and a header.

Source: API Gateway guide, "CORS for REST APIs in API Gateway".
"""

from __future__ import annotations

from typing import Any

from sfnb.triggers.http.route import Cors


def cross_origin(cors: Cors | None) -> dict[str, str]:
    """The headers that every answer carries; of several origins a REST API can name but the first."""
    if cors is None or not cors.allow_origins:
        return {}
    told = {"Access-Control-Allow-Origin": f"'{cors.allow_origins[0]}'"}
    if cors.allow_credentials:
        told["Access-Control-Allow-Credentials"] = "'true'"
    if cors.expose_headers:
        told["Access-Control-Expose-Headers"] = f"'{','.join(cors.expose_headers)}'"
    return told


def preflight(cors: Cors, parameters: list[dict[str, Any]]) -> dict[str, Any]:
    """The operation OPTIONS."""
    headers = cross_origin(cors)
    headers.pop("Access-Control-Expose-Headers", None)
    if cors.allow_methods:
        headers["Access-Control-Allow-Methods"] = f"'{','.join(cors.allow_methods)}'"
    if cors.allow_headers:
        headers["Access-Control-Allow-Headers"] = f"'{','.join(cors.allow_headers)}'"
    if cors.max_age is not None:
        headers["Access-Control-Max-Age"] = f"'{cors.max_age}'"
    declared = {name: {"schema": {"type": "string"}} for name in headers}
    mapped = {f"method.response.header.{name}": value for name, value in headers.items()}
    told: dict[str, Any] = {
        "responses": {"204": {"description": "What may be called", "headers": declared}},
        "x-amazon-apigateway-integration": {
            "type": "mock",
            "requestTemplates": {"application/json": '{"statusCode": 204}'},
            "responses": {"default": {"statusCode": "204", "responseParameters": mapped}},
        },
    }
    if parameters:
        told["parameters"] = parameters
    return told
