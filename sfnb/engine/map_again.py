"""A map run that a replayed log speaks of: its result is the log's; of its children they tell themselves.

When the map run is redriven, children that did not succeed go on: a STANDARD one is redriven with its log,
an EXPRESS one is begun anew, as another execution.
Source: AWS guide, "Redriving Map Runs".
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import msgspec

from sfnb.engine import events as ev
from sfnb.engine import facts
from sfnb.engine.children import item_count
from sfnb.engine.execution import STATUS
from sfnb.engine.fold import ReplayMismatch, Standing
from sfnb.engine.map_names import child_names
from sfnb.engine.map_told import is_batched, take_update
from sfnb.engine.replay import Replay, resume
from sfnb.errors import EvaluationError, StatesError
from sfnb.values import Payload

if TYPE_CHECKING:
    from sfnb.engine.map_run import MapRun
    from sfnb.engine.run import Run


class Found(msgspec.Struct, frozen=True):
    """A child that has a log from before.

    round: how often it had been begun anew before it was given this log.
    last: how it ended; None where it goes on. redrives: how often it has been redriven.
    count: how many records it has.
    """

    arn: str
    round: int
    started: ev.ExecutionStarted
    latest: ev.Event
    redrives: int
    count: int

    @property
    def last(self) -> ev.Event | None:
        return self.latest if isinstance(self.latest, ev.TERMINAL) else None


def found_children(map_run: MapRun) -> deque[Found]:
    """The children that have logs and have not been taken up.

    They were begun in the order of their items, so there are no gaps.
    """
    found: deque[Found] = deque()
    while (child := _latest_round(map_run, map_run.begun + len(found))) is not None:
        found.append(child)
    return found


def _latest_round(map_run: MapRun, index: int) -> Found | None:
    latest = None
    for number in range(map_run.redrive_count + 1):
        child = _find(map_run, index, number)
        latest = child or latest
    return latest


def _find(map_run: MapRun, index: int, number: int) -> Found | None:
    store = map_run.run.store
    arn = child_names(map_run, index, number)[1]
    record = store.find(arn)
    if record is None:
        return None
    started, latest = next(store.read(arn)), next(store.read_back(arn))
    assert isinstance(started, ev.ExecutionStarted)
    return Found(arn, number, started, latest, record.redrive_count, record.events)


def is_redriven(map_run: MapRun, found: Found) -> bool:
    """Whether a child that has ended does not count yet: it is its turn to go on."""
    if isinstance(found.last, ev.ExecutionSucceeded):
        return False
    return found.redrives + found.round < map_run.redrive_count


def go_on(map_run: MapRun, child_run: Run, found: Found) -> None:
    """Take a child up where its log ends; raises ReplayMismatch."""
    standing = Standing(map_run.run.store.read(found.arn))
    moment = max(map_run.run.clock.now(), standing.latest)
    opening: list[ev.Event] = []
    if found.last is not None:
        opening.append(
            ev.ExecutionRedriven(
                id=standing.last_id + 1,
                previous_event_id=standing.last_id,
                timestamp=moment,
                redrive_count=found.redrives + 1,
            )
        )
    definition = child_run.plan.get("definition")
    if definition is not None and standing.definition not in (None, definition):
        opening.append(
            facts.DefinitionReplaced(id=0, previous_event_id=0, timestamp=moment, definition=definition)
        )
    resume(child_run, standing, lost=map_run.lost, opening=opening)


def repeat(map_run: MapRun, event: ev.Event) -> None:
    """Take from the log what it says next of this map run; raises ReplayMismatch."""
    replay = map_run.run.replay
    assert replay is not None
    frame = map_run.frame
    if isinstance(event, ev.MapRunRedriven):
        frame.record(ev.MapRunRedriven)
        map_run.redrive_count += 1
    elif isinstance(event, facts.ItemsRead):
        frame.fact(facts.ItemsRead)
        map_run.fingerprint = event.fingerprint
    elif isinstance(event, facts.MapRunUpdated):
        take_update(map_run, frame.fact(facts.MapRunUpdated))
        _check_children(map_run, replay)
    elif isinstance(event, facts.ChildrenForgotten):
        frame.fact(facts.ChildrenForgotten)
        map_run.has_forgotten = True
        _check_children(map_run, replay)
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


def _check_children(map_run: MapRun, replay: Replay) -> None:
    """One that has not ended needs all of them; raises ReplayMismatch."""
    if map_run.has_forgotten and not replay.has_more(map_run.frame.path):
        raise ReplayMismatch("the map run cannot be taken up: logs of its children have been dropped")


def close_found(map_run: MapRun) -> None:
    """Count the children that have logs from before and were not taken up; end those that have no end."""
    run = map_run.run
    batched = is_batched(map_run)
    for found in found_children(map_run):
        status = STATUS[type(found.last)] if found.last else "ABORTED"
        count = item_count(found.started.input, batched)
        map_run.item_counts.pending = max(0, map_run.item_counts.pending - count)
        map_run.item_counts.add(status, count)
        map_run.executions.add(status, 1)
        if found.last is None:
            run.after_commit(lambda found=found: _abort(run, found))  # type: ignore[misc]


def _abort(run: Run, found: Found) -> None:
    record = run.store.find(found.arn)
    assert record is not None
    run.store.claim(found.arn)
    last = ev.ExecutionAborted(id=record.last_id + 1, previous_event_id=0, timestamp=run.clock.now())
    run.store.append(found.arn, [last], after=found.count)
