"""Rights to what a placeholder stands for: in a template, and where nothing is filled in."""

from __future__ import annotations

from typing import Any

import hcl2
import pytest
import yaml

import sfnb
from tests.iam.calls import one_task, optimized, policy_for

TABLE = "arn:aws:dynamodb:eu-west-1:123456789012:table/"
FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:"
JOB = "arn:aws:glue:eu-west-1:123456789012:job/"


@pytest.mark.parametrize(
    ("action", "parameters", "resources"),
    [
        (
            "dynamodb:putItem",
            {"TableName": "${OrdersTable}", "Item": {}},
            (TABLE + "${OrdersTable}",),
        ),
        ("dynamodb:putItem", {"TableName": "${Orders.Arn}", "Item": {}}, ("${Orders.Arn}",)),
        ("lambda:invoke", {"FunctionName": "${PriceArn}"}, ("${PriceArn}", "${PriceArn}:*")),
        (
            "lambda:invoke",
            {"FunctionName": "${PriceName}"},
            (FUNCTION + "${PriceName}", FUNCTION + "${PriceName}:*"),
        ),
        ("lambda:invoke", {"FunctionName": "${Price}"}, ("*",)),
        ("sns:publish", {"TopicArn": "${Alerts}", "Message": "x"}, ("${Alerts}",)),
        ("sqs:sendMessage", {"QueueUrl": "${Queue}", "MessageBody": "x"}, ("*",)),
        ("aws-sdk:s3:getObject", {"Bucket": "${Files}", "Key": "a"}, ("arn:aws:s3:::${Files}/a",)),
        ("glue:startJobRun", {"JobName": "${Nightly}"}, (JOB + "${Nightly}",)),
        ("dynamodb:putItem", {"TableName": "${Stage}-orders", "Item": {}}, (TABLE + "*-orders",)),
        ("dynamodb:putItem", {"TableName": "orders", "Item": {"a": "${A}"}}, (TABLE + "orders",)),
    ],
)
def test_a_right_is_to_what_its_placeholder_stands_for(
    action: str, parameters: dict[str, Any], resources: tuple[str, ...]
) -> None:
    (statement,) = policy_for(one_task(optimized(action), parameters), with_placeholders=True).statements

    assert statement.resources == resources


def test_a_function_may_be_all_of_a_placeholder() -> None:
    (statement,) = policy_for(one_task("${Price}"), with_placeholders=True).statements

    assert statement.resources == ("${Price}", "${Price}:*")


def test_where_nothing_is_filled_in_the_right_is_to_all_and_says_why() -> None:
    definition = one_task(optimized("dynamodb:putItem"), {"TableName": "${OrdersTable}", "Item": {}})

    (statement,) = policy_for(definition).statements
    assert statement.resources == ("*",)
    assert statement.reasons == ("A: to make the call, on any as ${OrdersTable} is not filled in",)


def test_a_right_to_all_for_another_reason_does_not_speak_of_placeholders() -> None:
    definition = one_task(optimized("dynamodb:putItem"), {"TableName.$": "$.table", "Item": {"a": "${A}"}})

    (statement,) = policy_for(definition).statements
    assert statement.reasons == ("A: to make the call",)


def test_templates_grant_rights_to_their_parameters() -> None:
    save = one_task(optimized("dynamodb:putItem"), {"TableName": "${Orders-Table}", "Item": {}})
    machine = sfnb.load(save, name="orders")

    template = yaml.safe_load(machine.export("cloudformation"))
    role = template["Resources"]["StateMachineRole"]["Properties"]
    (statement,) = role["Policies"][0]["PolicyDocument"]["Statement"]
    own = "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table"
    assert statement["Resource"] == [{"Fn::Sub": f"{own}/${{OrdersTable}}"}]
    assert "a name, not an ARN" in template["Parameters"]["OrdersTable"]["Description"]
    sam = yaml.safe_load(machine.export("sam"))["Resources"]["StateMachine"]["Properties"]
    assert sam["Policies"][0]["Statement"] == [statement]
    terraform = machine.export("terraform")
    assert ":table/${var.Orders-Table}" in terraform
    assert hcl2.loads(terraform)


def test_a_parameter_that_makes_no_arn_says_that_rights_are_to_all() -> None:
    send = one_task(optimized("sqs:sendMessage"), {"QueueUrl": "${Queue}", "MessageBody": "${Text}"})
    parameters = yaml.safe_load(sfnb.load(send, name="orders").export("cloudformation"))["Parameters"]

    assert "rights to all that it may stand for" in parameters["Queue"]["Description"]
    assert parameters["Text"]["Description"] == "Text in the definition"
