"""A job that a task's call has begun elsewhere, and whose end is waited for.

Where this process lets go of the execution the job goes on, and whoever takes the execution up waits for it
again. It is stopped where nobody will.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sfnb.engine.ports import Handle, Work
from sfnb.errors import StatesError
from sfnb.values import Payload

if TYPE_CHECKING:
    from sfnb.engine.tasks import Invocation

LOST = StatesError("States.TaskFailed", "The job that this task had begun cannot be followed here")


def follow(call: Invocation, answer: Payload) -> None:
    """Wait for the end of a job, which is on the same clock; that stands until the wait has begun.

    answer: what the call that began it has answered.
    """
    call.submitted = True
    call.handle = _Begun(call, answer)
    call.count(True)
    call.run.after_commit(lambda: _begin_to_follow(call, answer))


class _Begun:
    """A job that has begun, and whose end is not waited for yet. Fulfils the port `Handle`."""

    def __init__(self, call: Invocation, answer: Payload) -> None:
        self._call = call
        self._answer = answer

    def cancel(self) -> None:
        _followed(self._call, self._answer).cancel()


def _begin_to_follow(call: Invocation, answer: Payload) -> None:
    if call.open:
        call.handle = _followed(call, answer)
        call.run.engine.post(_follows, call)  # after what the job may have said already


def _follows(call: Invocation) -> None:
    """The job is on the same clock: that may jump now."""
    call.count(False)
    call.run.wake()


def follow_again(call: Invocation, answer: Payload) -> None:
    """The same after a crash, of a job that the log tells of."""
    work = call.find()
    if isinstance(work, Work) and work.follow is not None:
        call.work = work
        call.count(True)
        call.handle = _followed(call, answer)
    else:
        call.conclude(work if isinstance(work, StatesError) else LOST)


def give_up(call: Invocation, answer: Payload) -> None:
    """Stop a job, if `answer` is of one, that was begun by a call which nobody waited for any more."""
    if call.work is not None and call.work.follow is not None and not call.submitted:
        _followed(call, answer).cancel()


def _followed(call: Invocation, answer: Payload) -> Handle:
    assert call.work is not None
    assert call.work.follow is not None
    return call.work.follow(answer, call.reports)
