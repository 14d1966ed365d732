"""Calendars that are turned by hand: each is a world of its own."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sfnb.execution import Execution
from sfnb.machine import StateMachine, load_machine
from sfnb.service import StepFunctions
from sfnb.stores.sqlite import SqliteStore
from sfnb.testing import calendar
from tests.triggers.by_hand import SUCCEED

FAIL: dict[str, Any] = {"StartAt": "A", "States": {"A": {"Type": "Fail"}}}
ROLE = "arn:aws:iam::123456789012:role/events"


def two_days(service: StepFunctions, definition: dict[str, Any] = SUCCEED) -> int:
    """As a cell does it; answers with how many runs its counts tell of by then."""
    orders = load_machine(service, definition, name="orders")
    with calendar(service=service) as days:
        daily = orders.on.schedule("rate(1 day)")
        days.advance(days=2)
    return daily.counts.started


def executions(service: StepFunctions) -> list[Execution]:
    return load_machine(service, SUCCEED, name="orders").executions


def test_a_cell_that_is_run_again_starts_all_again(service: StepFunctions) -> None:
    counted = [two_days(service), two_days(service, FAIL)]

    assert counted == [3, 6]
    assert sorted(each.status for each in executions(service)) == ["FAILED"] * 3 + ["SUCCEEDED"] * 3


def test_a_calendar_of_a_later_process_starts_all_again(tmp_path: Path) -> None:
    for runs in (3, 6):
        service = StepFunctions(store=SqliteStore(tmp_path / "store.db"))
        assert two_days(service) == runs
        assert len(executions(service)) == runs
        service.close()


def test_equal_calendars_of_equal_services_start_executions_of_equal_names() -> None:
    names = []
    for _ in range(2):
        service = StepFunctions()
        two_days(service)
        two_days(service)
        names.append(sorted(each.name for each in executions(service)))
        service.close()

    assert names[0] == names[1]
    assert len(set(names[0])) == 6


def put_rule(service: StepFunctions, machine: StateMachine) -> None:
    buses = service.triggers.buses
    buses.put_rule({"Name": "often", "ScheduleExpression": "rate(1 day)"})
    buses.put_targets({"Rule": "often", "Targets": [{"Id": "1", "Arn": machine.arn, "RoleArn": ROLE}]})


@pytest.mark.parametrize("second", [2025, 2026, 2027])
def test_a_rule_with_a_schedule_fires_in_each_calendar(service: StepFunctions, second: int) -> None:
    orders = load_machine(service, SUCCEED, name="orders")
    for runs, year in ((2, 2026), (4, second)):
        with calendar(datetime(year, 1, 1, tzinfo=UTC), service) as days:
            put_rule(service, orders)
            days.advance(days=2, hours=1)
            assert len(orders.executions) == runs


def test_a_schedule_that_there_was_is_tried_in_a_calendar_of_the_past(service: StepFunctions) -> None:
    orders = load_machine(service, SUCCEED, name="orders")
    orders.on.schedule("rate(1 day)")
    with calendar(datetime(2020, 1, 1, tzinfo=UTC), service) as days:
        orders.on.schedule("rate(1 day)")
        before = len(orders.executions)
        days.advance(days=2, hours=1)

    assert len(orders.executions) - before >= 2


def test_a_run_of_another_calendar_keeps_none_from_coming(service: StepFunctions) -> None:
    orders = load_machine(service, SUCCEED, name="orders")
    for runs in (3, 6):
        with calendar(service=service) as days:
            daily = orders.on.schedule("rate(1 day)", overlap="skip")
            days.advance(days=2)
        assert (daily.counts.started, daily.counts.dropped) == (runs, {})
