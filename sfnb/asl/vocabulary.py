"""The kinds of field that the records of the language are annotated with.

`decode.py` reads a record's annotations; a plain type (`str`, `int` with `msgspec.Meta` bounds, a
record, a tuple of records) says all there is to say. These markers are for the fields whose value
belongs to the query language.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from sfnb.query.expression import Expression


class Computed(msgspec.Struct, frozen=True, kw_only=True):
    """A field that may be computed: `Seconds` holds a literal, `SecondsPath` says where to look.

    kind: what a literal must be, and what the result is turned into.
    miss: what the failure of the path reads like on AWS; {field}, {path}, {miss} are filled in.
    calls: the `...Path` twin takes an intrinsic function too.
    literal: whether there is a field without `Path`.
    """

    kind: Literal["integer", "number", "string", "timestamp"]
    ge: int | None = None
    le: int | None = None
    miss: str | None = None
    calls: bool = False


class AtPath(msgspec.Struct, frozen=True):
    """A field that is always a path, such as ItemsPath."""


class InTemplate(msgspec.Struct, frozen=True):
    """A field that is a Payload Template, such as ItemSelector."""


class AtResultPath(msgspec.Struct, frozen=True):
    """A Catcher's ResultPath: a Reference Path into the raw input, or null."""


class AnyJson(msgspec.Struct, frozen=True):
    """A field that holds whatever it holds, such as a Pass state's Result."""


ResultPath = Annotated[Any, AtResultPath()]
Path = Annotated[Expression | None, AtPath()]
Template = Annotated[Expression | None, InTemplate()]
