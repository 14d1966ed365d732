"""An execution in a user's hands: what it came to, as values, tables and pictures."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from sfnb.engine import events as ev
from sfnb.engine.execution import ExecutionState
from sfnb.engine.records import ExecutionRecord
from sfnb.engine.visits import Visit
from sfnb.errors import SfnbError
from sfnb.given import keywords_told
from sfnb.logged import Kept, Logged
from sfnb.service import ExecutionDoesNotExist, Live, StepFunctions
from sfnb.values import Json

if TYPE_CHECKING:
    import pandas as pd

    from sfnb.diff import Diff
    from sfnb.engine.map_views import MapRunView
    from sfnb.going_on import Definition
    from sfnb.mocks.answers import Given
    from sfnb.renderers import Picture
    from sfnb.renderers.story import Progress
    from sfnb.service.continuing import OnLost
    from sfnb.snapshot import Snapshot

GLANCE_SECONDS = 0.05
"""How late what a task prints may be seen."""
MOMENT_SECONDS = 0.5
"""How long a task token is waited for before that is told."""
LONG_LOG, LATEST = 100_000, 10_000
"""From how many records on a card shows the latest ones alone, and how many of them."""


class ExecutionFailed(SfnbError):
    """`result()` of an execution that did not succeed."""

    def __init__(self, execution: Execution) -> None:
        self.execution = execution
        super().__init__(execution.summary())


@keywords_told
class Execution(Logged):
    """One execution of a state machine; it may still be running.

    Get one from `machine.run`, `machine.start` or `%%asl --run`.
    """

    def __init__(self, service: StepFunctions, live: Live, *, latest: int | None = None) -> None:
        """latest: how many of its latest records alone are read; None: all."""
        super().__init__(service, live)
        self.latest = latest
        self._round = live.rounds

    @property
    def log(self) -> Sequence[ev.Event]:
        """Every event and fact so far, as records."""
        return self._once("log", self._read_log)

    def _read_log(self) -> Sequence[ev.Event]:
        if self.latest is None:
            return list(self._live.store.read(self.arn))
        return list(islice(self._live.store.read_back(self.arn), self.latest))[::-1]

    @property
    def _grows(self) -> bool:
        return self._live.last is None

    def _once(self, key: str, make: Callable[[], Kept]) -> Kept:
        """What was kept before a redrive is forgotten."""
        if self._round != self._live.rounds:
            self._round = self._live.rounds
            self._kept.clear()
            self._folded.clear()
        return super()._once(key, make)

    def describe(self) -> ExecutionState:
        """Everything at once, as DescribeExecution has it."""
        return self._service.describe_execution(self.arn)

    @property
    def record(self) -> ExecutionRecord:
        """What the store knows of it without its log; raises ExecutionDoesNotExist once it was deleted."""
        record = self._live.store.find(self.arn)
        if record is None:
            raise ExecutionDoesNotExist(f"Execution Does Not Exist: '{self.arn}'")
        return record

    @property
    def interrupted(self) -> bool:
        """It has no end, and nobody goes on with it: `resume` does."""
        live = self._live
        if live.run is not None or live.last is not None:
            return False
        return self._service.is_interrupted(self.record)

    @property
    def origin(self) -> str | None:
        """The ARN of the execution that it was forked from."""
        return self.record.origin

    @property
    def redrive_count(self) -> int:
        return self.record.redrive_count

    @property
    def redrivable(self) -> bool:
        """Whether `redrive` would take it: it failed, not long ago, and is no child of a map run."""
        return self.describe().redrive_status == "REDRIVABLE"

    def wait(self, timeout_seconds: float | None = None) -> bool:
        """Wait for the end; False if it has not come after `timeout_seconds`.

        Raises SfnbError where it was interrupted: nobody goes on with it.
        """
        try:
            return self._wait(timeout_seconds)
        except KeyboardInterrupt as interrupt:
            from sfnb.explain import came_to

            interrupt.add_note(came_to(self))
            raise

    def _wait(self, timeout_seconds: float | None = None) -> bool:
        live = self._live
        runs_here = live.run is not None
        # Asked before Live.wait: an interrupt in the midst of that may leave its gate closed.
        if live.last is not None:
            return True
        if runs_here or live.fault is not None:
            return live.wait(timeout_seconds)
        from sfnb.going_on import wait_for_others

        return wait_for_others(self, timeout_seconds)

    def follow(self, printed: SimpleQueue[str]) -> None:
        """Wait for the end, and write what tasks print from this thread: so it lands in the right cell.

        A task token that is waited for is told of after a moment, or who reads the cell would wait for
        ever. printed: what the execution was started with as `on_output=printed.put`, see `gathered`.
        A KeyboardInterrupt stops the execution (ABORTED) before it goes on its way.
        """
        told: dict[str, float] = {}
        try:
            while not self._wait(GLANCE_SECONDS):
                _write(printed)
                for request in self.new_requests(told, GLANCE_SECONDS):
                    print(request)
        except KeyboardInterrupt:
            self.stop()
            self._wait()
            raise

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
        """Wait, and return the output; raises ExecutionFailed where it did not succeed, StoreFault where its
        log cannot be written any more.
        """
        self.wait()
        if self._live.fault is not None:
            raise self._live.fault
        if self.status != "SUCCEEDED":
            raise ExecutionFailed(self)
        return self.output

    # Going on

    def resume(
        self,
        *,
        on_lost: OnLost = "repeat",
        mock: Given | None = None,
        on_output: Callable[[str], None] | None = None,
    ) -> Execution:
        """Go on where it was interrupted, and wait for the end, as `run` does; `sfnb.resume` does not wait.

        What had finished is not done again. on_lost: a task that had been called and had not answered is
        called again ("repeat"), or fails with the Error `TaskLost` ("fail").
        mock: again, where functions were among the mocks that it ran with.
        Raises TasksMissing, ReplayMismatch, ExecutionNotResumable, ExecutionOwned; see `sfnb.resume`.
        """
        from sfnb.going_on import resume

        return resume(self, on_lost, mock, on_output)

    def redrive(
        self,
        definition: Definition = None,
        *,
        mock: Given | None = None,
        skip_waits: bool = False,
        wait: bool = True,
        on_output: Callable[[str], None] | None = None,
    ) -> Execution:
        """Go on with what failed, was aborted or timed out, from where it did; wait as `run` does.

        What had succeeded is not done again. Functions are the ones that are there now.
        definition: a mended one, for this execution alone: text, a dict, a file, a StateMachine.
        mock: answers instead of calls; those that it ran with unless given. skip_waits: as for `start`, also
        where it did not before. wait: for the end; else this returns at once.
        Raises ExecutionNotRedrivable, ReplayMismatch where the log does not fit the definition, TasksMissing.
        """
        from sfnb.going_on import redrive

        return redrive(self, definition, mock, on_output, skip_waits=skip_waits, wait=wait)

    def fork(
        self,
        state: str | None = None,
        input: object = None,
        *,
        event: int | None = None,
        definition: Definition = None,
        name: str | None = None,
        mock: Given | None = None,
        skip_waits: bool = False,
        wait: bool = True,
        on_output: Callable[[str], None] | None = None,
    ) -> Execution:
        """A new execution that goes on from the middle of this one; wait for its end as `run` does.

        state: from the last visit of this state, at any depth. event: else, right after the event of this id.
        input: for that state, instead of what it was given.
        definition, skip_waits, wait: as for `redrive`. name: of the new execution.
        mock: answers instead of calls; those that this one ran with unless given.
        Raises SfnbError where there is no such visit, ReplayMismatch, TasksMissing, ExecutionAlreadyExists.
        """
        from sfnb.going_on import fork

        return fork(
            self,
            state,
            event,
            input,
            definition=definition,
            name=name,
            mock=mock,
            on_output=on_output,
            skip_waits=skip_waits,
            wait=wait,
        )

    # Map runs

    @property
    def map_run_records(self) -> list[MapRunView]:
        """The map runs of its Maps in DISTRIBUTED mode, as records, oldest first."""
        return self._service.map_runs.of_execution(self.arn)[::-1]

    def map_run_of(self, visit: Visit) -> MapRunView | None:
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

        runs = self.map_run_records
        return children_frame([(run, child) for run in runs for child in run.children.in_order()])

    def child(self, which: int | str, *, state: str | None = None) -> Execution:
        """A child execution: by its index in the latest map run, or by its name or ARN.

        state: the Map whose latest map run is meant. Raises SfnbError where there is no such child; in
        memory, those of a long map run that ended first are forgotten.
        """
        runs = [run for run in reversed(self.map_run_records) if state in (None, run.state)]
        if not runs:
            where = "" if state is None else f' of "{state}"'
            raise SfnbError(f"there is no map run{where}: only a Map in DISTRIBUTED mode has children")
        for run in runs[:1] if isinstance(which, int) else runs:
            child = run.children.find(which)
            if child is not None:
                return Execution(self._service, self._service.execution(child.arn))
        count = runs[0].executions.total
        raise SfnbError(
            f'there is no child {which!r} in the map run of "{runs[0].state}", which has {count:,}: '
            ".children lists those that are kept"
        )

    # Looking closer

    def page(self, after: int = 0, limit: int = 1_000, *, newest: bool = False) -> pd.DataFrame:
        """The events whose ids come after `after`, `limit` at most, with the columns of `events`.

        However long the log is, little more is read. newest: the last ones rather than the first.
        `state` is None where it was entered long before the page begins.
        """
        from sfnb.going_on import page

        return page(self._live.store, self.arn, after, limit, newest=newest)

    def glance(self) -> Execution:
        """What a card shows: the execution itself; one with a very long log with the latest of it alone."""
        if self.latest is not None or self.record.events <= LONG_LOG:
            return self
        return Execution(self._service, self._live, latest=LATEST)

    def graph(self, *, title: str | None = None) -> Picture:
        """The machine with the way that was taken; of a very long log, with the latest of it."""
        seen = self.glance()
        return super().graph(title=title) if seen is self else seen.graph(title=title)

    def timeline(self) -> Picture:
        """When each state was visited, and for how long; of a very long log, the latest of it."""
        seen = self.glance()
        return super().timeline() if seen is self else seen.timeline()

    def _title(self) -> str:
        return f"{self.machine_name}: {'INTERRUPTED' if self.interrupted else self.status}"

    def at(self, moment: int | datetime | str) -> Snapshot:
        """The execution as it was: tables, pictures, open states and variables of that moment.

        moment: right after the event of this id, as `events` has it; at that time, an aware datetime on the
            execution's clock; or right after a state was first entered, by its name, or by its path in
            `visits` for a certain item: "Orders[3]/Price".
        Raises SfnbError where there is no such moment.
        """
        from sfnb.snapshot import snapshot

        return snapshot(self, moment)

    def diff(self, other: Logged) -> Diff:
        """This execution, on the left, beside another, on the right: of the same machine or of an edited one.

        Visits are matched by state, branch or item, and by how often the state was visited there before.
        """
        from sfnb.diff import Diff

        return Diff(self, other)

    def view(self) -> Any:
        """A live view: the graph, a time slider, and each state's data at a click."""
        from sfnb.notebook.view import ExecutionView

        return ExecutionView(self)

    # Words

    def summary(self) -> str:
        """How it stands, in a few lines; for a failure, where and why."""
        from sfnb.explain import summarise

        return summarise(self)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        from sfnb.notebook.display import execution_bundle

        return execution_bundle(self)

    def __repr__(self) -> str:
        return self.summary()


@contextmanager
def gathered() -> Iterator[SimpleQueue[str]]:
    """What tasks print from the start on; all of it gets written, also where the start was interrupted."""
    printed: SimpleQueue[str] = SimpleQueue()
    try:
        yield printed
    finally:
        _write(printed)


def _write(printed: SimpleQueue[str]) -> None:
    """Write what has gathered, in one go."""
    texts = [printed.get() for _ in range(printed.qsize())]
    if texts:
        sys.stdout.write("".join(texts))
        sys.stdout.flush()
