"""Large texts of a chunk: each is kept once, and as a difference where it resembles the one before.

A state's output is the next one's input, and a state that sets one member of a large payload makes a text
that begins and ends as the last one did. So the texts of a chunk are a list in the order in which they first
appear; an item is either the whole text, or what stands between the beginning and the end that it shares with
the item before.
"""

from __future__ import annotations

from collections.abc import Sequence

Difference = tuple[int, int, bytes]
"""Characters shared at the beginning, characters shared at the end, what stands between."""
Kept = bytes | Difference
"""A text as it is stored: UTF-8, in which a lone surrogate is written as if it were a character."""

HASHED = 16_384
"""Longer texts are known by their identity, as hashing them costs more than keeping one twice."""


class TextPool:
    """The large texts of a chunk that is being written; every text must live as long as its pool.

    characters: of all texts, as they are when read.
    """

    def __init__(self) -> None:
        self.kept: list[Kept] = []
        self.characters = 0
        self._places: dict[str | int, int] = {}
        self._last = ""

    def place(self, text: str) -> int:
        """Where `text` stands in the list, from 0; it is added where it is new."""
        key = text if len(text) <= HASHED else id(text)
        place = self._places.get(key)
        if place is None:
            place = self._places[key] = self._add(text)
        return place

    def _add(self, text: str) -> int:
        if self.kept and text == self._last:
            return len(self.kept) - 1
        self.kept.append(_kept(self._last, text))
        self.characters += len(text)
        self._last = text
        return len(self.kept) - 1


def _kept(before: str, text: str) -> Kept:
    start = shared_start(before, text)
    end = shared_end(before, text, min(len(before), len(text)) - start)
    if start + end < len(text) // 2:
        return text.encode("utf-8", "surrogatepass")
    return start, end, text[start : len(text) - end].encode("utf-8", "surrogatepass")


def rebuilt(kept: Sequence[Kept]) -> list[str]:
    """The texts of a pool."""
    texts: list[str] = []
    last = ""
    for item in kept:
        if isinstance(item, bytes):
            last = item.decode("utf-8", "surrogatepass")
        else:
            start, end, between = item
            tail = last[len(last) - end :]
            last = last[:start] + between.decode("utf-8", "surrogatepass") + tail
        texts.append(last)
    return texts


def shared_start(one: str, other: str) -> int:
    """How many characters two texts have in common at the beginning.

    >>> shared_start("abcd", "abxd"), shared_start("ab", "abc"), shared_start("", "a")
    (2, 2, 0)
    """
    return _agreement(one, other, min(len(one), len(other)), from_end=False)


def shared_end(one: str, other: str, most: int) -> int:
    """How many characters, at most `most`, two texts have in common at the end.

    >>> shared_end("abcd", "xcd", 3), shared_end("aaa", "aaaa", 1)
    (2, 1)
    """
    return _agreement(one, other, most, from_end=True)


def _agreement(one: str, other: str, most: int, *, from_end: bool) -> int:
    """By leaps that grow while the stretches are equal, then by halves: all comparing is done in C."""

    def equal(known: int, to: int) -> bool:
        if from_end:
            return one[len(one) - to : len(one) - known] == other[len(other) - to : len(other) - known]
        return one[known:to] == other[known:to]

    known, leap = 0, 64
    while known < most and equal(known, min(known + leap, most)):
        known = min(known + leap, most)
        leap *= 2
    beyond = min(known + leap, most)
    while beyond - known > 1:
        middle = (known + beyond) // 2
        if equal(known, middle):
            known = middle
        else:
            beyond = middle
    return known
