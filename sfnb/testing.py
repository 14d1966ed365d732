"""For tests of state machines, and of notebooks that run them.

machine.run(order, clock=sfnb.testing.frozen_clock())      # every Wait at once, equal times each run
with sfnb.testing.repeatable(): ...                        # the same for all that runs inside
with sfnb.testing.calendar() as calendar:                  # a year of schedules in a second
    orders.on.schedule("cron(0 8 ? * MON-FRI *)")
    calendar.advance(days=365)
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from sfnb.engine.clock import JumpClock
from sfnb.engine.records import ExecutionFilter
from sfnb.service import Live, StepFunctions
from sfnb.stores.memory import MemoryStore

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
SETTLING_SECONDS = 10.0
"""How long what a calendar has started is waited for."""
LOOKS_SECONDS = 0.01
"""How often it is looked whether it awaits an answer."""


def frozen_clock(start: datetime = NEW_YEAR) -> JumpClock:
    """A clock that stands still but for the waits it jumps over: equal runs have equal times.

    start: an aware datetime.
    """
    return JumpClock(start, frozen=True)


class Calendar:
    """A clock that is turned by hand, for what comes at certain times."""

    def __init__(self, service: StepFunctions, clock: JumpClock) -> None:
        self._service = service
        self._clock = clock

    def now(self) -> datetime:
        return self._clock.now()

    def advance(self, until: datetime | None = None, **by: float) -> None:
        """Turn it: all that is due meanwhile is done, each thing at its time, one after the other.

        Then it waits until what was started has ended or awaits an answer from outside, ten seconds of real
        time at most; so does leaving the `with`.
        until: an aware datetime. by: as `timedelta` takes it: days=365, hours=1.
        """
        self._service.triggers.advance(until or self._clock.now() + timedelta(**by))
        self._settle()

    def _settle(self) -> None:
        """Wait until what was started has ended, or awaits an answer from outside."""
        deadline = time.monotonic() + SETTLING_SECONDS
        while (left := deadline - time.monotonic()) > 0:
            self._service.triggers.deliverer.wait(left)
            moving = self._moving()
            if moving is None:
                return
            moving.wait(min(left, LOOKS_SECONDS))

    def _moving(self) -> Live | None:
        """An execution on a clock that jumps, as a trigger gives it here, that does not stand still."""
        running = self._service.list_executions(ExecutionFilter(status=("RUNNING",)))
        awaited = {task.execution for task in self._service.list_task_tokens() if task.awaits_answer}
        lives = (
            self._service.execution(each.arn)
            for each in running
            if each.owner == "us" and each.arn not in awaited
        )
        moving = (live for live in lives if (run := live.run) is not None and run.clock.jumps)
        return next(moving, None)


@contextmanager
def calendar(start: datetime = NEW_YEAR, service: StepFunctions | None = None) -> Iterator[Calendar]:
    """Inside this `with`, schedules and the pauses before another attempt go by a clock turned by hand.

    What is started goes by clocks that begin at its time and jump over waits. Schedules that there were
    before are left alone. start: an aware datetime. service: the one behind `sfnb.load` unless given.
    """
    if service is None:
        from sfnb.default import service as default

        service = default()
    clock, before = JumpClock(start, frozen=True), service.world.clock
    aside = service.triggers.recurring.put_aside()
    service.world.clock = clock
    try:
        turned = Calendar(service, clock)
        yield turned
        turned._settle()
    finally:
        service.world.clock = before
        service.triggers.recurring.take_back(aside)
        service.triggers.timetable.look_again()


@contextmanager
def repeatable(service: StepFunctions | None = None, *, start: datetime = NEW_YEAR) -> Iterator[None]:
    """Inside this `with`, executions take their times from frozen clocks and are called execution-1,
    execution-2, ...; so ids that derive from names repeat too. They are kept in memory: what a file has from
    before changes nothing.

    service: the one behind `sfnb.load` unless given. Names that it has used already are left out.
    start: where each clock begins.
    """
    if service is None:
        from sfnb.default import service as default

        service = default()
    before = service.clock, service.names, service.store, service.scratch
    if service.store.durable:
        memory = service.scratch or MemoryStore()
        before = service.clock, service.names, service.store, memory
        service.store, service.scratch = memory, None
    used = {execution.name for execution in service.store.list(ExecutionFilter())}
    names = (name for number in itertools.count(1) if (name := f"execution-{number}") not in used)
    service.clock, service.names = (lambda: frozen_clock(start)), (lambda: next(names))
    try:
        yield
    finally:
        service.clock, service.names, service.store, service.scratch = before
