"""Laws of AWS IoT SQL, on whatever statements and payloads hypothesis finds."""

from __future__ import annotations

import json
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfnb.triggers.iot.sql import (
    FUNCTIONS,
    NOT_SELECTED,
    UNDEFINED,
    Facts,
    InvalidSql,
    Message,
    read_statement,
    substitute,
)
from sfnb.triggers.iot.sql.functions.calls import arity
from sfnb.values import encode

FACTS = Facts(
    account="123456789012", timestamp=1481825251155, new_uuid=lambda: "123a4567-b89c-42d3-8456-789012345000"
)

texts = st.text(st.characters(blacklist_categories=["Cs"]), max_size=8)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
)
payloads = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abcde"), inner, max_size=4),
)
objects = st.dictionaries(st.sampled_from("abcde"), payloads, max_size=5)
leaves = (
    st.sampled_from(
        ["a", "b.c", "d.e.a", "*", "null", "true", "@v", "topic(1)", "a.b.c.d.e.a", "1e5", "-2.5"]
    )
    | st.integers(-(10**20), 10**20).map(str)
    | texts.map(lambda text: "'" + text.replace("'", "''") + "'")
)


def _calls(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Calls of every function with as many arguments as it takes."""

    def call(name: str) -> st.SearchStrategy[str]:
        least, most = arity(FUNCTIONS[name])
        arguments = st.lists(inner, min_size=least, max_size=3 if most is None else most)
        return arguments.map(lambda given: f"{name}({', '.join(given)})")

    return st.sampled_from([name for name in FUNCTIONS if name != "cast"]).flatmap(call)


def _wider(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operator = st.sampled_from(["=", "<>", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "AND", "OR", "IN"])
    kind = st.sampled_from(["Int", "Decimal", "String", "Bool"])
    return (
        st.builds("({} {} {})".format, inner, operator, inner)
        | st.builds("(NOT {})".format, inner)
        | st.builds("cast({} AS {})".format, inner, kind)
        | st.builds("[{}, {}]".format, inner, inner)
        | st.builds("{{'k': {}}}".format, inner)
        | st.builds("CASE {} WHEN {} THEN {} END".format, inner, inner, inner)
        | st.builds("(SELECT {} AS x FROM d AS e WHERE {})".format, inner, inner)
        | _calls(inner)
    )


expressions = st.recursive(leaves, _wider, max_leaves=8)


@given(expressions, objects)
def test_an_evaluation_never_raises_and_yields_json(expression: str, payload: dict[str, object]) -> None:
    with suppress(InvalidSql):  # a star in an operator, an array of a few levels too many
        statement = read_statement(f"SET @v = b SELECT VALUE {expression} FROM 'a'")
        sent = Message(topic="a", payload=json.dumps(payload).encode())

        outcome = statement.evaluate(sent, FACTS)

        assert outcome in (UNDEFINED, NOT_SELECTED) or isinstance(outcome, bytes) or encode(outcome)
        assert str(statement.explain(sent, FACTS))


@given(expressions, objects)
def test_a_condition_selects_where_it_is_true_and_nowhere_else(
    expression: str, payload: dict[str, object]
) -> None:
    sent = Message(topic="a", payload=json.dumps(payload).encode())
    with suppress(InvalidSql):
        value = read_statement(f"SET @v = b SELECT VALUE {expression} FROM 'a'").evaluate(sent, FACTS)
        selected = read_statement(f"SET @v = b SELECT * FROM 'a' WHERE {expression}").evaluate(sent, FACTS)

        assert (selected is not NOT_SELECTED) == (value is True)


@given(st.text(max_size=60) | st.text("SELECTFROMWHEasv()[]{}'\",.*@= 1$", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    for sql in (
        text,
        f"SELECT {text} FROM 'a'",
        f"SELECT * FROM 'a' WHERE {text}",
        f"SET {text} SELECT a FROM 'a'",
    ):
        with suppress(InvalidSql):
            read_statement(sql)


@given(st.binary(max_size=40), st.sampled_from(["*", "VALUE *", "a", "*, a", "encode(*, 'base64') AS x"]))
def test_any_payload_is_taken(payload: bytes, items: str) -> None:
    read_statement(f"SELECT {items} FROM 'a'").evaluate(Message(topic="a", payload=payload), FACTS)


@given(objects)
def test_a_star_selects_the_message_as_it_is(payload: dict[str, object]) -> None:
    sent = Message(topic="a", payload=json.dumps(payload).encode())

    assert read_statement("SELECT * FROM 'a'").evaluate(sent, FACTS) == payload
    assert read_statement("SELECT *, nothing FROM 'a'").evaluate(sent, FACTS) == payload


numbers = st.integers(-(10**15), 10**15) | st.decimals(-1000, 1000, places=3).map(float)


@given(numbers, numbers)
def test_of_two_numbers_one_comparison_holds_however_they_are_written(one: float, other: float) -> None:
    sent = Message(
        topic="a", payload=json.dumps({"a": one, "b": other, "s": str(Decimal(repr(one)))}).encode()
    )
    sql = "SELECT VALUE [a < b, a = b, a > b, a <> b, s < b, s > b, a <= s, a >= s] FROM 'a'"

    less, same, more, differ, text_less, text_more, at_most, at_least = read_statement(sql).evaluate(
        sent, FACTS
    )  # type: ignore[misc]

    assert [less, same, more].count(True) == 1
    assert differ is not same
    assert (text_less, text_more) == (less, more)
    assert (at_most, at_least) == (True, True)


@given(numbers, numbers)
def test_sums_and_differences_are_those_of_decimals(one: float, other: float) -> None:
    sent = Message(topic="a", payload=json.dumps({"a": one, "b": other}).encode())
    total, difference = read_statement("SELECT VALUE [a + b, a - b] FROM 'a'").evaluate(sent, FACTS)  # type: ignore[misc]

    assert total == float(Decimal(repr(one)) + Decimal(repr(other)))
    assert difference == float(Decimal(repr(one)) - Decimal(repr(other)))


@given(st.integers(-(10**9), 10**9), st.integers(-(10**9), 10**9).filter(bool))
def test_a_quotient_and_its_remainder_make_the_dividend_again(one: int, other: int) -> None:
    sent = Message(topic="a", payload=json.dumps({"a": one, "b": other}).encode())

    assert read_statement("SELECT VALUE (a / b) * b + a % b FROM 'a'").evaluate(sent, FACTS) == one


@given(st.integers(-62135596800000, 253402300799999))
def test_a_time_written_is_read_again(timestamp: int) -> None:
    sent = Message(topic="a", payload=json.dumps({"t": timestamp}).encode())
    pattern = "yyyy-MM-dd''HH:mm:ss.SSS ZZ"

    sql = f'SELECT VALUE time_to_epoch(parse_time("{pattern}", t), "{pattern.replace("ZZ", "X")}") FROM \'a\''

    assert read_statement(sql).evaluate(sent, FACTS) == timestamp


@given(st.lists(texts.filter(lambda text: "/" not in text and "\0" not in text), min_size=1, max_size=6))
def test_the_levels_of_a_topic_are_counted_from_one(levels: list[str]) -> None:
    sent = Message(topic="x/" + "/".join(levels), payload=b"{}")

    template = "/".join(f"${{topic({index})}}" for index in range(1, len(levels) + 2))

    assert substitute(template, sent, FACTS) == sent.topic


@pytest.mark.parametrize("text", ["${", "${'}", "a${b{}", "${{}"])
def test_a_template_that_is_never_closed_is_refused(text: str) -> None:
    with pytest.raises(InvalidSql, match="never closed"):
        substitute(text, Message(topic="a", payload=b"{}"), FACTS)
