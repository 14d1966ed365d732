"""The actions on executions: they are started, found and stopped."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from sfnb.engine import events as ev
from sfnb.engine.clock import Clock, new_name, new_seed
from sfnb.engine.compat import COMPAT, CompatName
from sfnb.engine.limits import Limits
from sfnb.engine.loop import Engine
from sfnb.engine.map_ports import MapData
from sfnb.engine.map_run import MapRun
from sfnb.engine.ports import Executor, Tasks
from sfnb.engine.reports import for_good
from sfnb.engine.run import Run
from sfnb.engine.sleepers import Sleepers
from sfnb.engine.surroundings import Surroundings
from sfnb.errors import StaleAppend, StoreFault
from sfnb.items.buckets import Buckets
from sfnb.items.map_data import BucketData
from sfnb.registry import Registry
from sfnb.service.names import check_name
from sfnb.service.records import Live, StateMachineRecord
from sfnb.service.refusals import (
    ExecutionAlreadyExists,
    InvalidExecutionInput,
    ServiceClosed,
    StateMachineTypeNotSupported,
)
from sfnb.service.telling import Telling
from sfnb.trial.refusals import ValidationException
from sfnb.values import Payload, size_bytes

if TYPE_CHECKING:
    from sfnb.mocks import Mocks

log = logging.getLogger("sfnb")

NOT_SYNCHRONOUS = "This operation is not supported by this type of state machine"


class Executions(Telling):
    """Starts executions and stops them."""

    engine: Engine
    executor: Executor
    limits: Limits
    names: Callable[[], str]
    registry: Registry
    buckets: Buckets

    def __init__(self) -> None:
        super().__init__()
        self._starting = threading.Lock()
        self._closed = False

    def start_execution(
        self,
        machine: StateMachineRecord,
        input: Payload,
        *,
        name: str | None = None,
        clock: Clock | None = None,
        sleepers: Sleepers | None = None,
        limits: Limits | None = None,
        compat: CompatName = "aws",
        mocks: Mocks | None = None,
        on_output: Callable[[str], None] | None = None,
        starter: str | None = None,
        qualifiers: Mapping[str, str] | None = None,
        trace_header: str | None = None,
    ) -> Live:
        """Start an execution and return at once.

        A STANDARD one that is running under this name, with this very input, is not started again: it
        is answered with.
        sleepers: those that are on `clock` already.
        compat: what AWS does, or what the States Language says; see `engine.compat`.
        mocks: answers instead of calls.
        on_output: called, on the engine's thread, with what tasks print.
        starter, trace_header: see `facts.ExecutionPlanned`. qualifiers: see `versions.Chosen`.
        Raises InvalidExecutionInput where the input is too large, InvalidName where AWS takes no such name,
        ExecutionAlreadyExists, ServiceClosed, StoreFault.
        Source: AWS API reference, StartExecution.
        """
        limits = (limits or self.limits).of_type(machine.type)
        _check_size(input, limits)
        name = check_name(name or self.names(), "an execution")
        arn = self._execution_arn(machine, name)
        live = Live(arn, name, machine, self.store_of(machine))
        plan = self._plan(machine, live, compat, mocks) | {
            "starter": starter,
            "trace_header": trace_header,
        }
        clock = clock or self.clock()
        run = self._run(
            live,
            machine,
            clock,
            limits,
            plan,
            mocks=mocks,
            on_output=on_output,
            sleepers=sleepers,
            qualifiers=qualifiers,
        )
        return self._begin(live, run, input)

    def _begin(self, live: Live, run: Run, input: Payload) -> Live:
        """Let it go on its way, unless one is on its way under its ARN."""
        arn = live.arn
        if not self._enter(live, run):
            return self._started(live.machine, arn, input)
        try:
            with self._openings.opening(arn):
                live.first = self._open(live, run, input)
        except StaleAppend:
            return self._started(live.machine, arn, input)
        return live

    def _enter(self, live: Live, run: Run) -> bool:
        """Have it under way, unless one is under its ARN; one that is about to begin there is waited for."""
        arn = live.arn
        while True:
            with self._starting:
                self._check_open()
                if arn not in self._openings:  # asked first: it is struck off before it opens no more
                    if arn in self._live:
                        return False
                    live.run = run
                    self._openings.add(arn)
                    self._live[arn] = live
                    return True
            if self.engine.here:
                raise _exists(arn)  # to wait would be to wait for oneself
            self._openings.wait(arn)

    def _open(self, live: Live, run: Run, input: Payload) -> ev.ExecutionStarted:
        try:
            first = self._accept(run, input)
        except Exception:  # one that was interrupted here may be on its way: whoever stops it has to find it
            self._strike(live)
            raise
        self._known[live.arn] = live
        return first

    def _accept(self, run: Run, input: Payload) -> ev.ExecutionStarted:
        """Commit that it has started, before its caller hears so, and let it run; raises StoreFault.

        Where a commit costs something, the engine makes one for all that start, and what they do at first.
        """
        if not run.store.durable or self.engine.here:
            started = run.accept(input)
            self.engine.post(run.guard, run.start, input)
            return started
        opened: list[ev.ExecutionStarted] = []

        def begin() -> None:
            opened.append(run.open_log(input))
            run.start(input)

        self._begin_for_good(run, partial(run.guard, begin))
        return opened[0]

    def _begin_for_good(self, run: Run, begin: Callable[[], None]) -> None:
        """Have a run begin on the engine's thread; returns when what that wrote can be lost no more.

        Raises what `begin` raises, and StoreFault where it cannot be kept.
        """
        answered: SimpleQueue[Exception | None] = SimpleQueue()
        tell_lost = run.on_lost

        def lose(fault: StoreFault) -> None:
            answered.put(fault)
            tell_lost(fault)

        def begin_and_commit() -> None:
            try:
                begin()
            except Exception as fault:
                answered.put(fault)
            else:
                run.after_commit(lambda: answered.put(None), first=True)  # who waits hears before tasks do

        run.on_lost = lose
        self.engine.post(begin_and_commit)
        fault = answered.get()
        if fault is not None:
            raise fault

    def _started(self, machine: StateMachineRecord, arn: str, input: Payload) -> Live:
        """The execution of this name, if to start it again means nothing; raises ExecutionAlreadyExists."""
        live = self.execution(arn)
        running = machine.type == "STANDARD" and live.run is not None
        if running and self.describe_execution(arn).input == input.text:
            return live
        raise _exists(arn)

    def _plan(
        self, machine: StateMachineRecord, live: Live, compat: CompatName, mocks: Mocks | None
    ) -> dict[str, Any]:
        """What the log keeps besides what the run knows; see `facts.ExecutionPlanned`."""
        plan: dict[str, Any] = {
            "kind": machine.type,
            "definition": self.keep_definition(machine, live.store),
            "compat": compat,
            "revision": machine.revision,
            "signed_tokens": True,
        }
        if mocks is not None:
            from sfnb.mocks.written import written

            plan["mock"] = written(mocks)
        return plan

    def _ended(self, live: Live, last: ev.Event) -> None:
        self._strike(live)
        live.end(last)

    def _strike(self, live: Live) -> None:
        """It is not under way any more."""
        if self._live.get(live.arn) is live:
            del self._live[live.arn]

    @property
    def is_closed(self) -> bool:
        """Nothing is started any more."""
        return self._closed

    def _check_open(self) -> None:
        if self._closed:
            raise ServiceClosed("This StepFunctions service is closed: make another one to start executions")

    def _close_starts(self) -> list[Live]:
        """From now on nothing is started; all that is under way."""
        with self._starting:
            self._closed = True
            return list(self._live.values())

    def _execution_arn(self, machine: StateMachineRecord, name: str) -> str:
        if machine.type == "STANDARD":
            return self._arn("execution", f"{machine.name}:{name}")
        return self._arn("express", f"{machine.name}:{name}:{new_name()}")

    def start_sync_execution(self, machine: StateMachineRecord, input: Payload, **options: Any) -> Live:
        """Start an EXPRESS execution and return when it has ended. Options as for `start_execution`.

        Raises StateMachineTypeNotSupported for a STANDARD machine, and what `start_execution` raises.
        """
        if machine.type != "EXPRESS":
            raise StateMachineTypeNotSupported(NOT_SYNCHRONOUS)
        live = self.start_execution(machine, input, **options)
        live.wait()
        return live

    def _run(
        self,
        live: Live,
        machine: StateMachineRecord,
        clock: Clock,
        limits: Limits,
        plan: dict[str, Any],
        *,
        seed: str | None = None,
        mocks: Mocks | None = None,
        on_output: Callable[[str], None] | None = None,
        sleepers: Sleepers | None = None,
        qualifiers: Mapping[str, str] | None = None,
    ) -> Run:
        """seed: equal runs on frozen clocks are to be equal, so theirs is drawn from the name alone."""
        tasks: Tasks = self.registry.machine(machine.arn)
        map_data: MapData = BucketData(self.buckets, self.registry.permit(machine, self.region, clock))
        if mocks is not None:
            tasks, map_data = mocks.around(tasks, map_data, clock.now())
        around = Surroundings(
            engine=self.engine,
            store=live.store,
            clock=clock,
            sleepers=sleepers or Sleepers(),
            executor=self.executor,
            tasks=tasks,
            map_data=map_data,
            compat=COMPAT[plan["compat"]],
            region=self.region,
            role_arn=machine.role_arn,
            seed=seed or (live.name if clock.frozen else new_seed()),
            on_output=_Told(on_output) if on_output is not None else _ignore,
            on_map_run=self.map_runs.opened,
            on_events=self._observer(live, machine),
        )
        return self._run_in(around, live, machine, limits, plan, qualifiers)

    def _run_in(
        self,
        around: Surroundings,
        live: Live,
        machine: StateMachineRecord,
        limits: Limits,
        plan: dict[str, Any],
        qualifiers: Mapping[str, str] | None,
    ) -> Run:
        return Run(
            around,
            definition=machine.definition,
            arn=live.arn,
            name=live.name,
            machine_arn=machine.arn,
            machine_name=machine.name,
            limits=limits,
            plan=plan,
            on_end=partial(self._ended, live),
            on_lost=live.lose,
            qualifiers=qualifiers,
        )

    def stop_execution(self, arn: str, *, error: str | None = None, cause: str | None = None) -> None:
        """End a running execution as ABORTED; one that has ended stays as it is.

        One that was interrupted is ended in its log. Raises ExecutionOwned where another process runs it.
        """
        live = self.execution(arn)
        if live.run is not None:
            self.engine.post(live.run.guard, live.run.stop, error, cause)
            return
        record = live.store.find(arn)
        if record is None or record.status != "RUNNING":
            return
        live.store.claim(arn)
        last = ev.ExecutionAborted(
            id=record.last_id + 1, previous_event_id=0, timestamp=self.clock().now(), error=error, cause=cause
        )
        live.store.append(arn, [last], after=record.events)
        self._ended(live, last)

    def update_map_run(self, arn: str, **changes: Any) -> None:
        """Change max_concurrency, tolerated_failure_count or tolerated_failure_percentage of a map run.

        Returns when the change can be lost no more.
        Raises ResourceNotFound, ValidationException for one that has ended, StoreFault.
        """
        map_run = self.map_runs.describe(arn)
        if (
            not isinstance(map_run, MapRun)
            or map_run.status != "RUNNING"
            or not for_good(map_run.run, partial(map_run.update, **changes))
        ):
            raise ValidationException(
                f"Map Run is not running, so it cannot be updated: '{arn}'",
                "CANNOT_UPDATE_COMPLETED_MAP_RUN",
            )


class _Told:
    """Tells on what tasks print. A listener that raises is logged, once, and harms no execution."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._has_failed = False

    def __call__(self, text: str) -> None:
        try:
            self._tell(text)
        except Exception:
            if not self._has_failed:
                log.exception("on_output raised; it is called again, and said no more of")
            self._has_failed = True


def _ignore(text: str) -> None:
    """Nobody listens."""


def _exists(arn: str) -> ExecutionAlreadyExists:
    return ExecutionAlreadyExists(f"Execution Already Exists: '{arn}'")


def _check_size(input: Payload, limits: Limits) -> None:
    """Raises InvalidExecutionInput."""
    size = size_bytes(input.text)
    if size > limits.payload_bytes:
        raise InvalidExecutionInput(
            f"The input is {size:,} bytes of JSON; an execution takes {limits.payload_bytes:,} at most. "
            "Keep the data in a file or a bucket and pass its name, or lift the limits"
        )
