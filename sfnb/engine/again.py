"""A call that a replayed log speaks of: its answers are the log's; without one it is made again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sfnb.engine import events as ev
from sfnb.engine import facts
from sfnb.engine.ports import Queued, Work
from sfnb.errors import StatesError
from sfnb.values import Payload

if TYPE_CHECKING:
    from sfnb.engine.tasks import Invocation

STARTED = (ev.TaskStarted, ev.LambdaFunctionStarted, ev.ActivityStarted)
SUBMITTED = (ev.TaskSubmitted,)
SUCCEEDED = (ev.TaskSucceeded, ev.LambdaFunctionSucceeded, ev.ActivitySucceeded)
FAILED = (ev.TaskFailed, ev.LambdaFunctionFailed, ev.ActivityFailed)
TIMED_OUT = (ev.TaskTimedOut, ev.LambdaFunctionTimedOut, ev.ActivityTimedOut)
STEPS = (*STARTED, *SUBMITTED, *SUCCEEDED, *FAILED, *TIMED_OUT, facts.HeartbeatMissed)


def begin_again(call: Invocation) -> None:
    """Record as it was recorded; the call is made only if the log says no more of it."""
    replay = call.run.replay
    assert replay is not None
    call.scheduled_id = call.record_scheduled()
    call.frame.waiting = call
    if replay.next is not None:
        repeat(call, replay.next)
    if call.open and not replay.has_more(call.frame.path):
        replay.afterwards.append(lambda: make(call))


def repeat(call: Invocation, event: ev.Event | None) -> None:
    """Take from the log what it says next of this call."""
    replay = call.run.replay
    assert replay is not None
    while event is not None and event.frame == call.frame.path and isinstance(event, STEPS):
        _take(call, event)
        event = replay.next if call.open else None


def _take(call: Invocation, event: ev.Event) -> None:
    if isinstance(event, facts.HeartbeatMissed):
        call.frame.fact(facts.HeartbeatMissed)
        call.heartbeat_missed = True
        return
    call.frame.record(type(event))
    if isinstance(event, STARTED):
        call.started = True
        call.submitted = isinstance(event, ev.ActivityStarted)
    elif isinstance(event, SUBMITTED):
        call.submitted = True
        call.submission = Payload.of_text(event.output)
    else:
        call.close()
        if isinstance(event, SUCCEEDED):
            call.run.go_on(call.frame, Payload.of_text(event.output))
        else:
            error, cause = event.error, event.cause  # type: ignore[attr-defined]
            failure = StatesError(error, cause, heartbeat=call.heartbeat_missed)
            call.run.go_on(call.frame, None, failure)


def make(call: Invocation) -> None:
    """Make the call, or wait for what it had begun; when all of the log has been gone through."""
    if not call.open:
        return
    if call.submission is not None:
        call.wait_again(call.submission)
        return
    work = call.find()
    if isinstance(work, Queued):
        call.queue(again=call.started)
        return
    if not call.started:
        call.record_started()
    if not isinstance(work, Work):
        call.conclude(work)
    else:
        call.submit(work)
