"""For tests of state machines, and of notebooks that run them.

machine.run(order, clock=sfnb.testing.frozen_clock())      # every Wait at once, equal times each run
with sfnb.testing.repeatable(): ...                        # the same for all that runs inside
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sfnb.engine.clock import JumpClock
from sfnb.engine.records import ExecutionFilter
from sfnb.service import StepFunctions
from sfnb.stores.memory import MemoryStore

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def frozen_clock(start: datetime = NEW_YEAR) -> JumpClock:
    """A clock that stands still but for the waits it jumps over: equal runs have equal times.

    start: an aware datetime.
    """
    return JumpClock(start, frozen=True)


@contextmanager
def repeatable(service: StepFunctions | None = None, *, start: datetime = NEW_YEAR) -> Iterator[None]:
    """Inside this `with`, executions take their times from frozen clocks and are called execution-1,
    execution-2, ...; so ids that derive from names repeat too. They are kept in memory: what a file has from
    before changes nothing.

    service: the one behind `sfnb.load` unless given. Names that it has used already are left out.
    start: where each clock begins.
    """
    if service is None:
        from sfnb.default import service as default

        service = default()
    before = service.clock, service.names, service.store, service.scratch
    if service.store.durable:
        memory = service.scratch or MemoryStore()
        before = service.clock, service.names, service.store, memory
        service.store, service.scratch = memory, None
    used = {execution.name for execution in service.store.list(ExecutionFilter())}
    names = (name for number in itertools.count(1) if (name := f"execution-{number}") not in used)
    service.clock, service.names = (lambda: frozen_clock(start)), (lambda: next(names))
    try:
        yield
    finally:
        service.clock, service.names, service.store, service.scratch = before
