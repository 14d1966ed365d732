"""A map run that a replayed log speaks of: its result is the log's; of its children they tell themselves."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import msgspec

from sfnb.engine import events as ev
from sfnb.engine import facts
from sfnb.engine.replay import ReplayMismatch
from sfnb.errors import EvaluationError, StatesError
from sfnb.values import Payload

if TYPE_CHECKING:
    from sfnb.engine.map_run import MapRun


class Found(msgspec.Struct, frozen=True):
    """A child that has a log from before. last: None where it goes on; only then the log is kept."""

    started: ev.ExecutionStarted
    latest: ev.Event
    log: list[ev.Event]

    @property
    def last(self) -> ev.Event | None:
        return self.latest if isinstance(self.latest, ev.TERMINAL) else None


def found_children(map_run: MapRun) -> deque[Found]:
    """The children that have logs and have not been taken up.

    They were begun in the order of their items, so there are no gaps.
    """
    found: deque[Found] = deque()
    while log := list(map_run.run.store.read(map_run.names(map_run.begun + len(found))[1])):
        started = log[0]
        assert isinstance(started, ev.ExecutionStarted)
        ended = isinstance(log[-1], ev.TERMINAL)
        found.append(Found(started, log[-1], [] if ended else log))
    return found


def repeat(map_run: MapRun, event: ev.Event) -> None:
    """Take from the log what it says next of this map run; raises ReplayMismatch."""
    replay = map_run.run.replay
    assert replay is not None
    frame = map_run.frame
    if isinstance(event, facts.ItemsRead):
        frame.fact(facts.ItemsRead)
        map_run.fingerprint = event.fingerprint
    elif isinstance(event, facts.ChildrenForgotten):
        frame.fact(facts.ChildrenForgotten)
        if not replay.has_more(frame.path):
            raise ReplayMismatch("the map run cannot be taken up: logs of its children have been dropped")
    elif isinstance(event, facts.MapRunResult):
        frame.fact(facts.MapRunResult)
        map_run.succeed(Payload.of_text(event.output))
    elif isinstance(event, ev.MapRunFailed):
        map_run.fail(StatesError(event.error, event.cause))
    elif isinstance(event, facts.SelectionFailed) and isinstance(replay.following, ev.MapRunFailed):
        error, cause = replay.following.error, replay.following.cause
        map_run.fail(EvaluationError(error, cause, location=event.location, spec=event.spec))
    elif isinstance(event, facts.SelectionFailed):
        frame.fact(facts.SelectionFailed)  # it will fail again


def abort_found(map_run: MapRun) -> None:
    """End the children that have logs from before, and that nobody will go on with."""
    run = map_run.run
    for place, found in enumerate(found_children(map_run)):
        if found.last is None:
            last = ev.ExecutionAborted(
                id=max(event.id for event in found.log) + 1, previous_event_id=0, timestamp=run.clock.now()
            )
            run.store.append(map_run.names(map_run.begun + place)[1], [last], after=len(found.log))
