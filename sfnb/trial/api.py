"""TestState as AWS has it: a request in, its answer or its refusal out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sfnb.asl.machine import walk
from sfnb.asl.state import State
from sfnb.errors import StatesError
from sfnb.mocks.models import mock_fault
from sfnb.trial import refusals as no
from sfnb.trial.answers import check_result
from sfnb.trial.context import check_context
from sfnb.trial.refusals import ValidationException
from sfnb.trial.request import MockInput, Mode, StateTestRequest
from sfnb.trial.subject import ANONYMOUS, check_mocked, subject_of
from sfnb.trial.tested import Bench, Given, try_state
from sfnb.values import Json, Payload

LONGEST = timedelta(minutes=5)
"""How long a test may take."""


def answer(request: StateTestRequest, input: Payload, bench: Bench) -> dict[str, Any]:
    """AWS's answer; raises ValidationException, InvalidDefinition, NoModels (a mock is to be checked, and
    botocore is not installed).
    """
    state = subject_of(request.definition, request.state_name)
    mock, asked = request.mock, request.state_configuration
    check_mocked(state, mocked=mock is not None)
    if mock is None and state.type == "Task" and request.role_arn is None:
        raise ValidationException(no.NEEDS_ROLE)
    check_origin(state, asked.error_caused_by_state)
    given = Given(
        name=ANONYMOUS,
        input=input,
        variables=_object(request.variables, "variables"),
        context=None if request.context is None else check_context(_json(request.context, "context"), state),
        mock=None if mock is None else _mock_of(mock, state, asked.map_iteration_failure_count),
        retries=asked.retrier_retry_count or 0,
        failures=asked.map_iteration_failure_count,
        reader_data=asked.map_item_reader_data,
    )
    return (
        try_state(state, given, bench)
        .at(request.inspection_level, reveal_secrets=request.reveal_secrets)
        .response()
    )


def check_origin(state: State, name: str | None) -> None:
    """Refuse an error that comes from a state that is not inside; raises ValidationException."""
    if name is None:
        return
    if state.type not in ("Map", "Parallel"):
        raise ValidationException("ErrorCausedByState is only supported for Map and Parallel states.")
    inside = {inner.name for _, part, _ in state.parts() for inner in walk(part)}
    if name not in inside:
        raise ValidationException(no.NO_STATE)


def check_mock(state: State, result: Payload, failures: int | None, mode: Mode) -> None:
    """Refuse a result that the state's work could not come to; raises ValidationException, NoModels."""
    check_result(state, result.value, failures)
    fault = mock_fault(state.resource, result.value, mode) if state.type == "Task" else None  # type: ignore[attr-defined]
    if fault is not None:
        raise ValidationException(fault)


def _mock_of(mock: MockInput, state: State, failures: int | None) -> Payload | StatesError:
    if mock.error_output is not None:
        return StatesError(mock.error_output.error, mock.error_output.cause)
    assert mock.result is not None
    result = Payload(_json(mock.result, "mock.result"), mock.result)
    check_mock(state, result, failures, mock.field_validation_mode)
    return result


def _object(text: str | None, what: str) -> dict[str, Json]:
    value = {} if text is None else _json(text, what)
    if not isinstance(value, dict):
        raise ValidationException(f"The value of '{what}' must be a JSON object.")
    return value


def _json(text: str, what: str) -> Json:
    try:
        return Payload.of_text(text).value
    except ValueError as fault:
        raise ValidationException(f"The value of '{what}' is not valid JSON: {fault}") from None
