"""Intrinsics for arrays."""

from __future__ import annotations

import msgspec

from sfnb.errors import StatesError
from sfnb.values import Json

MOST_ITEMS = 1000

_identity = msgspec.json.Encoder(order="sorted").encode
"""Equal for equal JSON, whatever the order of its keys; as in Java, 1 and 1.0 differ, as do 1 and true."""


def array(*values: Json) -> list[Json]:
    """The arguments as an array.

    >>> array(1, "a", None)
    [1, 'a', None]
    """
    return list(values)


def array_partition(array: list[Json], size: int) -> list[Json]:
    """Cut `array` into runs of `size` items; the last run may be shorter.

    >>> array_partition([1, 2, 3, 4, 5], 2)
    [[1, 2], [3, 4], [5]]

    Raises States.IntrinsicFailure when `size` is below 1.
    Source: AWS Step Functions guide, "Intrinsics for arrays".
    """
    if size < 1:
        raise StatesError("States.IntrinsicFailure", f"chunk size is {size}, must be at least 1")
    return [array[start : start + size] for start in range(0, len(array), size)]


def array_contains(array: list[Json], value: Json) -> bool:
    """Whether an item of `array` equals `value`, objects and arrays by their content.

    >>> array_contains([{"a": 1, "b": 2}], {"b": 2, "a": 1}), array_contains([1], True)
    (True, False)
    """
    wanted = _identity(value)
    return any(_identity(item) == wanted for item in array)


def array_range(first: int, last: int, step: int) -> list[Json]:
    """The numbers from `first` up or down to `last`, which is included when `step` meets it.

    >>> array_range(1, 9, 2), array_range(3, 0, -2)
    ([1, 3, 5, 7, 9], [3, 1])

    Raises States.IntrinsicFailure when `step` is 0 or there are more than 1,000 numbers.
    """
    if step == 0:
        raise StatesError("States.IntrinsicFailure", "the step of the range is 0")
    count = (last - first) // step + 1
    if count > MOST_ITEMS:
        raise StatesError(
            "States.IntrinsicFailure", f"the range has {count} numbers, at most {MOST_ITEMS} are allowed"
        )
    return [first + step * position for position in range(count)]


def array_get_item(array: list[Json], index: int) -> Json:
    """The item at `index`, counted from 0.

    >>> array_get_item(["a", "b"], 1)
    'b'

    Raises States.IntrinsicFailure when there is none.
    """
    if not 0 <= index < len(array):
        raise StatesError(
            "States.IntrinsicFailure", f"the array has {len(array)} items, none at index {index}"
        )
    return array[index]


def array_length(array: list[Json]) -> int:
    return len(array)


def array_unique(array: list[Json]) -> list[Json]:
    """`array` without its repetitions; each item stays where it was seen first.

    >>> array_unique([1, True, 1, [], {}, []])
    [1, True, [], {}]
    """
    found: dict[bytes, Json] = {}
    for item in array:
        found.setdefault(_identity(item), item)
    return list(found.values())
