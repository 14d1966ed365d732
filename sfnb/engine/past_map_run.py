"""Map runs as logs tell of them: the log of the execution that opened them, and those of their children.

What a map run came to stands in its execution's log (see `map_told`), so that nothing else has to be read
for it. Where it does not, as of one that was cut off, the store's records of the children are counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import islice

from msgspec import structs

from sfnb.engine import events as ev
from sfnb.engine import facts
from sfnb.engine.children import item_count
from sfnb.engine.counts import Counts
from sfnb.engine.execution import Status
from sfnb.engine.map_told import take_update
from sfnb.engine.map_views import MapRunStatus
from sfnb.engine.ports import EventStore
from sfnb.engine.records import ExecutionFilter, ExecutionRecord

MOST_BATCHES = 10_000
"""How many batches are looked into for their sizes; what comes after them counts as large as the first."""
SHORT_LOG = 256
"""Up to so many records, a log is read once for both of its ends."""

NOT_SUCCEEDED: Sequence[Status] = ("FAILED", "TIMED_OUT", "ABORTED", "RUNNING")
CLOSING: dict[type[ev.Event], MapRunStatus] = {
    ev.MapRunSucceeded: "SUCCEEDED",
    ev.MapRunFailed: "FAILED",
    ev.MapRunAborted: "ABORTED",
}
TELLING: tuple[type[ev.Event], ...] = (
    *CLOSING,
    ev.MapRunRedriven,
    facts.MapRunPlanned,
    facts.MapRunUpdated,
    facts.MapRunCounted,
)
"""The records that say more of a map run that was opened."""


class PastChild:
    """A child execution that a store has; its log is read when more is asked than the store's record says."""

    __slots__ = ("_batched", "_ends", "_store", "record")

    def __init__(self, store: EventStore, record: ExecutionRecord, batched: bool) -> None:
        self.record = record
        self._store = store
        self._batched = batched
        self._ends: tuple[ev.ExecutionStarted, ev.Event | None] | None = None

    @property
    def arn(self) -> str:
        return self.record.arn

    @property
    def name(self) -> str:
        return self.record.name

    @property
    def index(self) -> int:
        return self.record.index or 0

    @property
    def item_count(self) -> int:
        return item_count(self.started.input, True) if self._batched else 1

    @property
    def status(self) -> Status:
        return self.record.status

    @property
    def began(self) -> datetime:
        return self.record.started

    @property
    def ended(self) -> datetime | None:
        return self.record.stopped

    @property
    def started(self) -> ev.ExecutionStarted:
        return self._read()[0]

    @property
    def last(self) -> ev.Event | None:
        return self._read()[1]

    def _read(self) -> tuple[ev.ExecutionStarted, ev.Event | None]:
        if self._ends is None:
            events = list(islice(self._store.read(self.arn), min(SHORT_LOG, self.record.events)))
            first, last = events[0], events[-1]
            if self.status != "RUNNING" and self.record.events > SHORT_LOG:
                last = next(self._store.read_back(self.arn))
            assert isinstance(first, ev.ExecutionStarted)
            self._ends = first, None if self.status == "RUNNING" else last
        return self._ends


class PastChildren:
    """The children of a map run that a store has; each time they are asked for, it is asked again.

    rebegun: some may have been begun anew: of those of one index the latest counts.
    """

    def __init__(self, store: EventStore, map_run: str, *, batched: bool, rebegun: bool) -> None:
        self._store = store
        self._map_run = map_run
        self._batched = batched
        self._rebegun = rebegun

    def records(self) -> Sequence[ExecutionRecord]:
        """All of them, by index."""
        return self._latest(self._listed())

    def in_order(self) -> list[PastChild]:
        return [self._child(record) for record in self.records()]

    def find(self, which: int | str) -> PastChild | None:
        """The one with this index, name or ARN."""
        if isinstance(which, int):
            found = self._at(which)
        elif which.startswith("arn:"):
            record = self._store.find(which)
            found = record if record is not None and record.parent == self._map_run else None
        else:
            found = next((record for record in self._listed(name=which) if record.name == which), None)
        return None if found is None else self._child(found)

    def _at(self, index: int) -> ExecutionRecord | None:
        """There are no gaps, so a place in the list is an index, where each has one."""
        if index < 0:
            return None
        if not self._rebegun:
            return next(iter(self._listed(offset=index, limit=1)), None)
        return next((record for record in self._listed() if record.index == index), None)

    def chosen(self, most: int) -> list[PastChild]:
        """So many at most, by index; where there are more, those that did not succeed before others."""
        bad: Sequence[ExecutionRecord] = ()
        good: Sequence[ExecutionRecord] = ()
        if self._rebegun:
            records = self.records()
            bad = [record for record in records if record.status != "SUCCEEDED"]
            good = [record for record in records if record.status == "SUCCEEDED"]
        else:
            records = self._listed(limit=most + 1)
            if len(records) > most:
                bad = self._listed(status=NOT_SUCCEEDED, limit=most)
                good = self._listed(status=("SUCCEEDED",), limit=most)
        if len(records) > most:
            records = sorted([*bad, *good][:most], key=lambda record: record.index or 0)
        return [self._child(record) for record in records]

    def first_failed(self) -> PastChild | None:
        """The one that failed or timed out before any other did."""
        statuses = ("FAILED", "TIMED_OUT")
        records = self.records() if self._rebegun else self._listed(status=statuses)
        failed = [record for record in records if record.status in statuses]
        first = min(failed, key=lambda record: record.stopped or record.started, default=None)
        return None if first is None else self._child(first)

    def counts(self) -> tuple[Counts, Counts]:
        """Of items and of executions, as their records have them."""
        items, executions = Counts(), Counts()
        size = 1
        for number, record in enumerate(self.records()):
            if self._batched and number < MOST_BATCHES:
                count = self._child(record).item_count
                size = size if number else count
            else:
                count = size
            items.add(record.status, count)
            executions.add(record.status, 1)
        return items, executions

    def _child(self, record: ExecutionRecord) -> PastChild:
        return PastChild(self._store, record, self._batched)

    def _listed(self, **wanted: object) -> Sequence[ExecutionRecord]:
        wanted_ = ExecutionFilter(parent=self._map_run, **wanted)  # type: ignore[arg-type]
        return self._store.list(wanted_)

    def _latest(self, records: Sequence[ExecutionRecord]) -> Sequence[ExecutionRecord]:
        """The first one of each index: it is the one that was begun last."""
        if not self._rebegun:
            return records
        latest: dict[int | None, ExecutionRecord] = {}
        for record in records:
            latest.setdefault(record.index, record)
        return list(latest.values())


class PastMapRun:
    """A map run that the log of its execution tells of; fulfils `map_views.MapRunView`.

    One that has no end there is RUNNING, as its children are that have none, even where nobody goes on.
    """

    def __init__(self, store: EventStore, opened: ev.MapRunStarted, state: str, length: int) -> None:
        """state: the name of the Map. length: how many items it was given; 0 where they are read."""
        self.arn = opened.map_run_arn
        self.state = state
        self.label = self.arn.split(":")[6].rpartition("/")[2]
        self.started_id = opened.id
        self.started = opened.timestamp
        self.status: MapRunStatus = "RUNNING"
        self.stopped: datetime | None = None
        self.redrive_count = 0
        self.redriven: datetime | None = None
        self._store = store
        self._length = length
        self.max_concurrency = 0
        self.tolerated_failure_count: int | None = None
        self.tolerated_failure_percentage: float | None = None
        self._batched = False
        self._counts: tuple[Counts, Counts] | None = None

    @property
    def children(self) -> PastChildren:
        return PastChildren(self._store, self.arn, batched=self._batched, rebegun=self.redrive_count > 0)

    @property
    def items(self) -> Counts:
        return self._counted()[0]

    @property
    def executions(self) -> Counts:
        return self._counted()[1]

    def _counted(self) -> tuple[Counts, Counts]:
        if self._counts is None:
            self._counts = self.children.counts()
            items = self._counts[0]
            items.pending = max(0, self._length - items.total)
        return self._counts

    def take(self, event: ev.Event) -> None:
        """What its execution's log says of it."""
        match event:
            case facts.MapRunPlanned():
                self.max_concurrency = event.max_concurrency
                self.tolerated_failure_count = event.tolerated_failure_count
                self.tolerated_failure_percentage = event.tolerated_failure_percentage
                self._batched = event.batched
            case facts.MapRunUpdated():
                take_update(self, event)
            case ev.MapRunRedriven():
                self.status, self.stopped, self._counts = "RUNNING", None, None
                self.redrive_count, self.redriven = event.redrive_count, event.timestamp
            case facts.MapRunCounted():
                self._counts = structs.replace(event.items), structs.replace(event.executions)
            case _:
                self.close(CLOSING[type(event)], event.timestamp)

    def close(self, status: MapRunStatus, moment: datetime) -> None:
        if self.stopped is None:
            self.status, self.stopped = status, moment


def past_map_runs(store: EventStore, execution: str) -> list[PastMapRun]:
    """Those that an execution's log tells of, oldest first; a fork has those that its origin had ended."""
    states: dict[ev.FramePath, str] = {}
    lengths: dict[ev.FramePath, int] = {}
    latest: dict[ev.FramePath, PastMapRun] = {}
    found: dict[str, PastMapRun] = {}
    for event in store.read(execution):
        if isinstance(event, ev.StateEntered):
            states[event.frame] = event.name
        elif isinstance(event, ev.MapStateStarted):
            lengths[event.frame] = event.length
        elif isinstance(event, ev.MapRunStarted):
            run = PastMapRun(store, event, states[event.frame], lengths[event.frame])
            found[run.arn] = latest[event.frame] = run
        elif isinstance(event, TELLING):
            latest[event.frame].take(event)
        elif isinstance(event, ev.TERMINAL):
            for run in found.values():
                run.close("ABORTED", event.timestamp)
        elif isinstance(event, facts.ExecutionForked):
            found = {arn: run for arn, run in found.items() if run.stopped is not None}
    return list(found.values())
