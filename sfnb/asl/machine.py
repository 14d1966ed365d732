"""A definition as a whole, and the rules that only the whole can break.

Source: Amazon States Language, "Top-level fields", "Transitions".
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from sfnb.asl.graph import Graph, Node
from sfnb.asl.recovery import check_wildcards
from sfnb.asl.state import State
from sfnb.errors import Diagnostic, PathStep

UNREACHABLE = "MISSING_TRANSITION_TARGET"
MOST_COMPARED = 1_000
MOST_MISSPELT = 20


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """The states of a machine, of a branch, or of what a Map does to each item.

    start_at: "" where there is none; such a definition has a finding and is never run.
    place: the steps from the root of the definition; () is the machine.
    timeout_seconds: for the machine only.
    """

    start_at: str
    states: dict[str, State]
    place: tuple[PathStep, ...] = ()
    comment: str | None = None
    timeout_seconds: int | None = None


def check(definition: Definition) -> Iterator[Diagnostic]:
    """Every broken rule of the definition and of those inside it."""
    yield from _check_one(definition)
    yield from _duplicate_names(definition)


def _check_one(definition: Definition) -> Iterator[Diagnostic]:
    for state in definition.states.values():
        yield from state.check()
        yield from check_wildcards(state.retry, (*state.place, "Retry"))
        yield from check_wildcards(state.catch, (*state.place, "Catch"))
        for target, steps in state.targets():
            yield from _missing("Next", target, (*state.place, *steps), definition)
        for _, part, _ in state.parts():
            yield from _check_one(part)
    if definition.start_at:
        yield from _missing("StartAt", definition.start_at, (*definition.place, "StartAt"), definition)
    yield from _check_ways(definition)


def _missing(
    field: str, target: str, path: tuple[PathStep, ...], definition: Definition
) -> Iterator[Diagnostic]:
    """AWS says Next for Default, Catch and Choices too."""
    if target not in definition.states:
        yield Diagnostic(
            code="MISSING_TRANSITION_TARGET",
            message=f"Missing '{field}' target: {target}",
            path=path,
            hint=did_you_mean(target, definition.states) or "there is no state of this name here",
        )


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """`did you mean "Ship"?` for a near miss, else None."""
    near = nearest(word, known)
    return f'did you mean "{near}"?' if near is not None else None


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known name that `word` is probably meant to be; among very many, none is looked for."""
    folded = {name.casefold(): name for name in reversed(list(known))}
    if len(folded) > MOST_COMPARED:
        return folded.get(word.casefold())
    close = difflib.get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)
    return folded[close[0]] if close else None


def _check_ways(definition: Definition) -> Iterator[Diagnostic]:
    """States that nothing leads to, and states from which nothing leads to an end."""
    states = definition.states
    if not any(state.ends() for state in states.values()):
        yield Diagnostic(
            code="MISSING_END_STATE",
            message="Workflow has no terminal state",
            path=definition.place or None,
            hint='give one state "End": true, or add a Succeed or Fail state',
        )
        return
    meant = _meant(definition)
    start = meant.get(definition.start_at)
    if start is None:
        return
    ways = {name: _ways(state, meant) for name, state in states.items()}
    reached = _closure([start], ways)
    for name, state in states.items():
        if name not in reached:
            yield Diagnostic(
                code=UNREACHABLE,
                message=f'State "{name}" is not reachable.',
                path=state.place,
                at_key=True,
                hint="no Next, Default, Choice or Catch that can be reached leads here",
            )
    if all(meant.values()):
        yield from _endless(definition, ways, reached)


def _meant(definition: Definition) -> dict[str, str | None]:
    """The state behind each name that is given: what is only misspelt makes no other state unreachable.

    Empty where so much is misspelt or missing that nothing can be told.
    """
    states = definition.states
    if any(state.leads_anywhere() for state in states.values()):
        return {}
    names = {target for state in states.values() for target, _ in state.targets()}
    missing = ({definition.start_at} | names) - states.keys()
    if len(missing) > MOST_MISSPELT:
        return {}
    return {name: name for name in states} | {name: nearest(name, states) for name in missing}


def _ways(state: State, meant: Mapping[str, str | None]) -> list[str]:
    """Where a state leads."""
    return [name for target, _ in state.targets() if (name := meant[target]) is not None]


def _endless(
    definition: Definition, ways: Mapping[str, list[str]], reached: set[str]
) -> Iterator[Diagnostic]:
    """A cycle that is entered and never left: allowed on AWS, and hardly ever meant."""
    back: dict[str, list[str]] = {name: [] for name in ways}
    for name, targets in ways.items():
        for target in targets:
            back[target].append(name)
    ends = [name for name, state in definition.states.items() if state.ends()]
    ending = _closure(ends, back)
    stuck = [name for name in definition.states if name in reached and name not in ending]
    if stuck:
        shown = ", ".join(f'"{name}"' for name in stuck[:5])
        yield Diagnostic(
            code="CYCLE_WITHOUT_END",
            message=f"Once here, the machine never ends: {shown}",
            path=definition.states[stuck[0]].place,
            at_key=True,
            hint="no way leads from this cycle to an end; add a Choice that leaves it",
            severity="WARNING",
        )


def _closure(start: Iterable[str], ways: Mapping[str, list[str]]) -> set[str]:
    seen = set(start)
    todo = list(seen)
    while todo:
        for target in ways[todo.pop()]:
            if target not in seen:
                seen.add(target)
                todo.append(target)
    return seen


def _duplicate_names(definition: Definition) -> Iterator[Diagnostic]:
    """State names are to be unique in the whole machine; AWS was not seen to refuse it."""
    first: dict[str, State] = {}
    for state in walk(definition):
        other = first.setdefault(state.name, state)
        if other is not state:
            yield Diagnostic(
                code="DUPLICATE_STATE_NAME",
                message=f'The state name "{state.name}" is used twice',
                path=state.place,
                at_key=True,
                hint="names are to be unique in the whole machine, branches and Map included",
                severity="WARNING",
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
        details=state.details(),
        graphs=graphs,
        terminal=state.ends(),
        comment=state.comment or "",
        retry=tuple(r.words() for r in state.retry),
    )
