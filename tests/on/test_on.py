"""`machine.on`, triggers in a user's hands, and events tried on rules."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sfnb.engine.clock import RealClock
from sfnb.engine.records import ExecutionFilter
from sfnb.errors import SfnbError
from sfnb.keeping import keep_in_file
from sfnb.machine import load_machine
from sfnb.on.function import make_function
from sfnb.on.tables import dead_letters_frame, triggers_frame
from sfnb.on.trying import try_event
from sfnb.service import StepFunctions
from sfnb.testing import calendar
from tests.triggers.by_hand import NOON, by_hand, inputs, machine, numbers, put, settle, turn

SUCCEED = {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}
EVENT = {"source": "shop", "detail-type": "OrderPlaced", "detail": {"total": 7}}


@pytest.fixture
def service() -> Iterator[StepFunctions]:
    service = by_hand()
    yield service
    service.close()


def test_an_event_starts_a_machine_with_what_is_wanted_of_it(service: StepFunctions) -> None:
    whole, part, made, fixed = (machine(service, name) for name in ("whole", "part", "made", "fixed"))
    whole.on.event({"source": ["shop"]})
    part.on.event({"source": ["shop"]}, input_path="$.detail.n")
    made.on.event({"source": ["shop"]}, input_paths={"n": "$.detail.n"}, input_template={"number": "no <n>"})
    fixed.on.event({"source": ["shop"]}, input={"of": "mine"})

    put(service, {"n": 1})
    settle(service)

    assert numbers(whole) == [1]
    assert inputs(part) == [1]
    assert inputs(made) == [{"number": "no 1"}]
    assert inputs(fixed) == [{"of": "mine"}]


def test_a_rule_made_again_is_the_rule_changed(service: StepFunctions) -> None:
    orders = machine(service)
    orders.on.event({"source": ["else"]})
    orders.on.event({"source": ["shop"]})

    put(service, {"n": 1})
    settle(service)

    assert numbers(orders) == [1]
    assert len(orders.triggers) == 1


def test_what_is_kept_is_what_aws_would_be_given(service: StepFunctions) -> None:
    orders = machine(service)
    trigger = orders.on.event(
        {"source": ["shop"]}, retries=3, max_age=timedelta(hours=1), dead_letters="arn:aws:sqs:::q", role="r"
    )

    assert trigger.settings["EventPattern"] == '{"source":["shop"]}'
    (target,) = trigger.settings["Targets"]
    assert target["RetryPolicy"] == {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 3600}
    assert target["DeadLetterConfig"] == {"Arn": "arn:aws:sqs:::q"}
    assert target["RoleArn"] == "arn:aws:iam::123456789012:role/r"


@pytest.mark.parametrize(
    ("method", "given"),
    [
        ("event", {"pattern": {"source": "shop"}}),
        ("event", {"pattern": "{"}),
        ("event", {"pattern": {"source": ["shop"]}, "input_paths": {"a": "$.a"}}),
        ("event", {"pattern": {"source": ["shop"]}, "input": object()}),
        ("event", {"pattern": {"source": ["shop"]}, "bus": "nowhere"}),
        ("schedule", {"expression": "now and then"}),
        ("schedule", {"expression": "rate(1 day)", "missed": "never"}),
        ("schedule", {"expression": "rate(1 day)", "overlap": "never"}),
        ("schedule", {"expression": "rate(1 day)", "start": datetime(2026, 1, 1)}),
        ("status", {"of": "arn", "status": "DONE"}),
    ],
)
def test_what_is_wrong_is_said_at_once(service: StepFunctions, method: str, given: dict[str, Any]) -> None:
    orders = machine(service)

    with pytest.raises(SfnbError):
        getattr(orders.on, method)(**given)

    assert orders.triggers == []


def test_a_trigger_tells_of_itself(service: StepFunctions) -> None:
    orders = machine(service)
    trigger = orders.on.schedule("cron(0 8 ? * MON-FRI *)", timezone="Europe/Berlin")

    assert trigger.words == "at 08:00 on weekdays, Europe/Berlin"
    assert trigger.next == NOON.replace(day=2, hour=7)
    assert trigger.latest is None
    turn(service, days=1)
    assert trigger.latest is not None
    assert trigger.latest.arn == orders.executions[0].arn
    assert "1 matched, 1 started" in repr(trigger)
    assert trigger.next == NOON.replace(day=5, hour=7)
    trigger.disable()
    assert trigger.next is None
    assert "disabled" in repr(trigger)
    trigger.remove()
    with pytest.raises(SfnbError, match="there is no trigger"):
        assert trigger.record


def test_an_event_is_tried_on_the_rules_of_a_machine(service: StepFunctions) -> None:
    orders, other = machine(service), machine(service, "other")
    orders.on.event({"detail": {"total": [{"numeric": [">", 100]}]}}, input_path="$.detail")
    other.on.event({"source": ["shop"]})

    little = try_event(service, EVENT, orders.arn)
    much = try_event(service, {**EVENT, "detail": {"total": 700}})

    assert little.matched == []
    assert "7 is not > 100" in repr(little)
    assert much.matched == ["orders-event", "other-event"]
    assert much.rules[0].inputs == {orders.arn: {"total": 700}}
    assert orders.executions == []


@pytest.mark.parametrize("wrong", ["text", 1, None, {1: 2}])
def test_only_an_event_can_be_tried(service: StepFunctions, wrong: object) -> None:
    with pytest.raises(SfnbError, match="an event is a dict"):
        try_event(service, wrong)


def test_a_function_is_started_and_stays_a_function(service: StepFunctions) -> None:
    calls: list[Any] = []

    def hello(event: Any, context: Any) -> int:
        calls.append(event["detail"])
        return 1

    made = make_function(service, hello)
    made.on.event({"source": ["shop"]})
    put(service, {"n": 1})
    settle(service)

    assert calls == [{"n": 1}]
    assert made({"detail": 2}, None) == 1
    assert made.__name__ == "hello"
    assert make_function(service, "other")(hello).arn.endswith(":function:other")
    with pytest.raises(SfnbError):
        make_function(service, 1)


def test_all_triggers_are_a_table(service: StepFunctions) -> None:
    orders = machine(service)
    orders.on.event({"source": ["shop"]})
    orders.on.schedule("rate(1 hour)").disable()
    put(service, {"n": 1})
    settle(service)

    frame = triggers_frame(service, orders.arn)

    assert list(frame.trigger) == ["orders-event", "orders-schedule"]
    assert list(frame.runs) == ["here", "disabled"]
    assert list(frame.matched) == [1, 0]
    assert str(frame["next"].dtype).startswith("datetime64[")
    assert triggers_frame(service, "arn").empty


def test_dead_letters_are_a_table(service: StepFunctions) -> None:
    gone = machine(service, "gone")
    gone.on.event({"source": ["shop"]}, input_path="$.detail")
    service.delete_state_machine(gone.arn)
    put(service, {"n": 1})
    settle(service)

    frame = dead_letters_frame(service)

    (row,) = frame.to_dict("records")
    assert (row["error"], row["input"], row["attempts"]) == ("StateMachineDoesNotExist", {"n": 1}, 1)
    assert row["event"]["source"] == "shop"


def test_triggers_of_a_file_stay_there_when_another_is_taken(tmp_path: Path) -> None:
    """Two files, one after the other, in one process."""
    service = StepFunctions()
    orders = load_machine(service, SUCCEED, name="orders")
    kept = orders.on.event({"source": ["memory"]}, name="kept")

    keep_in_file(service, tmp_path / "a.db", "full")
    orders.on.event({"source": ["a"]}, name="of-a")
    keep_in_file(service, tmp_path / "b.db", "full")
    assert [each.name for each in orders.triggers] == []
    orders.on.event({"source": ["b"]}, name="of-b")

    keep_in_file(service, tmp_path / "a.db", "full")
    assert [each.name for each in orders.triggers] == [kept.name, "of-a"]
    assert {seen.runs for seen in service.triggers.all()} == {"here"}
    service.triggers.buses.put_events(
        {"Entries": [{"Source": source, "DetailType": "x", "Detail": "{}"} for source in "ab"]}
    )
    assert service.triggers.deliverer.wait(30)
    assert len(orders.executions) == 1
    service.close()


def test_a_calendar_leaves_the_schedules_alone_that_there_were() -> None:
    service = StepFunctions()
    orders = load_machine(service, SUCCEED, name="orders")
    real = orders.on.schedule("cron(0 0 1 1 ? *)", name="real")
    before = real.next
    with calendar(service=service) as year:
        tried = orders.on.schedule("rate(1 hour)", name="tried")
        year.advance(hours=3)
        assert tried.counts.started == 4
    assert real.next == before
    assert tried.next is not None
    assert tried.next > RealClock().now()
    assert not tried.counts.dropped
    service.close()


def test_a_machine_that_is_kept_is_there_in_the_next_process_for_what_starts_it(tmp_path: Path) -> None:
    service = StepFunctions()
    keep_in_file(service, tmp_path / "a.db", "full")
    orders = load_machine(service, SUCCEED, name="orders")
    orders.on.event({"source": ["shop"]})
    orders.keep()
    service.close()

    later = StepFunctions()
    keep_in_file(later, tmp_path / "a.db", "full")
    assert [each.trigger.name for each in later.triggers.adopt()] == ["orders-event"]
    later.triggers.buses.put_events({"Entries": [{"Source": "shop", "DetailType": "x", "Detail": "{}"}]})
    assert later.triggers.deliverer.wait(30)
    assert len(later.list_executions(ExecutionFilter())) == 1
    later.close()


def test_only_an_express_machine_answers_when_it_has_ended(service: StepFunctions) -> None:
    with pytest.raises(SfnbError, match="'orders' is STANDARD, and only an EXPRESS machine answers"):
        machine(service).on.http("POST /orders", sync=True)


def test_a_disabled_rule_is_said_to_be_disabled(service: StepFunctions) -> None:
    orders = machine(service)
    orders.on.event({"source": ["shop"]}).disable()

    (tried,) = orders.try_event(EVENT).rules
    assert (tried.verdict, tried.matched) == ("is disabled", False)
