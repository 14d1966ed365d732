"""One execution as the page looks into it: how it stands, its trace, its payloads, its events.

The browser asks again and again while an execution runs; what was folded for one answer is kept for the
next, of a few executions, until their logs have grown.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

import msgspec

from sfnb.engine import events as ev
from sfnb.engine.map_views import ChildView, MapRunView
from sfnb.engine.records import ExecutionRecord
from sfnb.engine.visits import Visit, fold_visits
from sfnb.execution import LONG_LOG, Execution
from sfnb.explain import REDRIVE, RESUME, account, hints
from sfnb.keeping import status_of
from sfnb.notebook.view_data import (
    Machine,
    execution_data,
    in_order,
    machine_of,
    milliseconds,
    trace_of,
    visit_data,
)
from sfnb.renderers.pictures import timeline_picture
from sfnb.server.page.answers import Refused
from sfnb.server.page.lists import definition_of, drawing, iso, outline_of, row_of
from sfnb.service import StepFunctions
from sfnb.values import decode

MOST_KEPT = 8
"""Executions that are looked at; a log of 100,000 events takes some 100 MB with what is folded of it."""
MOST_INSIDE = 1_000
"""Of how many children of a map run the states are shown."""
MOST_BEGUN = 200
PAGE_OF_CHILDREN = 50
MOST_FOLDED = 2
"""Of how many traces of an execution the visits are kept."""
OUTCOMES = ("running", "succeeded", "failed", "timed_out", "aborted")
TERMINAL_HINTS = (REDRIVE, RESUME)
"""What the page has buttons for."""


class Folded(msgspec.Struct, frozen=True):
    """What a log comes to. seen: how much of it that is."""

    seen: str
    trace: dict[str, Any]
    visits: Sequence[Visit]


class Look:
    """An execution in hand, with what the latest of its traces were folded to, the newest last."""

    def __init__(self, execution: Execution, redrives: int) -> None:
        self.execution = execution
        self.redrives = redrives
        self.drawn: Machine = machine_of(execution.outline, execution.machine_name)
        self.folded: list[Folded] = []
        self.folding = threading.Lock()


class Looks:
    """The executions that are looked at. From any thread."""

    def __init__(self, service: StepFunctions) -> None:
        self._service = service
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Look] = OrderedDict()

    def look(self, arn: str) -> Look:
        """Raises ExecutionDoesNotExist."""
        record = self._service.find_execution(arn)
        redrives = 0 if record is None else record.redrive_count
        with self._lock:
            kept = self._kept.get(arn)
            if kept is not None and kept.redrives == redrives:
                self._kept.move_to_end(arn)
                return kept
            self._kept.pop(arn, None)
        del kept  # one that another process has redriven has to be read anew
        execution = Execution(self._service, self._service.execution(arn))
        look = Look(execution, redrives)
        with self._lock:
            self._kept[arn] = look
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return look

    # How it stands

    def standing(self, arn: str) -> dict[str, Any]:
        """All but the trace; raises ExecutionDoesNotExist."""
        execution = self.look(arn).execution
        state, record = execution.describe(), execution.record
        told = account(execution)
        status = status_of(self._service, record)
        return {
            **row_of(self._service, record),
            "status": status,
            "stopped": iso(state.stop_date),
            "ms": None if state.stop_date is None else milliseconds(state.stop_date, state.start_date),
            "type": record.kind,
            "error": state.error,
            "origin": record.origin,
            "started_by": _started_by(record),
            "around": self._around(execution, record),
            "can": {
                "stop": status in ("RUNNING", "INTERRUPTED"),
                "resume": status == "INTERRUPTED",
                "redrive": state.redrive_status == "REDRIVABLE",
            },
            "redrive_refusal": state.redrive_status_reason,
            "long": record.events > LONG_LOG,
            "told": {
                "place": told.place,
                "reason": told.reason,
                "trace": told.trace,
                "facts": told.facts,
                "hints": [hint for hint in told.hints if hint not in TERMINAL_HINTS],
            },
            "map_runs": [_map_run(run) for run in execution.map_run_records],
            "started_here": [row_of(self._service, each) for each in self._begun(execution)],
        }

    def _around(self, execution: Execution, record: ExecutionRecord) -> str | None:
        """The execution whose map run this one is a child of."""
        return None if record.parent is None else execution._live.store.opener(record.parent)

    def _begun(self, execution: Execution) -> Iterator[ExecutionRecord]:
        """The executions that its tasks have started, oldest first; of a very long log the latest of them."""
        arns = (_begun_by(event) for event in execution.glance().log)
        for arn in islice(dict.fromkeys(arn for arn in arns if arn is not None), MOST_BEGUN):
            record = self._service.find_execution(arn)
            if record is not None:
                yield record

    def drawn(self, arn: str) -> dict[str, Any]:
        """What does not change: the machine as it was when the execution began, and what that was given.

        picture: instead of a live view, of a very long log.
        """
        execution = self.look(arn).execution
        machine = execution.machine.record
        long = execution.record.events > LONG_LOG
        return {
            "drawing": outline_of(machine),
            "definition": definition_of(machine),
            "input": execution.describe().input,
            "picture": drawing(execution.graph(title="").svg) if long else None,
        }

    # What the live view is sent

    def trace(self, arn: str, seen: str | None) -> dict[str, Any] | None:
        """The execution so far; None where that is what `seen` says. Raises Refused where it is too long."""
        look = self.look(arn)
        if seen == _seen(look.execution):
            return None
        if look.execution.record.events > LONG_LOG:
            raise Refused(409, "the log of this execution is too long to be looked at in whole")
        folded = _fold(look)
        return {"seen": folded.seen, "trace": folded.trace}

    def data(self, arn: str, visit: int, whole: str, seen: str | None) -> dict[str, Any]:
        """The payloads of a visit, the field `whole` uncut; of the execution where `visit` is -1.

        seen: of which trace the number of the visit is: those in children move as more of them begin.
        """
        look = self.look(arn)
        execution = look.execution
        if visit < 0:
            found = [hint for hint in hints(execution) if hint not in TERMINAL_HINTS]
            return execution_data(execution.describe(), found, whole=whole)
        known = next((folded for folded in look.folded if folded.seen == seen), None)
        visits = (known or _fold(look)).visits
        if visit >= len(visits):
            raise Refused(404, "there is no such visit")
        return visit_data(visits[visit], execution.start_date, whole=whole)

    def timeline(self, arn: str, now: Callable[[], datetime]) -> dict[str, Any]:
        """When each state was visited, as a drawing; of a long log the latest of it."""
        seen = self.look(arn).execution.glance()
        running = seen.status == "RUNNING" and not seen.interrupted
        picture = timeline_picture(seen.deepened(seen.trail, MOST_INSIDE), now=now() if running else None)
        return msgspec.to_builtins(drawing(picture.svg))  # type: ignore[no-any-return]

    def children(self, arn: str, map_run: str, offset: int) -> dict[str, Any]:
        """A page of the children of a map run, by index; raises Refused."""
        runs = self.look(arn).execution.map_run_records
        run = next((run for run in runs if run.arn == map_run), None)
        if run is None:
            raise Refused(404, "there is no such map run")
        rows = run.children.in_order()
        page = rows[offset : offset + PAGE_OF_CHILDREN]
        return {"rows": [_child(child) for child in page], "total": len(rows)}


def _begun_by(event: ev.Event) -> str | None:
    """The ARN of the execution that a task of "states:startExecution" has started, as its answer has it."""
    if not isinstance(event, ev.TaskSubmitted | ev.TaskSucceeded):
        return None
    if event.resource_type != "states" or not event.resource.startswith("startExecution"):
        return None
    answer = decode(event.output)
    arn = answer.get("ExecutionArn") if isinstance(answer, dict) else None
    return arn if isinstance(arn, str) else None


def _started_by(record: ExecutionRecord) -> str | None:
    """The alias or version of the machine that it was started by, in words."""
    if record.alias is not None:
        return f"alias {record.alias.rpartition(':')[2]}"
    return None if record.version is None else f"version {record.version.rpartition(':')[2]}"


def _seen(execution: Execution) -> str:
    """A text that is another one once there is more to see."""
    record = execution.record
    runs = execution.map_run_records
    counts = [count for run in runs for count in msgspec.structs.astuple(run.executions)]
    return ".".join(map(str, (record.events, record.redrive_count, *counts)))


def _fold(look: Look) -> Folded:
    """What there is now; that is kept, and a little of what was before it."""
    with look.folding:
        execution = look.execution
        seen = _seen(execution)
        if look.folded and look.folded[-1].seen == seen:
            return look.folded[-1]
        log = execution.log
        trail = fold_visits(log)
        visits, inside = in_order(log, trail, execution.deepened(trail, MOST_INSIDE))
        maps = [(place, execution.progress_of(visit)) for place, visit in enumerate(visits) if visit.map_runs]
        progress = [(place, each) for place, each in maps if each is not None]
        trace = trace_of(log, visits, look.drawn.states, inside=inside, progress=progress)
        folded = Folded(seen, msgspec.to_builtins(trace), visits)
        look.folded = [*look.folded[1 - MOST_FOLDED :], folded]
        return folded


def _map_run(run: MapRunView) -> dict[str, Any]:
    """counts: items by what they came to; children: how many executions."""
    return {
        "arn": run.arn,
        "state": run.state,
        "status": run.status,
        "started": iso(run.started),
        "ms": None if run.stopped is None else milliseconds(run.stopped, run.started),
        "children": run.executions.total,
        "items": {name: count for name in OUTCOMES if (count := getattr(run.items, name))},
        "redrives": run.redrive_count,
    }


def _child(child: ChildView) -> dict[str, Any]:
    return {
        "arn": child.arn,
        "name": child.name,
        "index": child.index,
        "status": child.status,
        "started": iso(child.began),
        "ms": None if child.ended is None else milliseconds(child.ended, child.began),
    }
