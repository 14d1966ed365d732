"""${Name} in a definition."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from sfnb.asl.source import Source
from sfnb.errors import find_span
from sfnb.notebook.substitution import Names, Substitution, read_definition

NAMES = Names(
    given={"Table": 'pri"ces\n', "Limit": "30", "Flag": "true"},
    tasks=["price"],
    states=["Charge"],
    variables={
        "limit": 5,
        "Table": "shadowed",
        "rows": [1],
        "fn": len,
        "day": date(2026, 1, 2),
        "none": None,
    },
)


def read(text: str) -> tuple[dict[str, Any], Source, dict[str, Substitution]]:
    source, found = read_definition(text, NAMES)
    assert source.tree is not None
    return source.tree, source, {item.name: item for item in found}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"${Table}"', 'pri"ces\n'),  # as a text: quotes and line ends break nothing
        ('"a ${limit} b ${Limit}"', "a 5 b 30"),
        ('"${limit}"', "5"),  # in quotes it stays a text, as CloudFormation has it
        ("${limit}", 5),  # without, it is the value
        ("${Limit}", 30),
        ("${Flag}", True),
        ("${none}", None),
        ("${Table}", 'pri"ces\n'),
        ('"${day}"', "2026-01-02"),
        ('"${rows}"', "${rows}"),
        ('"${nothing} ${ limit } $limit ${!limit}"', "${nothing} ${ limit } $limit ${!limit}"),
        ('"${price}"', "${price}"),
        ('"arn:function:${price}:1"', "arn:function:price:1"),
        ('"${price.Arn}"', "${price.Arn}"),
    ],
)
def test_json(text: str, value: object) -> None:
    assert read(f'{{"a": {text}}}')[0] == {"a": value}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${limit}", 5),
        ("'${limit}'", "5"),
        ('"${limit}"', "5"),
        ("a ${limit}", "a 5"),
        ("${Table}", 'pri"ces\n'),
    ],
)
def test_yaml(text: str, value: object) -> None:
    assert read(f"a:\n  - {text}")[0] == {"a": [value]}


def test_keys_are_texts_too() -> None:
    tree, source, _ = read('{"States": {"${limit}-x": {"Next": "${limit}-x"}, ${Limit}: 1}}')

    assert tree == {"States": {"5-x": {"Next": "5-x"}, "30": 1}}
    span = source.locate(("States", "5-x", "Next"))
    assert span is not None
    assert (span.line, span.column, span.end_column) == (1, 36, 48)


def test_places_are_those_of_the_text_as_it_was_written() -> None:
    _, source, _ = read('{"a": ${limit}, "b": "${Table}",\n "c": 1}')

    assert source.text.startswith('{"a": ${limit}')
    places = [source.locate((key,)) for key in "abc"]
    assert [(p and (p.line, p.column, p.end_column)) for p in places] == [(1, 7, 15), (1, 22, 32), (2, 7, 8)]


def test_what_stands_for_a_name_and_why() -> None:
    _, _, found = read('{"a": "${Table} ${limit} ${price} ${nothing}"}')

    assert [item.origin for item in found.values()] == ["option", "variable", "task", "missing"]


@pytest.mark.parametrize(
    ("place", "origin"),
    [
        ('{"States": {"A": {"Resource": "${Fn}"}}}', "function"),
        ('{"States": {"A": {"Parameters": {"FunctionName": "${Fn}"}}}}', "function"),
        ('{"States": {"Charge": {"Resource": "${Fn}"}}}', "task"),  # the state has a function of its own
        ('{"States": {"A": {"Parameters": {"Resource": "${Fn}"}}}}', "missing"),
    ],
)
def test_where_a_function_is_named_a_task_is_asked_for(place: str, origin: str) -> None:
    assert read(place)[2]["Fn"].origin == origin


def test_a_function_that_is_no_task_is_told_so() -> None:
    found = read('{"States": {"A": {"Resource": "${fn}"}}}')[2]["fn"]

    assert found.hint == "fn is a Python function, but no task: put @sfnb.task above it"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("rows", "the variable rows is of type list; a text, a number, true, false or null is wanted"),
        ("limmit", 'did you mean "limit"?'),
        ("Nothing", "say -s Nothing=..., or set a Python variable Nothing"),
    ],
)
def test_a_name_for_which_there_is_nothing_is_a_warning_at_its_first_place(name: str, hint: str) -> None:
    _, source, _ = read(f'{{"a": 1,\n "b": "${{{name}}}", "c": "${{{name}}}"}}')

    (warning,) = source.findings
    span = find_span(source, warning)
    assert warning.severity == "WARNING"
    assert warning.hint == hint
    assert span is not None
    assert (span.line, span.column) == (2, 7)


def test_by_itself_it_cannot_stay_and_is_an_error_each_time() -> None:
    _, source, _ = read('{"a": ${nothing}, "b": ${nothing}}')

    spans = [find_span(source, finding) for finding in source.findings]
    assert [finding.severity for finding in source.findings] == ["ERROR", "ERROR"]
    assert [span and span.column for span in spans] == [7, 24]


def test_text_without_placeholders_is_not_touched() -> None:
    source, found = read_definition('{"a": "$.x"}', NAMES)

    assert source.tree == {"a": "$.x"}
    assert found == ()


def test_text_that_cannot_be_read_keeps_its_findings() -> None:
    source, _ = read_definition('{"a": ${limit}', NAMES)

    assert source.tree is None
    assert "is not closed" in source.findings[0].message
