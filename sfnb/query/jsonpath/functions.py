"""The functions that may end a path, such as `$.items.length()`: `FUNCTIONS` is the whole list.

Each takes what its path has reached and the arguments in its parentheses, and answers MISSING where
Jayway fails.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from sfnb.query.jsonpath.operators import MISSING, Value
from sfnb.values import Json

PathFunction = Callable[[Json, Sequence[Value]], Value]


def length(value: Json, arguments: Sequence[Value]) -> Value:
    return len(value) if isinstance(value, list | dict) else None


def keys(value: Json, arguments: Sequence[Value]) -> Value:
    return list(value) if isinstance(value, dict) else None


def index(value: Json, arguments: Sequence[Value]) -> Value:
    """The item at the index given; a negative one counts from the end."""
    position = arguments[0] if arguments else MISSING
    if not isinstance(value, list) or not isinstance(position, int):
        return MISSING
    return value[position] if -len(value) <= position < len(value) else MISSING


def first(value: Json, arguments: Sequence[Value]) -> Value:
    return index(value, (0,))


def last(value: Json, arguments: Sequence[Value]) -> Value:
    return index(value, (-1,))


def append(value: Json, arguments: Sequence[Value]) -> Value:
    if not isinstance(value, list):
        return value
    return [*value, *(item for item in arguments if item is not MISSING)]


def concat(value: Json, arguments: Sequence[Value]) -> Value:
    """Every text of the array and the arguments in one."""
    texts = [*(value if isinstance(value, list) else ()), *arguments]
    return "".join(text for text in texts if isinstance(text, str))


def aggregate(reduce: Callable[[list[float]], float]) -> PathFunction:
    """A function over the numbers of the array and the arguments, as long as there are any."""

    def function(value: Json, arguments: Sequence[Value]) -> Value:
        items: list[Value] = list(value) if isinstance(value, list) else []
        for argument in arguments:
            items.extend(argument if isinstance(argument, list) else (argument,))
        numbers = [
            float(item) for item in items if isinstance(item, int | float) and not isinstance(item, bool)
        ]
        return reduce(numbers) if numbers else MISSING

    return function


def _mean(numbers: list[float]) -> float:
    return sum(numbers) / len(numbers)


def _deviation(numbers: list[float]) -> float:
    """Of the whole population, in Jayway's formula: its rounding shows in the last digits."""
    return math.sqrt(sum(number * number for number in numbers) / len(numbers) - _mean(numbers) ** 2)


FUNCTIONS: dict[str, PathFunction] = {
    "length": length,
    "size": length,
    "keys": keys,
    "index": index,
    "first": first,
    "last": last,
    "append": append,
    "concat": concat,
    "min": aggregate(min),
    "max": aggregate(max),
    "sum": aggregate(sum),
    "avg": aggregate(_mean),
    "stddev": aggregate(_deviation),
}
