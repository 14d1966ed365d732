"""The values of AWS IoT SQL: JSON and Undefined, and how one type becomes another.

An Int is an `int`, a Decimal a `float`. AWS reckons in decimals of 34 digits: so does every operator
here, but what it yields keeps the 17 digits of a float, which is what JSON's readers keep of it.
Source: AWS IoT developer guide, "Data types"; its tables of conversions.
"""

from __future__ import annotations

import re
from decimal import Context, Decimal, InvalidOperation, Overflow
from enum import Enum
from math import floor, isfinite
from typing import Final, TypeAlias, TypeGuard

from sfnb.values import Json, encode


class Absence(Enum):
    """What stands where no JSON value does."""

    UNDEFINED = "Undefined"
    NOT_SELECTED = "not selected"


UNDEFINED: Final = Absence.UNDEFINED
"""No value: an attribute that is not there, a function that cannot answer."""

NOT_SELECTED: Final = Absence.NOT_SELECTED
"""The rule does nothing with the message."""

Value: TypeAlias = Json | Absence | bytes
"""What an expression yields; `bytes` only of `*`, where the payload is no JSON."""

Number: TypeAlias = int | float

DECIMAL = Context(prec=34, Emin=-999, Emax=999, traps=[InvalidOperation, Overflow])
"""Decimals as AWS has them: 34 digits, magnitudes up to 9.99E999."""

MOST_DIGITS = 10**34
MOST_TEXT = 1_048_576
"""Characters that one value may grow to; Undefined above. A message of MQTT has at most 128 KiB."""
MOST_NODES = 200_000
"""Values that one result may hold: a variable in a variable in a variable grows beyond all memory."""
MOST_LEVELS = 200
"""Arrays and objects within each other."""

_NUMERIC = re.compile(r"-?[0-9]{1,2000}(?:\.[0-9]{1,2000})?(?:[eE]-?[0-9]{1,5})?")


def is_number(value: object) -> TypeGuard[Number]:
    """Whether it is an Int or Decimal: a boolean is none."""
    return type(value) is int or type(value) is float


def to_number(value: Value) -> Number | Absence:
    """`value` as an Int or Decimal; Undefined for what is neither that nor a numeric string.

    >>> to_number("5E-12"), to_number("0x1"), to_number(True)
    (5e-12, <Absence.UNDEFINED: 'Undefined'>, <Absence.UNDEFINED: 'Undefined'>)
    """
    if is_number(value):
        return value
    if not isinstance(value, str) or not _NUMERIC.fullmatch(value):
        return UNDEFINED
    try:
        return settle(DECIMAL.create_decimal(value))
    except (InvalidOperation, Overflow):
        return UNDEFINED


def to_int(value: Value) -> int | Absence:
    """`value` as an Int, rounded down; Undefined where it is no number."""
    number = to_number(value)
    if isinstance(number, Absence):
        return UNDEFINED
    return number if isinstance(number, int) else floor(number)


def to_text(value: Value) -> str | Absence:
    """`value` as a String; Null and Undefined have none.

    >>> to_text([1, "a", None]), to_text(1e-9), to_text(True)
    ('[1,"a",null]', '1E-9', 'true')
    """
    if isinstance(value, str):
        return value
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, float):
        return str(Decimal(repr(value)))
    if isinstance(value, int):
        return encode(value)
    if isinstance(value, list | dict) and not is_heavy(value):
        return encode(value)
    return UNDEFINED


def to_boolean(value: Value) -> bool | Absence:
    """A Boolean, or what "true" and "false" in any case say; otherwise Undefined."""
    if value is True or value is False:
        return value
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower(), UNDEFINED)
    return UNDEFINED


def decimal(number: Number) -> Decimal:
    """`number` as the decimal that its text says. Raises Overflow above AWS's magnitudes."""
    return DECIMAL.create_decimal(number if isinstance(number, int) else repr(number))


def settle(number: Decimal) -> Number | Absence:
    """A decimal as an Int where it has no point, otherwise as a float; Undefined beyond either.

    >>> settle(Decimal("2.50")), settle(Decimal("3")), settle(Decimal("3.0"))
    (2.5, 3, 3.0)
    """
    if number.as_tuple().exponent == 0:
        return int(number)
    rough = float(number)
    return rough if isfinite(rough) else UNDEFINED


def is_heavy(value: Value, most: int = MOST_NODES) -> bool:
    """Whether it holds more than `most` values, one that is in it twice counted twice, or too many levels."""
    return isinstance(value, list | dict) and count_nodes(value, most) > most


def count_nodes(value: list[Json] | dict[str, Json], most: int) -> int:
    """How many values are in `value`; more than `most` where there are, or more than MOST_LEVELS levels."""
    counted, level = 0, [value]
    for _ in range(MOST_LEVELS):
        deeper: list[list[Json] | dict[str, Json]] = []
        for held in level:
            counted += len(held)
            if counted > most:
                return counted
            items = held.values() if isinstance(held, dict) else held
            deeper += [item for item in items if isinstance(item, list | dict)]
        if not deeper:
            return counted
        level = deeper
    return most + 1


def short(value: Value) -> str:
    """`value` for a reader: as JSON, cut to some 80 characters."""
    if isinstance(value, Absence):
        return value.value
    if isinstance(value, bytes):
        return f"{len(value)} bytes that are no JSON"
    if is_heavy(value, 1_000):
        return "[…]" if isinstance(value, list) else "{…}"
    text = encode(value)
    return text if len(text) <= 80 else f"{text[:80]}…"
