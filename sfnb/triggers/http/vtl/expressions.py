"""Expressions and references, read as Velocity's grammar has them.

Either     := And (("||" | "or") And)*
And        := Equality (("&&" | "and") Equality)*
Equality   := Relation (("==" | "!=" | "eq" | "ne") Relation)*
Relation   := Sum (("<" | "<=" | ">" | ">=" | "lt" ...) Sum)*
Sum        := Product (("+" | "-") Product)*
Product    := Unary (("*" | "/" | "%") Unary)*
Unary      := ("!" | "not") Unary | Primary
Primary    := "(" Either ")" | Reference | String | Number | List | Range | Map | true | false | null
"""

from __future__ import annotations

import re
from collections.abc import Callable

from sfnb.triggers.http.vtl.nodes import (
    Binary,
    Block,
    Either,
    Expression,
    Interpolated,
    ListOf,
    Literal,
    MapOf,
    Not,
    Place,
    Range,
)
from sfnb.triggers.http.vtl.operators import OPERATORS
from sfnb.triggers.http.vtl.references import Called, Item, Member, Reference, Step
from sfnb.triggers.http.vtl.scan import Cursor

SPACE = re.compile(r"\s*")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_DOTTED = re.compile(r"\.([A-Za-z_][A-Za-z0-9_-]*)")
_NUMBER = re.compile(r"-?\d+(\.\d+([eE][+-]?\d+)?)?")
_OPEN = re.compile(r"\$!?(\{?)(?=[A-Za-z_])")
_INDEXED = re.compile(r"\[(?=\s*[$\d\"'-])")
_SINGLE = re.compile(r"'((?:[^']|'')*)'")
_DOUBLE = re.compile(r'"((?:[^"]|"")*)"')
_WORD = re.compile(r"(true|false|null|not)\b")

Templates = Callable[[Cursor], list[Block]]
"""What reads a string that is a template; the grammar of templates is the caller's."""

LEVELS = (
    re.compile(r"==|!=|(?:eq|ne)\b"),
    re.compile(r"<=|>=|<|>|(?:le|ge|lt|gt)\b"),
    re.compile(r"[+-]"),
    re.compile(r"[*/%]"),
)
_OR, _AND, _NOT = re.compile(r"\|\||or\b"), re.compile(r"&&|and\b"), re.compile(r"!|not\b")


class Expressions:
    """Reads expressions at a cursor."""

    def __init__(self, cursor: Cursor, templates: Templates) -> None:
        self.cursor = cursor
        self._templates = templates

    def either(self) -> Expression:
        self.cursor.enter()
        left = self._both()
        while self._take(_OR):
            left = Either(left, self._both(), stops_at=True)
        self.cursor.leave()
        return left

    def _both(self) -> Expression:
        left = self._binary(0)
        while self._take(_AND):
            left = Either(left, self._binary(0), stops_at=False)
        return left

    def _binary(self, level: int) -> Expression:
        if level == len(LEVELS):
            return self._unary()
        left = self._binary(level + 1)
        while found := self._take(LEVELS[level]):
            place = self._place(found.start())
            right = self._binary(level + 1)
            left = Binary(place=place, left=left, right=right, apply=OPERATORS[found[0]])
        return left

    def _unary(self) -> Expression:
        if self._take(_NOT):
            self.cursor.enter()
            operand = Not(self._unary())
            self.cursor.leave()
            return operand
        return self._primary()

    def _primary(self) -> Expression:
        cursor = self.cursor
        cursor.take(SPACE)
        if cursor.skip("("):
            inner = self.either()
            self._close(")")
            return inner
        if reference := self.reference():
            return reference
        if found := cursor.take(_SINGLE):
            return Literal(found[1].replace("''", "'"))
        if found := cursor.take(_DOUBLE):
            return self._interpolated(found)
        if found := cursor.take(_NUMBER):
            return Literal(self._number(found))
        if found := cursor.take(_WORD):
            return Literal({"true": True, "false": False, "null": None}[found[1]])
        if cursor.skip("["):
            return self._list()
        if cursor.skip("{"):
            return self._map()
        raise cursor.fault("expected a value: a reference, a string, a number, a list, a map")

    def reference(self) -> Reference | None:
        """`$x.y`, `$!x`, `${x.y}`, with what is called and indexed; None where there is none here."""
        cursor = self.cursor
        place = self._place()
        found = cursor.take(_OPEN)
        if found is None:
            return None
        name = cursor.take(NAME)
        assert name is not None
        cursor.enter()
        steps: list[Step] = []
        while step := self._step():
            steps.append(step)
        cursor.leave()
        if found[1] and not cursor.skip("}"):
            raise cursor.fault("expected '}' at the end of the reference", found.start())
        return Reference(place=place, name=name[0], steps=tuple(steps))

    def _step(self) -> Step | None:
        cursor = self.cursor
        if found := cursor.take(_DOTTED):
            if not cursor.skip("("):
                return Member(found[1])
            return Called(found[1], self._several(")"))
        if cursor.take(_INDEXED):
            index = self.either()
            self._close("]")
            return Item(index)
        return None

    def _several(self, close: str) -> tuple[Expression, ...]:
        """Expressions with commas between them, up to `close`."""
        self.cursor.take(SPACE)
        if self.cursor.skip(close):
            return ()
        found = [self.either()]
        while self._comma():
            found.append(self.either())
        self._close(close)
        return tuple(found)

    def _list(self) -> Expression:
        place = self._place(self.cursor.at - 1)
        self.cursor.take(SPACE)
        if self.cursor.skip("]"):
            return ListOf(())
        first = self.either()
        self.cursor.take(SPACE)
        if self.cursor.skip(".."):
            last = self.either()
            self._close("]")
            return Range(place=place, first=first, last=last)
        if not self._comma():
            self._close("]")
            return ListOf((first,))
        return ListOf((first, *self._several("]")))

    def _map(self) -> Expression:
        place = self._place(self.cursor.at - 1)
        items: list[tuple[Expression, Expression]] = []
        self.cursor.take(SPACE)
        while not self.cursor.skip("}"):
            if items and not self._comma():
                raise self.cursor.fault("expected ',' or '}'")
            key = self.either()
            self._close(":")
            items.append((key, self.either()))
            self.cursor.take(SPACE)
        return MapOf(place=place, items=tuple(items))

    def _number(self, found: re.Match[str]) -> int | float:
        if len(found[0]) > 19:
            raise self.cursor.fault("a number of more than 64 bits", found.start())
        return float(found[0]) if found[1] else int(found[0])

    def _interpolated(self, found: re.Match[str]) -> Expression:
        text = found[1].replace('""', '"')
        cursor = self.cursor
        cursor.enter()
        inner = Cursor(text, cursor.whole, cursor.place(found.start(1)), cursor.depth)
        body = self._templates(inner)
        cursor.leave()
        return Interpolated(body)

    def _comma(self) -> bool:
        self.cursor.take(SPACE)
        return self.cursor.skip(",")

    def _close(self, word: str) -> None:
        self.cursor.take(SPACE)
        self.cursor.expect(word)

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        before = self.cursor.at
        self.cursor.take(SPACE)
        found = self.cursor.take(pattern)
        if found is None:
            self.cursor.at = before
        return found

    def _place(self, at: int | None = None) -> Place:
        return Place(self.cursor.whole, self.cursor.place(at))
