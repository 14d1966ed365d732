"""Wrong answers made of right ones: what the comparison has to notice."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import msgspec

from .history import ANY_ID
from .placeholders import PLACEHOLDER, kind_of

Path = tuple[str | int, ...]
Change = Callable[[Any], Any]


class Mutation(msgspec.Struct, frozen=True):
    """A change of the value at `path`, which the recording does not leave open."""

    path: Path
    name: str
    change: Change

    def apply(self, answer: Any) -> Any:
        mutated = copy.deepcopy(answer)
        *way, last = self.path
        holder = mutated
        for step in way:
            holder = holder[step]
        holder[last] = self.change(holder[last])
        return mutated


def mutations(expected: Any, answer: Any, path: Path = ()) -> Iterator[Mutation]:
    """Every mutation of `answer` that must be refused, from the root down.

    `answer` must have the shape of `expected`: the same with its placeholders filled in.
    """
    if path:
        for name, change in _changes(expected, answer, str(path[-1])):
            yield Mutation(path, name, change)
    if isinstance(expected, dict) and isinstance(answer, dict):
        for key in expected:
            if not (expected.get("id") == ANY_ID and key in ("id", "previousEventId")):
                yield from mutations(expected[key], answer[key], (*path, key))
    elif isinstance(expected, list) and isinstance(answer, list):
        for index, (one, other) in enumerate(zip(expected, answer, strict=True)):
            yield from mutations(one, other, (*path, index))


def _changes(expected: Any, answer: Any, key: str) -> Iterator[tuple[str, Change]]:
    if isinstance(answer, datetime):
        yield "moment as text", lambda value: str(expected)
    if _is_left_open(expected, key):
        yield "no value", lambda value: None
        if isinstance(answer, str) and answer[:1] == expected[0]:
            yield "other beginning", lambda value: f"x{value}"
        return
    match answer:
        case bool() | None:
            yield "other value", lambda value: 1 if value else 0
        case int() | float():
            yield "other number", lambda value: value + 1
            yield "other type of number", _as_other_number
            yield "number as text", str
        case dict():
            yield "extra key", lambda value: {**value, "surprise": None}
            if answer:
                yield "missing key", _without_first
        case list() if expected != ANY_ID:
            yield "extra item", lambda value: [*value, None]
            if answer:
                yield "missing item", lambda value: value[:-1]
            if _differ_in_order(expected):
                yield "other order", lambda value: [value[1], value[0], *value[2:]]
        case str():
            yield "longer text", lambda value: f"{value}x"
            yield "no text", lambda value: None


def _as_other_number(value: float) -> float:
    return float(value) if isinstance(value, int) else f"{value}"  # type: ignore[return-value]


def _without_first(value: dict[str, Any]) -> dict[str, Any]:
    return {key: child for key, child in value.items() if key != next(iter(value))}


def _differ_in_order(expected: Any) -> bool:
    if not isinstance(expected, list) or len(expected) < 2 or expected[0] == expected[1]:
        return False
    first, second = expected[:2]
    if PLACEHOLDER.search(repr([first, second])):
        return False
    return not (isinstance(first, dict) and first.get("id") == ANY_ID)


def _is_left_open(expected: Any, key: str) -> bool:
    """Whether the recording takes several values here."""
    if not isinstance(expected, str):
        return False
    return kind_of(expected, key) is not None or PLACEHOLDER.search(expected) is not None


def sample(found: list[Mutation], count: int, seed: str) -> list[Mutation]:
    """`count` of the mutations, the same ones each time."""
    return random.Random(seed).sample(found, min(count, len(found)))
