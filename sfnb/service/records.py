"""What the service keeps: state machines, and executions under way or ended."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Literal

import msgspec

from sfnb.asl.machine import Definition, MachineType
from sfnb.asl.source import Source
from sfnb.engine import events as ev
from sfnb.engine.execution import state_of
from sfnb.engine.facts import ExecutionPlanned
from sfnb.engine.log_records import Level
from sfnb.engine.ports import EventStore
from sfnb.engine.run import Run
from sfnb.errors import Diagnostic, StoreFault


class Logging(msgspec.Struct, frozen=True, kw_only=True):
    """What a machine's executions write to logs, and where.

    log_groups: ARNs. names_none: an empty list of them was given, which is shown as such.
    """

    level: Level = "OFF"
    include_data: bool = False
    log_groups: tuple[str, ...] = ()
    names_none: bool = False


class Encryption(msgspec.Struct, frozen=True, kw_only=True):
    """Kept and shown; nothing is encrypted here."""

    type: Literal["AWS_OWNED_KEY", "CUSTOMER_MANAGED_KMS_KEY"] = "AWS_OWNED_KEY"
    key_id: str | None = None
    reuse_seconds: int | None = None

    @property
    def is_whole(self) -> bool:
        """A key of one's own is named if it is to be used, and only then."""
        return (self.type == "CUSTOMER_MANAGED_KMS_KEY") == (self.key_id is not None)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What a machine has besides its definition. tracing: by X-Ray; kept and shown, nothing is sent."""

    role_arn: str
    logging: Logging = Logging()
    tracing: bool = False
    encryption: Encryption = Encryption()


MOST_PAST = 100
"""How many earlier revisions of a machine are remembered."""


class StateMachineRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A state machine as it is now, or one of its versions: a definition under a name, with an ARN.

    named: its name was given to it; what is made up may be another machine's tomorrow.
    revision: changes with each change; None for a machine as it was created.
    updated: when it was last changed. version: None for the machine itself. description: of the version.
    """

    arn: str
    name: str
    named: bool
    type: MachineType
    settings: Settings
    source: Source
    definition: Definition
    warnings: tuple[Diagnostic, ...]
    creation_date: datetime
    updated: datetime | None = None
    revision: str | None = None
    version: int | None = None
    description: str | None = None

    @property
    def role_arn(self) -> str:
        return self.settings.role_arn


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """A version, and which share of an alias's executions it gets, in per cent."""

    version: int
    weight: int


class Alias(msgspec.Struct, frozen=True, kw_only=True):
    """A name for one version of a machine, or for two."""

    arn: str
    name: str
    description: str | None
    routes: tuple[Route, ...]
    creation_date: datetime
    update_date: datetime


class Holding:
    """What there is under one state machine's ARN.

    record: as it is now. versions: those that have not been deleted; last_version: the latest number that was
    given. aliases: by name. deleting: it goes once its executions have ended. kept: it outlives the process.
    created: whether it was published as it was created, and with which description; None: nobody has said.
    past: what it was before, by revision, as far as this process knows.
    """

    def __init__(self, record: StateMachineRecord, *, kept: bool) -> None:
        self.record = record
        self.kept = kept
        self.versions: dict[int, StateMachineRecord] = {}
        self.last_version = 0
        self.aliases: dict[str, Alias] = {}
        self.deleting = False
        self.created: tuple[bool, str | None] | None = None
        self.past: dict[str | None, StateMachineRecord] = {}

    def change(self, record: StateMachineRecord, version: StateMachineRecord | None = None) -> None:
        """From now on the machine is `record`, and `version` one of its versions."""
        if record.revision != self.record.revision:
            self.past[self.record.revision] = self.record
            if len(self.past) > MOST_PAST:
                del self.past[next(iter(self.past))]
        self.record = record
        if version is not None and version.version is not None:
            self.versions[version.version] = version
            self.last_version = max(self.last_version, version.version)


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
        self._close(last)
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
        if last is None:
            self.run = None
        else:
            self._close(last)

    def _close(self, last: ev.Event) -> None:
        """Nobody waits for it any more; nor did they, where it had been lost."""
        was_lost = self.fault is not None
        self.last = last
        self.run = self.fault = None
        if not was_lost:
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
