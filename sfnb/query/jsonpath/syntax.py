"""The grammar of JSONPath as Jayway reads it: text to steps, filters to conditions.

Each reader stands under the production it reads; `selectors` makes closures of the outcome.
Source: Jayway JsonPath 2.10, measured; AWS recordings where they differ.
"""

from __future__ import annotations

import re

from sfnb.query.jsonpath.functions import FUNCTIONS
from sfnb.query.jsonpath.operators import OPERATORS
from sfnb.query.jsonpath.steps import (
    And,
    Comparison,
    Condition,
    Constant,
    Exists,
    Filter,
    Function,
    Indices,
    Names,
    Not,
    Operand,
    Or,
    Pattern,
    Query,
    Scan,
    Slice,
    Step,
    Steps,
    Wildcard,
)
from sfnb.values import Json


class PathSyntaxError(ValueError):
    """A text that is no path; `offset` counts its characters from 0."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


_ROOT = re.compile(r"\$\$|\$[^\W\d]\w*|[$@]")
_DOTS = re.compile(r"\.{1,2}")
_NAME = re.compile(r"[^ .\[(]+")
_NAME_IN_FILTER = re.compile(r"[^\s.\[\]()<>=~!&|,]+")
_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "b": "\b"}
_INDICES = re.compile(r"-?\d{1,10}(?: *, *-?\d{1,10})*")
_SLICE = re.compile(r"(-?\d{1,10})?:(-?\d{1,10})?(?::-?\d*)?")
_NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_WORD = re.compile(r"[A-Za-z_][\w-]*")
_PATTERN = re.compile(r"/((?:[^/\\]|\\.)*)/([dixmsuU]*)")
_FLAGS = {"i": re.IGNORECASE, "x": re.VERBOSE, "m": re.MULTILINE, "s": re.DOTALL}
_OPERATOR = re.compile(r"===|!==|==|!=|<=|>=|=~|<(?!>)|>|[a-zA-Z]+(?=\s)")
_WORDS = {"true": True, "false": False, "null": None}
_SHORTEST = {word[0]: len(word) for word in _WORDS}


class Reader:
    """A place in a text."""

    __slots__ = ("at", "shift", "text")

    def __init__(self, text: str, shift: int = 0) -> None:
        self.text = text
        self.at = 0
        self.shift = shift

    def fault(self, message: str, at: int | None = None) -> PathSyntaxError:
        return PathSyntaxError(message, max(0, (self.at if at is None else at) - self.shift))

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Read what `pattern` matches here."""
        found = pattern.match(self.text, self.at)
        if found is not None:
            self.at = found.end()
        return found

    def sees(self, text: str) -> bool:
        return self.text.startswith(text, self.at)

    def skip_blanks(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def takes(self, text: str) -> bool:
        """Read `text` if it comes next, blanks before it aside."""
        self.skip_blanks()
        if not self.sees(text):
            return False
        self.at += len(text)
        return True

    def expect(self, text: str) -> None:
        if not self.takes(text):
            raise self.fault(f"expected '{text}'")


def read_path(text: str) -> tuple[str, Steps]:
    """path = root step* ; the root's name and the steps.

    Jayway reads a text without a root as though `$.` stood before it.
    """
    if not text:
        raise PathSyntaxError("a path must not be empty", 0)
    reader = Reader(text.rstrip()) if text[0] in "$@" else Reader(f"$.{text}".rstrip(), shift=2)
    found = reader.take(_ROOT)
    assert found is not None
    steps = _read_steps(reader, _NAME)
    if reader.at < len(reader.text):
        raise reader.fault(_why_it_ends(reader, steps))
    root = found.group()
    return root if root == "$$" else root[1:] or "$", steps


def _why_it_ends(reader: Reader, steps: Steps) -> str:
    if steps and isinstance(steps[-1], Function):
        return "nothing may follow a function"
    if reader.sees(" "):
        return "write a name with blanks in brackets: ['my name']"
    return "expected '.' or '['"


def _read_steps(reader: Reader, name: re.Pattern[str]) -> Steps:
    """step = (".." | ".") (name | "*" | function | bracket) | bracket ; a function ends the path."""
    steps: list[Step] = []
    while reader.at < len(reader.text):
        dots = reader.take(_DOTS)
        if dots is None and not reader.sees("["):
            break
        step = _read_bracket(reader) if reader.sees("[") else _read_name(reader, name)
        steps.append(Scan(step) if dots is not None and dots.group() == ".." else step)
        if isinstance(step, Function):
            break
    return tuple(steps)


def _read_name(reader: Reader, name: re.Pattern[str]) -> Step:
    """name = any characters but those that end a name ; function = name "(" [operand ("," operand)*] ")" """
    if reader.sees("*"):
        reader.at += 1
        return Wildcard()
    start = reader.at
    found = reader.take(name)
    if found is None:
        raise reader.fault("expected a name, '*' or '['")
    if not reader.sees("("):
        return found.group()
    if found.group() not in FUNCTIONS:
        raise reader.fault(f"there is no function '{found.group()}()'", start)
    reader.at += 1
    return Function(found.group(), _read_list(reader, ")"))


def _read_list(reader: Reader, end: str) -> tuple[Operand, ...]:
    operands: list[Operand] = []
    while not reader.takes(end):
        if operands:
            reader.expect(",")
        operands.append(_read_operand(reader))
    return tuple(operands)


def _read_bracket(reader: Reader) -> Step:
    """bracket = "[" (names | "*" | filter | slice | indices) "]" """
    reader.expect("[")
    reader.skip_blanks()
    step: Step
    if reader.sees("'") or reader.sees('"'):
        step = _read_names(reader)
    elif reader.takes("*"):
        step = Wildcard()
    elif reader.takes("?"):
        step = Filter(_read_parenthesis(reader))
    elif found := reader.take(_SLICE):
        step = _slice(reader, found)
    elif found := reader.take(_INDICES):
        indices = tuple(map(int, found.group().split(",")))
        step = indices[0] if len(indices) == 1 else Indices(indices)
    else:
        raise reader.fault("expected a quoted name, an index, '*' or '?(' in the brackets")
    reader.expect("]")
    return step


def _read_names(reader: Reader) -> Step:
    """names = quoted ("," quoted)*"""
    quote = reader.text[reader.at]
    names = [_read_quoted(reader)]
    while reader.takes(","):
        reader.skip_blanks()
        if not reader.sees(quote):
            raise reader.fault(f"expected a name in {quote}")
        names.append(_read_quoted(reader))
    return names[0] if len(names) == 1 else Names(tuple(names))


def _slice(reader: Reader, found: re.Match[str]) -> Slice:
    """slice = [start] ":" [end] [":" step], with a start or an end"""
    start, end = found.groups()
    if start is None and end is None:
        raise reader.fault("a slice needs a start or an end", found.start())
    return Slice(None if start is None else int(start), None if end is None else int(end))


def _read_quoted(reader: Reader) -> str:
    """quoted = text in single or double quotes, with the escapes of JSON."""
    found = reader.take(_QUOTED)
    if found is None:
        raise reader.fault("the quote is never closed")
    single, double = found.groups()
    # Recorded on AWS: $['Test\""Name"'] finds the member Test\""Name", backslash and all.
    kept = "" if single is None else '"'
    return _ESCAPE.sub(lambda escape: _unescape(escape, kept), double if single is None else single)


def _unescape(escape: re.Match[str], kept: str) -> str:
    code, char = escape.groups()
    if code is not None:
        return chr(int(code, 16))
    return f"\\{char}" if char == kept else _ESCAPED.get(char, char)


def _read_parenthesis(reader: Reader) -> Condition:
    """filter = "?" "(" or ")" ; the question mark is read."""
    reader.expect("(")
    condition = _read_or(reader)
    reader.expect(")")
    return condition


def _read_or(reader: Reader) -> Condition:
    """or = and ("||" and)*"""
    conditions = [_read_and(reader)]
    while reader.takes("||"):
        conditions.append(_read_and(reader))
    return conditions[0] if len(conditions) == 1 else Or(tuple(conditions))


def _read_and(reader: Reader) -> Condition:
    """and = term ("&&" term)*"""
    conditions = [_read_term(reader)]
    while reader.takes("&&"):
        conditions.append(_read_term(reader))
    return conditions[0] if len(conditions) == 1 else And(tuple(conditions))


def _read_term(reader: Reader) -> Condition:
    """term = "!" term | "(" or ")" | side operator side | query"""
    if reader.takes("!"):
        return Not(_read_term(reader))
    reader.skip_blanks()
    if reader.sees("("):
        return _read_parenthesis(reader)
    start = reader.at
    left = _read_side(reader)
    reader.skip_blanks()
    found = reader.take(_OPERATOR)
    if found is not None:
        operator = found.group().lower()
        if operator not in OPERATORS:
            raise reader.fault(f"there is no operator '{operator}'", found.start())
        return Comparison(left, operator, _read_side(reader))
    if not isinstance(left, Query):
        raise reader.fault("expected a path or a comparison", start)
    return Exists(left)


def _read_side(reader: Reader) -> Operand | Pattern:
    """side = operand | "/" pattern "/" flags"""
    reader.skip_blanks()
    found = reader.take(_PATTERN)
    return _read_operand(reader) if found is None else _pattern(reader, found)


def _read_operand(reader: Reader) -> Operand:
    """operand = ("@" | "$") step* | literal"""
    reader.skip_blanks()
    if reader.takes("@"):
        return Query("@", _read_steps(reader, _NAME_IN_FILTER))
    if reader.takes("$"):
        return Query("$", _read_steps(reader, _NAME_IN_FILTER))
    return Constant(_read_literal(reader))


def _pattern(reader: Reader, found: re.Match[str]) -> Pattern:
    flags = re.NOFLAG
    for letter in found.group(2):
        flags |= _FLAGS.get(letter, re.NOFLAG)
    try:
        return Pattern(re.compile(found.group(1), flags))
    except re.error as fault:
        raise reader.fault(f"this is no regular expression: {fault.msg}", found.start()) from None


def _read_literal(reader: Reader) -> Json:
    """literal = quoted | number | "true" | "false" | "null" | array | object | word"""
    if reader.sees("'") or reader.sees('"'):
        return _read_quoted(reader)
    if found := reader.take(_NUMBER):
        return _number(found.group())
    if reader.takes("["):
        return [_literal(reader, operand) for operand in _read_list(reader, "]")]
    if reader.takes("{"):
        return _read_object(reader)
    return _read_word(reader)


def _number(text: str) -> int | float:
    return int(text) if text.lstrip("-").isdigit() and len(text) < 20 else float(text)


def _literal(reader: Reader, operand: Operand) -> Json:
    if not isinstance(operand, Constant):
        raise reader.fault("expected literals in the array")
    return operand.value


def _read_object(reader: Reader) -> Json:
    members: dict[str, Json] = {}
    while not reader.takes("}"):
        if members:
            reader.expect(",")
        reader.skip_blanks()
        name = _read_quoted(reader)
        reader.expect(":")
        reader.skip_blanks()
        members[name] = _read_literal(reader)
    return members


def _read_word(reader: Reader) -> Json:
    """word = a bare word, which stands for itself.

    Jayway has none, but published definitions do: `[?(@.status==Failure)]`, `[?(@.lang==fr)]`. A word with
    the first letter of true, false or null, and no shorter, is refused, as in Jayway, which takes it for
    a misspelt one of these.
    """
    start = reader.at
    found = reader.take(_WORD)
    if found is None:
        raise reader.fault("expected a value")
    word = found.group()
    if word in _WORDS:
        return _WORDS[word]
    if len(word) >= _SHORTEST.get(word[0], len(word) + 1):
        raise reader.fault(f"write text in quotes: '{word}'", start)
    return word
