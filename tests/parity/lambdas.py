"""The Lambda functions of the recordings, as Python handlers.

Python cannot show another program's stack trace, nor return text that is not JSON, so two values
say it: a `World` turns them into what its engine takes.
Source: shared/parity/README.md, "Lambda functions".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

Handler = Callable[[Any, Any], Any]
Behaviour = Callable[[Any], Any]


class LambdaError(Exception):
    """The function fails with this very payload: function error `Unhandled`."""

    def __init__(self, error_type: str, error_message: str, stack_trace: Sequence[str]) -> None:
        super().__init__(f"{error_type}: {error_message}")
        self.error_type = error_type
        self.error_message = error_message
        self.stack_trace = list(stack_trace)


class RawPayload(msgspec.Struct, frozen=True):
    """The function answers with these bytes, which need not be JSON."""

    text: str


def make_handler(function: Mapping[str, Any], sleep: Callable[[float], None]) -> Handler:
    """The handler that behaves as a case's entry in `lambda_functions` says.

    sleep: waits on the world's clock, never in real time.

    >>> make_handler({"behaviour": "format", "template": "got {event}"}, sleep=print)(["a"], None)
    "got ['a']"
    """
    behave = _behaviour(function["behaviour"], function, sleep)
    return lambda event, context: behave(event)


def _behaviour(name: str, function: Mapping[str, Any], sleep: Callable[[float], None]) -> Behaviour:
    match name:
        case "echo":
            return lambda event: event
        case "constant":
            return lambda event: function["value"]
        case "raw":
            return lambda event: RawPayload(_raw_text(function))
        case "format":
            return lambda event: str(function["template"]).replace("{event}", str(event))
        case "raise":
            return lambda event: _fail(function)
        case "sleep":
            return _sleeper(function, sleep)
        case _:
            raise ValueError(f"a Lambda behaviour that the harness does not know: {name}")


def _raw_text(function: Mapping[str, Any]) -> str:
    repeat = function.get("value_repeat")
    return str(function["value"]) if repeat is None else str(repeat["text"]) * int(repeat["times"])


def _fail(function: Mapping[str, Any]) -> Any:
    raise LambdaError(function["error_type"], function["error_message"], function["stack_trace"])


def _sleeper(function: Mapping[str, Any], sleep: Callable[[float], None]) -> Behaviour:
    then = _behaviour(function["then"], function, sleep)

    def behave(event: Any) -> Any:
        sleep(function["seconds"])
        return then(event)

    return behave
