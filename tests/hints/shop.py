"""Input for the machines that go wrong, and how they are run."""

from __future__ import annotations

from typing import Any

from sfnb.execution import Execution
from sfnb.machine import StateMachine

INPUT: dict[str, Any] = {"n": 2, "order": {"id": 7, "lines": [1]}}
ROWS = [{"p": 1}, {"p": 2}]


def run(machine: StateMachine, **more: Any) -> Execution:
    return machine.run(INPUT | more, skip_waits=True)


def inner(name: str = "I", **state: Any) -> dict[str, Any]:
    return {"StartAt": name, "States": {name: state | ({} if state["Type"] == "Fail" else {"End": True})}}
