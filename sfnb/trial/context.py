"""The Context Object that a tested state sees: one that is made up, or the one that was given.

Source: AWS recordings of TestState; AWS guide, "Testing state machines with TestState API".
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sfnb.engine.clock import SeededChance
from sfnb.query.scope import Scope, timestamp_text
from sfnb.trial import refusals as no
from sfnb.trial.refusals import ValidationException
from sfnb.values import Json, Payload

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sfnb.asl.state import State
    from sfnb.query.roots import Chance

KNOWN: dict[str, dict[str, type]] = {
    "Execution": {
        "Id": str,
        "Input": object,
        "Name": str,
        "RoleArn": str,
        "StartTime": str,
        "RedriveCount": int,
        "RedriveTime": str,
    },
    "State": {"EnteredTime": str, "Name": str, "RetryCount": int},
    "StateMachine": {"Id": str, "Name": str},
    "Task": {"Token": str},
}
TYPE_NAMES = {str: "a string", int: "a number"}

ENTERED_ID = 2
"""What AWS would call the event that enters the first state of an execution."""


def check_context(context: Json, state: State) -> dict[str, Json]:
    """A given Context Object; raises ValidationException for what AWS does not let it hold."""
    if not isinstance(context, dict):
        raise _refused("it must be a JSON object")
    for part, members in context.items():
        if part == "Map":
            raise _refused("'Map' field is not supported when mocking a Context object")
        if part not in KNOWN or (part == "Task" and not state.awaits_callback):
            raise _refused(f"'{part}' field is not supported")
        if not isinstance(members, dict):
            raise _refused(f"{part} must be an object")
        for member, value in members.items():
            _check_member(part, member, value)
    return context


def _check_member(part: str, member: str, value: Json) -> None:
    if member not in KNOWN[part]:
        raise _refused(f"'{part}.{member}' field is not supported")
    kind = KNOWN[part][member]
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise _refused(f"{part}.{member} must be {TYPE_NAMES[kind]}")


def _refused(why: str) -> ValidationException:
    return ValidationException(no.BAD_CONTEXT.format(why))


class Around:
    """The execution that the state would be part of. Fulfils the port `Surroundings`.

    execution: the Context Object's Execution and StateMachine.
    item: its Map, for a state inside one: the first iteration, on the state's input.
    """

    def __init__(
        self, execution: dict[str, Json], moment: datetime, seed: str, item: dict[str, Json] | None = None
    ) -> None:
        self._execution = execution
        self._moment = moment
        self._seed = seed
        self._item = item

    def execution_context(self) -> dict[str, Json]:
        return self._execution

    def item_context(self) -> dict[str, Json] | None:
        return self._item

    def now(self) -> datetime:
        return self._moment

    def chance(self, key: str) -> Chance:
        return SeededChance(f"{self._seed}/{key}")


class TrialScope(Scope):
    """The visit under test; with `given` its Context Object is that, and no more."""

    __slots__ = ("given",)

    def __init__(self, *arguments: Any, given: dict[str, Json] | None = None) -> None:
        super().__init__(*arguments)
        self.given = given

    def context(self) -> dict[str, Json]:
        if self.given is None:
            return super().context()
        return self.given if self.item is None else {**self.given, "Map": self.item}

    def token(self) -> str:
        task = self.given.get("Task") if self.given is not None else None
        token = task.get("Token") if isinstance(task, dict) else None
        return token if isinstance(token, str) else super().token()


def scope_of(
    state: State,
    name: str,
    payload: Payload,
    variables: Mapping[str, Json],
    around: Around,
    given: dict[str, Json] | None,
) -> TrialScope:
    """The visit of a state, as the engine begins one. name: what the Context Object calls the state."""
    retries = 0 if state.recovers else None
    return TrialScope(
        payload,
        name,
        around.now(),
        ENTERED_ID,
        around,
        variables,
        retries,
        state.awaits_callback,
        given=given,
    )


def execution_of(
    *,
    arn: str,
    name: str,
    machine_arn: str,
    machine_name: str,
    role_arn: str | None,
    input: Json,
    start: datetime,
) -> dict[str, Json]:
    """Execution and StateMachine of a Context Object that is made up; AWS leaves RedriveCount out of it."""
    return {
        "Execution": {
            "Id": arn,
            "Input": input,
            "Name": name,
            "RoleArn": role_arn,
            "StartTime": timestamp_text(start),
        },
        "StateMachine": {"Id": machine_arn, "Name": machine_name},
    }
