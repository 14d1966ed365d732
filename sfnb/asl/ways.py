"""Where states lead: targets that are not there, states that nothing leads to, ends that are missing.

Source: Amazon States Language, "Transitions"; AWS's answers to definitions that break them.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from sfnb.errors import Diagnostic, PathStep

if TYPE_CHECKING:
    from sfnb.asl.machine import Definition

MISSING = "MISSING_TRANSITION_TARGET"
MOST_COMPARED = 1_000
MOST_MISSPELT = 20

Ways = Mapping[str, list[str]]


def check_start(definition: Definition) -> Iterator[Diagnostic]:
    if definition.start_at:
        yield from check_target(definition.start_at, (*definition.place, "StartAt"), definition)


def check_target(target: str, path: tuple[PathStep, ...], definition: Definition) -> Iterator[Diagnostic]:
    """AWS says Next whatever names the state: StartAt, Default, Catch, Choices."""
    if target not in definition.states:
        yield Diagnostic(
            code=MISSING,
            message=f"Missing 'Next' target: {target}",
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


def check_ways(definition: Definition) -> Iterator[Diagnostic]:
    """No end; states that nothing leads to; cycles that are never left."""
    states = definition.states
    if not any(state.ends() for state in states.values()):
        yield Diagnostic(
            code="MISSING_END_STATE",
            message="Workflow has no terminal state",
            path=definition.place or None,
            hint='give one state "End": true, or add a Succeed or Fail state',
        )
        return
    if not definition.start_at or any(state.leads_anywhere() for state in states.values()):
        return
    ways = {
        name: [target for target, _ in state.targets() if target in states] for name, state in states.items()
    }
    yield from _unnamed(definition, ways)
    yield from _detached(definition, ways)
    if all(target in states for state in states.values() for target, _ in state.targets()):
        yield from _endless(definition, ways)


def _roots(definition: Definition, ways: Ways) -> list[str]:
    named = {target for targets in ways.values() for target in targets}
    return [name for name in definition.states if name not in named and name != definition.start_at]


def _unnamed(definition: Definition, ways: Ways) -> Iterator[Diagnostic]:
    """AWS refuses a state that no other names; what only such a state leads to is not mentioned."""
    lost = _misspelt(definition)
    for name in _roots(definition, ways):
        meant = lost.get(name)
        yield Diagnostic(
            code=MISSING,
            message=f'State "{name}" is not reachable.',
            path=definition.states[name].place,
            at_key=True,
            hint=f'"{meant}" is probably meant to lead here'
            if meant
            else "no Next, Default, Choice or Catch names it",
        )


def _misspelt(definition: Definition) -> dict[str, str]:
    """The name that was probably meant for each state, among those that no state has."""
    states = definition.states
    names = [definition.start_at, *(target for state in states.values() for target, _ in state.targets())]
    missing = dict.fromkeys(name for name in names if name not in states)
    if len(missing) > MOST_MISSPELT:
        return {}
    return {near: name for name in missing if (near := nearest(name, states)) is not None}


def _detached(definition: Definition, ways: Ways) -> Iterator[Diagnostic]:
    """States that name each other, but that no way from StartAt comes to; AWS was not seen to mind."""
    if definition.start_at not in definition.states:
        return
    known = closure([definition.start_at, *_roots(definition, ways)], ways)
    for name, state in definition.states.items():
        if name not in known:
            yield Diagnostic(
                code="UNREACHABLE_STATE",
                message=f'No way from StartAt comes to state "{name}"',
                path=state.place,
                at_key=True,
                hint="only states that are not reached themselves lead here",
                severity="WARNING",
            )


def _endless(definition: Definition, ways: Ways) -> Iterator[Diagnostic]:
    """A cycle that is entered and never left: allowed on AWS, and hardly ever meant."""
    if definition.start_at not in definition.states:
        return
    back: dict[str, list[str]] = {name: [] for name in ways}
    for name, targets in ways.items():
        for target in targets:
            back[target].append(name)
    ending = closure([name for name, state in definition.states.items() if state.ends()], back)
    reached = closure([definition.start_at], ways)
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


def closure(start: Iterable[str], ways: Ways) -> set[str]:
    """Every name that can be come to from `start`."""
    seen = set(start)
    todo = list(seen)
    while todo:
        for target in ways[todo.pop()]:
            if target not in seen:
                seen.add(target)
                todo.append(target)
    return seen
