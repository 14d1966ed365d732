"""What a definition reads of a document: a task's result, or the execution's input.

A `Want` is a node of that document. `wanted` grows a tree of them; `fill` makes a document that has all
of it. A value that a Choice compares has options, each ranked by where the Choice goes with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

import msgspec

from sfnb.values import Json


class Mark(Enum):
    """A value known only by what it is not."""

    ABSENT = "left out"
    PRESENT = "there, whatever it is"
    OTHER = "none of the values it is compared with"


FAILS, STAYS, LEAVES = 0, 1, 2
"""Where a Choice goes: to a failure for sure, around a loop, or onwards."""


class Option(msgspec.Struct, frozen=True):
    """A value that decides a Choice, and how good the way is on which it goes then."""

    value: Json | Mark
    rank: int = LEAVES


class Want:
    """What is read of a value.

    kinds: of "array", "object", "number", "text", "boolean", "timestamp", "seconds".
    members, element, length: what is read inside it; length: how many elements there have to be.
    parsed: it is a text that is read as JSON, and this is read of what it holds.
    delimiter: it is a text that is split there.
    """

    def __init__(self) -> None:
        self.kinds: set[str] = set()
        self.options: dict[str, Option] = {}
        self.members: dict[str, Want] = {}
        self.element: Want | None = None
        self.length = 0
        self.parsed: Want | None = None
        self.delimiter: str | None = None

    def member(self, name: str) -> Want:
        return self.members.setdefault(name, Want())

    def item(self, index: int | None) -> Want:
        """Any element, or the one at `index`; they are all alike."""
        self.kinds.add("array")
        self.length = max(self.length, 1 if index is None or index < 0 else index + 1)
        if self.element is None:
            self.element = Want()
        return self.element

    def content(self) -> Want:
        if self.parsed is None:
            self.parsed = Want()
        return self.parsed

    def offer(self, option: Option) -> None:
        """Add an option, or better the rank of the one with the same value."""
        key = repr(option.value)
        known = self.options.get(key)
        if known is None or known.rank < option.rank:
            self.options[key] = option

    def paths(self, at: str = "$") -> Iterator[tuple[str, tuple[str, ...], tuple[Json | Mark, ...]]]:
        """Every place that is read: its path, its kinds, and the values it is compared with."""
        options = tuple(option.value for option in self.options.values())
        if at != "$" or self.kinds or options:
            yield at, tuple(sorted(self.kinds)), options
        for name, member in self.members.items():
            yield from member.paths(f"{at}.{name}")
        if self.element is not None:
            yield from self.element.paths(f"{at}[*]")
        if self.parsed is not None:
            yield from self.parsed.paths(f"{at}<json>")
