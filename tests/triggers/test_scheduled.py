"""What a schedule delivers to: buses, operations of the SDK, and targets that are none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sfnb.service import StepFunctions
from sfnb.stores.sqlite import SqliteStore
from sfnb.triggers.refusals import ConflictException, ValidationException
from sfnb.triggers.scheduler import Scheduler
from tests.triggers.by_hand import (
    NOON,
    ROLE,
    by_hand,
    counts,
    inputs,
    letters,
    machine,
    rule,
    settle,
    turn,
)

HERE = "us-east-1:123456789012"
BUS = f"arn:aws:events:{HERE}:event-bus/default"
ORDERS = f"arn:aws:states:{HERE}:stateMachine:orders"
FUNCTION = f"arn:aws:lambda:{HERE}:function:flaky"
SCHEDULE = f"arn:aws:scheduler:{HERE}:schedule/default/once"
START = "arn:aws:scheduler:::aws-sdk:sfn:startExecution"
SHOP = {"DetailType": "Tick", "Source": "shop"}


@pytest.fixture
def service() -> Iterator[StepFunctions]:
    service = by_hand()
    yield service
    service.close()


@pytest.fixture
def scheduler(service: StepFunctions) -> Scheduler:
    return service.triggers.scheduler


def once(arn: str, input: object = None, **target: Any) -> dict[str, Any]:
    """A schedule that fires after an hour. input: its text, or what its JSON is of."""
    text = input if isinstance(input, str) else json.dumps(input)
    given = {} if input is None else {"Input": text}
    return {
        "Name": "once",
        "ScheduleExpression": "at(2026-01-01T13:00:00)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {"Arn": arn, "RoleArn": ROLE, **given, **target},
    }


def fire(service: StepFunctions, schedule: dict[str, Any]) -> None:
    service.triggers.scheduler.create_schedule(schedule)
    turn(service, hours=1)
    settle(service)


def test_a_bus_is_given_an_event_with_the_input_as_its_detail(service: StepFunctions) -> None:
    orders = machine(service)
    rule(service, "placed", orders.arn, pattern={"source": ["shop"], "detail-type": ["Tick"]})

    fire(service, once(BUS, {"n": 1, "at": "<aws.scheduler.scheduled-time>"}, EventBridgeParameters=SHOP))

    (event,) = inputs(orders)
    assert event["detail"] == {"n": 1, "at": "2026-01-01T13:00:00Z"}
    assert (event["source"], event["detail-type"], event["resources"]) == ("shop", "Tick", [SCHEDULE])
    assert event["time"] == "2026-01-01T13:00:00Z"
    assert counts(service, "schedule:once").started == 1
    assert letters(service) == []


def test_a_bus_that_is_given_no_event_tells_of_it_once(
    service: StepFunctions, caplog: pytest.LogCaptureFixture
) -> None:
    """A schedule that an earlier version has kept."""
    schedule = once(BUS, {"n": 1}, EventBridgeParameters=SHOP)
    service.triggers.scheduler.create_schedule(schedule)
    kept = service.triggers.get("schedule:once")
    assert kept is not None
    del kept.settings["Target"]["EventBridgeParameters"]
    turn(service, hours=1)
    settle(service)

    (letter,) = letters(service)
    assert (letter.code, letter.attempts) == ("ValidationException", 1)
    assert "what the bus is given is no event" in caplog.text
    assert "Traceback" not in caplog.text


def test_an_operation_of_the_sdk_starts_a_machine(service: StepFunctions) -> None:
    orders = machine(service)
    name = "run-<aws.scheduler.execution-id>"

    fire(service, once(START, {"StateMachineArn": ORDERS, "Input": '{"n": 1}', "Name": name}))

    (execution,) = orders.executions
    assert execution.input == {"n": 1}
    assert execution.name.startswith("run-")
    assert "<" not in execution.name
    told = service.triggers.scheduler.get_schedule({"Name": "once"})
    assert told["Target"]["Arn"] == START


def test_a_name_that_was_used_is_refused_as_the_api_does(service: StepFunctions) -> None:
    orders = machine(service)
    schedule = once(START, {"StateMachineArn": ORDERS, "Name": "nightly"})
    service.triggers.scheduler.create_schedule(schedule | {"ScheduleExpression": "rate(1 hour)"})
    turn(service, minutes=1)
    orders.executions[0].result()

    turn(service, hours=1)
    settle(service)

    assert [each.name for each in orders.executions] == ["nightly"]
    assert {letter.code for letter in letters(service)} == {"ExecutionAlreadyExists"}
    assert counts(service, "schedule:once").started == 1


def test_what_an_operation_starts_is_waited_for_in_the_next_process(tmp_path: Path) -> None:
    first = by_hand(SqliteStore(tmp_path / "store.db"))
    machine(first)
    first.triggers.scheduler.create_schedule(once(START, {"stateMachineArn": ORDERS}))
    first.close()

    second = by_hand(SqliteStore(tmp_path / "store.db"), NOON + timedelta(minutes=1))
    orders = machine(second)
    turn(second, hours=1)
    settle(second)

    assert [execution.input for execution in orders.executions] == [{}]
    second.close()


@pytest.mark.parametrize(
    ("target", "words"),
    [
        (once("orders"), "Provided Arn is not in correct format"),
        (once("arn:aws:states"), "Provided Arn is not in correct format"),
        (once(ORDERS, "soon"), "Input is not a valid JSON text"),
        (once(FUNCTION, "{"), "Input is not a valid JSON text"),
        (once(BUS, {"n": 1}), "EventBridgeParameters has no DetailType"),
        (once(BUS, {"n": 1}, EventBridgeParameters={"DetailType": "x"}), "has no Source"),
        (once(BUS, {}, EventBridgeParameters=SHOP | {"Source": "aws.x"}), "those of AWS begin with"),
        (once(BUS, [1], EventBridgeParameters=SHOP), "the detail of an event, and so a JSON object"),
        (once("arn:aws:scheduler:::aws-sdk:sqs:sendMessage", {}), "none that can be reached from here"),
        (once(START), "the parameters of StartExecution, and so a JSON object"),
        (once(START, {"Input": "{}"}), "StateMachineArn in the Input is not the ARN of a state machine"),
        (once(START, {"StateMachineArn": ORDERS, "Input": {"n": 1}}), "Input in the Input is none"),
        (once(START, {"StateMachineArn": ORDERS, "Input": "{"}), "Input of StartExecution is not a valid"),
        (once(START, {"StateMachineArn": ORDERS, "Wait": "x"}), "Wait in the Input is none"),
    ],
)
def test_a_target_that_is_none_is_refused(scheduler: Scheduler, target: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationException, match=words):
        scheduler.create_schedule(target)

    assert scheduler.list_schedules({})["Schedules"] == []


def test_a_queue_is_given_any_text_and_a_machine_the_number_of_the_attempt(scheduler: Scheduler) -> None:
    scheduler.create_schedule(once(f"arn:aws:sqs:{HERE}:orders", "soon"))
    scheduler.update_schedule(once(ORDERS, '{"n": <aws.scheduler.attempt-number>}'))


def test_attempts_are_counted(service: StepFunctions) -> None:
    given: list[object] = []

    def flaky(payload: object) -> None:
        given.append(payload)
        if len(given) < 3:
            raise ValueError("busy")

    service.registry.functions["flaky"] = flaky
    fire(service, once(FUNCTION, '{"n": <aws.scheduler.attempt-number>}'))
    turn(service, hours=1)

    assert given == [{"n": 1}, {"n": 2}, {"n": 3}]


def test_a_request_that_is_made_again_is_answered_as_before(scheduler: Scheduler) -> None:
    schedule = once(ORDERS, {}) | {"ClientToken": "a", "EndDate": NOON + timedelta(days=9)}

    assert scheduler.create_schedule(schedule) == scheduler.create_schedule(schedule)
    for other in ({"ClientToken": "b"}, {"Description": "another"}):
        with pytest.raises(ConflictException, match="Schedule once already exists"):
            scheduler.create_schedule(schedule | other)
    assert "ClientToken" not in scheduler.get_schedule({"Name": "once"})


def test_a_group_that_is_asked_for_again_is_the_same(scheduler: Scheduler) -> None:
    group = {"Name": "night", "ClientToken": "a"}

    assert scheduler.create_schedule_group(group) == scheduler.create_schedule_group(group)
    for other in ({"Name": "night"}, group | {"ClientToken": "b"}, {"Name": "default", "ClientToken": "a"}):
        with pytest.raises(ConflictException, match="already exists"):
            scheduler.create_schedule_group(other)
