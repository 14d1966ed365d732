"""What Velocity's operators make of two values."""

from __future__ import annotations

import math
from collections.abc import Callable

from sfnb.triggers.http.vtl.run import RenderFault, Run, Value

LARGEST_NUMBER = 2**63


def is_true(value: Value) -> bool:
    """All but null and false, the empty string too.

    >>> [is_true(value) for value in (None, False, True, "", 0, [])]
    [False, False, True, True, True, True]
    """
    return value is not None and value is not False


def is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def equal(run: Run, left: Value, right: Value) -> bool:
    """Numbers by their value, others of different kinds by what they print.

    Source: Velocity 1.7, ASTEQNode.
    """
    if left is None or right is None:
        return left is right
    if is_number(left) and is_number(right):
        return bool(left == right)
    if type(left) is type(right) and not isinstance(left, dict | list):
        return bool(left == right)
    return run.text(left) == run.text(right)


def unequal(run: Run, left: Value, right: Value) -> bool:
    return not equal(run, left, right)


def _compared(holds: Callable[[Value, Value], bool]) -> Callable[[Run, Value, Value], Value]:
    def compare(run: Run, left: Value, right: Value) -> Value:
        if not (is_number(left) and is_number(right)):
            return False
        return holds(left, right)

    return compare


def add(run: Run, left: Value, right: Value) -> Value:
    """A sum; with a text on either side, the two joined."""
    if isinstance(left, str) or isinstance(right, str):
        words = (run.text(left) if left is not None else "", run.text(right) if right is not None else "")
        run.makes(len(words[0]) + len(words[1]))
        return "".join(words)
    return _arithmetic(lambda a, b: a + b)(run, left, right)


def _arithmetic(apply: Callable[[Value, Value], Value]) -> Callable[[Run, Value, Value], Value]:
    """Null where a side is no number, or where there is no result."""

    def calculate(run: Run, left: Value, right: Value) -> Value:
        if not (is_number(left) and is_number(right)):
            return None
        try:
            result = apply(left, right)
        except (ZeroDivisionError, OverflowError, ValueError):
            return None
        if isinstance(result, int) and abs(result) >= LARGEST_NUMBER:
            raise RenderFault("a number beyond 64 bits")
        return result

    return calculate


def _divide(left: Value, right: Value) -> Value:
    """Towards 0 for whole numbers, as in Java."""
    if isinstance(left, int) and isinstance(right, int):
        quotient = abs(left) // abs(right)
        return quotient if (left < 0) == (right < 0) else -quotient
    return left / right


def _remain(left: Value, right: Value) -> Value:
    if isinstance(left, int) and isinstance(right, int):
        return left - right * _divide(left, right)
    return math.fmod(left, right)


OPERATORS: dict[str, Callable[[Run, Value, Value], Value]] = {
    "==": equal,
    "eq": equal,
    "!=": unequal,
    "ne": unequal,
    "<": _compared(lambda a, b: a < b),
    "lt": _compared(lambda a, b: a < b),
    "<=": _compared(lambda a, b: a <= b),
    "le": _compared(lambda a, b: a <= b),
    ">": _compared(lambda a, b: a > b),
    "gt": _compared(lambda a, b: a > b),
    ">=": _compared(lambda a, b: a >= b),
    "ge": _compared(lambda a, b: a >= b),
    "+": add,
    "-": _arithmetic(lambda a, b: a - b),
    "*": _arithmetic(lambda a, b: a * b),
    "/": _arithmetic(_divide),
    "%": _arithmetic(_remain),
}
