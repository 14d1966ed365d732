"""Map runs and the child executions in them: those under way here, and those that stores have kept.

A map run under way answers for itself. Once it has ended its execution's log answers, where that outlives
the process: nothing of it is kept in memory then. What is in memory alone keeps its map runs, as long as it
is there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeGuard
from weakref import WeakValueDictionary

from sfnb.engine.children import Child
from sfnb.engine.map_run import MapRun
from sfnb.engine.map_views import MapRunView
from sfnb.engine.past_map_run import PastMapRun, past_map_runs
from sfnb.engine.ports import EventStore
from sfnb.errors import SfnbError

MOST_REMEMBERED = 10_000
"""Of how many executions what their logs tell of map runs is remembered."""
FEW = 1_000
"""How many map runs there may be of executions in memory before it is looked which of them are gone."""


class ResourceNotFound(SfnbError):
    """No map run has this ARN."""


class MapRuns:
    """Every map run that there is, by ARN.

    stores: where executions are.
    """

    def __init__(self, stores: Callable[[], Sequence[EventStore]]) -> None:
        self._stores = stores
        self._here: WeakValueDictionary[str, MapRun] = WeakValueDictionary()
        """Those of this process, for as long as anything else holds them."""
        self._in_memory: dict[str, MapRun] = {}
        """Those that nothing else would hold."""
        self._sweep_at = FEW
        self._told: dict[str, tuple[int, list[PastMapRun]]] = {}
        """What ended executions' logs tell, with how many records they had then."""

    def opened(self, map_run: MapRun) -> None:
        """On the engine's thread: a map run begins here, or goes on."""
        self._here[map_run.arn] = map_run
        if not map_run.run.store.durable:
            self._in_memory[map_run.arn] = map_run
            if len(self._in_memory) > self._sweep_at:
                self._sweep()

    def _sweep(self) -> None:
        """Those whose executions have been forgotten go with them."""
        for map_run in list(self._in_memory.values()):
            if map_run.run.store.find(map_run.run.arn) is None and map_run.run.ended:
                del self._in_memory[map_run.arn]
        self._sweep_at = max(FEW, 2 * len(self._in_memory))

    def describe(self, arn: str) -> MapRunView:
        """Raises ResourceNotFound."""
        here = self._here.get(arn)
        if _answers(here):
            return here
        for store in self._stores():
            opener = store.opener(arn)
            if opener is not None:
                for told in self._past(store, opener):
                    if told.arn == arn:
                        return told
        raise ResourceNotFound(f"Resource not found: '{arn}'")

    def of_execution(self, execution_arn: str) -> list[MapRunView]:
        """Those that one execution opened, newest first."""
        for store in self._stores():
            arns = store.map_runs(execution_arn)
            if arns:
                return self._of_execution(store, execution_arn, arns)
        return []

    def _of_execution(self, store: EventStore, execution_arn: str, arns: Sequence[str]) -> list[MapRunView]:
        here = {arn: self._here.get(arn) for arn in arns}
        found: dict[str, MapRunView] = {
            arn: run for arn, run in here.items() if _answers(run) and run.run.arn == execution_arn
        }
        if len(found) < len(here):
            found = {run.arn: run for run in self._past(store, execution_arn)} | found
        return sorted(found.values(), key=lambda run: run.started_id, reverse=True)

    def child(self, execution_arn: str) -> tuple[MapRun, Child] | None:
        """The child execution of this ARN, if it is under way here or in memory, and its map run."""
        for map_run in self._around(execution_arn):
            child = map_run.children.get(execution_arn)
            if child is not None and (child.run is not None or not map_run.run.store.durable):
                return map_run, child
        return None

    def _around(self, execution_arn: str) -> list[MapRun]:
        """The map run that a child is in; of a child that is not in a store yet, any there is."""
        for store in self._stores():
            record = store.find(execution_arn)
            if record is not None:
                found = self._here.get(record.parent or "")
                return [] if found is None else [found]
        return [run for reference in self._here.valuerefs() if (run := reference()) is not None]

    def _past(self, store: EventStore, execution_arn: str) -> list[PastMapRun]:
        """What an execution's log tells; it is read once, where it has its end."""
        record = store.find(execution_arn)
        count, told = self._told.get(execution_arn, (0, []))
        if record is not None and record.events == count:
            return told
        told = past_map_runs(store, execution_arn)
        if record is not None and record.status != "RUNNING":
            self._told[execution_arn] = record.events, told
            while len(self._told) > MOST_REMEMBERED:
                self._told.pop(next(iter(self._told)), None)
        return told


def _answers(map_run: MapRun | None) -> TypeGuard[MapRun]:
    """Whether it knows more than the log: where that is durable, until it has ended."""
    if map_run is None:
        return False
    return map_run.stopped is None or not (map_run.run.store.durable or map_run.is_repeated)
