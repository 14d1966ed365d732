"""Java where it shows: Step Functions runs on it, and some of its habits reach the user.

Values printed by States.Format and in messages of JSONPath, and numbers drawn from a seed.
"""

from __future__ import annotations

from decimal import Decimal

from sfnb.values import Json

_MULTIPLIER = 0x5DEECE66D
_INCREMENT = 0xB
_MASK = (1 << 48) - 1


def text(value: Json) -> str:
    """`value` as `String.valueOf` prints it.

    >>> text({"A": 1, "B": [None, True, "x", 1.0]})
    '{A=1, B=[null, true, x, 1.0]}'

    Source: AWS recordings of States.Format.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return double_text(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}={text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(text, value)) + "]"
    return str(value)


def double_text(value: float) -> str:
    """`value` as `Double.toString` prints it: an exponent below 0.001 and from ten million on.

    >>> [double_text(number) for number in (1.1, 100.0, 0.001, 1e7, 12345678.9, -1.5e-5)]
    ['1.1', '100.0', '0.001', '1.0E7', '1.23456789E7', '-1.5E-5']
    """
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value)
    number = Decimal(repr(value)).normalize()
    sign, digits, _ = number.as_tuple()
    fraction = "".join(map(str, digits[1:])) or "0"
    return f"{'-' if sign else ''}{digits[0]}.{fraction}E{number.adjusted()}"


def class_name(value: Json) -> str:
    """The Java class that holds `value`, as messages name it."""
    match value:
        case None:
            return "null"
        case bool():
            return "java.lang.Boolean"
        case int():
            return "java.lang.Integer" if -(2**31) <= value < 2**31 else "java.lang.Long"
        case float():
            return "java.lang.Double"
        case str():
            return "java.lang.String"
        case list():
            return "java.util.ArrayList"
        case dict():
            return "java.util.LinkedHashMap"


def next_double(seed: int) -> float:
    """The first `nextDouble()` of a `java.util.Random(seed)`.

    >>> next_double(42)
    0.7275636800328681

    Source: Java documentation, java.util.Random; $random(42) measured on AWS.
    """
    state = (seed ^ _MULTIPLIER) & _MASK
    state = (state * _MULTIPLIER + _INCREMENT) & _MASK
    high = state >> 22
    state = (state * _MULTIPLIER + _INCREMENT) & _MASK
    return ((high << 27) + (state >> 21)) / (1 << 53)
