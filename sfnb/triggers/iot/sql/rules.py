"""The payload of a topic rule, as CreateTopicRule takes it.

Source: AWS IoT API reference, TopicRulePayload, StepFunctionsAction; AWS IoT developer guide.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from sfnb.triggers.iot.sql.invalid import InvalidRule, InvalidSql, shown
from sfnb.triggers.iot.sql.reading import DEFAULT_VERSION, read_statement
from sfnb.triggers.iot.sql.statement import Statement
from sfnb.triggers.iot.sql.templates import Template, read_template

MOST_ACTIONS = 10

_MEMBERS = ("sql", "description", "actions", "ruleDisabled", "awsIotSqlVersion", "errorAction")
_ACTIONS = (
    "cloudwatchAlarm", "cloudwatchLogs", "cloudwatchMetric", "dynamoDB", "dynamoDBv2", "elasticsearch",
    "firehose", "http", "influxDB", "iotAnalytics", "iotEvents", "iotSiteWise", "kafka", "kinesis", "lambda",
    "location", "openSearch", "republish", "s3", "salesforce", "sns", "sqs", "stepFunctions", "timestream",
)  # fmt: skip
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]{1,512}", re.ASCII)


class StepFunctionsAction(msgspec.Struct, frozen=True, kw_only=True):
    """The action that starts an execution, its templates read.

    execution_name_prefix: stands before a UUID in the execution's name; None where AWS makes up the name.
    """

    state_machine_name: Template
    execution_name_prefix: Template | None
    role_arn: str


class TopicRule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule's payload, read.

    actions: those that start an execution, in their order; others are AWS's affair.
    error_action: what is done where an action fails, if that starts an execution.
    """

    statement: Statement
    disabled: bool
    description: str | None
    actions: tuple[StepFunctionsAction, ...]
    error_action: StepFunctionsAction | None


def check_rule(payload: Mapping[str, Any]) -> TopicRule:
    """Read a rule's payload; raises InvalidRule, or InvalidSql for what is wrong in SQL."""
    _check_members(payload, _MEMBERS, required=("sql", "actions"), place="")
    version = _text(payload, "awsIotSqlVersion", "") if "awsIotSqlVersion" in payload else DEFAULT_VERSION
    statement = read_statement(_text(payload, "sql", ""), version=version)
    disabled = payload.get("ruleDisabled", False)
    if not isinstance(disabled, bool):
        raise InvalidRule("ruleDisabled", f"found {shown(repr(disabled))}, expected true or false")
    actions = payload["actions"]
    if not isinstance(actions, Sequence) or isinstance(actions, str) or len(actions) > MOST_ACTIONS:
        raise InvalidRule("actions", f"expected an array of at most {MOST_ACTIONS} actions")
    read = [_action(action, f"actions[{index}]", statement) for index, action in enumerate(actions)]
    error_action = payload.get("errorAction")
    return TopicRule(
        statement=statement,
        disabled=disabled,
        description=_text(payload, "description", "") if "description" in payload else None,
        actions=tuple(action for action in read if action is not None),
        error_action=_action(error_action, "errorAction", statement) if error_action is not None else None,
    )


def _action(action: Any, place: str, statement: Statement) -> StepFunctionsAction | None:
    """An action that starts an execution; None for another one, of which but a topic is read."""
    if not isinstance(action, Mapping) or len(action) != 1:
        raise InvalidRule(place, "expected an object with one action")
    (name,) = action
    if name not in _ACTIONS:
        raise InvalidRule(place, f"found {shown(str(name))}, expected one of {', '.join(_ACTIONS)}")
    other = action[name]
    if name == "republish" and isinstance(other, Mapping) and isinstance(other.get("topic"), str):
        _template(other, "topic", f"{place}.republish", statement)
    if name != "stepFunctions":
        return None
    members, place = action[name], f"{place}.stepFunctions"
    required = ("stateMachineName", "roleArn")
    _check_members(members, (*required, "executionNamePrefix"), required=required, place=place)
    role_arn = _text(members, "roleArn", place)
    if not _ROLE.fullmatch(role_arn):
        raise InvalidRule(f"{place}.roleArn", f"found {shown(role_arn)}, expected the ARN of an IAM role")
    prefix = "executionNamePrefix"
    return StepFunctionsAction(
        state_machine_name=_template(members, "stateMachineName", place, statement),
        execution_name_prefix=_template(members, prefix, place, statement) if prefix in members else None,
        role_arn=role_arn,
    )


def _template(members: Mapping[str, Any], name: str, place: str, statement: Statement) -> Template:
    text = _text(members, name, place)
    if name == "stateMachineName" and not text:
        raise InvalidRule(f"{place}.{name}", "found nothing, expected the name of a state machine")
    try:
        return read_template(text, version=statement.version, variables=statement.variables)
    except InvalidSql as error:
        raise InvalidRule(f"{place}.{name}", str(error)) from error


def _check_members(value: Any, known: Sequence[str], *, required: Sequence[str], place: str) -> None:
    """Refuse what is no object, lacks a required member or has an unknown one."""
    shown_place = place or "topicRulePayload"
    if not isinstance(value, Mapping):
        raise InvalidRule(shown_place, "expected an object")
    for name in value:
        if name not in known:
            raise InvalidRule(shown_place, f"found {shown(str(name))}, expected {', '.join(known)}")
    for name in required:
        if name not in value:
            raise InvalidRule(shown_place, f"lacks {name}")


def _text(members: Mapping[str, Any], name: str, place: str) -> str:
    value = members[name]
    if not isinstance(value, str):
        raise InvalidRule(f"{place}.{name}".lstrip("."), f"found {shown(repr(value))}, expected a string")
    return value
