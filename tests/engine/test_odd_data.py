"""Data that nobody should send, and what comes of it: a failure with a name, never a fault of ours."""

from __future__ import annotations

from typing import Any

import pytest
from machines import TREE, load, single

from sfnb.service import StepFunctions

GROWS: dict[str, TREE] = {
    "Parameters around the input": {"Type": "Pass", "Parameters": {"a.$": "$"}, "Next": "C"},
    "ResultPath inside the input": {
        "Type": "Pass",
        "Parameters": {"b.$": "$"},
        "ResultPath": "$.a",
        "Next": "C",
    },
    "Output around the input": {
        "Type": "Pass",
        "QueryLanguage": "JSONata",
        "Output": {"a": "{% $states.input %}"},
        "Next": "C",
    },
}


@pytest.mark.parametrize("state", GROWS.values(), ids=GROWS)
def test_a_loop_that_wraps_its_data_up_ends_with_a_name(service: StepFunctions, state: TREE) -> None:
    again = {
        "Type": "Choice",
        "Choices": [{"Variable": "$.stop", "IsPresent": True, "Next": "S"}],
        "Default": "A",
    }
    execution = load(
        service, {"StartAt": "A", "States": {"A": state, "C": again, "S": {"Type": "Succeed"}}}
    ).run({}, unlimited=True)

    assert execution.status == "FAILED"
    assert "Internal error" not in str(execution.cause)


@pytest.mark.parametrize(
    ("state", "input", "error"),
    [
        (
            {"Type": "Pass", "Parameters": {"x.$": "States.StringToJson($)"}},
            "[" * 5_000,
            "States.IntrinsicFailure",
        ),
        (
            {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $parse($states.input) + 1 %}"},
            "1" * 400,
            "States.QueryEvaluationError",
        ),
        ({"Type": "Task", "Resource": "huge"}, {}, "Runtime.MarshalError"),
    ],
    ids=["deep JSON in a string", "a number of 400 digits", "an integer of 5,000 digits"],
)
def test_odd_data_fails_by_name(service: StepFunctions, state: TREE, input: Any, error: str) -> None:
    execution = load(service, single(state), huge=lambda _: 10**5_000).run(input)

    assert (execution.status, execution.error) == ("FAILED", error)


@pytest.mark.parametrize("value", ["{% 5 %}", "{% null %}", "{% 'x' %}"])
def test_arguments_of_a_reader_that_are_no_object(service: StepFunctions, value: str) -> None:
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "P",
        "States": {"P": {"Type": "Pass", "End": True}},
    }
    reader = {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": "JSON"},
        "Arguments": value,
    }
    state = {"Type": "Map", "QueryLanguage": "JSONata", "ItemReader": reader, "ItemProcessor": processor}
    execution = load(service, single(state)).run({})

    assert execution.error == "States.QueryEvaluationError"
    assert "Expected 'object'" in str(execution.cause)


def test_an_object_of_items_may_be_written_out(service: StepFunctions) -> None:
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "P",
        "States": {"P": {"Type": "Pass", "End": True}},
    }
    items = {"a": 1, "b": "{% 1 + 1 %}"}
    state = {"Type": "Map", "QueryLanguage": "JSONata", "Items": items, "ItemProcessor": processor}

    assert load(service, single(state)).run({}).output == [{"Key": "a", "Value": 1}, {"Key": "b", "Value": 2}]


def test_text_is_no_number_in_jsonata(service: StepFunctions) -> None:
    processor = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
    state = {
        "Type": "Map",
        "QueryLanguage": "JSONata",
        "Items": [1],
        "MaxConcurrency": "{% '5' %}",
        "ItemProcessor": processor,
    }

    assert "Expected 'integer', but was 'string'" in str(load(service, single(state)).run({}).cause)
