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
from sfnb.engine.run import Run
from sfnb.errors import Diagnostic


class StateMachineRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A state machine: a definition under a name, with an ARN and a role."""

    arn: str
    name: str
    type: MachineType
    role_arn: str
    source: Source
    definition: Definition
    warnings: tuple[Diagnostic, ...]
    creation_date: datetime


class Live:
    """An execution of this process: its run while it lasts, and its ends."""

    __slots__ = ("_gate", "_watchers", "arn", "first", "last", "machine", "name", "run")

    def __init__(self, arn: str, name: str, machine: StateMachineRecord) -> None:
        self.arn = arn
        self.name = name
        self.machine = machine
        self.run: Run | None = None
        self.first: ev.ExecutionStarted | None = None
        self.last: ev.Event | None = None
        self._watchers: list[Callable[[], None]] = []
        self._gate = threading.Lock()
        self._gate.acquire()

    def end(self, last: ev.Event) -> None:
        self.last = last
        self.run = None
        self._gate.release()
        self._tell()

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
