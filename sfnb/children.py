"""The child executions of map runs, put where they would stand were the Map an inline one.

A Map in DISTRIBUTED mode leaves a line or two in its own log: what happened to the items stands in the
logs of the children. Pictures want both, so the visits of the children get the path, the frame and the
indices that those of an iteration have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime

from msgspec import structs

from sfnb.asl.graph import NodePath
from sfnb.engine.counts import Counts
from sfnb.engine.events import Event
from sfnb.engine.map_views import ChildView, MapRunView
from sfnb.engine.visits import Visit, fold_visits
from sfnb.map_runs import MapRuns, ResourceNotFound
from sfnb.renderers.story import Progress

MOST_CHILDREN = 10_000
"""How many children of a map run are looked into."""

Read = Callable[[str], Iterable[Event]]
"""The log of the execution of this ARN; empty where it is not kept any more."""

Folded = dict[str, tuple[Visit, ...]]
"""What children that have ended did, by ARN: folded once."""


def deep_trail(
    trail: Sequence[Visit], map_runs: MapRuns, read: Read, folded: Folded, *, most: int = MOST_CHILDREN
) -> list[Visit]:
    """The visits of an execution and of the children in it, each after the Map that it is inside of.

    Of a Map that was tried again the last map run counts. Of one with more than `most` children those
    that did not succeed come first.
    """

    def deeper(visits: Iterable[Visit]) -> Iterator[Visit]:
        for visit in visits:
            yield visit
            for map_run in last_map_runs([visit], map_runs):
                for child in map_run.children.chosen(most):
                    yield from deeper(placed(each, visit, child.index) for each in visits_of(child))

    def visits_of(child: ChildView) -> tuple[Visit, ...]:
        known = folded.get(child.arn)
        if known is None:
            ended = child.ended is not None
            known = tuple(fold_visits(read(child.arn)))
            if ended:
                folded[child.arn] = known
        return known

    return list(deeper(trail))


def last_map_runs(visits: Iterable[Visit], map_runs: MapRuns) -> Iterator[MapRunView]:
    """Of each visit of a Map the map run of its last attempt, if it is known."""
    for visit in visits:
        if visit.map_runs:
            try:
                yield map_runs.describe(visit.map_runs[-1])
            except ResourceNotFound:
                continue


def placed(inner: Visit, map_visit: Visit, index: int) -> Visit:
    """A visit in a child, as one in iteration `index` of the Map."""
    return structs.replace(
        inner,
        path=(*map_visit.path, 0, *inner.path),
        frame=(*map_visit.frame, map_visit.entered_id, index, *inner.frame),
        iteration=(*(map_visit.iteration or ()), index, *(inner.iteration or ())),
    )


def progress_of(
    visits: Iterable[Visit], map_runs: MapRuns, moment: datetime | None = None
) -> dict[NodePath, Progress]:
    """How far the Maps in DISTRIBUTED mode are; those of one path are added up.

    moment: how far they were then, `visits` being those up to it; of a map run that was under way the
        children count that are still kept.
    """
    found: dict[NodePath, Progress] = {}
    for visit in visits:
        for map_run in last_map_runs([visit], map_runs):
            if moment is None or visit.status != "running":
                progress = progress_of_run(map_run, visit.length)
            else:
                progress = _progress_then(map_run, moment, visit.length)
            found[visit.path] = found[visit.path] + progress if visit.path in found else progress
    return found


def _progress_then(map_run: MapRunView, moment: datetime, length: int) -> Progress:
    items = Counts()
    for child in map_run.children.in_order():
        if child.began <= moment:
            ended = child.ended is not None and child.ended <= moment
            items.add(child.status if ended else "RUNNING", child.item_count)
    return _progress(items, length or None)


def progress_of_run(map_run: MapRunView, length: int = 0) -> Progress:
    """`length`: how many items it was given; 0 where that shows as they are read."""
    items = map_run.items
    return _progress(items, items.total if map_run.stopped is not None else length or None)


def _progress(items: Counts, total: int | None) -> Progress:
    return Progress(
        succeeded=items.succeeded,
        failed=items.failed,
        timed_out=items.timed_out,
        aborted=items.aborted,
        running=items.running,
        total=total,
    )
