"""The payload of a topic rule, taken or refused with its place."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from sfnb.triggers.iot.sql import Facts, InvalidRule, InvalidSql, Message, check_rule

FACTS = Facts(account="123456789012", timestamp=0, new_uuid=lambda: "0")
ROLE = "arn:aws:iam::123456789012:role/iot"
STEP_FUNCTIONS = {"stateMachineName": "m-${topic(2)}", "executionNamePrefix": "${kind}-", "roleArn": ROLE}
RULE: dict[str, Any] = {
    "sql": "SELECT *, topic(2) AS device FROM 'a/+' WHERE temperature > 50",
    "description": "hot ones",
    "awsIotSqlVersion": "2016-03-23",
    "ruleDisabled": False,
    "actions": [{"stepFunctions": STEP_FUNCTIONS}, {"s3": {"bucketName": "b", "key": "k", "roleArn": ROLE}}],
    "errorAction": {"stepFunctions": {"stateMachineName": "failed", "roleArn": ROLE}},
}


def test_a_rule_is_read_with_its_templates() -> None:
    rule = check_rule(RULE)
    sent = Message(topic="a/7", payload=b'{"temperature": 51, "kind": "fan"}')
    (action,) = rule.actions
    at = rule.statement.occasion(sent, FACTS)

    assert action.state_machine_name.fill(at) == "m-7"
    assert action.execution_name_prefix is not None
    assert action.execution_name_prefix.fill(at) == "fan-"
    assert rule.error_action is not None
    assert rule.error_action.state_machine_name.text == "failed"
    assert rule.error_action.execution_name_prefix is None
    assert (rule.disabled, rule.description) == (False, "hot ones")


def test_a_rule_without_a_version_has_the_first() -> None:
    rule = check_rule({"sql": "SELECT * FROM 'a'", "actions": []})

    assert rule.statement.version == "2015-10-08"
    assert rule.disabled is False
    with pytest.raises(InvalidSql, match="needs SQL version 2016-03-23"):
        check_rule({"sql": "SELECT [1] AS x FROM 'a'", "actions": []})


def _changed(path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """The rule with one member set, or taken out where `value` is `...`."""
    rule: Any = deepcopy(RULE)
    holder = rule
    for step in path[:-1]:
        holder = holder[step]
    if value is ...:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    return rule  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("path", "value", "place", "complaint"),
    [
        (("sql",), ..., "topicRulePayload", "lacks sql"),
        (("actions",), ..., "topicRulePayload", "lacks actions"),
        (("sql",), 5, "sql", "found 5, expected a string"),
        (("Sql",), "x", "topicRulePayload", "found Sql, expected sql"),
        (("description",), 5, "description", "expected a string"),
        (("ruleDisabled",), "no", "ruleDisabled", "expected true or false"),
        (("actions",), {}, "actions", "expected an array"),
        (("actions",), [{"sns": {}}] * 11, "actions", "at most 10"),
        (("actions", 0), {}, "actions[0]", "an object with one action"),
        (("actions", 0), {"stepFunctions": {}, "s3": {}}, "actions[0]", "one action"),
        (("actions", 0), {"StepFunctions": {}}, "actions[0]", "found StepFunctions"),
        (("actions", 0, "stepFunctions"), 5, "actions[0].stepFunctions", "expected an object"),
        (("actions", 0, "stepFunctions", "roleArn"), ..., "actions[0].stepFunctions", "lacks roleArn"),
        (
            ("actions", 0, "stepFunctions", "roleArn"),
            "x",
            "actions[0].stepFunctions.roleArn",
            "the ARN of an IAM",
        ),
        (("actions", 0, "stepFunctions", "x"), "x", "actions[0].stepFunctions", "found x"),
        (
            ("actions", 0, "stepFunctions", "stateMachineName"),
            "",
            "actions[0].stepFunctions.stateMachineName",
            "name",
        ),
        (
            ("actions", 0, "stepFunctions", "executionNamePrefix"),
            "p-${oops(}",
            "actions[0].stepFunctions.executionNamePrefix",
            "never closed",
        ),
        (("errorAction",), [], "errorAction", "one action"),
    ],
)
def test_a_faulty_rule_is_refused_with_its_place(
    path: tuple[Any, ...], value: Any, place: str, complaint: str
) -> None:
    with pytest.raises(InvalidRule, match=complaint) as refusal:
        check_rule(_changed(path, value))
    assert refusal.value.place == place


def test_a_rule_that_is_no_object_is_refused() -> None:
    with pytest.raises(InvalidRule, match="expected an object"):
        check_rule([])  # type: ignore[arg-type]


@pytest.mark.parametrize("version", ["", "2020-01-01"])
def test_a_rule_with_an_unknown_version_is_refused(version: str) -> None:
    with pytest.raises(InvalidSql, match="expected 2015-10-08, 2016-03-23, beta"):
        check_rule(_changed(("awsIotSqlVersion",), version))
