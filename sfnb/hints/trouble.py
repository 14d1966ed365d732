"""A failure and what was around it, for whoever explains it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import msgspec

from sfnb.asl.machine import Definition
from sfnb.asl.state import State
from sfnb.query.jsonpath.flow import DROP
from sfnb.query.jsonpath.path import Path, PathNotFound
from sfnb.values import Json, decode

if TYPE_CHECKING:
    from sfnb.engine.visits import Visit
    from sfnb.execution import Execution


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """A failure and what was around it.

    visit: the innermost one that failed; None where it was no state's fault.
    states: as they are defined, from the outermost around the visit to its own.
    """

    execution: Execution
    error: str
    cause: str
    visit: Visit | None
    states: tuple[State, ...]

    @property
    def state(self) -> State | None:
        return self.states[-1] if self.states else None

    @property
    def document(self) -> Json:
        """What the state's paths look into, as far as it can be known: the input after InputPath."""
        if self.visit is None or self.state is None:
            return None
        document = decode(self.visit.input)
        path = getattr(self.state.flow, "input_path", None)
        if path == DROP:
            return {}
        if isinstance(path, Path) and path.root == "$":
            try:
                return path.find(document)
            except PathNotFound:
                pass
        return document

    @property
    def in_child(self) -> bool:
        """Whether it is the execution of an item or batch of a Map in DISTRIBUTED mode."""
        return "/" in self.execution.machine_name

    @property
    def variables(self) -> dict[str, Json]:
        """The workflow variables that the visit could read."""
        if self.visit is None:
            return {}
        known: dict[str, Json] = {}
        for visit in sorted(self.execution.trail, key=lambda each: each.exited_id or 0):
            around = self.visit.frame[: len(visit.frame)] == visit.frame
            if visit.assigned and around and (visit.exited_id or 0) < self.visit.entered_id:
                known |= {name: decode(text) for name, text in visit.assigned.items()}
        return known


Explain = Callable[[Trouble, re.Match[str]], str | None]


def states_on(definition: Definition, path: Iterable[str | int]) -> tuple[State, ...]:
    """The states along a visit's path: ("Each", 0, "Charge")."""
    states: list[State] = []
    for step in path:
        if isinstance(step, int):
            definition = states[-1].parts()[step][1]
        else:
            states.append(definition.states[step])
    return tuple(states)


def shortened(text: str, limit: int) -> str:
    """`text` on one line, cut where it is too long.

    >>> shortened("a\\nb" + "c" * 30, 10)
    'a bccccccc…'
    """
    text = text if len(text) <= limit else text[:limit].rstrip() + "…"
    return " ".join(text.split("\n"))
