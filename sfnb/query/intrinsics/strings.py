"""Intrinsics for strings."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TypeAlias

from sfnb.errors import StatesError
from sfnb.query import java
from sfnb.values import Json

Template: TypeAlias = tuple[str, ...]
"""The texts before, between and after the `{}` of a States.Format template."""

_MARK = re.compile(r"\{\}|\\([\\'{}])")


@lru_cache(maxsize=1024)
def read_template(text: str) -> Template:
    r"""A template as it is written, in a literal or in the state's input: `\{` and `\}` are braces.

    >>> read_template(r"{} and \{\}, {}")
    ('', ' and {}, ', '')
    """
    texts = [""]
    start = 0
    for mark in _MARK.finditer(text):
        texts[-1] += text[start : mark.start()] + (mark[1] or "")
        start = mark.end()
        if mark[1] is None:
            texts.append("")
    texts[-1] += text[start:]
    return tuple(texts)


def format_(template: Template, *values: Json) -> str:
    """Put `values`, printed as Java prints them, in the places of the `{}`.

    >>> format_(read_template("Hi {}, {} of {}"), "Ann", {"A": 1, "B": []}, None)
    'Hi Ann, {A=1, B=[]} of null'

    Raises States.IntrinsicFailure when there are more `{}` than values, or fewer.
    Source: AWS recordings.
    """
    if len(values) != len(template) - 1:
        raise StatesError(
            "States.IntrinsicFailure", f"the template has {len(template) - 1} places for {len(values)} values"
        )
    text = template[0]
    for value, after in zip(values, template[1:], strict=True):
        text += (value if isinstance(value, str) else java.text(value)) + after
    return text


def string_split(string: str, delimiters: str) -> list[Json]:
    """Cut `string` at every character of `delimiters`; empty pieces are dropped.

    >>> string_split("a,b;;c,", ",;"), string_split("abc", "")
    (['a', 'b', 'c'], ['abc'])

    Source: AWS recordings.
    """
    if not delimiters:
        return [string] if string else []
    first = delimiters[0]
    for other in delimiters[1:]:
        string = string.replace(other, first)
    return [piece for piece in string.split(first) if piece]
