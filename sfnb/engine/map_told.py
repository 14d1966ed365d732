"""What a map run has its log remember that AWS has no event for: how it is to go, and how far it came.

So whoever reads the log need not read those of the children. A log of old has neither fact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import structs

from sfnb.engine import facts
from sfnb.engine.children import Child
from sfnb.engine.execution import STATUS

if TYPE_CHECKING:
    from sfnb.engine.map_run import MapRun
    from sfnb.engine.past_map_run import PastMapRun


def tell_plan(map_run: MapRun) -> None:
    """Right after MapRunStarted; in a replay, if it is there."""
    replay = map_run.run.replay
    if replay is not None and replay.next is not None and not isinstance(replay.next, facts.MapRunPlanned):
        return
    map_run.frame.fact(
        facts.MapRunPlanned,
        max_concurrency=map_run.max_concurrency,
        tolerated_failure_count=map_run.tolerated_failure_count,
        tolerated_failure_percentage=map_run.tolerated_failure_percentage,
        batched=is_batched(map_run),
    )


def take_update(map_run: MapRun | PastMapRun, told: facts.MapRunUpdated) -> None:
    """From here on it goes as this says."""
    if told.max_concurrency is not None:
        map_run.max_concurrency = told.max_concurrency
    if told.tolerated_failure_count is not None:
        map_run.tolerated_failure_count = told.tolerated_failure_count
    if told.tolerated_failure_percentage is not None:
        map_run.tolerated_failure_percentage = told.tolerated_failure_percentage


def is_batched(map_run: MapRun) -> bool:
    """Whether the items are put together in batches."""
    return getattr(map_run.frame.state, "item_batcher", None) is not None


def tell_counts(map_run: MapRun, stopped: list[Child]) -> None:
    """What it came to, those that have just been stopped with it included; in a replay it is the log's."""
    replay = map_run.run.replay
    if replay is not None:
        counted = replay.next
        if isinstance(counted, facts.MapRunCounted) and counted.frame == map_run.frame.path:
            map_run.frame.fact(facts.MapRunCounted)
            map_run.item_counts = structs.replace(counted.items)
            map_run.executions = structs.replace(counted.executions)
        return
    items, executions = structs.replace(map_run.item_counts), structs.replace(map_run.executions)
    for child in stopped:
        status = _end_of(map_run, child)
        items.move(status, child.item_count)
        executions.move(status, 1)
    map_run.frame.fact(facts.MapRunCounted, items=items, executions=executions)


def _end_of(map_run: MapRun, child: Child) -> str:
    """How a child has ended of whose end the map run has not heard yet."""
    assert child.run is not None
    pending = child.run.pending
    return STATUS[type(pending[-1] if pending else next(map_run.run.store.read_back(child.arn)))]
