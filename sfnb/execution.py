"""An execution in a user's hands: what it came to, as values, tables and pictures."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

from sfnb.asl import machine as asl
from sfnb.asl.graph import Graph, NodePath
from sfnb.engine import events as ev
from sfnb.engine import facts
from sfnb.engine.execution import ExecutionState
from sfnb.engine.history import history
from sfnb.engine.visits import MapItem, Visit, fold_items, fold_visits
from sfnb.errors import SfnbError
from sfnb.service import Live, StepFunctions
from sfnb.values import Json, decode

if TYPE_CHECKING:
    import pandas as pd

    from sfnb.engine.children import Child
    from sfnb.engine.map_run import MapRun
    from sfnb.machine import StateMachine
    from sfnb.renderers import Picture
    from sfnb.renderers.story import Progress

Kept = TypeVar("Kept")

GLANCE_SECONDS = 0.05
"""How late what a task prints may be seen."""
MOMENT_SECONDS = 0.5
"""How long a task token is waited for before that is told."""


class ExecutionFailed(SfnbError):
    """`result()` of an execution that did not succeed."""

    def __init__(self, execution: Execution) -> None:
        self.execution = execution
        super().__init__(execution.summary())


class Execution:
    """One execution of a state machine; it may still be running.

    Get one from `machine.run`, `machine.start` or `%%asl --run`.
    """

    def __init__(self, service: StepFunctions, live: Live) -> None:
        self._service = service
        self._live = live
        self._kept: dict[str, Any] = {}
        self._folded: dict[str, tuple[Visit, ...]] = {}

    @property
    def arn(self) -> str:
        return self._live.arn

    @property
    def name(self) -> str:
        return self._live.name

    @property
    def machine_name(self) -> str:
        return self._live.machine.name

    @property
    def machine(self) -> StateMachine:
        """The machine it runs, with the definition it began with."""
        from sfnb.machine import StateMachine

        return StateMachine(self._service, self._live.machine)

    def describe(self) -> ExecutionState:
        """Everything at once, as DescribeExecution has it."""
        return self._service.describe_execution(self.arn)

    @property
    def status(self) -> str:
        """RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED."""
        return self.describe().status

    @property
    def input(self) -> Json:
        return decode(self.describe().input)

    @property
    def output(self) -> Json:
        """The output; None while it runs and where it failed."""
        output = self.describe().output
        return None if output is None else decode(output)

    @property
    def error(self) -> str | None:
        return self.describe().error

    @property
    def cause(self) -> str | None:
        return self.describe().cause

    @property
    def start_date(self) -> datetime:
        return self.describe().start_date

    @property
    def stop_date(self) -> datetime | None:
        return self.describe().stop_date

    @property
    def duration(self) -> timedelta | None:
        """On the execution's own clock; None while it runs."""
        state = self.describe()
        return None if state.stop_date is None else state.stop_date - state.start_date

    def wait(self, timeout_seconds: float | None = None) -> bool:
        """Wait for the end; False if it has not come after `timeout_seconds`."""
        # Asked first: an interrupt in the midst of Live.wait may leave its gate closed.
        return self._live.last is not None or self._live.wait(timeout_seconds)

    def follow(self, printed: SimpleQueue[str]) -> None:
        """Wait for the end, and write what tasks print from this thread: so it lands in the right cell.

        A task token that is waited for is told of after a moment, or who reads the cell would wait for
        ever. printed: what the execution was started with as `on_output=printed.put`.
        A KeyboardInterrupt stops the execution (ABORTED) before it goes on its way.
        """
        told: dict[str, float] = {}
        try:
            while not self.wait(GLANCE_SECONDS):
                _write(printed)
                for request in self.new_requests(told, GLANCE_SECONDS):
                    print(request)
        except KeyboardInterrupt:
            self.stop()
            self.wait()
            raise
        finally:
            _write(printed)

    def new_requests(self, told: dict[str, float], seconds: float) -> Iterator[str]:
        """A line for each task token that has been waited for a moment, once.

        told: by token, how long it has been seen, infinite once it was named; in real seconds.
        seconds: since the last time that somebody asked.
        """
        for task in self._service.list_task_tokens(self.arn):
            seen = told[task.token] = told.get(task.token, 0.0) + seconds
            if MOMENT_SECONDS <= seen < float("inf") and task.awaits_answer:
                told[task.token] = float("inf")
                yield task.request()

    def stop(self, *, error: str | None = None, cause: str | None = None) -> None:
        """End it as ABORTED; nothing happens where it has ended."""
        self._service.stop_execution(self.arn, error=error, cause=cause)

    def result(self) -> Json:
        """Wait, and return the output; raises ExecutionFailed where it did not succeed."""
        self.wait()
        if self.status != "SUCCEEDED":
            raise ExecutionFailed(self)
        return self.output

    # The log

    @property
    def log(self) -> Sequence[ev.Event]:
        """Every event and fact so far, as records."""
        return self._once("log", lambda: list(self._service.get_execution_history(self.arn)))

    def history(self) -> list[dict[str, Any]]:
        """The events as GetExecutionHistory has them, in boto3's spelling."""
        return history(self.log)

    @property
    def trail(self) -> Sequence[Visit]:
        """Every visit of a state, as records."""
        return self._once("trail", lambda: fold_visits(self.log))

    @property
    def deep_trail(self) -> Sequence[Visit]:
        """The trail with the visits in the child executions of its map runs, each after its Map's."""
        return self._once("deep_trail", lambda: self.deepened(self.trail))

    def deepened(self, trail: Sequence[Visit], most: int | None = None) -> list[Visit]:
        """A trail of this execution with the visits in children, of at most so many a map run."""
        from sfnb.children import MOST_CHILDREN, deep_trail

        read = self._service.store.read
        return deep_trail(trail, self._service.map_runs, read, self._folded, most=most or MOST_CHILDREN)

    @property
    def map_trail(self) -> Sequence[MapItem]:
        return self._once("map_trail", lambda: fold_items(self.log))

    @property
    def printed(self) -> str:
        """All that tasks printed, in order."""
        return "".join(event.text for event in self.log if isinstance(event, facts.TaskPrinted))

    @property
    def events(self) -> pd.DataFrame:
        """A row per event of the history."""
        from sfnb.frames import events_frame

        return events_frame(self.log)

    @property
    def visits(self) -> pd.DataFrame:
        """A row per visit of a state: when, with what, to what end."""
        from sfnb.frames import visits_frame

        return visits_frame(self.trail)

    @property
    def variables(self) -> pd.DataFrame:
        """A row per workflow variable with its last value, those of branches and iterations included."""
        from sfnb.frames import variables_frame

        return variables_frame(self.trail)

    @property
    def map_items(self) -> pd.DataFrame:
        """A row per item of every inline Map."""
        from sfnb.frames import map_items_frame

        return map_items_frame(self.map_trail)

    # Map runs

    @property
    def map_run_records(self) -> list[MapRun]:
        """The map runs of its Maps in DISTRIBUTED mode, as records, oldest first."""
        return self._service.map_runs.of_execution(self.arn)[::-1]

    def map_run_of(self, visit: Visit) -> MapRun | None:
        """The latest map run of a visit, of this execution or of one inside it; None where there is none."""
        from sfnb.children import last_map_runs

        return next(last_map_runs([visit], self._service.map_runs), None)

    def progress_of(self, visit: Visit) -> Progress | None:
        """How far the map run of a visit is; None where there is none."""
        from sfnb.children import progress_of_run

        run = self.map_run_of(visit)
        return None if run is None else progress_of_run(run, visit.length)

    @property
    def bucket_folder(self) -> Path | None:
        """The folder that stands for S3; None where S3 itself is used."""
        folder: Path | None = getattr(self._service.buckets, "folder", None)
        return folder

    @property
    def map_runs(self) -> pd.DataFrame:
        """A row per map run: how many items and child executions there are, and what became of them."""
        from sfnb.frames import map_runs_frame

        return map_runs_frame(self.map_run_records)

    @property
    def children(self) -> pd.DataFrame:
        """A row per child execution of its map runs."""
        from sfnb.frames import children_frame

        return children_frame([(run, child) for run in self.map_run_records for child in _by_index(run)])

    def child(self, which: int | str, *, state: str | None = None) -> Execution:
        """A child execution: by its index in the latest map run, or by its name or ARN.

        state: the Map whose latest map run is meant. Raises SfnbError where there is no such child; of a
        long map run those that ended first are forgotten.
        """
        runs = [run for run in reversed(self.map_run_records) if state in (None, run.state)]
        if not runs:
            where = "" if state is None else f' of "{state}"'
            raise SfnbError(f"there is no map run{where}: only a Map in DISTRIBUTED mode has children")
        for child in runs[0].children.copy().values() if isinstance(which, int) else _all_children(runs):
            if which in (child.index, child.name, child.arn):
                return Execution(self._service, self._service.execution(child.arn))
        count = runs[0].executions.total
        raise SfnbError(
            f'there is no child {which!r} in the map run of "{runs[0].state}", which has {count:,}: '
            ".children lists those that are kept"
        )

    def select(self, path: str, **options: Any) -> pd.DataFrame:
        """What a JSONPath finds in all payloads: values with their full paths, states and times."""
        from sfnb.select import select

        return select(path, self.trail, **options)

    # Pictures

    @property
    def outline(self) -> Graph:
        """The machine's nodes and edges, for renderers."""
        return asl.graph(self._live.machine.definition)

    def graph(self, *, title: str | None = None) -> Picture:
        """The machine with the way that was taken: visited states coloured by how they ended.

        title: the machine's name and the status unless told; "" for none.
        """
        from sfnb.renderers import execution_picture

        return execution_picture(
            self.outline,
            self.deep_trail,
            title=self._title() if title is None else title,
            progress=self.progress,
        )

    @property
    def progress(self) -> dict[NodePath, Progress]:
        """How far its Maps in DISTRIBUTED mode are, by path."""
        from sfnb.children import progress_of

        return progress_of(self.deep_trail, self._service.map_runs)

    def timeline(self) -> Picture:
        """When each state was visited, and for how long."""
        from sfnb.renderers import timeline_picture

        return timeline_picture(self.deep_trail, title=self._title())

    def view(self) -> Any:
        """A live view: the graph, a time slider, and each state's data at a click."""
        from sfnb.notebook.view import ExecutionView

        return ExecutionView(self)

    # Words

    def _title(self) -> str:
        return f"{self.machine_name}: {self.status}"

    def summary(self) -> str:
        """How it stands, in a few lines; for a failure, where and why."""
        from sfnb.explain import summarise

        return summarise(self)

    def _once(self, key: str, make: Callable[[], Kept]) -> Kept:
        """Keep what cannot change any more."""
        if key in self._kept:
            kept: Kept = self._kept[key]
            return kept
        ended = self._live.last is not None
        value = make()
        if ended:
            self._kept[key] = value
        return value

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        from sfnb.notebook.display import execution_bundle

        return execution_bundle(self)

    def __repr__(self) -> str:
        return self.summary()


def _by_index(run: MapRun) -> list[Child]:
    return sorted(run.children.copy().values(), key=lambda child: child.index)


def _all_children(runs: Iterable[MapRun]) -> list[Child]:
    return [child for run in runs for child in run.children.copy().values()]


def _write(printed: SimpleQueue[str]) -> None:
    """Write what has gathered, in one go."""
    texts = [printed.get() for _ in range(printed.qsize())]
    if texts:
        sys.stdout.write("".join(texts))
        sys.stdout.flush()
