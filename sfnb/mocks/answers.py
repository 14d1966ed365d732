"""The mocks of one execution, and how a caller writes them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from difflib import get_close_matches
from types import EllipsisType
from typing import Any, Literal, TypeAlias

from sfnb.engine.map_ports import MapData
from sfnb.engine.ports import TaskCall, Tasks
from sfnb.errors import StatesError
from sfnb.mocks.auto import auto_result
from sfnb.mocks.plan import Function, InvalidMock, Plan, Return, Throw, plan_of
from sfnb.mocks.shapes import check_models
from sfnb.mocks.wanted import Wanted, wanted_of
from sfnb.values import Payload

Given: TypeAlias = Literal["auto"] | Mapping[str, Any] | Mapping[str | EllipsisType, Any]


class Mocks:
    """Plans by state name, and how many calls of each state they have answered: made anew for each
    execution. The children of a Distributed Map share it, so they count on.

    auto: what the definition reads of its tasks, where those without a plan are to be answered too.
    """

    def __init__(self, plans: Mapping[str, Plan], auto: Wanted | None = None) -> None:
        """Raises NoModels where `auto` is given and botocore is not installed."""
        self.plans = dict(plans)
        self.auto = auto
        self._calls: Counter[str] = Counter()
        if auto is not None:
            check_models()

    def go_on(self, calls: Mapping[str, int]) -> None:
        """So many calls of each state have been answered before."""
        self._calls.update(calls)

    def answer(self, state: str) -> Payload | StatesError | Function | None:
        """The next answer of a state: its result as it is, its failure, a function that is to be called
        with the task's whole input; None where the state has no plan."""
        plan = self.plans.get(state)
        if plan is None:
            return None
        attempt = self._calls[state]
        self._calls[state] += 1
        match plan.answer(attempt):
            case None:
                return StatesError("States.Runtime", plan.ended(state, attempt))
            case Return(value):
                return Payload(value)
            case Throw() as thrown:
                return thrown.failure()
            case function:
                return function

    def around(self, tasks: Tasks, map_data: MapData, moment: datetime) -> tuple[Tasks, MapData]:
        """The two ports with these mocks before what stands behind them."""
        from sfnb.mocks.map_data import MockedMapData
        from sfnb.mocks.tasks import MockedTasks

        mocked = MockedTasks(tasks, self)
        return mocked, map_data if self.auto is None else MockedMapData(map_data, self.auto, moment)

    def automatic(self, state: str, call: TaskCall) -> Payload | None:
        """A plausible answer for a task that has neither a plan nor a function."""
        if self.auto is None:
            return None
        return Payload(auto_result(call, self.auto.results.get(state)))


def mocks_of(given: Given, tree: dict[str, Any], states: Iterable[str] | None = None) -> Mocks:
    """Mocks for one execution, from what a caller wrote.

    given: "auto"; or by state name, a list with the answers of one call after another, or one answer for
        every call, and under `...` "auto" for all other tasks. A `Plan` is taken as it is.
    tree: the definition's plain JSON tree. states: its Task states, nested ones too; None if not known.
    Raises InvalidMock with every finding, NoModels.
    """
    if given == "auto":
        return Mocks({}, wanted_of(tree))
    if isinstance(given, str):
        raise InvalidMock([f"mock='auto' or a mapping of states is expected, not {given!r}"])
    known = None if states is None else list(states)
    plans: dict[str, Plan] = {}
    findings: list[str] = []
    for state, answers in given.items():
        if not isinstance(state, str):
            findings += [] if answers == "auto" else [f"...: 'auto' is expected, not {answers!r}"]
            continue
        if known is not None and state not in known:
            near = get_close_matches(state, known, n=1)
            meant = f"; did you mean '{near[0]}'?" if near else ""
            findings.append(f"{state}: there is no Task state of this name{meant}")
        try:
            plans[state] = answers if isinstance(answers, Plan) else plan_of(answers)
        except InvalidMock as fault:
            findings += [f"{state}: {finding}" for finding in fault.findings]
    if findings:
        raise InvalidMock(findings)
    return Mocks(plans, wanted_of(tree) if len(plans) < len(given) else None)
