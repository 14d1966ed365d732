"""A schema where none was given."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from sfnb.errors import InvalidInput, SfnbError
from sfnb.machine import load_machine
from sfnb.notebook.form_infer import (
    DEEPEST,
    MOST_INPUTS,
    MOST_MEMBERS,
    asked_of,
    schema_of,
    schema_of_definition,
)
from sfnb.service import StepFunctions
from sfnb.values import Json

ECHO = {"StartAt": "Echo", "States": {"Echo": {"Type": "Pass", "End": True}}}


@pytest.mark.parametrize(
    ("values", "schema"),
    [
        ([1, 2], {"type": "integer", "default": 1}),
        ([1.5, 2], {"type": "number", "default": 1.5}),
        ([True], {"type": "boolean", "default": True}),
        ([True, 1], {"default": True}),
        ([None, "x"], {"type": "string", "default": None}),
        ([None], {"default": None}),
        (["2026-01-31"], {"type": "string", "format": "date", "default": "2026-01-31"}),
        (
            ["2026-01-31T09:00:00Z"],
            {"type": "string", "format": "date-time", "default": "2026-01-31T09:00:00Z"},
        ),
        (["2026-02-30"], {"type": "string", "default": "2026-02-30"}),
        (["S", "M", "S"], {"type": "string", "examples": ["M", "S"], "default": "S"}),
        (["S", "M"], {"type": "string", "default": "S"}),
        (["a\nb"], {"type": "string", "maxLength": 262_144, "default": "a\nb"}),
        ([["a"], ["b"]], {"type": "array", "items": {"type": "string"}, "default": ["a"]}),
        ([{}], {"type": "object", "default": {}}),
    ],
)
def test_values_tell_their_schema_and_the_latest_is_the_default(
    values: list[Json], schema: dict[str, Any]
) -> None:
    assert schema_of(values) == schema


def test_members_of_all_inputs_are_asked_for_and_those_of_the_latest_are_there() -> None:
    found = schema_of([{"id": 7, "to": {"a": 1}}, {"id": 6, "gift": True, "to": {"b": 2}}])

    assert list(found["properties"]) == ["id", "to", "gift"]
    assert found["properties"]["gift"] == {"type": "boolean"}
    assert found["properties"]["to"]["properties"] == {
        "a": {"type": "integer", "default": 1},
        "b": {"type": "integer"},
    }
    assert "required" not in found


def test_a_large_input_is_bounded() -> None:
    deep: Json = 1
    for _ in range(500):
        deep = {"in": deep}
    found = schema_of([{f"m{number}": deep for number in range(500)}])

    depth, node = 0, found
    while "properties" in node:
        node, depth = next(iter(node["properties"].values())), depth + 1
    assert depth <= DEEPEST
    assert len(found["properties"]) == MOST_MEMBERS


def test_the_latest_inputs_are_looked_at_and_no_more(service: StepFunctions) -> None:
    machine = load_machine(service, ECHO, name="echo")
    machine.run({"old": 1})
    for number in range(MOST_INPUTS):
        machine.run({"id": number})

    asked = asked_of(machine, None, None)
    assert asked.schema["properties"] == {"id": {"type": "integer", "default": MOST_INPUTS - 1}}
    assert (asked.sure, asked.origin) == (False, f"the last {MOST_INPUTS} inputs")


def test_inputs_may_be_given(service: StepFunctions) -> None:
    machine = load_machine(service, ECHO, name="echo")
    asked = asked_of(machine, None, [{"id": 1}])

    assert asked.schema["properties"] == {"id": {"type": "integer", "default": 1}}
    assert asked.origin == "the given inputs"
    with pytest.raises(InvalidInput):
        asked_of(machine, None, [object()])
    for wrong in ({}, [], "x", pd.DataFrame({"id": [1]})):
        with pytest.raises(SfnbError, match="inputs is a list of inputs"):
            asked_of(machine, None, wrong)  # type: ignore[arg-type]


def test_a_definition_tells_what_it_reads() -> None:
    tree = {
        "StartAt": "Which",
        "States": {
            "Which": {
                "Type": "Choice",
                "Choices": [
                    {"Variable": "$.kind", "StringEquals": "gift", "Next": "Hold"},
                    {"Variable": "$.kind", "StringEquals": "plain", "Next": "Each"},
                    {"Variable": "$.fast", "BooleanEquals": True, "Next": "Each"},
                    {"Variable": "$.total", "NumericGreaterThan": 5, "Next": "Each"},
                ],
                "Default": "Each",
            },
            "Hold": {"Type": "Wait", "SecondsPath": "$.pause", "Next": "Until"},
            "Until": {"Type": "Wait", "TimestampPath": "$.until", "Next": "Each"},
            "Each": {
                "Type": "Map",
                "ItemsPath": "$.order.lines",
                "ItemProcessor": {
                    "StartAt": "P",
                    "States": {"P": {"Type": "Pass", "InputPath": "$.sku", "End": True}},
                },
                "End": True,
            },
        },
    }
    members = schema_of_definition(tree)["properties"]

    assert members["kind"] == {"type": "string", "examples": ["gift", "plain"]}
    assert members["fast"] == {"type": "boolean"}
    assert members["total"] == {"type": "number"}
    assert members["pause"] == {"type": "integer", "minimum": 0}
    assert members["until"] == {"type": "string", "format": "date-time"}
    lines = members["order"]["properties"]["lines"]
    assert lines["items"]["properties"] == {"sku": {"type": "string"}}


def test_a_definition_is_read_where_no_input_says_anything(service: StepFunctions) -> None:
    tree = {"StartAt": "A", "States": {"A": {"Type": "Pass", "InputPath": "$.order.id", "End": True}}}
    machine = load_machine(service, tree, name="reads")
    machine.run({})

    asked = asked_of(machine, None, None)
    assert asked.origin == "what the definition reads"
    assert list(asked.schema["properties"]["order"]["properties"]) == ["id"]
    assert asked_of(load_machine(service, ECHO), None, None).schema == {}
