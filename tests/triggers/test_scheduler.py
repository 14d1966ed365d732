"""EventBridge Scheduler's API: schedules and their groups."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sfnb.service import StepFunctions
from sfnb.stores.sqlite import SqliteStore
from sfnb.triggers.kept import DELIVERY
from sfnb.triggers.refusals import ConflictException, ResourceNotFoundException, ValidationException
from sfnb.triggers.scheduler import Scheduler
from tests.triggers.by_hand import NOON, by_hand, counts, machine, settle, turn

ROLE = "arn:aws:iam::123456789012:role/scheduler"
ORDERS = "arn:aws:states:us-east-1:123456789012:stateMachine:orders"


@pytest.fixture
def service() -> Iterator[StepFunctions]:
    service = by_hand()
    yield service
    service.close()


@pytest.fixture
def scheduler(service: StepFunctions) -> Scheduler:
    return service.triggers.scheduler


def settings(name: str = "daily", expression: str = "rate(1 day)", **more: Any) -> dict[str, Any]:
    return {
        "Name": name,
        "ScheduleExpression": expression,
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {"Arn": ORDERS, "RoleArn": ROLE, "Input": "{}"},
    } | more


def test_a_schedule_is_told_as_it_was_made(scheduler: Scheduler) -> None:
    start = NOON + timedelta(days=1)

    answer = scheduler.create_schedule(settings(Description="each day", StartDate=start, ClientToken="x"))

    arn = "arn:aws:scheduler:us-east-1:123456789012:schedule/default/daily"
    assert answer == {"ScheduleArn": arn}
    assert scheduler.get_schedule({"Name": "daily"}) == {
        **settings(Description="each day", StartDate=start),
        "Arn": arn,
        "GroupName": "default",
        "State": "ENABLED",
        "ScheduleExpressionTimezone": "UTC",
        "ActionAfterCompletion": "NONE",
        "CreationDate": NOON,
        "LastModificationDate": NOON,
    }


def test_a_schedule_is_made_once(scheduler: Scheduler) -> None:
    scheduler.create_schedule(settings())

    with pytest.raises(ConflictException, match="Schedule daily already exists"):
        scheduler.create_schedule(settings())


def test_what_is_changed_is_all_that_there_is(scheduler: Scheduler) -> None:
    scheduler.create_schedule(settings(Description="each day", State="DISABLED"))

    scheduler.update_schedule(settings(expression="rate(2 days)"))

    told = scheduler.get_schedule({"Name": "daily"})
    assert "Description" not in told
    assert (told["ScheduleExpression"], told["State"]) == ("rate(2 days)", "ENABLED")


def test_what_is_not_there_is_not_found(scheduler: Scheduler) -> None:
    for method in (scheduler.get_schedule, scheduler.delete_schedule):
        with pytest.raises(ResourceNotFoundException, match="Schedule daily does not exist"):
            method({"Name": "daily"})
    with pytest.raises(ResourceNotFoundException):
        scheduler.update_schedule(settings())
    with pytest.raises(ResourceNotFoundException, match="Schedule group night does not exist"):
        scheduler.create_schedule(settings(GroupName="night"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"ScheduleExpression": "cron(0 8 * * * *)"},
        {"ScheduleExpression": "soon"},
        {"ScheduleExpressionTimezone": "Europe/Nowhere"},
        {"FlexibleTimeWindow": {"Mode": "FLEXIBLE"}},
        {"StartDate": NOON - timedelta(minutes=6)},
    ],
)
def test_what_is_wrong_is_refused_and_nothing_is_kept(scheduler: Scheduler, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationException):
        scheduler.create_schedule(settings() | wrong)

    assert scheduler.list_schedules({})["Schedules"] == []


def test_a_start_is_refused_in_the_words_of_aws(scheduler: Scheduler) -> None:
    with pytest.raises(ValidationException, match="cannot be earlier than 5 minutes ago"):
        scheduler.create_schedule(settings(StartDate=NOON - timedelta(seconds=301)))
    scheduler.create_schedule(settings(StartDate=NOON - timedelta(seconds=299)))
    scheduler.create_schedule(settings("once", "at(2027-01-01T00:00:00)", StartDate=NOON - timedelta(days=9)))


def test_a_schedule_that_began_long_ago_can_be_changed(service: StepFunctions, scheduler: Scheduler) -> None:
    scheduler.create_schedule(settings(StartDate=NOON))
    turn(service, days=3)

    scheduler.update_schedule(settings(StartDate=NOON, Description="still"))

    assert scheduler.get_schedule({"Name": "daily"})["Description"] == "still"


def test_groups_hold_schedules_and_take_them_along(scheduler: Scheduler) -> None:
    scheduler.create_schedule_group({"Name": "night", "Tags": [{"Key": "a", "Value": "b"}]})
    scheduler.create_schedule(settings(GroupName="night"))
    scheduler.create_schedule(settings())
    arn = "arn:aws:scheduler:us-east-1:123456789012:schedule-group/night"

    assert scheduler.list_tags_for_resource({"ResourceArn": arn})["Tags"] == [{"Key": "a", "Value": "b"}]
    assert [each["Name"] for each in scheduler.list_schedule_groups({})["ScheduleGroups"]] == [
        "default",
        "night",
    ]
    assert len(scheduler.list_schedules({})["Schedules"]) == 2
    assert [each["GroupName"] for each in scheduler.list_schedules({"GroupName": "night"})["Schedules"]] == [
        "night"
    ]
    scheduler.delete_schedule_group({"Name": "night"})
    assert [each["GroupName"] for each in scheduler.list_schedules({})["Schedules"]] == ["default"]
    with pytest.raises(ResourceNotFoundException):
        scheduler.list_tags_for_resource({"ResourceArn": arn})


def test_schedules_are_listed_in_parts(scheduler: Scheduler) -> None:
    for number in range(7):
        scheduler.create_schedule(settings(f"s{number}", State="DISABLED" if number % 2 else "ENABLED"))

    names: list[str] = []
    token: dict[str, str] = {}
    while True:
        answer = scheduler.list_schedules({"MaxResults": 3, **token})
        assert len(answer["Schedules"]) <= 3
        names += [each["Name"] for each in answer["Schedules"]]
        if "NextToken" not in answer:
            break
        token = {"NextToken": answer["NextToken"]}

    assert names == [f"s{number}" for number in range(7)]
    assert len(scheduler.list_schedules({"State": "DISABLED"})["Schedules"]) == 3
    assert len(scheduler.list_schedules({"NamePrefix": "s6"})["Schedules"]) == 1
    for token_text in ("LTU=", "x", "OTk5OTk5OTk5OTk5OTk="):
        with pytest.raises(ValidationException, match="NextToken"):
            scheduler.list_schedules({"NextToken": token_text})


def test_a_schedule_is_gone_after_its_only_run_if_it_says_so(
    service: StepFunctions, scheduler: Scheduler
) -> None:
    orders = machine(service)
    scheduler.create_schedule(settings("once", "at(2026-01-01T13:00:00)", ActionAfterCompletion="DELETE"))
    scheduler.create_schedule(settings("kept", "at(2026-01-01T13:00:00)"))

    turn(service, hours=2)

    assert len(orders.executions) == 2
    assert [each["Name"] for each in scheduler.list_schedules({})["Schedules"]] == ["kept"]


def test_a_schedule_is_gone_after_its_end_if_it_says_so(service: StepFunctions, scheduler: Scheduler) -> None:
    orders = machine(service)
    end = NOON + timedelta(days=2)
    scheduler.create_schedule(settings(EndDate=end, ActionAfterCompletion="DELETE"))

    turn(service, days=5)

    assert len(orders.executions) == 3
    assert scheduler.list_schedules({})["Schedules"] == []


def test_the_last_run_of_a_schedule_that_is_gone_is_not_lost(tmp_path: Path) -> None:
    first = by_hand(SqliteStore(tmp_path / "store.db"))
    machine(first)
    window = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 600}
    first.triggers.scheduler.create_schedule(
        settings("once", "at(2026-01-01T13:00:00)", ActionAfterCompletion="DELETE", FlexibleTimeWindow=window)
    )
    turn(first, hours=1)
    assert first.triggers.all() == []
    assert len(first.store.resources(DELIVERY)) == 1
    first.close()

    second = by_hand(SqliteStore(tmp_path / "store.db"), NOON + timedelta(hours=1.1))
    orders = machine(second)
    turn(second, hours=11)
    settle(second)

    assert len(orders.executions) == 1
    second.close()


def test_a_time_that_has_passed_starts_nothing(service: StepFunctions, scheduler: Scheduler) -> None:
    orders = machine(service)
    scheduler.create_schedule(settings("late", "at(2025-12-31T00:00:00)"))

    turn(service, days=1)

    assert orders.executions == []
    assert counts(service, "schedule:late").matched == 0


def test_words_in_an_input_are_replaced(service: StepFunctions, scheduler: Scheduler) -> None:
    orders = machine(service)
    text = '{"at": "<aws.scheduler.scheduled-time>", "by": "<aws.scheduler.schedule-arn>"}'
    target = {"Arn": ORDERS, "RoleArn": ROLE, "Input": text}
    scheduler.create_schedule(settings("once", "at(2026-01-01T13:00:00)", Target=target))

    turn(service, hours=1)

    assert orders.executions[0].input == {
        "at": "2026-01-01T13:00:00Z",
        "by": "arn:aws:scheduler:us-east-1:123456789012:schedule/default/once",
    }


def test_dates_survive_the_process(tmp_path: Path) -> None:
    first = by_hand(SqliteStore(tmp_path / "store.db"))
    machine(first)
    end = NOON + timedelta(days=2)
    first.triggers.scheduler.create_schedule(settings(EndDate=end))
    first.close()

    second = by_hand(SqliteStore(tmp_path / "store.db"))
    told = second.triggers.scheduler.get_schedule({"Name": "daily"})

    assert told["EndDate"] == end
    assert isinstance(told["CreationDate"], datetime)
    second.close()
