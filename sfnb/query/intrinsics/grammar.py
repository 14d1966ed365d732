"""The grammar of an intrinsic invocation.

    call     = name "(" [argument ("," argument)*] ")"
    argument = call | path | string | number | "true" | "false" | "null"

Source: Amazon States Language, "Intrinsic Functions"; AWS recordings of refused definitions.
"""

from __future__ import annotations

import re

import msgspec

from sfnb.query.intrinsics import INTRINSICS
from sfnb.query.intrinsics.arguments import signature
from sfnb.query.jsonpath.path import Path, PathSyntaxError, compile_path
from sfnb.values import Json

DEEPEST = 10


class IntrinsicSyntaxError(ValueError):
    """A text that is no invocation; `offset` counts its characters from 0."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


class Text(msgspec.Struct, frozen=True):
    """A string as it stands between its quotes: a template reads the escapes otherwise."""

    raw: str

    @property
    def value(self) -> str:
        return _ESCAPE.sub(r"\1", self.raw)


class Constant(msgspec.Struct, frozen=True):
    value: Json


class Call(msgspec.Struct, frozen=True):
    name: str
    arguments: tuple[Argument, ...]


Argument = Call | Path | Text | Constant

_NAME = re.compile(r"States\.\w+")
_BLANKS = re.compile(r"\s*")
_STRING = re.compile(r"'((?:[^'\\]|\\.)*)'", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
_WORD = re.compile(r"[a-z]+")
_WORDS = {"true": True, "false": False, "null": None}


def read_call(text: str) -> Call:
    """The invocation that is all of `text`; raises IntrinsicSyntaxError."""
    reader = _Reader(text)
    call = reader.call(depth=1)
    if reader.at < len(text):
        raise reader.fault("nothing may follow the closing parenthesis")
    return call


class _Reader:
    """A place in a text; each method reads the production of its name."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def fault(self, message: str, at: int | None = None) -> IntrinsicSyntaxError:
        return IntrinsicSyntaxError(message, self.at if at is None else at)

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self.text, self.at)
        if found is not None:
            self.at = found.end()
        return found

    def takes(self, char: str) -> bool:
        """Read `char` if it comes next, blanks around it aside."""
        self.take(_BLANKS)
        if not self.text.startswith(char, self.at):
            return False
        self.at += 1
        self.take(_BLANKS)
        return True

    def call(self, depth: int) -> Call:
        start = self.at
        found = self.take(_NAME)
        if found is None:
            raise self.fault("expected an intrinsic function, such as States.Format(...)")
        name = found.group()
        if name not in INTRINSICS:
            raise self.fault(f"there is no intrinsic function {name}", start)
        if depth > DEEPEST:
            raise self.fault(f"functions are nested more than {DEEPEST} deep", start)
        if not self.text.startswith("(", self.at):
            raise self.fault("expected '('")
        self.takes("(")
        arguments = self.arguments(depth)
        fault = signature(INTRINSICS[name]).arity_fault(len(arguments))
        if fault is not None:
            raise self.fault(f"{name} {fault}", start)
        return Call(name, arguments)

    def arguments(self, depth: int) -> tuple[Argument, ...]:
        """Up to and including the closing parenthesis."""
        arguments: list[Argument] = []
        while not self.text.startswith(")", self.at):
            if arguments and not self.takes(","):
                raise self.fault("expected ',' or ')'")
            arguments.append(self.argument(depth))
            self.take(_BLANKS)
        self.at += 1
        return tuple(arguments)

    def argument(self, depth: int) -> Argument:
        start = self.at
        if self.text.startswith("$", start):
            return self.path()
        if self.text.startswith("States.", start):
            return self.call(depth + 1)
        if self.text.startswith("'", start):
            return self.string()
        if found := self.take(_NUMBER):
            whole = found[1] is None and found[2] is None
            return Constant(int(found[0]) if whole else float(found[0]))
        if (found := self.take(_WORD)) and found[0] in _WORDS:
            return Constant(_WORDS[found[0]])
        raise self.fault(
            "expected a path, a string in single quotes, a number, true, false, null or a function", start
        )

    def string(self) -> Text:
        r"""string = "'" (any character but ' and \ | "\" ("'" | "{" | "}" | "\"))* "'" """
        start = self.at
        found = self.take(_STRING)
        if found is None:
            raise self.fault("the quote is never closed", start)
        for escape in _ESCAPE.finditer(found[1]):
            if escape[1] not in "'{}\\":
                raise self.fault("only ' { } and \\ may follow a backslash", start + 1 + escape.start())
        return Text(found[1])

    def path(self) -> Path:
        """path = everything up to a comma, blank or closing parenthesis that is not in brackets."""
        start = self.at
        self.at = _path_end(self.text, start)
        try:
            return compile_path(self.text[start : self.at])
        except PathSyntaxError as fault:
            raise self.fault(fault.message, start + fault.offset) from None


def _path_end(text: str, at: int) -> int:
    depth, quote = 0, ""
    while at < len(text):
        char = text[at]
        if quote:
            at += char == "\\"
            quote = "" if char == quote else quote
        elif depth and char in "'\"":
            quote = char
        elif char in "[(":
            depth += 1
        elif not depth and (char in ",)" or char.isspace()):
            break
        elif char in "])":
            depth -= 1
        at += 1
    return min(at, len(text))
