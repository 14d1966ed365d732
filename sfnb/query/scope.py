"""What an expression can see: the payload at hand, the Context Object, and repeatable chance."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

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


class Scope:
    """One visit of one state, as its expressions see it.

    input: the state's raw input, as it was entered with.
    here: what `$` stands for at this moment of the data flow; while a state runs, what InputPath left
        of its input, whatever Parameters made of that: TimeoutSecondsPath looks there, as on AWS.
    retry_count: how often the state has been retried; None in states that cannot be.
    awaits_callback: there is a task token, another one for each attempt.
    Source: Amazon States Language, "Context Object"; AWS guide, "Context object data".
    """

    __slots__ = (
        "_chance",
        "awaits_callback",
        "entered",
        "entered_id",
        "here",
        "input",
        "item",
        "name",
        "retry_count",
        "surroundings",
    )

    def __init__(
        self,
        input: Payload,
        name: str,
        entered: datetime,
        entered_id: int,
        surroundings: Surroundings,
        retry_count: int | None = None,
        awaits_callback: bool = False,
    ) -> None:
        self.input = input
        self.here: Json = input.value
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

    def document(self, root: str) -> Json:
        """What a path beginning with `root` looks into."""
        return self.here if root == "$" else self.context()

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
            token = self.surroundings.chance(f"{self.entered_id}/{self.retry_count}/token").uuid()
            context["Task"] = {"Token": token}
        return context

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
