"""The one service behind the functions of the package, made when it is first needed."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, overload

from sfnb.execution import Execution
from sfnb.machine import StateMachine, load_machine, register
from sfnb.service import StepFunctions

Function = TypeVar("Function", bound=Callable[..., Any])


@functools.cache
def service() -> StepFunctions:
    """The service that `load`, `task` and the magics use."""
    return StepFunctions()


def load(
    definition: str | bytes | dict[str, Any] | Path, *, name: str | None = None, unlimited: bool = False
) -> StateMachine:
    """A state machine from JSON or YAML text, a Python dict, or a file.

    definition: text; a dict; a Path, or a str that names an existing .json, .yaml or .yml file.
    name: "machine" and a number unless told; the name of a machine that exists gives it a new
        definition and keeps its tasks.
    unlimited: lift the bound of 1 MiB.
    Raises DefinitionError with every finding.

    >>> load({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}, name="hello").run({"n": 1}).output
    {'n': 1}
    """
    return load_machine(service(), definition, name=name, unlimited=unlimited)


@overload
def task(function: Function, /) -> Function: ...
@overload
def task(name: str, /) -> Callable[[Function], Function]: ...
def task(function: Any, /) -> Any:
    """Let a Python function stand for a Resource of its name, or of the name that is given.

    >>> @task
    ... def price(order): return {**order, "price": 3}
    >>> @task("arn:aws:lambda:us-east-1:123456789012:function:ship")
    ... def ship_it(order): return "shipped"

    One parameter receives the whole payload; parameters named (event, context) are Lambda's; several
    others are filled by the payload's keys.
    """
    return register(service().registry.functions, function)


def executions() -> list[Execution]:
    """Every execution of this process, newest first."""
    return [Execution(service(), live) for live in service().list_executions()]


def machines() -> list[StateMachine]:
    """Every state machine of this process, oldest first."""
    return [StateMachine(service(), record) for record in service().list_state_machines()]
