"""In what two JSON values differ."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfnb.diff.payloads import Sameness, changes

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-3, 3) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("ab .'\\", max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("left", "right", "found"),
    [
        ({"total": 30}, {"total": 31}, [("$.total", "changed", 30, 31)]),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, [("$.a.b[1]", "changed", 2, 3)]),
        ({"a": 1}, {"b": None}, [("$.a", "only left", 1, None), ("$.b", "only right", None, None)]),
        ([1], [1, [2]], [("$[1]", "only right", None, [2])]),
        ({"unit price": 1}, {"unit price": 2}, [("$['unit price']", "changed", 1, 2)]),
        ({"it's": 1}, {"it's": 2}, [("$['it\\'s']", "changed", 1, 2)]),
        ({"a": 1}, [1], [("$", "changed", {"a": 1}, [1])]),
        ([1], [True], [("$[0]", "changed", 1, True)]),
        (1, 1.0, [("$", "changed", 1, 1.0)]),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, []),
        (None, None, []),
    ],
)
def test_each_place_that_differs_is_named(left: Any, right: Any, found: list[tuple[Any, ...]]) -> None:
    shown = [(change.path, change.kind, change.left, change.right) for change in changes(left, right)]

    assert shown == found
    assert [list(map(type, row)) for row in shown] == [list(map(type, row)) for row in found]


@given(JSON, JSON)
def test_texts_are_the_same_where_no_place_differs(left: Any, right: Any) -> None:
    one, other = json.dumps(left, indent=1), json.dumps(right)

    assert Sameness()(one, other) == (not [*changes(left, right)])


@given(JSON, JSON)
def test_from_the_other_side_the_same_places_differ(left: Any, right: Any) -> None:
    there = {(change.path, change.kind) for change in changes(left, right)}
    back = {(change.path, change.kind) for change in changes(right, left)}

    turned = {"only left": "only right", "only right": "only left", "changed": "changed"}
    assert {(path, turned[kind]) for path, kind in back} == there


def test_values_nested_as_deep_as_json_may_be_are_compared() -> None:
    deep: Any = 1
    other: Any = 2
    for _ in range(900):
        deep, other = [deep], [other]

    assert [change.path for change in changes(deep, other)] == ["$" + "[0]" * 900]


def test_a_payload_that_is_missing_is_not_a_null() -> None:
    same = Sameness()

    assert same(None, None)
    assert not same(None, "null")
    assert same('{"a": 1, "b": [2]}', '{"b":[2],"a":1}')
