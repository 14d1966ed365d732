"""What of a log still stands: where each frame is, and what has to be run again to go on from there.

Theory of operation. The log is read once, an event at a time, and what a later event makes irrelevant is
let go of at once: entering a state settles the visit before it in the same frame, with all the frames
inside. So a loop of a million events leaves a handful, and only the *last visit* of each frame is kept: the
state that is open, or the last one that was left.

A redrive or a fork *voids* what open states had come to: their attempts, the failures of branches and
iterations, the ends of the execution. Such a visit begins again without being entered a second time. A
Parallel or Map keeps what has succeeded inside, unless it had all its results and failed with them.
Source: AWS guide, "Restarting state machine executions with redrive".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

import msgspec

from sfnb.engine import events as ev
from sfnb.engine import facts
from sfnb.engine.again import FAILED, SUCCEEDED, TIMED_OUT
from sfnb.errors import SfnbError
from sfnb.values import Json, decode

GROUPS = (ev.ParallelStateStarted, ev.MapStateStarted)
ANSWERED = (*SUCCEEDED, *FAILED, *TIMED_OUT)
COMPLETE = (ev.ParallelStateSucceeded, ev.MapStateSucceeded, ev.MapRunSucceeded)
PASSIVE = (
    ev.ExecutionStarted,
    ev.ExecutionRedriven,
    *ev.TERMINAL,
    facts.ExecutionPlanned,
    facts.ExecutionForked,
    facts.DefinitionReplaced,
    facts.RedriveRequested,
    facts.TaskPrinted,
    facts.AnswerDropped,
)
"""Records that no state's code makes."""
MAP_RUN = (
    ev.MapRunStarted,
    ev.MapRunRedriven,
    facts.MapRunPlanned,
    facts.MapRunUpdated,
    facts.ItemsRead,
    facts.ChildrenForgotten,
)
"""What a map run keeps when it is redriven."""


class ReplayMismatch(SfnbError):
    """The definition, or sfnb, does something else than what the log says was done."""


class Entry(msgspec.Struct):
    """Where a frame's last visit began.

    assigned: the variables that earlier visits had assigned in it.
    again: the visit begins again, without another event: 0, or how many redrives and forks there had been.
    previous: what its next event points at then.
    voids: how many redrives its open group has seen.
    """

    entered: ev.StateEntered
    assigned: dict[str, Json]
    again: int = 0
    previous: int = 0
    voids: int = 0


class Visit:
    """A frame's last visit so far, with the place in the log of each of its records, times two."""

    __slots__ = ("assigning", "entry", "inside", "records")

    def __init__(self) -> None:
        self.entry: Entry | None = None
        self.assigning: dict[str, str] | None = None
        self.records: list[tuple[int, ev.Event]] = []
        self.inside: list[ev.FramePath] = []

    @property
    def is_open(self) -> bool:
        return self.entry is not None and not any(
            isinstance(event, ev.StateExited) for _, event in self.records
        )


class Standing:
    """What stands of a log.

    started, plan: what it begins with; a log of old may have no plan. definition: the key of the one that
        it goes on with. redriven: when that was done last.
    calls: how often a call of each state has been answered.
    count: how many records there are. last_id, latest: of the last event. end: how it ended, if it has.
    """

    def __init__(self, log: Iterable[ev.Event]) -> None:
        self.started: ev.ExecutionStarted
        self.plan: facts.ExecutionPlanned | None = None
        self.definition: str | None = None
        self.end: ev.Event | None = None
        self.count = 0
        self.last_id = 0
        self.redriven: ev.ExecutionRedriven | None = None
        self.calls: Counter[str] = Counter()
        self._voids = 0
        self._visits: dict[ev.FramePath, Visit] = {}
        for event in log:
            self.add(event)
        if not self.count:
            raise ReplayMismatch("there is no log")

    @property
    def resumed(self) -> datetime:
        """When its time began to count: at its start, or when it was redriven last."""
        return (self.redriven or self.started).timestamp

    def add(self, event: ev.Event) -> None:
        """One more record of the log."""
        if not self.count:
            if not isinstance(event, ev.ExecutionStarted):
                raise ReplayMismatch(f"a log begins with ExecutionStarted, this one with {event.type}")
            self.started = event
        self.count += 1
        self.latest = event.timestamp
        if event.id:
            self.last_id = max(self.last_id, event.id)
        if isinstance(event, PASSIVE):
            self._settle(event)
        elif isinstance(event, ev.StateEntered):
            self._enter(event)
        else:
            self._record(event)

    def _settle(self, event: ev.Event) -> None:
        match event:
            case facts.ExecutionPlanned():
                self.plan, self.definition = event, event.definition
            case facts.DefinitionReplaced():
                self.definition = event.definition
            case facts.ExecutionForked():
                self.void(self.last_id, keep_map_runs=False)
            case ev.ExecutionRedriven():
                self.end = None
                self.redriven = event
                self.void(event.id)
            case _ if isinstance(event, ev.TERMINAL):
                self.end = event

    def _enter(self, event: ev.StateEntered) -> None:
        visit = self._visits.get(event.frame)
        if visit is None:
            visit = self._open(event.frame)
        assigned = visit.entry.assigned if visit.entry is not None else {}
        if visit.assigning:
            assigned = assigned | {name: decode(text) for name, text in visit.assigning.items()}
            visit.assigning = None
        self._close_inside(visit)
        visit.records = [record for record in visit.records[:1] if _begins_iteration(record[1])]
        visit.records.append((self.count * 2, event))
        visit.entry = Entry(event, assigned)

    def _record(self, event: ev.Event) -> None:
        visit = self._visits.get(event.frame)
        if visit is None:
            visit = self._open(event.frame)
        visit.records.append((self.count * 2, event))
        if isinstance(event, ev.StateExited):
            visit.assigning = event.assigned_variables
        elif isinstance(event, ANSWERED) and visit.entry is not None:
            self.calls[visit.entry.entered.name] += 1

    def _open(self, frame: ev.FramePath) -> Visit:
        visit = self._visits[frame] = Visit()
        around = self._visits.get(frame[:-2]) if frame else None
        if around is not None:
            around.inside.append(frame)
        return visit

    def _close_inside(self, visit: Visit) -> None:
        """The frames inside are of no use any more."""
        for frame in visit.inside:
            inner = self._visits.pop(frame, None)
            if inner is not None:
                self._close_inside(inner)
        visit.inside = []

    # Beginning again

    def void(self, previous: int, *, keep_map_runs: bool = True) -> None:
        """Open visits begin again; their next events point at `previous`.

        keep_map_runs: a Distributed Map goes on with its children; those of a fork are its own.
        """
        self._voids += 1
        self._void_frame((), previous, keep_map_runs)

    def _void_frame(self, frame: ev.FramePath, previous: int, keep_map_runs: bool) -> None:
        """The frame's open visit, and those in the frames of its open group; all else is settled."""
        visit = self._visits.get(frame)
        if visit is not None and visit.is_open:
            self._void(visit, previous, keep_map_runs)
            for inner in visit.inside:
                self._void_frame(inner, previous, keep_map_runs)

    def _void(self, visit: Visit, previous: int, keep_map_runs: bool) -> None:
        entry = visit.entry
        assert entry is not None
        first = [record for record in visit.records[:1] if _begins_iteration(record[1])]
        group = _open_group(visit.records, keep_map_runs)
        if group:
            entered = [record for record in visit.records if record[1] is entry.entered]
            entry.voids += 1
            before = group[0][0] - 1  # it waits there for its turn: what came in between is void
            visit.records = [*first, *((before, event) for _, event in entered), *group]
            started = {event.id for _, event in group if isinstance(event, GROUPS)}
            gone = [frame for frame in visit.inside if frame[-2] not in started]
            visit.inside = [frame for frame in visit.inside if frame[-2] in started]
        else:
            visit.records = first
            gone, visit.inside = visit.inside, []
            entry.voids = 0
            entry.again, entry.previous = self._voids, previous
        for frame in gone:
            inner = self._visits.pop(frame, None)
            if inner is not None:
                self._close_inside(inner)

    # What is run again

    def entry(self, frame: ev.FramePath) -> Entry | None:
        visit = self._visits.get(frame)
        return None if visit is None else visit.entry

    def knows(self, frame: ev.FramePath) -> bool:
        """Whether something of a frame stands."""
        return frame in self._visits

    def records(self) -> list[ev.Event]:
        """The records of all last visits, in the order of the log."""
        alive: list[tuple[int, ev.Event]] = []
        for frame, visit in self._visits.items():
            if self._is_alive(frame):
                alive += visit.records
        alive.sort(key=lambda record: record[0])
        return [event for _, event in alive]

    def _is_alive(self, frame: ev.FramePath) -> bool:
        """Whether it is the machine's frame, or what began it is in the last visit of one that is alive."""
        while frame:
            around = self._visits.get(frame[:-2])
            if around is None or not any(
                isinstance(event, GROUPS) and event.id == frame[-2] for _, event in around.records
            ):
                return False
            frame = frame[:-2]
        return True


def _begins_iteration(event: ev.Event) -> bool:
    return isinstance(event, ev.MapIterationStarted)


def _open_group(records: list[tuple[int, ev.Event]], keep_map_runs: bool) -> list[tuple[int, ev.Event]]:
    """The records of the last group that a visit began, if it was still open."""
    group: list[tuple[int, ev.Event]] = []
    for record in records:
        event = record[1]
        if isinstance(event, GROUPS):
            group = [record]
        elif group and isinstance(event, COMPLETE):
            group = []
        elif group and isinstance(event, MAP_RUN):
            group.append(record)
    is_map_run = any(isinstance(event, ev.MapRunStarted) for _, event in group)
    return [] if is_map_run and not keep_map_runs else group
