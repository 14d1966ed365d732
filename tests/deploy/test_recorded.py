"""What tasks had answered, found again for calls that are made again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from event_logs import Log

from sfnb.deploy.recorded import recorded_answers
from sfnb.engine.events import Event, FramePath
from sfnb.errors import TaskError
from sfnb.mocks.plan import Return, Throw


def called(log: Log, frame: FramePath, parameters: str, outcome: str | None = None, **answer: Any) -> None:
    log.add(
        "TaskScheduled",
        frame,
        resource_type="lambda",
        resource="invoke",
        region="us-east-1",
        parameters=parameters,
    )
    if outcome:
        log.answer(outcome, frame, **answer)


def test_calls_that_followed_each_other_are_answered_in_order() -> None:
    log = Log()
    log.enter("Task", "Pay")
    called(log, (), "{}", "Failed", error="Busy", cause="later")
    called(log, (), "{}", "TimedOut", error="States.Timeout")
    called(log, (), "{}", "Succeeded", output='{"paid":true}')

    assert recorded_answers(log.events) == {
        "Pay": [Throw("Busy", "later"), Throw("States.Timeout"), Return({"paid": True})]
    }


def test_a_call_that_was_never_answered_is_left_out() -> None:
    log = Log()
    log.enter("Task", "Pay")
    called(log, (), "{}")

    assert recorded_answers(log.events) == {}


def items() -> Sequence[Event]:
    """Three items, the last of which fails, answered in another order than asked."""
    log = Log()
    log.enter("Map", "Each")
    started = log.add("MapStateStarted", length=3)
    for index, given in enumerate("aab"):
        log.enter("Task", "Pay", (started, index))
        called(log, (started, index), f'"{given}"')
    log.answer("Failed", (started, 2), error="No", cause="b")
    log.answer("Succeeded", (started, 1), output="1")
    log.answer("Succeeded", (started, 0), output="0")
    return log.events


def test_calls_side_by_side_are_told_apart_by_what_they_are_given() -> None:
    answer = recorded_answers(items())["Pay"]

    with pytest.raises(TaskError, match="No"):
        answer("b")
    assert [answer("a"), answer("a")] == [0, 1]
    with pytest.raises(TaskError, match="no answer left"):
        answer("a")


def test_a_call_like_none_of_them_gets_the_first_that_is_left() -> None:
    answer = recorded_answers(items())["Pay"]

    assert [answer("other"), answer("a")] == [0, 1]
