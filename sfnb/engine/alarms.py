"""What a run is to do at moments of its clock, and how it sleeps until then."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sfnb.engine.events import Event
    from sfnb.engine.run import Run


class Timer:
    """Something to do at a moment, unless it is given up before.

    timeout: it bounds how long something may take, and so counts real time beside a running call.
    """

    __slots__ = ("action", "timeout")

    def __init__(self, action: Callable[[], None] | None, timeout: bool) -> None:
        self.action = action
        self.timeout = timeout

    def cancel(self) -> None:
        self.action = None

    def repeat(self, event: Event) -> None:
        """A replayed log goes on with `event`: it had rung."""
        action, self.action = self.action, None
        if action is not None:
            action()


class Alarms:
    """The timers of one run.

    oldest_age: the one that ends what AWS lets no execution outlive; None where something shorter does.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.oldest_age: Timer | None = None
        self._timers: list[tuple[datetime, int, Timer]] = []
        self._order = itertools.count()
        self._handle: Any = None
        self._moment: datetime | None = None

    def at(self, moment: datetime, action: Callable[[], None], *, timeout: bool = False) -> Timer:
        """Do something at `moment` of the execution's clock."""
        timer = Timer(action, timeout)
        heapq.heappush(self._timers, (moment, next(self._order), timer))
        return timer

    def clear(self) -> None:
        self._timers.clear()
        self._disarm()

    def ring(self) -> None:
        """Do all that is due."""
        timers, run = self._timers, self.run
        while timers and timers[0][0] <= run.now and not run.ended:
            action = heapq.heappop(timers)[2].action
            if action is not None:
                action()

    def sleep(self) -> None:
        """Nothing can go on: wait for the next timer, or jump to it when nothing is running."""
        timers, run = self._timers, self.run
        while timers and timers[0][2].action is None:
            heapq.heappop(timers)
        if run.clock.jumps and not run.running_calls:
            run.sleepers.sleep(run, None if self._awaits_answers() or not timers else timers[0][0])
            if run.scheduled:
                self._disarm()
                return
        moment = self._due()
        if moment == self._moment:
            return  # set already; a frozen clock would begin the delay anew
        self._disarm()
        if moment is not None:
            delay = (moment - run.clock.now()).total_seconds()
            self._handle = run.engine.later(max(delay, 0.0), self._rang)
            self._moment = moment

    def _awaits_answers(self) -> bool:
        """Whether nothing is due but the age that AWS lets no execution outlive, and somebody is about to
        end what that would end: a task token is open, or a child execution goes on.
        """
        run = self.run
        return (
            bool(self._timers)
            and self._timers[0][2] is self.oldest_age
            and bool(run.open_map_runs or run.open_tokens)
        )

    def _due(self) -> datetime | None:
        """The moment to wake at in real time. A frozen clock wakes so for time-outs alone: what else is
        due waits until it can jump there, or equal runs would differ with the machine's load.
        """
        if self.run.clock.frozen:
            limits = (moment for moment, _, timer in self._timers if timer.timeout and timer.action)
            return min(limits, default=None)
        return self._timers[0][0] if self._timers else None

    def _rang(self) -> None:
        """A real delay is over; a jumping clock that stood still is moved on by it."""
        moment, run = self._moment, self.run
        self._disarm()
        if not run.ended and moment is not None and run.clock.jumps:
            run.clock.jump(moment)
        run.turn()

    def _disarm(self) -> None:
        handle, self._handle, self._moment = self._handle, None, None
        if handle is not None:
            handle.cancel()
