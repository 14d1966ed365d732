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
    expression: Expression | None, scope: Scope, *, at_least: int = 0, at_most: int = sys.maxsize
) -> int | None:
    """The whole number that a field comes to; None where the field is absent.

    Source: AWS recordings (MaxConcurrencyPath, ToleratedFailureCountPath).
    """
    if expression is None:
        return None
    value = expression.evaluate(scope)
    if isinstance(value, bool) or not isinstance(value, int):
        raise expression.error(
            f'The {expression.field} field refers to value "{shown(value)}" which is not a valid integer: '
            f"{expression.text}"
        )
    if not at_least <= value <= at_most:
        kind = (
            f"more than {at_most}" if value > at_most else f"less than {at_least}" if at_least else "negative"
        )
        raise expression.error(f"{expression.field.removesuffix('Path')} cannot be {kind}.")
    return value
