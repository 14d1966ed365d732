"""Schedules as they run: a year in a second, missed runs, overlaps, windows, many at once."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import sleep
from typing import Any

import pytest

from sfnb.engine.clock import JumpClock
from sfnb.errors import SfnbError, StoreFault
from sfnb.machine import load_machine
from sfnb.on import On
from sfnb.service import StepFunctions
from sfnb.stores.memory import MemoryStore
from sfnb.stores.sqlite import SqliteStore
from sfnb.triggers.kept import DELIVERY
from tests.triggers.by_hand import NOON, SUCCEED, by_hand, counts, machine, settle, turn

START = NOON + timedelta(seconds=1)
WAITS = {"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 5400, "End": True}}}


@pytest.fixture
def service() -> Iterator[StepFunctions]:
    service = by_hand(now=START)
    yield service
    service.close()


def times(of: Any) -> list[datetime]:
    return sorted(execution.start_date for execution in of.executions)


def test_a_year_of_working_days_is_over_at_once(service: StepFunctions) -> None:
    orders = machine(service)
    orders.on.schedule("cron(0 8 ? * MON-FRI *)", timezone="Europe/Berlin", input={"n": 1})

    turn(service, days=365)

    began = times(orders)
    assert len(began) == 261
    assert {each.weekday() for each in began} == {0, 1, 2, 3, 4}
    assert {each.hour for each in began} == {6, 7}  # summer and winter, in UTC
    assert orders.executions[0].input == {"n": 1}
    assert counts(service, "schedule:orders-schedule").started == 261


def test_an_hour_that_clocks_skip_has_no_run_and_one_that_they_repeat_has_one(service: StepFunctions) -> None:
    orders = machine(service)
    orders.on.schedule("cron(30 2 * * ? *)", timezone="Europe/Berlin")

    turn(service, days=365)

    days = [each.date() for each in times(orders)]
    assert len(days) == len(set(days)) == 364
    assert datetime(2026, 3, 29).date() not in days
    assert datetime(2026, 10, 25).date() in days


def test_a_rate_runs_when_it_is_made_and_then_each_interval(service: StepFunctions) -> None:
    orders = machine(service)
    orders.on.schedule("rate(7 minutes)")

    turn(service, minutes=21)

    assert [each - START for each in times(orders)] == [timedelta(minutes=7 * n) for n in range(4)]


def test_a_schedule_keeps_to_its_start_and_end(service: StepFunctions) -> None:
    orders = machine(service)
    begin, end = NOON + timedelta(hours=1), NOON + timedelta(hours=3)
    orders.on.schedule("rate(1 hour)", start=begin, end=end)

    turn(service, days=1)

    assert times(orders) == [begin, begin + timedelta(hours=1), end]


def test_a_disabled_schedule_starts_nothing_and_makes_up_for_nothing(service: StepFunctions) -> None:
    orders = machine(service)
    trigger = orders.on.schedule("cron(0 * * * ? *)", missed="all")
    trigger.disable()
    turn(service, hours=5)

    trigger.enable()
    turn(service, hours=2)

    assert times(orders) == [NOON + timedelta(hours=6), NOON + timedelta(hours=7)]


def test_a_schedule_that_is_changed_keeps_what_it_has_counted(service: StepFunctions) -> None:
    orders = machine(service)
    orders.on.schedule("cron(0 * * * ? *)")
    turn(service, hours=3)

    orders.on.schedule("cron(30 * * * ? *)")
    turn(service, hours=2)

    assert [each.minute for each in times(orders)] == [0, 0, 0, 30, 30]
    assert counts(service, "schedule:orders-schedule").started == 5


# What was missed


def later(folder: Path, hours: float, **options: Any) -> tuple[StepFunctions, Any]:
    """A machine with an hourly schedule, some hours after its process has ended; settled."""
    first = by_hand(SqliteStore(folder / "store.db"), START)
    machine(first).on.schedule("cron(0 * * * ? *)", **options)
    turn(first, hours=2)
    first.close()
    second = by_hand(SqliteStore(folder / "store.db"), NOON + timedelta(hours=2 + hours))
    orders = machine(second)
    turn(second, seconds=1)
    settle(second)
    return second, orders


@pytest.mark.parametrize(
    ("missed", "made_up_for", "words"),
    [
        ("skip", [], "missed 5 runs since 2026-01-01 15:00 UTC: skipped"),
        ("once", [7], "missed 5 runs since 2026-01-01 15:00 UTC: made up for by one"),
        ("all", [3, 4, 5, 6, 7], "missed 5 runs since 2026-01-01 15:00 UTC: made up for"),
    ],
)
def test_what_came_while_the_process_was_away(
    tmp_path: Path, missed: str, made_up_for: list[int], words: str
) -> None:
    service, orders = later(tmp_path, 5.5, missed=missed)

    seen = counts(service, "schedule:orders-schedule")
    assert [adopted.missed for adopted in service.taken_up] == [words]
    assert len(orders.executions) == 2 + len(made_up_for)
    dropped = 5 - len(made_up_for)
    assert sum(seen.dropped.values()) == dropped
    assert (seen.last - NOON) == timedelta(hours=max([2, *made_up_for]))
    turn(service, minutes=30)
    assert len(orders.executions) == 3 + len(made_up_for)
    service.close()


def test_a_process_that_was_away_for_seconds_has_missed_nothing(tmp_path: Path) -> None:
    service, orders = later(tmp_path, 1 + 30 / 3600, missed="skip")

    assert len(orders.executions) == 3
    assert counts(service, "schedule:orders-schedule").dropped == {}
    service.close()


@pytest.mark.parametrize(("missed", "runs"), [("skip", 1), ("once", 1), ("all", 6)])
def test_what_came_while_the_machine_slept(service: StepFunctions, missed: Any, runs: int) -> None:
    orders = machine(service)
    orders.on.schedule("cron(0 * * * ? *)", missed=missed)
    service.world.clock.jump(NOON + timedelta(hours=6))  # nothing was done meanwhile

    turn(service, seconds=1)

    # the one of this very moment is not late; with it, one of those before is wanted no more
    assert len(orders.executions) == runs
    assert sum(counts(service, "schedule:orders-schedule").dropped.values()) == 6 - runs


def test_a_century_that_was_missed_is_counted_quickly(tmp_path: Path) -> None:
    first = by_hand(SqliteStore(tmp_path / "store.db"), START)
    machine(first).on.schedule("cron(* * * * ? *)")
    first.close()

    second = by_hand(SqliteStore(tmp_path / "store.db"), NOON + timedelta(days=36525))
    machine(second)
    turn(second, seconds=1)

    (adopted,) = second.taken_up
    assert adopted.missed.startswith("missed 52,59")
    second.close()


# Overlaps


def test_a_run_is_left_out_while_the_one_before_goes_on(service: StepFunctions) -> None:
    orders = machine(service, definition=WAITS)
    orders.on.schedule("cron(0 * * * ? *)", overlap="skip")

    turn(service, hours=6)

    # each takes an hour and a half of the clock that is turned
    assert [(each - NOON) // timedelta(hours=1) for each in times(orders)] == [1, 3, 5]
    seen = counts(service, "schedule:orders-schedule")
    assert sum(seen.dropped.values()) == 3
    assert service.triggers.deliverer.dead.all() == []


def test_of_missed_runs_that_are_made_up_for_none_overlap(tmp_path: Path) -> None:
    first = by_hand(SqliteStore(tmp_path / "store.db"), START)
    machine(first, definition=WAITS).on.schedule("cron(0 * * * ? *)", missed="all", overlap="skip")
    first.close()

    second = by_hand(SqliteStore(tmp_path / "store.db"), NOON + timedelta(hours=5.5))
    orders = machine(second, definition=WAITS)
    turn(second, seconds=1)
    settle(second)

    assert len(orders.executions) == 1
    assert sum(counts(second, "schedule:orders-schedule").dropped.values()) == 4
    second.close()


# Flexible windows


def test_a_run_comes_somewhere_in_its_window(service: StepFunctions) -> None:
    orders = machine(service)
    orders.on.schedule("cron(0 * * * ? *)", window=timedelta(minutes=30))

    turn(service, hours=24)

    late = [timedelta(minutes=each.minute, seconds=each.second) for each in times(orders)]
    assert 23 <= len(late) <= 24
    assert max(late) <= timedelta(minutes=30)
    assert len(set(late)) > 10


@pytest.mark.parametrize(
    "window", [timedelta(seconds=30), timedelta(seconds=90), timedelta(), -timedelta(hours=1)]
)
def test_a_window_of_no_whole_minutes_is_refused(service: StepFunctions, window: timedelta) -> None:
    with pytest.raises(SfnbError, match="whole minutes are due"):
        machine(service).on.schedule("rate(1 day)", window=window)

    assert service.triggers.all() == []


def test_a_process_that_ends_in_the_window_leaves_the_run_to_the_next(tmp_path: Path) -> None:
    first = by_hand(SqliteStore(tmp_path / "store.db"), START)
    machine(first).on.schedule("at(2026-01-01T13:00:00)", window=timedelta(hours=10))
    turn(first, hours=1)
    assert len(first.store.resources(DELIVERY)) == 1
    first.close()

    second = by_hand(SqliteStore(tmp_path / "store.db"), NOON + timedelta(hours=1, seconds=2))
    orders = machine(second)
    assert orders.executions == []
    turn(second, hours=11)

    assert len(orders.executions) == 1
    second.close()


# Many


def schedule_many(service: StepFunctions, arn: str, count: int) -> None:
    on = On(service, arn)
    for number in range(count):
        on.schedule("cron(0 * * * ? *)", name=f"schedule-{number}", input={"n": number})


class Counting(MemoryStore):
    """Counts its transactions, as a store does that outlives the process."""

    durable = True
    full = False

    def __init__(self) -> None:
        super().__init__()
        self.transactions: list[int] = []

    def change_resources(self, *, keep: Any = (), drop: Any = ()) -> None:
        if self.full:
            raise StoreFault("the disk is full")
        self.transactions.append(len(keep))
        super().change_resources(keep=keep, drop=drop)


def test_a_thousand_that_are_due_together_are_kept_in_one_transaction() -> None:
    store = Counting()
    service = by_hand(store, START)
    orders = machine(service)
    schedule_many(service, orders.arn, 1000)
    store.transactions.clear()

    turn(service, hours=1)
    settle(service)

    assert store.transactions[0] == 2000  # what is delivered, and up to when each has been dealt with
    assert sum(kept > 0 for kept in store.transactions) == 1
    assert sorted(execution.input["n"] for execution in orders.executions) == list(range(1000))
    service.close()


def test_a_thousand_idle_schedules_wake_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    service = StepFunctions()
    orders = machine(service)
    looks: list[int] = []
    timetable = service.triggers.timetable

    class Watched(JumpClock):
        jumps = False

        def now(self) -> datetime:
            looks.append(1)
            return super().now()

    service.world.clock = Watched(datetime(2026, 1, 1, 12, 0, 30, tzinfo=UTC), frozen=True)
    schedule_many(service, orders.arn, 1000)
    timetable._changed.acquire()
    timetable._changed.release()
    looks.clear()

    assert not any(lane.threads for lane in service.triggers.deliverer._lanes.values())
    assert timetable.next() == datetime(2026, 1, 1, 13, tzinfo=UTC)
    sleep(0.3)  # time in which it might be awake
    assert len(looks) <= 1
    service.close()


def test_what_is_due_while_the_store_is_full_is_done_later(caplog: pytest.LogCaptureFixture) -> None:
    store = Counting()
    service = by_hand(store, START)
    orders = machine(service)
    orders.on.schedule("cron(0 * * * ? *)")

    store.full = True
    turn(service, hours=1)
    assert orders.executions == []
    store.full = False
    turn(service, seconds=10)
    turn(service, hours=1)

    assert len(orders.executions) == 2
    assert "tried again" in caplog.text
    service.close()


def test_one_schedule_that_cannot_be_fired_hinders_no_other(
    service: StepFunctions, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    orders = machine(service)
    orders.on.schedule("cron(0 * * * ? *)", name="good")
    gone = load_machine(service, SUCCEED, name="gone")
    gone.on.schedule("cron(0 * * * ? *)", name="bad")
    service.delete_state_machine(gone.arn)

    turn(service, hours=2)

    assert len(orders.executions) == 2
    assert counts(service, "schedule:bad").started == 0
    assert len(service.triggers.deliverer.dead.all()) == 2
