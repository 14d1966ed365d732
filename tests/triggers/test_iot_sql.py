"""AWS IoT SQL: the guide's examples and tables, and what else a statement answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sfnb.triggers.iot.sql import (
    FUNCTIONS,
    NOT_SELECTED,
    UNDEFINED,
    Facts,
    InvalidSql,
    Message,
    check_topic_filter,
    read_statement,
    substitute,
    topic_matches,
)

CASES = json.loads((Path(__file__).parent / "cases" / "iot_sql.json").read_text())
UUID = "123a4567-b89c-42d3-8456-789012345000"
FACTS = Facts(
    account="123456789012",
    timestamp=1481825251155,
    new_uuid=lambda: UUID,
    trace_id="12345678-1234-1234-1234-123456789012",
)


def message(payload: Any, topic: str = "a/b", **members: Any) -> Message:
    raw = payload.get("$raw") if isinstance(payload, dict) else None
    return Message(topic=topic, payload=(raw or json.dumps(payload)).encode(), **members)


def wanted(expected: Any) -> Any:
    """What a case expects, its stand-ins for what JSON has not replaced."""
    if isinstance(expected, dict) and "$raw" in expected:
        return expected["$raw"].encode()
    if expected == {"$": "undefined"}:
        return UNDEFINED
    return NOT_SELECTED if expected == {"$": "not selected"} else expected


@pytest.mark.parametrize("case", CASES["statements"], ids=lambda case: case["sql"])
def test_a_statement_makes_of_a_message_what_the_guide_says(case: dict[str, Any]) -> None:
    statement = read_statement(case["sql"], version=case.get("version", "2016-03-23"))

    assert statement.matches(case["topic"])
    assert statement.evaluate(message(case["payload"], case["topic"]), FACTS) == wanted(case["expected"])


@pytest.mark.parametrize("case", CASES["expressions"], ids=lambda case: case["expression"])
def test_an_expression_yields_what_its_table_says(case: dict[str, Any]) -> None:
    version = case.get("version", "2016-03-23")
    statement = read_statement(f"SELECT VALUE {case['expression']} FROM '#'", version=version)
    sent = message(
        CASES["payload"],
        "things/myThings/thingOne",
        client_id="sensor-7",
        source_ip="10.0.0.7",
        properties={"content_type": "text/plain"},
        user_properties=(("k", "1"), ("k", "2")),
    )
    got, expected = statement.evaluate(sent, FACTS), wanted(case["expected"])

    assert got == expected
    assert isinstance(got, bool) == isinstance(expected, bool)


def test_every_function_has_a_case() -> None:
    text = " ".join(case["expression"].lower() for case in CASES["expressions"])

    assert [name for name in FUNCTIONS if f"{name}(" not in text] == []


def test_version_2015_keeps_the_point_of_a_decimal() -> None:
    for version, expected in (("2015-10-08", "3.0"), ("2016-03-23", "3"), ("beta", "3")):
        statement = read_statement("SELECT VALUE 1.5 + 1.5 FROM 'a'", version=version)
        assert repr(statement.evaluate(message({}), FACTS)) == expected


def test_a_result_never_changes_the_payload_that_it_shares() -> None:
    statement = read_statement("SET @all = inner SELECT *, 1 AS inner.added, @all AS before FROM 'a'")

    got = statement.evaluate(message({"inner": {"old": 0}}), FACTS)

    assert got == {"inner": {"old": 0, "added": 1}, "before": {"old": 0}}


def test_a_statement_without_from_is_for_basic_ingest_alone() -> None:
    statement = read_statement("SELECT a")

    assert statement.topic_filter == ""
    assert not statement.matches("a/b")
    assert statement.evaluate(message({"a": 1}), FACTS) == {"a": 1}


def test_a_client_that_is_none_is_not_available() -> None:
    statement = read_statement("SELECT clientid() AS c, traceid() AS t FROM 'a'")
    facts = Facts(account="1", timestamp=0, new_uuid=lambda: UUID)

    assert statement.evaluate(message({}), facts) == {"c": "n/a"}


def test_an_item_without_a_name_is_called_by_its_own_text() -> None:
    statement = read_statement("SELECT topic(2), {'a': [1]} , a.b.c FROM 'a'")

    got = statement.evaluate(message({"a": {"b": {"c": 5}}}), FACTS)

    assert got == {"topic(2)": "b", "{'a': [1]}": {"a": [1]}, "c": 5}


def test_an_explanation_shows_each_condition_with_its_values() -> None:
    statement = read_statement(
        "SET @hot = temperature > 50 SELECT * FROM 'a/+' WHERE @hot AND (color <> 'red' OR NOT size = '5')"
    )

    explained = statement.explain(message({"temperature": 51, "color": "red", "size": "5"}), FACTS)

    assert str(explained).splitlines() == [
        "topic: matches",
        "SET @hot: true",
        "WHERE @hot: true",
        "WHERE color <> 'red': false (color is \"red\")",
        "WHERE size = '5': true (size is \"5\")",
        "result: not selected, because WHERE is false",
    ]
    assert explained.outcome is NOT_SELECTED


def test_an_explanation_says_what_is_undefined() -> None:
    statement = read_statement("SELECT a FROM 'a/b' WHERE missing > 5")

    explained = statement.explain(message({"a": 1}), FACTS)

    assert [str(condition) for condition in explained.conditions] == [
        "missing > 5: Undefined (missing is Undefined)"
    ]
    assert explained.reason == "WHERE is Undefined"


def test_an_explanation_of_another_topic_selects_nothing() -> None:
    explained = read_statement("SELECT * FROM 'a/b'").explain(message({"a": 1}, "a/c"), FACTS)

    assert not explained.topic_matches
    assert explained.outcome is NOT_SELECTED
    assert explained.where is True


def test_an_explanation_says_that_a_payload_has_no_names() -> None:
    explained = read_statement("SELECT *, 1 AS a FROM 'a/b'").explain(message({"$raw": "no json"}), FACTS)

    assert explained.reason == "the payload is no object, and the statement selects more than *"


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("plain", "plain"),
        ("${topic(2)}-machine", "b-machine"),
        ("m-${color}-${temperature + 1}", "m-red-51"),
        ("${get({'a}': 'x'}, 'a}')}", "x"),
        ("${nothing}${null_}", ""),
        ("${[1, color]}", '[1,"red"]'),
        ("$${color}", "$red"),
        ('${parse_time("yyyy", timestamp(), "UTC")}', "2016"),
        ("${*}", '{"color":"red","temperature":50,"null_":null}'),
    ],
)
def test_a_template_is_filled_from_the_payload(template: str, filled: str) -> None:
    sent = message({"color": "red", "temperature": 50, "null_": None})

    assert substitute(template, sent, FACTS) == filled


def test_a_template_knows_the_variables_of_its_statement() -> None:
    statement = read_statement("SET @kind = lower(color) SELECT color AS c FROM 'a'")
    sent = message({"color": "RED"})

    assert substitute("x-${@kind}${c}", sent, FACTS, statement=statement) == "x-red"


@pytest.mark.parametrize(
    ("template", "complaint", "column"),
    [
        ("ab${color", "never closed", 3),
        ("ab${color +}", "expected an expression", 11),
        ("ab${nofunction(1)}", "nofunction", 5),
        ("ab${SELECT a FROM 'x'}", "expected an expression", 5),
        ("ab${@kind}", "no SET", 5),
        ("ab${}", "found nothing", 5),
    ],
)
def test_a_faulty_template_is_refused_with_its_place(template: str, complaint: str, column: int) -> None:
    with pytest.raises(InvalidSql, match=complaint) as refusal:
        substitute(template, message({}), FACTS)
    assert (refusal.value.line, refusal.value.column) == (1, column)


def test_wildcards_at_the_start_leave_the_topics_of_aws_alone() -> None:
    assert topic_matches("a/+/c", "a/b/c")
    assert topic_matches("a/#", "a/b/c")
    assert not topic_matches("#", "$aws/events/presence/connected/x")
    assert topic_matches("$aws/events/#", "$aws/events/presence/connected/x")


@pytest.mark.parametrize("topic_filter", ["", "a/#/b", "a/b+", "a" * 257])
def test_a_faulty_topic_filter_is_refused(topic_filter: str) -> None:
    with pytest.raises(InvalidSql):
        check_topic_filter(topic_filter)
