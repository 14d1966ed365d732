"""A definition as a whole, and the rules that only the whole can break.

Source: Amazon States Language, "Top-level fields", "Transitions".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from sfnb.asl.graph import Graph, Node
from sfnb.asl.recovery import check_rules
from sfnb.asl.state import State
from sfnb.asl.ways import check_start, check_target, check_ways
from sfnb.errors import Diagnostic, PathStep

MachineType = Literal["STANDARD", "EXPRESS"]


class ProcessorConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How a Map runs its ItemProcessor.

    execution_type: of the children of a DISTRIBUTED Map, which must say it.
    """

    mode: Literal["INLINE", "DISTRIBUTED"] = "INLINE"
    execution_type: Literal["STANDARD", "EXPRESS"] | None = None


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """The states of a machine, of a branch, or of what a Map does to each item.

    start_at: "" where there is none; such a definition has a finding and is never run.
    place: the steps from the root of the definition; () is the machine.
    timeout_seconds: for the machine only. processor_config: for an ItemProcessor only.
    """

    start_at: str
    states: dict[str, State]
    place: tuple[PathStep, ...] = ()
    comment: str | None = None
    timeout_seconds: int | None = None
    processor_config: ProcessorConfig = ProcessorConfig()


def check(definition: Definition, kind: MachineType = "STANDARD") -> Iterator[Diagnostic]:
    """Every broken rule of the definition and of those inside it."""
    yield from _check_one(definition, kind)
    yield from _duplicate_names(definition)
    yield from _duplicate_labels(definition)


def _check_one(definition: Definition, kind: MachineType) -> Iterator[Diagnostic]:
    yield from check_start(definition)
    for state in definition.states.values():
        yield from state.check()
        if kind == "EXPRESS":
            yield from state.check_express()
        yield from check_rules(state.retry, (*state.place, "Retry"))
        yield from check_rules(state.catch, (*state.place, "Catch"))
        for target, steps in state.targets():
            yield from check_target(target, (*state.place, *steps), definition)
        for _, part, _ in state.parts():
            yield from _check_one(part, part.processor_config.execution_type or kind)
    yield from check_ways(definition)


def _duplicate_names(definition: Definition) -> Iterator[Diagnostic]:
    """State names are unique in the whole machine.

    Source: AWS API reference, ValidateStateMachineDefinitionDiagnostic, DUPLICATE_STATE_NAME.
    """
    first: dict[str, State] = {}
    for state in walk(definition):
        other = first.setdefault(state.name, state)
        if other is not state:
            yield Diagnostic(
                code="DUPLICATE_STATE_NAME",
                message=f"Duplicate State name: {state.name}",
                path=state.place,
                at_key=True,
                hint="names are unique in the whole machine, branches and Map included",
            )


def _duplicate_labels(definition: Definition) -> Iterator[Diagnostic]:
    """So are the labels of Distributed Maps, which are part of ARNs."""
    first: dict[str, State] = {}
    for state in walk(definition):
        label = getattr(state, "label", None)
        if label and first.setdefault(label, state) is not state:
            yield Diagnostic(
                code="DUPLICATE_LABEL_NAME",
                message=f"Duplicate Label name: {label}",
                path=(*state.place, "Label"),
                hint=f'"{first[label].name}" has it already',
            )


def walk(definition: Definition) -> Iterator[State]:
    """Every state, those inside Parallel and Map after the state that holds them."""
    for state in definition.states.values():
        yield state
        for _, part, _ in state.parts():
            yield from walk(part)


def graph(definition: Definition, label: str = "", path: tuple[str | int, ...] = ()) -> Graph:
    """What there is to draw of a definition."""
    nodes = tuple(_node(state, path) for state in definition.states.values())
    known = definition.states
    edges = tuple(e for state in known.values() for e in state.edges() if e.target in known)
    return Graph(start=definition.start_at, nodes=nodes, edges=edges, label=label)


def _node(state: State, path: tuple[str | int, ...]) -> Node:
    here = (*path, state.name)
    graphs = tuple(graph(part, label, (*here, index)) for index, (label, part, _) in enumerate(state.parts()))
    return Node(
        name=state.name,
        type=state.type,
        path=here,
        details=(*state.details(), *_assigns(state)),
        graphs=graphs,
        terminal=state.ends(),
        progress=getattr(state, "distributed", False),
        comment=state.comment or "",
        retry=tuple(r.words() for r in state.retry),
    )


def _assigns(state: State) -> Iterator[str]:
    """The variables it sets, those of its rules and Catchers included."""
    if state.assigns:
        yield "sets " + ", ".join(f"${name}" for name in sorted(state.assigns))
