"""Variables and the scopes they live in.

The states of a machine share a scope; each branch and iteration has one of its own, from which the
outer ones are read but never assigned. The children of a Distributed Map see nothing of the outside.
Nothing is said of the order: a variable counts as assigned if any state of its scope assigns it.
Source: AWS guide, "Passing data between states with variables", "Variable scope".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from sfnb.asl.ways import did_you_mean
from sfnb.errors import Diagnostic, PathStep

if TYPE_CHECKING:
    from sfnb.asl.machine import Definition
    from sfnb.asl.state import State

Place = tuple[PathStep, ...]
Reads = Mapping[tuple[Place, str], Place]
"""Where in a state, named by its place, a variable is read."""


def check_scopes(definition: Definition, reads: Reads) -> Iterator[Diagnostic]:
    """Variables that nobody assigns, and outer ones that are assigned again."""
    yield from _check(definition, frozenset(), reads)


def _check(definition: Definition, outer: frozenset[str], reads: Reads) -> Iterator[Diagnostic]:
    own = {name: state for state in definition.states.values() for name in sorted(state.assigns)}
    for name in sorted(own.keys() & outer):
        yield _shadowed(name, own[name])
    visible = outer | own.keys()
    for state in definition.states.values():
        for name in state.reads:
            if name not in visible:
                yield _unknown(name, state, visible, reads)
        hidden = getattr(state, "distributed", False)
        for _, part, _ in state.parts():
            yield from _check(part, frozenset() if hidden else visible, reads)


def _shadowed(name: str, state: State) -> Diagnostic:
    return Diagnostic(
        message=f"Variable '{name}' belongs to an outer scope and must not be assigned here",
        path=(*state.place, "Assign"),
        within=(name,),
        at_key=True,
        hint="a branch or an iteration hands values out by its output; choose another name inside",
    )


def _unknown(name: str, state: State, visible: frozenset[str], reads: Reads) -> Diagnostic:
    known = {*visible, "states"} if state.language == "JSONata" else visible
    return Diagnostic(
        message=f"Nothing in this scope assigns the variable '${name}'",
        code="UNKNOWN_VARIABLE",
        path=reads.get((state.place, name), state.place),
        severity="WARNING",
        hint=did_you_mean(name, known)
        or "Assign it in this scope or in one around it; the children of a Distributed Map see none of those",
    )
