"""The live view of an execution: a widget for JupyterLab, Notebook 7, VS Code and marimo.

The kernel sends the machine's picture and a compact record of events and visits; all that follows from
those (colours at any moment, playing, searching) happens in the browser, in `static/`. Payloads come
when a state is clicked. While the execution runs, a thread sends the record again as it grows; comm
messages go out of a busy kernel too, but what the browser asks for waits until the running cell ends
(ipykernel 7.4 has subshells, and yet answers a comm where it was opened).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anywidget
import msgspec
import traitlets

from sfnb.engine import events as ev
from sfnb.engine.visits import Visit, fold_visits
from sfnb.errors import SfnbError
from sfnb.execution import Execution
from sfnb.explain import hints
from sfnb.hints.map_runs import told_failure
from sfnb.notebook.view_data import Trace, execution_data, in_order, machine_of, trace_of, visit_data

STATIC = Path(__file__).parent / "static"
SCRIPTS = ("json_tree.js", "moments.js", "graph.js", "slider.js", "data.js", "view.js")

MOST_CHILDREN = 1_000
"""Of how many children of a map run the states are shown."""

SHORTEST_PAUSE = 0.1
"""Seconds between two updates; long logs take longer, so that a view never keeps the kernel busy."""


def _static(*names: str) -> str:
    """Files as one text: an anywidget is one module, and there is no build step to make it one."""
    return "\n".join((STATIC / name).read_text(encoding="utf-8") for name in names)


class ExecutionView(anywidget.AnyWidget):
    """An execution to look into: its graph, a slider over its events, the data of each state.

    It lives as long as the kernel. What is to last in a saved notebook is `execution.graph()`, which is
    also what nbconvert, nbval and GitHub get to see of a view.
    """

    _esm = _static(*SCRIPTS)
    _css = _static("view.css")

    machine = traitlets.Dict().tag(sync=True)
    trace = traitlets.Dict().tag(sync=True)

    def __init__(self, execution: Execution, **options: Any) -> None:
        self._execution = execution
        self._drawn = machine_of(execution.outline, execution.machine_name)
        self._seen: tuple[int, ...] = ()
        self._visits: Sequence[Visit] = ()
        super().__init__(machine=msgspec.to_builtins(self._drawn), **options)
        self.on_msg(self._receive)
        running = not execution.interrupted and not execution.wait(0)
        self._update()
        if running:
            threading.Thread(target=self._follow, name=f"sfnb view of {execution.name}", daemon=True).start()

    def _follow(self) -> None:
        """Keep the browser informed until the execution ends or the view is closed."""
        pause = SHORTEST_PAUSE
        try:
            while not self._execution.wait(pause):
                if self.comm is None:
                    return
                pause = max(SHORTEST_PAUSE, 5 * self._update())
        except SfnbError:  # the process that ran it has died
            return
        self._update()

    def _update(self) -> float:
        """Send what is new; returns how many seconds that took."""
        begun = time.monotonic()
        log = self._execution.log
        runs = self._execution.map_run_records
        seen = (len(log), *(count for run in runs for count in msgspec.structs.astuple(run.executions)))
        if seen != self._seen:
            self._seen = seen
            self.trace = msgspec.to_builtins(self._trace(log))
        return time.monotonic() - begun

    def _trace(self, log: Sequence[ev.Event]) -> Trace:
        """The execution as it stands, its children looked into; its visits are kept for whoever asks."""
        trail = fold_visits(log)
        visits, inside = in_order(log, trail, self._execution.deepened(trail, MOST_CHILDREN))
        maps = [(number, visit) for number, visit in enumerate(visits) if visit.map_runs]
        progress = [(number, self._execution.progress_of(visit)) for number, visit in maps]
        self._visits = visits
        return trace_of(
            log,
            visits,
            self._drawn.states,
            inside=inside,
            progress=[(number, each) for number, each in progress if each is not None],
        )

    def _receive(self, _: object, message: dict[str, Any], buffers: object) -> None:
        """What the browser asks for: the data of a visit (-1: of the execution), or a stop."""
        match message:
            case {"ask": "stop"}:
                self._execution.stop()
            case {"ask": "data", "visit": int(number)} if number < len(self._visits):
                data = self._data(number, str(message.get("whole") or ""))
                self.send({"answer": "data", "visit": number, "data": data})

    def _data(self, number: int, whole: str) -> dict[str, Any]:
        if number < 0:
            return execution_data(self._execution.describe(), hints(self._execution), whole=whole)
        visit = self._visits[number]
        notes = map_run_notes(self._execution, visit)
        return visit_data(visit, self._execution.start_date, whole=whole, notes=notes)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """The widget, and the picture for whoever knows no widgets."""
        bundle, metadata = super()._repr_mimebundle_(**options) or ({}, {})
        still = self._execution.graph()
        return {**bundle, "image/svg+xml": still.svg, "text/plain": still.text}, metadata


def map_run_notes(execution: Execution, visit: Visit) -> list[str]:
    """What there is to say of the map run of a Map in DISTRIBUTED mode."""
    run = execution.map_run_of(visit)
    progress = execution.progress_of(visit)
    if run is None or progress is None:
        return []
    count = run.executions.total
    notes = [f"{progress.words}; {count:,} child execution{'s' * (count != 1)}"]
    if count > MOST_CHILDREN:
        notes.append(f"The states inside show {MOST_CHILDREN:,} of them, those that failed before others.")
    failure = told_failure(run)
    return [*notes, failure] if failure else notes
