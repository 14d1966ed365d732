"""What a state makes of a computed field: a number of the right kind, or the failure AWS reports."""

from __future__ import annotations

import sys

from sfnb.query.expression import Expression
from sfnb.query.scope import Scope
from sfnb.values import Json, encode


def shown(value: Json) -> str:
    """A value inside a message: a string as it is, anything else as JSON."""
    return value if isinstance(value, str) else encode(value)


def integer(
    expression: Expression | None,
    scope: Scope,
    *,
    at_least: int = 0,
    at_most: int = sys.maxsize,
    or_text: bool = False,
) -> int | None:
    """The whole number that a field comes to; None where the field is absent.

    or_text: a string that spells one will do at a `...Path`, as AWS was seen to take it in a Map.

    Source: AWS recordings (MaxConcurrencyPath, ToleratedFailureCountPath).
    """
    if expression is None:
        return None
    value = expression.evaluate(scope)
    if or_text and expression.field.endswith("Path"):
        value = _number(value, int)
    if isinstance(value, bool) or not isinstance(value, int):
        raise expression.unexpected(
            "integer",
            value,
            f'The {expression.field} field refers to value "{shown(value)}" which is not a valid integer: '
            f"{expression.text}",
        )
    if not at_least <= value <= at_most:
        kind = (
            f"more than {at_most}" if value > at_most else f"less than {at_least}" if at_least else "negative"
        )
        raise expression.error(f"{expression.field.removesuffix('Path')} cannot be {kind}.")
    return value


def _number(value: Json, kind: type[int] | type[float]) -> Json:
    """The number that a string spells, or the value as it is."""
    if not isinstance(value, str):
        return value
    try:
        return kind(value)
    except ValueError:
        return value


def percentage(expression: Expression | None, scope: Scope) -> float | None:
    """The share, from 0 to 100, that a field comes to; None where the field is absent."""
    if expression is None:
        return None
    value = expression.evaluate(scope)
    if expression.field.endswith("Path"):
        value = _number(value, float)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise expression.unexpected(
            "number",
            value,
            f'The {expression.field} field refers to value "{shown(value)}" which is not a valid float: '
            f"{expression.text}",
        )
    if not 0 <= value <= 100:
        raise expression.error(f"{expression.field.removesuffix('Path')} must be between 0 and 100.")
    return float(value)
