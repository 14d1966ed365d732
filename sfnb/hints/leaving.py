"""What a state was about to leave with: the data that its OutputPath looks into."""

from __future__ import annotations

from sfnb.engine import events as ev
from sfnb.errors import EvaluationError
from sfnb.hints.trouble import Trouble
from sfnb.query.jsonpath.flow import JsonPathFlow
from sfnb.query.jsonpath.path import Path, PathNotFound, merge
from sfnb.values import Json, Payload, decode

ANSWERED = (ev.LambdaFunctionSucceeded, ev.ActivitySucceeded, ev.TaskSucceeded)
WORKING = ("Task", "Map", "Parallel")
"""States that have a result of their own; others pass on what they were given, or a Pass its Result."""


def is_output_path(trouble: Trouble, text: str) -> bool:
    """Whether the path of this text is the OutputPath of a state that had come so far."""
    state = trouble.state
    if state is None or not isinstance(state.flow, JsonPathFlow):
        return False
    path = state.flow.output_path
    if not isinstance(path, Path) or path.text != text:
        return False
    if state.type == "Task":
        return _answer(trouble) is not None
    first = state.flow.input_path
    return not (isinstance(first, Path) and first.text == text and _leads_nowhere(first, trouble))


def leaving(trouble: Trouble) -> Payload | None:
    """The result at its ResultPath in the raw input; None where that cannot be told from the log."""
    state, visit = trouble.state, trouble.visit
    if state is None or visit is None or not isinstance(state.flow, JsonPathFlow):
        return None
    if state.flow.result_selector is not None:
        return None
    result = _result(trouble)
    path = state.flow.result_path
    if result is None or path is None:
        return result
    before = decode(visit.input)
    if not isinstance(path, Path):
        return Payload(before)
    try:
        return Payload(merge(path, before, result.value))
    except EvaluationError:
        return None


def _result(trouble: Trouble) -> Payload | None:
    """What the state's work came to."""
    state = trouble.state
    assert state is not None
    assert isinstance(state.flow, JsonPathFlow)
    if state.type == "Task":
        answer = _answer(trouble)
        return None if answer is None else Payload(decode(answer))
    given: Payload | None = getattr(state, "result", None)
    if given is not None:
        return given
    known = state.type not in WORKING and state.flow.parameters is None
    return Payload(trouble.document) if known else None


def _answer(trouble: Trouble) -> str | None:
    """The output that the latest attempt of the state's task was answered with."""
    visit = trouble.visit
    assert visit is not None
    answers = (
        event.output
        for event in reversed(trouble.execution.log)
        if isinstance(event, ANSWERED) and event.frame == visit.frame and event.id > visit.entered_id
    )
    return next(answers, None)


def _leads_nowhere(path: Path, trouble: Trouble) -> bool:
    """Whether a path finds nothing in the state's raw input."""
    assert trouble.visit is not None
    document: Json = decode(trouble.visit.input)
    try:
        path.find(document)
    except PathNotFound:
        return True
    return False
