"""JSON text read with care: the first fault of its syntax, and all that JSON allows but we cannot.

Called only when the fast parser balked, so it may take its time (a third of a second a megabyte):
token by token, with a stack of the open brackets in place of recursion. Duplicate keys, numbers past
every float and halves of characters are gathered on the way; at a fault of the syntax it stops, and
`json_words` says what is wrong there.
"""

from __future__ import annotations

import json
import re
import sys
from math import isfinite

import msgspec

from sfnb.asl.json_words import STRING_START, Expected, Spot, explain
from sfnb.asl.reading import MAX_DEPTH, MAX_FINDINGS, SYNTAX, duplicate_key, shown, span_of, too_deep
from sfnb.errors import Diagnostic, PathStep

_token = re.compile(
    rf"""[ \t\n\r]*(?:
      (?P<string>{STRING_START}")
    | (?P<number>-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)(?![\w.+-])
    | (?P<word>true|false|null)(?!\w)
    | (?P<mark>[][{{}},:])
    | (?P<other>.|\Z) )""",
    re.VERBOSE | re.DOTALL,
).match
# A pair of surrogates is passed over whole, so that group 1 is always half a one.
_half_character = re.compile(
    r"\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\(?:u([dD][89a-fA-F]..)|.)", re.DOTALL
).finditer

_CLOSING = {"{": "}", "[": "]"}


def find_faults(text: str) -> tuple[list[Diagnostic], bool]:
    """The findings about `text`, and whether its value can be trusted all the same."""
    scan = _Scan(text)
    fault = scan.run()
    if fault is not None:
        return [*scan.findings, fault], False
    return scan.findings, scan.trusted


class _Open(msgspec.Struct):
    """An object or array not yet closed.

    indent: of the line it was opened in.
    step: the key or index of the value being read.
    keys: where each key was first seen.
    """

    bracket: str
    offset: int
    indent: int
    step: PathStep
    keys: dict[str, int]


class _Scan:
    """One reading of a text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.findings: list[Diagnostic] = []
        self.trusted = True
        self._open: list[_Open] = []
        self._expected: Expected = "value"
        self._before = (0, 0)  # the token before this one
        self._indent = 0
        self._first_in_line = True
        self._odd_closing: int | None = None

    def run(self) -> Diagnostic | None:
        """The fault that ended the reading; None at the end of the text."""
        at = 0
        while match := _token(self.text, at):
            kind = match.lastgroup or "other"
            token, start, end = match[kind], match.start(kind), match.end(kind)
            if not token and self._expected == "end":
                return None
            newline = self.text.rfind("\n", at, start)
            self._first_in_line = newline >= 0
            if self._first_in_line:
                self._indent = start - newline - 1
            if not self._take(kind, token, start, end):
                return self._fault(kind, token, start)
            self._before = (start, end)
            at = end
        return None  # never: the pattern matches the empty end too

    def _take(self, kind: str, token: str, start: int, end: int) -> bool:
        """Whether the token is one that may stand here; if so, what follows is expected next."""
        match self._expected, kind:
            case (("value" | "first value"), ("string" | "number" | "word")):
                self._look_at(kind, token, start)
                self._end_value()
            case (("value" | "first value"), "mark") if token in _CLOSING and len(self._open) < MAX_DEPTH:
                step: PathStep = "" if token == "{" else 0
                self._open.append(_Open(token, start, self._indent, step, {}))
                self._expected = "first key" if token == "{" else "first value"
            case (("key" | "first key"), "string"):
                self._take_key(token, start, end)
            case "colon", "mark" if token == ":":
                self._expected = "value"
            case "comma", "mark" if token == ",":
                self._expect_another()
            case (("comma" | "first key" | "first value"), "mark") if self._closes(token):
                self._close(start)
            case _:
                return False
        return True

    def _closes(self, token: str) -> bool:
        return bool(self._open) and token == _CLOSING[self._open[-1].bracket]

    def _close(self, start: int) -> None:
        closed = self._open.pop()
        if self._first_in_line and self._indent != closed.indent and self._odd_closing is None:
            self._odd_closing = start
        self._end_value()

    def _end_value(self) -> None:
        self._expected = "comma" if self._open else "end"

    def _expect_another(self) -> None:
        container = self._open[-1]
        if isinstance(container.step, int):
            container.step += 1
            self._expected = "value"
        else:
            self._expected = "key"

    def _take_key(self, token: str, start: int, end: int) -> None:
        container = self._open[-1]
        container.step = key = json.loads(token)
        self._look_at("string", token, start)
        first = container.keys.setdefault(key, start)
        if first != start and len(self.findings) < MAX_FINDINGS:
            self.findings.append(duplicate_key(self.text, self._path(), first, start, end))
        self._expected = "colon"

    def _look_at(self, kind: str, token: str, start: int) -> None:
        """Gather what JSON allows in a string or number and we cannot keep."""
        digits = token.removeprefix("-")
        if kind == "number" and digits.isdigit():
            if 0 < sys.get_int_max_str_digits() < len(digits):
                self._distrust(start, len(token), f"A number of {len(digits)} digits is too long")
        elif kind == "number":
            if not isfinite(float(token)):
                self._distrust(start, len(token), f"{shown(token)} is too large a number")
        elif kind == "string" and "\\u" in token:
            for match in _half_character(token):
                if match[1]:
                    message = f"{match[0]} is half a character: half of a surrogate pair"
                    self._distrust(start + match.start(), len(match[0]), message)

    def _distrust(self, start: int, length: int, message: str) -> None:
        self.trusted = False
        if len(self.findings) < MAX_FINDINGS:
            span = span_of(self.text, start, start + length)
            self.findings.append(Diagnostic(message=message, code=SYNTAX, path=self._path(), span=span))

    def _path(self) -> tuple[PathStep, ...]:
        return tuple(container.step for container in self._open)

    def _fault(self, kind: str, token: str, start: int) -> Diagnostic:
        innermost = self._open[-1] if self._open else None
        if token in _CLOSING and len(self._open) == MAX_DEPTH and self._expected in ("value", "first value"):
            return too_deep(self.text, start)
        spot = Spot(
            text=self.text,
            at=start,
            kind=kind,
            token=token,
            expected=self._expected,
            before=self._before,
            bracket=innermost.bracket if innermost else "",
            opened=innermost.offset if innermost else 0,
            key=str(innermost.step) if innermost else "",
            odd_closing=self._odd_closing,
        )
        return explain(spot)
