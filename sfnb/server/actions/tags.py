"""The actions on tags."""

from __future__ import annotations

from typing import Any

from sfnb.service import StepFunctions


def tag_resource(service: StepFunctions, params: dict[str, Any]) -> dict[str, Any]:
    service.tag_resource(params["resourceArn"], tags_of(params))
    return {}


def untag_resource(service: StepFunctions, params: dict[str, Any]) -> dict[str, Any]:
    service.untag_resource(params["resourceArn"], params["tagKeys"])
    return {}


def list_tags_for_resource(service: StepFunctions, params: dict[str, Any]) -> dict[str, Any]:
    tags = service.list_tags_for_resource(params["resourceArn"])
    return {"tags": [{"key": key, "value": value} for key, value in tags.items()]}


def tags_of(params: dict[str, Any]) -> dict[str, str]:
    """By key; one without a value has an empty one."""
    return {tag.get("key", ""): tag.get("value", "") for tag in params.get("tags") or ()}
