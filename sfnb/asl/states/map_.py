"""Map: the same for every item."""

from __future__ import annotations

from typing import Annotated

from sfnb.asl.commands import RunIterations
from sfnb.asl.computed import integer
from sfnb.asl.machine import Definition
from sfnb.asl.recovery import ASSIGN
from sfnb.asl.state import State, Transition
from sfnb.asl.states.parallel import joined
from sfnb.asl.vocabulary import Computed, Path, Template
from sfnb.errors import EvaluationError, PathStep
from sfnb.query.expression import Expression
from sfnb.query.scope import Scope
from sfnb.values import Json, Payload

DISTRIBUTED = (
    "ItemReader",
    "ItemBatcher",
    "ResultWriter",
    "Label",
    "ToleratedFailureCount",
    "ToleratedFailureCountPath",
    "ToleratedFailurePercentage",
    "ToleratedFailurePercentagePath",
)


class Map(State, frozen=True, kw_only=True):
    """Run `item_processor` once per item of a list; the result is the list of the outputs.

    items_path: the list; the whole input by default.
    item_selector: each iteration's input; the item itself by default.
    max_concurrency: how many at a time, 0 for as many as are allowed (40).
    Source: Amazon States Language, "Map State"; AWS recordings.
    """

    stages = {"JSONPath": ("InputPath", "ResultSelector", "ResultPath", "OutputPath"), "JSONata": ("Output",)}
    recovers = True
    aliases = {"Iterator": "ItemProcessor", "Parameters": "ItemSelector"}
    later = ASSIGN | {name: f"{name} (Map in DISTRIBUTED mode)" for name in DISTRIBUTED}

    item_processor: Definition
    items_path: Path = None
    item_selector: Template = None
    max_concurrency: Annotated[Expression | None, Computed(kind="integer", ge=0)] = None

    async def run(self, scope: Scope, payload: Payload) -> Transition:
        limit = integer(self.max_concurrency, scope) or 0
        items = self._items(scope)
        inputs = self._inputs(scope, items)
        outputs = await RunIterations(
            processor=self.item_processor, inputs=inputs, values=items, max_concurrency=limit
        )
        return Transition(joined(outputs), self.next)

    def _items(self, scope: Scope) -> list[Json]:
        items = scope.here if self.items_path is None else self.items_path.evaluate(scope)
        if isinstance(items, list):
            return items
        path = "$" if self.items_path is None else self.items_path.text
        raise EvaluationError("States.Runtime", f'Reference path "{path}" must point to array.')

    def _inputs(self, scope: Scope, items: list[Json]) -> list[Payload]:
        if self.item_selector is None:
            return [Payload(item) for item in items]
        inputs = []
        for index, item in enumerate(items):
            scope.item = {"Item": {"Index": index, "Value": item}}
            inputs.append(Payload(self.item_selector.evaluate(scope)))
        scope.item = None
        return inputs

    def details(self) -> tuple[str, ...]:
        over = "for each item" if self.items_path is None else f"for each of {self.items_path.text}"
        limit = self.max_concurrency
        return (over,) if limit is None or limit.text == "0" else (over, f"{limit.text} at a time")

    def parts(self) -> tuple[tuple[str, Definition, tuple[PathStep, ...]], ...]:
        return (("each item", self.item_processor, ("ItemProcessor",)),)
