"""A JSON Schema, read as fields."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from msgspec import UNSET

from sfnb.errors import SfnbError
from sfnb.notebook.form_given import DEEPEST, MOST_CHARACTERS, read_schema
from sfnb.notebook.form_schema import MOST_FIELDS, Field, fields_of, leaves, start_value


def fields(schema: dict[str, Any]) -> dict[str, Field]:
    """The fields of a schema by their paths, written with dots."""
    return {".".join(field.path): field for field in leaves(fields_of(read_schema(schema)))}


def one(schema: dict[str, Any], **more: Any) -> Field:
    """The one field of a member called x."""
    return fields({"type": "object", "properties": {"x": schema}, **more})["x"]


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"type": "string"}, "text"),
        ({"type": "string", "maxLength": 2_000}, "prose"),
        ({"type": "string", "format": "date"}, "date"),
        ({"type": "string", "format": "date-time"}, "date-time"),
        ({"type": "string", "format": "colour"}, "text"),
        ({"type": "integer"}, "integer"),
        ({"type": "number"}, "number"),
        ({"type": "boolean"}, "boolean"),
        ({"enum": ["a", 1, None]}, "choice"),
        ({"const": 5}, "choice"),
        ({"enum": list(range(1_000))}, "json"),
        ({"type": "array", "items": {"type": "string"}}, "lines"),
        ({"type": "array", "items": {"enum": ["a", "b"]}}, "lines"),
        ({"type": "array", "items": {"type": "object"}}, "json"),
        ({"type": "array"}, "json"),
        ({"type": "object"}, "json"),
        ({"type": "object", "additionalProperties": {"type": "string"}}, "json"),
        ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, "json"),
        ({"type": ["string", "integer"]}, "json"),
        ({}, "json"),
    ],
)
def test_each_schema_has_its_kind_of_field(schema: dict[str, Any], kind: str) -> None:
    assert one(schema).kind == kind


@pytest.mark.parametrize(
    "schema",
    [
        {"type": ["string", "null"]},
        {"anyOf": [{"type": "string"}, {"type": "null"}]},
        {"oneOf": [{"type": "null"}, {"type": "string"}], "title": "X"},
        {"anyOf": [{"$ref": "#/$defs/text"}, {"type": "null"}]},
    ],
)
def test_what_may_be_null_has_the_field_of_what_else_it_may_be(schema: dict[str, Any]) -> None:
    field = one(schema, **{"$defs": {"text": {"type": "string"}}})

    assert (field.kind, field.nullable) == ("text", True)


def test_a_field_knows_its_words_and_whether_it_is_needed() -> None:
    schema = {"type": "integer", "title": "How many", "description": "At once.", "minimum": 1, "maximum": 9}
    field = one(schema, required=["x"])

    assert (field.label, field.description, field.required, field.bounds) == (
        "How many",
        "At once.",
        True,
        "1 to 9",
    )
    assert one({"type": "integer"}).label == "x"
    assert not one({"type": "integer"}).required


def test_objects_in_objects_are_groups() -> None:
    inner = {"type": "object", "properties": {"street": {"type": "string"}}}
    root = fields_of({"type": "object", "properties": {"to": inner, "id": {"type": "integer"}}})

    assert [field.kind for field in root.fields] == ["group", "integer"]
    assert [field.path for field in leaves(root)] == [("to", "street"), ("id",)]


def test_references_and_parts_are_followed() -> None:
    schema = {
        "$ref": "#/$defs/order",
        "$defs": {
            "order": {"allOf": [{"$ref": "#/$defs/thing"}, {"properties": {"count": {"type": "integer"}}}]},
            "thing": {
                "type": "object",
                "required": ["a/b"],
                "properties": {"a/b": {"$ref": "#/$defs/odd~1name", "title": "Here"}},
            },
            "odd/name": {"type": "string", "title": "There"},
        },
    }
    found = fields(schema)

    assert list(found) == ["count", "a/b"] or list(found) == ["a/b", "count"]
    assert (found["a/b"].kind, found["a/b"].label, found["a/b"].required) == ("text", "Here", True)


def test_an_input_that_is_no_object_is_one_field() -> None:
    assert fields_of({"type": "array", "items": {"type": "integer"}}).kind == "lines"
    assert fields_of({"type": "string"}).path == ()


# What is there at first


def test_defaults_are_there_at_first() -> None:
    schema = {
        "type": "object",
        "required": ["gift", "to", "kind"],
        "properties": {
            "size": {"enum": ["S", "M"], "default": "M"},
            "gift": {"type": "boolean"},
            "wrap": {"type": "boolean"},
            "note": {"type": ["string", "null"], "default": None},
            "kind": {"const": "order"},
            "to": {"type": "object", "properties": {"country": {"type": "string", "default": "DE"}}},
            "by": {"type": "object", "properties": {"name": {"type": "string"}}},
        },
    }

    assert start_value(fields_of(schema)) == {
        "size": "M",
        "gift": False,
        "note": None,
        "kind": "order",
        "to": {"country": "DE"},
    }


def test_a_field_without_a_default_holds_nothing() -> None:
    assert start_value(one({"type": "string"})) is UNSET


# What is refused, and what is bounded


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (5, "a schema is a dict, JSON text or a Path, and this is int"),
        ("{", "the schema is not JSON"),
        ("[]", "the schema is to be an object, and this is []"),
        ({"x": object()}, "the schema is not JSON"),
        ({"$ref": "https://example.com/order.json"}, "which is not fetched"),
        (
            {"properties": {"a": {"$ref": "#/$defs/no"}}},
            "at /properties/a points at '#/$defs/no', and there is",
        ),
        (Path("missing.json"), "cannot read the schema 'missing.json': No such file or directory"),
        ({"description": "x" * MOST_CHARACTERS}, "262,144 is the most"),
        (json.loads('{"not":' * 100 + "{}" + "}" * 100), f"nested more than {DEEPEST} levels deep"),
        ('{"not":' * 30_000, "the schema is not JSON"),
    ],
)
def test_what_is_no_schema_is_refused_with_a_reason(given: object, reason: str) -> None:
    with pytest.raises(SfnbError) as fault:
        read_schema(given)
    assert reason in str(fault.value)


def test_a_schema_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "order.json").write_text('{"type": "string"}')

    assert read_schema(tmp_path / "order.json") == {"type": "string"}


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}},
        {"allOf": [{"$ref": "#"}, {"$ref": "#"}]},
        {"$defs": {"a": {"allOf": [{"$ref": "#/$defs/a"}] * 2}}, "$ref": "#/$defs/a"},
        {
            "$defs": {f"a{n}": {"allOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 20} for n in range(30)}
            | {"a30": {}},
            "$ref": "#/$defs/a0",
        },
    ],
)
def test_a_schema_that_goes_in_circles_ends_as_json(schema: dict[str, Any]) -> None:
    began = time.thread_time()

    assert fields_of(read_schema(schema)).kind == "json"
    assert time.thread_time() - began < 2


def test_a_tree_has_a_field_of_json_where_it_comes_to_itself_again() -> None:
    node = {"type": "object", "properties": {"name": {"type": "string"}, "next": {"$ref": "#/$defs/node"}}}
    found = fields({"$ref": "#/$defs/node", "$defs": {"node": node}})

    assert {path: field.kind for path, field in found.items()} == {"name": "text", "next": "json"}


def test_fields_are_bounded_and_the_rest_is_counted() -> None:
    members = {f"m{number}": {"type": "string"} for number in range(1_000)}
    root = fields_of({"type": "object", "properties": members})

    assert len(root.fields) < MOST_FIELDS
    assert root.hidden == 1_000 - len(root.fields)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": True, "b": 5, "c": None}},
        {"type": "object", "properties": [], "required": 3},
        {"type": "object", "properties": {"a": {"title": 5, "description": [], "examples": 3, "enum": {}}}},
        {"type": {}, "anyOf": 3, "allOf": [3]},
        {"type": "array", "items": [{"type": "string"}]},
    ],
)
def test_a_schema_that_is_written_wrongly_makes_fields_all_the_same(schema: dict[str, Any]) -> None:
    assert fields_of(read_schema(schema)).kind in ("group", "json")
