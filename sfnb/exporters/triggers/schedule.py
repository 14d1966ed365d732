"""Schedules of EventBridge Scheduler.

Source: CloudFormation guide, AWS::Scheduler::Schedule; SAM guide, ScheduleV2 of a state machine; AWS
provider, aws_scheduler_schedule.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sfnb.exporters.deployable import Starter, fitting
from sfnb.exporters.hcl import Block, Expr
from sfnb.exporters.page import Page
from sfnb.exporters.rights import is_there, starts
from sfnb.exporters.sheet import Sheet
from sfnb.exporters.triggers.event import retry_blocks, role_of

DEFAULT = "default"
SERVICE = "scheduler"
TIMES = (
    "Description",
    "ScheduleExpression",
    "ScheduleExpressionTimezone",
    "StartDate",
    "EndDate",
    "FlexibleTimeWindow",
    "State",
    "KmsKeyArn",
)
IN_SAM = {"Arn", "RoleArn", "Input", "RetryPolicy"}
"""What a target says that SAM's ScheduleV2 knows; a dead-letter queue takes a right in the role besides."""


def cloudformation(starters: Sequence[Starter], page: Page) -> None:
    for starter in starters:
        _schedule(starter, page)


def _schedule(starter: Starter, page: Page) -> None:
    settings, target = starter.settings, starter.settings["Target"]
    group = settings.get("GroupName", DEFAULT)
    if settings.get("ActionAfterCompletion", "NONE") != "NONE":
        page.note(
            f"The schedule {starter.name} stays after its last run: CloudFormation has no word for"
            " ActionAfterCompletion."
        )
    properties = {
        "Name": fitting(settings["Name"]),
        "GroupName": None if group == DEFAULT else _group(group, page),
        **{name: page.own(settings[name]) for name in TIMES if name in settings},
    }
    properties.setdefault("FlexibleTimeWindow", {"Mode": "OFF"})
    simple = set(target) <= IN_SAM and starts(page.machine, target["Arn"]) == ""
    if page.sam and simple and not is_there(page.machine, target.get("RoleArn")):
        told = {name: page.own(target[name]) for name in ("Input", "RetryPolicy") if name in target}
        page.event(starter.name, "ScheduleV2", properties | told)
        return
    properties["Target"] = _target(target, page)
    page.add(f"{starter.name} schedule", "AWS::Scheduler::Schedule", properties)


def _group(group: str, page: Page) -> Any:
    return page.unless_there("AWS::Scheduler::ScheduleGroup", group, "schedule group", {"Name": group})


def _target(target: Mapping[str, Any], page: Page) -> dict[str, Any]:
    told = {name: page.own(value) for name, value in target.items() if name not in ("Arn", "RoleArn")}
    return {"Arn": page.arn(target["Arn"]), "RoleArn": _role(target, page), **told}


def _role(target: Mapping[str, Any], to: Page | Sheet) -> Any:
    """One that is written along may send dead letters, too: the Scheduler does so itself."""
    role, letters = role_of(target, SERVICE, to), target.get("DeadLetterConfig", {}).get("Arn")
    if letters and not is_there(to.machine, target.get("RoleArn")):
        to.role(SERVICE, SERVICE).grant(("sqs:SendMessage",), to.arn(letters))
    return role


def terraform(starters: Sequence[Starter], sheet: Sheet) -> None:
    for starter in starters:
        settings = starter.settings
        window = settings.get("FlexibleTimeWindow") or {"Mode": "OFF"}
        group, made = settings.get("GroupName", DEFAULT), None
        if group != DEFAULT:
            made = sheet.unless_there(
                "aws_scheduler_schedule_group", group, "schedule group", {"name": group}
            )
        after = settings.get("ActionAfterCompletion", "NONE")
        fields = {
            "name": fitting(settings["Name"]),
            "group_name": None if group == DEFAULT else group,
            "description": settings.get("Description"),
            "schedule_expression": settings["ScheduleExpression"],
            "schedule_expression_timezone": settings.get("ScheduleExpressionTimezone"),
            "start_date": settings.get("StartDate"),
            "end_date": settings.get("EndDate"),
            "state": settings.get("State", "ENABLED"),
            "kms_key_arn": settings.get("KmsKeyArn"),
            "action_after_completion": None if after == "NONE" else after,
            "depends_on": [Expr(made)] if made else None,
            "flexible_time_window": Block(
                {"mode": window["Mode"], "maximum_window_in_minutes": window.get("MaximumWindowInMinutes")}
            ),
            "target": Block(_target_fields(settings["Target"], sheet)),
        }
        sheet.add("aws_scheduler_schedule", starter.name, fields)


def _target_fields(target: Mapping[str, Any], sheet: Sheet) -> dict[str, Any]:
    return {
        "arn": sheet.arn(target["Arn"]),
        "role_arn": _role(target, sheet),
        "input": target.get("Input"),
        **retry_blocks(target),
    }
