"""What a reader of definition text hands back: the value, what is wrong with it, where it stands.

JSON and YAML have a reader each; the shapes and the words they share are here.
"""

from __future__ import annotations

import gc
import json
import re
from collections.abc import Callable
from contextlib import ContextDecorator

import msgspec

from sfnb.errors import Diagnostic, PathStep, Span
from sfnb.values import Json

# AWS's code for text that is no JSON; for YAML, which AWS never sees, there is none nearer.
SYNTAX = "INVALID_JSON_DESCRIPTION"
TOO_DEEP = "TOO_DEEPLY_NESTED"
# Python's own parsers and ours further on spend stack on each level; it ends a little below 1,000.
MAX_DEPTH = 500
MAX_FINDINGS = 100
MAX_SIZE_BYTES = 1_048_576


class Place(msgspec.Struct):
    """Where a value stands: the offsets of its first character and past its last.

    key: the same for the key it stands under.
    inner: the places of what it holds, by key or index; None until somebody asked for them.
    """

    start: int
    end: int
    key: tuple[int, int] | None = None
    inner: dict[PathStep, Place] | None = None


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """A text as its reader understood it.

    tree: None where the text is no object, or none that can be trusted.
    root: None where no place can be looked up.
    inside: the places of what a place holds.
    """

    tree: dict[str, Json] | None = None
    findings: tuple[Diagnostic, ...] = ()
    root: Place | None = None
    inside: Callable[[Place], dict[PathStep, Place]] = lambda place: place.inner or {}


def span_of(text: str, start: int, end: int) -> Span:
    """Lines and columns of the characters from `start` up to `end`, of one at least."""
    line, column = position_of(text, start)
    end_line, end_column = position_of(text, end) if end > start else (line, column + 1)
    return Span(line, column, end_line, end_column)


def position_of(text: str, offset: int) -> tuple[int, int]:
    """Line and column, from 1, of the character at `offset`; only LF ends a line."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def syntax_error(text: str, start: int, end: int, message: str, hint: str | None = None) -> Diagnostic:
    """A finding about the characters from `start` up to `end`, or the gap there; no path names them."""
    return Diagnostic(message=message, code=SYNTAX, path=None, span=span_of(text, start, end), hint=hint)


def duplicate_key(text: str, path: tuple[PathStep, ...], first: int, start: int, end: int) -> Diagnostic:
    """A finding about a key at `start` that already stood at `first`."""
    line, _ = position_of(text, first)
    return Diagnostic(
        message=f"Duplicate key {quoted(str(path[-1]))}",
        code=SYNTAX,
        path=path,
        at_key=True,
        span=span_of(text, start, end),
        hint=f"it is given at line {line} already; only the last one would count",
    )


def too_deep(text: str, offset: int) -> Diagnostic:
    return Diagnostic(
        message=f"Nested deeper than {MAX_DEPTH} levels",
        code=TOO_DEEP,
        path=None,
        span=span_of(text, offset, offset + 1),
    )


def too_large(found: str) -> Diagnostic:
    """found: a size in words, such as "2,000,000"."""
    return Diagnostic(message=f"Definition is {found} bytes; the limit is {MAX_SIZE_BYTES:,}", path=None)


def not_an_object(hint: str) -> Diagnostic:
    return Diagnostic(message="Definition must be a valid JSON object", path=None, hint=hint)


def describe_root(value: Json) -> str:
    """What stands where an object should, in words, and what to do about it."""
    match value:
        case str() if re.match(r'\s*\{\s*"', value):
            return "found JSON written into a string; take off the outer quotes and the backslashes"
        case str() if re.match(r"\w+:\S", value):
            return f"found the text {quoted(value)}; YAML needs a space after the colon"
        case str():
            return f"found the text {quoted(value)}"
        case bool():
            return f"found {json.dumps(value)}"
        case int() | float():
            return f"found the number {value}"
        case list():
            return "found an array"
        case _:
            return "found null"


def quoted(text: str) -> str:
    """`text` in double quotes, on one line and not too long.

    >>> print(quoted('say "hi"'), quoted("x" * 100))
    "say "hi"" "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…"
    """
    return f'"{shown(text)}"'


def shown(text: str) -> str:
    """`text` for a message: at most 60 characters, those that do not print as escapes."""
    head = text[:60] + ("…" if len(text) > 60 else "")
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in head)


Container = dict[str, Json] | list[Json]


def one_level_in(level: list[Container]) -> list[Container]:
    """The objects and arrays that stand directly in those of `level`."""
    return [
        inner
        for outer in level
        for inner in (outer.values() if isinstance(outer, dict) else outer)
        if isinstance(inner, (dict, list))
    ]


class CollectingLater(ContextDecorator):
    """A large definition makes many objects that stay: the garbage collector would look at them all,
    again and again, and take as long as the reading itself.
    """

    def _recreate_cm(self) -> CollectingLater:
        """Each use has a memory of its own: others may read at the same time."""
        return CollectingLater()

    def __enter__(self) -> None:
        self._collecting = gc.isenabled()
        gc.disable()

    def __exit__(self, *fault: object) -> None:
        if self._collecting:
            gc.enable()
