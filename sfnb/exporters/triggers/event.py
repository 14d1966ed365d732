"""Rules of EventBridge.

Source: CloudFormation guide, AWS::Events::Rule; SAM guide, EventBridgeRule and Schedule of a state machine;
AWS provider, aws_cloudwatch_event_rule, aws_cloudwatch_event_target.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sfnb.exporters.deployable import Deployable, Starter, fitting
from sfnb.exporters.hcl import Block, Document, Expr
from sfnb.exporters.page import Page
from sfnb.exporters.rights import is_there, starts
from sfnb.exporters.sheet import Sheet

DEFAULT = "default"
SERVICE = "events"
START = ("states:StartExecution",)
IN_EVENTS = {
    "Id",
    "Arn",
    "RoleArn",
    "Input",
    "InputPath",
    "InputTransformer",
    "RetryPolicy",
    "DeadLetterConfig",
}
"""What a target says that SAM's EventBridgeRule knows."""
IN_SCHEDULES = IN_EVENTS - {"InputPath", "InputTransformer"}


def cloudformation(starters: Sequence[Starter], page: Page) -> None:
    for starter in starters:
        write_rule(starter, page)


def terraform(starters: Sequence[Starter], sheet: Sheet) -> None:
    for starter in starters:
        write_rule_block(starter, sheet)


def write_rule(starter: Starter, page: Page) -> None:
    """A rule with those of its targets that are the machine."""
    settings, targets = starter.settings, _targets(starter, page)
    bus = settings.get("EventBusName", DEFAULT)
    pattern = _pattern(settings)
    properties = {
        "Name": _name(starter, page.machine),
        "Description": settings.get("Description"),
        "EventBusName": None if bus == DEFAULT else _bus(bus, page),
        "EventPattern": None if pattern is None else page.document(page.own(pattern)),
        "ScheduleExpression": settings.get("ScheduleExpression"),
        "State": settings.get("State", "ENABLED"),
    }
    if page.sam and _sam_event(starter, targets, properties, page):
        return
    properties["RoleArn"] = (
        settings.get("RoleArn") if is_there(page.machine, settings.get("RoleArn")) else None
    )
    properties["Targets"] = [_target(target, page) for target in targets]
    page.add(f"{starter.name} rule", "AWS::Events::Rule", properties)


def _pattern(settings: Mapping[str, Any]) -> Any:
    """The event pattern as a value; as a text where it holds a number that JSON has no other way to say."""
    text = settings.get("EventPattern")
    if not text:
        return None
    try:
        pattern = json.loads(text)
        json.dumps(pattern, allow_nan=False)
    except (ValueError, RecursionError):
        return text
    return pattern


def _name(starter: Starter, machine: Deployable) -> str | None:
    """Of a rule that starts others too, each template has a rule of its own."""
    targets = starter.settings.get("Targets", ())
    name: str = starter.settings["Name"]
    alone = all(starts(machine, target["Arn"]) is not None for target in targets)
    return fitting(name if alone else f"{name}-{machine.name}")


def _targets(starter: Starter, to: Page | Sheet) -> list[dict[str, Any]]:
    """Those that are the machine; what else there is to do is told."""
    found = []
    for target in starter.settings.get("Targets", ()):
        if starts(to.machine, target["Arn"]) is None:
            to.note(
                f"The rule {starter.name} has the target {_last(target['Arn'])}, too, no part of this:"
                " the rule here is for the state machine alone."
            )
            continue
        found.append(target)
        letters = target.get("DeadLetterConfig", {}).get("Arn")
        if letters:
            to.note(
                f"The policy of the queue {_last(letters)} has to let events.amazonaws.com send messages, for"
                f" the rule {starter.name}."
            )
    return found


def _last(arn: str) -> str:
    return arn.rpartition(":")[2]


def _bus(bus: str, page: Page) -> Any:
    return page.unless_there("AWS::Events::EventBus", bus, "event bus", {"Name": bus})


def role_of(target: Mapping[str, Any], service: str, to: Page | Sheet) -> Any:
    """The role of a target: one that is there, else one written along, which may start it."""
    role: Any = target.get("RoleArn")
    if is_there(to.machine, role):
        return role
    to.role(service, service).grant(START, to.arn(target["Arn"]))
    return to.role_arn(service)


def _target(target: Mapping[str, Any], page: Page) -> dict[str, Any]:
    arn, role = page.arn(target["Arn"]), role_of(target, SERVICE, page)
    told = {name: page.own(target[name]) for name in sorted(IN_EVENTS & set(target))}
    return {"Id": target["Id"], "Arn": arn, "RoleArn": role, **_without(told, "Id", "Arn", "RoleArn")}


def _sam_event(
    starter: Starter, targets: Sequence[Mapping[str, Any]], properties: Mapping[str, Any], page: Page
) -> bool:
    """Write the rule as an event of the machine, if SAM can say all of it; whether it is written.

    SAM makes the role.
    """
    if len(targets) != 1 or not _is_simple(starter, targets[0], properties, page):
        return False
    (target,) = targets
    told = _without({name: page.own(target[name]) for name in sorted(target)}, "Id", "Arn", "RoleArn")
    shared = {"Target": {"Id": target["Id"]}, **told}
    expression = properties["ScheduleExpression"]
    if expression is None:
        rule = {
            "RuleName": properties["Name"],
            "EventBusName": properties["EventBusName"],
            "Pattern": properties["EventPattern"],
        }
        page.event(starter.name, "EventBridgeRule", rule | shared)
    else:
        timed = {
            "Name": properties["Name"],
            "Description": properties["Description"],
            "Schedule": expression,
            "State": properties["State"],
        }
        page.event(starter.name, "Schedule", timed | shared)
    return True


def _is_simple(
    starter: Starter, target: Mapping[str, Any], properties: Mapping[str, Any], page: Page
) -> bool:
    """Whether it is a schedule, or a plain pattern: for a rule with a pattern SAM documents no more."""
    pattern, is_timed = properties["EventPattern"], properties["ScheduleExpression"] is not None
    if starter.settings.get("RoleArn") or is_there(page.machine, target.get("RoleArn")):
        return False
    if starts(page.machine, target["Arn"]) != "" or not set(target) <= (
        IN_SCHEDULES if is_timed else IN_EVENTS
    ):
        return False
    if is_timed:
        return pattern is None
    enabled = properties["State"] == "ENABLED" and not properties["Description"]
    return enabled and isinstance(pattern, dict)


def write_rule_block(starter: Starter, sheet: Sheet) -> None:
    """A rule, and a block for each of its targets that is the machine."""
    settings, targets = starter.settings, _targets(starter, sheet)
    bus = settings.get("EventBusName", DEFAULT)
    made = None
    if bus != DEFAULT:
        made = sheet.unless_there("aws_cloudwatch_event_bus", bus, "event bus", {"name": bus})
    pattern = _pattern(settings)
    on_bus = None if bus == DEFAULT else bus
    rule = sheet.add(
        "aws_cloudwatch_event_rule",
        starter.name,
        {
            "name": _name(starter, sheet.machine),
            "description": settings.get("Description"),
            "event_bus_name": on_bus,
            "event_pattern": pattern if pattern is None or isinstance(pattern, str) else Document(pattern),
            "schedule_expression": settings.get("ScheduleExpression"),
            "state": settings.get("State", "ENABLED"),
            "role_arn": settings.get("RoleArn") if is_there(sheet.machine, settings.get("RoleArn")) else None,
            "depends_on": [Expr(made)] if made else None,
        },
    )
    for number, target in enumerate(targets):
        name = starter.name if number == 0 else f"{starter.name} {target['Id']}"
        fields = {"rule": Expr(f"{rule}.name"), "event_bus_name": on_bus, **_target_fields(target, sheet)}
        sheet.add("aws_cloudwatch_event_target", name, fields)


def _target_fields(target: Mapping[str, Any], sheet: Sheet) -> dict[str, Any]:
    transformer = target.get("InputTransformer")
    return {
        "target_id": target["Id"],
        "arn": sheet.arn(target["Arn"]),
        "role_arn": role_of(target, SERVICE, sheet),
        "input": target.get("Input"),
        "input_path": target.get("InputPath"),
        "input_transformer": transformer
        and Block(
            {
                "input_paths": transformer.get("InputPathsMap") or None,
                "input_template": transformer["InputTemplate"],
            }
        ),
        **retry_blocks(target),
    }


def retry_blocks(target: Mapping[str, Any]) -> dict[str, Any]:
    """The blocks for how often it is tried, and where what could not be delivered goes."""
    policy, letters = target.get("RetryPolicy"), target.get("DeadLetterConfig", {}).get("Arn")
    return {
        "retry_policy": policy
        and Block(
            {
                "maximum_event_age_in_seconds": policy.get("MaximumEventAgeInSeconds"),
                "maximum_retry_attempts": policy.get("MaximumRetryAttempts"),
            }
        ),
        "dead_letter_config": letters and Block({"arn": letters}),
    }


def _without(value: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: item for name, item in value.items() if name not in names}
