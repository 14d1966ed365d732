"""What the live view is sent: a machine once, an execution as columns of small numbers, payloads on demand.

The browser works out by itself how things stood at any event, so nothing is sent while somebody moves
the slider: for that it knows of each visit the ids of the events with which it began and ended.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from sfnb.asl.graph import Graph, Node, NodePath
from sfnb.engine import events as ev
from sfnb.engine import facts
from sfnb.engine.execution import STATUS, ExecutionState
from sfnb.engine.visits import Visit
from sfnb.renderers.story import Progress
from sfnb.renderers.style import BY_GRAVITY, LOOKS, STATUSES
from sfnb.renderers.svg import render_svg
from sfnb.values import encode, size_bytes

SHOWN_CHARACTERS = 50_000
"""How much of a payload is sent before somebody asks for all of it."""

_CLOSING = ("Failed", "Aborted", "TimedOut")
_ITERATION = (
    ev.MapIterationStarted,
    ev.MapIterationSucceeded,
    ev.MapIterationFailed,
    ev.MapIterationAborted,
)
_BESIDE = (*ev.TERMINAL, facts.TaskPrinted, facts.AnswerDropped)
"""What says nothing of how the open visit of its frame stands."""

_CODES = {status: code for code, status in enumerate(STATUSES)}


class State(msgspec.Struct, frozen=True, kw_only=True):
    """A state of the machine; `path` as in the SVG's data-state."""

    path: NodePath
    name: str
    type: str


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """What does not change while an execution runs.

    looks: words, and the colours on a light and on a dark page, of each status; a visit's status is
        an index into them. gravity: the statuses, gravest first.
    """

    name: str
    svg: str
    states: tuple[State, ...]
    looks: tuple[dict[str, str], ...]
    gravity: tuple[str, ...]


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """An execution so far. Events and visits are columns; event `i` has the id `i + 1`.

    event_type: an index into `types`. event_ms: since the start. event_visit: whose it is; -1 for nobody's.
    visit_state: an index into the machine's states. visit_from, visit_to: ids of events; to 0 while open.
    visit_after: the visit before this one in the same branch or iteration; -1 for none.
    visit_items: the indices of the Maps around it, outermost first; None outside of Maps.
        A visit in a child execution of a map run begins, and if it has ended ends, with MapRunStarted;
        visit_ms says how long it lasted.
    progress: of each map run the state, the id of MapRunStarted, how many items came to what, and how many
        there are, if that is known.
    errors: the Error Names of the visits that have one, by visit.
    """

    status: str
    start: str
    types: list[str]
    event_type: list[int]
    event_ms: list[float]
    event_visit: list[int]
    visit_state: list[int]
    visit_from: list[int]
    visit_to: list[int]
    visit_status: list[int]
    visit_after: list[int]
    visit_items: list[tuple[int, ...] | None]
    errors: dict[str, str]
    progress: list[tuple[int, int, dict[str, int], int | None]] = []
    visit_ms: dict[str, float] = {}


def machine_of(graph: Graph, name: str) -> Machine:
    """The machine that the view draws."""
    return Machine(
        name=name,
        svg=render_svg(graph, {}, legend=False),
        states=tuple(State(path=node.path, name=node.name, type=node.type) for node in _nodes(graph)),
        looks=tuple(
            {"status": status, "words": look.words, "light": look.light, "dark": look.dark}
            for status, look in LOOKS.items()
        ),
        gravity=(*BY_GRAVITY, "not_reached"),
    )


def _nodes(graph: Graph) -> Iterator[Node]:
    for node in graph.nodes:
        yield node
        for inner in node.graphs:
            yield from _nodes(inner)


def in_order(
    log: Sequence[ev.Event], trail: Sequence[Visit], deep: Sequence[Visit]
) -> tuple[list[Visit], dict[int, int]]:
    """The visits of `deep` in the order in which the view meets them, and with which event each visit in
    a child begins for it: MapRunStarted, since the log has no other of the children.

    trail: the execution's own visits, which are among `deep`, each before those in its children.
    """
    opened = {event.map_run_arn: event.id for event in log if isinstance(event, ev.MapRunStarted)}
    own = {id(visit) for visit in trail}
    begun: list[tuple[int, bool, Visit]] = []
    around = 0
    for visit in deep:
        if id(visit) in own:
            around = opened.get(visit.map_runs[-1], 0) if visit.map_runs else 0
            begun.append((visit.entered_id, False, visit))
        elif around:
            begun.append((around, True, visit))
    begun.sort(key=lambda each: each[0])
    inside = {number: event_id for number, (event_id, inner, _) in enumerate(begun) if inner}
    return [visit for *_, visit in begun], inside


def trace_of(
    log: Sequence[ev.Event],
    visits: Sequence[Visit],
    states: Sequence[State],
    *,
    inside: Mapping[int, int] | None = None,
    progress: Sequence[tuple[int, Progress]] = (),
) -> Trace:
    """The execution whose log has come to `log`; `visits` are what it folds to.

    inside: by visit, the id of the event with which one in a child begins; see `in_order`.
    progress: how far the map run of a visit is, with the number of the visit.
    """
    inside = inside or {}
    numbers = {state.path: number for number, state in enumerate(states)}
    codes: dict[str, int] = {}
    events = [event for event in log if not isinstance(event, facts.Fact)]
    start = events[0].timestamp if events else None
    last = events[-1] if events else None
    owners = _Owners(log, visits, inside)
    starts = [inside.get(number, visit.entered_id) for number, visit in enumerate(visits)]
    opened = {event.map_run_arn: event.id for event in events if isinstance(event, ev.MapRunStarted)}
    return Trace(
        status=STATUS.get(type(last), "RUNNING") if last else "RUNNING",
        start=start.isoformat() if start else "",
        event_type=[codes.setdefault(event.type, len(codes)) for event in events],
        types=list(codes),
        event_ms=[milliseconds(event.timestamp, start) for event in events],
        event_visit=owners.of_events,
        visit_state=[numbers.get(visit.path, -1) for visit in visits],
        visit_from=starts,
        visit_to=[owners.ended_id(number, visit) for number, visit in enumerate(visits)],
        visit_status=[_CODES[visit.status] for visit in visits],
        visit_after=owners.before,
        visit_items=[visit.iteration for visit in visits],
        errors={str(number): visit.error[:80] for number, visit in enumerate(visits) if visit.error},
        visit_ms={
            str(number): milliseconds(visits[number].exited or last.timestamp, visits[number].entered)
            for number in inside
            if last is not None
        },
        progress=[
            (
                numbers.get(visits[number].path, -1),
                inside.get(number) or opened.get(visits[number].map_runs[-1], 0),
                {str(status): count for status, count in each.counts.items()},
                each.total,
            )
            for number, each in progress
        ],
    )


def _before(visits: Sequence[Visit]) -> list[int]:
    """For each visit the number of the one before it in its frame; -1 for none."""
    latest: dict[ev.FramePath, int] = {}
    before = []
    for number, visit in enumerate(visits):
        before.append(latest.get(visit.frame, -1))
        latest[visit.frame] = number
    return before


def milliseconds(moment: datetime, start: datetime | None) -> float:
    """From `start` to `moment`, to the microsecond.

    >>> milliseconds(datetime(2026, 1, 1, 0, 0, 1), datetime(2026, 1, 1))
    1000.0
    """
    return 0.0 if start is None else (moment - start) / timedelta(milliseconds=1)


class _Owners:
    """Which visit each event belongs to, and with which event each visit ended.

    of_events: for each event of the history, the number of its visit or -1.
    before: for each visit, the one before it in its frame.
    """

    def __init__(self, log: Sequence[ev.Event], visits: Sequence[Visit], inside: Mapping[int, int]) -> None:
        entries = {visit.entered_id: number for number, visit in enumerate(visits) if number not in inside}
        latest: dict[ev.FramePath, int] = {}
        self.of_events: list[int] = []
        self.before = _before(visits)
        self._inside = inside
        self._end: dict[int, int] = {}
        self._closing: dict[ev.FramePath, list[ev.Event]] = defaultdict(list)
        for event in log:
            number = entries.get(event.id, -1)
            if number >= 0:
                latest[event.frame] = number
            owner = latest.get(event.frame, -1)
            closing = event.type.endswith(_CLOSING)
            if owner >= 0 and not isinstance(event, _BESIDE):
                self._end[owner] = (self._end.get(owner) or event.id) if closing else 0
            if closing:
                self._closing[event.frame].append(event)
            if isinstance(event, facts.Fact):
                continue
            if isinstance(event, _ITERATION):
                owner = latest.get(event.frame[:-2], -1)
            elif isinstance(event, (ev.ExecutionStarted, *ev.TERMINAL)):
                owner = -1
            self.of_events.append(owner)

    def ended_id(self, number: int, visit: Visit) -> int:
        """The event with which a visit was over; 0 while it is open.

        One that failed or was aborted has no event of exit: it ended with the failure or abortion that is
        the last it tells of itself, or else with the first one around it at the time of its end.
        """
        if number in self._inside:
            return 0 if visit.exited is None else self._inside[number]
        if visit.exited is None or visit.exited_id is not None:
            return visit.exited_id or 0
        if visit.type == "Fail":
            return visit.entered_id
        if self._end[number]:
            return self._end[number]
        around = (visit.frame[:depth] for depth in range(0, len(visit.frame) + 1, 2))
        found = (self._first_closing(frame, visit) for frame in around)
        return min((event_id for event_id in found if event_id), default=visit.entered_id)

    def _first_closing(self, frame: ev.FramePath, visit: Visit) -> int:
        assert visit.exited is not None
        events = self._closing.get(frame, [])
        for event in events[bisect_right(events, visit.entered_id, key=lambda event: event.id) :]:
            if event.timestamp >= visit.exited:
                return event.id
        return 0


def visit_data(
    visit: Visit, start: datetime, *, whole: str = "", notes: Sequence[str] = ()
) -> dict[str, Any]:
    """A visit's payloads, cut short but for the one named by `whole`; attempts in milliseconds.

    notes: short lines about a map run.
    """
    texts = {
        "input": visit.input,
        "output": visit.output,
        "cause": visit.cause,
        "printed": visit.printed or None,
        "assigned": None if visit.assigned is None else _object(visit.assigned),
    }
    tries = [
        [milliseconds(begun, start), None if ended is None else milliseconds(ended, start)]
        for begun, ended in visit.tries
    ]
    facts = {"error": visit.error, "location": visit.location, "resource": visit.resource}
    return {**facts, "tries": tries, "notes": list(notes), **_cut(texts, whole)}


def _object(texts: Mapping[str, str]) -> str:
    """JSON of JSON texts by name, each as it is."""
    return "{" + ",".join(f"{encode(name)}:{text}" for name, text in texts.items()) + "}"


def execution_data(state: ExecutionState, hints: Sequence[str] = (), *, whole: str = "") -> dict[str, Any]:
    """The execution's own payloads, likewise, and what to do about a failure."""
    texts = {"input": state.input, "output": state.output, "cause": state.cause}
    return {"error": state.error, "hints": list(hints), **_cut(texts, whole)}


def _cut(texts: dict[str, str | None], whole: str) -> dict[str, dict[str, Any] | None]:
    return {
        name: None if text is None else _piece(text, len(text) if name == whole else SHOWN_CHARACTERS)
        for name, text in texts.items()
    }


def _piece(text: str, most: int) -> dict[str, Any]:
    return {"text": text[:most], "bytes": size_bytes(text), "cut": len(text) > most}
