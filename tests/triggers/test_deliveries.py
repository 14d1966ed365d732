"""From what a trigger has received to what it starts: retries, dead letters, and the end of the process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfnb.engine.clock import JumpClock
from sfnb.errors import StoreFault
from sfnb.service import StepFunctions
from sfnb.stores.memory import MemoryStore
from sfnb.stores.sqlite import SqliteStore
from sfnb.triggers import dead_letters
from sfnb.triggers.deliveries import Deliverer, Delivery
from sfnb.triggers.kept import DELIVERY, Shelf
from sfnb.triggers.ports import Refused
from sfnb.triggers.records import Counts
from sfnb.triggers.timetable import Timetable, perform
from tests.triggers.by_hand import (
    NOON,
    SECONDS,
    by_hand,
    counts,
    letters,
    machine,
    numbers,
    put,
    rule,
    settle,
    turn,
    until,
)

ORDERS = "arn:aws:states:us-east-1:123456789012:stateMachine:orders"
GONE = "arn:aws:states:us-east-1:123456789012:stateMachine:gone"


@pytest.fixture(params=["memory", "sqlite"])
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StepFunctions]:
    store = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "store.db")
    service = by_hand(store)
    yield service
    service.close()


class Around:
    """A deliverer whose target does what it is told: "ok", or raises. now: of its clock."""

    def __init__(self, *answers: Any, store: MemoryStore | None = None) -> None:
        self.answers = list(answers)
        self.clock = JumpClock(NOON, frozen=True)
        self.store = store or MemoryStore()
        self.tried: list[timedelta] = []
        self.counts = Counts()
        self.gave_up: list[str] = []
        self.timetable = Timetable(lambda: self.clock)
        self.deliverer = Deliverer(
            self,  # type: ignore[arg-type]  # only its clock is asked
            self.timetable,
            Shelf(lambda: self.store),
            self._send,
            lambda key: self.counts,
            lambda delivery, letter: self.gave_up.append(letter.id),
        )

    def _send(self, delivery: Delivery) -> str | None:
        self.tried.append(self.clock.now() - NOON)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return str(answer)

    def deliver(self, *, id: str = "one", **target: Any) -> None:
        self.deliverer.accept([delivery(id, **target)])
        assert self.deliverer.wait(SECONDS)

    def turn(self, days: float) -> None:
        end = self.clock.now() + timedelta(days=days)
        while (timer := self.timetable.due(end)) is not None:
            self.clock.jump(timer.moment)
            perform(timer)
            assert self.deliverer.wait(SECONDS)
        self.clock.jump(end)


def delivery(id: str = "one", **target: Any) -> Delivery:
    return Delivery(
        id=id,
        trigger="event:rule",
        source="arn:aws:events:us-east-1:123456789012:rule/rule",
        principal="events.amazonaws.com",
        target={"Arn": ORDERS, **target},
        input="{}",
        received=NOON,
    )


BUSY = Refused("Throttling", "later", again=True)


# Retries. Source: EventBridge guide, "How EventBridge retries delivering events"


def test_what_fails_for_a_while_is_tried_ever_more_seldom() -> None:
    around = Around(BUSY)

    around.deliver()
    around.turn(days=2)

    pauses = [later - before for before, later in zip(around.tried, around.tried[1:], strict=False)]
    for number, pause in enumerate(pauses):
        longest = min(2.0**number, 600)
        assert timedelta(seconds=longest / 2) <= pause <= timedelta(seconds=longest)
    assert len(set(pauses[12:])) > 10  # they are drawn, each anew
    around.deliverer.close()


def test_a_delivery_is_given_up_after_a_day() -> None:
    around = Around(BUSY)

    around.deliver()
    around.turn(days=2)

    (letter,) = around.deliverer.dead.all()
    assert letter.condition in ("MaximumEventAgeInSeconds", "MaximumRetryAttempts")
    assert timedelta(hours=20) < around.tried[-1] <= timedelta(days=1)
    assert len(around.tried) <= 186
    assert around.gave_up == ["one"]
    assert around.counts.dropped == {"Throttling: later": 1}
    around.deliverer.close()


@pytest.mark.parametrize(("most", "attempts"), [(0, 1), (1, 2), (5, 6), (185, 186)])
def test_so_many_retries_are_made_as_the_target_says(most: int, attempts: int) -> None:
    around = Around(BUSY)

    around.deliver(RetryPolicy={"MaximumRetryAttempts": most, "MaximumEventAgeInSeconds": 10**7})
    around.turn(days=10)

    assert len(around.tried) == attempts
    (letter,) = around.deliverer.dead.all()
    assert (letter.condition, letter.attempts) == ("MaximumRetryAttempts", attempts)
    around.deliverer.close()


def test_a_delivery_is_tried_no_longer_than_the_target_says() -> None:
    around = Around(BUSY)

    around.deliver(RetryPolicy={"MaximumEventAgeInSeconds": 60})
    around.turn(days=1)

    assert around.tried[-1] <= timedelta(seconds=60)
    (letter,) = around.deliverer.dead.all()
    assert letter.condition == "MaximumEventAgeInSeconds"
    around.deliverer.close()


def test_what_is_refused_for_good_is_a_dead_letter_at_once() -> None:
    around = Around(Refused("StateMachineDoesNotExist", "there is none"))

    around.deliver()

    (letter,) = around.deliverer.dead.all()
    assert (letter.code, letter.condition, letter.attempts) == ("StateMachineDoesNotExist", "", 1)
    assert around.timetable.next() is None
    around.deliverer.close()


def test_a_function_that_fails_is_called_twice_more_as_lambda_does() -> None:
    around = Around(Refused("FunctionError", "ZeroDivisionError", again=True))

    around.deliver()
    around.turn(days=1)

    assert around.tried == [timedelta(0), timedelta(minutes=1), timedelta(minutes=3)]
    assert len(around.deliverer.dead.all()) == 1
    around.deliverer.close()


def test_a_fault_that_nobody_foresaw_loses_nothing(caplog: pytest.LogCaptureFixture) -> None:
    around = Around(ZeroDivisionError("division by zero"), "execution")

    around.deliver()
    around.turn(days=1)

    assert len(around.tried) == 2
    assert around.counts.started == 1
    assert "could not be passed on" in caplog.text
    around.deliverer.close()


def test_what_its_user_wants_left_out_is_no_dead_letter() -> None:
    around = Around(Refused("OVERLAP", "the one before goes on"))

    around.deliver()

    assert around.deliverer.dead.all() == []
    assert around.counts.dropped == {"OVERLAP: the one before goes on": 1}
    around.deliverer.close()


# The store


class Faulty(MemoryStore):
    """Takes nothing while it is `full`."""

    durable = True
    full = False

    def change_resources(self, **changes: Any) -> None:
        if self.full:
            raise StoreFault("the disk is full")
        super().change_resources(**changes)


def test_what_cannot_be_kept_is_not_accepted() -> None:
    store = Faulty()
    around = Around("execution", store=store)
    store.full = True

    with pytest.raises(StoreFault):
        around.deliverer.accept([delivery()])

    assert around.deliverer.wait(SECONDS)
    assert around.tried == []
    around.deliverer.close()


def test_a_dead_letter_waits_until_it_can_be_kept() -> None:
    store = Faulty()
    around = Around(Refused("Gone", "for good"), store=store)
    store.keep_resource("delivery:one", DELIVERY, b"{}")
    store.full = True
    around.deliverer.take_up([delivery()])
    assert around.deliverer.wait(SECONDS)
    assert around.deliverer.dead.all() == []

    store.full = False
    around.turn(days=0.1)

    assert [each.id for each in around.deliverer.dead.all()] == ["one"]
    assert store.resources(DELIVERY) == []
    assert around.counts.dropped == {"Gone: for good": 1}
    around.deliverer.close()


def test_what_has_begun_is_forgotten_though_the_store_was_full_meanwhile() -> None:
    store = Faulty()
    around = Around("execution", store=store)
    store.keep_resource("delivery:one", DELIVERY, b"{}")
    store.full = True
    around.deliverer.take_up([delivery()])
    assert around.deliverer.wait(SECONDS)

    store.full = False
    around.deliver(id="two")

    until(lambda: store.resources(DELIVERY) == [])
    around.deliverer.close()


def test_the_oldest_dead_letters_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dead_letters, "MOST_DEAD_LETTERS", 3)
    around = Around(Refused("Gone", "for good"))

    for id in ("a", "b", "c", "d", "e"):
        around.deliver(id=id)

    assert [each.id for each in around.deliverer.dead.all()] == ["c", "d", "e"]
    around.deliverer.close()


OUTCOMES = st.sampled_from(
    ["ok", "busy", "for good", "a store fault", "a surprise", "OVERLAP", "FunctionError"]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(OUTCOMES, min_size=1, max_size=4), min_size=1, max_size=8), st.integers(0, 4))
def test_what_was_accepted_has_begun_or_is_dead_or_pending_and_only_one_of_these(
    fates: list[list[str]], turns: int
) -> None:
    """fates: what comes of each attempt; the last of them of all further ones."""
    store = Faulty()
    around = Around("-", store=store)
    left = {str(number): list(fate) for number, fate in enumerate(fates)}
    begun: list[str] = []
    skipped: list[str] = []

    def send(given: Delivery) -> str | None:
        outcome = left[given.id].pop(0) if len(left[given.id]) > 1 else left[given.id][0]
        if outcome == "ok":
            begun.append(given.id)
            return given.id
        if outcome == "a store fault":
            raise StoreFault("full")
        if outcome == "a surprise":
            raise ZeroDivisionError
        if outcome == "OVERLAP":
            skipped.append(given.id)
        raise Refused(outcome, outcome, again=outcome in ("busy", "FunctionError"))

    around.deliverer._send = send
    around.deliverer.accept([delivery(id, RetryPolicy={"MaximumRetryAttempts": 6}) for id in left])
    assert around.deliverer.wait(SECONDS)
    for _ in range(turns):
        around.turn(days=0.0005)
    around.deliverer.close()

    dead = [each.id for each in around.deliverer.dead.all()]
    pending = [each.id for each in Shelf(lambda: store).all(DELIVERY, Delivery)]
    assert sorted(begun + dead + pending + skipped) == sorted(left)


# Through a service


def test_an_event_starts_an_execution_named_after_it(service: StepFunctions) -> None:
    orders = machine(service)
    rule(service, "placed", orders.arn)

    (event,) = put(service, {"n": 1})
    settle(service)

    (execution,) = orders.executions
    assert execution.name.startswith(f"{event}_")
    assert len(execution.name) == 73
    assert counts(service, "event:placed").started == 1


def test_a_machine_that_is_not_there_is_a_dead_letter_with_its_input(service: StepFunctions) -> None:
    rule(service, "placed", GONE, InputPath="$.detail")

    put(service, {"n": 1})
    settle(service)

    (letter,) = letters(service)
    assert letter.code == "StateMachineDoesNotExist"
    assert letter.input == '{"n":1}'
    assert '"source":"shop"' in letter.event


def test_events_of_many_threads_start_one_execution_each(service: StepFunctions) -> None:
    orders = machine(service)
    rule(service, "placed", orders.arn)
    threads = [
        threading.Thread(target=put, args=(service, *({"n": 100 * thread + n} for n in range(25))))
        for thread in range(8)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    settle(service)

    assert numbers(orders) == sorted(100 * thread + n for thread in range(8) for n in range(25))
    seen = counts(service, "event:placed")
    assert (seen.matched, seen.started) == (200, 200)


def test_nothing_is_left_of_a_service_that_is_closed(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    service = StepFunctions(store=SqliteStore(tmp_path / "store.db"))
    orders = machine(service)
    rule(service, "placed", orders.arn, GONE)
    service.triggers.scheduler.create_schedule(
        {
            "Name": "often",
            "ScheduleExpression": "rate(1 minute)",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {"Arn": orders.arn, "RoleArn": "arn:aws:iam::123456789012:role/r"},
        }
    )
    put(service, *({"n": n} for n in range(50)))

    service.close()

    until(lambda: not [each for each in set(threading.enumerate()) - before if each.is_alive()])
    with pytest.raises(Refused, match="closed"):
        put(service, {"n": 1})


def test_a_service_is_closed_though_a_function_does_not_end() -> None:
    before = set(threading.enumerate())
    service = StepFunctions()
    release, began = threading.Event(), threading.Event()

    def stuck(event: Any) -> None:
        began.set()
        release.wait(SECONDS)

    service.registry.functions["stuck"] = stuck
    rule(service, "placed", "arn:aws:lambda:us-east-1:123456789012:function:stuck")
    service.triggers.deliverer.close = lambda: Deliverer.close(  # type: ignore[method-assign]
        service.triggers.deliverer, 0.1
    )
    put(service, {})
    assert began.wait(SECONDS)

    service.close()

    assert letters(service) == []
    until(lambda: "sfnb triggers" not in {each.name for each in set(threading.enumerate()) - before})
    release.set()


def test_what_is_left_is_passed_on_by_the_next_process(tmp_path: Path) -> None:
    first = by_hand(SqliteStore(tmp_path / "store.db"))
    orders = machine(first)
    rule(first, "placed", orders.arn)
    first.triggers.send = first.triggers.deliverer._send = _busy  # type: ignore[method-assign]
    put(first, *({"n": n} for n in range(5)))
    settle(first)
    first.close()

    second = by_hand(SqliteStore(tmp_path / "store.db"))
    again = machine(second)
    settle(second)

    assert numbers(again) == [0, 1, 2, 3, 4]
    assert [adopted.trigger.key for adopted in second.taken_up] == ["event:placed"]
    settle(second)
    until(lambda: second.store.resources(DELIVERY) == [])
    second.close()


def _busy(delivery: Delivery) -> str | None:
    raise BUSY


def test_a_function_of_a_service_that_fails_is_called_three_times(service: StepFunctions) -> None:
    calls: list[Any] = []

    def thumbnail(event: Any) -> None:
        calls.append(event)
        raise ValueError("no picture")

    service.registry.functions["thumbnail"] = thumbnail
    rule(service, "placed", "arn:aws:lambda:us-east-1:123456789012:function:thumbnail")
    put(service, {"n": 1})
    settle(service)

    turn(service, minutes=5)

    assert len(calls) == 3
    (letter,) = letters(service)
    assert letter.message == "ValueError: no picture"
    assert letter.condition == "MaximumRetryAttempts"


def test_slow_functions_hold_up_no_machine(service: StepFunctions) -> None:
    end, entered = threading.Event(), threading.Semaphore(0)

    def slow(event: Any) -> None:
        entered.release()
        end.wait(3 * SECONDS)

    service.registry.functions["slow"] = slow
    orders = machine(service)
    rule(service, "slow", "arn:aws:lambda:us-east-1:123456789012:function:slow")
    put(service, *({"n": n} for n in range(12)))
    try:
        for _ in range(12):
            assert entered.acquire(timeout=SECONDS)
        rule(service, "placed", orders.arn)
        put(service, {"n": 12})
        until(lambda: orders.executions)
    finally:
        end.set()
    settle(service)


def test_a_dead_letter_is_kept_even_where_nobody_can_be_told_of_it() -> None:
    around = Around(Refused("Gone", "for good"))
    around.gave_up = None  # type: ignore[assignment]  # so that to tell of it fails

    around.deliver()

    assert [letter.code for letter in around.deliverer.dead.all()] == ["Gone"]
    around.deliverer.close()
