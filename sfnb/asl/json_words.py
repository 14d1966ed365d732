"""What is wrong at one spot of JSON text, in words an author can act on.

Nearly all broken definitions are broken in one of some thirty ways. Each look below knows a few of
them; the first that recognises the spot has the word.
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Literal

import msgspec

from sfnb.asl.reading import position_of, quoted, shown, syntax_error
from sfnb.errors import Diagnostic

Expected = Literal["key", "first key", "colon", "value", "first value", "comma", "end"]

STRING_START = r'"[^"\\\x00-\x1f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*)*'

_string_start = re.compile(STRING_START).match
_comment = re.compile(r"//[^\n]*|/\*.*?(?:\*/|\Z)|#[^\n]*", re.DOTALL).match
_quote = re.compile(r"""(['`‘’‚“”„«])([^'`‘’‚“”„«»\n]*)['`‘’“”»]?""").match
_placeholder = re.compile(r"\$\{[^}\n]*\}?").match
_jsonata = re.compile(r"%.*?%\}|%", re.DOTALL).match
_number = re.compile(r"[-+]?\.?[0-9][\w.+-]*").match
_key_word = re.compile(r"[^\W\d][\w$-]*|\$[\w$]*").match
_value_word = re.compile(r"(?:-?[^\W\d]|\$)[\w$.:/-]*").match
_json_number = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?").fullmatch

_LITERALS = {
    "True": "true",
    "TRUE": "true",
    "False": "false",
    "FALSE": "false",
    "None": "null",
    "Null": "null",
    "NULL": "null",
    "nil": "null",
    "undefined": "null",
    "NaN": "null",
    "Infinity": "null",
    "-Infinity": "null",
}
_BELONGS = {
    "key": "a key in double quotes belongs here",
    "first key": 'a key in double quotes or "}" belongs here',
    "colon": "a colon and the value of the key belong here",
    "value": "a value belongs here",
    "first value": 'a value or "]" belongs here',
    "comma": "a comma or the closing bracket belongs here",
    "end": "nothing more belongs here",
}


class Spot(msgspec.Struct, frozen=True, kw_only=True):
    """Where a reading of JSON had to stop.

    at, kind, token: the offending token; kind "other" and one character where it is none.
    before: start and end of the token before it.
    bracket, opened: the innermost open bracket ("" for none) and its offset.
    key: the key whose value was being read.
    odd_closing: the first closing bracket that does not line up with what it closes.
    """

    text: str
    at: int
    kind: str
    token: str
    expected: Expected
    before: tuple[int, int]
    bracket: str
    opened: int
    key: str
    odd_closing: int | None

    @property
    def previous(self) -> str:
        """The token before this one."""
        return self.text[slice(*self.before)]

    @property
    def container(self) -> str:
        """What is open, in words: "the object opened at line 3, column 5"."""
        line, column = position_of(self.text, self.opened)
        name = "object" if self.bracket == "{" else "array"
        return f"the {name} opened at line {line}, column {column}"

    @property
    def closing(self) -> str:
        return "}" if self.bracket == "{" else "]"

    def error(self, message: str, hint: str | None = None, *, length: int = 1) -> Diagnostic:
        """A finding at the offending token."""
        return syntax_error(self.text, self.at, self.at + length, message, hint)


def explain(spot: Spot) -> Diagnostic:
    """What is wrong at `spot`, and what to do about it."""
    for look in _LOOKS:
        finding = look(spot)
        if finding is not None:
            return finding
    return spot.error(f"Unexpected {quoted(spot.token)}", _BELONGS[spot.expected])


def _end_of_text(spot: Spot) -> Diagnostic | None:
    if spot.token:
        return None
    hint = f'add "{spot.closing}"'
    if spot.odd_closing is not None:
        line, _ = position_of(spot.text, spot.odd_closing)
        hint += f"; the bracket at line {line} does not line up with the one it closes"
    message = f"The text ends, but {spot.container}, is not closed"
    end = spot.before[1]
    return syntax_error(spot.text, end, end, message, hint)


def _comment_or_blank(spot: Spot) -> Diagnostic | None:
    if found := _comment(spot.text, spot.at):
        length = len(found[0].split("\n")[0])
        return spot.error("JSON has no comments", 'use a "Comment" field, or write YAML', length=length)
    if spot.kind == "other" and unicodedata.category(spot.token) in ("Zs", "Zl", "Zp", "Cf", "Cc"):
        name = unicodedata.name(spot.token, "a control character")
        message = f"U+{ord(spot.token):04X} ({name}) is no white space in JSON"
        return spot.error(message, "remove it, or write a space")
    return None


def _no_bracket(spot: Spot) -> Diagnostic | None:
    """Nothing is open: the text is no JSON from its first character on."""
    if spot.bracket or spot.expected != "value" or spot.kind != "other" or spot.token == '"':
        return None
    return spot.error('A definition in JSON begins with "{"', "is this YAML?")


def _after_the_end(spot: Spot) -> Diagnostic | None:
    if spot.expected != "end":
        return None
    line, _ = position_of(spot.text, spot.before[0])
    if spot.token in ("}", "]"):
        return spot.error(f'One "{spot.token}" too many', f"the definition ends at line {line}")
    hint = f"it ends at line {line}; write one definition in a text"
    return spot.error("Text after the end of the definition", hint)


def _missing_comma(spot: Spot) -> Diagnostic | None:
    if spot.expected != "comma" or (spot.kind == "mark" and spot.token not in ("{", "[")):
        return None
    end = spot.before[1]
    if spot.previous.endswith('"') and spot.at == end and spot.kind != "mark":
        return spot.error(
            "Text right after the closing quote of a string", 'write a quote inside a string as \\"'
        )
    if spot.kind == "other" and spot.token in "=;|&+%":
        return None
    following = _token_at(spot)
    message = f"Missing comma after {shown(spot.previous)}"
    return syntax_error(spot.text, end, end, message, f"put a comma before {shown(following)}")


def _token_at(spot: Spot) -> str:
    """The token at the spot, to its end where it is a word the grammar does not know."""
    word = _value_word(spot.text, spot.at) or _number(spot.text, spot.at)
    return word[0] if word and spot.kind == "other" else spot.token


def _missing_colon(spot: Spot) -> Diagnostic | None:
    if spot.expected != "colon":
        return None
    key = quoted(spot.key)
    if spot.token in (",", "}", "]"):
        return spot.error(f"The key {key} has no value", 'write a key as "key": value')
    if spot.token == "=":
        return spot.error(f"Missing colon after the key {key}", 'write ":" for "="')
    end = spot.before[1]
    return syntax_error(spot.text, end, end, f"Missing colon after the key {key}")


def _broken_string(spot: Spot) -> Diagnostic | None:
    """A quote begins a string that breaks off: say at what."""
    found = _string_start(spot.text, spot.at) if spot.kind == "other" else None
    if found is None:
        return None
    stop = found.end()
    rest = spot.text[stop : stop + 2]
    if not rest or rest[0] in "\r\n":
        length = stop - spot.at
        hint = 'add the closing quote; a line break inside a string is written "\\n"'
        return spot.error("The string that begins here is not closed", hint, length=length)
    if rest[0] == "\\":
        if rest[1:] == "u":
            return syntax_error(spot.text, stop, stop + 2, "\\u takes four hexadecimal digits")
        message = f"{quoted(rest)} means nothing in a JSON string"
        return syntax_error(spot.text, stop, stop + 2, message, 'write a backslash itself as "\\\\"')
    code = ord(rest[0])
    name = "A tab" if rest[0] == "\t" else f"The control character U+{code:04X}"
    escape = json.dumps(rest[0])
    return syntax_error(
        spot.text, stop, stop + 1, f"{name} cannot stand in a JSON string", f"write it as {escape}"
    )


def _wrong_quotes(spot: Spot) -> Diagnostic | None:
    found = _quote(spot.text, spot.at)
    if found is None:
        return None
    return spot.error(
        "JSON writes strings in double quotes", f"write {quoted(found[2])}", length=len(found[0])
    )


def _expression(spot: Spot) -> Diagnostic | None:
    """JSONata or a placeholder without its quotes."""
    if spot.previous == "{" and (found := _jsonata(spot.text, spot.at)):
        start = spot.before[0]
        message = "A JSONata expression is written as text"
        return syntax_error(
            spot.text, start, start + 1 + len(found[0].split("\n")[0]), message, 'write "{% … %}"'
        )
    if found := _placeholder(spot.text, spot.at):
        return spot.error(
            "A placeholder is written as text", f"write {quoted(found[0])}", length=len(found[0])
        )
    return None


def _not_a_key(spot: Spot) -> Diagnostic | None:
    if not spot.expected.endswith("key"):
        return None
    if found := _key_word(spot.text, spot.at):
        word = shown(found[0])
        return spot.error(
            f"The key {word} needs double quotes", f"write {quoted(word)}", length=len(found[0])
        )
    if found := _number(spot.text, spot.at):
        hint = f"write {quoted(found[0])}"
        return spot.error("A key is text in double quotes", hint, length=len(found[0]))
    if spot.token == "{":
        return spot.error("A key is text in double quotes", "put a template, such as {{name}}, in quotes")
    return spot.error("A key is text in double quotes") if spot.token == "[" else None


def _not_a_value(spot: Spot) -> Diagnostic | None:
    if not spot.expected.endswith("value"):
        return None
    if found := _number(spot.text, spot.at):
        message = f"{shown(found[0])} is no JSON number"
        return spot.error(message, _better_number(found[0]), length=len(found[0]))
    if found := _value_word(spot.text, spot.at):
        word = shown(found[0].rstrip(":."))
        if word in _LITERALS:
            return spot.error(f"{word} is no JSON value", f"write {_LITERALS[word]}", length=len(word))
        return spot.error(f"The text {word} needs double quotes", f"write {quoted(word)}", length=len(word))
    return None


def _better_number(written: str) -> str:
    """How to write in JSON what was meant by a number of another language."""
    number = written.replace("_", "").lstrip("+")
    if re.fullmatch(r"0[xX][0-9a-fA-F]{1,16}|0[oO][0-7]{1,21}|0[bB][01]{1,64}", number):
        return f"write {int(number, 0)}"
    number = re.sub(r"^(-?)0+(?=[0-9])", r"\1", number)
    number = re.sub(r"^(-?)\.", r"\g<1>0.", number)
    number = re.sub(r"\.(?=$|[eE])", ".0", number)
    return f"write {number}" if _json_number(number) else f"write {quoted(written)} if it is text"


def _misplaced_comma(spot: Spot) -> Diagnostic | None:
    if spot.previous == "," and spot.token in ("}", "]"):
        start = spot.before[0]
        return syntax_error(spot.text, start, start + 1, f'Trailing comma before "{spot.token}"', "remove it")
    if spot.previous == ":" and spot.token in (",", "}", "]"):
        return spot.error(f"The key {quoted(spot.key)} has no value", "null is a value too")
    if spot.token != ",":
        return None
    if spot.previous == ",":
        return spot.error("Two commas in a row", "remove one")
    return spot.error("A comma with nothing before it", "remove it")


def _misplaced_mark(spot: Spot) -> Diagnostic | None:
    if spot.token in ("}", "]") and spot.bracket:
        message = f'"{spot.token}" stands where "{spot.closing}" must close {spot.container}'
        return spot.error(message, f'write "{spot.closing}"')
    if spot.token == ":" and spot.bracket == "[":
        return spot.error("A colon inside an array", 'keys belong in an object: {"key": value}')
    if spot.token == ":" and spot.expected == "comma":
        return spot.error("A second colon", "a comma is missing before the key, or quotes around both")
    return None


_LOOKS = (
    _end_of_text,
    _comment_or_blank,
    _no_bracket,
    _after_the_end,
    _missing_comma,
    _missing_colon,
    _broken_string,
    _wrong_quotes,
    _expression,
    _not_a_key,
    _not_a_value,
    _misplaced_comma,
    _misplaced_mark,
)
