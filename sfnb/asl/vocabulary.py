"""The kinds of field that the records of the language are annotated with.

`decode.py` reads a record's annotations; a plain type (`str`, `int` with `msgspec.Meta` bounds, a
record, a tuple of records) says all there is to say. These markers are for the fields whose value
belongs to the query language.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from sfnb.query.expression import Expression


class Spelled(msgspec.Struct, frozen=True):
    """How a field is spelled in each query language; None where the language has no such field."""

    jsonpath: str | None = None
    jsonata: str | None = None


class Computed(msgspec.Struct, frozen=True, kw_only=True):
    """A field that may be computed: `Seconds` holds a literal, `SecondsPath` says where to look;
    in JSONata `Seconds` holds either.

    kind: what a literal must be, and what the result is turned into.
    miss: what the failure of the path reads like on AWS; {field}, {path}, {miss} are filled in.
    calls: the `...Path` twin takes an intrinsic function too.
    """

    kind: Literal["integer", "number", "string", "timestamp"]
    ge: int | None = None
    le: int | None = None
    miss: str | None = None
    calls: bool = False


class AtItems(msgspec.Struct, frozen=True):
    """What a Map goes over: a path, or in JSONata a list or an expression."""


class InTemplate(msgspec.Struct, frozen=True):
    """A field with expressions inside, such as ItemSelector."""


class AnyJson(msgspec.Struct, frozen=True):
    """A field that holds whatever it holds, such as a Pass state's Result."""


Items = Annotated[Expression | None, AtItems(), Spelled("ItemsPath", "Items")]
Template = Annotated[Expression | None, InTemplate()]
Arguments = Annotated[Expression | None, InTemplate(), Spelled("Parameters", "Arguments")]
