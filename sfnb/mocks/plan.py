"""What a mocked state answers, attempt by attempt.

An attempt is a call of the state in its execution, counted from 0: retries, loops and the iterations
of a Map all count on. (Step Functions Local 2.0.0 keeps one counter a state and execution.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import msgspec

from sfnb.asl.recovery import HEARTBEAT
from sfnb.errors import SfnbError, StatesError
from sfnb.jsonable import NotJson, to_payload

Function: TypeAlias = Callable[..., Any]


class Return(msgspec.Struct, frozen=True):
    """Succeed with this result, as the state sees it: for lambda:invoke {"Payload": ..., ...}.

    value: whatever JSON can hold; see `sfnb.jsonable`.
    """

    value: Any


class Throw(msgspec.Struct, frozen=True):
    """Fail with this Error and Cause, which Retry and Catch see as they are.

    error: "States.Timeout" is a time-out, in the history too; so is "States.HeartbeatTimeout", a missed
        heartbeat, which Retry and Catch find under either name.
    """

    error: str
    cause: str | None = None

    def failure(self) -> StatesError:
        if self.error == HEARTBEAT:
            return StatesError("States.Timeout", self.cause, heartbeat=True)
        return StatesError(self.error, self.cause)


Answer: TypeAlias = Return | Throw | Function


class Step(msgspec.Struct, frozen=True):
    """The answer of the attempts `first` to `last`, both included; last None: and of all after."""

    first: int
    last: int | None
    answer: Answer


class InvalidMock(SfnbError):
    """Mocks that cannot be used; carries every finding at once."""

    def __init__(self, findings: Iterable[str]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(self.findings))


class Plan(msgspec.Struct, frozen=True):
    """The answers of one state, in order of attempts and without gaps from 0."""

    steps: tuple[Step, ...]

    def answer(self, attempt: int) -> Answer | None:
        """What the attempt of this number gets; None where the plan has ended."""
        for step in self.steps:
            if step.last is None or attempt <= step.last:
                return step.answer
        return None

    def ended(self, state: str, attempt: int) -> str:
        """The Cause of the States.Runtime that an attempt after the plan's end fails with."""
        count = (self.steps[-1].last or 0) + 1
        answers = "1 call" if count == 1 else f"{count} calls"
        return (
            f"The mock of state '{state}' has answers for {answers}, and this is call {attempt + 1}: "
            "list one more, or give a single answer instead of a list to answer every call."
        )


def plan_of(given: object) -> Plan:
    """A state's plan, from what a caller wrote.

    given: a list has the answers of attempts 0, 1, 2 and so on; anything else is the answer of every
        attempt. An answer is a Return, a Throw, a function or, for short, the result itself.
    Raises InvalidMock.
    """
    if not isinstance(given, list):
        return Plan((Step(0, None, answer_of(given)),))
    if not given:
        finding = "a list has the answers of one call after another, and this one is empty"
        raise InvalidMock([f"{finding}; Return([]) answers with an empty list"])
    return Plan(tuple(Step(number, number, answer_of(item)) for number, item in enumerate(given)))


def answer_of(given: object) -> Answer:
    """Raises InvalidMock where the result cannot be JSON."""
    if isinstance(given, Throw) or (callable(given) and not isinstance(given, type)):
        return given
    if isinstance(given, type):
        raise InvalidMock(
            [f"{given.__name__} is a class: give Throw(error, cause), or a function that raises"]
        )
    value = given.value if isinstance(given, Return) else given
    try:
        return Return(to_payload(value).value)
    except NotJson as fault:
        raise InvalidMock([str(fault)]) from fault
