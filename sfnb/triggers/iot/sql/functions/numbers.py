"""Functions of numbers.

A parameter called `float` takes an Int or Decimal. What raises ValueError or OverflowError, such as the
square root of -1, is Undefined: the caller sees to it.
Source: AWS IoT developer guide, "Functions".
"""

from __future__ import annotations

import math
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal

from sfnb.triggers.iot.sql.values import Number

_WIDE = Context(prec=1_400)  # any double, written out
_MOST_PLACES = 34


def abs_(number: float) -> Number:
    """The absolute value."""
    return abs(number)


def acos(number: float) -> Number:
    """The inverse cosine, in radians."""
    return math.acos(number)


def asin(number: float) -> Number:
    """The inverse sine, in radians."""
    return math.asin(number)


def atan(number: float) -> Number:
    """The inverse tangent, in radians."""
    return math.atan(number)


def atan2(y: float, x: float) -> Number:
    """The angle of the point (x, y), in radians; `atan2(1, 0)` is a quarter of a turn."""
    return math.atan2(y, x)


def cos(number: float) -> Number:
    """The cosine of radians."""
    return math.cos(number)


def cosh(number: float) -> Number:
    """The hyperbolic cosine."""
    return math.cosh(number)


def sin(number: float) -> Number:
    """The sine of radians."""
    return math.sin(number)


def sinh(number: float) -> Number:
    """The hyperbolic sine."""
    return math.sinh(number)


def tan(number: float) -> Number:
    """The tangent of radians."""
    return math.tan(number)


def tanh(number: float) -> Number:
    """The hyperbolic tangent."""
    return math.tanh(number)


def exp(number: float) -> Number:
    """e raised to `number`."""
    return math.exp(number)


def ln(number: float) -> Number:
    """The natural logarithm."""
    return math.log(number)


def log(number: float) -> Number:
    """The logarithm to base 10."""
    return math.log10(number)


def power(base: float, exponent: float) -> Number:
    """`base` raised to `exponent`, a Decimal.

    >>> power(2, 5)
    32.0
    """
    return math.pow(base, exponent)


def sqrt(number: float) -> Number:
    """The square root, a Decimal."""
    return math.sqrt(number)


def ceil(number: float) -> int:
    """The nearest Int not below."""
    return math.ceil(number)


def floor(number: float) -> int:
    """The nearest Int not above."""
    return math.floor(number)


def round_(number: float) -> int:
    """The nearest Int; of two, the one farther from 0.

    >>> round_(1.5), round_(-1.5), round_(2.5)
    (2, -2, 3)
    """
    return number if isinstance(number, int) else int(_exact(number).to_integral_value(ROUND_HALF_UP))


def trunc(number: float, places: int) -> Number:
    """`number` cut to `places` digits behind the point, 0 to 34, without trailing zeroes.

    >>> trunc(2.888, 2), trunc(2.0, 5), trunc(-2.9, 0)
    (2.88, 2, -2)
    """
    if isinstance(number, int):
        return number
    unit = Decimal(1).scaleb(-min(max(places, 0), _MOST_PLACES))
    cut = _exact(number).quantize(unit, ROUND_DOWN, _WIDE)
    return int(cut) if cut == cut.to_integral_value() else float(cut)


def sign(number: float) -> int:
    """1, 0 or -1."""
    return (number > 0) - (number < 0)


def bitand(left: int, right: int) -> int:
    """The bits that both have."""
    return left & right


def bitor(left: int, right: int) -> int:
    """The bits that one of them has."""
    return left | right


def bitxor(left: int, right: int) -> int:
    """The bits that just one of them has."""
    return left ^ right


def bitnot(number: int) -> int:
    """The other bits, in two's complement: `bitnot(13)` is -14. (The guide's example says 2.)"""
    return ~number


def _exact(number: float) -> Decimal:
    return Decimal(repr(number))
