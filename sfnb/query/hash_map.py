"""The order in which AWS writes out what it keeps in a `java.util.HashMap`.

Payload Templates and States.JsonMerge show it: their computed keys come out neither as written nor
sorted, but by bucket. Objects parsed from JSON keep their own order.
Source: AWS recordings (32 templates obey it, none breaks it).
"""

from __future__ import annotations

from collections.abc import Iterable


def string_hash(text: str) -> int:
    """java.lang.String.hashCode, as an unsigned number of 32 bits.

    >>> string_hash("hello"), string_hash("")
    (99162322, 0)
    """
    result = 0
    units = text.encode("utf-16-be", "surrogatepass")
    for high, low in zip(units[::2], units[1::2], strict=True):
        result = (31 * result + (high << 8 | low)) & 0xFFFFFFFF
    return result


def hash_map_order(keys: Iterable[str]) -> list[str]:
    """`keys` in a HashMap's order; those of one bucket stay as they were put in.

    >>> hash_map_order(["original_input", "iteration_input_value", "iteration_index", "from_input_constant"])
    ['iteration_input_value', 'from_input_constant', 'iteration_index', 'original_input']
    """
    names = list(dict.fromkeys(keys))
    buckets = 16
    while len(names) > 0.75 * buckets:
        buckets *= 2
    return sorted(names, key=lambda name: _bucket(name, buckets))


def _bucket(name: str, buckets: int) -> int:
    number = string_hash(name)
    return (number ^ number >> 16) & (buckets - 1)
