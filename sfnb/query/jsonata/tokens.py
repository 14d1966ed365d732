"""The words of a JSONata expression, for what has to be known of it without evaluating it.

The library has already found the text well formed, so this need only cut it as JSONata's tokenizer does:
what a `/` begins depends on whether an operand or an operator is due.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

Kind = Literal["variable", "name", "quoted", "string", "number", "regex", "operator"]

_BLANK = re.compile(r"(?:[ \t\n\r\v]+|/\*.*?\*/)+", re.DOTALL)
_STRING = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'", re.DOTALL)
_QUOTED = re.compile(r"`[^`]*`")
_NUMBER = re.compile(r"(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_OPERATOR = re.compile(r"\?\?|\?:|\.\.|:=|!=|>=|<=|\*\*|~>|[.\[\]{}(),@#;:?+\-*/%|=<>^&!~]")
_WORD = re.compile(r"[^ \t\n\r\v.\[\]{}(),@#;:?+\-*/%|=<>^&!~]+")
_FLAGS = re.compile(r"[a-zA-Z]*")
_WORDS = {"and", "or", "in"}
_OPEN, _CLOSED = "([{", ")]}"


class Token(NamedTuple):
    """text: a variable without its `$`, a quoted name or a string without its quotes (escapes as written).

    operand: whether it stands where an operand begins: `-` before a number, `(` of a block, `*` of a path.
    """

    kind: Kind
    text: str
    offset: int
    operand: bool


def tokens_of(text: str) -> list[Token]:
    """The tokens of a well-formed expression; a text that is not gives some tokens, never an error."""
    return list(_tokens(text))


def _tokens(text: str) -> Iterator[Token]:
    at, operand = 0, True
    while at < len(text):
        if blank := _BLANK.match(text, at):
            at = blank.end()
            continue
        token, at = _next(text, at, operand)
        yield token
        operand = _operand_follows(token)


def _operand_follows(token: Token) -> bool:
    if token.kind != "operator":
        return False
    if token.text in _CLOSED:
        return False
    return not (token.operand and token.text in {"*", "**", "%"})


def _next(text: str, at: int, operand: bool) -> tuple[Token, int]:
    first = text[at]
    if first in "\"'" and (found := _STRING.match(text, at)):
        return Token("string", found.group()[1:-1], at, operand), found.end()
    if first == "`" and (found := _QUOTED.match(text, at)):
        return Token("quoted", found.group()[1:-1], at, operand), found.end()
    if first == "/" and operand:
        end = _regex_end(text, at)
        return Token("regex", text[at:end], at, operand), end
    if found := _NUMBER.match(text, at):
        return Token("number", found.group(), at, operand), found.end()
    if found := _OPERATOR.match(text, at):
        return Token("operator", found.group(), at, operand), found.end()
    found = _WORD.match(text, at)
    assert found is not None
    word = found.group()
    if first == "$":
        return Token("variable", word[1:], at, operand), found.end()
    if word in _WORDS and not operand:
        return Token("operator", word, at, operand), found.end()
    return Token("name", word, at, operand), found.end()


def _regex_end(text: str, start: int) -> int:
    """Where a regular expression ends, its flags with it: at a `/` outside of every bracket."""
    depth, at = 0, start + 1
    while at < len(text):
        sign = text[at]
        if sign == "/" and depth == 0:
            flags = _FLAGS.match(text, at + 1)
            return flags.end() if flags else at + 1
        if sign == "\\":
            at += 1
        elif sign in _OPEN:
            depth += 1
        elif sign in _CLOSED:
            depth -= 1
        at += 1
    return at
