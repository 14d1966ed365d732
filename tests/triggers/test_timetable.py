"""Actions at moments of a clock."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfnb.engine.clock import JumpClock, RealClock
from sfnb.triggers.timetable import Timetable, perform
from tests.triggers.by_hand import NOON, SECONDS, until


def turned(timetable: Timetable, clock: JumpClock, end: datetime) -> None:
    while (timer := timetable.due(end)) is not None:
        clock.jump(timer.moment)
        perform(timer)


@given(st.lists(st.tuples(st.integers(0, 50), st.booleans()), max_size=40))
def test_what_is_due_is_done_in_its_order_and_what_is_cancelled_is_not(
    timers: list[tuple[int, bool]],
) -> None:
    clock = JumpClock(NOON, frozen=True)
    timetable = Timetable(lambda: clock)
    done: list[tuple[int, int]] = []
    for number, (second, cancelled) in enumerate(timers):
        timer = timetable.at(
            NOON + timedelta(seconds=second), lambda told=(second, number): done.append(told)
        )
        if cancelled:
            timer.cancel()

    turned(timetable, clock, NOON + timedelta(seconds=25))

    wanted = [(second, number) for number, (second, cancelled) in enumerate(timers) if not cancelled]
    assert done == sorted(each for each in wanted if each[0] <= 25)


def test_nobody_waits_while_there_is_nothing_to_wait_for() -> None:
    before = threading.active_count()
    timetable = Timetable(RealClock)
    done = threading.Event()
    assert threading.active_count() == before

    timetable.at(RealClock().now() + timedelta(seconds=0.01), done.set)

    assert done.wait(SECONDS)
    until(lambda: threading.active_count() == before)


def test_an_earlier_one_is_not_kept_waiting_by_a_later_one() -> None:
    timetable = Timetable(RealClock)
    now = RealClock().now()
    done = threading.Event()
    timetable.at(now + timedelta(days=1), lambda: None)

    timetable.at(now, done.set)

    assert done.wait(SECONDS)
    timetable.close()


def test_what_is_due_when_it_is_closed_is_not_done_any_more() -> None:
    timetable = Timetable(RealClock)
    started, release, done = threading.Event(), threading.Event(), threading.Event()

    def slow() -> None:
        started.set()
        release.wait(SECONDS)

    timetable.at(RealClock().now(), slow)
    timetable.at(RealClock().now(), done.set)
    assert started.wait(SECONDS)
    closing = threading.Thread(target=timetable.close)
    closing.start()
    until(lambda: timetable.next() is None)
    release.set()
    closing.join(SECONDS)
    timetable.at(RealClock().now(), done.set)

    assert not done.is_set()
    assert timetable.next() is None
    assert "sfnb timetable" not in {thread.name for thread in threading.enumerate()}


def test_one_that_fails_hinders_no_other(caplog: pytest.LogCaptureFixture) -> None:
    clock = JumpClock(NOON, frozen=True)
    timetable = Timetable(lambda: clock)
    done: list[str] = []
    timetable.at(NOON, _fail)
    timetable.at(NOON, lambda: done.append("done"))

    turned(timetable, clock, NOON)

    assert done == ["done"]
    assert "failed" in caplog.text


def test_no_thread_waits_on_a_clock_that_is_turned_by_hand() -> None:
    clock = JumpClock(NOON, frozen=True)
    timetable = Timetable(lambda: clock)

    timetable.at(NOON - timedelta(days=1), lambda: None)

    assert "sfnb timetable" not in {thread.name for thread in threading.enumerate()}


def _fail() -> None:
    raise ValueError("as it has to")
