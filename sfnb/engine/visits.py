"""What a log says about states and Map items: events folded to one record a visit, one an item.

A frame (the machine, a branch, an iteration) has one open visit at a time. Every event finds its
visit by its frame, or, for a failure that names no state, by its `previous_event_id`: AWS chains the
failure of a Map or Parallel to the last event of the frame that failed. So one pass is enough, any
prefix of a log folds, and a visit once begun stays in the list.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from sfnb.asl.graph import NodePath
from sfnb.engine import events as ev
from sfnb.engine import facts
from sfnb.engine.again import SCHEDULED
from sfnb.engine.events import Event, FramePath
from sfnb.engine.progress import (
    Attempt,
    FrameProgress,
    ItemProgress,
    Status,
    VisitProgress,
    fail_upwards,
)

if TYPE_CHECKING:
    from sfnb.engine.ports import EventStore

_IterationEvent = (
    ev.MapIterationStarted | ev.MapIterationSucceeded | ev.MapIterationFailed | ev.MapIterationAborted
)

_FAILURES = (
    ev.TaskFailed,
    ev.TaskStartFailed,
    ev.TaskSubmitFailed,
    ev.LambdaFunctionFailed,
    ev.LambdaFunctionScheduleFailed,
    ev.LambdaFunctionStartFailed,
    ev.ActivityFailed,
    ev.ActivityScheduleFailed,
    ev.MapRunFailed,
    ev.EvaluationFailed,
)
_TIMEOUTS = (ev.TaskTimedOut, ev.LambdaFunctionTimedOut, ev.ActivityTimedOut)
_ITERATION_EVENTS = (
    ev.MapIterationStarted,
    ev.MapIterationSucceeded,
    ev.MapIterationFailed,
    ev.MapIterationAborted,
)


class Visit(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A state from its entry to its end.

    path: through the enclosing states; a Map's step is 0, a Parallel's the number of the branch.
    iteration: the indices of the enclosing Maps, outermost first; None outside of Maps.
    exited_id: of the StateExited event; None for a state that never exits (open, Fail, uncaught failure).
    exited: when the visit ended, however it ended; None while open.
    status: "caught" left through a Catcher; "timed_out" its task did, uncaught, or the execution did while
        it was open; "aborted" stopped because of something outside of it.
    error, cause: of the failure that ended it, or, while running, of the latest one.
    attempts: how often it was begun, 1 + retries so far; `tries` has the start and end of each.
    location: the field whose JSONata expression failed, `Output/total`.
    assigned: the variables it set, JSON texts by name; None where it set none.
    map_runs: the ARN of each map run of a DISTRIBUTED Map, one an attempt; `length` of the last: how many
        items it was given, 0 where they are read from elsewhere.
    resource: an ARN, or "service:action".
    printed: what its tasks wrote, joined.
    """

    state: str
    type: str
    path: NodePath
    frame: FramePath
    iteration: tuple[int, ...] | None
    entered_id: int
    exited_id: int | None
    entered: datetime
    exited: datetime | None
    status: Status
    input: str
    output: str | None
    error: str | None
    cause: str | None
    attempts: int
    tries: tuple[Attempt, ...]
    resource: str | None
    printed: str
    location: str | None = None
    assigned: dict[str, str] | None = None
    map_runs: tuple[str, ...] = ()
    length: int = 0


class MapItem(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An iteration of an inline Map.

    state, path: of the Map; `index` is the item's.
    iteration: the indices of the Maps around this Map; None where there are none.
    attempt: of the Map, from 1; a Retrier runs all items again.
    input: of the first state; output: of the last one that exited, once the item has succeeded.
    """

    state: str
    path: NodePath
    frame: FramePath
    index: int
    iteration: tuple[int, ...] | None
    attempt: int
    started_id: int
    started: datetime
    stopped: datetime | None
    status: Status
    input: str | None
    output: str | None
    error: str | None
    cause: str | None


def fold_visits(events: Iterable[Event]) -> list[Visit]:
    """Every visit of a state, in the order of entry."""
    return Fold(events).visits()


def fold_items(events: Iterable[Event]) -> list[MapItem]:
    """Every item that an inline Map has started, in the order of starting."""
    return Fold(events).items()


CONTEXT = 1_000
"""How many records before a page are looked at, to tell whose its events are."""


def page_of(store: EventStore, arn: str, after: int, limit: int) -> list[Event]:
    """Records up to the `limit`th event whose id comes after `after`, and some before them."""
    # An event of the history never has a larger id than place in the log, so none is left out.
    records = store.read(arn, after=max(0, after - CONTEXT))
    return list(_up_to(records, after, limit))


def _up_to(records: Iterable[Event], after: int, limit: int) -> Iterator[Event]:
    left = limit
    for event in records:
        left -= event.id > after
        if left < 0:
            return
        yield event


def resource_name(event: Event) -> str | None:
    """What a task's event is about: the ARN of a function or activity, or "service:action"."""
    service: str | None = getattr(event, "resource_type", None)
    resource: str | None = getattr(event, "resource", None)
    return resource if service is None else f"{service}:{resource}"


class Fold:
    """A log read once: ask it for visits, items, and the place of an event."""

    def __init__(self, events: Iterable[Event]) -> None:
        self._frames: dict[FramePath, FrameProgress] = {}
        self._started: dict[int, tuple[VisitProgress, int]] = {}
        self._owners: dict[int, VisitProgress] = {}
        self._visits: list[VisitProgress] = []
        self._items: list[ItemProgress] = []
        for event in events:
            self._read(event)

    def visits(self) -> list[Visit]:
        return [_visit(visit) for visit in self._visits]

    def items(self) -> list[MapItem]:
        return [_item(item) for item in self._items]

    def place(self, event: Event) -> tuple[str | None, tuple[int, ...]]:
        """The state an event belongs to, and the indices of the Maps around it."""
        visit = self._owners.get(event.id)
        if visit is None:
            return None, ()
        if event.frame != visit.frame.path:  # a Map's, about one of its iterations
            return visit.state, (*visit.frame.iteration, event.frame[-1])
        return visit.state, visit.frame.iteration

    def _read(self, event: Event) -> None:
        frame = self._frames.get(event.frame) or self._new_frame(event.frame)
        if isinstance(event, ev.StateEntered):
            self._enter(event, frame)
        elif isinstance(event, ev.StateExited):
            if frame.open is not None:
                frame.open.exit(event)
        elif isinstance(event, facts.Fact):
            return self._note(event, frame)
        elif isinstance(event, _ITERATION_EVENTS):
            return self._iterate(event, frame)
        elif isinstance(event, ev.TERMINAL):
            return self._end(event)
        elif isinstance(event, ev.ExecutionRedriven):
            frame.reopen(event.timestamp)
        elif frame.open is not None:
            self._progress(event, frame.open)
        if frame.last is not None:
            self._owners[event.id] = frame.last
        return None

    def _new_frame(self, path: FramePath) -> FrameProgress:
        visit, attempt = self._started.get(path[-2], (None, 1)) if path else (None, 1)
        frame = self._frames[path] = FrameProgress(path, visit, attempt)
        if visit is not None:
            visit.inside.append(frame)
        return frame

    def _enter(self, event: ev.StateEntered, frame: FrameProgress) -> None:
        visit = frame.open = frame.last = VisitProgress(event, frame)
        frame.first = frame.first or visit
        self._visits.append(visit)
        if visit.type == "Fail":
            visit.fail(event.timestamp)
            visit.close(event.timestamp, "failed")

    def _progress(self, event: Event, visit: VisitProgress) -> None:
        """Something happens in an open visit."""
        if isinstance(event, SCHEDULED):
            visit.begin(event.timestamp)
            visit.resource = resource_name(event)
        elif isinstance(event, _FAILURES):
            visit.fail(event.timestamp, event.error, event.cause)
            visit.location = event.location if isinstance(event, ev.EvaluationFailed) else None
        elif isinstance(event, _TIMEOUTS):
            visit.fail(event.timestamp, event.error, event.cause)
            visit.timed_out = True
        elif isinstance(event, (ev.MapStateStarted, ev.ParallelStateStarted)):
            self._fail_inside(visit, event)
            visit.ended_inside = []
            visit.begin(event.timestamp)
            self._started[event.id] = (visit, len(visit.tries) + 1)
            visit.length = event.length if isinstance(event, ev.MapStateStarted) else 0
        elif isinstance(event, ev.MapRunStarted):
            visit.map_runs.append(event.map_run_arn)
        elif isinstance(event, (ev.MapStateFailed, ev.ParallelStateFailed)):
            visit.fail(event.timestamp)
            self._fail_inside(visit, event)
        elif isinstance(event, ev.StateAborted):
            visit.close(event.timestamp, "aborted")

    def _iterate(self, event: _IterationEvent, frame: FrameProgress) -> None:
        """An iteration starts or ends; its events stand in its own frame."""
        visit = frame.container
        if visit is None:
            return
        self._owners[event.id] = visit
        if isinstance(event, ev.MapIterationStarted):
            frame.item = ItemProgress(event, frame, visit)
            self._items.append(frame.item)
        elif isinstance(event, ev.MapIterationSucceeded):
            frame.end(event.timestamp, "succeeded")
        elif isinstance(event, ev.MapIterationAborted):
            frame.end(event.timestamp, "aborted")
        else:
            frame.end(event.timestamp, "failed")
            visit.fail(event.timestamp)
            visit.blame(frame.last)

    def _note(self, event: facts.Fact, frame: FrameProgress) -> None:
        if isinstance(event, facts.TaskPrinted):
            writer = self._owners.get(event.previous_event_id) or frame.last
            if writer is not None:
                writer.printed.append(event.text)
        elif isinstance(event, (facts.RetryScheduled, facts.ErrorCaught)) and frame.open is not None:
            visit = frame.open
            visit.fail(event.timestamp)
            self._fail_inside(visit, event)
            if isinstance(event, facts.ErrorCaught):
                visit.name_error(event.error, event.cause)
            else:
                visit.name_error(event.error, visit.cause if visit.error == event.error else None)
                visit.wait(event.until)

    def _fail_inside(self, visit: VisitProgress, event: Event) -> None:
        """A frame of a Map or Parallel has failed: close all that still runs in its frames."""
        if not visit.inside:
            return
        culprit = fail_upwards(self._owners.get(event.previous_event_id), visit, event.timestamp)
        if culprit is None:
            culprit = next((frame.last for frame in visit.inside if frame.last and frame.last.pending), None)
        visit.blame(culprit)
        visit.end_inside(event.timestamp, "aborted")

    def _end(self, event: Event) -> None:
        """The execution ends, and so does whatever is open."""
        root = self._frames[()]
        if isinstance(event, ev.ExecutionFailed):
            fail_upwards(self._owners.get(event.previous_event_id), None, event.timestamp)
            if root.open is not None:
                root.open.fail(event.timestamp)
                root.open.close(event.timestamp, "failed")
            if root.last is not None and root.last.pending:
                root.last.name_error(event.error, event.cause)
        elif root.open is not None and isinstance(event, ev.ExecutionAborted):
            root.open.close(event.timestamp, "aborted")
        elif root.open is not None and isinstance(event, ev.ExecutionTimedOut):
            root.open.close(event.timestamp, "timed_out")


def _visit(seen: VisitProgress) -> Visit:
    tries = seen.tries if seen.try_started is None else [*seen.tries, (seen.try_started, None)]
    return Visit(
        state=seen.state,
        type=seen.type,
        path=seen.path,
        frame=seen.frame.path,
        iteration=seen.frame.iteration or None,
        entered_id=seen.entered.id,
        exited_id=None if seen.exited is None else seen.exited.id,
        entered=seen.entered.timestamp,
        exited=seen.ended,
        status=seen.status,
        input=seen.entered.input,
        output=None if seen.exited is None else seen.exited.output,
        error=seen.error,
        cause=seen.cause,
        attempts=len(tries),
        tries=tuple(tries),
        resource=seen.resource,
        printed="".join(seen.printed),
        location=seen.location,
        assigned=None if seen.exited is None else seen.exited.assigned_variables,
        map_runs=tuple(seen.map_runs),
        length=seen.length,
    )


def _item(seen: ItemProgress) -> MapItem:
    first, last = seen.frame.first, seen.frame.last
    failure = last if last is not None and last.pending else None
    left = last.exited if last is not None and seen.status == "succeeded" else None
    return MapItem(
        state=seen.map.state,
        path=seen.map.path,
        frame=seen.frame.path,
        index=seen.started.index,
        iteration=seen.map.frame.iteration or None,
        attempt=seen.frame.attempt,
        started_id=seen.started.id,
        started=seen.started.timestamp,
        stopped=seen.stopped,
        status=seen.status,
        input=None if first is None else first.entered.input,
        output=None if left is None else left.output,
        error=None if failure is None else failure.error,
        cause=None if failure is None else failure.cause,
    )
