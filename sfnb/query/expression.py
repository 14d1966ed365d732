"""A field's value that may be known only at run time."""

from __future__ import annotations

from typing import Protocol

import msgspec

from sfnb.errors import EvaluationError, StatesError
from sfnb.query.scope import Scope
from sfnb.values import Json


class Expression(Protocol):
    """A literal, a path or a query: whatever stands in a field that may be computed.

    field: the field's name as it was written, `Seconds` or `SecondsPath`, for messages.
    text: the expression as it was written.
    """

    @property
    def field(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def constant(self) -> bool: ...

    def evaluate(self, scope: Scope) -> Json: ...

    def error(self, message: str, *, query: str | None = None) -> StatesError:
        """The failure of a state whose field came out as something it cannot use.

        query: what AWS says of a JSONata field, where that is something else.
        """

    def unexpected(self, expected: str, value: Json, message: str) -> StatesError:
        """The failure where `value` has not the type `expected`; JSONata has words of its own for it."""


class Literal(msgspec.Struct, frozen=True):
    """A value that the definition gives."""

    field: str
    value: Json

    @property
    def text(self) -> str:
        return msgspec.json.encode(self.value).decode()

    @property
    def constant(self) -> bool:
        return True

    def evaluate(self, scope: Scope) -> Json:
        return self.value

    def error(self, message: str, *, query: str | None = None) -> StatesError:
        return EvaluationError("States.Runtime", message)

    def unexpected(self, expected: str, value: Json, message: str) -> StatesError:
        return self.error(message)
