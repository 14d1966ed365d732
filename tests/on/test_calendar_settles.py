"""A calendar waits for what it has started."""

from __future__ import annotations

import time
from typing import Any

from sfnb.machine import StateMachine, load_machine
from sfnb.service import StepFunctions
from sfnb.testing import SETTLING_SECONDS, calendar

WORK: dict[str, Any] = {
    "StartAt": "A",
    "States": {"A": {"Type": "Task", "Resource": "work", "End": True}},
}
ASK: dict[str, Any] = {
    "StartAt": "A",
    "States": {
        "A": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Parameters": {"MessageBody.$": "$$.Task.Token"},
            "End": True,
        }
    },
}


def working(service: StepFunctions, seconds: float) -> StateMachine:
    """A machine whose task takes so long, of real time."""
    service.registry.functions["work"] = lambda order: time.sleep(seconds)
    return load_machine(service, WORK, name="orders")


def test_turning_it_waits_for_what_it_started(service: StepFunctions) -> None:
    orders = working(service, 0.2)
    with calendar(service=service) as days:
        orders.on.schedule("rate(1 day)")
        days.advance(hours=1)

        assert [each.status for each in orders.executions] == ["SUCCEEDED"]


def test_leaving_it_waits_for_what_was_started(service: StepFunctions) -> None:
    orders = working(service, 0.2)
    with calendar(service=service):
        orders.on.event({"source": ["shop"]})
        entry = {"Source": "shop", "DetailType": "order", "Detail": "{}"}
        service.triggers.buses.put_events({"Entries": [entry]})

    assert [each.status for each in orders.executions] == ["SUCCEEDED"]


def test_it_does_not_wait_for_an_answer_from_outside(service: StepFunctions) -> None:
    service.registry.functions["sqs:sendMessage"] = lambda message: None
    orders = load_machine(service, ASK, name="orders")
    with calendar(service=service) as days:
        orders.on.schedule("rate(1 day)")
        began = time.monotonic()
        days.advance(hours=1)
    (execution,) = orders.executions

    assert execution.status == "RUNNING"
    assert time.monotonic() - began < SETTLING_SECONDS
    (task,) = service.list_task_tokens()
    service.send_task_success(task.token, "null")
    assert execution.wait(60)
