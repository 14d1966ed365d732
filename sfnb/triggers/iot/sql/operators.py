"""The operators, as plain functions of values.

Each follows its table in the guide. AND and OR look at both sides, and are Undefined where one of
them is no boolean: the tables know no short cut.
Source: AWS IoT developer guide, "Operators".
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, DivisionByZero, InvalidOperation, Overflow
from operator import ge, gt, le, lt

from sfnb.triggers.iot.sql.values import (
    DECIMAL,
    MOST_DIGITS,
    MOST_TEXT,
    UNDEFINED,
    Absence,
    Number,
    Value,
    decimal,
    is_heavy,
    is_number,
    settle,
    to_boolean,
    to_number,
    to_text,
)

Binary = Callable[[Value, Value], Value]


def and_(left: Value, right: Value) -> Value:
    """`left AND right`."""
    one, other = to_boolean(left), to_boolean(right)
    if isinstance(one, Absence) or isinstance(other, Absence):
        return UNDEFINED
    return one and other


def or_(left: Value, right: Value) -> Value:
    """`left OR right`."""
    one, other = to_boolean(left), to_boolean(right)
    if isinstance(one, Absence) or isinstance(other, Absence):
        return UNDEFINED
    return one or other


def not_(operand: Value) -> Value:
    """`NOT operand`."""
    truth = to_boolean(operand)
    return UNDEFINED if isinstance(truth, Absence) else not truth


def _ordering(holds: Callable[[Number, Number], bool]) -> Binary:
    """A comparison of numbers and of strings that say numbers."""

    def compare(left: Value, right: Value) -> Value:
        one, other = to_number(left), to_number(right)
        if isinstance(one, Absence) or isinstance(other, Absence):
            return UNDEFINED
        return holds(one, other)

    return compare


less, less_or_equal, greater, greater_or_equal = map(_ordering, (lt, le, gt, ge))


def equal(left: Value, right: Value) -> Value:
    """`left = right`: of mismatched types false, also for 5 and "5"."""
    if left is UNDEFINED or right is UNDEFINED:
        return UNDEFINED
    if is_heavy(left) or is_heavy(right):
        return UNDEFINED
    return _same(left, right)


def _same(left: Value, right: Value) -> bool:
    """Equal as JSON: true is not 1, the order of keys does not count."""
    if is_number(left) and is_number(right):
        return left == right
    if type(left) is not type(right):
        return False
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_same(left[key], right[key]) for key in left)
    return left == right


def not_equal(left: Value, right: Value) -> Value:
    """`left <> right`."""
    return not_(equal(left, right))


def in_(left: Value, right: Value) -> Value:
    """`left IN right`, an array."""
    if left is UNDEFINED or not isinstance(right, list) or is_heavy(left) or is_heavy(right):
        return UNDEFINED
    return any(_same(left, item) for item in right)


def add(left: Value, right: Value) -> Value:
    """`left + right`: joined where one of them is a String, otherwise the sum of two numbers."""
    if isinstance(left, str) or isinstance(right, str):
        one, other = to_text(left), to_text(right)
        if isinstance(one, Absence) or isinstance(other, Absence):
            return UNDEFINED
        return one + other if len(one) + len(other) <= MOST_TEXT else UNDEFINED
    if not is_number(left) or not is_number(right):
        return UNDEFINED
    return _arithmetic(left, right, DECIMAL.add)


def subtract(left: Value, right: Value) -> Value:
    """`left - right`."""
    return _arithmetic(left, right, DECIMAL.subtract)


def multiply(left: Value, right: Value) -> Value:
    """`left * right`."""
    return _arithmetic(left, right, DECIMAL.multiply)


def divide(left: Value, right: Value) -> Value:
    """`left / right`: of two Ints an Int, the fraction cut off; Undefined where `right` is 0."""
    return _arithmetic(left, right, DECIMAL.divide_int, DECIMAL.divide)


def remainder(left: Value, right: Value) -> Value:
    """`left % right`: what is left over has the sign of `left`."""
    return _arithmetic(left, right, DECIMAL.remainder)


def negate(operand: Value) -> Value:
    """`-operand`."""
    number = to_number(operand)
    return UNDEFINED if isinstance(number, Absence) else -number


Reckoning = Callable[[Decimal, Decimal], Decimal]


def _arithmetic(left: Value, right: Value, of_ints: Reckoning, of_any: Reckoning | None = None) -> Value:
    """A number of two numbers; Undefined where one is none, or the result has no value."""
    one, other = to_number(left), to_number(right)
    if isinstance(one, Absence) or isinstance(other, Absence):
        return UNDEFINED
    ints = isinstance(one, int) and isinstance(other, int)
    reckon = of_ints if ints or of_any is None else of_any
    try:
        result = reckon(decimal(one), decimal(other))
    except (InvalidOperation, Overflow, DivisionByZero):
        return UNDEFINED
    if not result.is_finite():
        return UNDEFINED
    if ints and abs(result) < MOST_DIGITS:
        return int(result)
    settled = settle(result)
    return settled if isinstance(settled, Absence) or ints else float(settled)
