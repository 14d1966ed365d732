"""ResultPath: a value put where a Reference Path points."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfnb.errors import StatesError
from sfnb.query.jsonpath.path import compile_path, merge
from sfnb.values import Json

NAMES = st.sampled_from(["a", "b", "c"])
SCALARS = st.none() | st.booleans() | st.integers(-9, 9)
DOCUMENTS = st.dictionaries(
    NAMES,
    st.recursive(
        SCALARS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
        max_leaves=10,
    ),
)
PATHS = st.lists(NAMES | st.integers(0, 2), min_size=1, max_size=4)


def spell(steps: list[str | int]) -> str:
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)


@pytest.mark.parametrize(
    ("path", "document", "merged"),
    [
        ("$", [1], "new"),
        ("$.a", {}, {"a": "new"}),
        ("$.a", {"a": 1, "b": 2}, {"a": "new", "b": 2}),
        ("$.a.b.c", {"x": 1}, {"x": 1, "a": {"b": {"c": "new"}}}),
        ("$.a[1]", {"a": [1, 2, 3]}, {"a": [1, "new", 3]}),
        ("$.a[0].b", {"a": [{"c": 1}]}, {"a": [{"c": 1, "b": "new"}]}),
        ("$['a b']", {}, {"a b": "new"}),
    ],
)
def test_the_value_lands_where_the_path_points(path: str, document: Json, merged: Json) -> None:
    assert merge(compile_path(path), document, "new") == merged


@pytest.mark.parametrize(
    ("path", "document", "reason"),
    [
        ("$.a", [1], "it is not an object but an array"),
        ("$.a", "text", 'it is not an object but "text"'),
        ("$[0]", [1], "it is not an object but an array"),
        ("$.a.b", {"a": 1}, "$['a'] is not an object but 1"),
        ("$.a.b", {"a": None}, "$['a'] is not an object but null"),
        ("$.a.b", {"a": [1]}, "$['a'] is not an object but an array"),
        ("$.a[0]", {}, "$['a'] is not an array but an object"),
        ("$.a[2]", {"a": [1, 2]}, "$['a'] has 2 items, so none at [2]"),
    ],
)
def test_a_path_that_does_not_fit_the_input_fails(path: str, document: Json, reason: str) -> None:
    with pytest.raises(StatesError) as failed:
        merge(compile_path(path), document, "new")
    assert failed.value.error == "States.ResultPathMatchFailure"
    assert failed.value.cause == f"The ResultPath '{path}' cannot be applied to the state's input: {reason}"


@given(DOCUMENTS, PATHS, SCALARS)
def test_merge_sets_one_place_and_leaves_all_else_alone(
    document: dict[str, Json], steps: list[str | int], value: Json
) -> None:
    before = copy.deepcopy(document)
    path = compile_path(spell(steps))
    try:
        merged = merge(path, document, value)
    except StatesError:
        merged = None
    assert document == before
    if merged is None:
        return
    assert path.find(merged) is value
    assert_same_beside(document, merged, steps)


def assert_same_beside(old: Any, new: Any, steps: list[str | int]) -> None:
    """Off the way that `steps` take, `new` holds the very objects of `old` and nothing more."""
    step, *rest = steps
    if isinstance(old, list):
        assert len(new) == len(old)
        assert all(new[n] is item for n, item in enumerate(old) if n != step)
    else:
        assert new.keys() == {*old, step}
        assert all(new[name] is item for name, item in old.items() if name != step)
    if rest:
        there = step in old if isinstance(old, dict) else True
        assert_same_beside(old[step] if there else {}, new[step], rest)
