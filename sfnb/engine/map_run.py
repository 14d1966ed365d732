"""A Distributed Map under way: a child execution for each item or batch, each with a log of its own.

Theory of operation. A feed hands over the children's inputs, one at a time, read and selected as they
are wanted, so that a file of any length takes little memory. Children run as runs of their own, as
many at a time as are allowed; each counts its items as it ends. What they put out goes to the result
writer, or is kept for the state's result as long as it is not too large to be one.

Source: AWS guide, "Map state in Distributed mode", "Map Run"; AWS recordings.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

import msgspec

from sfnb.asl.commands import RunChildren, StartMapRun
from sfnb.engine import events as ev
from sfnb.engine.clock import uuid_of
from sfnb.engine.execution import STATUS
from sfnb.engine.feed import END, NOT_READY, Feed, feed_of
from sfnb.engine.interpreter import too_large
from sfnb.engine.map_ports import Batch, ChildResult, ResultSink, Status
from sfnb.errors import StatesError
from sfnb.values import Payload, size_bytes

if TYPE_CHECKING:
    from sfnb.engine.frame import Frame
    from sfnb.engine.run import Run

KEPT_CHILDREN = 10_000
KEPT_BYTES = 50_000_000
"""How many ended children of one map run keep their logs, and how much they may have been given and have
put out; those that ended first are forgotten first."""

PUMP_TIME = timedelta(milliseconds=10)

EXCEEDED = StatesError(
    "States.ExceedToleratedFailureThreshold", "The specified tolerated failure threshold was exceeded"
)

MapRunStatus = Literal["RUNNING", "SUCCEEDED", "FAILED", "ABORTED"]


class Counts(msgspec.Struct):
    """How many items, or executions, are where. Source: AWS API reference, MapRunItemCounts."""

    pending: int = 0
    running: int = 0
    succeeded: int = 0
    failed: int = 0
    timed_out: int = 0
    aborted: int = 0
    results_written: int = 0

    @property
    def total(self) -> int:
        return self.pending + self.running + self.succeeded + self.failed + self.timed_out + self.aborted

    def move(self, status: str, count: int) -> None:
        """So many have ended with this status."""
        self.running -= count
        outcome = status.lower()
        setattr(self, outcome, getattr(self, outcome) + count)


class Child(msgspec.Struct):
    """A child execution, as ListExecutions shows it."""

    arn: str
    name: str
    run: Run | None
    index: int
    item_count: int
    started: ev.ExecutionStarted
    last: ev.Event | None = None
    waiting: list[Callable[[ev.Event], None]] = []

    def tell_end(self, tell: Callable[[ev.Event], None]) -> None:
        """Call `tell` with the last event; at once if there is one."""
        if self.last is not None:
            tell(self.last)
        else:
            self.waiting.append(tell)

    @property
    def size(self) -> int:
        """About how many bytes its log keeps."""
        output = self.last.output if isinstance(self.last, ev.ExecutionSucceeded) else ""
        return len(self.started.input) + len(output)

    @property
    def status(self) -> Status | Literal["RUNNING"]:
        return "RUNNING" if self.last is None else STATUS[type(self.last)]


class MapRun:
    """What a frame waits for while the children of its Map run.

    arn: `...:mapRun:MACHINE/LABEL:UUID`.
    stopped: when it ended, None while it is running.
    fingerprint: of what the items were read from; None where they are the state's own data.
    """

    def __init__(self, run: Run, frame: Frame, command: StartMapRun) -> None:
        assert frame.state is not None
        self.run = run
        self.frame = frame
        self.command = command
        self.state = frame.state.name
        self.label = command.label or uuid_of(f"{run.machine_arn}/{frame.state.place}")
        self.id = uuid_of(f"{run.arn}/{run.seed}/{frame.path}/{frame.last_id}/map-run")
        self.machine_arn = f"{run.machine_arn}/{self.label}"
        self.arn = self.machine_arn.replace(":stateMachine:", ":mapRun:") + f":{self.id}"
        self.max_concurrency = command.max_concurrency
        self.tolerated_failure_count = command.tolerated_failure_count
        self.tolerated_failure_percentage = command.tolerated_failure_percentage
        self.items = Counts()
        self.executions = Counts()
        self.status: MapRunStatus = "RUNNING"
        self.started: datetime = run.now
        self.stopped: datetime | None = None
        self.children: dict[str, Child] = {}
        self.fingerprint: str | None = None
        self._open: dict[str, Child] = {}
        self._ended: deque[Child] = deque()
        self._kept_bytes = 0
        self._outputs: dict[int, Child] = {}
        self._output_bytes = 0
        self._begun = 0
        self._all_read = False
        self._pumping = False
        self._counted = False
        self._feed: Feed | None = None
        self._writer: ResultSink | None = None
        self._command: RunChildren | None = None
        frame.record(ev.MapRunStarted, map_run_arn=self.arn)

    # From start to end

    def begin(self, command: RunChildren) -> None:
        """Open what is read and written, and start the first children."""
        self._command = command
        self.frame.waiting = self
        try:
            if command.writer is not None:
                self._writer = self.run.map_data.writer(command.writer, self.arn, self.id)
            self._feed = feed_of(self.run, command, self._more)
        except StatesError as fault:
            self._fail(fault)
            return
        self._count(True)
        self.pump()

    def _more(self) -> None:
        """The feed has something; from its own thread."""
        self.run.engine.post(self._pump_later)

    def _pump_later(self) -> None:
        self.run.guard(self._pump_and_wake)

    def _pump_and_wake(self) -> None:
        if not self.run.ended:
            self.run.now = self.run.clock.now()
            self.pump()
            self.run.wake()

    def pump(self) -> None:
        """Start children, as many as may run at a time, for a while."""
        if self._pumping or self.status != "RUNNING":
            return
        self._pumping = True
        try:
            until = self.run.clock.now() + PUMP_TIME
            limit = self.max_concurrency or self.run.limits.distributed_concurrency
            while self.status == "RUNNING" and not self._all_read and len(self._open) < limit:
                if not self._start_next():
                    break
                if self.run.clock.now() >= until:
                    self.run.engine.soon(self._pump_later)
                    break
        finally:
            self._pumping = False
        self._finish_if_done()

    def _start_next(self) -> bool:
        """Start the next child; False where there is none yet, or none any more."""
        assert self._feed is not None
        try:
            batch = self._feed.take()
        except StatesError as fault:
            self._fail(fault)
            return False
        if batch is NOT_READY:
            return False
        if batch is END:
            self._all_read = True
            self.fingerprint = self._feed.fingerprint
            return False
        assert isinstance(batch, Batch)
        self._start(batch)
        return True

    def _start(self, batch: Batch) -> None:
        index = self._begun
        self._begun += 1
        if size_bytes(batch.input.text) > self.run.limits.payload_bytes:
            self._fail(too_large(self.state))
            return
        child_run = self._child_run(index, lambda last: self._child_ended(child, last))
        started = child_run.accept(batch.input)
        child = Child(
            arn=child_run.arn,
            name=child_run.name,
            run=child_run,
            index=index,
            item_count=batch.count,
            started=started,
        )
        self.children[child.arn] = self._open[child.arn] = child
        self.items.running += batch.count
        self.executions.running += 1
        child_run.guard(child_run.start, batch.input)

    def _child_run(self, index: int, on_end: Callable[[ev.Event], None]) -> Run:
        """An execution of its own, on a clock of its own that begins now."""
        run = self.run
        name = uuid_of(f"{self.arn}/{index}")
        kind = self.command.processor.processor_config.execution_type or "STANDARD"
        arn = self.machine_arn.replace(":stateMachine:", ":execution:" if kind == "STANDARD" else ":express:")
        if kind == "EXPRESS":
            arn = f"{arn}:{uuid_of(name)}"
        return type(run)(
            engine=run.engine,
            definition=self.command.processor,
            arn=f"{arn}:{name}",
            name=name,
            machine_arn=self.machine_arn,
            machine_name=f"{run.machine_name}/{self.label}",
            role_arn=run.role_arn,
            region=run.region,
            store=run.store,
            clock=run.clock.fork(),
            executor=run.executor,
            tasks=run.tasks,
            limits=run.limits.of_type(kind),
            compat=run.compat,
            map_data=run.map_data,
            seed=name,
            on_end=on_end,
            on_output=run.on_output,
            on_map_run=run.on_map_run,
        )

    def _child_ended(self, child: Child, last: ev.Event) -> None:
        """On the engine's thread, in the child's last turn."""
        ended_at = last.timestamp
        child.run, child.last = None, last
        for tell in child.waiting:
            tell(last)
        del self._open[child.arn]
        self.items.move(child.status, child.item_count)
        self.executions.move(child.status, 1)
        if self.status != "RUNNING":
            return
        if self.run.clock.jumps:
            self.run.clock.jump(ended_at)
        try:
            self._keep_result(child)
        except StatesError as fault:
            self._fail(fault)
        self._forget_oldest(child)
        if child.status != "SUCCEEDED" and self._over_tolerance():
            self._fail(EXCEEDED)
        if not self._pumping:
            self._more()

    def _keep_result(self, child: Child) -> None:
        if self._writer is not None:
            self._writer.add(self._result(child))
            self.items.results_written += child.item_count
            self.executions.results_written += 1
            return
        self._output_bytes += (
            size_bytes(child.last.output) if isinstance(child.last, ev.ExecutionSucceeded) else 0
        )
        if self._output_bytes <= 2 * self.run.limits.payload_bytes:
            self._outputs[child.index] = child
        else:
            self._outputs.clear()  # it is too large to be a result, whatever else comes

    def _result(self, child: Child) -> ChildResult:
        last = child.last
        assert last is not None
        return ChildResult(
            execution_arn=child.arn,
            input=child.started.input,
            name=child.name,
            output=last.output if isinstance(last, ev.ExecutionSucceeded) else None,
            error=getattr(last, "error", None),
            cause=getattr(last, "cause", None),
            start_date=child.started.timestamp,
            stop_date=last.timestamp,
            state_machine_arn=self.machine_arn,
            status=STATUS[type(last)],  # type: ignore[arg-type]
        )

    def _forget_oldest(self, child: Child) -> None:
        """Ended children give way to later ones: a run of a million must not fill the memory."""
        self._ended.append(child)
        self._kept_bytes += child.size
        while len(self._ended) > KEPT_CHILDREN or self._kept_bytes > KEPT_BYTES:
            oldest = self._ended.popleft()
            self._kept_bytes -= oldest.size
            del self.children[oldest.arn]
            self.run.store.forget(oldest.arn)

    # Tolerance

    def _over_tolerance(self) -> bool:
        """Whether more has failed than is tolerated; equal is still fine."""
        bad = self.items.failed + self.items.timed_out
        count, share = self.tolerated_failure_count, self.tolerated_failure_percentage
        if count is None and share is None:
            return bad > 0
        if count is not None and bad > count:
            return True
        return share is not None and self._all_read and bad * 100 > share * self.items.total

    # The end

    def _finish_if_done(self) -> None:
        if self.status != "RUNNING" or not self._all_read or self._open:
            return
        if self._over_tolerance():
            self._fail(EXCEEDED)
            return
        try:
            result = self._make_result()
        except StatesError as fault:
            self._fail(fault)
            return
        self._close("SUCCEEDED")
        self.frame.started = False
        started_id = self.frame.last_id
        self.frame.record(ev.MapRunSucceeded)
        self.frame.record(ev.MapStateSucceeded, advance=False)
        self.frame.last_id = started_id  # AWS since November 2024: the exit points at MapRunStarted
        self.run.go_on(self.frame, result)

    def _make_result(self) -> Payload:
        if self._writer is not None:
            return Payload(self._writer.close())
        if len(self._outputs) < self._begun:
            raise too_large(self.state)
        assert self._command is not None
        results = [self._result(self._outputs[index]) for index in range(self._begun)]
        return Payload(self.run.map_data.result(results, self._command.transformation))

    def _fail(self, failure: StatesError) -> None:
        if self.status != "RUNNING":
            return
        self._close("FAILED")
        self.frame.record(ev.MapRunFailed, error=failure.error, cause=failure.cause)
        self.run.go_on(self.frame, None, failure)

    def repeat(self, event: ev.Event) -> None:
        """What happened in the children stands in their own logs."""

    def cancel(self) -> None:
        """The frame is given up."""
        if self.status == "RUNNING":
            self._close("ABORTED")
            if not self.run.ending:
                self.frame.record(ev.MapRunAborted, advance=False)

    def _close(self, status: MapRunStatus) -> None:
        self.status = status
        self.stopped = self.run.clock.now()
        self._count(False)
        if self._feed is not None:
            self.items.pending += self._feed.close()
        for child in list(self._open.values()):
            if child.run is not None:
                child.run.guard(child.run.stop)
        if self._writer is not None and status != "SUCCEEDED":
            self._writer.discard()

    def _count(self, running: bool) -> None:
        """While children run, the clock of the parent does not jump."""
        self.run.running_calls += running - self._counted
        self._counted = running
