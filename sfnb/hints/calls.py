"""Python functions that took another payload than was meant."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from inspect import Parameter
from typing import Any

from sfnb.engine import events as ev
from sfnb.hints.trouble import Trouble, shortened
from sfnb.integrations.lambda_function import function_name
from sfnb.values import Json, decode, encode


def whole_payload(trouble: Trouble, match: re.Match[str]) -> str | None:
    """A function's only parameter, called as the payload's only key, has got all of the payload."""
    if trouble.visit is None:
        return None
    names, payload = _call(trouble)
    function = trouble.execution.machine.function_of(trouble.visit.state, *names)
    parameter = None if function is None else _only_parameter(function)
    if parameter is None or not isinstance(payload, dict) or list(payload) != [parameter]:
        return None
    called = getattr(function, "__name__", "the function")
    return (
        f"{called}({parameter}) was given the whole payload, {shortened(encode(payload), 60)}: "
        f"one parameter takes all of it. Name it otherwise, as in {called}(payload), and read "
        f"payload[{encode(parameter)}]; two parameters or more are filled by the payload's keys"
    )


def _call(trouble: Trouble) -> tuple[list[str], Json]:
    """The names that a function might have had for the visit's latest call, and what it was given."""
    visit = trouble.visit
    assert visit is not None
    names, payload = [""], None
    for event in trouble.execution.log:
        if event.frame != visit.frame or event.id <= visit.entered_id:
            continue
        if isinstance(event, ev.LambdaFunctionScheduled | ev.ActivityScheduled):
            names, payload = [event.resource, function_name(event.resource)], decode(event.input)
        elif isinstance(event, ev.TaskScheduled):
            names, payload = _service_call(event)
    return names, payload


def _service_call(event: ev.TaskScheduled) -> tuple[list[str], Json]:
    action = f"{event.resource_type}:{event.resource}"
    parameters = decode(event.parameters)
    if action.startswith("lambda:invoke") and isinstance(parameters, dict):
        return [function_name(str(parameters.get("FunctionName", "")))], parameters.get("Payload", {})
    return [action, action.removesuffix(".waitForTaskToken")], parameters


def _only_parameter(function: Callable[..., Any]) -> str | None:
    """The name of the one parameter a function has; None where it has more, or takes any keys.

    Source: executors/call.py, which decides what a function is given.
    """
    try:
        every = inspect.signature(function).parameters.values()
    except (ValueError, TypeError):
        return None
    named = [p.name for p in every if p.kind not in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)]
    rest = any(p.kind is Parameter.VAR_KEYWORD for p in every)
    return named[0] if len(named) == 1 and not rest else None
