"""A statement that has been read: which topics it is for, and what it makes of a message."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple, TypeAlias

import msgspec

from sfnb.triggers.iot.mqtt.topics import matches
from sfnb.triggers.iot.sql.occasion import Evaluate, Exhausted, Facts, Message, Occasion, Scope, Version
from sfnb.triggers.iot.sql.values import NOT_SELECTED, UNDEFINED, Value, is_heavy, short

Outcome: TypeAlias = Value
"""JSON; UNDEFINED of a SELECT VALUE; bytes of `SELECT *` where the payload is no JSON; NOT_SELECTED."""


class Condition(NamedTuple):
    """A comparison in WHERE, with the sides of it. text: its SQL."""

    text: str
    evaluate: Evaluate
    sides: Sequence[tuple[str, Evaluate]]


class Plan(NamedTuple):
    """A statement compiled.

    variables: of SET, in their order. conditions: of WHERE, for an explanation.
    names_payload: it looks up members of the payload. joins_star: `*` stands beside other items.
    as_array: SELECT VALUE may yield an array, which version 2015-10-08 may not.
    """

    variables: Sequence[tuple[str, Evaluate]]
    where: Evaluate | None
    output: Evaluate
    conditions: Sequence[Condition]
    names_payload: bool
    joins_star: bool
    as_array: bool


class Tried(msgspec.Struct, frozen=True):
    """A condition of WHERE as it came out. sides: what each side was, by its SQL."""

    text: str
    outcome: Value
    sides: tuple[tuple[str, Value], ...]

    def __str__(self) -> str:
        sides = ", ".join(f"{text} is {short(value)}" for text, value in self.sides)
        return f"{self.text}: {short(self.outcome)}" + (f" ({sides})" if sides else "")


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """What a statement makes of a message, clause by clause.

    variables: of SET. where: what WHERE came to as a whole; True without one.
    reason: why nothing is selected, as a sentence; None where something is, or the topic does not match.
    """

    topic_matches: bool
    variables: tuple[tuple[str, Value], ...]
    conditions: tuple[Tried, ...]
    where: Value
    outcome: Outcome
    reason: str | None

    def __str__(self) -> str:
        lines = [f"topic: {'matches' if self.topic_matches else 'does not match'}"]
        lines += [f"SET @{name}: {short(value)}" for name, value in self.variables]
        lines += [f"WHERE {condition}" for condition in self.conditions]
        lines.append(f"result: {short(self.outcome)}" + (f", because {self.reason}" if self.reason else ""))
        return "\n".join(lines)


class Statement:
    """A statement of AWS IoT SQL.

    topic_filter: what stands after FROM; "" where there is no FROM, in a rule for Basic Ingest alone.
    """

    def __init__(self, sql: str, version: Version, topic_filter: str, plan: Plan) -> None:
        self.sql = sql
        self.version = version
        self.topic_filter = topic_filter
        self._plan = plan

    def __repr__(self) -> str:
        return f"Statement({self.sql!r})"

    @property
    def variables(self) -> tuple[str, ...]:
        """The names that SET defines, without @."""
        return tuple(name for name, _ in self._plan.variables)

    def matches(self, topic: str) -> bool:
        """Whether messages on `topic` are for this statement."""
        return matches(self.topic_filter, topic)

    def evaluate(self, message: Message, facts: Facts) -> Outcome:
        """What the statement makes of a message on a topic of its own; it never raises.

        NOT_SELECTED where WHERE is not true, and where AWS would fail and do nothing: names or
        `*, x` of a payload that has no names.
        """
        return self._evaluate(Occasion(message, facts, self.version))[0]

    def explain(self, message: Message, facts: Facts) -> Explanation:
        """The same, clause by clause."""
        at = Occasion(message, facts, self.version)
        outcome, reason = self._evaluate(at)
        matched = self.matches(message.topic)
        scope = Scope(at.payload, at, {})
        try:
            tried = tuple(_try(condition, scope) for condition in self._plan.conditions)
            where = True if self._plan.where is None else self._plan.where(scope)
        except Exhausted:
            tried, where = (), UNDEFINED
        return Explanation(
            topic_matches=matched,
            variables=tuple(at.variables.items()),
            conditions=tried,
            where=where,
            outcome=outcome if matched else NOT_SELECTED,
            reason=reason if matched else None,
        )

    def occasion(self, message: Message, facts: Facts) -> Occasion:
        """The message with the variables of SET, for the templates of the rule's actions."""
        at = Occasion(message, facts, self.version)
        with suppress(Exhausted):  # what is not set by then is Undefined
            self._set(Scope(at.payload, at, {}))
        return at

    def _evaluate(self, at: Occasion) -> tuple[Outcome, str | None]:
        """The outcome, and why it is NOT_SELECTED."""
        scope = Scope(at.payload, at, {})
        try:
            self._set(scope)
            selected = True if self._plan.where is None else self._plan.where(scope)
            if selected is not True:
                return NOT_SELECTED, f"WHERE is {short(selected)}"
            fault = self._fault(at.payload)
            if fault:
                return NOT_SELECTED, fault
            outcome = self._plan.output(scope)
        except Exhausted as error:
            return NOT_SELECTED, str(error)
        if is_heavy(outcome):
            return NOT_SELECTED, "the result is too large"
        if isinstance(outcome, list) and not self._plan.as_array:
            return UNDEFINED, None
        return outcome, None

    def _set(self, scope: Scope) -> None:
        for name, evaluate in self._plan.variables:
            value = evaluate(scope)
            if is_heavy(value):
                raise Exhausted(f"@{name} is too large")
            scope.at.variables[name] = value

    def _fault(self, payload: Value) -> str | None:
        """Why a payload that is no object cannot be selected from, if so.

        Source: AWS IoT developer guide, "Working with binary payloads".
        """
        if isinstance(payload, bytes) and self._plan.names_payload:
            return "the payload is no JSON, and the statement names members of it"
        if not isinstance(payload, dict) and self._plan.joins_star:
            return "the payload is no object, and the statement selects more than *"
        return None


def _try(condition: Condition, scope: Scope) -> Tried:
    sides = tuple((text, evaluate(scope)) for text, evaluate in condition.sides)
    return Tried(condition.text, condition.evaluate(scope), sides)
