"""The data flow around a state, watched: it does the same, and tells what each field made.

A flow takes several steps at once; its `entering` and `leaving` name them one by one. Taken one by one
they come to the same, so whoever wants to see the steps wraps the flow, and a run pays nothing for it.
"""

from __future__ import annotations

from typing import Protocol

from sfnb.query import Exit, Flow
from sfnb.query.scope import Scope
from sfnb.query.stages import Assign, Enter, EnterSteps, Leave, LeaveSteps
from sfnb.values import Json, Payload


class Tell(Protocol):
    """Takes what a field made; `given` is False where the state does not have the field."""

    def __call__(self, field: str, payload: Payload, *, given: bool) -> None: ...


class WatchedExit:
    """The exit of a Choice rule or a Catcher, watched."""

    def __init__(self, exit: Exit, tell: Tell) -> None:
        self._exit = exit
        self._tell = tell
        self.leave: Leave | None = None if exit.leave is None else self._leave
        self.assign: Assign | None = None if exit.assign is None else self._assign

    def leaving(self) -> LeaveSteps:
        return self._exit.leaving()

    def _leave(self, scope: Scope, payload: Payload) -> Payload:
        for field, step in self._exit.leaving():
            payload = payload if step is None else step(scope, payload)
            self._tell(field, payload, given=step is not None)
        return payload

    def _assign(self, scope: Scope, payload: Payload) -> dict[str, Json]:
        assert self._exit.assign is not None
        values = self._exit.assign(scope, payload)
        self._tell("Assign", Payload(values), given=True)
        return values


class WatchedFlow(WatchedExit):
    """The flow of a state, watched: every field is told, also one that is absent and changes nothing."""

    def __init__(self, flow: Flow, tell: Tell) -> None:
        super().__init__(flow, tell)
        self._flow = flow
        self.enter: Enter | None = self._enter
        self.leave = self._leave

    def entering(self) -> EnterSteps:
        return self._flow.entering()

    def _enter(self, scope: Scope) -> Payload:
        payload = scope.input
        for field, step in self._flow.entering():
            payload = payload if step is None else step(scope)
            self._tell(field, payload, given=step is not None)
        return payload
