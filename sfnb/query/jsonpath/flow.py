"""The data flow around a state in JSONPath.

Each stage is built for the fields the state has, so that a state without any costs nothing.
"""

from __future__ import annotations

from sfnb.errors import EvaluationError
from sfnb.query.jsonpath.path import Path, PathNotFound, merge
from sfnb.query.jsonpath.template import Template
from sfnb.query.scope import Scope
from sfnb.query.stages import Assign, Enter, EnterSteps, Leave, LeaveSteps
from sfnb.values import EMPTY_OBJECT, Json, Payload

DROP = "drop"
"""The path `null`: an InputPath or OutputPath of null yields {}, a ResultPath of null the raw input."""

PathOrDrop = Path | str | None
"""None: the field is absent (or `$`, which is the same)."""


class JsonPathFlow:
    """InputPath, Parameters, ResultSelector, ResultPath, OutputPath, Assign of one state, compiled."""

    __slots__ = (
        "assign",
        "enter",
        "input_path",
        "leave",
        "output_path",
        "parameters",
        "result_path",
        "result_selector",
    )

    def __init__(
        self,
        input_path: PathOrDrop = None,
        parameters: Template | None = None,
        result_selector: Template | None = None,
        result_path: PathOrDrop = None,
        output_path: PathOrDrop = None,
        assign: Template | None = None,
    ) -> None:
        self.input_path = input_path
        self.parameters = parameters
        self.result_selector = result_selector
        self.result_path = result_path
        self.output_path = output_path
        self.enter: Enter | None = self._enter if input_path is not None or parameters is not None else None
        changes = (result_selector, result_path, output_path)
        self.leave: Leave | None = self._leave if any(step is not None for step in changes) else None
        self.assign = assignment(assign)

    def _enter(self, scope: Scope) -> Payload:
        payload = scope.input
        if self.input_path is not None:
            payload = select(self.input_path, payload, scope)
            scope.here = payload.value
        if self.parameters is not None:
            payload = Payload(self.parameters.evaluate(scope))
        return payload

    def _leave(self, scope: Scope, result: Payload) -> Payload:
        if self.result_selector is not None:
            scope.here = result.value
            result = Payload(self.result_selector.evaluate(scope))
        if self.result_path is not None:
            result = merged(self.result_path, scope, result)
        if self.output_path is not None:
            result = select(self.output_path, result, scope)
        return result

    def entering(self) -> EnterSteps:
        """A flow is the flows of its fields, one after the other."""
        return (
            ("InputPath", JsonPathFlow(input_path=self.input_path).enter),
            ("Parameters", JsonPathFlow(parameters=self.parameters).enter),
        )

    def leaving(self) -> LeaveSteps:
        return (
            ("ResultSelector", JsonPathFlow(result_selector=self.result_selector).leave),
            ("ResultPath", JsonPathFlow(result_path=self.result_path).leave),
            ("OutputPath", JsonPathFlow(output_path=self.output_path).leave),
        )


class JsonPathExit:
    """How a Choice rule or a Catcher leaves: its Assign, and a Catcher's ResultPath.

    The Error Output passes by ResultSelector and OutputPath.
    """

    __slots__ = ("assign", "leave")

    def __init__(self, leave: Leave | None, assign: Assign | None) -> None:
        self.leave = leave
        self.assign = assign

    def leaving(self) -> LeaveSteps:
        return (("ResultPath", self.leave),)


def assignment(template: Template | None) -> Assign | None:
    """Assign, whose `$` is the result."""
    if template is None:
        return None
    evaluate = template.evaluate

    def assign(scope: Scope, result: Payload) -> dict[str, Json]:
        scope.here = result.value
        values = evaluate(scope)
        assert isinstance(values, dict)
        return values

    return assign


def merging(result_path: PathOrDrop) -> Leave:
    """What a Catcher's ResultPath does with the Error Output."""
    if result_path is None:
        return lambda scope, result: result
    return lambda scope, result: merged(result_path, scope, result)


def merged(result_path: Path | str, scope: Scope, result: Payload) -> Payload:
    """The raw input with the result at `result_path`."""
    if not isinstance(result_path, Path):
        return scope.input
    steps = result_path.steps
    if len(steps) == 1 and isinstance(steps[0], str) and isinstance(scope.input.value, dict):
        return scope.input.with_member(steps[0], result.value)
    return Payload(merge(result_path, scope.input.value, result.value))


def select(path: Path | str, payload: Payload, scope: Scope) -> Payload:
    """What InputPath or OutputPath makes of a payload."""
    if not isinstance(path, Path):
        return EMPTY_OBJECT
    document = payload.value if path.root == "$" else scope.document(path.root)
    try:
        found = path.find(document)
    except PathNotFound as miss:
        raise EvaluationError("States.Runtime", f"Invalid path '{path.text}' : {miss}") from None
    return payload if found is payload.value else Payload(found)
