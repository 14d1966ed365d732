"""Fail: end badly."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from sfnb.asl.state import State, Transition, problem
from sfnb.asl.vocabulary import Computed
from sfnb.errors import Diagnostic, StatesError
from sfnb.query.expression import Expression
from sfnb.query.scope import Scope
from sfnb.values import Payload


class Fail(State, frozen=True, kw_only=True):
    """Fail the machine, the branch or the iteration with an Error and a Cause of the author's choice.

    error, cause: text; either may be left out, and is then left out of the history.
    Source: Amazon States Language, "Fail State".
    """

    stages = {"JSONPath": (), "JSONata": ()}
    transitions = False

    error: Annotated[Expression | None, Computed(kind="string", calls=True)] = None
    cause: Annotated[Expression | None, Computed(kind="string", calls=True)] = None

    def check(self) -> Iterator[Diagnostic]:
        if self.error is not None and self.error.constant and self.error.text.startswith('"States.'):
            yield problem(
                self,
                "An Error Name of your own must not begin with 'States.'",
                "Error",
                severity="WARNING",
                hint="names with this prefix are reserved for Step Functions itself",
            )

    async def run(self, scope: Scope, payload: Payload) -> Transition:
        raise StatesError(_text(self.error, scope), _text(self.cause, scope))

    def details(self) -> tuple[str, ...]:
        return tuple(_shown(e) for e in (self.error,) if e is not None)


def _text(expression: Expression | None, scope: Scope) -> str | None:
    if expression is None:
        return None
    value = expression.evaluate(scope)
    if not isinstance(value, str):
        raise expression.unexpected(
            "string", value, f"The {expression.field} field must be a string: {expression.text}"
        )
    return value


def _shown(expression: Expression) -> str:
    return expression.text.strip('"')
