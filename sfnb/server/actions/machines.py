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
from sfnb.service.arns import machine_arn, role_arn
from sfnb.service.machines import Changes, Kept

METADATA = "METADATA_ONLY"


def create_state_machine(service: StepFunctions, params: dict[str, Any]) -> dict[str, Any]:
    kept = service.create_state_machine(
        name=params["name"],
        definition=params["definition"],
        settings=settings_of(params),
        type=params.get("type") or "STANDARD",
        publish=bool(params.get("publish")),
        version_description=params.get("versionDescription"),
        tags=tags_of(params),
    )
    record = kept.record
    return {"stateMachineArn": record.arn, "creationDate": record.creation_date, **_published(kept)}


def update_state_machine(service: StepFunctions, params: dict[str, Any]) -> dict[str, Any]:
    role = params.get("roleArn")
    changes = Changes(
        definition=params.get("definition"),
        role_arn=None if role is None else role_arn(role),
        logging=logging_of(params.get("loggingConfiguration")),
        tracing=tracing_of(params.get("tracingConfiguration")),
        encryption=encryption_of(params.get("encryptionConfiguration")),
    )
    kept = service.update_state_machine(
        params["stateMachineArn"],
        changes,
        publish=bool(params.get("publish")),
        version_description=params.get("versionDescription"),
    )
    answer: dict[str, Any] = {"updateDate": kept.record.updated}
    if kept.record.revision is not None:
        answer["revisionId"] = kept.record.revision
    return answer | _published(kept)


def _published(kept: Kept) -> dict[str, str]:
    version = kept.version
    return {} if version is None else {"stateMachineVersionArn": f"{version.arn}:{version.version}"}


def delete_state_machine(service: StepFunctions, params: dict[str, Any]) -> dict[str, Any]:
    service.delete_state_machine(params["stateMachineArn"])
    return {}


def describe_state_machine(service: StepFunctions, params: dict[str, Any]) -> dict[str, Any]:
    asked = machine_arn(params["stateMachineArn"])
    record = service.described_state_machine(params["stateMachineArn"])
    deleting = service.held_state_machine(record.arn).deleting
    if asked.label is not None:
        record = service.labelled(record, asked.label)
    answer = {
        "stateMachineArn": record.arn if record.version is None else f"{record.arn}:{record.version}",
        "name": record.name.partition("/")[0],
        "status": "DELETING" if deleting else "ACTIVE",
        "type": record.type,
        "creationDate": record.creation_date,
        **_defined(record, params),
        **described(record.settings),
    }
    if record.description is not None:
        answer["description"] = record.description
    if asked.label is not None:
        answer["label"] = asked.label
    return answer


def describe_state_machine_for_execution(service: StepFunctions, params: dict[str, Any]) -> dict[str, Any]:
    live = execution(service, params["executionArn"], express=False)
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
        told: dict[str, Any] = {"definition": "{}"}
    else:
        told = {"definition": definition_text(record), **variable_references(record)}
    return told if record.revision is None else told | {"revisionId": record.revision}


def list_state_machines(service: StepFunctions, params: dict[str, Any]) -> dict[str, Any]:
    by_name = sorted(service.list_state_machines(), key=lambda record: record.name)  # AWS recording
    shown, more = page(params, "ListStateMachines", by_name, lambda record: record.name)
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
