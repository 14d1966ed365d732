"""Map runs and their children as they are shown: those under way here, and those that logs tell of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol

from sfnb.engine.counts import Counts
from sfnb.engine.events import Event, ExecutionStarted
from sfnb.engine.execution import Status

MapRunStatus = Literal["RUNNING", "SUCCEEDED", "FAILED", "ABORTED"]


class ChildView(Protocol):
    """A child execution, as ListExecutions shows it.

    index: its place in its map run, from 0; item_count: how many items it was given.
    began, ended: on the execution's clock; `ended` is None while it has no end.
    started, last: its first event, and the one that ended it. A log may have to be read for them.
    """

    @property
    def arn(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def index(self) -> int: ...
    @property
    def item_count(self) -> int: ...
    @property
    def status(self) -> Status: ...
    @property
    def began(self) -> datetime: ...
    @property
    def ended(self) -> datetime | None: ...
    @property
    def started(self) -> ExecutionStarted: ...
    @property
    def last(self) -> Event | None: ...


class ChildrenView(Protocol):
    """The children of a map run, as far as they are kept; one that was begun anew is the later one."""

    def in_order(self) -> Sequence[ChildView]:
        """All of them, by index."""

    def find(self, which: int | str) -> ChildView | None:
        """The one with this index, name or ARN."""

    def chosen(self, most: int) -> Sequence[ChildView]:
        """So many at most, by index; where there are more, those that did not succeed before others."""

    def first_failed(self) -> ChildView | None:
        """The one that failed or timed out before any other did."""


class MapRunView(Protocol):
    """A map run, as DescribeMapRun shows it.

    state: the name of the Map. label: names its map runs.
    started_id: of MapRunStarted in the log of the execution around it.
    stopped: when it ended, None while it is running.
    max_concurrency: 0 for as many as are allowed.
    items, executions: as of now; of one that has ended, as it ended.
    redrive_count, redriven: how often it has been redriven, and when last.
    """

    @property
    def arn(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def started_id(self) -> int: ...
    @property
    def status(self) -> MapRunStatus: ...
    @property
    def started(self) -> datetime: ...
    @property
    def stopped(self) -> datetime | None: ...
    @property
    def max_concurrency(self) -> int: ...
    @property
    def tolerated_failure_count(self) -> int | None: ...
    @property
    def tolerated_failure_percentage(self) -> float | None: ...
    @property
    def items(self) -> Counts: ...
    @property
    def executions(self) -> Counts: ...
    @property
    def redrive_count(self) -> int: ...
    @property
    def redriven(self) -> datetime | None: ...
    @property
    def children(self) -> ChildrenView: ...
