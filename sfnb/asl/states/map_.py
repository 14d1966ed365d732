"""Map: the same for every item."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from msgspec import UNSET

from sfnb.asl.commands import (
    BatchSpec,
    BeginMap,
    Item,
    ReadSpec,
    RunChildren,
    RunIterations,
    StartMapRun,
    Transformation,
    WriteSpec,
)
from sfnb.asl.computed import integer, percentage, shown
from sfnb.asl.machine import Definition
from sfnb.asl.map_items import ItemBatcher, ItemReader, ResultWriter
from sfnb.asl.map_rules import check_map
from sfnb.asl.map_words import map_details, parts_label
from sfnb.asl.state import State, Transition, problem
from sfnb.asl.states.parallel import joined
from sfnb.asl.vocabulary import Computed, Items, Template
from sfnb.errors import Diagnostic, EvaluationError, PathStep
from sfnb.query.expression import Expression
from sfnb.query.scope import Scope
from sfnb.values import Json, Payload


class Map(State, frozen=True, kw_only=True):
    """Run `item_processor` once per item of a list; the result is the list of the outputs.

    items: the list; the whole input by default.
    item_selector: each iteration's input; the item itself by default.
    max_concurrency: how many at a time, 0 for as many as are allowed (40).
    Source: Amazon States Language, "Map State"; AWS recordings.
    """

    stages = {
        "JSONPath": ("InputPath", "ResultSelector", "ResultPath", "OutputPath", "Assign"),
        "JSONata": ("Output", "Assign"),
    }
    recovers = True
    aliases = {"Iterator": "ItemProcessor", "Parameters": "ItemSelector"}

    item_processor: Definition
    items: Items = None
    item_selector: Template = None
    max_concurrency: Annotated[Expression | None, Computed(kind="integer", ge=0)] = None
    item_reader: ItemReader | None = None
    item_batcher: ItemBatcher | None = None
    result_writer: ResultWriter | None = None
    label: str | None = None
    tolerated_failure_count: Annotated[Expression | None, Computed(kind="integer", ge=0)] = None
    tolerated_failure_percentage: Annotated[Expression | None, Computed(kind="number", ge=0, le=100)] = None

    @property
    def distributed(self) -> bool:
        return self.item_processor.processor_config.mode == "DISTRIBUTED"

    @property
    def processor_field(self) -> str:
        """How the definition spells the field: Iterator is its older name."""
        return str(self.item_processor.place[-1])

    def check(self) -> Iterator[Diagnostic]:
        yield from check_map(self)

    def check_express(self) -> Iterator[Diagnostic]:
        if self.distributed:
            yield problem(
                self,
                "Express state machine does not support Map in DISTRIBUTED mode",
                self.processor_field,
                "ProcessorConfig",
                "Mode",
                hint="the children may be EXPRESS, the machine around them has to be STANDARD",
            )

    async def run(self, scope: Scope, payload: Payload) -> Transition:
        limit = integer(self.max_concurrency, scope, or_text=True) or 0
        if self.distributed:
            return Transition(await self._run_children(scope, limit), self.next)
        items = self._items(scope)
        assert isinstance(items, list)
        inputs = self._inputs(scope, items)
        outputs = await RunIterations(
            processor=self.item_processor, inputs=inputs, values=items, max_concurrency=limit
        )
        return Transition(joined(outputs), self.next)

    def _items(self, scope: Scope) -> list[Json] | dict[str, Json]:
        """A list; in DISTRIBUTED mode an object will do as well."""
        items = scope.here if self.items is None else self.items.evaluate(scope)
        if isinstance(items, list) or (self.distributed and isinstance(items, dict)):
            return items
        if self.items is None:
            raise self._no_list(items)
        raise self.items.unexpected(
            "array", items, f'Reference path "{self.items.text}" must point to array.'
        )

    def _no_list(self, found: Json) -> EvaluationError:
        """The failure of a Map whose input is no list."""
        if self.language == "JSONata":
            return EvaluationError(
                "States.QueryEvaluationError", f"Map state input must be an array but was: {shown(found)}"
            )
        return EvaluationError("States.Runtime", 'Reference path "$" must point to array.')

    def _inputs(self, scope: Scope, items: list[Json]) -> list[Payload]:
        if self.item_selector is None:
            return [Payload(item) for item in items]
        inputs = []
        for index, item in enumerate(items):
            scope.item = {"Item": {"Index": index, "Value": item}}
            inputs.append(Payload(self.item_selector.evaluate(scope)))
        scope.item = None
        return inputs

    # DISTRIBUTED mode

    async def _run_children(self, scope: Scope, limit: int) -> Payload:
        """Read, select, batch, run, write: a child execution for each item or batch."""
        items = self._items(scope) if self.item_reader is None else []
        await BeginMap(len(items))
        count = integer(self.tolerated_failure_count, scope, or_text=True)
        share = percentage(self.tolerated_failure_percentage, scope)
        transformation = self._transformation()
        aside = scope.aside()
        children = RunChildren(
            items=items,
            reader=self._read_spec(scope),
            select=lambda index, item: self._selected(aside, index, item),
            batcher=self._batch_spec(scope),
            writer=self._write_spec(scope, transformation) if self._exports() else None,
            transformation=transformation,
        )
        await StartMapRun(
            processor=self.item_processor,
            label=self.label,
            max_concurrency=limit,
            tolerated_failure_count=count,
            tolerated_failure_percentage=share,
        )
        return await children

    def _exports(self) -> bool:
        return self.result_writer is not None and self.result_writer.resource is not None

    def _transformation(self) -> Transformation:
        """NONE unless told where results are exported, else COMPACT."""
        told = None if self.result_writer is None else self.result_writer.writer_config.transformation
        return told or ("NONE" if self._exports() else "COMPACT")

    def _read_spec(self, scope: Scope) -> ReadSpec | None:
        reader = self.item_reader
        if reader is None:
            return None
        return ReadSpec(
            resource=reader.resource,
            arguments=_evaluated(reader.arguments, scope),
            config={} if reader.reader_config is None else reader.reader_config.evaluate(scope),
        )

    def _batch_spec(self, scope: Scope) -> BatchSpec | None:
        batcher = self.item_batcher
        if batcher is None:
            return None
        given = batcher.batch_input
        return BatchSpec(
            max_items=integer(batcher.max_items_per_batch, scope, at_least=1),
            max_bytes=integer(batcher.max_input_bytes_per_batch, scope, at_least=1),
            batch_input=UNSET if given is None else given.evaluate(scope),
        )

    def _write_spec(self, scope: Scope, transformation: Transformation) -> WriteSpec:
        writer = self.result_writer
        assert writer is not None
        return WriteSpec(
            arguments=_evaluated(writer.arguments, scope),
            transformation=transformation,
            output_type=writer.writer_config.output_type or "JSON",
        )

    def _selected(self, scope: Scope, index: int, item: Item) -> Json:
        """What ItemSelector makes of an item; without it, the item, or the pair that it is."""
        if self.item_selector is None:
            return item.value if item.key is None else {"Key": item.key, "Value": item.value}
        context: dict[str, Json] = {"Index": index, "Value": item.value, "Source": item.source}
        if item.key is not None:
            context["Key"] = item.key
        scope.item = {"Item": context}
        return self.item_selector.evaluate(scope)

    def details(self) -> tuple[str, ...]:
        return map_details(self)

    def parts(self) -> tuple[tuple[str, Definition, tuple[PathStep, ...]], ...]:
        return ((parts_label(self), self.item_processor, ("ItemProcessor",)),)


def _evaluated(arguments: Expression | None, scope: Scope) -> dict[str, Json]:
    """The arguments of a reader or writer, which are an object."""
    if arguments is None:
        return {}
    value = arguments.evaluate(scope)
    if isinstance(value, dict):
        return value
    raise arguments.unexpected("object", value, f"The {arguments.field} must be an object")
