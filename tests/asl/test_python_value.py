"""A Python value as a definition."""

from __future__ import annotations

import datetime
import decimal
import enum
from types import MappingProxyType
from typing import Any

import pytest

from sfnb.asl.source import of_value
from sfnb.errors import Span, find_span

LIMIT = 1_048_576


class Colour(enum.StrEnum):
    RED = "red"


class Number(enum.IntEnum):
    ONE = 1


def test_a_python_value_gets_canonical_text() -> None:
    source = of_value({"StartAt": "é", "States": {"A": {"n": (1, 2.5, None, True)}, "B": {}}})

    assert source.findings == ()
    assert source.format == "json"
    assert source.text == (
        '{\n  "StartAt": "é",\n  "States": {\n    "A": {\n      "n": [\n        1,\n        2.5,\n'
        '        null,\n        true\n      ]\n    },\n    "B": {}\n  }\n}'
    )
    assert source.tree == {"StartAt": "é", "States": {"A": {"n": [1, 2.5, None, True]}, "B": {}}}
    assert source.locate(("States", "A", "n", 1)) == Span(7, 9, 7, 12)


def test_enums_and_other_kinds_of_text_and_number_are_plain_in_the_tree() -> None:
    source = of_value({Colour.RED: Colour.RED, "n": Number.ONE, "big": 10**30})
    assert source.findings == ()
    assert source.tree == {"red": "red", "n": 1, "big": 10**30}
    assert all(type(key) is str for key in source.tree)
    assert [type(value) for value in source.tree.values()] == [str, int, int]


def test_the_tree_is_a_copy() -> None:
    value = {"a": [1]}
    source = of_value(value)
    value["a"].append(2)
    assert source.tree == {"a": [1]}


@pytest.mark.parametrize(
    ("bad", "message", "hint"),
    [
        (float("nan"), "nan is no JSON value", "None"),
        (float("-inf"), "-inf is no JSON value", "None"),
        ({1, 2}, "set is no JSON value", "use a list"),
        (b"x", "bytes is no JSON value", "text"),
        (datetime.datetime(2024, 1, 1), "datetime is no JSON value", "isoformat"),
        (datetime.date(2024, 1, 1), "date is no JSON value", "isoformat"),
        (decimal.Decimal(1), "Decimal is no JSON value", "float"),
        (MappingProxyType({}), "mappingproxy is no JSON value", "use a dict"),
        (print, "builtin_function_or_method is no JSON value", ""),
        pytest.param(10**5_000, "This number has too many digits", "", id="digits"),
        ("x\ud800", "This text holds half of a surrogate pair", ""),
    ],
)
def test_what_json_lacks_is_a_finding_at_its_path(bad: object, message: str, hint: str) -> None:
    source = of_value({"States": {"A": {"Items": [0, bad], "Next": "B"}}})

    (finding,) = source.findings
    assert finding.message == message
    assert hint in (finding.hint or "")
    assert finding.path == ("States", "A", "Items", 1)
    assert source.tree is None
    span = find_span(source, finding)
    assert span is not None
    assert (span.line, span.column) == (6, 9)
    source.text.encode()


@pytest.mark.parametrize(
    ("key", "text"),
    [
        (1, "1"),
        (True, "True"),
        (None, "None"),
        ((1, 2), "<tuple>"),
        pytest.param(10**5_000, "<int>", id="digits"),
    ],
)
def test_a_key_that_is_no_text_is_a_finding(key: object, text: str) -> None:
    source = of_value({"States": {key: {}}})

    (finding,) = source.findings
    assert finding.message == f"A key must be text; this one is {type(key).__name__}"
    assert (finding.path, finding.at_key, source.tree) == (("States", text), True, None)
    assert find_span(source, finding) == Span(3, 5, 3, 7 + len(text))


def test_every_fault_of_a_python_value_is_found() -> None:
    source = of_value({"a": {1, 2}, "b": [float("nan"), {None: b""}]})
    assert [finding.location for finding in source.findings] == ["/a", "/b[0]", "/b[1]/None", "/b[1]/None"]


def test_a_python_value_that_contains_itself_is_refused() -> None:
    value: dict[str, Any] = {}
    value["a"] = [value]
    (finding,) = of_value(value).findings
    assert finding.message == "Nested deeper than 500 levels"
    assert finding.hint == "does the value contain itself?"


def test_a_python_value_is_bounded_in_depth() -> None:
    for depth, fine in ((499, True), (500, False)):
        value: Any = {}
        for _ in range(depth):
            value = {"a": value}
        assert (of_value(value).findings == ()) is fine


def test_a_python_value_of_shared_parts_is_refused_unwritten() -> None:
    value: list[Any] = ["x" * 1_000]
    for _ in range(100):
        value = [value, value]
    (finding,) = of_value({"a": value}).findings
    assert finding.message == "Definition is over 2,097,152 bytes; the limit is 1,048,576"


def test_a_python_value_is_measured_without_white_space() -> None:
    assert of_value({"a": [[[1]]] * 120_000}).findings == ()
    (finding,) = of_value({"a": "x" * LIMIT}).findings
    assert finding.message == "Definition is 1,048,584 bytes; the limit is 1,048,576"


@pytest.mark.parametrize(
    ("value", "hint"),
    [([], "found an array"), ("x", 'found the text "x"'), (None, "found null"), (1, "number 1")],
)
def test_a_python_value_must_be_a_dict(value: object, hint: str) -> None:
    source = of_value(value)
    (finding,) = source.findings
    assert finding.message == "Definition must be a valid JSON object"
    assert hint in (finding.hint or "")
    assert (finding.path, source.tree) == (None, None)
