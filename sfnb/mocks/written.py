"""Mocks as text, for the log: who takes an execution up gives it the same answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sfnb.mocks.answers import Mocks
from sfnb.mocks.plan import Plan, Return, Step, Throw
from sfnb.mocks.wanted import wanted_of
from sfnb.values import Json, decode, encode


def written(mocks: Mocks) -> str:
    """JSON text; "" where a function is among them, which cannot be written down."""
    plans: dict[str, Json] = {}
    for state, plan in mocks.plans.items():
        steps: list[Json] = []
        for step in plan.steps:
            match step.answer:
                case Return(value):
                    steps.append([step.first, step.last, {"return": value}])
                case Throw(error, cause):
                    steps.append([step.first, step.last, {"throw": [error, cause]}])
                case _:
                    return ""
        plans[state] = steps
    return encode({"auto": mocks.auto is not None, "plans": plans})


def read(text: str, tree: dict[str, Any], calls: Mapping[str, int]) -> Mocks:
    """What was written.

    tree: the definition's plain JSON tree. calls: how many of each state have been answered before.
    """
    kept: Any = decode(text)
    plans = {state: Plan(tuple(_step(step) for step in steps)) for state, steps in kept["plans"].items()}
    mocks = Mocks(plans, wanted_of(tree) if kept["auto"] else None)
    mocks.go_on(calls)
    return mocks


def _step(kept: list[Any]) -> Step:
    first, last, answer = kept
    return Step(first, last, Return(answer["return"]) if "return" in answer else Throw(*answer["throw"]))
