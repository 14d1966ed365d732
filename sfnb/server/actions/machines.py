"""The actions on state machines."""

from __future__ import annotations

from typing import Any

from sfnb.server.actions.looking import execution
from sfnb.server.actions.paging import page
from sfnb.server.actions.settings import (
    definition_text,
    described,
    encryption_of,
    logging_of,
    settings_of,
    tracing_of,
    variable_references,
)
from sfnb.server.actions.tags import tags_of
from sfnb.service import StateMachineRecord, StepFunctions
from sfnb.service.arns import machine_arn
from sfnb.service.machines import Changes

METADATA = "METADATA_ONLY"


def create_state_machine(service: StepFunctions, params: dict[str, Any]) -> dict[str, Any]:
    tags = tags_of(params)
    service.check_tags(tags, params["name"])
    publish = bool(params.get("publish"))
    known = {record.arn for record in service.list_state_machines()} if tags else set()
    holding = service.create_state_machine(
        name=params["name"],
        definition=params["definition"],
        settings=settings_of(params),
        type=params.get("type") or "STANDARD",
        publish=publish,
        version_description=params.get("versionDescription"),
    )
    record = holding.record
    if tags and record.arn not in known:  # the tags of one that is there stay as they are
        service.tag_resource(record.arn, tags)
    answer = {"stateMachineArn": record.arn, "creationDate": record.creation_date}
    return answer | _published(service, record.arn, params) if publish else answer


def update_state_machine(service: StepFunctions, params: dict[str, Any]) -> dict[str, Any]:
    changes = Changes(
        definition=params.get("definition"),
        role_arn=params.get("roleArn"),
        logging=logging_of(params.get("loggingConfiguration")),
        tracing=tracing_of(params.get("tracingConfiguration")),
        encryption=encryption_of(params.get("encryptionConfiguration")),
    )
    publish = bool(params.get("publish"))
    holding = service.update_state_machine(
        params["stateMachineArn"],
        changes,
        publish=publish,
        version_description=params.get("versionDescription"),
    )
    record = holding.record
    answer: dict[str, Any] = {"updateDate": record.updated}
    if record.revision is not None:
        answer["revisionId"] = record.revision
    return answer | _published(service, record.arn, params) if publish else answer


def _published(service: StepFunctions, arn: str, params: dict[str, Any]) -> dict[str, str]:
    version = service.publish_state_machine_version(arn, description=params.get("versionDescription"))
    return {"stateMachineVersionArn": f"{arn}:{version.version}"}


def delete_state_machine(service: StepFunctions, params: dict[str, Any]) -> dict[str, Any]:
    service.delete_state_machine(params["stateMachineArn"])
    return {}


def describe_state_machine(service: StepFunctions, params: dict[str, Any]) -> dict[str, Any]:
    asked = machine_arn(params["stateMachineArn"])
    record = service.described_state_machine(params["stateMachineArn"])
    answer = {
        "stateMachineArn": record.arn if record.version is None else f"{record.arn}:{record.version}",
        "name": record.name,
        "status": "DELETING" if service.held_state_machine(record.arn).deleting else "ACTIVE",
        "type": record.type,
        "creationDate": record.creation_date,
        **_defined(record, params),
        **described(record.settings),
    }
    if record.description is not None:
        answer["description"] = record.description
    if asked.label is not None:
        answer |= {"stateMachineArn": params["stateMachineArn"], "label": asked.label}
    return answer


def describe_state_machine_for_execution(service: StepFunctions, params: dict[str, Any]) -> dict[str, Any]:
    live = execution(service, params["executionArn"])
    record = live.machine
    *_, name = record.arn.split(":")
    answer = {
        "stateMachineArn": record.arn,
        "name": name.partition("/")[0],
        "updateDate": record.updated or record.creation_date,
        **_defined(record, params),
        **described(record.settings),
    }
    parent = live.store.find(live.arn)
    if parent is not None and parent.parent is not None:
        answer |= {"mapRunArn": parent.parent, "label": name.partition("/")[2]}
    return answer


def _defined(record: StateMachineRecord, params: dict[str, Any]) -> dict[str, Any]:
    if params.get("includedData") == METADATA:
        told: dict[str, Any] = {"definition": ""}
    else:
        told = {"definition": definition_text(record), **variable_references(record)}
    return told if record.revision is None else told | {"revisionId": record.revision}


def list_state_machines(service: StepFunctions, params: dict[str, Any]) -> dict[str, Any]:
    by_name = sorted(service.list_state_machines(), key=lambda record: record.name)  # AWS recording
    shown, more = page(params, "ListStateMachines", by_name, lambda record: record.arn)
    machines = [
        {
            "stateMachineArn": record.arn,
            "name": record.name,
            "type": record.type,
            "creationDate": record.creation_date,
        }
        for record in shown
    ]
    return {"stateMachines": machines, **more}


def validate_state_machine_definition(service: StepFunctions, params: dict[str, Any]) -> dict[str, Any]:
    return service.validate_state_machine_definition(
        params["definition"],
        type=params.get("type") or "STANDARD",
        severity=params.get("severity") or "ERROR",
        max_results=params.get("maxResults") or 0,
    ).response()
