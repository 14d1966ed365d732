"""What triggers reach of a service: executions, functions, and whether they are under way."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from sfnb.service import StepFunctions
from sfnb.triggers.ports import Refused, Start
from sfnb.values import Payload
from tests.triggers.by_hand import NOON, SECONDS, by_hand, machine

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:hello"
WAIT = {"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 3600, "End": True}}}
FAIL = {"StartAt": "A", "States": {"A": {"Type": "Fail", "Error": "No", "Cause": "because"}}}


@pytest.fixture
def service() -> Iterator[StepFunctions]:
    service = by_hand()
    yield service
    service.close()


def start(arn: str, input: str = "{}", name: str | None = None) -> Start:
    return Start(machine=arn, input=Payload.of_text(input), trigger="event:placed", name=name)


def test_the_second_start_of_a_name_is_the_first(service: StepFunctions) -> None:
    orders = machine(service)

    first = service.world.start(start(orders.arn, '{"n":1}', "once"))
    assert orders.executions[0].wait(SECONDS)
    second = service.world.start(start(orders.arn, '{"n":1}', "once"))

    assert first == second
    assert len(orders.executions) == 1


def test_of_many_starts_of_a_name_one_begins(service: StepFunctions) -> None:
    orders = machine(service)
    begun: list[str] = []

    def begin() -> None:
        begun.append(service.world.start(start(orders.arn, "{}", "once")).arn)

    threads = [threading.Thread(target=begin) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(begun) == 8
    assert len(set(begun)) == len(orders.executions) == 1


@pytest.mark.parametrize(
    ("arn", "input", "code"),
    [
        ("arn:aws:states:us-east-1:123456789012:stateMachine:gone", "{}", "StateMachineDoesNotExist"),
        ("nonsense", "{}", "InvalidArn"),
        ("", f'"{"x" * 300_000}"', "InvalidExecutionInput"),
    ],
)
def test_what_is_refused_has_the_name_of_awss_error(
    service: StepFunctions, arn: str, input: str, code: str
) -> None:
    with pytest.raises(Refused) as refused:
        service.world.start(start(arn or machine(service).arn, input))

    assert (refused.value.code, refused.value.again) == (code, False)


def test_a_closed_service_is_tried_again_by_the_next_process(service: StepFunctions) -> None:
    orders = machine(service)
    service.close()

    with pytest.raises(Refused) as refused:
        service.world.start(start(orders.arn))

    assert (refused.value.code, refused.value.again) == ("ServiceClosed", True)


def test_an_express_execution_is_answered_as_aws_does(service: StepFunctions) -> None:
    quick = machine(service, "quick", type="EXPRESS")
    fails = machine(service, "fails", FAIL, type="EXPRESS")

    told = service.world.run(start(quick.arn, '{"n": 1}', "once"))
    failed = service.world.run(start(fails.arn))

    assert (told["status"], told["input"], told["output"]) == ("SUCCEEDED", '{"n": 1}', '{"n": 1}')
    assert (told["name"], told["startDate"], told["inputDetails"]) == ("once", NOON, {"included": True})
    assert (failed["status"], failed["error"], failed["cause"]) == ("FAILED", "No", "because")
    assert "output" not in failed
    with pytest.raises(Refused) as refused:
        service.world.run(start(machine(service).arn))
    assert refused.value.code == "StateMachineTypeNotSupported"


def test_an_execution_goes_on_as_long_as_the_clock_that_is_turned(service: StepFunctions) -> None:
    waits = machine(service, definition=WAIT)
    arn = service.world.start(start(waits.arn)).arn

    assert service.world.is_running(arn)
    service.world.clock.jump(NOON + timedelta(minutes=59))
    assert service.world.is_running(arn)
    service.world.clock.jump(NOON + timedelta(minutes=61))
    assert not service.world.is_running(arn)
    assert not service.world.is_running(f"{arn}-not")


# Functions


def test_a_function_is_called_with_what_is_delivered(service: StepFunctions) -> None:
    service.registry.functions["hello"] = lambda event, context: {
        **event,
        "arn": context.invoked_function_arn,
    }

    answer = service.world.call(FUNCTION, Payload.of_text('{"n": 1}'))

    assert answer.value == {"n": 1, "arn": FUNCTION}


def test_what_a_function_raises_may_go_well_another_time(service: StepFunctions) -> None:
    def hello(event: Any) -> None:
        raise ValueError("not today")

    service.registry.functions["hello"] = hello

    with pytest.raises(Refused, match="ValueError: not today") as refused:
        service.world.call(FUNCTION, Payload.of_text("{}"))
    assert (refused.value.code, refused.value.again) == ("FunctionError", True)


def test_a_function_that_is_nowhere_is_refused(service: StepFunctions) -> None:
    assert not service.world.knows(FUNCTION)

    with pytest.raises(Refused, match="no AWS is in use") as refused:
        service.world.call(FUNCTION, Payload.of_text("{}"))
    assert (refused.value.code, refused.value.again) == ("NO_AWS", False)
