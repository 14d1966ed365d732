"""A test of a machine's state with Python values, for `StateMachine.test_state`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import msgspec

from sfnb.asl.machine import Definition
from sfnb.asl.state import State
from sfnb.errors import StatesError
from sfnb.jsonable import to_payload
from sfnb.mocks.answers import Mocks, mocks_of
from sfnb.mocks.plan import InvalidMock, Plan, Return, Throw, plan_of
from sfnb.mocks.shapes import NoModels
from sfnb.trial import refusals as no
from sfnb.trial.api import check_mock, check_origin
from sfnb.trial.context import check_context
from sfnb.trial.refusals import InvalidDefinition, ValidationException
from sfnb.trial.request import Level, Mode
from sfnb.trial.subject import check_mocked, near_miss, state_named
from sfnb.trial.tested import Bench, Given, StateTest, try_state
from sfnb.values import Json, Payload

Mock: TypeAlias = Any
"""Return(...), Throw(...), a function that stands for the task, "auto", or the result itself."""


MakeBench: TypeAlias = Callable[[Mocks | None], Bench]
"""Makes what the state is tried on; the mocks are for its call."""


class Tuning(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be taken as given about the visit, and how much is shown of it.

    retry_count: how often the Retrier that applies has been used.
    failed_iterations: how many of a Map's iterations failed. error_from: the state inside a Map or
        Parallel that the mocked error comes from. reader_data: what an ItemReader reads, as text.
    fields: how a mocked result is held against AWS's model of the answer; STRICT unless botocore is not
        installed.
    """

    inspection: Level = "TRACE"
    retry_count: int = 0
    failed_iterations: int | None = None
    error_from: str | None = None
    reader_data: str | None = None
    fields: Mode | None = None


def state_test(
    definition: Definition,
    tree: dict[str, Any],
    name: str,
    input: Payload,
    variables: object,
    context: object,
    mock: Mock,
    tuning: Tuning,
    make_bench: MakeBench,
) -> StateTest:
    """Try the state `name` of a machine.

    Raises ValidationException, InvalidDefinition, InvalidMock, NotJson.
    """
    state = _state(definition, name)
    _check_mocked(state, mocked=mock is not None)
    _check_count(state, tuning, mocked=mock is not None)
    check_origin(state, tuning.error_from)
    answer, mocks = _answers(mock, state, tree)
    if isinstance(answer, Payload):
        _check_fields(state, answer, tuning)
    given = Given(
        name=name,
        input=input,
        variables=_object(variables, "variables"),
        context=None if context is None else check_context(_object(context, "context"), state),
        mock=answer,
        retries=tuning.retry_count,
        failures=tuning.failed_iterations,
        reader_data=tuning.reader_data,
        fields=_at(tree, state),
    )
    test = try_state(state, given, make_bench(mocks))
    return test.at(tuning.inspection)


def _at(tree: Any, state: State) -> dict[str, Any]:
    """The state as the definition has it."""
    for step in state.place:
        tree = tree[step]
    return dict(tree)


def _state(definition: Definition, name: str) -> State:
    try:
        return state_named(definition, name)
    except ValidationException as fault:
        near = near_miss(definition, name)
        raise ValidationException(f"{fault}: '{name}'" + (f"; {near}" if near else "")) from None


def _check_mocked(state: State, *, mocked: bool) -> None:
    """As AWS does, and with what to do about it."""
    try:
        check_mocked(state, mocked=mocked)
    except InvalidDefinition as fault:
        outputs = "one output for each item" if state.type == "Map" else "one output for each branch"
        raise InvalidDefinition(
            f"{fault}\nhint: give mock=[...] with {outputs}, or mock=Throw(...)"
        ) from None
    except ValidationException as fault:
        if mocked:
            raise
        raise ValidationException(f"{fault}\nhint: give mock=... with what the task comes to") from None


def _check_count(state: State, tuning: Tuning, *, mocked: bool) -> None:
    if tuning.failed_iterations is not None and not mocked:
        raise ValidationException(no.WITHOUT_MOCK.format("failed_iterations"))
    if tuning.retry_count < 0 or (tuning.failed_iterations or 0) < 0:
        raise ValidationException("retry_count and failed_iterations are 0 or more")


def _check_fields(state: State, result: Payload, tuning: Tuning) -> None:
    try:
        check_mock(state, result, tuning.failed_iterations, tuning.fields or "STRICT")
    except NoModels:
        if tuning.fields is not None:
            raise


def _answers(
    mock: Mock, state: State, tree: dict[str, Any]
) -> tuple[Payload | StatesError | None, Mocks | None]:
    """What the mock says at once, or the mocks that the call is to be made with."""
    match mock:
        case None:
            return None, None
        case Throw() as thrown:
            return thrown.failure(), None
        case StatesError():
            return mock, None
        case Return(value):
            return to_payload(value, "mock"), None
    if mock == "auto" or callable(mock) or isinstance(mock, Plan):
        if state.type != "Task":
            raise InvalidMock([f"{state.name} is a {state.type}: give the result itself, or Throw(...)"])
        plan: dict[str, Any] = {state.name: plan_of(mock)} if mock != "auto" else {}
        return None, mocks_of(plan or "auto", tree)
    return to_payload(mock, "mock"), None


def _object(value: object, what: str) -> dict[str, Json]:
    given = {} if value is None else to_payload(value, what).value
    if not isinstance(given, dict):
        raise ValidationException(f"{what} is to be a dict, found {type(value).__name__}")
    return given
