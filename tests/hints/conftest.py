"""A machine of one state, for what goes wrong in it."""

from __future__ import annotations

from typing import Any

import pytest

import sfnb
from sfnb.machine import StateMachine, load_machine
from sfnb.service import StepFunctions


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
