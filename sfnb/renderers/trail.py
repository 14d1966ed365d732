"""From the visits of an execution to what its pictures show.

A visit comes from the engine's fold of the log; here it is anything with these attributes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from sfnb.asl.graph import NodePath
from sfnb.renderers.labels import clean
from sfnb.renderers.story import Story, gravest
from sfnb.renderers.style import Standing, Status
from sfnb.renderers.timeline import Bar
from sfnb.values import decode


class Visit(Protocol):
    """A state from its entry to its end; see `engine.visits.Visit`."""

    @property
    def state(self) -> str: ...
    @property
    def path(self) -> NodePath: ...
    @property
    def frame(self) -> tuple[int, ...]: ...
    @property
    def iteration(self) -> tuple[int, ...] | None: ...
    @property
    def entered(self) -> datetime: ...
    @property
    def exited(self) -> datetime | None: ...
    @property
    def status(self) -> Status: ...
    @property
    def error(self) -> str | None: ...
    @property
    def cause(self) -> str | None: ...
    @property
    def tries(self) -> tuple[tuple[datetime, datetime | None], ...]: ...


def tell(visits: Sequence[Visit]) -> Story:
    """What `visits`, in the order of entry, say of each state and of the ways between them.

    Outside of Maps a state is as its latest visit left it; inside, as its gravest one.
    """
    statuses: dict[NodePath, Standing] = {}
    counts: dict[NodePath, Counter[Standing]] = defaultdict(Counter)
    taken: set[tuple[NodePath, NodePath]] = set()
    latest: dict[tuple[int, ...], NodePath] = {}
    for visit in visits:
        if visit.iteration is None:
            statuses[visit.path] = visit.status
        counts[visit.path][visit.status] += 1
        if visit.frame in latest:
            taken.add((latest[visit.frame], visit.path))
        latest[visit.frame] = visit.path
    for path, count in counts.items():
        statuses.setdefault(path, gravest(count))
    return Story(statuses=statuses, counts=counts, taken=taken)


def bars(visits: Sequence[Visit]) -> list[Bar]:
    """A bar for each visit; those of a Map's items carry their indices."""
    return [
        Bar(
            label=clean(visit.state) + "".join(f" [{index}]" for index in visit.iteration or ()),
            start=visit.entered,
            end=visit.exited,
            status=visit.status,
            depth=(len(visit.path) - 1) // 2,
            detail=": ".join(part for part in (visit.error, _message(visit.cause)) if part),
            tries=visit.tries,
        )
        for visit in visits
    ]


def _message(cause: str | None) -> str | None:
    """A Cause for a tooltip: of what Lambda says of an exception, without the request's id and the stack."""
    if cause is None or not cause.startswith('{"errorMessage"'):
        return cause
    try:
        payload = decode(cause)
    except ValueError:
        return cause
    return str(payload["errorMessage"]) if isinstance(payload, dict) else cause
