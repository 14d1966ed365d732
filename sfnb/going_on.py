"""How an execution goes on: resumed, redriven, forked, or by another process, which is waited for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from msgspec import structs

from sfnb.asl.decode import load
from sfnb.asl.machine import walk
from sfnb.asl.ways import did_you_mean
from sfnb.engine import events as ev
from sfnb.engine.clock import Clock, JumpClock
from sfnb.engine.fold import Standing
from sfnb.engine.ports import EventStore
from sfnb.engine.visits import CONTEXT, page_of
from sfnb.errors import SfnbError
from sfnb.execution import Execution, gathered
from sfnb.given import payload_of, read_definition
from sfnb.machine import StateMachine
from sfnb.needs import needs
from sfnb.service import StateMachineRecord, StepFunctions, TasksMissing
from sfnb.service.continuing import OnLost
from sfnb.values import encode

if TYPE_CHECKING:
    import pandas as pd

    from sfnb.mocks import Mocks
    from sfnb.mocks.answers import Given

Definition: TypeAlias = "StateMachine | str | bytes | dict[str, Any] | Path | None"
"""What an execution may be told to go on under; None: what it has."""
Tell: TypeAlias = Callable[[str], None] | None

ELSEWHERE_SECONDS = 0.25
"""How often the store is asked for the end of what another process runs."""


def resume(execution: Execution, on_lost: OnLost, mock: Given | None, on_output: Tell) -> Execution:
    """See `Execution.resume`."""
    service, live = execution._service, execution._live
    mocks = mocks_for(service, live.machine, mock)
    with gathered() as printed:
        on_output = on_output or printed.put
        service.resume_execution(execution.arn, mocks=mocks, on_output=on_output, on_lost=on_lost)
        execution.follow(printed)
    return execution


def redrive(
    execution: Execution,
    definition: Definition,
    mock: Given | None,
    on_output: Tell,
    *,
    skip_waits: bool,
    wait: bool,
) -> Execution:
    """See `Execution.redrive`."""
    service, live = execution._service, execution._live
    machine = machine_for(live.machine, definition)
    mocks = mocks_for(service, machine or live.machine, mock)
    if mocks is None and execution.redrivable:
        check_functions(service, machine or live.machine, execution.name, live.store.read(execution.arn))
    with gathered() as printed:
        service.redrive_execution(
            execution.arn,
            machine=machine,
            clock=jumping(skip_waits),
            mocks=mocks,
            on_output=on_output or (printed.put if wait else None),
        )
        if wait:
            execution.follow(printed)
    return execution


def fork(
    execution: Execution,
    state: str | None,
    event: int | None,
    input: object,
    *,
    definition: Definition,
    name: str | None,
    mock: Given | None,
    on_output: Tell,
    skip_waits: bool,
    wait: bool,
) -> Execution:
    """See `Execution.fork`."""
    service, live = execution._service, execution._live
    event_id = fork_event(execution, state, event)
    machine = machine_for(live.machine, definition)
    mocks = mocks_for(service, machine or live.machine, mock)
    if mocks is None:
        begun = _up_to(live.store.read(execution.arn), event_id)
        check_functions(service, machine or live.machine, execution.name, begun)
    with gathered() as printed:
        new = service.fork_execution(
            execution.arn,
            event_id=event_id,
            input=None if input is None else payload_of(input),
            name=name,
            machine=machine,
            clock=jumping(skip_waits),
            mocks=mocks,
            on_output=on_output or (printed.put if wait else None),
        )
        forked = Execution(service, new)
        if wait:
            forked.follow(printed)
    return forked


def jumping(skip_waits: bool) -> Clock | None:
    """A clock that skips waits, if that is wanted; None: one of the kind that the execution had."""
    return JumpClock() if skip_waits else None


def check_functions(
    service: StepFunctions, machine: StateMachineRecord, name: str, log: Iterable[ev.Event]
) -> None:
    """Raises TasksMissing where a function is not there that is called as soon as a log goes on."""
    standing = Standing(log)
    if standing.plan is not None and standing.plan.mock is not None:
        return
    tasks = service.registry.machine(machine.arn)
    found = needs(machine.definition, machine.source.tree, standing, tasks)
    missing = {need.state: need.name for need in found if not need.later}
    if missing:
        raise TasksMissing(name, missing)


def _up_to(log: Iterable[ev.Event], event_id: int) -> Iterator[ev.Event]:
    for event in log:
        yield event
        if event.id == event_id:
            return


def machine_for(record: StateMachineRecord, definition: Definition) -> StateMachineRecord | None:
    """The machine to go on as: its own functions, under another definition; raises DefinitionError."""
    if definition is None:
        return None
    if isinstance(definition, StateMachine):
        return definition.record
    source = read_definition(definition)
    decoded, warnings = load(source, record.type)
    return structs.replace(record, source=source, definition=decoded, warnings=warnings)


def mocks_for(service: StepFunctions, record: StateMachineRecord, mock: Given | None) -> Mocks | None:
    """Raises InvalidMock."""
    return None if mock is None else StateMachine(service, record).mocks(mock)


def fork_event(execution: Execution, state: str | None, event: int | None) -> int:
    """The event to fork from; raises SfnbError where what is given tells of none, or of two."""
    if event is not None and state is None:
        return event
    if event is not None or state is None:
        raise SfnbError("fork from a state or from an event: give one of the two")
    seen: dict[str, None] = {}
    for each in execution._live.store.read_back(execution.arn):
        if isinstance(each, ev.StateEntered):
            if each.name == state:
                return each.id
            seen[each.name] = None
    visited = ", ".join(map(encode, reversed(seen))) or "none yet"
    known = [each.name for each in walk(execution._live.machine.definition)]
    why = "has not been visited"
    if state not in known:
        why = f"is not there; {did_you_mean(state, known) or 'it is no name of a state'}"
    raise SfnbError(f"the state {encode(state)} {why}; visited were: {visited}")


def wait_for_others(execution: Execution, timeout_seconds: float | None) -> bool:
    """Look into the store now and then, while another process goes on with it.

    Raises SfnbError where nobody does.
    """
    until = None if timeout_seconds is None else time.monotonic() + timeout_seconds
    live = execution._live
    while True:
        live.refresh()
        if live.last is not None:
            return True
        left = None if until is None else max(until - time.monotonic(), 0.0)
        if live.run is not None:  # it has been resumed here
            return live.wait(left)
        if execution.interrupted:
            raise SfnbError(
                f"{execution.name} was interrupted and nobody goes on with it: resume() does, or %asl resume"
            )
        if left == 0:
            return False
        time.sleep(ELSEWHERE_SECONDS if left is None else min(ELSEWHERE_SECONDS, left))


def page(store: EventStore, arn: str, after: int, limit: int, *, newest: bool) -> pd.DataFrame:
    """See `Execution.page`. Some records before the page are read too: they tell whose its events are."""
    from sfnb.frames import events_frame

    if newest:
        log = list(_latest(store.read_back(arn), after, limit))[::-1]
    else:
        log = page_of(store, arn, after, limit)
    found = events_frame(log)
    found = found[found["id"] > after]
    return (found.tail(limit) if newest else found.head(limit)).reset_index(drop=True)


def _latest(records: Iterator[ev.Event], after: int, limit: int) -> Iterator[ev.Event]:
    left = limit
    for event in records:
        left -= event.id > 0
        if left < 0 or 0 < event.id <= after:
            yield event
            yield from islice(records, CONTEXT)
            return
        yield event
