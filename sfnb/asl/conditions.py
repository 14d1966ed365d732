"""The data tests of a Choice rule, as closures from a Scope to a bool.

Source: Amazon States Language, "Choice State", "Data-test Expression"; AWS recordings.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any

import msgspec

from sfnb.asl.timestamps import parse_timestamp
from sfnb.errors import EvaluationError
from sfnb.query.expression import Expression
from sfnb.query.scope import Scope
from sfnb.values import Json

Condition = Callable[[Scope], bool]


# Comparisons


def is_number(value: Json) -> bool:
    """Whether a JSON value is a number: a bool is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _numbers(compare: Callable[[Any, Any], bool]) -> Callable[[Json, Json], bool]:
    return lambda a, b: is_number(a) and is_number(b) and compare(a, b)


def _strings(compare: Callable[[Any, Any], bool]) -> Callable[[Json, Json], bool]:
    """Strings compare by UTF-16 code unit, as Java's do."""

    def unit_wise(a: Json, b: Json) -> bool:
        if not (isinstance(a, str) and isinstance(b, str)):
            return False
        if a.isascii() and b.isascii():
            return compare(a, b)
        return compare(a.encode("utf-16-be", "surrogatepass"), b.encode("utf-16-be", "surrogatepass"))

    return unit_wise


def _booleans(a: Json, b: Json) -> bool:
    return isinstance(a, bool) and isinstance(b, bool) and a is b


def _timestamps(compare: Callable[[Any, Any], bool]) -> Callable[[Json, Json], bool]:
    def in_time(a: Json, b: Json) -> bool:
        if not (isinstance(a, str) and isinstance(b, str)):
            return False
        one, other = parse_timestamp(a), parse_timestamp(b)
        return one is not None and other is not None and compare(one, other)

    return in_time


def _string_matches(value: Json, pattern: Json) -> bool:
    return isinstance(value, str) and isinstance(pattern, str) and glob(pattern).fullmatch(value) is not None


def glob(pattern: str) -> re.Pattern[str]:
    r"""A StringMatches pattern: `*` is any text, `\*` a star, `\\` a backslash.

    >>> bool(glob("log-*.txt").fullmatch("log-1.txt")), bool(glob(r"a\*").fullmatch("ab"))
    (True, False)
    """
    pieces = [""]
    for part in re.findall(r"\\.|[^\\*]+|\*|\\", pattern, re.DOTALL):
        if part == "*":
            pieces.append("")
        else:
            pieces[-1] += re.escape(part[1:] if len(part) == 2 and part[0] == "\\" else part)
    first, *middle = pieces
    last = ".*" + middle.pop() if middle else ""
    # Each piece at the first place it fits, and no second try: with many stars that would never end.
    return re.compile(first + "".join(f"(?>.*?{piece})" for piece in middle) + last, re.DOTALL)


ORDER = {
    "Equals": (operator.eq, "="),
    "LessThan": (operator.lt, "<"),
    "GreaterThan": (operator.gt, ">"),
    "LessThanEquals": (operator.le, "≤"),
    "GreaterThanEquals": (operator.ge, "≥"),
}

KINDS: dict[str, tuple[Callable[..., Callable[[Json, Json], bool]], Callable[[Json], bool], str]] = {
    "String": (_strings, lambda v: isinstance(v, str), "a string"),
    "Numeric": (_numbers, is_number, "a number"),
    "Timestamp": (
        _timestamps,
        lambda v: isinstance(v, str) and parse_timestamp(v) is not None,
        "a timestamp",
    ),
}


class Comparison(msgspec.Struct, frozen=True):
    """A data test: `holds(variable, operand)`; what the operand must be; how it reads."""

    holds: Callable[[Json, Json], bool]
    accepts: Callable[[Json], bool]
    expected: str
    sign: str


COMPARISONS: dict[str, Comparison] = {
    f"{kind}{order}": Comparison(make(compare), accepts, expected, sign)
    for kind, (make, accepts, expected) in KINDS.items()
    for order, (compare, sign) in ORDER.items()
} | {
    "BooleanEquals": Comparison(_booleans, lambda v: isinstance(v, bool), "true or false", "="),
    "StringMatches": Comparison(_string_matches, lambda v: isinstance(v, str), "a string", "matches"),
}

TYPE_TESTS: dict[str, tuple[Callable[[Json], bool], str]] = {
    "IsNull": (lambda v: v is None, "null"),
    "IsNumeric": (is_number, "a number"),
    "IsString": (lambda v: isinstance(v, str), "a string"),
    "IsBoolean": (lambda v: isinstance(v, bool), "a boolean"),
    "IsTimestamp": (lambda v: isinstance(v, str) and parse_timestamp(v) is not None, "a timestamp"),
}


# Conditions


def compare_constant(variable: Expression, comparison: Comparison, operand: Json) -> Condition:
    evaluate, holds = variable.evaluate, comparison.holds
    return lambda scope: holds(evaluate(scope), operand)


def compare_path(variable: Expression, comparison: Comparison, operand: Expression) -> Condition:
    evaluate, holds, other = variable.evaluate, comparison.holds, operand.evaluate
    return lambda scope: holds(evaluate(scope), other(scope))


def type_test(variable: Expression, test: Callable[[Json], bool], wanted: bool) -> Condition:
    evaluate = variable.evaluate
    return lambda scope: test(evaluate(scope)) is wanted


def presence(variable: Expression, wanted: bool) -> Condition:
    """IsPresent: the one test that a missing variable does not fail."""
    evaluate = variable.evaluate

    def present(scope: Scope) -> bool:
        try:
            evaluate(scope)
        except EvaluationError:
            return not wanted
        return wanted

    return present


def all_of(conditions: list[Condition]) -> Condition:
    return lambda scope: all(condition(scope) for condition in conditions)


def any_of(conditions: list[Condition]) -> Condition:
    return lambda scope: any(condition(scope) for condition in conditions)


def negated(condition: Condition) -> Condition:
    return lambda scope: not condition(scope)
