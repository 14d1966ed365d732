"""What a value of the event is compared with: each function makes a `Operator` of what a pattern says.

A test sees values that are no objects and no arrays: texts, numbers, true, false, null.
Source: Amazon EventBridge user guide, "Comparison operators for use in event patterns"; aws/event-ruler.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from sfnb.triggers.patterns.addresses import LONGEST, read_address, read_cidr
from sfnb.values import Json, encode

Holds = Callable[[Json], bool]


class Operator(msgspec.Struct, frozen=True):
    """One of the alternatives of a field.

    words: what it asks for, to be read after "is" or "is not".
    holds: whether a value fulfils it.
    absent: it is fulfilled by a field that is not there, and by no value.
    """

    words: str
    holds: Holds
    absent: bool = False


def exactly(value: None | bool | int | float | str) -> Operator:
    """The value itself. Numbers are equal as doubles; an IP address equals all its spellings."""
    words = encode(value)
    if isinstance(value, str):
        return Operator(words, _equals_text(value))
    if value is None or isinstance(value, bool):
        return Operator(words, lambda found: found is value)
    wanted = as_double(value)
    return Operator(words, lambda found: _is_number(found) and (found == value or as_double(found) == wanted))


def _equals_text(value: str) -> Holds:
    address = read_address(value)
    if address is None:
        return lambda found: found == value
    return lambda found: isinstance(found, str) and (found == value or read_address(found) == address)


def is_present() -> Operator:
    return Operator("present", lambda found: True)


def is_absent() -> Operator:
    return Operator("missing", lambda found: False, absent=True)


def begins_with(prefix: str, *, in_any_case: bool = False) -> Operator:
    words = f"a text that begins with {encode(prefix)}{_any_case(in_any_case)}"
    if not in_any_case:
        return Operator(words, lambda found: isinstance(found, str) and found.startswith(prefix))
    low, high = prefix.lower(), prefix.upper()
    return Operator(
        words,
        lambda found: (
            isinstance(found, str) and (found.lower().startswith(low) or found.upper().startswith(high))
        ),
    )


def ends_with(suffix: str, *, in_any_case: bool = False) -> Operator:
    words = f"a text that ends with {encode(suffix)}{_any_case(in_any_case)}"
    if not in_any_case:
        return Operator(words, lambda found: isinstance(found, str) and found.endswith(suffix))
    low, high = suffix.lower(), suffix.upper()
    return Operator(
        words,
        lambda found: (
            isinstance(found, str) and (found.lower().endswith(low) or found.upper().endswith(high))
        ),
    )


def equals_in_any_case(value: str) -> Operator:
    low, high = value.lower(), value.upper()
    return Operator(
        f"{encode(value)}{_any_case(True)}",
        lambda found: isinstance(found, str) and (found.lower() == low or found.upper() == high),
    )


def _any_case(in_any_case: bool) -> str:
    return ", in any case" if in_any_case else ""


def is_like(wildcard: str) -> Operator:
    """`*` for any characters, none too; `\\*` and `\\\\` for the two themselves.

    Raises ValueError for `**` and for other escapes, in AWS's words.

    >>> is_like("a*.png").holds("a/b.png"), is_like("a*a").holds("a")
    (True, False)
    """
    first, *rest = _literals(wildcard)
    words = f"a text like {encode(wildcard)}"
    if not rest:
        return Operator(words, lambda found: found == first)
    *middle, last = rest
    return Operator(words, lambda found: isinstance(found, str) and _fits(found, first, middle, last))


def _literals(wildcard: str) -> list[str]:
    """What stands between the asterisks. AWS counts its places from the opening quote, in bytes."""
    literals = [""]
    at = 0
    while at < len(wildcard):
        char, following = wildcard[at], wildcard[at + 1 : at + 2]
        if char == "*":
            if following == "*":
                raise ValueError(f"Consecutive wildcard characters at pos {len(wildcard[:at].encode()) + 1}")
            literals.append("")
        elif char != "\\":
            literals[-1] += char
        elif following and following in "*\\":
            literals[-1] += following
            at += 1
        else:
            raise ValueError(f"Invalid escape character at pos {len(wildcard[:at].encode()) + 1}")
        at += 1
    return literals


def _fits(text: str, first: str, middle: Sequence[str], last: str) -> bool:
    """The earliest place for each literal leaves the most room for the others: none is tried again."""
    if not text.startswith(first) or not text.endswith(last):
        return False
    at, end = len(first), len(text) - len(last)
    for literal in middle:
        found = text.find(literal, at, end)
        if found < 0:
            return False
        at = found + len(literal)
    return at <= end


def is_in_block(cidr: str) -> Operator:
    """Raises ValueError for what is no block of addresses, in AWS's words."""
    lowest, highest = read_cidr(cidr)

    def holds(found: Json) -> bool:
        address = read_address(found) if isinstance(found, str) and len(found) <= LONGEST else None
        return address is not None and lowest[0] == address[0] and lowest <= address <= highest

    return Operator(f"an address in {cidr}", holds)


def is_number(
    bottom: tuple[str, float] | None = None, top: tuple[str, float] | None = None, equal: float | None = None
) -> Operator:
    """Between two bounds, each `>`, `>=`, `<` or `<=` with its number, or equal to a number."""
    if equal is not None:
        return Operator(_shown("=", equal), lambda found: _is_number(found) and as_double(found) == equal)
    words = " and ".join(_shown(*bound) for bound in (bottom, top) if bound is not None)
    above = _bound(*bottom) if bottom else None
    below = _bound(*top) if top else None

    def holds(found: Json) -> bool:
        if not _is_number(found):
            return False
        number = as_double(found)
        return number is not None and (above is None or above(number)) and (below is None or below(number))

    return Operator(words, holds)


def _bound(operator: str, number: float) -> Callable[[float], bool]:
    match operator:
        case ">":
            return number.__lt__
        case ">=":
            return number.__le__
        case "<":
            return number.__gt__
    return number.__ge__


def _shown(operator: str, number: float) -> str:
    return f"{operator} {encode(int(number) if number.is_integer() and abs(number) < 2**53 else number)}"


def _is_number(found: Json) -> bool:
    return type(found) is int or type(found) is float


def as_double(number: Json) -> float | None:
    """A number as AWS compares it: exact within ±2**53; None for an integer beyond all doubles."""
    try:
        return float(number)  # type: ignore[arg-type]
    except OverflowError:
        return None


def none_of(operators: Sequence[Operator]) -> Operator:
    """Fulfilled by every value that fulfils none of them, of whatever type it is."""
    checks = tuple(operator.holds for operator in operators)
    words = "anything but " + " or ".join(operator.words for operator in operators)
    return Operator(words, lambda found: not any(holds(found) for holds in checks))


def none_of_texts(texts: Sequence[str]) -> Operator:
    """As `none_of`, but an IP address is a text like others here."""
    excluded = frozenset(texts)
    words = "anything but " + " or ".join(map(encode, texts))
    return Operator(words, lambda found: not isinstance(found, str) or found not in excluded)
