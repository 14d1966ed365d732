"""What tasks had answered, as mocks that answer the same again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from sfnb.engine import events as ev
from sfnb.engine.again import FAILED, SCHEDULED, SUCCEEDED, TIMED_OUT
from sfnb.engine.events import Event, FramePath
from sfnb.errors import TaskError
from sfnb.mocks.plan import Return, Throw
from sfnb.values import Json, decode

_NOT_BEGUN = (
    ev.TaskStartFailed,
    ev.TaskSubmitFailed,
    ev.LambdaFunctionScheduleFailed,
    ev.LambdaFunctionStartFailed,
    ev.ActivityScheduleFailed,
)


class Recorded:
    """A call: what it was given, and its answer once there is one."""

    def __init__(self, frame: FramePath, given: Json) -> None:
        self.frame = frame
        self.given = given
        self.answer: Return | Throw | None = None


def recorded_answers(log: Iterable[Event]) -> dict[str, Any]:
    """By state, as `mock=` takes them: one answer after another where the calls followed each other.

    Where calls may have run side by side, in branches or iterations, their order says nothing: there a
    function finds the answer by what the call is given.
    """
    calls: dict[str, list[Recorded]] = {}
    states: dict[FramePath, str] = {}
    under_way: dict[FramePath, Recorded] = {}
    for event in log:
        if isinstance(event, ev.StateEntered):
            states[event.frame] = event.name
        elif isinstance(event, SCHEDULED):
            text = event.parameters if isinstance(event, ev.TaskScheduled) else event.input
            call = under_way[event.frame] = Recorded(event.frame, decode(text))
            calls.setdefault(states.get(event.frame, ""), []).append(call)
        elif event.frame in under_way:
            under_way[event.frame].answer = _answer(event) or under_way[event.frame].answer
    return {state: _plan(answered) for state, made in calls.items() if (answered := _answered(made))}


def _answer(event: Event) -> Return | Throw | None:
    if isinstance(event, SUCCEEDED):
        return Return(decode(event.output))
    if isinstance(event, (*FAILED, *_NOT_BEGUN)):
        return Throw(event.error or "States.TaskFailed", event.cause)
    if isinstance(event, TIMED_OUT):
        return Throw("States.Timeout", event.cause)
    return None


def _answered(calls: list[Recorded]) -> list[Recorded]:
    return [call for call in calls if call.answer is not None]


def _plan(calls: list[Recorded]) -> list[Return | Throw] | Callable[[Any], Any]:
    if len({call.frame for call in calls}) == 1:
        return [call.answer for call in calls if call.answer is not None]
    return _Finder(calls)


class _Finder:
    """Answers a call as the first unused one like it was answered; where none is like it, as the first."""

    def __init__(self, calls: list[Recorded]) -> None:
        self._left = list(calls)
        self.__name__ = "recorded"

    def __call__(self, given: Any) -> Any:
        if not self._left:
            raise TaskError("States.Runtime", "The recording has no answer left for this call")
        like = next((call for call in self._left if call.given == given), self._left[0])
        self._left.remove(like)
        if isinstance(like.answer, Throw):
            raise TaskError(like.answer.error, like.answer.cause)
        return like.answer.value if isinstance(like.answer, Return) else None
