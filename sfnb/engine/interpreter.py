"""Runs the states of one frame, one after another.

Theory of operation. A frame is a machine, a branch or an iteration. Its coroutine enters a state,
awaits the state's `run`, and exits to the next; the commands that states await pass through it to
the driver untouched. Between two commands it is a pure function of the state's input, so that a
frame can be taken up again at any open state. Retry and Catch live here: a state only raises.
"""

from __future__ import annotations

from typing import Protocol

from sfnb.asl.commands import Pause, RetryLater
from sfnb.asl.machine import Definition
from sfnb.asl.recovery import UNCATCHABLE, Catcher, Retrier, matches
from sfnb.asl.state import State, Transition
from sfnb.engine.compat import Compat
from sfnb.errors import EvaluationError, StatesError
from sfnb.query.scope import Scope
from sfnb.values import Json, Payload, encode, size_bytes


class Recorder(Protocol):
    """The frame as its interpreter sees it: what it writes to, and when to let others run."""

    payload_bytes: int
    compat: Compat

    def enter(self, state: State, payload: Payload) -> Scope: ...
    def exit(self, state: State, payload: Payload, assigned: dict[str, Json] | None) -> Payload:
        """Answers with the output, which is the log's where that is gone through again."""

    def evaluation_failed(
        self, state: State, scope: Scope, failure: StatesError, location: str | None
    ) -> None:
        """Record that a JSONata expression failed."""

    def give_up(self, state: State) -> None:
        """No Retrier is left for what ran inside: record that it failed."""

    def caught(self, state: State, catcher: int, failure: StatesError) -> None: ...
    def must_pause(self) -> bool: ...


async def run_states(frame: Recorder, definition: Definition, payload: Payload, start_at: str) -> Payload:
    """From a state to an end; answers with the output, raises StatesError where a state fails."""
    states = definition.states
    name: str | None = start_at
    while name is not None:
        if frame.must_pause():
            await Pause()
        state = states[name]
        scope = frame.enter(state, payload)
        if state.recovers:
            payload, name, assigned = await recover(frame, state, scope)
        else:
            payload, name, assigned = await attempt(frame, state, scope)
        payload = frame.exit(state, payload, assigned)
    return payload


TOO_DEEP = EvaluationError("States.Runtime", "The data is nested too deeply.")
"""Data that grows around itself, as in a loop that puts its input inside its output."""

Outcome = tuple[Payload, str | None, dict[str, Json] | None]
"""What a visit comes to: its output, the next state, and the variables it assigns."""


async def attempt(frame: Recorder, state: State, scope: Scope) -> Outcome:
    """The state once, with the data flow around it."""
    flow = state.flow
    try:
        payload = scope.input
        if flow.enter is not None:
            payload = flow.enter(scope)
            check_size(payload, state, frame)
        transition = await state.run(scope, payload)
        return leave(frame, state, scope, transition)
    except EvaluationError as fault:
        raise located(frame, state, fault, scope) from None
    except RecursionError:
        raise located(frame, state, TOO_DEEP, scope) from None


def leave(frame: Recorder, state: State, scope: Scope, transition: Transition) -> Outcome:
    """Assign and Output side by side: neither sees what the other does."""
    payload, exit, flow = transition.result, transition.exit, state.flow
    assign, stage = flow.assign, flow.leave
    if exit is not None:
        assign, stage = exit.assign, exit.leave or stage
    assigned = None
    if assign is not None:
        assigned = assign(scope, payload)
        check_variables(assigned, state, frame)
    if stage is not None:
        payload = stage(scope, payload)
    if payload is not scope.input:  # which somebody has measured before
        check_size(payload, state, frame)
    return payload, transition.next, assigned


def check_size(payload: Payload, state: State, frame: Recorder) -> None:
    """Refuse a payload that is too large for AWS."""
    text = payload.text
    if len(text) * 4 > frame.payload_bytes and size_bytes(text) > frame.payload_bytes:
        raise too_large(state.name)


SHORT = (int, bool, type(None))
"""Types of values whose JSON is too short to be worth measuring."""


def check_variables(assigned: dict[str, Json], state: State, frame: Recorder) -> None:
    """Refuse an Assign whose values, as JSON, take more than a payload may together: names do not count."""
    if all(type(value) in SHORT for value in assigned.values()):
        return
    if sum(size_bytes(encode(value)) for value in assigned.values()) > frame.payload_bytes:
        raise too_large(state.name)


def too_large(what: str) -> StatesError:
    """The failure AWS reports; `what` is a state, a function's ARN or an integration."""
    return StatesError(
        "States.DataLimitExceeded",
        f"The state/task '{what}' returned a result with a size exceeding the maximum number of bytes "
        "service limit.",
    )


def located(frame: Recorder, state: State, fault: EvaluationError, scope: Scope) -> StatesError:
    """The failure with AWS's words for where it happened; that of a JSONata expression is an event."""
    failure = StatesError(
        fault.spec if fault.spec is not None and frame.compat.spec_names else fault.error,
        f"An error occurred while executing the state '{scope.name}' "
        f"(entered at the event id #{scope.entered_id}). {fault.cause}",
    )
    if fault.error == "States.QueryEvaluationError":
        frame.evaluation_failed(state, scope, failure, fault.location)
    return failure


async def recover(frame: Recorder, state: State, scope: Scope) -> Outcome:
    """The state until it succeeds, no Retrier is left, and no Catcher matches.

    Each Retrier counts by itself, for as long as the visit lasts.
    """
    spent = [0] * len(state.retry)
    while True:
        try:
            return await attempt(frame, state, scope)
        except StatesError as error:
            failure = error
        index = next((i for i, r in enumerate(state.retry) if covers(frame, r, failure)), None)
        if index is None or spent[index] >= state.retry[index].max_attempts:
            return caught(frame, state, scope, failure)
        spent[index] += 1
        assert scope.retry_count is not None
        scope.retry_count += 1
        await RetryLater(
            state=state.name,
            retrier=index,
            attempt=scope.retry_count,
            seconds=pause_seconds(state.retry[index], spent[index], scope),
            error=failure.error,
            cause=failure.cause,
        )
        scope.start_again()


def covers(frame: Recorder, rule: Retrier | Catcher, failure: StatesError) -> bool:
    if failure.error == "States.DataLimitExceeded" and not frame.compat.all_catches_data_limit:
        return failure.error in rule.error_equals
    return matches(rule.error_equals, failure)


def pause_seconds(retrier: Retrier, attempt_number: int, scope: Scope) -> float:
    delay = retrier.delay_seconds(attempt_number)
    return delay * scope.random().float() if retrier.jitter_strategy == "FULL" else delay


def caught(frame: Recorder, state: State, scope: Scope, failure: StatesError) -> Outcome:
    """Where the first matching Catcher leads; raises the failure again where there is none."""
    if failure.error not in UNCATCHABLE:
        frame.give_up(state)
    for index, catcher in enumerate(state.catch):
        if covers(frame, catcher, failure):
            try:
                outcome = leave(
                    frame, state, scope, Transition(error_output(failure), catcher.next, catcher.exit)
                )
            except EvaluationError as fault:
                raise located(frame, state, fault, scope) from None
            frame.caught(state, index, failure)
            return outcome
    raise failure


def error_output(failure: StatesError) -> Payload:
    """The Error Output. AWS writes "" for the Cause of a time-out, which has none."""
    cause = "" if failure.cause is None and failure.error == "States.Timeout" else failure.cause
    return Payload({"Error": failure.error, "Cause": cause})
