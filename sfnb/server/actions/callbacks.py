"""The actions on activities and task tokens."""

from __future__ import annotations

from typing import Any

from sfnb.engine.activities import ActivityRecord
from sfnb.server.actions.paging import page
from sfnb.server.actions.settings import encrypted, encryption_of
from sfnb.server.actions.tags import tags_of
from sfnb.server.caller import caller
from sfnb.service import StepFunctions
from sfnb.service.conditions import check_encryption
from sfnb.service.records import Encryption


def create_activity(service: StepFunctions, params: dict[str, Any]) -> dict[str, Any]:
    encryption = encryption_of(params.get("encryptionConfiguration")) or Encryption()
    check_encryption(encryption)
    record = service.create_activity(
        params["name"],
        key_id=encryption.key_id,
        reuse_seconds=encryption.reuse_seconds,
        kept=True,
        tags=tags_of(params),
    )
    return {"activityArn": record.arn, "creationDate": record.creation_date}


def describe_activity(service: StepFunctions, params: dict[str, Any]) -> dict[str, Any]:
    record = service.describe_activity(params["activityArn"])
    encryption = Encryption(
        type="AWS_OWNED_KEY" if record.key_id is None else "CUSTOMER_MANAGED_KMS_KEY",
        key_id=record.key_id,
        reuse_seconds=record.reuse_seconds,
    )
    return {**_listed(record), "encryptionConfiguration": encrypted(encryption)}


def _listed(record: ActivityRecord) -> dict[str, Any]:
    return {"activityArn": record.arn, "name": record.name, "creationDate": record.creation_date}


def list_activities(service: StepFunctions, params: dict[str, Any]) -> dict[str, Any]:
    shown, more = page(params, "ListActivities", service.list_activities(), lambda record: record.name)
    return {"activities": [_listed(record) for record in shown], **more}


def delete_activity(service: StepFunctions, params: dict[str, Any]) -> dict[str, Any]:
    service.delete_activity(params["activityArn"])
    return {}


def get_activity_task(service: StepFunctions, params: dict[str, Any]) -> dict[str, Any]:
    """Waits for a minute; an answer without a token says that there was no task."""
    task = service.get_activity_task(
        params["activityArn"], params.get("workerName"), has_gone=caller().has_gone
    )
    return {} if task is None else {"taskToken": task.task_token, "input": task.input}


def send_task_success(service: StepFunctions, params: dict[str, Any]) -> dict[str, Any]:
    service.send_task_success(params["taskToken"], params["output"])
    return {}


def send_task_failure(service: StepFunctions, params: dict[str, Any]) -> dict[str, Any]:
    service.send_task_failure(params["taskToken"], params.get("error"), params.get("cause"))
    return {}


def send_task_heartbeat(service: StepFunctions, params: dict[str, Any]) -> dict[str, Any]:
    service.send_task_heartbeat(params["taskToken"])
    return {}
