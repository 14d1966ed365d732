"""The starting of a map run's children: as many as may run at a time, a few in a turn.

Children are started while the feed has inputs and there is room. After 10 ms, or fifty of them, others have
their turn. The clock does not jump while more are about to be started, or the feed is awaited.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sfnb.asl.commands import RunChildren
from sfnb.engine import facts
from sfnb.engine.feed import END, NOT_READY, Feed, feed_of
from sfnb.engine.map_ports import Batch
from sfnb.errors import StatesError

if TYPE_CHECKING:
    from sfnb.engine.map_run import MapRun

PUMP_TIME = timedelta(milliseconds=10)
PUMP_CHILDREN = 50
"""After so long, or so many children, others have their turn; a frozen clock knows no time."""

CHANGED = StatesError(
    "States.ItemReaderFailed",
    "What the items are read from has changed since the map run began, so it cannot be taken up where it was",
)


class Pump:
    """Takes inputs from the feed and has a child started for each.

    all_read: the feed has no more. is_pumping: a turn is being taken.
    """

    def __init__(self, map_run: MapRun) -> None:
        self._map_run = map_run
        self._run = map_run.run
        self._feed: Feed | None = None
        self._due = False
        self._hungry = False
        self._counted = False
        self.all_read = False
        self.is_pumping = False

    def open(self, asked: RunChildren) -> None:
        """Begin to read; raises StatesError."""
        self._feed = feed_of(self._run, asked, self._more)

    def close(self) -> None:
        """Stop."""
        self.count(False)
        if self._feed is not None:
            self._feed.close()

    @property
    def left(self) -> int:
        """How many items were read and no child was started for; from any thread."""
        return 0 if self._feed is None else self._feed.left

    def _more(self) -> None:
        """From the feed's thread: it has something."""
        self._run.engine.post(self._pump_now)

    def soon(self) -> None:
        """Take a turn after the others; until then, the clock must not jump."""
        if not self._due:
            self._due = True
            self.count(True)
            self._run.rouse()
            self._run.engine.soon(self._pump_now)

    def _pump_now(self) -> None:
        self._due = False
        self._run.guard(self.pump_and_wake)

    def pump_and_wake(self) -> None:
        """Take a turn, and let the parent go on if that was the last."""
        if not self._run.ended:
            self._run.now = self._run.clock.now()
            self._pump()
            self._run.wake()

    def _pump(self) -> None:
        """Start children, as many as may run at a time, for a while."""
        map_run = self._map_run
        if self.is_pumping or map_run.status != "RUNNING":
            return
        self.is_pumping = True
        map_run.forget_oldest()
        try:
            out_of_time = self._start_some()
        finally:
            self.is_pumping = False
        if out_of_time:
            self.soon()
        map_run.finish_if_done()
        self.count(map_run.status == "RUNNING" and (self._due or self._hungry))

    def _start_some(self) -> bool:
        """Whether it stopped only because others have to have their turn."""
        map_run, clock = self._map_run, self._run.clock
        until = clock.now() + PUMP_TIME
        self._hungry = False
        for _ in range(PUMP_CHILDREN):
            if map_run.failure or self.all_read or not map_run.has_room or not self._start_next():
                return False
            if clock.now() >= until:
                break
        return True

    def _start_next(self) -> bool:
        """Start the next child; False where there is none yet, or none any more."""
        feed = self._feed
        assert feed is not None
        try:
            batch = feed.take()
            if batch is NOT_READY:
                self._hungry = True
                return False
            self._check_unchanged(feed.fingerprint)
            if batch is not END and self._map_run.begins:
                self._map_run.run.map_data.start_children()
        except StatesError as fault:
            self._map_run.failure = fault
            return False
        if batch is END:
            self.all_read = True
            return False
        assert isinstance(batch, Batch)
        self._map_run.start(batch)
        return True

    def _check_unchanged(self, fingerprint: str | None) -> None:
        """What is read must be what was read before; raises StatesError where it is not."""
        map_run = self._map_run
        if fingerprint == map_run.fingerprint:
            return
        if map_run.fingerprint is not None:
            raise CHANGED
        assert fingerprint is not None
        map_run.fingerprint = fingerprint
        map_run.frame.fact(facts.ItemsRead, fingerprint=fingerprint)
        self._run.engine.journal.add(self._run)

    def count(self, running: bool) -> None:
        """Whether the clock has to stand."""
        self._run.running_calls += running - self._counted
        self._counted = running
