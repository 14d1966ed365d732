"""What is said of a call, from any thread: it is taken up on the engine's.

The executor that runs a call, the job that it began, whoever answers its token and the worker that takes it
from a queue are all given the same `Reports`. What comes when the execution has ended is dropped.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sfnb.engine import jobs
from sfnb.errors import StatesError
from sfnb.values import Payload

if TYPE_CHECKING:
    from sfnb.engine.alarms import Timer
    from sfnb.engine.run import Run
    from sfnb.engine.tasks import Invocation

GLANCE_SECONDS = 0.1
"""How often somebody who waits for a commit looks whether there will be none."""


def for_good(run: Run, action: Callable[[], bool]) -> bool:
    """Do something on the engine's thread that may write events; False where it was in vain, or never done.

    Returns when what it wrote can be lost no more, on the engine's own thread at once; raises StoreFault.
    """
    kept, answers = threading.Event(), [True] if run.engine.here else []

    def act() -> None:
        run.after_commit(kept.set)
        run.guard(lambda: answers.append(action()))

    run.engine.post(act)
    wait_for(run, kept)
    return any(answers)


def wait_for(run: Run, kept: threading.Event) -> None:
    """Wait, but on the engine's own thread, until what was to be committed is; raises StoreFault."""
    while not run.engine.here and not kept.wait(GLANCE_SECONDS):
        ended = run.ended  # before the fault, which comes first
        if run.fault is not None:
            raise run.fault
        if ended:
            break


class Reports:
    """Fulfils the ports `Report` and `JobReport`, and waits behind a token and in an activity's queue."""

    __slots__ = ("_call", "_run")

    def __init__(self, call: Invocation) -> None:
        self._call = call
        self._run = call.run

    def succeeded(self, answer: Payload) -> None:
        self._post(self._call.answered, answer)

    def failed(self, error: str, message: str, trace: Sequence[str]) -> None:
        self._post(self._call.raised, error, message, trace)

    def refused(self, error: str, cause: str | None) -> None:
        self._post(self._call.refused, error, cause)

    def heartbeat(self) -> None:
        self._post(self._call.still_works)

    def printed(self, text: str) -> None:
        self._post(self._call.printed, text)

    def called_back(self, outcome: Payload | StatesError) -> None:
        """Returns when the answer can be lost no more; raises StoreFault where it cannot be kept."""
        self._post_for_good(self._call.called_back, outcome)

    def taken(self, worker_name: str | None) -> None:
        """A worker is to have it. Returns and raises as `called_back` does."""
        self._post_for_good(self._call.taken, worker_name)

    def _post_for_good(self, action: Callable[..., None], *arguments: Any) -> None:
        kept, run = threading.Event(), self._run

        def act() -> None:
            run.after_commit(kept.set)
            action(*arguments)

        self._post(act)
        if run.store.durable:
            wait_for(run, kept)

    def wait_until(self, moment: datetime, wake: Callable[[], None]) -> Callable[[], None]:
        """The call only waits: a jumping clock may move on to `moment`."""
        timers: list[Timer] = []
        self._post(self._slept, moment, wake, timers)
        return lambda: self._post(self._woken, timers)

    def _post(self, action: Callable[..., None], *arguments: Any) -> None:
        """What is said on the engine's own thread, as by a job, is heard before the clock jumps."""
        if self._run.engine.here:
            self._run.rouse()
        self._run.engine.post(self._received, action, arguments)

    # On the engine's thread

    def _received(self, action: Callable[..., None], arguments: tuple[Any, ...]) -> None:
        run = self._run
        if not run.ended:
            run.now = run.clock.now()
            run.guard(action, *arguments)
            run.wake()
        elif action == self._call.answered and not run.forsaken:
            jobs.give_up(self._call, *arguments)

    def _slept(self, moment: datetime, wake: Callable[[], None], timers: list[Timer]) -> None:
        if not self._call.open:
            wake()
            return

        def ring() -> None:
            self._woken(timers)
            wake()

        timers.append(self._run.at(moment, ring))
        self._call.count(False)

    def _woken(self, timers: list[Timer]) -> None:
        if timers:
            timers.pop().cancel()
            self._call.count(self._call.open)
