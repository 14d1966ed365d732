"""What the grammar of JSONPath reads: a path's steps and a filter's conditions.

A name is a `str` and an index an `int`, so the steps of a Reference Path are its own record.
"""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from sfnb.values import Json


class Names(msgspec.Struct, frozen=True):
    """`['a','b']`: an object of these members at the end of a path, each of them elsewhere."""

    names: tuple[str, ...]


class Indices(msgspec.Struct, frozen=True):
    """`[0,2]`"""

    indices: tuple[int, ...]


class Slice(msgspec.Struct, frozen=True):
    """`[1:3]`; a third part is read and, as in Jayway, ignored."""

    start: int | None
    end: int | None


class Wildcard(msgspec.Struct, frozen=True):
    """`*`"""


class Filter(msgspec.Struct, frozen=True):
    """`[?(...)]`"""

    condition: Condition


class Function(msgspec.Struct, frozen=True):
    """`length()`, at the end of a path."""

    name: str
    arguments: tuple[Operand, ...]


class Scan(msgspec.Struct, frozen=True):
    """`..` and the step it takes at every object and array below."""

    step: Step


Step = str | int | Names | Indices | Slice | Wildcard | Filter | Function | Scan
Steps = tuple[Step, ...]


class Query(msgspec.Struct, frozen=True):
    """A path within a filter; `@` is the item in hand, `$` the document."""

    root: Literal["$", "@"]
    steps: Steps


class Constant(msgspec.Struct, frozen=True):
    """A literal within a filter."""

    value: Json


class Pattern(msgspec.Struct, frozen=True):
    """`/.../i`; a value matches as a whole."""

    regex: re.Pattern[str]


Operand = Query | Constant


class Exists(msgspec.Struct, frozen=True):
    query: Query


class Comparison(msgspec.Struct, frozen=True):
    left: Operand | Pattern
    operator: str
    right: Operand | Pattern


class Not(msgspec.Struct, frozen=True):
    condition: Condition


class And(msgspec.Struct, frozen=True):
    """`a && b`"""

    conditions: tuple[Condition, ...]


class Or(msgspec.Struct, frozen=True):
    """`a || b`"""

    conditions: tuple[Condition, ...]


Condition = Exists | Comparison | Not | And | Or
