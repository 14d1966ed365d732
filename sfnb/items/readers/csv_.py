"""Delimited text: a row is an item, its values are strings.

AWS's rules are neither RFC 4180's nor those of Python's csv module: a backslash escapes a quote, a
backslash and the delimiter and vanishes before all else, two quotes are one even outside of quotes,
a quote amid a field stays. They are OpenCSV's with its defaults, so `RowParser` does as OpenCSV does.
Where the rules agree there is a faster way: rows without a quote or a backslash are split at the
delimiter, and those whose quotes stand around whole fields go to the csv module.

An item's keys come in the order of a Java HashMap: AWS's recordings and the guide's examples show it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from operator import itemgetter
from typing import BinaryIO, cast

from sfnb.items.config import DUPLICATES, ReaderConfig
from sfnb.items.faults import unreadable
from sfnb.items.readers.pair import MAX_ITEM_BYTES, Pair
from sfnb.query.hash_map import hash_map_order
from sfnb.values import size_bytes

HEADER_BYTES = 10 * 1024
LONG = 100_000  # the csv module refuses fields over 131,072 characters


def read_csv(stream: BinaryIO, config: ReaderConfig) -> Iterator[Pair]:
    """The rows of a file as objects; a short row is filled with "", what is too much is left out.

    A byte that is no UTF-8 becomes U+FFFD; a byte order mark stays part of the first header, as in Java.
    Source: AWS guide, "How Step Functions parses input CSV files"; AWS recordings.
    """
    rows = _rows(stream, config.delimiter)
    headers = config.headers
    if headers is None:
        first = next(rows, None)
        if first is None:
            return
        headers = _headers(first)
    item = _item_maker(headers)
    for row in rows:
        yield None, item(row)


def _headers(row: Sequence[str]) -> tuple[str, ...]:
    if size_bytes(",".join(row)) > HEADER_BYTES:
        raise unreadable("CSV headers cannot be larger than 10 KiB.")
    if len(set(row)) < len(row):
        raise unreadable(DUPLICATES)
    return tuple(row)


def _item_maker(headers: Sequence[str]) -> Callable[[list[str]], dict[str, object]]:
    """A function from a row's fields to its item."""
    names = hash_map_order(headers)
    width = len(headers)
    places = [headers.index(name) for name in names]
    if width == 1 or places == list(range(width)):
        arrange = cast("Callable[[list[str]], Sequence[str]]", lambda row: row)
    else:
        arrange = cast("Callable[[list[str]], Sequence[str]]", itemgetter(*places))

    def item(row: list[str]) -> dict[str, object]:
        if len(row) < width:
            row += [""] * (width - len(row))
        return dict(zip(names, arrange(row), strict=False))

    return item


def _rows(stream: BinaryIO, delimiter: str) -> Iterator[list[str]]:
    """The fields of every row, the header's too."""
    text = io.TextIOWrapper(stream, encoding="utf-8", errors="replace")  # \r\n and \r become \n, as in Java
    lines = iter(partial(text.readline, MAX_ITEM_BYTES), "")
    parse = _quoted_parser(lines, delimiter)
    try:
        for line in lines:
            line = line.removesuffix("\n")
            if len(line) >= MAX_ITEM_BYTES:
                raise _too_long()
            if '"' in line or "\\" in line:
                yield parse(line)
            else:
                yield line.split(delimiter)
    finally:
        with suppress(ValueError):  # it is closed already
            text.detach()  # who opened it closes it


def _quoted_parser(lines: Iterator[str], delimiter: str) -> Callable[[str], list[str]]:
    """A function from a line with quotes or backslashes, and what follows in `lines`, to the row's fields."""
    field = rf'(?:"(?:[^"\\]++|"")*+"|[^"\\{re.escape(delimiter)}]*+)'
    plain = re.compile(rf"{field}(?:{re.escape(delimiter)}{field})*+")
    waiting: list[str] = []
    standard = csv.reader(iter(waiting.pop, None), delimiter=delimiter)

    def parse(line: str) -> list[str]:
        if len(line) < LONG and plain.fullmatch(line):
            waiting.append(line)
            return next(standard)
        return _odd_row(line, lines, delimiter)

    return parse


def _odd_row(line: str, lines: Iterator[str], delimiter: str) -> list[str]:
    """The fields of a row by our own parser; takes more lines while a quote is open."""
    parser = RowParser(delimiter)
    size = len(line)
    while not parser.feed(line):
        following = next(lines, None)
        if following is None:
            raise unreadable("Unterminated quoted field at end of CSV file.")
        line = following.removesuffix("\n")
        size += len(line) + 1
        if size >= MAX_ITEM_BYTES:
            raise _too_long()
    return parser.fields


def _too_long() -> Exception:
    return unreadable("A row of the CSV file is larger than 8 MB.")


class RowParser:
    r"""The fields of one row, taken line by line.

    >>> parser = RowParser(",")
    >>> parser.feed('{""a"":1},"x, ""y"" and'), parser.feed('more",c\\,d\\e')
    (False, True)
    >>> parser.fields
    ['{"a":1}', 'x, "y" and\nmore', 'c,de']
    """

    def __init__(self, delimiter: str) -> None:
        self.fields: list[str] = []
        self._delimiter = delimiter
        self._escapable = ('"', "\\", delimiter)
        self._field: list[str] = []
        self._quoted = False  # a quote is open
        self._inside = False  # past the first character of a field: what an escape needs

    def feed(self, line: str) -> bool:
        """Take one more line; True when the row ends with it."""
        place = 0
        while place < len(line):
            char = line[place]
            following = line[place + 1] if place + 1 < len(line) else ""
            if char == "\\":
                self._inside = True
                if following in self._escapable:
                    self._field.append(following)
                    place += 1
            elif char == '"':
                place += self._quote(line, place, following)
            elif char == self._delimiter and not self._quoted:
                self._end_field()
            else:
                self._field.append(char)
                self._inside = True
            place += 1
        if self._quoted:
            self._field.append("\n")
            return False
        self._end_field()
        return True

    def _quote(self, line: str, place: int, following: str) -> int:
        """Take a quote; returns how many further characters belong to it."""
        if (self._quoted or self._inside) and following == '"':
            self._field.append('"')
            self._inside = not self._inside
            return 1
        self._quoted = not self._quoted
        before = line[place - 1] if place else self._delimiter
        if before != self._delimiter and following not in ("", self._delimiter):
            if self._field and "".join(self._field).isspace():
                self._field.clear()  # white space before a quoted field: a, "b"
            else:
                self._field.append('"')  # amid a field: a,bc"d"ef,g
        self._inside = not self._inside
        return 0

    def _end_field(self) -> None:
        self.fields.append("".join(self._field))
        self._field.clear()
        self._inside = False
