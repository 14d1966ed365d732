"""Actions at moments of a clock: of the time of day, or of a clock that is turned by hand.

One thread waits for the earliest of all; none does while there is nothing to wait for.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
from collections.abc import Callable
from datetime import datetime

from sfnb.engine.clock import Clock

log = logging.getLogger("sfnb")

LONGEST_SECONDS = 30.0
"""After that the clock is looked at again: it may have been set, or the machine been asleep."""

LONGEST_CLOSING_SECONDS = 5.0


class Timer:
    """Something that is going to be done; `cancel` gives it up."""

    __slots__ = ("action", "cancelled", "moment")

    def __init__(self, moment: datetime, action: Callable[[], None]) -> None:
        self.moment = moment
        self.action = action
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class Timetable:
    """What is to be done, and when. clock: asked for anew each time, as another may be taken."""

    def __init__(self, clock: Callable[[], Clock]) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._numbers = itertools.count()
        self._timers: list[tuple[datetime, int, Timer]] = []
        self._thread: threading.Thread | None = None
        self._closed = False

    def at(self, moment: datetime, action: Callable[[], None]) -> Timer:
        """Have something done at `moment`, or at once where that is past; on the timetable's thread."""
        timer = Timer(moment, action)
        with self._changed:
            if self._closed:
                return timer
            heapq.heappush(self._timers, (moment, next(self._numbers), timer))
        self.look_again()
        return timer

    def look_again(self) -> None:
        """The clock is another one now."""
        with self._changed:
            if self._timers and self._thread is None and not self._closed and not self._clock().jumps:
                self._thread = threading.Thread(target=self._wait, name="sfnb timetable", daemon=True)
                self._thread.start()
            self._changed.notify()

    def next(self) -> datetime | None:
        """When the earliest is due."""
        with self._changed:
            self._forget_cancelled()
            return self._timers[0][0] if self._timers else None

    def due(self, moment: datetime) -> Timer | None:
        """The earliest that is due by `moment`, taken out."""
        with self._changed:
            self._forget_cancelled()
            if self._timers and self._timers[0][0] <= moment:
                return heapq.heappop(self._timers)[2]
            return None

    def _forget_cancelled(self) -> None:
        while self._timers and self._timers[0][2].cancelled:
            heapq.heappop(self._timers)

    def _wait(self) -> None:
        while True:
            with self._changed:
                self._forget_cancelled()
                if self._closed or not self._timers or self._clock().jumps:
                    self._thread = None
                    return
                ahead = (self._timers[0][0] - self._clock().now()).total_seconds()
                if ahead > 0:
                    self._changed.wait(min(ahead, LONGEST_SECONDS))
                    continue
            timer = self.due(self._clock().now())
            if timer is not None:
                perform(timer)

    def close(self) -> None:
        """Nothing more is done; what is being done is waited for."""
        with self._changed:
            self._closed = True
            self._timers.clear()
            self._changed.notify_all()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(LONGEST_CLOSING_SECONDS)


def perform(timer: Timer) -> None:
    """Do what was to be done; what it raises is logged."""
    try:
        timer.action()
    except Exception:
        log.exception("what was to be done at %s failed", timer.moment.isoformat())
