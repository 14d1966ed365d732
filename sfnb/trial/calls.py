"""A tested state's call, made for real: the engine performs it, as a machine that does nothing else."""

from __future__ import annotations

from collections.abc import Callable

from sfnb.asl.commands import Command
from sfnb.asl.machine import Definition
from sfnb.asl.state import State, Transition
from sfnb.errors import StatesError
from sfnb.query.jsonpath.flow import JsonPathFlow
from sfnb.query.scope import Scope
from sfnb.values import Payload

RunToEnd = Callable[[Definition], None]
"""Runs a machine of one state to its end, whatever that is; nothing of it is kept."""


class Asked(State, frozen=True, kw_only=True):
    """A state that is one command.

    kind: the type of the state that asks. told: receives what came of it.
    """

    stages = {}

    kind: str
    command: Command[Payload]
    told: list[Payload | StatesError]

    @property
    def type(self) -> str:
        return self.kind

    async def run(self, scope: Scope, payload: Payload) -> Transition:
        try:
            answer = await self.command
        except StatesError as failure:
            self.told.append(failure)
            raise
        self.told.append(answer)
        return Transition(answer, None)


def call_for(state: State, command: Command[Payload], run_to_end: RunToEnd) -> Payload:
    """What `command` comes to when `state` asks for it; raises StatesError.

    An end before an answer is a time-out: AWS gives a test five minutes.
    """
    told: list[Payload | StatesError] = []
    only = Asked(name=state.name, place=(), flow=JsonPathFlow(), kind=state.type, command=command, told=told)
    run_to_end(Definition(start_at=state.name, states={state.name: only}))
    answer = told[0] if told else StatesError("States.Timeout")
    if isinstance(answer, StatesError):
        raise answer
    return answer
