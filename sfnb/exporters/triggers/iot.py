"""Topic rules of AWS IoT. Settings are a TopicRulePayload, as CreateTopicRule takes it.

Source: CloudFormation guide, AWS::IoT::TopicRule; AWS provider, aws_iot_topic_rule; AWS IoT developer guide,
"Rule actions".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sfnb.exporters.deployable import Starter
from sfnb.exporters.hcl import Block
from sfnb.exporters.page import Page
from sfnb.exporters.rights import Role, is_there
from sfnb.exporters.sheet import Sheet

SERVICE = "iot"
STEP_FUNCTIONS = "stepFunctions"
_FILLED = re.compile(r"\$\{[^}]*\}")


def cloudformation(starters: Sequence[Starter], page: Page) -> None:
    for starter in starters:
        settings = starter.settings
        failed = settings.get("errorAction")
        payload = {
            **{_pascal(name): page.own(value) for name, value in settings.items() if name not in _ACTIONS},
            "Actions": [_pascals(_action(each, starter, page)) for each in settings["actions"]],
            **({"ErrorAction": _pascals(_action(failed, starter, page))} if failed else {}),
        }
        properties = {"RuleName": _name(starter), "TopicRulePayload": payload}
        page.add(f"{starter.name} topic rule", "AWS::IoT::TopicRule", properties)


_ACTIONS = ("actions", "errorAction")


def _name(starter: Starter) -> str:
    """Names of topic rules have letters, digits and _ only."""
    return re.sub(r"[^A-Za-z0-9_]", "_", starter.name)


def _action(action: Mapping[str, Any], starter: Starter, to: Page | Sheet) -> dict[str, Any]:
    """An action, with a role that may do it."""
    ((kind, given),) = action.items()
    told = {name: to.own(value) if isinstance(to, Page) else value for name, value in given.items()}
    if kind == STEP_FUNCTIONS and given["stateMachineName"] == to.machine.name:
        told["stateMachineName"] = to.name()
    if kind == "lambda":
        function = given["functionArn"].rpartition(":")[2]
        to.note(f"The function {function} has to let iot.amazonaws.com call it, for {starter.name}.")
        return {kind: told}
    needs_role = "roleArn" in given or kind == STEP_FUNCTIONS
    if needs_role and not is_there(to.machine, given.get("roleArn")):
        _grant(to.role(SERVICE, SERVICE), kind, given, starter, to)
        told["roleArn"] = to.role_arn(SERVICE)
    return {kind: told}


def _grant(role: Role, kind: str, given: Mapping[str, Any], starter: Starter, to: Page | Sheet) -> None:
    machine = to.machine
    place = f"{machine.region}:{machine.account}"
    match kind:
        case "stepFunctions":
            name = _FILLED.sub("*", given["stateMachineName"])
            role.grant(("states:StartExecution",), to.arn(f"arn:aws:states:{place}:stateMachine:{name}"))
        case "sqs":
            queue = given["queueUrl"].rpartition("/")[2]
            role.grant(("sqs:SendMessage",), to.arn(f"arn:aws:sqs:{place}:{queue}"))
        case "sns":
            role.grant(("sns:Publish",), to.arn(given["targetArn"]))
        case "republish":
            topic = _FILLED.sub("*", given["topic"]).replace("$$", "$")
            role.grant(("iot:Publish",), to.arn(f"arn:aws:iot:{place}:topic/{topic}"))
        case _:
            to.note(f"The role of {starter.name} has no right to what its action {kind} does: add it.")


def _pascals(value: Any) -> Any:
    """As CloudFormation spells the API's members."""
    if isinstance(value, dict):
        return {_pascal(name): _pascals(item) for name, item in value.items()}
    return [_pascals(item) for item in value] if isinstance(value, list) else value


def _pascal(name: str) -> str:
    return name[:1].upper() + name[1:]


def terraform(starters: Sequence[Starter], sheet: Sheet) -> None:
    for starter in starters:
        settings = starter.settings
        failed = settings.get("errorAction")
        actions: dict[str, list[Block]] = {}
        for each in settings["actions"]:
            ((kind, block),) = _blocks(_action(each, starter, sheet)).items()
            actions.setdefault(kind, []).append(block)
        fields = {
            "name": _name(starter),
            "description": settings.get("description"),
            "enabled": not settings.get("ruleDisabled", False),
            "sql": settings["sql"],
            "sql_version": settings.get("awsIotSqlVersion", "2015-10-08"),
            **actions,
            "error_action": Block(_blocks(_action(failed, starter, sheet))) if failed else None,
        }
        sheet.add("aws_iot_topic_rule", starter.name, fields)


def _blocks(action: Mapping[str, Any]) -> dict[str, Block]:
    """An action as a block: its members are spelt with underscores, and objects are blocks in it."""
    return {_snake(kind): Block(_members(given)) for kind, given in action.items()}


def _members(given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        _snake(name): Block(_members(value)) if isinstance(value, dict) else value
        for name, value in given.items()
    }


def _snake(name: str) -> str:
    """
    >>> [_snake(name) for name in ("stepFunctions", "useBase64", "dynamoDBv2")]
    ['step_functions', 'use_base64', 'dynamodbv2']
    """
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().replace("dynamo_db", "dynamodb")
