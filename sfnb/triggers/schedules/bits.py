"""Sets of small numbers as the bits of an int: to find the next one costs the same however many there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def bits_of(numbers: Iterable[int]) -> int:
    """The set of `numbers`, none below 0.

    >>> bin(bits_of([0, 3]))
    '0b1001'
    """
    bits = 0
    for number in numbers:
        bits |= 1 << number
    return bits


def lowest(bits: int, start: int = 0) -> int:
    """The lowest number of the set that is at least `start`; -1 if there is none.

    >>> lowest(0b1001, 1), lowest(0b1001, 4)
    (3, -1)
    """
    rest = bits >> start
    return start + (rest & -rest).bit_length() - 1 if rest else -1


def numbers_in(bits: int) -> Iterator[int]:
    """The numbers of the set, rising.

    >>> list(numbers_in(0b1001))
    [0, 3]
    """
    while bits:
        low = bits & -bits
        yield low.bit_length() - 1
        bits ^= low
