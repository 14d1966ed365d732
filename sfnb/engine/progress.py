"""Frames, visits and Map items while a log is being read; `visits.py` decides which event means what.

An attempt begins, fails, and is begun again or not: a visit that is `pending` has failed and waits
for somebody to say what follows, so leaving it now is leaving through a Catcher.

An error that the history does not name (a Fail state's, a bad path's) becomes known when something
around it reports it, and is then handed inwards along the chain of culprits.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Literal

from sfnb.asl.graph import NodePath
from sfnb.engine.events import FramePath, MapIterationStarted, StateEntered, StateExited

Status = Literal["succeeded", "failed", "caught", "aborted", "timed_out", "running"]
Attempt = tuple[datetime, datetime | None]


class FrameProgress:
    """The machine, a branch or an iteration, as far as the log has come."""

    __slots__ = ("attempt", "container", "first", "item", "iteration", "last", "open", "path", "steps")

    def __init__(self, path: FramePath, container: VisitProgress | None, attempt: int) -> None:
        self.path = path
        self.container = container
        self.attempt = attempt
        self.steps: NodePath = ()
        self.iteration: tuple[int, ...] = ()
        self.open: VisitProgress | None = None
        self.first: VisitProgress | None = None
        self.last: VisitProgress | None = None
        self.item: ItemProgress | None = None
        if container is not None and container.type == "Map":
            self.steps = (*container.path, 0)
            self.iteration = (*container.frame.iteration, path[-1])
        elif container is not None:
            self.steps = (*container.path, path[-1])
            self.iteration = container.frame.iteration

    def end(self, moment: datetime, status: Status) -> None:
        """Nothing more happens here: close the open visit and the item."""
        if self.open is not None:
            if status == "failed":
                self.open.fail(moment)
            self.open.close(moment, status)
        if self.item is not None and self.item.stopped is None:
            failed = status == "aborted" and self.last is not None and self.last.pending
            self.item.status = "failed" if failed else status
            self.item.stopped = moment

    def reopen(self, moment: datetime) -> None:
        """The execution is redriven: what has not succeeded here goes on."""
        if self.item is not None and self.item.status != "succeeded":
            self.item.status = "running"
            self.item.stopped = None
        if self.last is not None:
            self.last.reopen(moment)


class VisitProgress:
    """A visit while the log is being read.

    pending: it has failed, and neither a Retrier nor a new attempt has followed.
    inside: the frames of the current attempt of a Map or Parallel. ended_inside: those of the last one that
        has ended.
    map_runs: the ARN of each map run that a DISTRIBUTED Map has opened.
    length: how many items it was given at last; 0 where that is not known.
    culprit: the visit in one of these that made it fail.
    resume: when the next attempt is due.
    """

    __slots__ = (
        "cause", "culprit", "ended", "ended_inside", "entered",
        "error", "exited", "frame", "inside", "length", "location",
        "map_runs", "path", "pending", "printed", "resource", "resume", "state", "status", "timed_out",
        "tries", "try_started", "type",
    )  # fmt: skip

    def __init__(self, entered: StateEntered, frame: FrameProgress) -> None:
        self.entered = entered
        self.frame = frame
        self.state = entered.name
        self.type = _state_type(type(entered))
        self.path = (*frame.steps, entered.name)
        self.status: Status = "running"
        self.exited: StateExited | None = None
        self.ended: datetime | None = None
        self.error: str | None = None
        self.cause: str | None = None
        self.culprit: VisitProgress | None = None
        self.pending = self.timed_out = False
        self.try_started: datetime | None = entered.timestamp
        self.resume: datetime | None = None
        self.tries: list[Attempt] = []
        self.inside: list[FrameProgress] = []
        self.ended_inside: list[FrameProgress] = []
        self.resource: str | None = None
        self.location: str | None = None
        self.map_runs: list[str] = []
        self.length = 0
        self.printed: list[str] = []

    def begin(self, moment: datetime) -> None:
        """An attempt begins; the first one began when the state was entered."""
        if self.try_started is None:
            self.try_started = moment
        self.resume = self.error = self.cause = self.culprit = self.location = None
        self.pending = self.timed_out = False

    def fail(self, moment: datetime, error: str | None = None, cause: str | None = None) -> None:
        """The attempt has failed; AWS may say so in several events, of which the first ends it."""
        self.pending = True
        # An attempt that fails before it schedules anything has no event that begins it.
        start = self.try_started or self.resume
        if start is not None:
            self.tries.append((start, moment))
        self.try_started = self.resume = None
        if error is not None or cause is not None:
            self.error, self.cause = error, cause

    def wait(self, until: datetime) -> None:
        """A Retrier will begin another attempt."""
        self.pending = self.timed_out = False
        self.resume = until

    def blame(self, culprit: VisitProgress | None) -> None:
        """`culprit` is why this visit failed: its error is this one's too."""
        if culprit is not None and culprit.pending:
            self.culprit = culprit
            if culprit.error is not None or culprit.cause is not None:
                self.error, self.cause = culprit.error, culprit.cause

    def name_error(self, error: str | None, cause: str | None) -> None:
        """Learn the error, and tell the culprits that have none."""
        self.error, self.cause = error, cause
        inner = self.culprit
        while inner is not None and inner.error is None and inner.cause is None:
            inner.error, inner.cause = error, cause
            inner = inner.culprit

    def exit(self, event: StateExited) -> None:
        status: Status = "caught" if self.pending else "succeeded"
        self.exited = event
        self.pending = False
        self.close(event.timestamp, status)

    def close(self, moment: datetime, status: Status) -> None:
        """The visit is over; what had failed before it was aborted has failed."""
        if self.pending and status in ("failed", "aborted"):
            status = "timed_out" if self.timed_out else "failed"
        self.status = status
        self.ended = moment
        self.frame.open = None
        if self.try_started is not None:
            self.tries.append((self.try_started, moment))
            self.try_started = None
        self.end_inside(moment, "timed_out" if status == "timed_out" else "aborted")

    def end_inside(self, moment: datetime, status: Status) -> None:
        for frame in self.inside:
            frame.end(moment, status)
        if self.inside:
            self.ended_inside, self.inside = self.inside, []

    def reopen(self, moment: datetime) -> None:
        """The execution is redriven: what has not been left goes on, and what has not succeeded inside it."""
        if self.exited is not None or self.ended is None or self.type == "Fail":
            return  # a Fail fails again at once
        self.status = "running"
        self.ended = self.resume = None
        self.error = self.cause = self.culprit = self.location = None
        self.pending = self.timed_out = False
        self.try_started = moment
        self.frame.open = self
        self.inside, self.ended_inside = self.ended_inside, []
        for frame in self.inside:
            frame.reopen(moment)


class ItemProgress:
    """A Map item while the log is being read."""

    __slots__ = ("frame", "map", "started", "status", "stopped")

    def __init__(self, started: MapIterationStarted, frame: FrameProgress, of: VisitProgress) -> None:
        self.started = started
        self.frame = frame
        self.map = of
        self.status: Status = "running"
        self.stopped: datetime | None = None


def fail_upwards(
    visit: VisitProgress | None, stop: VisitProgress | None, moment: datetime
) -> VisitProgress | None:
    """Fail what is open from `visit` outwards; returns the visit directly inside `stop` (None: the root).

    Returns None, and fails nothing, where `visit` is not inside `stop`.
    """
    chain = []
    while visit is not None and visit is not stop:
        chain.append(visit)
        visit = visit.frame.container
    if visit is not stop or not chain:
        return None
    for inner in chain:
        if inner.frame.open is inner:
            inner.fail(moment)
            inner.close(moment, "failed")
        elif inner.status == "aborted":  # AWS writes TaskStateAborted for the task that failed, too
            inner.pending = True
            inner.status = "failed"
        if inner.frame.container is not None and inner.frame.container is not stop:
            inner.frame.container.blame(inner)
    return chain[-1]


@cache
def _state_type(kind: type[StateEntered]) -> str:
    return kind.__name__.removesuffix("StateEntered")
