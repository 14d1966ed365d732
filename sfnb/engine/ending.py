"""How an execution ends: by itself, from outside, or because its time or its history is used up."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sfnb.engine import events as ev

if TYPE_CHECKING:
    from sfnb.engine.frame import Frame
    from sfnb.engine.run import Run

FULL = "The execution reached the maximum number of history events ({}).".format


def limit_time(run: Run) -> None:
    """An execution that takes too long is ended."""
    bounds = (run.definition.timeout_seconds, run.limits.execution_seconds)
    longest = min((seconds for seconds in bounds if seconds is not None), default=None)
    if longest is not None:
        latest = run.now + timedelta(seconds=longest)
        timer = run.at(latest, lambda: _timed_out(run, latest), timeout=True)
        run.alarms.oldest_age = timer if longest != run.definition.timeout_seconds else None


def _timed_out(run: Run, moment: datetime) -> None:
    cut(run, ev.ExecutionTimedOut, moment, error="States.Timeout")


def history_full(run: Run, frame: Frame) -> None:
    """`frame` has come to what would be the last event that the history may hold."""
    if not run.ended:
        cause = FULL(run.limits.history_events)
        end(run, ev.ExecutionFailed, frame, error="States.Runtime", cause=cause)


def cut(run: Run, kind: type[ev.Event], moment: datetime | None = None, **details: Any) -> None:
    """End from outside: AWS's event points at nothing, and open states get none.

    moment: when, to the microsecond, unless more has happened since.
    """
    if not run.ended:
        run.root.last_id = 0
        end(run, kind, run.root, moment, **details)


def end(run: Run, kind: type[ev.Event], frame: Frame, moment: datetime | None = None, **details: Any) -> None:
    """Write the last event, give up all that is still open, and tell who waits once that is committed.

    frame: whose chain the event ends; it is the execution's own all the same.
    """
    run.rouse()
    run.now = run.clock.now()
    if moment is not None:
        latest = run.pending[-1].timestamp if run.pending else run.written_at
        run.now = max(moment, latest)
    run.ending = True
    run.last_id += 1
    last = kind(id=run.last_id, previous_event_id=frame.last_id, timestamp=run.now, frame=(), **details)
    run.engine.journal.add(run)
    run.root.stop()  # which may leave facts to be written before the last event
    run.pending.append(last)
    run.ended = True
    run.ready.clear()
    run.alarms.clear()
    run.after_commit(lambda: _tell_end(run, last))


def _tell_end(run: Run, last: ev.Event) -> None:
    try:
        run.on_end(last)
    finally:
        run.sleepers.leave(run)
