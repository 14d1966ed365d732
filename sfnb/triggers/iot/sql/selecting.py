"""What a SELECT makes of an element: objects put together, arrays gone through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from sfnb.triggers.iot.sql.occasion import Evaluate, Scope
from sfnb.triggers.iot.sql.values import UNDEFINED, Absence, Value
from sfnb.values import Json

Path: TypeAlias = tuple[str, ...]
"""The steps of an alias: `AS state.reported` puts its value in an object in an object."""


class Field(NamedTuple):
    """One item of a SELECT.

    path: where its value goes; None for `*` and `a.*`, whose members are spread out.
    whole: it is `*`.
    """

    path: Path | None
    evaluate: Evaluate
    spread: bool
    whole: bool


def output_of(fields: Sequence[Field], *, as_value: bool) -> Evaluate:
    """The closure that makes a SELECT's output of one element; what is Undefined is left out."""
    if as_value or (len(fields) == 1 and fields[0].spread and fields[0].whole):
        return fields[0].evaluate

    def build(scope: Scope) -> Value:
        built: dict[str, Json] = {}
        for field in fields:
            value = field.evaluate(scope)
            if field.path is None:
                built.update(value if isinstance(value, dict) else {})
            elif not isinstance(value, Absence | bytes):
                _put(built, field.path, value)
        return built

    return build


def _put(built: dict[str, Json], path: Path, value: Json) -> None:
    """Set the member at the end of `path`; objects on the way are copied, they may be the payload's."""
    for step in path[:-1]:
        held = built.get(step)
        inner: dict[str, Json] = dict(held) if isinstance(held, dict) else {}
        built[step] = inner
        built = inner
    built[path[-1]] = value


def select_from(source: Evaluate, alias: str, output: Evaluate, where: Evaluate | None) -> Evaluate:
    """The closure of a nested SELECT: for an array the array of outputs, for an object its output."""

    def chosen(element: Value, scope: Scope) -> Value:
        inner = Scope(element, scope.at, {**scope.names, alias: element} if alias else scope.names)
        if where is not None and where(inner) is not True:
            return UNDEFINED
        return output(inner)

    def select(scope: Scope) -> Value:
        found = source(scope)
        if isinstance(found, dict):
            scope.at.spend(1)
            return chosen(found, scope)
        if not isinstance(found, list):
            return UNDEFINED
        scope.at.spend(len(found))
        outputs = [chosen(element, scope) for element in found]
        return [item for item in outputs if not isinstance(item, Absence | bytes)]

    return select
