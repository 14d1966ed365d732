"""How far an execution has come, read off its log as it grows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sfnb.children import progress_of_run
from sfnb.engine import events as ev
from sfnb.engine import facts
from sfnb.engine.map_views import MapRunView
from sfnb.explain import printable

MOST_NAMES, LONGEST_NAME = 3, 30

_CONTAINER_ENDED = (ev.MapStateExited, ev.ParallelStateExited, ev.MapStateFailed, ev.ParallelStateFailed)
_ITERATION_ENDED = (ev.MapIterationSucceeded, ev.MapIterationFailed, ev.MapIterationAborted)


class Progress:
    """The open states and the items done, after the events that it has been told of.

    Each event is looked at once, so a long execution is not slowed down by being watched.
    seen: how many that were, facts included.
    map_runs: those of the execution; the running ones are told of.
    """

    def __init__(self) -> None:
        self.seen = 0
        self.map_runs: Sequence[MapRunView] = ()
        self._events = 0
        self._open: dict[ev.FramePath, str] = {}
        self._items: dict[ev.FramePath, tuple[str, int, int]] = {}

    def add(self, events: Iterable[ev.Event]) -> None:
        for event in events:
            self.seen += 1
            if isinstance(event, facts.Fact):
                continue
            self._events += 1
            if isinstance(event, ev.StateEntered):
                self._open[event.frame] = event.name
            elif isinstance(event, ev.MapStateStarted):
                name = self._open.get(event.frame, "Map")
                self._items[*event.frame, event.id] = (name, 0, event.length)
            elif isinstance(event, _ITERATION_ENDED):
                name, done, count = self._items.get(event.frame[:-1], (event.name, 0, 0))
                self._items[event.frame[:-1]] = (name, done + 1, count)
                self._open.pop(event.frame, None)
            elif isinstance(event, _CONTAINER_ENDED):
                self._close_inside(event.frame)
            if isinstance(event, ev.StateExited):
                self._open.pop(event.frame, None)

    def _close_inside(self, frame: ev.FramePath) -> None:
        size = len(frame)
        self._open = {at: name for at, name in self._open.items() if len(at) == size or at[:size] != frame}
        self._items = {at: counts for at, counts in self._items.items() if at[:size] != frame}

    def __str__(self) -> str:
        """
        >>> str(Progress())
        '0 events'
        """
        items = [
            f"{_short(name)} {done:,} of {count:,}" for name, done, count in self._items.values() if count
        ]
        running = [run for run in self.map_runs if run.stopped is None]
        items += [f"{_short(run.state)} {progress_of_run(run).words}" for run in running]
        outer = {path[:-2] for path in self._open if path}
        names = dict.fromkeys(_short(name) for path, name in self._open.items() if path not in outer)
        shown = [
            *items[:MOST_NAMES],
            ", ".join(list(names)[:MOST_NAMES]) + (" ..." if len(names) > MOST_NAMES else ""),
        ]
        return ", ".join([*filter(None, shown), f"{self._events:,} events"])


def _short(name: str) -> str:
    name = printable(name).replace("\n", " ")
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 3] + "..."
