"""Stretches of time in words, and the round ones among them: from microseconds to years."""

from __future__ import annotations

from datetime import timedelta

_UNITS = (
    ("d", 86_400_000_000),
    ("h", 3_600_000_000),
    ("min", 60_000_000),
    ("s", 1_000_000),
    ("ms", 1_000),
    ("µs", 1),
)
_ROUND = {
    1: (1, 2, 5, 10, 20, 50, 100, 200, 500),
    1_000: (1, 2, 5, 10, 20, 50, 100, 200, 500),
    1_000_000: (1, 2, 5, 10, 15, 30),
    60_000_000: (1, 2, 5, 10, 15, 30),
    3_600_000_000: (1, 2, 3, 6, 12),
    86_400_000_000: (1, 2, 7, 14, 30, 60, 90, 180, 365, 730, 1_825, 3_650, 36_500, 365_000),
}


def microseconds(duration: timedelta) -> int:
    return duration // timedelta(microseconds=1)


def words(duration: timedelta) -> str:
    """A duration in at most two units.

    >>> [words(timedelta(seconds=n)) for n in (0, 0.000042, 0.25, 1.5, 90, 7200, 90000)]
    ['0 s', '42 µs', '250 ms', '1.5 s', '1 min 30 s', '2 h', '1 d 1 h']
    """
    left = microseconds(duration)
    if left < 0:
        return f"-{words(-duration)}"
    for index, (unit, size) in enumerate(_UNITS):
        if left >= size:
            if size <= 1_000_000:
                return f"{_short(left / size)} {unit}"
            smaller, part = _UNITS[index + 1]
            rest = left % size // part
            return f"{left // size:,} {unit} {rest} {smaller}" if rest else f"{left // size:,} {unit}"
    return "0 s"


def _short(number: float) -> str:
    """To three figures: 1.25, 12.5, 125."""
    return f"{number:.0f}" if number >= 99.5 else f"{number:.3g}"


def step_microseconds(span: int, at_most: int) -> int:
    """The smallest round stretch of which at most `at_most` make up `span`.

    >>> step_microseconds(95_000_000, 8)
    15000000
    """
    steps = (count * unit for unit, counts in _ROUND.items() for count in counts)
    return next((step for step in steps if span <= step * at_most), span)
