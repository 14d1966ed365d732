"""A definition that is being written: where the cursor stands in it.

Half-written JSON is never valid, so it is read here by its brackets and quotes alone. YAML mostly is
valid but for the line in hand; that line is left out, and its place told by indentation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from sfnb.asl.source import read_text
from sfnb.errors import PathStep
from sfnb.values import Json

Draft = dict[str, Any]


class Spot(msgspec.Struct, frozen=True, kw_only=True):
    """Where the cursor stands.

    path: the steps to the object or array around it.
    key: the key whose value is being written; None where a key is.
    fragment: what there is of it before the cursor; word: all of it.
    quote: the quote it stands in, or "". closed: a quote follows.
    tree: what there is of the whole.
    """

    path: tuple[PathStep, ...]
    key: str | None
    fragment: str
    word: str
    quote: str
    closed: bool
    tree: Draft
    is_yaml: bool

    def at(self, path: tuple[PathStep, ...]) -> Json:
        """What stands at a path of the draft; None for nothing."""
        node: Any = self.tree
        for step in path:
            if isinstance(step, str) and isinstance(node, dict):
                node = node.get(step)
            elif isinstance(step, int) and isinstance(node, list) and step < len(node):
                node = node[step]
            else:
                return None
        return node  # type: ignore[no-any-return]


def find_spot(text: str, offset: int) -> Spot | None:
    """Where `offset` stands in the text of a definition; None where nothing can be written."""
    if text.lstrip()[:1] in ("{", "["):
        return _json_spot(text, offset)
    return _yaml_spot(text, offset)


# JSON


_token = re.compile(r'"(?:[^"\\\n]|\\.)*("|(?=\n)|$)|[{}\[\],:]|[^\s{}\[\],:"]+')


class _Open(msgspec.Struct):
    """An object or array that is not closed yet; `key` waits for its value."""

    value: Any
    step: PathStep | None
    key: str | None = None
    expects_key: bool = False


class _JsonReader:
    """Builds a tree of whatever the tokens allow, and notes the spot when the cursor comes by."""

    def __init__(self, text: str, offset: int) -> None:
        self.text = text
        self.offset = offset
        self.tree: Draft = {}
        self.open: list[_Open] = []
        self.spot: Spot | None = None
        self.passed = False

    def read(self) -> Spot | None:
        for match in _token.finditer(self.text):
            if not self.passed and match.start() >= self.offset:
                self._note(self.offset, self.offset, "", False)
            token = match[0]
            if token in "{[":
                self._begin({} if token == "{" else [])
            elif token in "}]":
                if self.open:
                    self.open.pop()
            elif token == ",":
                self._after_comma()
            elif token == ":":
                if self.open:
                    self.open[-1].expects_key = False
            else:
                self._word(match)
        if not self.passed:
            self._note(self.offset, self.offset, "", False)
        return self.spot

    def _begin(self, value: Any) -> None:
        step = self._put(value) if self.open else None
        if not self.open and isinstance(value, dict):
            self.tree = value
        self.open.append(_Open(value, step, expects_key=isinstance(value, dict)))

    def _after_comma(self) -> None:
        if self.open and isinstance(self.open[-1].value, dict):
            self.open[-1].expects_key, self.open[-1].key = True, None

    def _word(self, match: re.Match[str]) -> None:
        token = match[0]
        quoted = token.startswith('"')
        closed = quoted and bool(match[1])
        start, end = match.start() + quoted, match.end() - closed
        is_key = bool(self.open) and self._is_key(match.end())
        if is_key:
            self.open[-1].key, self.open[-1].expects_key = None, True
        if not self.passed and start <= self.offset <= end:
            self._note(start, end, '"' if quoted else "", closed)
        word = self.text[start:end]
        if is_key:
            self.open[-1].key = word
        elif self.open:
            self._put(word)

    def _is_key(self, end: int) -> bool:
        """In an object, what is waited for as a key, or what a colon follows."""
        around = self.open[-1]
        if not isinstance(around.value, dict):
            return False
        return around.expects_key or around.key is None or self.text[end:].lstrip()[:1] == ":"

    def _put(self, value: Any) -> PathStep:
        around = self.open[-1]
        if isinstance(around.value, list):
            around.value.append(value)
            return len(around.value) - 1
        key, around.key = around.key or "", None
        around.value[key] = value
        return key

    def _note(self, start: int, end: int, quote: str, closed: bool) -> None:
        self.passed = True
        if not self.open:
            return
        around = self.open[-1]
        path = tuple(opened.step for opened in self.open[1:] if opened.step is not None)
        waits_for_key = isinstance(around.value, dict) and (around.expects_key or around.key is None)
        key = None if waits_for_key else around.key
        if isinstance(around.value, list):
            key = next((step for step in reversed(path) if isinstance(step, str)), "")
        self.spot = Spot(
            path=path,
            key=key,
            fragment=self.text[start : self.offset],
            word=self.text[start:end],
            quote=quote,
            closed=closed,
            tree=self.tree,
            is_yaml=False,
        )


def _json_spot(text: str, offset: int) -> Spot | None:
    reader = _JsonReader(text, offset)
    spot = reader.read()
    return spot and msgspec.structs.replace(spot, tree=reader.tree)


# YAML


_Row = tuple[list[int], str, int]
"""Of a line: the columns of its dashes, its key, and the column of that."""

_line = re.compile(
    r"(?P<lead>[ ]*(?:- +)*)(?:(?P<key>[^\s:#'\"][^:#]*?|'[^']*'|\"[^\"]*\") *:(?:\s+(?P<value>.*))?)?$"
)
_written = re.compile(r"(?P<key>[^\s:]+) *:\s+(?P<rest>.*)$|(?P<quote>['\"]?)(?P<name>[^\s:'\"]*)$")


def _yaml_spot(text: str, offset: int) -> Spot | None:
    lines = text.split("\n")
    number = text.count("\n", 0, offset)
    column = offset - (text.rfind("\n", 0, offset) + 1)
    line = lines[number]
    lead = re.match(r" *(?:- +|-$)*", line[:column])
    written = _written.match(line[:column], lead.end()) if lead else None
    if lead is None or written is None:
        return None
    path = _yaml_path(lines[:number], line[: lead.end()])
    rest = [*lines[:number], "", *lines[number + 1 :]]
    tree = (
        read_text("\n".join(rest), format="yaml").tree
        or read_text("\n".join(rest[:number]), format="yaml").tree
    )
    key = written["key"]
    if key is None and path and isinstance(path[-1], int) and path[-2:-1] == ("ErrorEquals",):
        key = "ErrorEquals"
    fragment, quote = _yaml_fragment(written)
    after = re.match(r"[^\s,\]}'\"]*" if key else r"[^\s:'\"]*", line[column:])
    return Spot(
        path=path,
        key=key,
        fragment=fragment,
        word=fragment + (after[0] if after else ""),
        quote=quote,
        closed=bool(quote) and quote in line[column:],
        tree=tree or {},
        is_yaml=True,
    )


def _yaml_fragment(written: re.Match[str]) -> tuple[str, str]:
    if written["key"] is None:
        return written["name"], written["quote"]
    rest = re.split(r"[\[,]\s*", written["rest"])[-1] if written["rest"].startswith("[") else written["rest"]
    return (rest[1:], rest[0]) if rest[:1] in ("'", '"') else (rest, "")


def _yaml_path(lines: list[str], lead: str) -> tuple[PathStep, ...]:
    """The steps to the place that `lead`, blanks and dashes, begins under `lines`."""
    steps: list[PathStep] = []
    column = len(lead)
    rows = list(_columns(lines))
    dashes = [index for index, char in enumerate(lead) if char == "-"]
    while True:
        while dashes:
            column = dashes.pop()
            steps.append(_items_before(rows, column))
            column += 1  # the list may stand right under its key
        while rows and not _leads_to(rows[-1], column):
            rows.pop()
        if not rows:
            return tuple(reversed(steps))
        dashes, key, start = rows.pop()
        if start < column:
            steps.append(key)
        column = start


def _leads_to(row: _Row, column: int) -> bool:
    """Whether what stands in `column` belongs to the key of `row`, or to the item that begins in it."""
    dashes, key, start = row
    return bool(key) if start < column else bool(dashes) and start == column


def _items_before(rows: list[_Row], column: int) -> int:
    """How many items a list has before the one in hand; its dashes stand in `column`."""
    count = 0
    for dashes, _, start in reversed(rows):
        if min([*dashes, start]) < column:
            break
        count += column in dashes
    return count


def _columns(lines: list[str]) -> Iterator[_Row]:
    for line in lines:
        match = _line.match(line.rstrip())
        if match and line.strip() and not line.lstrip().startswith("#"):
            dashes = [index for index, char in enumerate(match["lead"]) if char == "-"]
            yield dashes, (match["key"] or "").strip("'\""), len(match["lead"])
