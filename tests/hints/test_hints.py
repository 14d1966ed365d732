"""What to do about a failure."""

from __future__ import annotations

from typing import Any

import pytest

from sfnb.errors import TaskError
from sfnb.explain import account, hints
from sfnb.machine import load_machine
from sfnb.service import StepFunctions

from .shop import inner, run


@pytest.mark.parametrize(
    ("state", "hint"),
    [
        (
            {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:ship"},
            'no Python function stands for "ship"; define one in a cell:\n'
            "    @sfnb.task\n    def ship(payload): ...\n"
            'or one for this state alone, with @shop.task("S")'
            '\nor try it with made-up answers: --mock auto, run(..., mock="auto")',
        ),
        (
            {"Type": "Task", "Resource": "prise"},
            'no Python function stands for "prise"; did you mean "price"?',
        ),
        (
            {"Type": "Task", "Resource": "my-ship"},
            'no Python function stands for "my-ship"; define one in a cell:\n    @sfnb.task("my-ship")\n'
            '    def my_ship(payload): ...\nor one for this state alone, with @shop.task("S")'
            '\nor try it with made-up answers: --mock auto, run(..., mock="auto")',
        ),
        (
            {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage"},
            "sfnb calls no AWS service unless told; let a Python function stand for it:\n"
            '    @sfnb.task("sqs:sendMessage")\n    def sendMessage(payload): ...\n'
            'or try it with made-up answers: --mock auto, run(..., mock="auto")\n'
            "or really call it in an AWS of this process: %asl aws local --seed shop, "
            'sfnb.use_aws("local", seed=...)\n'
            "or in your own account: %asl aws profile, sfnb.use_aws()",
        ),
        (
            {
                "Type": "Task",
                "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
                "Parameters": {"MessageBody.$": "$$.Task.Token"},
            },
            "sfnb calls no AWS service unless told; let a Python function stand for it:\n"
            '    @sfnb.task("sqs:sendMessage")\n    def sendMessage(payload): ...\n'
            "what it returns is not the answer: sfnb.send_task_success(token, output) is\n"
            'or try it with made-up answers: --mock auto, run(..., mock="auto")\n'
            "or really call it in an AWS of this process: %asl aws local --seed shop, "
            'sfnb.use_aws("local", seed=...)\n'
            "or in your own account: %asl aws profile, sfnb.use_aws()",
        ),
        (
            {"Type": "Task", "Resource": "arn:aws:states:::http:invoke"},
            "sfnb calls no AWS service unless told; let a Python function stand for it:\n"
            '    @sfnb.task("http:invoke")\n    def invoke(payload): ...\n'
            'or try it with made-up answers: --mock auto, run(..., mock="auto")\n'
            "or really call it: sfnb.create_connection(NAME, api_key=(HEADER, VALUE)) for its connection",
        ),
        (
            {"Type": "Task", "Resource": "arn:aws:states:us-east-1:123456789012:activity:pack"},
            'no Python function stands for "pack"; define one in a cell:\n'
            "    @sfnb.task\n    def pack(payload): ...\n"
            'or one for this state alone, with @shop.task("S")'
            '\nor try it with made-up answers: --mock auto, run(..., mock="auto")',
        ),
        (
            {"Type": "Pass", "InputPath": "$.ordr.id"},
            '$ has "n", "order", but no "ordr": did you mean "order"?',
        ),
        (
            {"Type": "Pass", "InputPath": "$.order", "Parameters": {"x.$": "$.ids"}},
            '$ has "id", "lines", but no "ids": did you mean "id"?',
        ),
        ({"Type": "Pass", "Parameters": {"a": [{"x.$": "$.n.m"}]}}, "$.n is no object but 2"),
        ({"Type": "Wait", "SecondsPath": "$.m"}, '$ has "n", "order", but no "m"'),
        (
            {"Type": "Choice", "Choices": [{"Variable": "$.order.total", "NumericEquals": 1, "Next": "E"}]},
            '$.order has "id", "lines", but no "total". Where it may be missing, ask first: '
            '{"Variable":"$.order.total","IsPresent":true}',
        ),
        (
            {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericEquals": 1, "Next": "E"}]},
            'no rule holds for {"n":2,"order":{"id":7,"lines":[1]}}, and there is no Default: add '
            '"Default" to say where to go then',
        ),
        (
            {"Type": "Map", "ItemsPath": "$.order", "ItemProcessor": inner(Type="Pass")},
            '$.order is an object; did you mean "$.order.lines"?',
        ),
        ({"Type": "Map", "ItemsPath": "$.n", "ItemProcessor": inner(Type="Pass")}, "$.n is 2"),
        (
            {"Type": "Task", "Resource": "sleep", "TimeoutSeconds": 5, "HeartbeatSeconds": 3},
            '"S" did not answer within TimeoutSeconds (5) or HeartbeatSeconds (3); its function may still '
            "be running: sfnb.cancelled() tells it to stop, sfnb.heartbeat() that it lives",
        ),
        (
            {"Type": "Task", "Resource": "large"},
            "AWS allows 256 KiB a payload: keep the data in a file or a bucket and pass its name, or lift "
            "the limit with --unlimited, run(..., unlimited=True)",
        ),
        (
            {"Type": "Task", "Resource": "decline", "Retry": [{"ErrorEquals": ["PaymentDecline"]}]},
            'no Retry or Catch here names PaymentDeclined: did you mean "PaymentDecline"?',
        ),
        (
            {
                "Type": "Map",
                "ItemsPath": "$.order.lines",
                "ItemProcessor": inner(Type="Pass", InputPath="$.x"),
                "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "E"}],
            },
            "States.Runtime is a fault of the definition: no Retry or Catch matches it, not even States.ALL",
        ),
    ],
)
def test_a_hint_says_what_to_do(machine: Any, state: dict[str, Any], hint: str) -> None:
    ended = run(machine(**state))

    assert ended.status == "FAILED"
    assert hint in hints(ended)
    assert f"hint: {hint}" in ended.summary()


def test_hints_are_no_part_of_error_and_cause(machine: Any) -> None:
    ended = run(machine(Type="Task", Resource="ship"))

    assert "sfnb.task" not in f"{ended.error} {ended.cause} {ended.history()}"


def test_a_failure_that_speaks_for_itself_has_no_hint(machine: Any) -> None:
    assert hints(run(machine(Type="Task", Resource="price"))) == []
    assert hints(run(machine(Type="Fail", Error="Mine", Cause="so"))) == []
    assert hints(run(machine(Type="Pass"))) == []


def test_the_machines_own_time_out(service: StepFunctions) -> None:
    states = {"S": {"Type": "Wait", "Seconds": 10, "End": True}}
    made = load_machine(service, {"StartAt": "S", "TimeoutSeconds": 5, "States": states}, name="shop")

    told = account(run(made))

    assert told.headline == 'shop TIMED_OUT in "S"'
    assert told.hints == ('the machine\'s TimeoutSeconds (5) ran out while "S" was under way',)


def test_a_loop_that_fills_the_history(service: StepFunctions) -> None:
    rule = {"Variable": "$.n", "NumericEquals": 1, "Next": "E"}
    states = {
        "A": {"Type": "Pass", "Next": "B"},
        "B": {"Type": "Choice", "Choices": [rule], "Default": "A"},
        "E": {"Type": "Succeed"},
    }
    made = load_machine(service, {"StartAt": "A", "States": states}, name="shop")

    assert hints(run(made)) == [
        'is it a loop that does not end? "A" was entered 6,250 times. --unlimited, run(..., unlimited=True), '
        "lifts the limit"
    ]


CALLBACK = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"


def test_a_token_that_nobody_answered(service: StepFunctions, machine: Any) -> None:
    service.registry.functions["sqs:sendMessage"] = lambda message: None
    body = {"MessageBody.$": "$$.Task.Token"}

    ended = run(machine(Type="Task", Resource=CALLBACK, Parameters=body, TimeoutSeconds=5))

    assert hints(ended) == [
        'nobody answered the token of "S" within TimeoutSeconds (5): sfnb.send_task_success(token, output) '
        "does, sfnb.send_task_heartbeat(token) asks for more time; sfnb.task_tokens() lists what is waited "
        "for"
    ]


@pytest.mark.parametrize(
    "resource", ["ship", "arn:aws:states:::lambda:invoke", "arn:aws:states:::sns:publish"]
)
def test_a_lone_parameter_that_is_called_as_a_key_took_the_whole_payload(
    service: StepFunctions, machine: Any, resource: str
) -> None:
    def ship(order: Any) -> Any:
        return order["id"]

    service.registry.functions["ship"] = service.registry.functions["sns:publish"] = ship
    given: Any = {"order.$": "$.order"}
    if resource.endswith("invoke"):
        given = {"FunctionName": "ship", "Payload": given}

    ended = run(machine(Type="Task", Resource=resource, Parameters=given))

    assert ended.error == "KeyError"
    assert hints(ended) == [
        'ship(order) was given the whole payload, {"order":{"id":7,"lines":[1]}}: one parameter takes all of '
        'it. Name it otherwise, as in ship(payload), and read payload["order"]; two parameters or more are '
        "filled by the payload's keys"
    ]


@pytest.mark.parametrize("given", [{"order.$": "$.order", "more": 1}, {"orders.$": "$.order"}])
def test_a_lone_parameter_that_means_the_payload_needs_no_hint(machine: Any, given: Any) -> None:
    assert hints(run(machine(Type="Task", Resource="price", Parameters=given))) == []


def test_a_connection_that_is_not_there_is_told_how_to_make(service: StepFunctions) -> None:
    def fail(payload: Any) -> None:
        raise TaskError("Events.ConnectionResource.ResourceNotFound", "Connection 'carrier' does not exist.")

    service.registry.functions["http:invoke"] = fail
    state = {"Type": "Task", "Resource": "arn:aws:states:::http:invoke", "End": True}
    ended = load_machine(service, {"StartAt": "S", "States": {"S": state}}, name="shop").run()

    assert hints(ended) == [
        'sfnb.create_connection("carrier", api_key=(HEADER, VALUE)) makes it; basic, oauth are others'
    ]
