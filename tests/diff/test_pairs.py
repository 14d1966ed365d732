"""Which visit stands for which."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import pytest
from event_logs import Log, Simulation
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from sfnb.diff.pairs import Pair, align, place
from sfnb.engine.visits import Visit, fold_visits


def visits(*names: str, **fields: Any) -> list[Visit]:
    """States one after the other."""
    log = Log()
    for name in names:
        log.enter("Pass", name)
        log.exit("Pass", name)
    return [structs.replace(visit, **fields) for visit in fold_visits(log.events)]


def told(pairs: list[Pair]) -> list[str]:
    return [f"{pair.where} {pair.nth} {pair.change}" for pair in pairs]


def items(count: int, *, order: list[int] | None = None) -> list[Visit]:
    """A Map of so many items, each of two states; `order` is that in which they are begun."""
    log = Log()
    log.enter("Map", "Each")
    started = log.add("MapStateStarted", length=count)
    every = order or [*range(count)]
    for name in ("A", "B"):
        for index in every:
            frame = (started, index)
            if name == "A":
                log.add("MapIterationStarted", frame, name="Each", index=index)
            log.enter("Pass", name, frame)
            log.exit("Pass", name, frame)
    log.add("MapStateSucceeded")
    log.exit("Map", "Each")
    return fold_visits(log.events)


def test_a_loop_that_runs_more_often_on_one_side_has_rows_of_its_own() -> None:
    assert told(
        align(visits("Ask", "Nap", "Ask", "Go"), visits("Ask", "Nap", "Ask", "Nap", "Ask", "Go"))
    ) == [
        "Ask 1 same",
        "Nap 1 same",
        "Ask 2 same",
        "Nap 2 only right",
        "Ask 3 only right",
        "Go 1 same",
    ]


def test_what_is_only_right_stands_after_what_it_follows_there() -> None:
    assert told(align(visits("A", "C", "Z"), visits("N", "A", "B", "Z"))) == [
        "N 1 only right",
        "A 1 same",
        "B 1 only right",
        "C 1 only left",
        "Z 1 same",
    ]


def test_items_are_matched_by_their_index_in_whatever_order_they_ran() -> None:
    pairs = align(items(3, order=[2, 0, 1]), items(3))

    assert all(pair.change == "same" for pair in pairs)
    assert [pair.where for pair in pairs] == ["Each"] + [
        f"Each[{index}]/{state}" for index in range(3) for state in "AB"
    ]


def test_an_item_that_is_not_there_on_the_left_is_only_right() -> None:
    pairs = align(items(1), items(2))

    assert told(pairs)[3:] == ["Each[1]/A 1 only right", "Each[1]/B 1 only right"]


@pytest.mark.parametrize(
    ("fields", "aspects"),
    [
        ({"input": '{"a":1}'}, ("input",)),
        ({"output": '{"a":1}'}, ("output",)),
        ({"input": "[1]", "output": "[1]"}, ("input", "output")),
        ({"input": " { } "}, ()),
        ({"status": "failed", "output": None, "error": "Boom"}, ("status", "output", "error")),
        ({"attempts": 2}, ("attempts",)),
        ({"assigned": {"x": "1"}}, ("variables",)),
        ({"assigned": {}}, ()),
        ({"printed": "hello", "cause": "request 7"}, ()),
    ],
)
def test_a_pair_says_in_what_it_differs(fields: dict[str, Any], aspects: tuple[str, ...]) -> None:
    [pair] = align(visits("A"), visits("A", **fields))

    assert pair.aspects == aspects
    assert pair.change == next(iter(aspects), "same")


def test_variables_that_differ_are_named_as_in_a_definition() -> None:
    [pair] = align(
        visits("A", assigned={"n": "1", "total": '{"net":2}'}),
        visits("A", assigned={"n": "1", "total": '{"net":3}'}),
    )

    assert [(name, change.path) for name, change in pair.payloads()] == [("variables", "$total.net")]


@given(st.integers(0, 500), st.integers(0, 500))
def test_every_visit_of_both_sides_is_in_one_pair(seed: int, other: int) -> None:
    left, right = fold_visits(Simulation(seed).events), fold_visits(Simulation(other).events)
    pairs = align(left, right)

    for name, trail in (("left", left), ("right", right)):
        found = [visit.entered_id for pair in pairs if (visit := getattr(pair, name))]
        assert sorted(found) == [visit.entered_id for visit in trail]
    both = [(pair.left, pair.right) for pair in pairs if pair.left and pair.right]
    assert all(place(one) == place(other) for one, other in both)
    matched = Counter(map(place, left)) & Counter(map(place, right))
    assert Counter(place(one) for one, _ in both) == matched


@given(st.integers(0, 500))
def test_what_is_compared_with_itself_is_the_same(seed: int) -> None:
    trail = fold_visits(Simulation(seed).events)

    assert {pair.change for pair in align(trail, trail)} <= {"same"}


def test_a_history_as_long_as_aws_allows_is_compared_in_two_seconds() -> None:
    def one_run() -> float:
        left = items(5_000)
        right = [structs.replace(visit, output=f'{{"n":{n}}}') for n, visit in enumerate(items(5_001))]
        began = time.thread_time()
        assert len(align(left, right)) == 10_003
        return time.thread_time() - began

    assert min(one_run() for _ in range(2)) < 2
