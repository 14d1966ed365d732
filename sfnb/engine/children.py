"""The child executions of a map run: what is known of each."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from sfnb.engine import events as ev
from sfnb.engine.execution import STATUS, Status
from sfnb.engine.map_ports import ChildResult
from sfnb.values import decode

if TYPE_CHECKING:
    from sfnb.engine.run import Run

KEPT_CHILDREN = 10_000
KEPT_BYTES = 50_000_000
"""How many ended children of one map run keep their logs, and how much they may have been given and have
put out; those that ended first are forgotten first."""


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
    def status(self) -> Status:
        return "RUNNING" if self.last is None else STATUS[type(self.last)]

    @property
    def began(self) -> datetime:
        return self.started.timestamp

    @property
    def ended(self) -> datetime | None:
        return None if self.last is None else self.last.timestamp

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


def item_count(input: str, batched: bool) -> int:
    """How many items a child was given as its input, JSON text.

    >>> item_count('{"Items": [1, 2]}', True), item_count('{"Items": [1, 2]}', False)
    (2, 1)
    """
    if not batched:
        return 1
    batch = decode(input)
    assert isinstance(batch, dict)
    items = batch["Items"]
    assert isinstance(items, list)
    return len(items)


class Children(dict[str, Child]):
    """The children of a map run that are kept, by ARN. The engine's thread adds and removes, any may look."""

    def __init__(self) -> None:
        super().__init__()
        self._ended: deque[Child] = deque()
        self._ended_bytes = 0

    def ended(self, child: Child) -> None:
        """One of them has ended."""
        self._ended.append(child)
        self._ended_bytes += child.size

    def drop_oldest(self) -> Iterator[Child]:
        """Take out those that are too many: a map run of a million must not fill the memory."""
        while len(self._ended) > KEPT_CHILDREN or self._ended_bytes > KEPT_BYTES:
            oldest = self._ended.popleft()
            self._ended_bytes -= oldest.size
            del self[oldest.arn]
            yield oldest

    def in_order(self) -> list[Child]:
        return sorted(self.copy().values(), key=lambda child: child.index)

    def find(self, which: int | str) -> Child | None:
        """The one with this index, name or ARN."""
        known = self.copy().values()
        return next((child for child in known if which in (child.index, child.name, child.arn)), None)

    def chosen(self, most: int) -> list[Child]:
        """So many at most, by index; where there are more, those that did not succeed before others."""
        children = self.in_order()
        if len(children) > most:
            children.sort(key=lambda child: child.status == "SUCCEEDED")
        return sorted(children[:most], key=lambda child: child.index)

    def first_failed(self) -> Child | None:
        """The one that failed or timed out before any other did."""
        failed = [child for child in self.in_order() if child.status in ("FAILED", "TIMED_OUT")]
        return min(failed, key=lambda child: child.ended or child.began, default=None)
