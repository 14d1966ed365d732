"""Functions of strings.

A parameter called `str` takes any value that has a text: Null and Undefined have none, and make the
result Undefined.
Source: AWS IoT developer guide, "Functions".
"""

from __future__ import annotations

from sfnb.triggers.iot.sql.values import MOST_TEXT, UNDEFINED, Absence

_MOST_PADDING = 1_000
_BLANK = " \t\n\r\f\v"


def lower(text: str) -> str:
    """`text` in lower case."""
    return text.lower()


def upper(text: str) -> str:
    """`text` in upper case."""
    return text.upper()


def length(text: str) -> int:
    """How many characters."""
    return len(text)


def numbytes(text: str) -> int:
    """How many bytes in UTF-8.

    >>> numbytes("€")
    3
    """
    return len(text.encode())


def trim(text: str) -> str:
    """`text` without white space at either end."""
    return text.strip(_BLANK)


def ltrim(text: str) -> str:
    """`text` without white space before it."""
    return text.lstrip(_BLANK)


def rtrim(text: str) -> str:
    """`text` without white space behind it."""
    return text.rstrip(_BLANK)


def lpad(text: str, spaces: int) -> str:
    """`text` behind 0 to 1000 spaces."""
    return " " * _padding(spaces) + text


def rpad(text: str, spaces: int) -> str:
    """`text` before 0 to 1000 spaces."""
    return text + " " * _padding(spaces)


def _padding(spaces: int) -> int:
    return min(max(spaces, 0), _MOST_PADDING)


def chr_(code: int) -> str | Absence:
    """The ASCII character of `code`."""
    return chr(code) if 0 <= code < 128 else UNDEFINED


def startswith(text: str, start: str) -> bool:
    """Whether `text` begins with `start`."""
    return text.startswith(start)


def endswith(text: str, end: str) -> bool:
    """Whether `text` ends with `end`."""
    return text.endswith(end)


def indexof(text: str, part: str) -> int:
    """Where `part` first stands in `text`, from 0; -1 if nowhere."""
    return text.find(part)


def substring(text: str, start: int, end: int | None = None) -> str:
    """The characters from `start` on, before `end`; both from 0, and brought into the text.

    >>> substring("012345", 1, 3), substring("012345", -50, 50), substring("012345", 3, 1)
    ('12', '012345', '')
    """
    last = len(text) if end is None else max(end, 0)
    return text[max(start, 0) : last]


def replace(text: str, old: str, new: str) -> str | Absence:
    """`text` with every `old` made `new`."""
    grown = len(text) + text.count(old) * (len(new) - len(old))
    return text.replace(old, new) if grown <= MOST_TEXT else UNDEFINED
