"""Laws that event patterns obey, whatever the event."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from itertools import product
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sfnb.triggers.patterns import read_pattern

texts = st.text("ab*\\é.1", max_size=5)
scalars = st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.floats(-2, 2), texts)
names = st.sampled_from(["a", "b", "c", "a.b", "b.c"])
events = st.dictionaries(
    names,
    st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
        max_leaves=8,
    ),
    max_size=3,
)
operators = st.one_of(
    scalars,
    st.builds(lambda text: {"prefix": text}, texts),
    st.builds(lambda text: {"suffix": text}, texts),
    st.builds(lambda text: {"equals-ignore-case": text}, texts),
    st.builds(lambda texts: {"anything-but": texts}, st.lists(texts, min_size=1, max_size=2)),
    st.builds(
        lambda numbers: {"anything-but": numbers}, st.lists(st.integers(-3, 3), min_size=1, max_size=2)
    ),
    st.builds(lambda number: {"numeric": [">", number]}, st.integers(-3, 3)),
    st.builds(lambda there: {"exists": there}, st.booleans()),
)
wanted = st.lists(operators, min_size=1, max_size=3)
plain_names = st.sampled_from(["a", "b", "c"])
objects = st.dictionaries(
    plain_names,
    st.recursive(
        wanted, lambda inner: st.dictionaries(plain_names, inner, min_size=1, max_size=3), max_leaves=5
    ),
    min_size=1,
    max_size=3,
)
patterns = objects | st.builds(
    lambda shared, first, second: {**shared, "$or": [first, second]}, objects, objects, objects
)


def matches(pattern: Mapping[str, Any], event: Any) -> bool:
    return read_pattern(pattern).matches(event)


def leaves(value: Any, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    """Every value that is no object and no array, without those in arrays."""
    if isinstance(value, dict):
        return [leaf for name, inner in value.items() for leaf in leaves(inner, (*path, name))]
    return [] if isinstance(value, list) else [(path, value)]


def pattern_of(path: tuple[str, ...], wanted: list[Any]) -> dict[str, Any]:
    node: Any = wanted
    for name in reversed(path):
        node = {name: node}
    return node  # type: ignore[no-any-return]


@settings(deadline=None)
@given(events)
def test_a_pattern_of_an_events_own_values_matches_it(event: dict[str, Any]) -> None:
    for path, value in leaves(event):
        assert matches(pattern_of(path, [value]), event)
        assert matches(pattern_of(path, [{"exists": True}]), event)


@settings(deadline=None)
@given(scalars, texts)
def test_anything_but_is_the_negation_on_a_single_value(value: Any, text: str) -> None:
    event = {"a": value}

    assert matches({"a": [{"anything-but": text}]}, event) is not matches({"a": [text]}, event)
    for operator in ("prefix", "suffix", "equals-ignore-case"):
        assume(text)
        anything_but = matches({"a": [{"anything-but": {operator: text}}]}, event)
        assert anything_but is not matches({"a": [{operator: text}]}, event)


@settings(deadline=None)
@given(scalars, st.integers(-3, 3))
def test_anything_but_a_number_is_the_negation_too(value: Any, number: int) -> None:
    event = {"a": value}

    assert matches({"a": [{"anything-but": number}]}, event) is not matches({"a": [number]}, event)


@settings(deadline=None)
@given(events, objects, objects)
def test_or_is_the_union(event: dict[str, Any], first: dict[str, Any], second: dict[str, Any]) -> None:
    assert matches({"$or": [first, second]}, event) is (matches(first, event) or matches(second, event))


@settings(deadline=None)
@given(events, objects, wanted)
def test_one_more_field_never_makes_a_match(
    event: dict[str, Any], pattern: dict[str, Any], more: list[Any]
) -> None:
    assume(not matches(pattern, event))

    assert not matches({**pattern, "other": more}, event)


@settings(deadline=None)
@given(events, patterns)
def test_an_event_matches_if_all_its_fields_are_said_to(
    event: dict[str, Any], pattern: dict[str, Any]
) -> None:
    read = read_pattern(pattern)

    assert read.matches(event) is all(field.matched for field in read.explain(event))


@settings(deadline=None)
@given(events, wanted)
def test_one_more_alternative_never_ends_a_match(event: dict[str, Any], some: list[Any]) -> None:
    for path, value in leaves(event):
        assert matches(pattern_of(path, [*some, value]), event)


@lru_cache
def like(wildcard: str) -> re.Pattern[str]:
    return re.compile("".join(".*" if char == "*" else re.escape(char) for char in wildcard), re.DOTALL)


@settings(deadline=None)
@given(st.text("ab*", max_size=7), st.text("ab", max_size=10))
def test_a_wildcard_is_what_the_slow_way_says(wildcard: str, text: str) -> None:
    assume("**" not in wildcard)

    assert matches({"x": [{"wildcard": wildcard}]}, {"x": text}) is bool(like(wildcard).fullmatch(text))


def flat(value: Any, path: str, trail: tuple[Any, ...]) -> list[tuple[str, Any, tuple[Any, ...]]]:
    """Path, value and the items chosen on the way, as aws/event-ruler flattens an event."""
    if isinstance(value, dict):
        return [
            leaf
            for name, inner in value.items()
            for leaf in flat(inner, f"{path}.{name}" if path else name, (*trail, name))
        ]
    if isinstance(value, list):
        return [
            leaf
            for index, item in enumerate(value)
            for leaf in flat(item, path, (*trail, index) if isinstance(item, dict | list) else trail)
        ]
    return [(path, value, trail)]


def together(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    """Whether no array has to be two of its items at once."""
    for left, right in zip(one, other, strict=False):
        if left != right:
            return not (isinstance(left, int) and isinstance(right, int))
    return True


@settings(deadline=None, max_examples=300)
@given(
    st.dictionaries(
        plain_names,
        st.recursive(
            st.sampled_from(["x", "y"]),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(plain_names, inner, max_size=3),
            max_leaves=10,
        ),
        max_size=3,
    ),
    st.dictionaries(
        st.sampled_from(["a", "b", "c", "a.a", "a.b", "a.c", "b.a", "b.b", "a.b.a", "a.b.b", "a.b.c"]),
        st.sampled_from(["x", "y"]),
        min_size=1,
        max_size=4,
    ),
)
def test_arrays_are_consistent_as_trying_every_choice_says(
    event: dict[str, Any], fields: dict[str, str]
) -> None:
    found = flat(event, "", ())
    choices = product(
        *([trail for path, value, trail in found if (path, value) == field] for field in fields.items())
    )
    expected = any(
        all(together(one, other) for n, one in enumerate(choice) for other in choice[:n])
        for choice in choices
    )

    assert matches({path: [value] for path, value in fields.items()}, event) is expected
