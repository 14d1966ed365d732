"""One visit of one state, without an execution around it: the interpreter's own code, driven from here."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Literal

import msgspec

from sfnb.asl.commands import Command
from sfnb.asl.recovery import Retrier
from sfnb.asl.state import State
from sfnb.engine.interpreter import Outcome, attempt, caught, covers
from sfnb.errors import StatesError
from sfnb.query.scope import Scope
from sfnb.trial.watch import Watch, watched
from sfnb.values import Json, Payload

Status = Literal["SUCCEEDED", "FAILED", "RETRIABLE", "CAUGHT_ERROR"]
Perform = Callable[[Command[Any]], Any]


class ErrorDetails(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Which rules matched an error.

    retry_backoff_interval_seconds: the pause before the next attempt, jitter aside; None where no
        attempt is left.
    """

    catch_index: int | None = None
    retry_index: int | None = None
    retry_backoff_interval_seconds: int | None = None


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """What a visit came to.

    output, next: of one that succeeded or was caught. error, cause: what failed, if anything did.
    assigned: the variables it sets.
    """

    status: Status
    output: Payload | None = None
    next: str | None = None
    error: str | None = None
    cause: str | None = None
    assigned: dict[str, Json] = {}
    details: ErrorDetails | None = None


def visit(state: State, scope: Scope, watch: Watch, perform: Perform, retries: int = 0) -> Ending:
    """Run a state once; what happens is told to `watch`.

    perform: answers a command, or raises StatesError. retries: how often the Retrier that applies to an
        error has been used.
    """
    return _drive(_visit(watched(state, watch), scope, watch, retries), perform)


def _drive(coroutine: Coroutine[Command[Any], Any, Ending], perform: Perform) -> Ending:
    """Take a coroutine to its end, each command answered at once."""
    answer: Any = None
    failure: StatesError | None = None
    while True:
        try:
            command = coroutine.send(answer) if failure is None else coroutine.throw(failure)
        except StopIteration as end:
            ending: Ending = end.value
            return ending
        try:
            answer, failure = perform(command), None
        except StatesError as error:
            failure = error
        except BaseException:
            coroutine.close()
            raise


async def _visit(state: State, scope: Scope, watch: Watch, retries: int) -> Ending:
    try:
        return _ended("SUCCEEDED", await attempt(watch, state, scope))
    except StatesError as error:
        failure = error
    index = next((i for i, rule in enumerate(state.retry) if covers(watch, rule, failure)), None)
    if index is not None and retries < state.retry[index].max_attempts:
        pause = _whole_seconds(state.retry[index], retries)
        details = ErrorDetails(retry_index=index, retry_backoff_interval_seconds=pause)
        return Ending(status="RETRIABLE", error=failure.error, cause=failure.cause, details=details)
    try:
        outcome = caught(watch, state, scope, failure)
    except StatesError as last:
        return Ending(status="FAILED", error=last.error, cause=last.cause, details=_details(index, None))
    return _ended("CAUGHT_ERROR", outcome, failure, _details(index, watch.catcher))


def _whole_seconds(retrier: Retrier, retries: int) -> int:
    return int(retrier.delay_seconds(retries + 1))


def _details(retrier: int | None, catcher: int | None) -> ErrorDetails | None:
    if retrier is None and catcher is None:
        return None
    return ErrorDetails(retry_index=retrier, catch_index=catcher)


def _ended(
    status: Status,
    outcome: Outcome,
    failure: StatesError | None = None,
    details: ErrorDetails | None = None,
) -> Ending:
    output, after, assigned = outcome
    return Ending(
        status=status,
        output=output,
        next=after,
        error=failure.error if failure is not None else None,
        cause=failure.cause if failure is not None else None,
        assigned=assigned or {},
        details=details,
    )
