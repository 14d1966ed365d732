"""Pipes of EventBridge, from queues.

Source: CloudFormation guide, AWS::Pipes::Pipe; AWS provider, aws_pipes_pipe; EventBridge guide, "Amazon
EventBridge Pipes permissions".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sfnb.exporters.deployable import Starter, fitting
from sfnb.exporters.hcl import Block
from sfnb.exporters.page import Page
from sfnb.exporters.rights import Role, is_there
from sfnb.exporters.sheet import Sheet

SERVICE = "pipes"
RECEIVE = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
TO_SEND = {
    "lambda": ("lambda:InvokeFunction",),
    "sqs": ("sqs:SendMessage",),
    "sns": ("sns:Publish",),
    "events": ("events:PutEvents",),
}
TARGET = "StepFunctionStateMachineParameters"
WRITTEN = (
    "Description",
    "DesiredState",
    "SourceParameters",
    "EnrichmentParameters",
    "TargetParameters",
    "KmsKeyIdentifier",
)


def cloudformation(starters: Sequence[Starter], page: Page) -> None:
    for starter in starters:
        settings = starter.settings
        role = settings.get("RoleArn")
        if not is_there(page.machine, role):
            name = f"{starter.name} pipe"
            _grant(page.role(name, SERVICE), settings, page)
            role = page.role_arn(name)
        enrichment = settings.get("Enrichment")
        properties = {
            "Name": fitting(settings["Name"]),
            "RoleArn": role,
            "Source": page.own(settings["Source"]),
            "Enrichment": page.arn(enrichment) if enrichment else None,
            "Target": page.arn(settings["Target"]),
            **{name: page.own(settings[name]) for name in WRITTEN if settings.get(name)},
        }
        page.add(f"{starter.name} pipe", "AWS::Pipes::Pipe", properties)


def _grant(role: Role, settings: Mapping[str, Any], to: Page | Sheet) -> None:
    """What the pipe has to do; resources as `to` points to them."""
    source, target, enrichment = settings["Source"], settings["Target"], settings.get("Enrichment")
    role.grant(RECEIVE, to.arn(source))
    if enrichment:
        role.grant(_actions(enrichment, ("states:StartSyncExecution",)), to.arn(enrichment))
    role.grant(_actions(target, _starting(settings)), to.arn(target))


def _actions(arn: str, starting: Sequence[str]) -> Sequence[str]:
    return TO_SEND.get(arn.split(":")[2], starting)


def _starting(settings: Mapping[str, Any]) -> Sequence[str]:
    """How a machine is started; either way where it is not said."""
    kind = settings.get("TargetParameters", {}).get(TARGET, {}).get("InvocationType")
    start, sync = "states:StartExecution", "states:StartSyncExecution"
    return {"FIRE_AND_FORGET": (start,), "REQUEST_RESPONSE": (sync,)}.get(kind, (start, sync))


def terraform(starters: Sequence[Starter], sheet: Sheet) -> None:
    for starter in starters:
        settings = starter.settings
        role, granted = settings.get("RoleArn"), None
        if not is_there(sheet.machine, role):
            name = f"{starter.name} pipe"
            _grant(sheet.role(name, SERVICE), settings, sheet)
            role, granted = sheet.role_arn(name), sheet.policy(name)
        enrichment, made_of = settings.get("Enrichment"), settings.get("EnrichmentParameters", {})
        template = made_of.get("InputTemplate")
        fields = {
            "name": fitting(settings["Name"]),
            "description": settings.get("Description"),
            "desired_state": settings.get("DesiredState"),
            "role_arn": role,
            "source": settings["Source"],
            "enrichment": sheet.arn(enrichment) if enrichment else None,
            "target": sheet.arn(settings["Target"]),
            "kms_key_identifier": settings.get("KmsKeyIdentifier"),
            "source_parameters": _source(settings.get("SourceParameters", {})),
            "enrichment_parameters": Block({"input_template": template}) if template else None,
            "target_parameters": _target(settings.get("TargetParameters", {})),
            "depends_on": None if granted is None else [granted],
        }
        sheet.add("aws_pipes_pipe", starter.name, fields)


def _source(given: Mapping[str, Any]) -> Block | None:
    filters = given.get("FilterCriteria", {}).get("Filters", ())
    queue = given.get("SqsQueueParameters", {})
    fields: dict[str, Any] = {}
    if filters:
        patterns = [Block({"pattern": each["Pattern"]}) for each in filters]
        fields["filter_criteria"] = Block({"filter": patterns})
    if queue:
        fields["sqs_queue_parameters"] = Block(
            {
                "batch_size": queue.get("BatchSize"),
                "maximum_batching_window_in_seconds": queue.get("MaximumBatchingWindowInSeconds"),
            }
        )
    return Block(fields) if fields else None


def _target(given: Mapping[str, Any]) -> Block | None:
    kind = given.get(TARGET, {}).get("InvocationType")
    fields: dict[str, Any] = {}
    if given.get("InputTemplate") is not None:
        fields["input_template"] = given["InputTemplate"]
    if kind:
        fields["step_function_state_machine_parameters"] = Block({"invocation_type": kind})
    return Block(fields) if fields else None
