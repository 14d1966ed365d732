"""What an AWS history does not say and can be told from it: that a state was retried, or its error caught.

sfnb's own log has these as facts, and to go on from a log the facts have to be there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sfnb.asl.machine import Definition, walk
from sfnb.asl.recovery import Catcher, Retrier, matches
from sfnb.asl.state import State
from sfnb.asl.states.fail import Fail
from sfnb.engine import events as ev
from sfnb.engine import facts
from sfnb.engine.again import FAILED, SCHEDULED, TIMED_OUT
from sfnb.engine.events import Event, FramePath
from sfnb.errors import StatesError
from sfnb.query.expression import Literal

_FAILURES = (
    *FAILED,
    *TIMED_OUT,
    ev.TaskStartFailed,
    ev.TaskSubmitFailed,
    ev.LambdaFunctionScheduleFailed,
    ev.LambdaFunctionStartFailed,
    ev.ActivityScheduleFailed,
    ev.EvaluationFailed,
    ev.MapRunFailed,
)
_GROUPS = (ev.MapStateStarted, ev.ParallelStateStarted)
_BEGIN = (*SCHEDULED, *_GROUPS, ev.EvaluationFailed)
"""Events with which an attempt of a visit may begin."""

Failure = tuple[str | None, str | None]
UNNAMED: Failure = (None, None)


class Attempts:
    """A frame's open visit: how often it was retried, and the failure that nothing has followed yet.

    begun: an attempt is under way.
    """

    __slots__ = ("begun", "failure", "name", "retries")

    def __init__(self, name: str) -> None:
        self.name = name
        self.retries = 0
        self.begun = False
        self.failure: Failure | None = None


class Seen:
    """What there has been so far. visits: the last one of each frame. frames: by event id."""

    def __init__(self) -> None:
        self.visits: dict[FramePath, Attempts] = {}
        self.frames: dict[int, FramePath] = {}


def told(events: Iterable[Event], definition: Definition) -> Iterator[Event]:
    """The events with the facts that follow from them, each right before the event that tells of it.

    events: in their frames, as `read_history` has them.
    """
    states = {state.name: state for state in walk(definition)}
    seen = Seen()
    visits = seen.visits
    for event in events:
        visit = visits.get(event.frame)
        if isinstance(event, ev.StateEntered):
            visits[event.frame] = Attempts(event.name)
            if isinstance(event, ev.FailStateEntered):
                visits[event.frame].failure = _of_fail(states.get(event.name))
        elif isinstance(event, ev.ExecutionRedriven):
            for open_visit in visits.values():
                open_visit.begun, open_visit.failure = False, None
        elif visit is not None:
            yield from _facts(event, visit, states.get(visit.name), seen)
        seen.frames[event.id] = event.frame
        yield event


def _facts(event: Event, visit: Attempts, state: State | None, seen: Seen) -> Iterator[Event]:
    if isinstance(event, (*_BEGIN, ev.StateExited)) and isinstance(state, State):
        failure = visit.failure or (_failure_inside(event, seen) if visit.begun else None)
        if failure is not None and isinstance(event, ev.StateExited):
            yield _caught(event, state, failure)
        elif failure is not None and not (isinstance(event, ev.EvaluationFailed) and visit.begun):
            visit.retries += 1
            yield _retried(event, state, failure, visit.retries)
    if isinstance(event, _FAILURES):
        visit.failure = (event.error, event.cause)
        visit.begun = False
    elif isinstance(event, (ev.MapStateFailed, ev.ParallelStateFailed)):
        visit.failure = visit.failure or _failure_inside(event, seen) or UNNAMED
        visit.begun = False
    elif isinstance(event, (ev.MapStateSucceeded, ev.ParallelStateSucceeded)):
        visit.begun = False
    elif isinstance(event, _BEGIN):
        visit.begun, visit.failure = isinstance(event, _GROUPS), None


def _of_fail(state: State | None) -> Failure:
    """What a Fail state fails with, as far as the definition says so itself."""
    if not isinstance(state, Fail):
        return UNNAMED
    error, cause = (
        field.value if isinstance(field, Literal) and isinstance(field.value, str) else None
        for field in (state.error, state.cause)
    )
    return error, cause


def _failure_inside(event: Event, seen: Seen) -> Failure | None:
    """Why a frame inside has failed: the one in which the event before happened, if any."""
    path = seen.frames.get(event.previous_event_id, ())
    while len(path) > len(event.frame):
        visit = seen.visits.get(path)
        if visit is not None and visit.failure is not None:
            return visit.failure
        path = path[:-2]
    return None


def _retried(event: Event, state: State, failure: Failure, attempt: int) -> Event:
    error, cause = failure
    return facts.RetryScheduled(
        id=0,
        previous_event_id=event.previous_event_id,
        timestamp=event.timestamp,
        frame=event.frame,
        name=state.name,
        retrier=_first(state.retry, failure),
        attempt=attempt,
        until=event.timestamp,
        error=error,
        cause=cause,
    )


def _caught(event: Event, state: State, failure: Failure) -> Event:
    error, cause = failure
    return facts.ErrorCaught(
        id=0,
        previous_event_id=event.previous_event_id,
        timestamp=event.timestamp,
        frame=event.frame,
        name=state.name,
        catcher=_first(state.catch, failure),
        error=error,
        cause=cause,
    )


def _first(rules: Iterable[Retrier | Catcher], failure: Failure) -> int:
    """The index of the rule that matches; 0 where the history does not name the error."""
    error = StatesError(failure[0] or "States.TaskFailed", failure[1])
    return next((index for index, rule in enumerate(rules) if matches(rule.error_equals, error)), 0)
