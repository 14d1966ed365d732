"""What the engine needs from outside, as protocols: nothing has to inherit to fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec

from sfnb.engine.events import Event
from sfnb.errors import StatesError
from sfnb.values import Payload


class EventStore(Protocol):
    """An append-only log, one stream of events per execution (named by its ARN)."""

    def append(self, execution: str, events: Sequence[Event], *, after: int) -> None:
        """Add `events` in one transaction if the stream holds `after` events.

        Raises StaleAppend when another writer got there first; nothing is written then.
        """

    def read(self, execution: str, *, after: int = 0) -> Iterator[Event]:
        """The events of one stream in order, leaving out the first `after`."""

    def executions(self) -> Sequence[str]:
        """Every stream's name, oldest first."""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A Python function to run on a JSON argument.

    name: the task's name, for messages and thread names.
    key: unique in the log and the same when the call is repeated after a crash.
    resource: the ARN or name as the definition has it, for Lambda's `context`.
    timeout_seconds: how long the caller will wait, None for as long as it takes.
    now, wait_until: the execution's clock, so that `sfnb.sleep` and Lambda's remaining time follow it.
        wait_until(moment, wake) calls `wake()` at `moment` and tells the clock that the call is only
        waiting, until then; it returns a function that gives the wait up. From any thread.
    """

    name: str
    function: Callable[..., Any]
    argument: Payload
    key: str
    resource: str
    timeout_seconds: float | None
    now: Callable[[], datetime]
    wait_until: Callable[[datetime, Callable[[], None]], Callable[[], None]]


class Report(Protocol):
    """Where a running call says how it goes. Every method may be called from any thread."""

    def succeeded(self, answer: Payload) -> None: ...

    def failed(self, error: str, message: str, trace: Sequence[str]) -> None:
        """The function raised: `error` is the exception's class name, `message` its text, `trace`
        the stack as Python's `traceback.format_tb` gives it, of the user's own frames."""

    def refused(self, error: str, cause: str | None) -> None:
        """The function raised `TaskError`: Error and Cause are to be taken as they are."""

    def heartbeat(self) -> None: ...

    def printed(self, text: str) -> None: ...


class Handle(Protocol):
    """A call under way."""

    def cancel(self) -> None:
        """Nobody waits any more: ask the task to stop (`sfnb.cancelled()`); its answer is dropped."""


class Executor(Protocol):
    """Where calls run.

    `submit` returns at once, or runs the call at once; the outcome goes to `report`: exactly one of
    `succeeded`, `failed` and `refused`, even when the call was cancelled (the engine drops it).
    Raises RuntimeError after `close`.
    """

    def submit(self, call: Call, report: Report) -> Handle: ...

    def close(self) -> None:
        """Let every thread go; calls under way are abandoned."""


Recorded = tuple[type[Event], dict[str, Any]]
"""An event to write: its class and its details."""


class TaskCall(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt of a Task state, as integrations see it.

    request_id: a UUID drawn from the log's key. moment: when it was scheduled.
    """

    resource: str
    payload: Payload
    region: str
    account: str
    request_id: str
    moment: datetime
    timeout_seconds: int | None
    heartbeat_seconds: int | None
    credentials: dict[str, Any] | None


class Integration(Protocol):
    """What a kind of Resource means: how a call is recorded, what it is given, what its answer becomes."""

    def function_name(self, call: TaskCall) -> str | None:
        """The name under which a Python function may stand for what is called."""

    def argument(self, call: TaskCall) -> Payload:
        """What the function is given; raises EvaluationError where the parameters will not do."""

    def scheduled(self, call: TaskCall) -> Recorded: ...

    def started(self, call: TaskCall) -> Recorded: ...

    def result(self, call: TaskCall, answer: Payload) -> Payload:
        """The state's result, made of the function's answer."""

    def succeeded(self, call: TaskCall, result: Payload) -> Recorded: ...

    def cause(self, call: TaskCall, error: str, message: str, trace: Sequence[str]) -> str:
        """The Cause of a failure that is a Python exception."""

    def failed(self, call: TaskCall, failure: StatesError) -> Recorded: ...

    def timed_out(self, call: TaskCall, failure: StatesError) -> Recorded: ...

    def missing(self, call: TaskCall) -> StatesError:
        """The failure where no function stands for what is called."""

    def label(self, call: TaskCall) -> str:
        """What AWS calls it in a message."""


class Tasks(Protocol):
    """Which integration a Resource belongs to, and which Python function stands for it."""

    def integration(self, resource: str) -> Integration: ...

    def function(
        self, state: str, call: TaskCall, integration: Integration
    ) -> tuple[str, Callable[..., Any]] | None:
        """The function's name and itself; None where there is none."""
