"""Whether an input fits a schema, in words."""

from __future__ import annotations

import sys
import time
from typing import Any

import pytest

from sfnb.errors import SfnbError
from sfnb.notebook.form_check import TOO_DEEP, TOO_MUCH, Checker
from sfnb.values import Json


def told(schema: dict[str, Any], value: Json) -> list[tuple[str, str]]:
    """What is wrong, each with its place."""
    found = Checker(schema).findings(value)
    return [(".".join(map(str, finding.path)), finding.text) for finding in found]


@pytest.mark.parametrize(
    ("schema", "value", "text"),
    [
        ({"type": "integer"}, "7", "a whole number is needed"),
        ({"type": ["string", "null"]}, 7, "a text or null is needed"),
        ({"type": "boolean"}, 1, "true or false is needed"),
        ({"enum": ["S", 1, None]}, "M", "one of S, 1, null is needed"),
        ({"const": {"a": 1}}, 2, '{"a":1} is needed'),
        ({"minimum": 1}, 0, "at least 1 is needed"),
        ({"maximum": 1.5}, 2, "at most 1.5 is needed"),
        ({"exclusiveMinimum": 0}, 0, "more than 0 is needed"),
        ({"exclusiveMaximum": 9}, 9, "less than 9 is needed"),
        ({"multipleOf": 5}, 3, "a multiple of 5 is needed"),
        ({"minLength": 3}, "ab", "at least 3 characters needed; there are 2"),
        ({"maxItems": 1}, [1, 2], "at most 1 item needed; there are 2"),
        ({"minProperties": 1}, {}, "at least 1 member needed"),
        ({"uniqueItems": True}, [{"a": 1}, {"a": 1.0}], "no two items may be equal"),
        ({"pattern": "^a+$"}, "b", "does not match the pattern ^a+$"),
        ({"format": "date"}, "2026-02-30", "a date such as 2026-01-31 is needed"),
        ({"format": "date"}, "20260131", "a date such as 2026-01-31 is needed"),
        ({"format": "date-time"}, "2026-01-31", "a moment such as 2026-01-31T09:00:00Z is needed"),
        ({"format": "date-time"}, "2026-13-31T00:00:00Z", "a moment such as 2026-01-31T09:00:00Z is needed"),
        ({"format": "time"}, "25:00:00Z", "a time such as 09:00:00Z is needed"),
        ({"format": "email"}, "me", "an e-mail address is needed"),
        ({"format": "uuid"}, "7", "a UUID is needed"),
        ({"format": "uri"}, "no address", "an address such as https://example.com is needed"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, 5, "fits none of the 2 ways there are"),
        ({"oneOf": [{}, {}]}, 5, "fits not exactly one of the 2 ways there are"),
        ({"additionalProperties": False, "properties": {"a": {}}}, {"a": 1, "b": 2}, "there is no 'b' here"),
        (False, 1, None),
    ],
)
def test_what_is_wrong_is_said_in_words(schema: Any, value: Json, text: str | None) -> None:
    if text is None:
        schema, text = {"properties": {"x": schema}}, "False schema does not allow 1"
        value = {"x": value}
    assert [words for _, words in told(schema, value)] == [text]


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "integer"}, 1.0),
        ({"uniqueItems": True}, [1, True, "1", [1], {"a": 1}]),
        ({"format": "date-time"}, "2026-01-31T09:00:00.5+02:00"),
        ({"format": "date"}, 5),
        ({"format": "unknown"}, "x"),
        ({"patternProperties": {"^x-": {"type": "integer"}}, "additionalProperties": False}, {"x-a": 1}),
        ({"$defs": {"a": {"type": "string"}}, "$ref": "#/$defs/a"}, "x"),
    ],
)
def test_what_is_right_is_right(schema: dict[str, Any], value: Json) -> None:
    assert told(schema, value) == []


def test_a_finding_is_where_it_belongs() -> None:
    schema = {
        "type": "object",
        "required": ["id", "to"],
        "properties": {
            "to": {"type": "object", "required": ["street"]},
            "tags": {"type": "array", "items": {"type": "string"}},
        },
        "patternProperties": {"^x-": {"type": "integer"}},
    }

    assert told(schema, {"to": {}, "tags": ["a", 1], "x-n": "no"}) == [
        ("id", "is needed"),
        ("to.street", "is needed"),
        ("tags.1", "a text is needed"),
        ("x-n", "a whole number is needed"),
    ]


def test_older_drafts_keep_their_rules() -> None:
    draft_4 = {"$schema": "http://json-schema.org/draft-04/schema#", "minimum": 1, "exclusiveMinimum": True}

    assert told(draft_4, 2) == []
    assert len(told(draft_4, 1)) == 1
    assert told({"$schema": "https://example.com/mine", "type": "string"}, "x") == []


# Hostile schemas


def test_a_pattern_takes_no_longer_than_its_text() -> None:
    began = time.thread_time()

    assert told({"pattern": "^(a+)+$"}, "a" * 50_000 + "b") != []
    assert told(
        {"patternProperties": {"^(a+)+$": {}}, "additionalProperties": False}, {"a" * 50_000 + "b": 1}
    )
    assert told({"propertyNames": {"pattern": "^(a+)+$"}}, {"a" * 50_000 + "b": 1})
    assert time.thread_time() - began < 2


def test_a_part_that_declares_its_own_rules_is_checked_by_ours() -> None:
    inner = {"$schema": "https://json-schema.org/draft/2020-12/schema", "pattern": "^(a+)+$"}
    began = time.thread_time()

    assert told({"properties": {"x": inner}}, {"x": "a" * 40 + "b"}) != []
    assert time.thread_time() - began < 2


def test_a_check_that_would_never_end_ends() -> None:
    parts: dict[str, Any] = {f"a{n}": {"allOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(40)}
    began = time.thread_time()

    assert told({"$defs": {**parts, "a40": {}}, "$ref": "#/$defs/a0"}, 1) == [("", TOO_MUCH)]
    assert told({"$ref": "#"}, 1) == [("", TOO_DEEP)]
    assert told({"uniqueItems": True}, [[n] if n % 2 else str(n) for n in range(50_000)]) == []
    assert time.thread_time() - began < 10


def test_a_checker_can_be_asked_again_after_it_gave_up() -> None:
    schema = {"items": {"type": "integer"}}
    checker = Checker(schema)

    assert [finding.text for finding in checker.findings([1] * 100_000)] == [TOO_MUCH]
    assert checker.findings([1]) == []


def test_nothing_is_fetched() -> None:
    [(place, text)] = told({"properties": {"x": {"$ref": "http://127.0.0.1:9/x.json"}}}, {"x": 1})

    assert place == ""
    assert text.startswith("the schema points at nothing: Unresolvable: http://127.0.0.1:9/x.json")


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"type": "strin"}, "this is no JSON Schema: at type: 'strin' is not valid"),
        ({"properties": {"a": {"minimum": "1"}}}, "at properties/a/minimum: '1' is not of type 'number'"),
        ({"pattern": "(?=a)"}, "the pattern '(?=a)' cannot be used in a form"),
        ({"pattern": "("}, "at pattern: '(' is not a 'regex'"),
        (
            {"patternProperties": {"a": {}}, "unevaluatedProperties": False},
            "cannot check unevaluatedProperties",
        ),
    ],
)
def test_a_schema_that_cannot_be_checked_is_refused(schema: dict[str, Any], reason: str) -> None:
    with pytest.raises(SfnbError) as fault:
        Checker(schema)
    assert reason in str(fault.value)


def test_a_library_that_is_missing_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("re2", "jsonschema"):
        monkeypatch.setitem(sys.modules, name, None)
        with pytest.raises(SfnbError, match=r'pip install "sfnb\[triggers\]"'):
            Checker({"pattern": "a"})
    monkeypatch.delitem(sys.modules, "jsonschema")
    assert Checker({"type": "string"}).findings("x") == []
