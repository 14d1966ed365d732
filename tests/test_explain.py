"""What became of an execution, and what to do about it."""

from __future__ import annotations

from typing import Any

import pytest

import sfnb
from sfnb.execution import Execution
from sfnb.explain import account, hints, innermost_failure, plain_message
from sfnb.machine import StateMachine, load_machine
from sfnb.mocks import Throw
from sfnb.service import StepFunctions

INPUT = {"n": 2, "order": {"id": 7, "lines": [1]}}


@pytest.fixture
def machine(service: StepFunctions) -> Any:
    """Make a machine of one state, S, that goes on to a Succeed."""

    def price(order: Any) -> Any:
        raise ValueError("no price for\nthis")

    def decline(order: Any) -> Any:
        raise sfnb.TaskError("PaymentDeclined", "card expired")

    def sleep(order: Any) -> None:
        sfnb.sleep(100)

    def large(order: Any) -> str:
        return "x" * 300_000

    for function in (price, decline, sleep, large):
        service.registry.functions[function.__name__] = function

    def make(**state: Any) -> StateMachine:
        after = {} if state["Type"] in ("Choice", "Fail") else {"Next": "E"}
        states = {"S": state | after, "E": {"Type": "Succeed"}}
        if state["Type"] == "Fail":
            del states["E"]
        return load_machine(service, {"StartAt": "S", "States": states}, name="shop")

    return make


def run(machine: StateMachine) -> Execution:
    return machine.run(INPUT, skip_waits=True)


def inner(name: str = "I", **state: Any) -> dict[str, Any]:
    return {"StartAt": name, "States": {name: state | ({} if state["Type"] == "Fail" else {"End": True})}}


# How it ended


def test_a_success_shows_its_output_cut_where_it_is_long(machine: Any) -> None:
    assert run(machine(Type="Pass", Result={"t": 3})).summary() == 'shop SUCCEEDED\noutput: {"t":3}'

    long = run(machine(Type="Pass", Result="x" * 500)).summary()
    assert len(long.splitlines()[1]) == len("output: ") + 201
    assert long.endswith("…")


def test_what_went_wrong_on_the_way_is_told(machine: Any) -> None:
    catch = [{"ErrorEquals": ["PaymentDeclined"], "Next": "E"}]
    retry = [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 2}]

    ended = run(machine(Type="Task", Resource="decline", Retry=retry, Catch=catch))

    assert ended.summary().splitlines()[2:] == ['caught: PaymentDeclined in "S"', 'retried: "S" (2 times)']


def test_a_failure_shows_where_why_and_with_what(machine: Any) -> None:
    retry = [{"ErrorEquals": ["ValueError"], "MaxAttempts": 1}]

    lines = run(machine(Type="Task", Resource="price", Retry=retry)).summary().splitlines()

    assert lines[:3] == ['shop FAILED in "S", after 2 attempts', "ValueError: no price for", "this"]
    assert lines[3].endswith("in price")
    assert lines[4].strip() == 'raise ValueError("no price for\\nthis")'
    assert lines[5:] == ['input: {"n":2,"order":{"id":7,"lines":[1]}}']


def test_a_failure_is_told_of_the_innermost_state(machine: Any) -> None:
    ended = run(
        machine(
            Type="Parallel",
            Branches=[
                inner("P", Type="Pass"),
                inner(
                    "M",
                    Type="Map",
                    ItemsPath="$.order.lines",
                    ItemProcessor=inner(Type="Task", Resource="decline"),
                ),
            ],
        )
    )

    assert account(ended).headline == 'shop FAILED in "I", at S[1]/M[0]/I'
    assert account(ended).reason == "PaymentDeclined: card expired"


def test_of_a_group_tried_again_the_last_failure_counts(machine: Any) -> None:
    tries = iter(("first", "second"))

    def price(order: Any) -> Any:
        raise ValueError(next(tries))

    made = machine(
        Type="Parallel",
        Branches=[inner(Type="Task", Resource="price")],
        Retry=[{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}],
    )
    made.task(price)

    assert account(run(made)).message == "second"


def test_what_is_stopped_tells_where_it_was(service: StepFunctions, machine: Any) -> None:
    running = machine(Type="Wait", Seconds=1000).start()
    while not running.trail:  # until the engine's thread has begun
        running.wait(0.001)
    assert running.summary() == 'shop RUNNING\nnow in: "S"'

    running.stop(error="Enough", cause="closing time")
    running.wait()

    assert running.summary() == 'shop ABORTED in "S"\nEnough: closing time'
    assert hints(running) == []


def test_nothing_failed_where_nothing_ran() -> None:
    assert innermost_failure([]) is None


# Causes


@pytest.mark.parametrize(
    ("cause", "message"),
    [
        (None, ""),
        ("", ""),
        ("plain", "plain"),
        ('{"errorMessage": "m", "errorType": "E"}', "m"),
        ('{"other": 1}', '{"other": 1}'),
        ("{broken", "{broken"),
        ("An error occurred while executing the state 'A' (entered at the event id #2). It.", "It."),
        ("Gone (Service: AWSLambda; Status Code: 404; Error Code: X; Request ID: 1-2; Proxy: null)", "Gone"),
        ("a\x1b[31m\tb\nc", "a\ufffd[31m b\nc"),
        ("x" * 700, "x" * 600 + "…"),
    ],
)
def test_a_cause_for_a_reader(cause: str | None, message: str) -> None:
    assert plain_message(cause) == message


def test_a_long_stack_shows_its_two_ends(machine: Any) -> None:
    def dig(n: Any, depth: int = 30) -> Any:
        return dig(n, depth - 1) if depth else 1 / 0

    def deep(order: Any) -> Any:
        return dig(order)

    made = machine(Type="Task", Resource="deep")
    made.task(deep)
    trace = account(run(made)).trace

    assert "… 24 more" in trace
    assert trace[-1].strip() == "return dig(n, depth - 1) if depth else 1 / 0"


# Hints


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
            'or try it with made-up answers: --mock auto, run(..., mock="auto"), '
            "or sfnb.connect_aws() to really call it",
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


# Hints about JSONata, variables and mocks

QUERY_HINTS = [
    (
        "$states.input.m",
        '$states.input has "n", "order", but no "m"; where it may be missing: '
        "$exists($states.input.m) ? $states.input.m : null",
    ),
    (
        "$states.input.order.lines[4]",
        "$states.input.order.lines has 1 item, none at [4]; where it may be missing: "
        "$exists($states.input.order.lines[4]) ? $states.input.order.lines[4] : null",
    ),
    ("$v.totl", '$v has "total", but no "totl": did you mean "total"?; where it may be missing: '
                "$exists($v.totl) ? $v.totl : null"),
    ("$elsewhere", '$elsewhere is not set yet: "Q" would, and the way here did not lead through'),
    ("$limits", "there is no variable $limits: did you mean $limit?"),
    ("$nowhere", "no state sets $nowhere; there are $v, $limit"),
    ("$states.inpt", '$states has input, result, errorOutput, context, but no "inpt": did you mean "input"?'),
    ("[1].x", "a part of it leads nowhere; $exists(...) ? ... : ... says what to take then"),
    ("$flor(3)", "there is no function $flor: did you mean $floor?"),
    ("$eval('1')", "Step Functions has no $eval; $parse(text) reads JSON"),
    ("'a' + 1", "numbers alone are added up: & joins texts, $number(...) makes a number of a text"),
    (
        "1 < 'a'",
        "only two numbers, or two texts, can be compared: $number(...), $string(...) make them alike",
    ),
]  # fmt: skip


def with_variables(service: StepFunctions, **state: Any) -> StateMachine:
    """A machine that sets $v, and might have set $elsewhere, before its state S."""
    choice = {"Type": "Choice", "Choices": [{"Condition": "{% false %}", "Next": "Q"}], "Default": "S"}
    states = {
        "P": {"Type": "Pass", "Assign": {"v": {"total": 3}, "limit": 5}, "Next": "C"},
        "C": choice,
        "Q": {"Type": "Pass", "Assign": {"elsewhere": 1}, "Next": "S"},
        "S": {**state, "End": True},
    }
    return load_machine(service, {"QueryLanguage": "JSONata", "StartAt": "P", "States": states}, name="shop")


@pytest.mark.parametrize(("expression", "hint"), QUERY_HINTS, ids=[each for each, _ in QUERY_HINTS])
def test_a_query_that_fails_has_a_hint(service: StepFunctions, expression: str, hint: str) -> None:
    ended = run(with_variables(service, Type="Pass", Output=f"{{% {expression} %}}"))

    assert ended.error == "States.QueryEvaluationError"
    assert hints(ended) == [hint]


def test_a_field_says_what_it_takes(service: StepFunctions) -> None:
    each = {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}}
    one = run(with_variables(service, Type="Map", Items="{% $states.input.n %}", ItemProcessor=each))
    other = run(with_variables(service, Type="Wait", Seconds="{% $states.input.order %}"))

    assert hints(one) == [
        "Items takes an array: JSONata makes one item of a list with one item: write ($states.input.n)[] "
        "to keep it a list"
    ]
    assert hints(other) == ["Seconds takes an integer: name the member of the object that holds it"]


def test_a_variable_that_jsonpath_misses(service: StepFunctions) -> None:
    states = {
        "P": {"Type": "Pass", "Assign": {"count": 1}, "Next": "C"},
        "C": {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericEquals": 9, "Next": "Q"}],
              "Default": "S"},
        "Q": {"Type": "Pass", "Assign": {"total": 1}, "Next": "S"},
        "S": {"Type": "Pass", "Parameters": {"a.$": "$total"}, "End": True},
    }  # fmt: skip
    ended = run(load_machine(service, {"StartAt": "P", "States": states}))

    assert hints(ended)[0] == '$total is not set yet: "Q" would, and the way here did not lead through'


def test_a_mock_that_has_no_more_answers_speaks_of_retries(service: StepFunctions) -> None:
    task = {"Type": "Task", "Resource": "price", "Retry": [{"ErrorEquals": ["A"]}], "End": True}
    machine = load_machine(service, {"StartAt": "S", "States": {"S": task}})

    ended = machine.run(skip_waits=True, mock={"S": [Throw("A", "b")]})

    assert hints(ended) == ['each attempt is a call: Retry made 2 of "S"']
