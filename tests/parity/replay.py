"""A world that gives the recorded answers back: the harness is tested with it.

Placeholders are filled in again, with the names the runner made up where it made some up, and
parsed payloads become text again, so that every rule of the comparison is used.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from .lambdas import Handler
from .loader import Case, Step
from .placeholders import NOON, NOON_TEXT, PLACEHOLDER, Bindings, family, kind_of
from .runner import MARK, ROLE_ARN, ROLE_WORDS, snake_case
from .unify import unify

PAYLOADS = frozenset({"input", "output", "parameters", "cause", "definition"})

SAMPLES: Mapping[str, Callable[[int], str]] = {
    "<partition>": lambda number: "aws",
    "<region>": lambda number: "us-east-1",
    "<uuid>": lambda number: f"00000000-0000-4000-8000-{number:012d}",
    "<start-time>": lambda number: NOON_TEXT,
    "<entered-time>": lambda number: NOON_TEXT,
    "<execution-arn>": lambda number: f"arn:aws:states:us-east-1:111111111111:execution:m:e{number}",
    "<json-input>": lambda number: f'{{"n": {number}}}',
}


def fill(value: Any, bindings: Bindings, key: str = "") -> Any:
    """`value` as AWS may have answered it: a sample for each word, a name for each placeholder."""
    if isinstance(value, dict):
        return {name: fill(child, bindings, name) for name, child in value.items()}
    if isinstance(value, list):
        return [fill(child, bindings, key="*") for child in value]
    if not isinstance(value, str):
        return value
    if value in bindings:
        return bindings[value]
    kind = kind_of(value, key)
    return _fill_text(value, bindings) if kind is None else kind.sample


def _fill_text(text: str, bindings: Bindings) -> str:
    return PLACEHOLDER.sub(lambda found: bindings.get(found[0]) or _sample(found[0], bindings), text)


def _sample(name: str, bindings: Bindings) -> str:
    number = int((re.findall(r"\d+", name) or ["0"])[-1])
    make = SAMPLES.get(family(name))
    return bindings.setdefault(name, make(number) if make else f"sample{len(bindings)}")


def with_texts(value: Any, key: str = "", parent: str = "Details") -> Any:
    """Undo rule 1 of the normalisation: payloads become JSON text."""
    if _was_text(key, parent) and not isinstance(value, str):
        return json.dumps(value, default=str)
    if isinstance(value, dict):
        return {name: with_texts(child, name, key or parent) for name, child in value.items()}
    return [with_texts(child, "*", key) for child in value] if isinstance(value, list) else value


def _was_text(key: str, parent: str) -> bool:
    return parent == "assignedVariables" or (key in PAYLOADS and parent.endswith("Details"))


class Refused(Exception):
    """A call that AWS refused in the recording."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class ReplayWorld:
    """Answers the steps of one case in their order."""

    def __init__(self, case: Case) -> None:
        self.api: Any = self
        self.mark = MARK
        self._case = case
        self._steps = iter(case.steps)
        self._bindings: Bindings = dict.fromkeys(ROLE_WORDS, ROLE_ARN)
        self._started = 0
        self._outputs = iter(case.expected.get("cases", ()))

    def __getattr__(self, operation: str) -> Callable[..., dict[str, Any]]:
        return lambda **params: self._answer(operation, params)

    def define_lambda(self, name: str, handler: Handler) -> None: ...

    def make(self, service: str, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        return {}

    def collect(self, key: str) -> Any:
        return None

    def task_token(self) -> str:
        return "sample-token"

    def wait(self, execution_arn: str) -> None: ...

    def sleep(self, seconds: float) -> None: ...

    def now(self) -> datetime:
        return NOON + timedelta(days=1)

    def close(self) -> None: ...

    def _answer(self, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        if operation == "describe_execution" and "cases" in self._case.not_from_one_call:
            return {"output": json.dumps(next(self._outputs)["output"])}
        step = next(self._steps)
        if snake_case(step.operation) != operation:
            raise AssertionError(f"{operation} was called where the case has {step.operation}")
        unify(step.params, params, self._bindings, recorded=self._case.recorded_at)
        recorded = self._case.expected[step.keys[0]] if step.keys else self._unrecorded(step, params)
        answer: dict[str, Any] = with_texts(fill(recorded, self._bindings))
        if step.fails:
            raise _refused(answer)
        return answer

    def _unrecorded(self, step: Step, params: dict[str, Any]) -> dict[str, Any]:
        """The answer of a call that the recording does not show, as far as it is used."""
        if step.operation != "StartExecution":
            return {}
        arn = params["stateMachineArn"].replace(":stateMachine:", ":execution:")
        self._started += 1
        return {"executionArn": f"{arn}:<ExecArnPart_{self._started - 1}idx>", "startDate": "datetime"}


def _refused(answer: Mapping[str, Any]) -> Refused:
    if "Error" in answer:
        return Refused(answer["Error"]["Code"], answer["Error"]["Message"])
    code, text = answer["exception_typename"], answer["exception_value"]
    return Refused(code, text if code == "ParamValidationError" else text.partition(" operation: ")[2])
