"""The child executions of a map run: what is known of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import msgspec

from sfnb.engine import events as ev
from sfnb.engine.execution import STATUS
from sfnb.engine.map_ports import ChildResult, Status

if TYPE_CHECKING:
    from sfnb.engine.run import Run


class Counts(msgspec.Struct):
    """How many items, or executions, are where. Source: AWS API reference, MapRunItemCounts."""

    pending: int = 0
    running: int = 0
    succeeded: int = 0
    failed: int = 0
    timed_out: int = 0
    aborted: int = 0
    results_written: int = 0

    @property
    def total(self) -> int:
        return self.pending + self.running + self.succeeded + self.failed + self.timed_out + self.aborted

    def move(self, status: str, count: int) -> None:
        """So many have ended with this status."""
        self.running -= count
        outcome = status.lower()
        setattr(self, outcome, getattr(self, outcome) + count)


class Child(msgspec.Struct):
    """A child execution, as ListExecutions shows it."""

    arn: str
    name: str
    run: Run | None
    index: int
    item_count: int
    started: ev.ExecutionStarted
    last: ev.Event | None = None
    waiting: list[Callable[[ev.Event], None]] = []

    def tell_end(self, tell: Callable[[ev.Event], None]) -> None:
        """Call `tell` with the last event; at once if there is one."""
        if self.last is not None:
            tell(self.last)
        else:
            self.waiting.append(tell)

    def end(self, last: ev.Event) -> None:
        self.run, self.last = None, last
        for tell in self.waiting:
            tell(last)

    @property
    def output(self) -> str | None:
        """JSON text; None of one that has not succeeded."""
        return self.last.output if isinstance(self.last, ev.ExecutionSucceeded) else None

    @property
    def size(self) -> int:
        """About how many bytes its log keeps."""
        return len(self.started.input) + len(self.output or "")

    @property
    def status(self) -> Status | Literal["RUNNING"]:
        return "RUNNING" if self.last is None else STATUS[type(self.last)]

    def result(self, machine_arn: str) -> ChildResult:
        """What a ResultWriter is told of it, once it has ended."""
        last = self.last
        assert last is not None
        return ChildResult(
            execution_arn=self.arn,
            input=self.started.input,
            name=self.name,
            output=self.output,
            error=getattr(last, "error", None),
            cause=getattr(last, "cause", None),
            start_date=self.started.timestamp,
            stop_date=last.timestamp,
            state_machine_arn=machine_arn,
            status=STATUS[type(last)],  # type: ignore[arg-type]
        )
