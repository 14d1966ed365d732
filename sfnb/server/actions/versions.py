"""The actions on versions of state machines and on aliases."""

from __future__ import annotations

from typing import Any

from sfnb.server.actions.paging import page
from sfnb.service import StepFunctions
from sfnb.service.records import Alias
from sfnb.trial.refusals import ValidationException

NOTHING_TO_CHANGE = "Either the description or the RoutingConfiguration must be specified"


def publish_state_machine_version(service: StepFunctions, params: dict[str, Any]) -> dict[str, Any]:
    version = service.publish_state_machine_version(
        params["stateMachineArn"], revision=params.get("revisionId"), description=params.get("description")
    )
    return {
        "creationDate": version.creation_date,
        "stateMachineVersionArn": f"{version.arn}:{version.version}",
    }


def list_state_machine_versions(service: StepFunctions, params: dict[str, Any]) -> dict[str, Any]:
    arn = params["stateMachineArn"]
    versions = service.list_state_machine_versions(arn)
    shown, more = page(params, f"ListStateMachineVersions {arn}", versions, lambda each: -(each.version or 0))
    told = [
        {"stateMachineVersionArn": f"{each.arn}:{each.version}", "creationDate": each.creation_date}
        for each in shown
    ]
    return {"stateMachineVersions": told, **more}


def delete_state_machine_version(service: StepFunctions, params: dict[str, Any]) -> dict[str, Any]:
    service.delete_state_machine_version(params["stateMachineVersionArn"])
    return {}


def create_state_machine_alias(service: StepFunctions, params: dict[str, Any]) -> dict[str, Any]:
    alias = service.create_state_machine_alias(
        params["name"], _routes(params["routingConfiguration"]), params.get("description")
    )
    return {"stateMachineAliasArn": alias.arn, "creationDate": alias.creation_date}


def update_state_machine_alias(service: StepFunctions, params: dict[str, Any]) -> dict[str, Any]:
    routing = params.get("routingConfiguration")
    if routing is None and params.get("description") is None:
        raise ValidationException(NOTHING_TO_CHANGE, "MISSING_REQUIRED_PARAMETER")
    alias = service.update_state_machine_alias(
        params["stateMachineAliasArn"],
        routes=None if routing is None else _routes(routing),
        description=params.get("description"),
    )
    return {"updateDate": alias.update_date}


def describe_state_machine_alias(service: StepFunctions, params: dict[str, Any]) -> dict[str, Any]:
    return _described(service.describe_state_machine_alias(params["stateMachineAliasArn"]))


def list_state_machine_aliases(service: StepFunctions, params: dict[str, Any]) -> dict[str, Any]:
    arn = params["stateMachineArn"]
    aliases = service.list_state_machine_aliases(arn)
    shown, more = page(params, f"ListStateMachineAliases {arn}", aliases, _created)
    told = [{"stateMachineAliasArn": alias.arn, "creationDate": alias.creation_date} for alias in shown]
    return {"stateMachineAliases": told, **more}


def _created(alias: Alias) -> str:
    return f"{alias.creation_date.timestamp():020.6f} {alias.name}"


def delete_state_machine_alias(service: StepFunctions, params: dict[str, Any]) -> dict[str, Any]:
    service.delete_state_machine_alias(params["stateMachineAliasArn"])
    return {}


def _routes(given: list[dict[str, Any]]) -> list[tuple[str, int]]:
    return [(each["stateMachineVersionArn"], each["weight"]) for each in given]


def _described(alias: Alias) -> dict[str, Any]:
    machine = alias.arn.rpartition(":")[0]
    told = {
        "stateMachineAliasArn": alias.arn,
        "name": alias.name,
        "description": alias.description,
        "routingConfiguration": [
            {"stateMachineVersionArn": f"{machine}:{route.version}", "weight": route.weight}
            for route in alias.routes
        ],
        "creationDate": alias.creation_date,
        "updateDate": alias.update_date,
    }
    return {name: value for name, value in told.items() if value is not None}
