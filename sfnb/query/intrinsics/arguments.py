"""What a function's annotations ask of its arguments: `KINDS` says it for each annotation in use."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from functools import cache
from typing import Any, NoReturn

import msgspec

from sfnb.errors import StatesError
from sfnb.query.intrinsics.strings import read_template
from sfnb.values import Json


class Kind(msgspec.Struct, frozen=True, eq=False):
    """What an argument may be.

    words: for messages, "an array".
    exact: values of this very type pass as they are, so true is no number.
    convert: what becomes of the others; raises TypeError where they will not do.
    """

    words: str
    exact: type | None
    convert: Callable[[Json], Any]


def round_half_up(value: Json) -> int:
    """A decimal as the nearest whole number, of two the greater.

    >>> [round_half_up(number) for number in (1.49, 1.5, -1.5, -0.5)]
    [1, 2, -1, 0]

    Source: AWS recordings of States.MathAdd.
    """
    if not isinstance(value, float):
        raise TypeError
    floor = math.floor(value)
    return floor + 1 if value - floor >= 0.5 else floor


def _template(value: Json) -> tuple[str, ...]:
    if not isinstance(value, str):
        raise TypeError
    return read_template(value)


def _refuse(value: Json) -> NoReturn:
    raise TypeError


ANYTHING = Kind("a value", None, lambda value: value)

KINDS: dict[str, Kind] = {
    "Json": ANYTHING,
    "str": Kind("a string", str, _refuse),
    "int": Kind("a number", int, round_half_up),
    "int | None": Kind("a number", int, round_half_up),
    "bool": Kind("true or false", bool, _refuse),
    "list[Json]": Kind("an array", list, _refuse),
    "dict[str, Json]": Kind("an object", dict, _refuse),
    "Template": Kind("a string", None, _template),
}


class Signature(msgspec.Struct, frozen=True):
    """How a function is called.

    kinds: of its positional arguments; the first `required` of them must be there.
    more: the kind of any further ones; None allows none.
    chance: it wants random numbers.
    """

    kinds: tuple[Kind, ...]
    required: int
    more: Kind | None
    chance: bool

    def kind(self, position: int) -> Kind:
        return self.kinds[position] if position < len(self.kinds) else self.more or ANYTHING

    def arity_fault(self, count: int) -> str | None:
        """What is wrong with `count` arguments."""
        most = len(self.kinds)
        if count >= self.required and (count <= most or self.more is not None):
            return None
        if self.more is not None:
            wanted = f"at least {self.required}"
        elif most == self.required:
            wanted = str(most or "no")
        else:
            wanted = f"{self.required} to {most}"
        return f"takes {wanted} argument{'' if wanted.endswith('1') else 's'}, not {count}"


@cache
def signature(function: Callable[..., Json]) -> Signature:
    parameters = inspect.signature(function).parameters.values()
    positional = [each for each in parameters if each.kind is each.POSITIONAL_OR_KEYWORD]
    more = [KINDS[each.annotation] for each in parameters if each.kind is each.VAR_POSITIONAL]
    return Signature(
        kinds=tuple(KINDS[each.annotation] for each in positional),
        required=sum(each.default is each.empty for each in positional),
        more=more[0] if more else None,
        chance=any(each.kind is each.KEYWORD_ONLY for each in parameters),
    )


def check(kind: Kind, position: int, value: Json) -> Any:
    """`value` as the function wants it; raises States.IntrinsicFailure where it is of another kind."""
    if type(value) is kind.exact:
        return value
    try:
        return kind.convert(value)
    except TypeError:
        found = "null" if value is None else _WORDS[type(value)]
        raise StatesError(
            "States.IntrinsicFailure", f"argument {position + 1} must be {kind.words}, but is {found}"
        ) from None


_WORDS: dict[type, str] = {
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    list: "an array",
    dict: "an object",
}
