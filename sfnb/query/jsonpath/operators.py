"""The operators of a filter: `OPERATORS` is the whole list.

Values meet as they do in Jayway: text that spells a number equals it (`"1" == 1`), order exists only
between two numbers or two texts, and a path that finds nothing (`MISSING`) equals nothing at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum
from typing import Final, TypeGuard

from sfnb.query import java
from sfnb.values import Json


class Missing(Enum):
    """What a path within a filter is worth where it finds nothing."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING
Value = Json | Missing
Operator = Callable[[Value, Value], bool]


def equal(left: Value, right: Value) -> bool:
    """
    >>> equal(1, 1.0), equal("1.0", 1), equal(1, "1.0"), equal(True, 1), equal(MISSING, MISSING)
    (True, False, True, False, False)
    """
    if type(left) is type(right):
        return left is not MISSING and left == right
    if _is_number(left):
        return left == right if _is_number(right) else left == _number_of(right)
    return isinstance(left, str) and _is_number(right) and left == java.text(right)


def strictly_equal(left: Value, right: Value) -> bool:
    same_kind = type(left) is type(right) or (_is_number(left) and _is_number(right))
    return same_kind and equal(left, right)


def less(left: Value, right: Value) -> bool:
    if isinstance(left, str):
        return isinstance(right, str) and left < right
    return _is_number(left) and _is_number(right) and left < right


def less_or_equal(left: Value, right: Value) -> bool:
    if isinstance(left, str):
        return isinstance(right, str) and left <= right
    return _is_number(left) and _is_number(right) and left <= right


def among(left: Value, right: Value) -> bool:
    return isinstance(right, list) and any(equal(left, item) for item in right)


def not_among(left: Value, right: Value) -> bool:
    return isinstance(right, list | dict) and not among(left, right)


def contains(left: Value, right: Value) -> bool:
    if isinstance(left, str):
        return isinstance(right, str) and right in left
    return among(right, left)


def has_size(left: Value, right: Value) -> bool:
    return isinstance(left, str | list) and _is_number(right) and len(left) == right


def is_empty(left: Value, right: Value) -> bool:
    return isinstance(left, str | list | dict) and (not left) is right


def is_subset(left: Value, right: Value) -> bool:
    return isinstance(left, list) and isinstance(right, list) and all(among(item, right) for item in left)


def has_any_of(left: Value, right: Value) -> bool:
    return isinstance(left, list) and isinstance(right, list) and any(among(item, right) for item in left)


def has_none_of(left: Value, right: Value) -> bool:
    return isinstance(left, list) and isinstance(right, list) and not has_any_of(left, right)


def never(left: Value, right: Value) -> bool:
    """Jayway reads these operators, but in a path's text no value can satisfy them (`all` included)."""
    return False


def matches(pattern: re.Pattern[str], value: Value) -> bool:
    """Whether `pattern` matches all of a text, a number's or boolean's text, or any item of an array."""
    if isinstance(value, list):
        return any(matches(pattern, item) for item in value if not isinstance(item, list))
    text = java.text(value) if isinstance(value, str | bool | int | float) else ""
    return pattern.fullmatch(text) is not None


def _is_number(value: Value) -> TypeGuard[int | float]:
    return type(value) is int or type(value) is float


def _number_of(value: Value) -> float | None:
    if not isinstance(value, str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


OPERATORS: dict[str, Operator] = {
    "==": equal,
    "!=": lambda left, right: not equal(left, right),
    "===": strictly_equal,
    "!==": lambda left, right: not strictly_equal(left, right),
    "<": less,
    "<=": less_or_equal,
    ">": lambda left, right: less(right, left),
    ">=": lambda left, right: less_or_equal(right, left),
    "=~": never,
    "in": among,
    "nin": not_among,
    "contains": contains,
    "size": has_size,
    "empty": is_empty,
    "subsetof": is_subset,
    "anyof": has_any_of,
    "noneof": has_none_of,
    "all": never,
    "exists": never,
    "type": never,
    "matches": never,
}
