"""What an expression can see: the payload at hand, the Context Object, and repeatable chance."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from datetime import datetime
from typing import Protocol

from sfnb.errors import EvaluationError
from sfnb.query.roots import Chance
from sfnb.values import Json, Payload


class Surroundings(Protocol):
    """What a visit takes from the execution it is part of."""

    def execution_context(self) -> dict[str, Json]:
        """The parts of the Context Object that stay the same: Execution and StateMachine."""

    def item_context(self) -> dict[str, Json] | None:
        """The Context Object's `Map`, inside an iteration."""

    def chance(self, key: str) -> Chance:
        """Chance drawn from `key`: the same at every replay, different in every execution."""

    def now(self) -> datetime:
        """The moment of the last event."""


class Scope:
    """One visit of one state, as its expressions see it.

    input: the state's raw input, as it was entered with.
    here: what `$` stands for at this moment of the data flow; while a state runs, what InputPath left
        of its input, whatever Parameters made of that: TimeoutSecondsPath looks there, as on AWS.
    result: what `$states.result` stands for, once there is one.
    error_output: what `$states.errorOutput` stands for, in a Catcher.
    variables: by name, as they were when the state was entered.
    retry_count: how often the state has been retried; None in states that cannot be.
    awaits_callback: there is a task token, another one for each attempt.
    Source: Amazon States Language, "Context Object"; AWS guide, "Context object data".
    """

    __slots__ = (
        "_chance",
        "awaits_callback",
        "entered",
        "entered_id",
        "error_output",
        "here",
        "input",
        "item",
        "name",
        "result",
        "retry_count",
        "surroundings",
        "variables",
    )

    def __init__(
        self,
        input: Payload,
        name: str,
        entered: datetime,
        entered_id: int,
        surroundings: Surroundings,
        variables: Mapping[str, Json],
        retry_count: int | None = None,
        awaits_callback: bool = False,
    ) -> None:
        self.input = input
        self.here: Json = input.value
        self.result: Json = None
        self.error_output: Json = None
        self.variables = variables
        self.name = name
        self.entered = entered
        self.entered_id = entered_id
        self.surroundings = surroundings
        self.retry_count = retry_count
        self.item: dict[str, Json] | None = None
        self.awaits_callback = awaits_callback
        self._chance: Chance | None = None

    def start_again(self) -> None:
        """Make ready for another attempt of the same visit."""
        self.here = self.input.value
        self.item = None
        self._chance = None

    def aside(self) -> Scope:
        """The same visit for who evaluates beside it, in another thread: item and chance are its own."""
        aside = copy(self)
        aside._chance = self.surroundings.chance(f"{self.entered_id}/{self.retry_count or 0}/aside")
        return aside

    def document(self, root: str) -> Json:
        """What a path beginning with `root` looks into; raises EvaluationError for an unknown variable."""
        if root == "$":
            return self.here
        if root == "$$":
            return self.context()
        try:
            return self.variables[root]
        except KeyError:
            raise EvaluationError("States.Runtime", f"The variable '${root}' could not be found") from None

    def context(self) -> dict[str, Json]:
        """The Context Object, made anew: what it holds changes from state to state."""
        state: dict[str, Json] = {"Name": self.name, "EnteredTime": timestamp_text(self.entered)}
        if self.retry_count is not None:
            state["RetryCount"] = self.retry_count
        context: dict[str, Json] = {**self.surroundings.execution_context(), "State": state}
        item = self.item or self.surroundings.item_context()
        if item is not None:
            context["Map"] = item
        if self.awaits_callback:
            context["Task"] = {"Token": self.token()}
        return context

    def token(self) -> str:
        """The task token of this attempt."""
        return self.surroundings.chance(f"{self.entered_id}/{self.retry_count}/token").uuid()

    def random(self) -> Chance:
        if self._chance is None:
            self._chance = self.surroundings.chance(f"{self.entered_id}/{self.retry_count or 0}")
        return self._chance


def timestamp_text(moment: datetime) -> str:
    """A moment as AWS writes it: UTC, to the millisecond.

    >>> from datetime import UTC
    >>> timestamp_text(datetime(2024, 7, 15, 13, 0, 19, 123456, tzinfo=UTC))
    '2024-07-15T13:00:19.123Z'
    """
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
