"""Event patterns: the documented cases, what is refused in which words, hostile texts."""

from __future__ import annotations

import json
import time
import timeit
from pathlib import Path
from typing import Any

import pytest

from sfnb.triggers.patterns import InvalidEventPattern, check_event, read_pattern
from sfnb.triggers.refusals import ValidationException

CASES = Path(__file__).parent / "cases"
MATCHES: list[dict[str, Any]] = json.loads((CASES / "patterns.json").read_text(encoding="utf-8"))
REFUSED: list[dict[str, Any]] = json.loads((CASES / "patterns_refused.json").read_text(encoding="utf-8"))

EVENT = {
    "id": "1",
    "account": "123456789012",
    "source": "shop",
    "time": "2026-01-01T00:00:00Z",
    "region": "eu-west-1",
    "resources": [],
    "detail-type": "Order",
    "detail": {},
}


@pytest.mark.parametrize("case", MATCHES, ids=[case["name"] for case in MATCHES])
def test_an_event_matches_as_documented(case: dict[str, Any]) -> None:
    pattern = read_pattern(json.dumps(case["pattern"]))

    assert pattern.matches(case["event"]) is case["matches"]
    assert all(field.matched for field in pattern.explain(case["event"])) is case["matches"]


@pytest.mark.parametrize("case", REFUSED, ids=[case["pattern"] for case in REFUSED])
def test_a_wrong_pattern_is_refused_with_reason_and_place(case: dict[str, Any]) -> None:
    with pytest.raises(InvalidEventPattern) as refusal:
        read_pattern(case["pattern"])

    assert refusal.value.reason == case["reason"]
    assert str(refusal.value).startswith(f"Event pattern is not valid. Reason: {case['reason']}")
    if case["line"] is not None:
        assert (refusal.value.line, refusal.value.column) == (case["line"], case["column"])


def test_a_refusal_is_written_as_aws_writes_it() -> None:
    with pytest.raises(InvalidEventPattern) as refusal:
        read_pattern({"source": ["aws.health"], "detail": {"a": 1}})

    assert str(refusal.value) == (
        'Event pattern is not valid. Reason: "a" must be an object or an array\n'
        ' at [Source: (String)"{"source":["aws.health"],"detail":{"a":1}}"; line: 1, column: 41]'
    )
    assert refusal.value.path == "detail.a"


def test_a_long_source_is_cut_in_the_message() -> None:
    with pytest.raises(InvalidEventPattern, match=r'"\[truncated 103 chars\]; line: 1, column: 7\]$'):
        read_pattern('{"a":1' + " " * 597)


def test_of_repeated_keys_the_last_counts() -> None:
    pattern = read_pattern('{"a": ["x"], "a": ["y"], "d": {"b": [1]}, "d": {"c": [2]}}')

    assert pattern.fields == ("a", "d.b", "d.c")
    assert pattern.matches({"a": "y", "d": {"b": 1, "c": 2}})
    assert not pattern.matches({"a": "x", "d": {"b": 1, "c": 2}})


def test_big_numbers_are_compared_as_doubles() -> None:
    above = read_pattern({"n": [{"numeric": [">", 2**53]}]})

    assert above.matches({"n": 2**53 + 2})
    assert not above.matches({"n": 2**53 + 1})  # which no double is
    assert not above.matches({"n": 10**400})  # nor this
    assert not read_pattern({"n": [{"numeric": ["<", 1]}]}).matches({"n": -(10**400)})


@pytest.mark.parametrize("event", [None, [], "text", 5, [{"a": 1}]])
def test_what_is_no_object_matches_nothing(event: Any) -> None:
    pattern = read_pattern({"a": [{"exists": False}]})

    assert pattern.matches(event) is False


def test_a_pattern_may_have_4096_characters() -> None:
    frame = '{"a":["%s"]}'
    longest = frame % ("x" * (4_096 - len(frame) + 2))

    assert read_pattern(longest).text == longest
    with pytest.raises(InvalidEventPattern, match="4,097 characters, and may have 4,096"):
        read_pattern(longest + " ")
    with pytest.raises(InvalidEventPattern, match="may have 10"):
        read_pattern({"abc": ["defgh"]}, most=10)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "{",
        '{"a',
        '{"a":',
        '{"a":[',
        '{"a":["',
        '{"a":["\\x"]}',
        '{"a":["\n"]}',
        '{"a":[01]}',
        '{"a":[1.]}',
        '{"a":[1]} {',
        "\x00",
        '{"a":["\ud800"]}',
        '{"a":["\\ud800"]}',
        "}",
        "]",
        '{"a":[1]]',
        '{"a":' * 700,
        '{"a":' * 300 + "[1]" + "}" * 300,
        "[" * 4_000,
        '{"a":' + "[" * 4_000,
        '{"$or":[' * 400,
        '{"a":[{"anything-but":' * 150,
        '{"' + "a." * 2_000 + '": [1]}',
    ],
)
def test_any_text_that_is_no_pattern_is_refused(text: str) -> None:
    with pytest.raises(InvalidEventPattern):
        read_pattern(text)


def test_a_dict_that_is_no_json_is_refused() -> None:
    deep: dict[str, Any] = {}
    for _ in range(100_000):
        deep = {"a": deep}

    for wrong in ({"a": [object()]}, {1: ["x"], None: ["y"]}, deep):
        with pytest.raises(InvalidEventPattern):
            read_pattern(wrong)  # type: ignore[arg-type]


def test_the_combinations_of_many_ors_are_bounded() -> None:
    fork = '"$or":[{"a":[1]},{"b":[1]}]'
    with pytest.raises(InvalidEventPattern, match="more than 1,000 combinations"):
        read_pattern("{" + ",".join([fork] * 100) + "}")

    forks = ",".join(f'"p{n}":{{"$or":[{{"a":[1]}},{{"b":[1]}}]}}' for n in range(9))
    pattern = read_pattern("{" + forks + "}")
    assert pattern.matches({f"p{n}": {"b": 1} for n in range(9)})
    assert not all(field.matched for field in pattern.explain({f"p{n}": {"b": 2} for n in range(9)}))


@pytest.mark.parametrize(
    ("wildcard", "text"),
    [
        ("*a" * 1_000 + "b", "a" * 200_000),
        ("*ab" * 1_000, "ab" * 100_000 + "a"),
        ("a*" * 1_000, "a" * 999),
    ],
)
def test_a_huge_wildcard_takes_no_time(wildcard: str, text: str) -> None:
    pattern = read_pattern({"a": [{"wildcard": wildcard}]})

    begun = time.thread_time()
    assert not pattern.matches({"a": text})
    assert time.thread_time() - begun < 1


def test_arrays_do_not_multiply() -> None:
    names = [f"list{n}" for n in range(30)]
    pattern = read_pattern(
        {name: {"a": ["x"], "b": ["y"]} for name in names} | {"z": {"a": ["x"], "b": ["n"]}}
    )
    items = [{"a": "x", "b": "y"}] * 50

    begun = time.thread_time()
    assert not pattern.matches(dict.fromkeys([*names, "z"], items))
    assert time.thread_time() - begun < 1


def test_an_event_that_is_too_deep_is_refused() -> None:
    pattern = read_pattern({"a": {"b": ["x"]}})
    deep: Any = {"b": "x"}
    for _ in range(100_000):
        deep = [deep]

    for ask in (pattern.matches, pattern.explain):
        with pytest.raises(ValidationException, match="nested too deeply"):
            ask({"a": deep})


def test_twenty_thousand_events_a_second() -> None:
    pattern = read_pattern(
        {
            "source": ["shop"],
            "detail-type": ["Order", "Refund"],
            "detail": {
                "state": [{"anything-but": "new"}],
                "price": [{"numeric": [">", 0]}],
                "customer": [{"prefix": "c-"}],
            },
        }
    )
    event = {
        **EVENT,
        "detail": {"state": "paid", "price": 5, "customer": "c-1", "a": 1, "b": 2, "c": 3, "d": 4},
    }

    assert pattern.matches(event)
    assert min(timeit.repeat(lambda: pattern.matches(event), number=1_000, repeat=10)) < 0.05


def test_an_event_to_try_has_what_aws_demands() -> None:
    check_event(EVENT)  # type: ignore[arg-type]

    with pytest.raises(
        ValidationException, match=r"^Parameter Event is not valid\. It has no time, region\.$"
    ):
        check_event({name: "" for name in EVENT if name not in ("time", "region")})
    with pytest.raises(ValidationException, match="Parameter Event is not valid"):
        check_event([])


def words(pattern: dict[str, Any], event: Any) -> list[str]:
    return [field.words for field in read_pattern(pattern).explain(event)]


def test_a_field_is_explained_in_words() -> None:
    pattern = {
        "source": ["shop", {"prefix": "aws."}],
        "detail": {"price": [{"numeric": [">", 10, "<=", 20.5]}], "tags": ["a"], "who": [{"exists": True}]},
        "gone": [{"exists": False}],
        "ip": [{"cidr": "10.0.0.0/8"}],
    }
    event = {"source": "farm", "detail": {"price": 7, "tags": ["b", "c"]}, "gone": {"x": 1}, "ip": "10.1.1.1"}

    assert words(pattern, event) == [
        'source: "farm" is not "shop" or a text that begins with "aws."',
        "detail.price: 7 is not > 10 and <= 20.5",
        'detail.tags: none of ["b","c"] is "a"',
        "detail.who: is missing, wanted present",
        "gone: an object is missing",
        'ip: "10.1.1.1" is an address in 10.0.0.0/8',
    ]


def test_a_field_says_what_was_asked_and_found() -> None:
    (field,) = read_pattern('{"d": {"n": [ {"numeric": [">", 1]} ]}}').explain({"d": {}})

    assert (field.path, field.wanted, field.found, field.matched) == (
        "d.n",
        '[ {"numeric": [">", 1]} ]',
        "missing",
        False,
    )


def test_an_or_is_explained_with_its_alternatives() -> None:
    pattern = read_pattern({"a": [1], "$or": [{"b": [2]}, {"c": [3], "d": [4]}]})

    shared, either = pattern.explain({"a": 1, "b": 5, "c": 3})

    assert shared.words == "a: 1 is 1"
    assert not either.matched
    assert either.words == "$or: none of 2: b: 5 is not 2 | d: is missing, wanted 4"
    assert [[field.path for field in fields] for fields in either.alternatives] == [["b"], ["c", "d"]]
    assert pattern.explain({"a": 1, "c": 3, "d": 4})[1].words == "$or: c: 3 is 3; d: 4 is 4"


def test_values_of_different_items_are_explained() -> None:
    pattern = read_pattern({"people": {"first": ["Anna"], "last": ["Jones"]}})

    told = pattern.explain({"people": [{"first": "Anna"}, {"last": "Jones"}]})

    assert [field.matched for field in told] == [True, True, False]
    assert told[-1].words == (
        "no single item of the array has all of it: people.first, people.last are matched by different items"
    )
