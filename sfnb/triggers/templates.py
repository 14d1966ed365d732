"""Texts with holes, `<name>`, and what fills them.

What fills a hole depends on where it stands: by itself it is a JSON value, a text with its quotes; between
quotes it is bare text, and AWS escapes nothing there, so that a value with quotes of its own makes text that
is no JSON.
Source: Amazon EventBridge user guide, "Amazon EventBridge input transformation", "Amazon EventBridge Pipes
input transformation".
"""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from sfnb.errors import SfnbError
from sfnb.query.jsonpath.path import PathNotFound, PathSyntaxError, compile_path
from sfnb.values import Json, encode

MOST_PATH = 256
"""Characters of a path."""

MOST_OUTPUT = 1_048_576
"""Characters that a filled template may come to; no service takes more."""

_path = re.compile(r"\$(?:\.(?:\*|[\w\-/@:]+)|\[(?:[0-9]{1,9}|\*|'[^'\\]*'|\"[^\"\\]*\")\])*")


class InvalidTargetInput(SfnbError):
    """What a target is to be given cannot be made, or not be read; the message is AWS's as far as known."""


class Nothing:
    """The type of `NOTHING`."""


NOTHING = Nothing()
"""What a path finds that leads nowhere."""


class Hole(msgspec.Struct, frozen=True):
    """A place to be filled. quoted: it stands between quotes. offset: of its `<` in the template."""

    name: str
    quoted: bool
    offset: int


Parts = tuple[str | Hole, ...]


def cut(template: str, hole: re.Pattern[str], *, drop_space: bool = False) -> Parts:
    """The template at its holes. `\\<` is the sign itself."""
    parts: list[str | Hole] = []
    text: list[str] = []
    quoted = False
    at = 0
    while at < len(template):
        char = template[at]
        found = hole.match(template, at) if char == "<" else None
        if found is not None:
            parts += ["".join(text), Hole(found[1], quoted, at)]
            text = []
            at = found.end()
            continue
        if char == "\\":
            following = template[at + 1 : at + 2]
            text.append(following if following in ("<", ">") else char + following)
            at += 1 + len(following)
            continue
        if char == '"':
            quoted = not quoted
        if quoted or not drop_space or not char.isspace():
            text.append(char)
        at += 1
    parts.append("".join(text))
    return tuple(parts)


def fill_in(parts: Parts, fill: Callable[[str], Json | Nothing], *, as_text: bool = False) -> str:
    """as_text: objects and arrays lose their quotes also outside of quotes."""
    filled: list[str] = []
    size = 0
    for part in parts:
        text = part if isinstance(part, str) else _filling(part.quoted, fill(part.name), as_text)
        size += len(text)
        if size > MOST_OUTPUT:
            raise InvalidTargetInput(f"The filled InputTemplate has more than {MOST_OUTPUT:,} characters.")
        filled.append(text)
    return "".join(filled)


def _filling(quoted: bool, value: Json | Nothing, as_text: bool) -> str:
    """What stands for a value; where there is none, nothing between quotes, and else an empty text."""
    if isinstance(value, Nothing):
        return "" if quoted else '""'
    if isinstance(value, str):
        return value if quoted else encode(value)
    text = encode(value)
    return text.replace('"', "") if quoted or as_text else text


def find(path: str, document: Json) -> Json | Nothing:
    """What a path leads to, all of it in an array where the path has a `*`."""
    if _path.fullmatch(path) is None:
        return NOTHING
    try:
        return compile_path(path).find(document)
    except (PathNotFound, PathSyntaxError):
        return NOTHING


def check_path(path: object, what: str) -> None:
    """Raises InvalidTargetInput for what is no path of EventBridge; `what` names it."""
    if not isinstance(path, str) or len(path) > MOST_PATH:
        raise InvalidTargetInput(f"{what} must be a path of at most {MOST_PATH} characters.")
    if _path.fullmatch(path) is None:
        raise InvalidTargetInput(
            f"{what} is not a path that EventBridge takes: {path}. It takes $, .name, [0], [*] and ['name']."
        )
