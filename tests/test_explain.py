"""What became of an execution, in words; what to do about it is in `hints/`."""

from __future__ import annotations

from typing import Any

import pytest

import sfnb
from sfnb.execution import Execution
from sfnb.explain import account, hints, innermost_failure, plain_message
from sfnb.machine import StateMachine, load_machine
from sfnb.service import StepFunctions

INPUT = {"n": 2, "order": {"id": 7, "lines": [1]}}


@pytest.fixture
def machine(service: StepFunctions) -> Any:
    """Make a machine of one state, S, that goes on to a Succeed."""

    def price(order: Any) -> Any:
        raise ValueError("no price for\nthis")

    def decline(order: Any) -> Any:
        raise sfnb.TaskError("PaymentDeclined", "card expired")

    for function in (price, decline):
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
