"""What TestState takes, as boto3 spells it.

Source: AWS API reference, TestState (botocore 1.44.5); AWS recordings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from sfnb.trial import refusals as no
from sfnb.trial.refusals import ValidationException

Level = Literal["INFO", "DEBUG", "TRACE"]
Mode = Literal["STRICT", "PRESENT", "NONE"]

Name = Annotated[str, Meta(min_length=1, max_length=80)]
Data = Annotated[str, Meta(max_length=262_144)]
Count = Annotated[int, Meta(ge=0)]


class ErrorOutput(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A mocked failure."""

    error: Annotated[str, Meta(max_length=256)] | None = None
    cause: Annotated[str, Meta(max_length=32_768)] | None = None


class MockInput(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the state's work comes to: `result`, as JSON text, or a failure."""

    result: Data | None = None
    error_output: ErrorOutput | None = None
    field_validation_mode: Mode = "STRICT"


class StateConfiguration(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is to be taken as given about the visit.

    retrier_retry_count: how often the Retrier that applies to the error has been used.
    error_caused_by_state: the state inside a Map or Parallel that the mocked error comes from.
    map_iteration_failure_count: how many iterations failed.
    map_item_reader_data: what the ItemReader reads, as it stands in the object.
    """

    retrier_retry_count: Count | None = None
    error_caused_by_state: Name | None = None
    map_iteration_failure_count: Count | None = None
    map_item_reader_data: Data | None = None


class StateTestRequest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The parameters of TestState.

    definition: JSON text of one state, or of a machine, of which `state_name` names one state at any depth.
    input, variables, context: JSON text.
    """

    definition: Annotated[str, Meta(min_length=1, max_length=1_048_576)]
    role_arn: Annotated[str, Meta(min_length=1, max_length=256)] | None = None
    input: Data | None = None
    inspection_level: Level = "INFO"
    reveal_secrets: bool = False
    variables: Data | None = None
    state_name: Name | None = None
    mock: MockInput | None = None
    context: Data | None = None
    state_configuration: StateConfiguration = StateConfiguration()

    def __post_init__(self) -> None:
        """Raises ValidationException for parameters that do not go together."""
        _check_together(self)


def request_of(params: Mapping[str, Any]) -> StateTestRequest:
    """The request in boto3's parameters; raises ValidationException naming the first that will not do."""
    unknown = params.keys() - {field.encode_name for field in msgspec.structs.fields(StateTestRequest)}
    if unknown:
        raise ValidationException(f"Unknown parameter: '{min(unknown)}'")
    try:
        return msgspec.convert(dict(params), StateTestRequest)
    except msgspec.ValidationError as fault:
        raise ValidationException(f"1 validation error detected: {fault}") from None


def _check_together(request: StateTestRequest) -> None:
    mock, given = request.mock, request.state_configuration
    if mock is None:
        for value, what in (
            (given.retrier_retry_count, "RetrierRetryCount"),
            (given.error_caused_by_state, "ErrorCausedByState"),
            (given.map_iteration_failure_count, "MapIterationFailureCount"),
            (given.map_item_reader_data, "MapItemReaderData"),
            (request.context, "Context"),
        ):
            if value is not None:
                raise ValidationException(no.WITHOUT_MOCK.format(what))
        return
    if mock.result is not None and mock.error_output is not None:
        raise ValidationException(no.TWO_MOCKS)
    if mock.result is None and (mock.error_output is None or mock.error_output.error is None):
        raise ValidationException(
            "A test mock should have one of the following fields: [result, errorOutput]."
        )
    if request.reveal_secrets:
        raise ValidationException("RevealSecrets is not supported when a mock is specified.")
