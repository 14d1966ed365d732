"""The text of a pattern, token by token.

A pattern is judged while it is read, as AWS does it: what is wrong first is what is told, and the place told
is where AWS's parser stands at that moment. That parser reads behind the name of a field up to the first sign
of its value, and a string only up to its opening quote until somebody asks for the rest.
Source: the places in Amazon EventBridge's messages; Jackson, ReaderBasedJsonParser.
"""

from __future__ import annotations

import re
from typing import NoReturn

from sfnb.triggers.patterns.refusals import InvalidEventPattern
from sfnb.values import decode

_space = re.compile(r"[ \t\r\n]*")
_string = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
_number = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![\w.])")
_word = re.compile(r"\w+")

_A_VALUE = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"


class Tokens:
    """A pattern being read.

    kind: of the token read last: `{ } [ ]`, "name", "string", "number", "true", "false", "null".
    name: of the field read last.
    """

    def __init__(self, text: str) -> None:
        self.source = text
        self.kind = ""
        self.name = ""
        self.path: tuple[str, ...] = ()
        self._open: list[str] = []
        self._begun = False  # the innermost object or array has had a member
        self._end = 0  # of the token read last
        self._start = 0
        self._seen = 0  # where AWS's parser stands
        self._value = ""  # what stands behind the name read last

    @property
    def start(self) -> int:
        """Where the token read last begins."""
        return self._start

    @property
    def end(self) -> int:
        """Where the token read last ends."""
        return self._end

    @property
    def text(self) -> str:
        """The text of the token read last, a string without quotes and escapes."""
        raw = self.source[self._start : self._end]
        if self.kind != "string":
            return raw
        self._seen = self._end
        return self._unquoted(raw)

    def next(self) -> str:
        """Read one token and say its kind; raises InvalidEventPattern where there is none."""
        if self.kind == "name":
            self.kind = self._value
        elif not self._open:
            self.kind = self._read_value(self._skip_space())
        else:
            self.kind = self._read_member()
        if self.kind in "{[":
            self._open.append(self.kind)
            self._begun = False
        return self.kind

    def refuse(self, reason: str, *, placed: bool = True) -> NoReturn:
        """Raise for what was read last."""
        raise InvalidEventPattern(
            reason, path=".".join(self.path), text=self.source, offset=self._seen if placed else None
        )

    def finish(self) -> None:
        """Nothing may follow the pattern."""
        at = self._skip_space()
        if at < len(self.source):
            self._unexpected(at, "was expecting the end of the pattern")

    def _read_member(self) -> str:
        """`,`? then a field's name and what its value begins with, or an item; or the closing bracket."""
        within = self._open[-1]
        at = self._skip_space()
        if self.source[at] == ("}" if within == "{" else "]"):
            self._open.pop()
            self._begun = True
            self._start, self._end = at, at + 1
            self._seen = at + 1
            return self.source[at]
        if self._begun:
            if self.source[at] != ",":
                kind = "Object" if within == "{" else "Array"
                self._unexpected(at, f"was expecting comma to separate {kind} entries")
            self._end = at + 1
            at = self._skip_space()
        self._begun = True
        return self._read_field(at) if within == "{" else self._read_value(at)

    def _read_field(self, at: int) -> str:
        found = _string.match(self.source, at)
        if found is None:
            self._unexpected(at, "was expecting double-quote to start field name")
        self.name = self._unquoted(found[0])
        self._end = found.end()
        at = self._skip_space()
        if self.source[at] != ":":
            self._unexpected(at, "was expecting a colon to separate field name and value")
        self._end = at + 1
        self._value = self._read_value(self._skip_space())
        return "name"

    def _read_value(self, at: int) -> str:
        char = self.source[at]
        self._start, self._end, self._seen = at, at + 1, at + 1
        if char in "{[":
            return char
        pattern, kind = (_string, "string") if char == '"' else (_number, "number")
        found = pattern.match(self.source, at)
        if found is not None:
            self._end = found.end()
            self._seen = at + 1 if kind == "string" else self._end
            return kind
        if char == '"':
            self.refuse("Unexpected end-of-input or control character in VALUE_STRING")
        return self._read_word(at)

    def _read_word(self, at: int) -> str:
        found = _word.match(self.source, at)
        if found is None or found[0][0].isdigit():
            self._unexpected(at, f"expected a valid value {_A_VALUE}")
        self._end = self._seen = found.end()
        if found[0] not in ("true", "false", "null"):
            self.refuse(f"Unrecognized token '{found[0]}': was expecting {_A_VALUE}")
        return found[0]

    def _skip_space(self) -> int:
        """Where the next sign stands; the end of the text, if all that was opened is closed."""
        found = _space.match(self.source, self._end)
        assert found is not None
        at = found.end()
        if at == len(self.source) and (self._open or not self.kind):
            self._seen = at
            within = {"{": "Object", "[": "Array"}
            where = f" within/between {within[self._open[-1]]} entries" if self._open else ""
            self.refuse(f"Unexpected end-of-input{where}")
        return at

    def _unexpected(self, at: int, expected: str) -> NoReturn:
        char = self.source[at]
        self._seen = at + 1
        self.refuse(f"Unexpected character ('{char}' (code {ord(char)})): {expected}")

    def _unquoted(self, raw: str) -> str:
        if "\\" not in raw:
            return raw[1:-1]
        try:
            return str(decode(raw))
        except ValueError:
            self.refuse("Unrecognized character escape")
