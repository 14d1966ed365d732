"""What the engine must remember that AWS has no event for.

A *fact* is a record of the log with id 0; it has no place in the history.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from sfnb.engine.counts import Counts
from sfnb.engine.events import Event
from sfnb.engine.limits import AWS_LIMITS, Limits


class Fact(Event, frozen=True, kw_only=True, gc=False):
    """Not an AWS event: `id` is 0, `previous_event_id` the event it belongs to."""


class TaskPrinted(Fact, frozen=True, kw_only=True, gc=False):
    """A task wrote `text` to its standard output or error while it ran."""

    text: str


class RetryScheduled(Fact, frozen=True, kw_only=True, gc=False):
    """A Retrier matched: the state runs again, for the `attempt`-th time (from 1), at `until`."""

    name: str
    retrier: int
    attempt: int
    until: datetime
    error: str | None = None
    cause: str | None = None


class HeartbeatMissed(Fact, frozen=True, kw_only=True, gc=False):
    """The time-out that follows is a missed heartbeat: it may be caught as States.HeartbeatTimeout too."""


class AnswerDropped(Fact, frozen=True, kw_only=True, gc=False):
    """A task that had timed out or been cancelled answered after all; nobody was waiting."""

    outcome: str


class ErrorCaught(Fact, frozen=True, kw_only=True, gc=False):
    """A Catcher matched: the state exits with an Error Output; written right before its StateExited.

    catcher: its index in Catch.
    error, cause: as the Catcher saw them; the history has neither for a Fail state or a bad path.
    """

    name: str
    catcher: int
    error: str | None = None
    cause: str | None = None


class MapRunPlanned(Fact, frozen=True, kw_only=True, gc=False):
    """How a map run is to go; right after MapRunStarted.

    max_concurrency: 0 for as many as are allowed. tolerated_failure_count, tolerated_failure_percentage:
        None where the definition gives none.
    batched: the items are put together in batches.
    """

    max_concurrency: int = 0
    tolerated_failure_count: int | None = None
    tolerated_failure_percentage: float | None = None
    batched: bool = False


class MapRunUpdated(Fact, frozen=True, kw_only=True, gc=False):
    """From here on a map run goes otherwise than was planned; None: as before."""

    max_concurrency: int | None = None
    tolerated_failure_count: int | None = None
    tolerated_failure_percentage: float | None = None


class ItemsRead(Fact, frozen=True, kw_only=True, gc=False):
    """What the items of a map run are read from was this: its fingerprint, equal for equal data."""

    fingerprint: str


class ChildrenForgotten(Fact, frozen=True, kw_only=True, gc=False):
    """From here on, logs of children that have ended are dropped; the map run cannot be taken up."""


class SelectionFailed(Fact, frozen=True, kw_only=True, gc=False):
    """What ends the map run is the failure of a field of its state: the rest of an `EvaluationError`."""

    location: str | None = None
    spec: str | None = None


class MapRunResult(Fact, frozen=True, kw_only=True, gc=False):
    """What a map run came to, as JSON text; the history has the state's output only."""

    output: str


class MapRunCounted(Fact, frozen=True, kw_only=True, gc=False):
    """What had become of the items of a map run, and of its children, as it ended."""

    items: Counts = msgspec.field(default_factory=Counts)
    executions: Counts = msgspec.field(default_factory=Counts)


class ExecutionPlanned(Fact, frozen=True, kw_only=True, gc=False):
    """What an execution is begun with that its history does not say; right after ExecutionStarted.

    execution: its name. machine: the ARN of its state machine, machine_name: that machine's name.
    kind: "STANDARD" or "EXPRESS". definition: the key under which the store has the text of the machine's
        definition.
    seed: what chance is drawn from, besides the place in the log.
    compat, limits: see `engine.compat`, `engine.limits`.
    clock: "real", "jumping" or "frozen".
    mock: the mocks that it runs with, as JSON text where they can be written down; "" where they cannot;
        None: there are none.
    parent: the map run whose child it is. index: which of its children.
    origin: the execution that it was forked from, after the event `origin_event`.
    starter: the request id of the task that started it, which is the same when that is repeated.
    trace_header: of X-Ray, as it was given.
    revision: which one of its machine it runs; None for the machine as it was created.
    signed_tokens: its task tokens are known as such, see `engine.tokens`.
    """

    execution: str
    machine: str
    machine_name: str
    kind: str = "STANDARD"
    definition: str | None = None
    seed: str = ""
    compat: str = "aws"
    limits: Limits = AWS_LIMITS
    clock: str = "real"
    mock: str | None = None
    parent: str | None = None
    index: int | None = None
    origin: str | None = None
    origin_event: int | None = None
    starter: str | None = None
    trace_header: str | None = None
    revision: str | None = None
    signed_tokens: bool = False


class RedriveRequested(Fact, frozen=True, kw_only=True, gc=False):
    """Whoever redrove it gave this token; right after ExecutionRedriven."""

    client_token: str


class ExecutionForked(Fact, frozen=True, kw_only=True, gc=False):
    """All before this was done by the execution it was forked from; what that had open begins again here."""


class DefinitionReplaced(Fact, frozen=True, kw_only=True, gc=False):
    """From here on it runs under another definition: the key under which the store has its text."""

    definition: str


class AnsweredEarly(Fact, frozen=True, kw_only=True, gc=False):
    """A task token was answered before the call that handed it out had returned.

    output: None of a failure.
    """

    output: str | None = None
    error: str | None = None
    cause: str | None = None


class HeartbeatReceived(Fact, frozen=True, kw_only=True, gc=False):
    """Whoever has the task's token has shown that it is being worked at."""
