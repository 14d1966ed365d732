"""A Distributed Map under way: a child execution for each item or batch, each with a log of its own.

Theory of operation. A feed hands over the children's inputs, one at a time, read and selected as they are
wanted, so that a file of any length takes little memory; a pump starts the children. They run as runs of
their own, as many at a time as are allowed, on their parent's clock; each counts its items as it ends. What
they put out goes to the result writer, or is kept for the state's result as long as it is not too large to
be one.

A map run that a replayed log leaves open is taken up: the items are read again, and have to be the same;
a child that has ended is counted from its log, one whose log has no end goes on, the others are started.
A child is known by its index, from which its ARN is made.

Source: AWS guide, "Map state in Distributed mode", "Map Run"; AWS recordings.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from msgspec import structs

from sfnb.asl.commands import RunChildren, StartMapRun
from sfnb.engine import events as ev
from sfnb.engine import facts
from sfnb.engine.children import Child, Children
from sfnb.engine.counts import Counts
from sfnb.engine.fold import ReplayMismatch
from sfnb.engine.interpreter import too_large
from sfnb.engine.map_again import Found, close_found, found_children, go_on, is_redriven, repeat
from sfnb.engine.map_names import arn_in_log, child_names, new_arn
from sfnb.engine.map_ports import Batch
from sfnb.engine.map_pump import Pump
from sfnb.engine.map_results import Results
from sfnb.engine.map_told import take_update, tell_counts, tell_plan
from sfnb.engine.map_views import MapRunStatus
from sfnb.errors import EvaluationError, ExecutionOwned, StatesError
from sfnb.values import Payload, size_bytes

if TYPE_CHECKING:
    from sfnb.engine.frame import Frame
    from sfnb.engine.run import Run

EXCEEDED = StatesError(
    "States.ExceedToleratedFailureThreshold", "The specified tolerated failure threshold was exceeded"
)


class MapRun:
    """What a frame waits for while the children of its Map run.

    arn: `...:mapRun:MACHINE/LABEL:UUID`. started_id: of MapRunStarted.
    stopped: when it ended, None while it is running.
    fingerprint: of what the items are read from; None where they are the state's own data.
    kind: the children's. begun: how many of them there have been. failure: what it is about to end with.
    redrive_count, redriven: how often it has been redriven, and when last.
    has_forgotten: logs of children have been dropped.
    lost: what a call of a child fails with that may have been made before; None: it is made again.
    """

    def __init__(self, run: Run, frame: Frame, command: StartMapRun) -> None:
        assert frame.state is not None
        self.run = run
        self.frame = frame
        self.command = command
        self.state = frame.state.name
        self.arn = arn_in_log(run) or new_arn(run, frame)
        *_, name, self.id = self.arn.split(":")
        self.label = name.rpartition("/")[2]
        self.kind = command.processor.processor_config.execution_type or "STANDARD"
        self.machine_arn = self.arn.removesuffix(f":{self.id}").replace(":mapRun:", ":stateMachine:")
        self.max_concurrency = command.max_concurrency
        self.tolerated_failure_count = command.tolerated_failure_count
        self.tolerated_failure_percentage = command.tolerated_failure_percentage
        self.item_counts = Counts()
        self.executions = Counts()
        self.status: MapRunStatus = "RUNNING"
        self.stopped: datetime | None = None
        self.children = Children()
        self.fingerprint: str | None = None
        self.redrive_count = 0
        self.redriven: datetime | None = None
        self.lost = run.replay.lost if run.replay else None
        self._replayed = bool(run.replay and run.replay.next)
        self._found: deque[Found] = deque()
        self._open: dict[str, Child] = {}
        self.has_forgotten = False
        self.begun = 0
        self.failure: StatesError | None = None
        self._pump = Pump(self)
        self._results: Results | None = None
        self._asked: RunChildren | None = None
        entry = run.replay.entry(frame.path) if run.replay else None
        self._voids = entry.voids if entry is not None else 0
        self.started_id = frame.record(ev.MapRunStarted, map_run_arn=self.arn)
        self.started: datetime = run.now
        tell_plan(self)

    @property
    def items(self) -> Counts:
        """As of now: those that no child has been started for are pending, as far as they are read."""
        if self.stopped is not None:
            return self.item_counts
        pending = self.item_counts.pending + self._pump.left
        return structs.replace(self.item_counts, pending=pending)

    # From start to end

    def begin(self, command: RunChildren) -> None:
        """Start the first children once the parent's turn is over; in a replay that is its end."""
        self._asked = command
        self.frame.waiting = self
        self.run.open_map_runs += 1
        self._pump.count(True)
        self.run.engine.soon(lambda: self.run.guard(self._set_out))

    @property
    def is_repeated(self) -> bool:
        """Whether it had ended before it was taken up: its log knows more of it."""
        return self._replayed and self.stopped is not None and not self.begun

    @property
    def begins(self) -> bool:
        """Whether it has not had a child, in this process or before."""
        return not self.begun and not self._found

    @property
    def asked(self) -> RunChildren:
        """What is read, how it is batched, where results go."""
        assert self._asked is not None
        return self._asked

    def _set_out(self) -> None:
        if self.status != "RUNNING" or self.run.replay is not None:
            return  # the log has its end, or did not fit
        if self._replayed:
            self._redrive()
            self._found = found_children(self)
        if self._found and self.run.clock.jumps:
            self.run.clock.jump(max(found.latest.timestamp for found in self._found))
        try:
            self._results = Results(self)
            self._pump.open(self.asked)
        except StatesError as fault:
            self.failure = fault
        self.run.engine.journal.add(self.run)  # no child may have a log before its parent tells of it
        self._pump.pump_and_wake()

    def _redrive(self) -> None:
        """The visit has been redriven once more than the map run: that is now."""
        if self.redrive_count < self._voids:
            self.redrive_count += 1
            self.frame.record(ev.MapRunRedriven, map_run_arn=self.arn, redrive_count=self.redrive_count)
            self.redriven = self.run.now
            self.run.engine.journal.add(self.run)

    @property
    def has_room(self) -> bool:
        """Whether another child may run."""
        return len(self._open) < (self.max_concurrency or self.run.limits.distributed_concurrency)

    # Children

    def start(self, batch: Batch) -> None:
        """Start the next child; one that has a log goes on with it, or is counted from it."""
        found = self._found.popleft() if self._found else None
        if found is None and size_bytes(batch.input.text) > self.run.limits.payload_bytes:
            self.item_counts.pending += batch.count
            self.failure = too_large(self.state)
            return
        again = found is not None and found.last is not None and is_redriven(self, found)
        anew = again and self.kind == "EXPRESS"
        round = 0 if found is None else self.redrive_count if anew else found.round
        child_run = self._child_run(self.begun, round, lambda last: self._child_ended(child, last))
        child = Child(
            arn=child_run.arn,
            name=child_run.name,
            run=child_run,
            index=self.begun,
            item_count=batch.count,
            started=child_run.open_log(batch.input) if found is None or anew else found.started,
        )
        self.begun += 1
        self.children[child.arn] = self._open[child.arn] = child
        self.item_counts.running += batch.count
        self.executions.running += 1
        if found is None or anew:
            child_run.guard(child_run.start, batch.input)
        elif found.last is not None and not again:
            self._child_ended(child, found.last)
        else:
            self._go_on(child_run, found)

    def _go_on(self, child_run: Run, found: Found) -> None:
        try:
            go_on(self, child_run, found)
        except (ReplayMismatch, ExecutionOwned) as mismatch:
            self.failure = StatesError("States.Runtime", str(mismatch))

    def _child_run(self, index: int, round: int, on_end: Callable[[ev.Event], None]) -> Run:
        """An execution of its own, in its parent's surroundings."""
        run = self.run
        name, arn = child_names(self, index, round)
        return type(run)(
            run.around,
            definition=self.command.processor,
            arn=arn,
            name=name,
            machine_arn=self.machine_arn,
            machine_name=f"{run.machine_name}/{self.label}",
            limits=run.limits.of_type(self.kind),
            plan={**run.plan, "kind": self.kind, "parent": self.arn, "index": index, "starter": None},
            on_end=on_end,
            on_lost=lambda fault: run.guard(run.lose, fault),
        )

    def _child_ended(self, child: Child, last: ev.Event) -> None:
        """On the engine's thread, in the child's last turn: nothing of the parent is written here."""
        child.end(last)
        del self._open[child.arn]
        self.item_counts.move(child.status, child.item_count)
        self.executions.move(child.status, 1)
        if self.status != "RUNNING":
            return
        assert self._results is not None
        try:
            self._results.add(child)
        except StatesError as fault:
            self.failure = self.failure or fault
        self.children.ended(child)
        if child.status != "SUCCEEDED" and self._over_tolerance():
            self.failure = self.failure or EXCEEDED
        if not self._pump.is_pumping:
            self._pump.soon()

    def forget_oldest(self) -> None:
        """Ended children give way to later ones."""
        for oldest in self.children.drop_oldest():
            if self.run.store.durable:
                continue
            if not self.has_forgotten:
                self.has_forgotten = True
                self.frame.fact(facts.ChildrenForgotten)
                self.run.engine.journal.add(self.run)
            self.run.after_commit(partial(self.run.store.forget, oldest.arn))

    # Tolerance

    def update(
        self,
        max_concurrency: int | None = None,
        tolerated_failure_count: int | None = None,
        tolerated_failure_percentage: float | None = None,
    ) -> bool:
        """Change what is given, while it is running; on the engine's thread. Whether it is."""
        if self.frame.waiting is not self:
            return False
        self.run.now = self.run.clock.now()
        told = self.frame.fact(
            facts.MapRunUpdated,
            max_concurrency=max_concurrency,
            tolerated_failure_count=tolerated_failure_count,
            tolerated_failure_percentage=tolerated_failure_percentage,
        )
        self.run.engine.journal.add(self.run)
        take_update(self, told)
        self._pump.soon()
        return True

    def _over_tolerance(self) -> bool:
        """Whether more has failed than is tolerated; equal is still fine."""
        bad = self.item_counts.failed + self.item_counts.timed_out
        count, share = self.tolerated_failure_count, self.tolerated_failure_percentage
        if count is None and share is None:
            return bad > 0
        if count is not None and bad > count:
            return True
        return share is not None and self._pump.all_read and bad * 100 > share * self.item_counts.total

    # The end

    def finish_if_done(self) -> None:
        if self.failure is None and (not self._pump.all_read or self._open):
            return
        if self.failure is None and self._over_tolerance():
            self.failure = EXCEEDED
        try:
            if self.failure is not None:
                raise self.failure
            assert self._results is not None
            result = self._results.finish(self.begun)
        except StatesError as fault:
            self.fail(fault)
            return
        self.frame.fact(facts.MapRunResult, output=result.text)
        self.succeed(result)

    def succeed(self, result: Payload) -> None:
        self._close("SUCCEEDED")
        self.frame.started = False
        started_id = self.frame.last_id
        self.frame.record(ev.MapRunSucceeded)
        self.frame.record(ev.MapStateSucceeded, advance=False)
        self.frame.last_id = started_id  # AWS since November 2024: the exit points at MapRunStarted
        self.run.go_on(self.frame, result)

    def fail(self, failure: StatesError) -> None:
        """Committed first: children that have been aborted must not be all that is left of it."""
        if isinstance(failure, EvaluationError):
            self.frame.fact(facts.SelectionFailed, location=failure.location, spec=failure.spec)
        self.frame.record(ev.MapRunFailed, error=failure.error, cause=failure.cause)
        self.run.engine.journal.add(self.run)
        self._close("FAILED")
        self.run.go_on(self.frame, None, failure)

    def repeat(self, event: ev.Event) -> None:
        """What a replayed log says next."""
        repeat(self, event)

    def cancel(self) -> None:
        """The frame is given up."""
        if self.status == "RUNNING":
            if not self.run.ending:
                self.frame.record(ev.MapRunAborted, advance=False)
                self.run.engine.journal.add(self.run)
            self._close("ABORTED")

    def _close(self, status: MapRunStatus) -> None:
        self.status = status
        self.stopped = self.run.now
        self.run.open_map_runs -= 1
        self._pump.close()
        self.item_counts.pending += self._pump.left
        if self._results and status != "SUCCEEDED":
            self._results.discard()
        stopped = list(self._open.values())
        for child in stopped:
            self._give_up(child)
        if self.run.forsaken:
            return
        if self._replayed and status != "SUCCEEDED":
            close_found(self)
        tell_counts(self, stopped)

    def _give_up(self, child: Child) -> None:
        """End it with the map run; one whose parent has been let go of can be taken up with that."""
        run = child.run
        if run is None:
            return
        if self.run.fault is not None:
            run.lose(self.run.fault)
        else:
            run.guard(run.stop)
