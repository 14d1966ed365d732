"""Small machines and clocks that several tests of the engine use."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sfnb.engine import events as ev
from sfnb.engine import facts
from sfnb.engine.clock import JumpClock
from sfnb.execution import Execution
from sfnb.machine import StateMachine, load_machine
from sfnb.service import StepFunctions

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
TREE = dict[str, Any]

ENDLESS: TREE = {
    "StartAt": "A",
    "States": {
        "A": {"Type": "Pass", "Next": "B"},
        "B": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.stop", "IsPresent": True, "Next": "C"}],
            "Default": "A",
        },
        "C": {"Type": "Succeed"},
    },
}


class TickingClock:
    """Every look at it finds it a little later: time that passes without anybody waiting."""

    jumps = False
    frozen = False

    def __init__(self, tick: timedelta = timedelta(milliseconds=1)) -> None:
        self.tick = tick
        self.moment = NOON

    def now(self) -> datetime:
        self.moment += self.tick
        return self.moment

    def jump(self, moment: datetime) -> None:
        raise AssertionError("it does not jump")


def frozen() -> JumpClock:
    return JumpClock(NOON, frozen=True)


def single(state: TREE) -> TREE:
    """A machine of one state, which ends it."""
    return {"StartAt": "It", "States": {"It": {**state, "End": True}}}


def chain(*states: TREE) -> TREE:
    """A machine of states one after another: S0, S1 and so on."""
    last = len(states) - 1
    named = {
        f"S{n}": state | ({"End": True} if n == last else {"Next": f"S{n + 1}"})
        for n, state in enumerate(states)
    }
    return {"StartAt": "S0", "States": named}


def distinct(tree: TREE) -> TREE:
    """The same machine with names that are unique in all of it: `It` inside of `It` becomes `It'`."""
    taken: set[str] = set()

    def rename(part: TREE) -> TREE:
        names = {}
        for name in part["States"]:
            new = name
            while new in taken:
                new += "'"
            taken.add(new)
            names[name] = new
        states = {names[name]: moved(state, names) for name, state in part["States"].items()}
        return {**part, "StartAt": names[part["StartAt"]], "States": states}

    def moved(value: Any, names: dict[str, str]) -> Any:
        if isinstance(value, list):
            return [moved(item, names) for item in value]
        if not isinstance(value, dict):
            return value
        if "States" in value:
            return rename(value)
        return {
            key: names.get(item, item)
            if key in ("Next", "Default") and isinstance(item, str)
            else item
            if key in ("Parameters", "Result", "Assign", "ItemSelector")
            else moved(item, names)
            for key, item in value.items()
        }

    return rename(tree)


def parallel(*branches: TREE, **fields: Any) -> TREE:
    """A Parallel state of these branches."""
    return {"Type": "Parallel", "Branches": list(branches), **fields}


def distributed(states: TREE, *, kind: str = "STANDARD", **fields: Any) -> TREE:
    """A Map in DISTRIBUTED mode over the machine of `states`, which begins with the first of them."""
    config = {"Mode": "DISTRIBUTED", "ExecutionType": kind}
    processor = {"ProcessorConfig": config, "StartAt": next(iter(states)), "States": states}
    return {"Type": "Map", "Label": "each", "ItemProcessor": processor, **fields}


def load(service: StepFunctions, tree: TREE, **tasks: Any) -> StateMachine:
    machine = load_machine(service, distinct(tree), name="machine")
    machine.tasks.update(tasks)
    return machine


def history(execution: Execution) -> Sequence[ev.Event]:
    """The events without our facts."""
    return [event for event in execution.log if not isinstance(event, facts.Fact)]


def types(execution: Execution) -> list[str]:
    return [event.type for event in history(execution)]


def facts_of(execution: Execution, kind: type[facts.Fact]) -> list[Any]:
    return [event for event in execution.log if isinstance(event, kind)]


def arn_of(name: str, machine: str = "machine") -> str:
    """The ARN of an execution."""
    return f"arn:aws:states:us-east-1:123456789012:execution:{machine}:{name}"
