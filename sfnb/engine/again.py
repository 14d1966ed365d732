"""A call that a replayed log speaks of: its answers are the log's; without one it is made again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from sfnb.engine import events as ev
from sfnb.engine import facts, jobs
from sfnb.engine.ports import Queued
from sfnb.errors import EvaluationError, StatesError
from sfnb.values import Payload

if TYPE_CHECKING:
    from sfnb.engine.tasks import Invocation

SCHEDULED = (ev.TaskScheduled, ev.LambdaFunctionScheduled, ev.ActivityScheduled)
STARTED = (ev.TaskStarted, ev.LambdaFunctionStarted, ev.ActivityStarted)
SUBMITTED = (ev.TaskSubmitted,)
SUCCEEDED = (ev.TaskSucceeded, ev.LambdaFunctionSucceeded, ev.ActivitySucceeded)
FAILED = (ev.TaskFailed, ev.LambdaFunctionFailed, ev.ActivityFailed)
TIMED_OUT = (ev.TaskTimedOut, ev.LambdaFunctionTimedOut, ev.ActivityTimedOut)
FACTS = (facts.HeartbeatMissed, facts.HeartbeatReceived, facts.AnsweredEarly)
STEPS = (*STARTED, *SUBMITTED, *SUCCEEDED, *FAILED, *TIMED_OUT, *FACTS)


def begin_again(call: Invocation) -> None:
    """Record as it was recorded, as far as the log goes."""
    replay = call.run.replay
    assert replay is not None
    call.frame.waiting = call
    if replay.has_more(call.frame.path) and replay.next is not None:
        call.call = replace(call.call, moment=replay.next.timestamp)
        call.scheduled_id = call.record_scheduled()
        repeat(call, replay.next)


def repeat(call: Invocation, event: ev.Event | None) -> None:
    """Take from the log what it says next of this call."""
    replay = call.run.replay
    assert replay is not None
    while event is not None and event.frame == call.frame.path and isinstance(event, STEPS):
        _take(call, event)
        event = replay.next if call.open else None


def _take(call: Invocation, event: ev.Event) -> None:
    if isinstance(event, FACTS):
        call.frame.fact(type(event))
        _take_fact(call, event)
        return
    call.frame.record(type(event))
    if isinstance(event, STARTED):
        call.started = True
        call.since = event.timestamp
        call.submitted = isinstance(event, ev.ActivityStarted)
    elif isinstance(event, SUBMITTED):
        call.submitted = True
        call.submission = Payload.of_text(event.output)
        call.heard = event.timestamp
    else:
        call.close()
        if isinstance(event, SUCCEEDED):
            call.run.go_on(call.frame, Payload.of_text(event.output))
        else:
            error, cause = event.error, event.cause  # type: ignore[attr-defined]
            failure = StatesError(error, cause, heartbeat=call.heartbeat_missed)
            call.run.go_on(call.frame, None, failure)


def _take_fact(call: Invocation, event: ev.Event) -> None:
    match event:
        case facts.HeartbeatMissed():
            call.heartbeat_missed = True
        case facts.HeartbeatReceived():
            call.heard = event.timestamp
        case facts.AnsweredEarly(output=None):
            call.early = StatesError(event.error, event.cause)
        case facts.AnsweredEarly():
            call.early = Payload.of_text(event.output or "null")


def make(call: Invocation, lost: StatesError | None) -> None:
    """Make the call, or wait for what it had begun; when all of the log has been gone through.

    lost: what it fails with instead, if it may have been made before.
    """
    if not call.open:
        return
    try:
        _make(call, lost)
    except EvaluationError as fault:
        call.frame.waiting = None
        call.run.go_on(call.frame, None, fault)


def _make(call: Invocation, lost: StatesError | None) -> None:
    if not call.scheduled_id:
        call.begin()
        return
    if call.submission is not None:
        _wait_again(call, call.submission)
        return
    told = call.run.tasks.answer(call.state, call.call, call.command.attempt)
    work = call.find() if told is None else None
    if isinstance(work, Queued):
        if call.started:
            _wait_for_worker(call)
        else:
            call.queue()
        return
    if call.started and lost is not None:
        call.conclude(lost)
        return
    call.since = call.heard = None
    call.proceed(told, work)


def _wait_again(call: Invocation, submission: Payload) -> None:
    """What was submitted before is waited for again, by its token, or by its job."""
    call.arm()
    call.open_token()
    if call.is_callback:
        call.expect_heartbeat()
    else:
        jobs.follow_again(call, submission)


def _wait_for_worker(call: Invocation) -> None:
    """A worker has had it, and may still answer."""
    call.queued = True
    call.open_token()
    call.arm()
    call.expect_heartbeat()
