"""Which functions an execution calls once it goes on, as far as its log and its definition tell.

What is open calls at once; what the open states lead to, calls later. A name that is only known when the
call is made, as of a function that the data name, is not told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from sfnb.asl.machine import Definition, walk
from sfnb.asl.state import State
from sfnb.asl.states.task import Task
from sfnb.asl.ways import closure
from sfnb.engine import events as ev
from sfnb.engine.again import FAILED, SCHEDULED, SUBMITTED, SUCCEEDED
from sfnb.engine.clock import RealClock
from sfnb.engine.fold import Standing
from sfnb.engine.ports import TaskCall
from sfnb.engine.sleepers import Sleepers
from sfnb.errors import StatesError
from sfnb.registry import MachineTasks
from sfnb.values import EMPTY_OBJECT, Payload

ACTIVITY = ":activity:"


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """A function that is needed.

    state: that calls it. name: what the function has to be called. later: no open state calls it.
    call: as far as it is known; None where only the name is.
    """

    state: str
    name: str
    later: bool = False
    call: TaskCall | None = None


def needs(definition: Definition, tree: Any, standing: Standing, tasks: MachineTasks) -> list[Need]:
    """What is needed and not there, now and later. tree: the definition's plain JSON tree."""
    homes = dict(_homes(definition))
    now = {call.state: call for call in _open_calls(standing, homes, tree)}
    later = [
        _call(state, _static_payload(state, tree), later=True)
        for state in _ahead(standing, homes)
        if isinstance(state, Task) and state.name not in now and ACTIVITY not in state.resource
    ]
    return [named for need in (*now.values(), *later) if (named := _named(need, tasks)) is not None]


def is_lacking(need: Need, tasks: MachineTasks, service_wide: Mapping[str, Any]) -> bool:
    """Whether nothing stands for what is called. service_wide: the functions that serve every machine."""
    if need.call is None:
        return not {need.name, need.state} & {*tasks.functions, *service_wide}
    try:
        return tasks.work(need.state, need.call, tasks.integration(need.call.resource)) is None
    except StatesError:
        return False  # it is called, and refused


def open_states(standing: Standing) -> list[str]:
    """The names of the states that are open, those inside others alone."""
    entries = [(frame, entry) for frame, entry, has_left in _frames(standing) if not has_left]
    around = {frame[:-2] for frame, _ in entries if frame}
    return list(dict.fromkeys(entry.name for frame, entry in entries if frame not in around))


def _frames(standing: Standing) -> Iterator[tuple[ev.FramePath, ev.StateEntered, bool]]:
    """Each frame that lives, with its last state, and whether that was left."""
    records = standing.records()
    left = {event.frame for event in records if isinstance(event, ev.StateExited)}
    for frame in dict.fromkeys(((), *(event.frame for event in records))):
        entry = standing.entry(frame)
        if entry is not None:
            yield frame, entry.entered, frame in left


def _homes(definition: Definition) -> Iterator[tuple[str, tuple[State, Definition]]]:
    """Every state, which has its name alone, and the states that it is among."""
    for state in definition.states.values():
        yield state.name, (state, definition)
        for _, part, _ in state.parts():
            yield from _homes(part)


# What is called now


def _open_calls(standing: Standing, homes: dict[str, tuple[State, Definition]], tree: Any) -> Iterator[Need]:
    last: dict[ev.FramePath, list[ev.Event]] = {}
    for event in standing.records():
        last.setdefault(event.frame, []).append(event)
    for frame, entered, has_left in _frames(standing):
        state = homes[entered.name][0] if entered.name in homes else None
        if has_left or not isinstance(state, Task):
            continue
        scheduled = next((e for e in reversed(last.get(frame, ())) if isinstance(e, SCHEDULED)), None)
        if scheduled is None:
            yield _call(state, _static_payload(state, tree))
        elif not _is_answered(last[frame], scheduled, state.resource):
            text = getattr(scheduled, "parameters", None) or getattr(scheduled, "input", None) or "{}"
            yield _call(state, Payload.of_text(text))


def _is_answered(records: list[ev.Event], scheduled: ev.Event, resource: str) -> bool:
    """Whether the call need not be made: it was answered, or its token is waited for."""
    since = records[records.index(scheduled) + 1 :]
    if resource.endswith(".waitForTaskToken") and any(isinstance(e, SUBMITTED) for e in since):
        return not any(isinstance(e, FAILED) for e in since)
    return any(isinstance(e, SUCCEEDED) for e in since)


# What is called later


def _ahead(standing: Standing, homes: dict[str, tuple[State, Definition]]) -> Iterator[State]:
    """Every state that can still be come to, those inside of Parallel and Map included."""
    seen: dict[str, State] = {}
    for _, entered, has_left in _frames(standing):
        if entered.name not in homes:
            continue
        state, around = homes[entered.name]
        ways = {name: _targets(each, around) for name, each in around.states.items()}
        reached = closure(ways[state.name], ways)
        if not has_left and not isinstance(state, Task):
            reached.add(state.name)  # of what is inside, some may not have begun
        for name in around.states:
            if name in reached:
                seen |= {inner.name: inner for inner in _with_parts(around.states[name])}
    yield from seen.values()


def _targets(state: State, around: Definition) -> list[str]:
    return [target for target, _ in state.targets() if target in around.states]


def _with_parts(state: State) -> Iterable[State]:
    yield state
    for _, part, _ in state.parts():
        yield from walk(part)


# Calls


def _static_payload(state: Task, tree: Any) -> Payload:
    """What is known of a call's parameters before its state is entered: the function that it names."""
    for step in state.place:
        tree = tree[step]
    parameters = tree.get("Parameters", tree.get("Arguments"))
    name = parameters.get("FunctionName") if isinstance(parameters, dict) else None
    if not isinstance(name, str) or name.startswith("{%"):
        return EMPTY_OBJECT
    return Payload({"FunctionName": name})


def _call(state: Task, payload: Payload, *, later: bool = False) -> Need:
    clock = RealClock()
    call = TaskCall(
        resource=state.resource,
        payload=payload,
        region="",
        account="",
        request_id="",
        moment=clock.now(),
        timeout_seconds=None,
        heartbeat_seconds=None,
        credentials=None,
        execution="",
        machine="",
        token=None,
        clock=clock,
        sleepers=Sleepers(),
        on_output=_ignore,
    )
    return Need(state=state.name, name="", later=later, call=call)


def _ignore(text: str) -> None:
    """Nothing is called."""


def _named(need: Need, tasks: MachineTasks) -> Need | None:
    """The need with the function's name; None where the call can be made, or names its function by data."""
    if need.call is None or not is_lacking(need, tasks, {}):
        return None
    try:
        name = tasks.integration(need.call.resource).function_name(need.call)
    except StatesError:
        return None
    return Need(state=need.state, name=bare(name or need.call.resource), later=need.later, call=need.call)


def bare(name: str) -> str:
    """A name as a function is best called: one for all ways in which the answer comes."""
    return name.removesuffix(".waitForTaskToken")
