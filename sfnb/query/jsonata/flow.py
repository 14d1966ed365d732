"""The data flow around a state in JSONata: Arguments, then Assign and Output side by side."""

from __future__ import annotations

from sfnb.query.jsonata.template import Template
from sfnb.query.scope import Scope
from sfnb.query.stages import Assign, Enter, EnterSteps, Leave, LeaveSteps
from sfnb.values import Json, Payload


class JsonataFlow:
    """Arguments, Output and Assign of one state, compiled."""

    __slots__ = ("arguments", "assign", "enter", "leave")

    def __init__(
        self,
        arguments: Template | None = None,
        output: Template | None = None,
        assign: Template | None = None,
    ) -> None:
        self.arguments = arguments
        self.enter: Enter | None = None if arguments is None else self._enter
        self.leave: Leave | None = None if output is None else leaving(output)
        self.assign = assignment(assign)

    def _enter(self, scope: Scope) -> Payload:
        assert self.arguments is not None
        return Payload(self.arguments.evaluate(scope))

    def entering(self) -> EnterSteps:
        return (("Arguments", self.enter),)

    def leaving(self) -> LeaveSteps:
        return (("Output", self.leave),)


class JsonataExit:
    """How a Choice rule or a Catcher leaves: its Output and its Assign."""

    __slots__ = ("assign", "leave")

    def __init__(self, leave: Leave, assign: Assign | None) -> None:
        self.leave: Leave | None = leave
        self.assign = assign

    def leaving(self) -> LeaveSteps:
        return (("Output", self.leave),)


def unchanged(scope: Scope, result: Payload) -> Payload:
    """Without Output, the result goes out as it is."""
    return result


def leaving(output: Template) -> Leave:
    if output.fill is None:
        ready = Payload(output.source)
        return lambda scope, result: ready
    fill = output.fill

    def leave(scope: Scope, result: Payload) -> Payload:
        scope.result = result.value
        return Payload(fill(scope))

    return leave


def assignment(template: Template | None) -> Assign | None:
    if template is None:
        return None
    evaluate = template.evaluate

    def assign(scope: Scope, result: Payload) -> dict[str, Json]:
        scope.result = result.value
        values = evaluate(scope)
        assert isinstance(values, dict)
        return values

    return assign
