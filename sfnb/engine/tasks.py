"""One attempt of a Task state: scheduled, started, answered, late or given up.

An invocation is the `Report` of its call: what the call says arrives from any thread and is taken
up on the engine's. Once it is closed, by an answer, a time-out or a cancel, whatever still comes is
dropped and recorded as such.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sfnb.asl.commands import InvokeTask
from sfnb.engine import events as ev
from sfnb.engine.clock import uuid_of
from sfnb.engine.frame import Frame
from sfnb.engine.interpreter import too_large
from sfnb.engine.ports import Call, Handle, TaskCall
from sfnb.errors import EvaluationError, StatesError
from sfnb.values import Payload, size_bytes

if TYPE_CHECKING:
    from sfnb.engine.run import Run, Timer


class Invocation:
    """A call under way, between the frame that waits for it and the executor that makes it."""

    def __init__(self, run: Run, frame: Frame, command: InvokeTask) -> None:
        self.run = run
        self.frame = frame
        self.command = command
        self.integration = run.tasks.integration(command.resource)
        assert frame.state is not None
        self.state = frame.state.name
        key = f"{frame.path}/{run.last_id}"
        self.call = TaskCall(
            resource=command.resource,
            payload=command.payload,
            region=run.region,
            account=run.arn.split(":")[4],
            request_id=uuid_of(f"{run.arn}/{run.seed}/{key}"),
            moment=run.now,
            timeout_seconds=command.timeout_seconds,
            heartbeat_seconds=command.heartbeat_seconds,
            credentials=command.credentials,
        )
        self.key = f"{run.arn}{key}"
        self.scheduled_id = 0
        self.open = True
        self.counted = False
        self.handle: Handle | None = None
        self.deadline: Timer | None = None
        self.heartbeat_limit: Timer | None = None

    def begin(self) -> None:
        """Record, commit, then call.

        Raises EvaluationError where there is nothing to schedule: parameters that will not do.
        """
        integration, frame, run = self.integration, self.frame, self.run
        found = run.tasks.function(self.state, self.call, integration)
        missing = integration.missing(self.call) if found is None else None
        if isinstance(missing, EvaluationError):
            raise missing
        try:
            argument = integration.argument(self.call)
        except EvaluationError:
            raise
        except StatesError as refusal:
            argument, missing = self.call.payload, refusal
        kind, details = integration.scheduled(self.call)
        self.scheduled_id = frame.record(kind, **details)
        kind, details = integration.started(self.call)
        frame.record(kind, **details)
        frame.waiting = self
        if missing is not None:
            self._close()
            self._fail(missing)
            return
        assert found is not None  # else it would be missing
        self._arm()
        run.flush()
        self._count(True)
        self.handle = run.executor.submit(self._call(*found, argument), self)

    def _call(self, name: str, function: Callable[..., Any], argument: Payload) -> Call:
        limit = self.command.timeout_seconds
        return Call(
            name=name,
            function=function,
            argument=argument,
            key=self.key,
            resource=self.command.resource,
            timeout_seconds=None if limit is None else float(limit),
            now=self.run.clock.now,
            wait_until=self.wait_until,
        )

    def _arm(self) -> None:
        """Set the time-out, and the longest silence, going."""
        command, run = self.command, self.run
        if command.timeout_seconds is not None:
            moment = run.now + timedelta(seconds=command.timeout_seconds)
            self.deadline = run.at(moment, lambda: self._late(heartbeat=False), timeout=True)
        self._expect_heartbeat()

    def _expect_heartbeat(self) -> None:
        if self.heartbeat_limit is not None:
            self.heartbeat_limit.cancel()
        if self.command.heartbeat_seconds is not None:
            moment = self.run.now + timedelta(seconds=self.command.heartbeat_seconds)
            self.heartbeat_limit = self.run.at(moment, lambda: self._late(heartbeat=True), timeout=True)

    # What the call reports, from any thread

    def succeeded(self, answer: Payload) -> None:
        self._post(self._answered, answer)

    def failed(self, error: str, message: str, trace: Sequence[str]) -> None:
        self._post(self._raised, error, message, trace)

    def refused(self, error: str, cause: str | None) -> None:
        self._post(self._refused, error, cause)

    def heartbeat(self) -> None:
        self._post(self._heard)

    def printed(self, text: str) -> None:
        self._post(self._printed, text)

    def wait_until(self, moment: datetime, wake: Callable[[], None]) -> Callable[[], None]:
        """The call only waits: a jumping clock may move on to `moment`."""
        timers: list[Timer] = []
        self._post(self._slept, moment, wake, timers)

        def give_up() -> None:
            self._post(self._woken, timers)

        return give_up

    def _post(self, action: Callable[..., None], *arguments: Any) -> None:
        self.run.engine.post(self._received, action, arguments)

    # The same, on the engine's thread

    def _received(self, action: Callable[..., None], arguments: tuple[Any, ...]) -> None:
        if not self.run.ended:
            self.run.now = self.run.clock.now()
            self.run.guard(action, *arguments)
            self.run.wake()

    def _answered(self, answer: Payload) -> None:
        if not self._finish("succeeded"):
            return
        result = self.integration.result(self.call, answer)
        if size_bytes(result.text) > self.run.limits.payload_bytes:
            self._fail(too_large(self.integration.label(self.call)))
            return
        kind, details = self.integration.succeeded(self.call, result)
        self.frame.record(kind, **details)
        self.run.go_on(self.frame, result)

    def _raised(self, error: str, message: str, trace: Sequence[str]) -> None:
        if self._finish("failed"):
            cause = self.integration.cause(self.call, error, message, trace)
            self._fail(StatesError(error, cause))

    def _refused(self, error: str, cause: str | None) -> None:
        if self._finish("failed"):
            self._fail(StatesError(error, cause))

    def _heard(self) -> None:
        if self.open:
            self._expect_heartbeat()

    def _printed(self, text: str) -> None:
        self.frame.fact(ev.TaskPrinted, about=self.scheduled_id, text=text)
        self.run.on_output(text)

    def _slept(self, moment: datetime, wake: Callable[[], None], timers: list[Timer]) -> None:
        if not self.open:
            wake()
            return

        def ring() -> None:
            self._woken(timers)
            wake()

        timers.append(self.run.at(moment, ring))
        self._count(False)

    def _woken(self, timers: list[Timer]) -> None:
        if timers:
            timers.pop().cancel()
            self._count(self.open)

    def _count(self, running: bool) -> None:
        """Whether the clock must go on for this call: it runs, and somebody waits for it."""
        self.run.running_calls += running - self.counted
        self.counted = running

    # The end

    def _finish(self, outcome: str) -> bool:
        """Take the call's outcome, unless nobody waits for it any more."""
        if not self.open:
            self.frame.fact(ev.AnswerDropped, about=self.scheduled_id, outcome=outcome)
            return False
        self._close()
        return True

    def _close(self) -> None:
        self.open = False
        self._count(False)
        for timer in (self.deadline, self.heartbeat_limit):
            if timer is not None:
                timer.cancel()

    def _late(self, *, heartbeat: bool) -> None:
        if not self.open:
            return
        self._abandon()
        failure = StatesError("States.Timeout", heartbeat=heartbeat)
        kind, details = self.integration.timed_out(self.call, failure)
        self.frame.record(kind, **details)
        self.run.go_on(self.frame, None, failure)

    def _fail(self, failure: StatesError) -> None:
        kind, details = self.integration.failed(self.call, failure)
        self.frame.record(kind, **details)
        self.run.go_on(self.frame, None, failure)

    def cancel(self) -> None:
        """The frame is given up."""
        if self.open:
            self._abandon()

    def _abandon(self) -> None:
        self._close()
        if self.handle is not None:
            self.handle.cancel()
