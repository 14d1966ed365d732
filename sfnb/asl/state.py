"""What all states have in common.

A state type is a record of its fields, with `check` (what the fields cannot say by themselves),
`run` (the work) and what there is to draw. The data flow before and after `run` belongs to the
query language, Retry and Catch to the interpreter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from sfnb.asl.graph import Edge
from sfnb.asl.recovery import Catcher, Retrier
from sfnb.errors import Diagnostic, PathStep
from sfnb.query import Exit, Flow
from sfnb.query.scope import Scope
from sfnb.values import Payload

if TYPE_CHECKING:
    from sfnb.asl.machine import Definition

WORK_STAGES = {
    "JSONPath": ("InputPath", "Parameters", "ResultSelector", "ResultPath", "OutputPath", "Assign"),
    "JSONata": ("Arguments", "Output", "Assign"),
}
"""The data flow of a state that does work."""

QUIET_STAGES = {"JSONPath": ("InputPath", "OutputPath", "Assign"), "JSONata": ("Output", "Assign")}
"""The data flow of a state that only decides or waits."""


class Transition(msgspec.Struct, frozen=True, gc=False):
    """What a state's work came to, and where to go; next None ends the branch or machine.

    exit: what a Choice rule or a Catcher makes of the result, instead of the state itself.
    """

    result: Payload
    next: str | None
    exit: Exit | None = None


class State(msgspec.Struct, frozen=True, kw_only=True):
    """A state of any type.

    place: the steps from the definition's root to this state. language: its query language.
    reads, assigns: the names of the variables that its fields ask for and set.
    stages: the data-flow fields a type may have, by query language.
    transitions: the type has Next or End. recovers: it may have Retry and Catch.
    """

    stages: ClassVar[Mapping[str, tuple[str, ...]]]
    transitions: ClassVar[bool] = True
    recovers: ClassVar[bool] = False
    aliases: ClassVar[Mapping[str, str]] = {}
    """Older spellings of a field: {"Iterator": "ItemProcessor"}."""

    name: str
    place: tuple[PathStep, ...]
    flow: Flow
    language: str = "JSONPath"
    reads: tuple[str, ...] = ()
    assigns: frozenset[str] = frozenset()
    comment: str | None = None
    next: str | None = None
    retry: tuple[Retrier, ...] = ()
    catch: tuple[Catcher, ...] = ()

    @property
    def type(self) -> str:
        return type(self).__name__

    @property
    def awaits_callback(self) -> bool:
        """Whether its Context Object holds a task token."""
        return False

    def check(self) -> Iterator[Diagnostic]:
        """Findings that no single field shows."""
        yield from ()

    def check_express(self) -> Iterator[Diagnostic]:
        """What an EXPRESS machine may not do."""
        yield from ()

    async def run(self, scope: Scope, payload: Payload) -> Transition:
        """Do the work on the effective input `payload`."""
        raise NotImplementedError

    def ways(self) -> Iterator[Edge]:
        """Ways on that only this type has."""
        yield from ()

    def edges(self) -> Iterator[Edge]:
        """Every way out of this state."""
        if self.next is not None:
            yield Edge(source=self.name, target=self.next)
        yield from self.ways()
        for catcher in self.catch:
            label = ", ".join(catcher.error_equals)
            yield Edge(source=self.name, target=catcher.next, kind="catch", label=label)

    def targets(self) -> Iterator[tuple[str, tuple[PathStep, ...]]]:
        """Every state named as a next one, with the steps from this state to where it is named."""
        if self.next is not None:
            yield self.next, ("Next",)
        for index, catcher in enumerate(self.catch):
            yield catcher.next, ("Catch", index, "Next")

    def ends(self) -> bool:
        """Whether leaving it ends the machine, the branch or the iteration."""
        return self.next is None and (self.transitions or not any(True for _ in self.targets()))

    def leads_anywhere(self) -> bool:
        """Whether where it leads is not known, for want of a field."""
        return False

    def details(self) -> tuple[str, ...]:
        """Short lines for a picture: what it calls, how long it waits."""
        return ()

    def parts(self) -> tuple[tuple[str, Definition, tuple[PathStep, ...]], ...]:
        """What runs inside: (label, definition, steps from this state)."""
        return ()


def problem(state: State, message: str, *within: PathStep, **more: Any) -> Diagnostic:
    """A finding about `state`, at the steps `within` it."""
    return Diagnostic(message=message, path=(*state.place, *within), **more)
