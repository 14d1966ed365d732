"""Wait: pause."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated

from sfnb.asl.commands import WaitUntil
from sfnb.asl.computed import shown
from sfnb.asl.state import QUIET_STAGES, State, Transition, problem
from sfnb.asl.timestamps import LONGEST_SECONDS, parse_timestamp
from sfnb.asl.vocabulary import Computed
from sfnb.errors import Diagnostic
from sfnb.query.expression import Expression
from sfnb.query.scope import Scope
from sfnb.values import Payload

TOO_LONG = "Wait state delay is too long."
MISS = "The {field} parameter does not reference an input value: {path}"


class Wait(State, frozen=True, kw_only=True):
    """Pause, then pass the input on unchanged.

    seconds: whole seconds after entry, 0 to 99_999_999.
    timestamp: RFC 3339 text; a moment already past does not wait.
    Source: Amazon States Language, "Wait State"; AWS recordings.
    """

    stages = QUIET_STAGES

    seconds: Annotated[Expression | None, Computed(kind="integer", ge=0, le=LONGEST_SECONDS, miss=MISS)] = (
        None
    )
    timestamp: Annotated[Expression | None, Computed(kind="timestamp", miss=MISS)] = None

    def check(self) -> Iterator[Diagnostic]:
        if (self.seconds is None) == (self.timestamp is None):
            yield problem(
                self,
                "A Wait state takes exactly one of [Seconds, SecondsPath, Timestamp, TimestampPath]",
                at_key=True,
                hint="say how long with Seconds, or until when with Timestamp",
            )

    async def run(self, scope: Scope, payload: Payload) -> Transition:
        await WaitUntil(self._wake_time(scope))
        return Transition(payload, self.next)

    def _wake_time(self, scope: Scope) -> datetime:
        if self.seconds is not None:
            return self._after(scope, self.seconds)
        assert self.timestamp is not None
        moment = _moment(self.timestamp, scope)
        if moment - scope.entered > timedelta(seconds=LONGEST_SECONDS):
            raise self.timestamp.error(TOO_LONG)
        return moment

    def _after(self, scope: Scope, seconds: Expression) -> datetime:
        try:
            return scope.entered + timedelta(seconds=_seconds(seconds, scope))
        except OverflowError:  # a clock that jumps has come to the end of the calendar
            raise seconds.error(TOO_LONG) from None

    def details(self) -> tuple[str, ...]:
        if self.seconds is not None:
            unit = " s" if self.seconds.constant else ""
            return (f"{self.seconds.text}{unit}",)
        return (f"until {self.timestamp.text.strip(chr(34))}",) if self.timestamp is not None else ()


def _seconds(expression: Expression, scope: Scope) -> int:
    value = expression.evaluate(scope)
    if isinstance(value, bool) or not isinstance(value, int):
        raise expression.unexpected(
            "integer",
            value,
            f"The {expression.field} parameter cannot be parsed as a long value: "
            f"{expression.text} == {shown(value)}",
        )
    if value < 0:
        raise expression.error(
            f"The {expression.field} parameter references a negative value: {expression.text} == {value}",
            query=f"The {expression.field} field cannot be negative: {value}",
        )
    if value > LONGEST_SECONDS:
        raise expression.error(TOO_LONG)
    return value


def _moment(expression: Expression, scope: Scope) -> datetime:
    value = expression.evaluate(scope)
    message = (
        f"The {expression.field} parameter does not reference a valid ISO-8601 extended offset date-time "
        f"format string: {expression.text} == {shown(value)}"
    )
    if not isinstance(value, str):
        raise expression.unexpected("string", value, message)
    moment = parse_timestamp(value)
    if moment is None:
        raise expression.error(
            message,
            query=f"The {expression.field} field cannot be parsed as an ISO-8601 extended offset date-time "
            f"format string: {value}",
        )
    return moment.replace(microsecond=0)
