"""One JSON file: the elements of its array are the items, or the members of its object.

The file is never in memory as a whole. Where an element ends is found by Python's own scanner (it is
written in C and stops at the end of a value) in a buffer that grows until one is complete; its value
is then decoded as every other JSON text here. What lies before an ItemsPointer's target is passed
over in the same way.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import BinaryIO

from sfnb.items.config import ReaderConfig
from sfnb.items.faults import ReaderFault, unreadable
from sfnb.items.readers.pair import MAX_ITEM_BYTES, Pair
from sfnb.values import Json, decode

CHUNK_BYTES = 256 * 1024
POINTER_REACH = 16 * 1024 * 1024
"""How far into the file what an ItemsPointer names may begin. Source: AWS guide."""

NOT_ITERABLE = "Attempting to map over non-iterable node."

_AFTER_VALUE = frozenset(" \t\n\r,]}:")
_BLANK = re.compile(r"[ \t\n\r]*")
_scan = json.JSONDecoder(parse_int=str, parse_float=str).raw_decode  # values are decoded elsewhere


def read_json(stream: BinaryIO, config: ReaderConfig) -> Iterator[Pair]:
    """The elements of an array without keys, the members of an object with theirs.

    Source: AWS guide, "ItemReader"; AWS recordings for what is neither.
    """
    text = _Text(stream)
    for part in config.pointer:
        _descend(text, part)
        if text.passed > POINTER_REACH:
            raise unreadable("The ItemsPointer names a node beyond the first 16 MB of the file.")
    opening = text.peek()
    if opening == "[":
        for _ in _elements(text):
            yield None, text.value()
    elif opening == "{" and config.pairs:
        for key in _members(text):
            yield key, text.value()
    else:
        raise unreadable(NOT_ITERABLE)
    if not config.pointer and text.peek(None):
        raise text.broken("the end of the file")


def _descend(text: _Text, part: str) -> None:
    """Go on to the value under `part` of the array or object that begins here."""
    opening = text.peek()
    if opening == "{":
        for key in _members(text):
            if key == part:
                return
            text.skip()
    elif opening == "[":
        for index in _elements(text):
            if str(index) == part:
                return
            text.skip()
    raise unreadable(f"The ItemsPointer names a node that the file does not have: {part}")


def _elements(text: _Text) -> Iterator[int]:
    """Stand before every element in turn; who iterates takes it, or skips it."""
    text.take("[")
    if text.peek() == "]":
        text.take("]")
        return
    index = 0
    while True:
        yield index
        index += 1
        if text.take(",]") == "]":
            return


def _members(text: _Text) -> Iterator[str]:
    """Stand before the value of every member in turn; yields its key."""
    text.take("{")
    if text.peek() == "}":
        text.take("}")
        return
    while True:
        key = text.value() if text.peek() == '"' else None
        if not isinstance(key, str):
            raise text.broken("a key")
        text.take(":")
        yield key
        if text.take(",}") == "}":
            return


class _Text:
    """JSON text that comes in pieces; `passed`: how many characters lie behind what is held."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._buffer = ""
        self._place = 0
        self._ended = False
        self._dropped = 0

    @property
    def passed(self) -> int:
        return self._dropped + self._place

    def peek(self, expected: str | None = "a value") -> str:
        """The next character that is not blank; "" at the end of the file, if nothing is `expected`."""
        while True:
            found = _BLANK.match(self._buffer, self._place)
            assert found is not None
            self._place = found.end()
            if self._place < len(self._buffer):
                return self._buffer[self._place]
            if not self._more():
                if expected is None:
                    return ""
                raise self.broken(expected)

    def take(self, expected: str) -> str:
        """Go past the next character, which is one of `expected`."""
        words = " or ".join(expected)
        char = self.peek(words)
        if char not in expected:
            raise self.broken(words)
        self._place += 1
        return char

    def value(self) -> Json:
        """The value that begins here."""
        start, end = self._span()
        try:
            value = decode(self._buffer[start:end])
        except ValueError as fault:
            raise unreadable(f"The JSON file is not valid JSON: {fault}") from None
        self._place = end
        return value

    def skip(self) -> None:
        self._place = self._span(POINTER_REACH)[1]

    def _span(self, limit: int = MAX_ITEM_BYTES) -> tuple[int, int]:
        """Where in the buffer the next value begins and ends, which grows until it is there."""
        self.peek()
        while True:
            end = self._end_of_value()
            held = len(self._buffer) - self._place
            if end is None and held > limit:
                raise self.broken(f"a value of at most {limit >> 20} MB")
            if end is not None and self._buffer[end : end + 1] in _AFTER_VALUE:
                return self._place, end
            if not self._more(held):  # nor can a number go on behind the buffer's end
                if end is None:
                    raise self.broken("a value")
                return self._place, end

    def _end_of_value(self) -> int | None:
        """Where the value that begins here ends, as far as the buffer goes; None where it does not end."""
        try:
            return _scan(self._buffer, self._place)[1]
        except RecursionError:
            raise unreadable("The JSON file is nested too deeply.") from None
        except ValueError:
            return None

    def _more(self, held: int = 0) -> bool:
        """Read on, as much as is held at least, so that a large value is not scanned too often."""
        if self._ended:
            return False
        data = self._stream.read(max(CHUNK_BYTES, held))
        self._ended = not data
        self._dropped += self._place
        try:
            self._buffer = self._buffer[self._place :] + self._decoder.decode(data, final=not data)
        except UnicodeDecodeError as fault:
            raise unreadable(f"The JSON file is not UTF-8: {fault.reason}") from None
        self._place = 0
        return not self._ended

    def broken(self, expected: str) -> ReaderFault:
        found = self._buffer[self._place : self._place + 20]
        where = f"found {found!r}" if found else "the file ends"
        return unreadable(f"The JSON file is not valid JSON: expected {expected}, {where}.")
