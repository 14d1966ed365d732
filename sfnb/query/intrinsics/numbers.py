"""Intrinsics for numbers."""

from __future__ import annotations

from sfnb.errors import StatesError
from sfnb.query import java
from sfnb.query.roots import Chance

SMALLEST, LARGEST = -(2**31), 2**31 - 1


def math_add(first: int, second: int) -> int:
    """
    >>> math_add(111, -1)
    110

    Raises States.IntrinsicFailure for a number that 32 bits do not hold.
    """
    if not (SMALLEST <= first <= LARGEST and SMALLEST <= second <= LARGEST):
        number = second if SMALLEST <= first <= LARGEST else first
        raise StatesError("States.IntrinsicFailure", f"{number} is not within {SMALLEST} and {LARGEST}")
    return first + second


def math_random(start: int, end: int, seed: int | None = None, *, chance: Chance) -> int:
    """A whole number from `start` up to, but not including, `end`; the same for the same `seed`.

    It is the share of the range that `java.util.Random(seed).nextDouble()` tells, because that is the
    number $random(seed) gives in JSONata; AWS does not document its way from seed to number.

    Raises States.IntrinsicFailure when `end` is not above `start`.
    """
    if end <= start:
        raise StatesError("States.IntrinsicFailure", f"the range from {start} to {end} is empty")
    share = chance.float() if seed is None else java.next_double(seed)
    # In whole numbers, because a product of floats may round up to the end itself.
    return start + (int(share * 2**53) * (end - start) >> 53)
