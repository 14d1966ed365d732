"""What the service keeps: state machines, and executions under way or ended."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

import msgspec

from sfnb.asl.machine import Definition, MachineType
from sfnb.asl.source import Source
from sfnb.engine import events as ev
from sfnb.engine.execution import state_of
from sfnb.engine.facts import ExecutionPlanned
from sfnb.engine.ports import EventStore
from sfnb.engine.run import Run
from sfnb.errors import Diagnostic, StoreFault


class StateMachineRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A state machine: a definition under a name, with an ARN and a role.

    named: its name was given to it; what is made up may be another machine's tomorrow.
    """

    arn: str
    name: str
    named: bool
    type: MachineType
    role_arn: str
    source: Source
    definition: Definition
    warnings: tuple[Diagnostic, ...]
    creation_date: datetime


class Live:
    """An execution at hand: its run while it lasts here, and its ends.

    store: where its log is.
    run: None before it starts, once it has ended, and where this process does not go on with it.
    fault: why this process cannot go on with it.
    plan: what it was begun with; None until somebody has asked.
    rounds: how often it has been begun: once, and once more for each redrive.
    """

    __slots__ = (
        "__weakref__",
        "_gate",
        "_watchers",
        "arn",
        "fault",
        "first",
        "last",
        "machine",
        "name",
        "plan",
        "rounds",
        "run",
        "store",
    )

    def __init__(self, arn: str, name: str, machine: StateMachineRecord, store: EventStore) -> None:
        self.arn = arn
        self.name = name
        self.machine = machine
        self.store = store
        self.run: Run | None = None
        self.first: ev.ExecutionStarted | None = None
        self.last: ev.Event | None = None
        self.fault: StoreFault | None = None
        self.rounds = 1
        self.plan: ExecutionPlanned | None = None
        self._watchers: list[Callable[[], None]] = []
        self._gate = threading.Lock()
        self._gate.acquire()

    def end(self, last: ev.Event) -> None:
        self.last = last
        self.run = None
        self._gate.release()
        self._tell()

    def lose(self, fault: StoreFault) -> None:
        """Nothing can be committed any more; it may be taken up again, from its log."""
        self.fault = fault
        self.run = None
        self._gate.release()

    def reopen(self, run: Run) -> None:
        """It goes on, after a fault, or as it is redriven."""
        self._gate.acquire(blocking=False)
        self.last = self.fault = None
        self.run = run
        self.rounds += 1

    def give_back(self, last: ev.Event | None) -> None:
        """It does not go on after all."""
        self.run = None
        self.last = last
        if last is not None:
            self._gate.release()

    def refresh(self) -> None:
        """Look into the store whether it has ended, as by another process."""
        record = self.store.find(self.arn)
        if record is not None and record.status != "RUNNING" and self.last is None:
            events = self.store.read_back(self.arn)
            self.end(next(event for event in events if isinstance(event, ev.TERMINAL)))

    @property
    def billed_milliseconds(self) -> int:
        """What AWS would bill of an EXPRESS execution that has ended: full tenths of a second."""
        assert self.first is not None
        return state_of(self.first, self.last).billed_milliseconds

    def when_ended(self, tell: Callable[[], None]) -> None:
        """Call `tell()` at the end, on the engine's thread; at once if that is past."""
        self._watchers.append(tell)
        if self.last is not None:
            self._tell()

    def _tell(self) -> None:
        watchers = self._watchers
        while watchers:
            try:
                tell = watchers.pop()
            except IndexError:  # the other thread that asked was quicker
                return
            tell()

    def wait(self, timeout_seconds: float | None = None) -> bool:
        """Whether the execution has ended, at the latest after `timeout_seconds`."""
        if not self._gate.acquire(timeout=-1 if timeout_seconds is None else timeout_seconds):
            return False
        self._gate.release()
        return True
