"""The actions on executions."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from queue import SimpleQueue
from typing import TYPE_CHECKING

from msgspec import structs

from sfnb.engine import events as ev
from sfnb.engine.activities import InvalidArn
from sfnb.engine.clock import Clock, new_name
from sfnb.engine.compat import COMPAT, Compat, CompatName
from sfnb.engine.execution import ExecutionState, state_of
from sfnb.engine.limits import Limits
from sfnb.engine.loop import Engine
from sfnb.engine.map_ports import MapData
from sfnb.engine.ports import EventStore, Executor, Tasks
from sfnb.engine.replay import resume
from sfnb.engine.run import Run
from sfnb.engine.sleepers import Sleepers
from sfnb.errors import InvalidInput
from sfnb.items.buckets import Buckets
from sfnb.items.map_data import BucketData
from sfnb.map_runs import MapRuns
from sfnb.registry import Registry
from sfnb.service.machines import Machines
from sfnb.service.names import check_name
from sfnb.service.records import Live, StateMachineRecord
from sfnb.service.refusals import (
    ExecutionAlreadyExists,
    ExecutionDoesNotExist,
    ExecutionNotResumable,
    InvalidExecutionInput,
    ServiceClosed,
    StateMachineTypeNotSupported,
)
from sfnb.values import Payload, size_bytes

if TYPE_CHECKING:
    from sfnb.mocks import Mocks

log = logging.getLogger("sfnb")

NOT_SYNCHRONOUS = "This operation is not supported by this type of state machine"


class Executions(Machines):
    """Starts executions, takes them up, finds and stops them."""

    store: EventStore
    engine: Engine
    executor: Executor
    limits: Limits
    names: Callable[[], str]
    registry: Registry
    buckets: Buckets
    map_runs: MapRuns

    def __init__(self) -> None:
        super().__init__()
        self._live: dict[str, Live] = {}
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
    ) -> Live:
        """Start an execution and return at once.

        A STANDARD one that is running under this name, with this very input, is not started again: it
        is answered with.
        sleepers: those that are on `clock` already.
        compat: what AWS does, or what the States Language says; see `engine.compat`.
        mocks: answers instead of calls.
        on_output: called, on the engine's thread, with what tasks print.
        Raises InvalidInput where the input is too large, InvalidName where AWS would not take `name`,
        ExecutionAlreadyExists, ServiceClosed.
        Source: AWS API reference, StartExecution.
        """
        limits = limits or self.limits
        size = size_bytes(input.text)
        if size > limits.payload_bytes:
            raise InvalidInput(
                f"The input is {size:,} bytes of JSON; an execution takes {limits.payload_bytes:,} at most. "
                "Keep the data in a file or a bucket and pass its name, or lift the limits"
            )
        name = check_name(name or self.names(), "an execution")
        arn = self._execution_arn(machine, name)
        with self._starting:
            self._check_open()
            if arn in self._live:
                return self._started(machine, self._live[arn], input)
            live = Live(arn, name, machine)
            clock = clock or self.clock()
            run = live.run = self._run(live, clock, limits, COMPAT[compat], mocks, on_output, sleepers)
            live.first = run.accept(input)
            self._live[arn] = live
            self.engine.post(run.guard, run.start, input)
        return live

    def _started(self, machine: StateMachineRecord, live: Live, input: Payload) -> Live:
        """`live`, if to start it once more means nothing; raises ExecutionAlreadyExists."""
        running = machine.type == "STANDARD" and live.last is None
        if running and self.describe_execution(live.arn).input == input.text:
            return live
        raise ExecutionAlreadyExists(f"Execution Already Exists: '{live.arn}'")

    def _check_open(self) -> None:
        if self._closed:
            raise ServiceClosed("This StepFunctions service is closed: make another one to start executions")

    def _close_starts(self) -> list[Live]:
        """From now on nothing is started; all that has been."""
        with self._starting:
            self._closed = True
            return list(self._live.values())

    def resume_execution(
        self,
        machine: StateMachineRecord,
        name: str,
        *,
        clock: Clock | None = None,
        limits: Limits | None = None,
        compat: CompatName = "aws",
        mocks: Mocks | None = None,
        on_output: Callable[[str], None] | None = None,
    ) -> Live:
        """Go on with an execution whose log in the store has no end, where that log stops.

        What had finished is not done again; a task without an answer is called again, with the same key.
        The options are those of `start_execution`: the log does not keep them.
        Raises ReplayMismatch where the log does not fit the machine; nothing is called or written then.
        Raises ExecutionDoesNotExist, ExecutionNotResumable (it has ended, or is under way), ServiceClosed.
        """
        self._check_open()
        arn = self._arn("execution", f"{machine.name}:{name}")
        log = list(self.store.read(arn))
        if not log:
            raise ExecutionDoesNotExist(f"Execution Does Not Exist: '{arn}'")
        if isinstance(log[-1], ev.TERMINAL):
            raise ExecutionNotResumable(f"Execution has ended: '{arn}'")
        before = self._live.get(arn)
        if before is not None and before.run is not None:
            raise ExecutionNotResumable(f"Execution is under way: '{arn}'")
        live = Live(arn, name, machine)
        live.run = self._run(
            live, clock or self.clock(), limits or self.limits, COMPAT[compat], mocks, on_output
        )
        answered: SimpleQueue[Exception | None] = SimpleQueue()
        self._live[arn] = live
        self.engine.post(_resume, live.run, log, answered)
        fault = answered.get()
        if fault is not None:
            del self._live[arn]
            raise fault
        return live

    def _execution_arn(self, machine: StateMachineRecord, name: str) -> str:
        if machine.type == "STANDARD":
            return self._arn("execution", f"{machine.name}:{name}")
        return self._arn("express", f"{machine.name}:{name}:{new_name()}")

    def start_sync_execution(
        self, machine: StateMachineRecord, input: Payload, *, name: str | None = None
    ) -> Live:
        """Start an EXPRESS execution and return when it has ended.

        Raises StateMachineTypeNotSupported for a STANDARD machine, and what `start_execution` raises.
        """
        if machine.type != "EXPRESS":
            raise StateMachineTypeNotSupported(NOT_SYNCHRONOUS)
        live = self.start_execution(machine, input, name=name)
        live.wait()
        return live

    def begin_execution(
        self,
        machine_arn: str,
        input: str,
        *,
        name: str | None,
        clock: Clock,
        sleepers: Sleepers,
        on_output: Callable[[str], None],
        synchronous: bool = False,
    ) -> tuple[str, datetime]:
        """Start an execution for a task of another one; answers with its ARN and when it started.

        input: JSON text. clock, sleepers: of the execution that asks; the new one is on the same clock.
        synchronous: for StartSyncExecution, which raises StateMachineTypeNotSupported for a STANDARD machine.
        Raises InvalidArn, StateMachineDoesNotExist, InvalidExecutionInput and what `start_execution` raises.
        """
        machine = self.describe_state_machine(_machine_arn(machine_arn))
        if synchronous and machine.type != "EXPRESS":
            raise StateMachineTypeNotSupported(NOT_SYNCHRONOUS)
        try:
            payload = Payload.of_text(input)
        except ValueError as fault:
            raise InvalidExecutionInput(f"Invalid State Machine Execution Input: '{fault}'") from None
        live = self.start_execution(
            machine, payload, name=name, clock=clock, sleepers=sleepers, on_output=on_output
        )
        return live.arn, self.describe_execution(live.arn).start_date

    def when_ended(self, arn: str, tell: Callable[[], None]) -> None:
        """Call `tell()` when the execution ends, on the engine's thread; at once if it has."""
        self.execution(arn).when_ended(tell)

    def _run(
        self,
        live: Live,
        clock: Clock,
        limits: Limits,
        compat: Compat,
        mocks: Mocks | None,
        on_output: Callable[[str], None] | None,
        sleepers: Sleepers | None = None,
    ) -> Run:
        machine = live.machine
        tasks: Tasks = self.registry.machine(machine.arn)
        map_data: MapData = BucketData(self.buckets)
        if mocks is not None:
            tasks, map_data = mocks.around(tasks, map_data, clock.now())
        return Run(
            engine=self.engine,
            definition=machine.definition,
            arn=live.arn,
            name=live.name,
            machine_arn=machine.arn,
            machine_name=machine.name,
            role_arn=machine.role_arn,
            region=self.region,
            store=self.store,
            clock=clock,
            executor=self.executor,
            tasks=tasks,
            limits=limits.of_type(machine.type),
            compat=compat,
            map_data=map_data,
            seed=live.name,
            on_end=live.end,
            on_output=_Told(on_output) if on_output is not None else _ignore,
            on_map_run=self.map_runs.opened,
            sleepers=sleepers,
        )

    def execution(self, arn: str) -> Live:
        """Raises ExecutionDoesNotExist."""
        live = self._live.get(arn) or self._child(arn)
        if live is None:
            raise ExecutionDoesNotExist(f"Execution Does Not Exist: '{arn}'")
        return live

    def _child(self, arn: str) -> Live | None:
        """A child execution of a map run, which nobody has asked for yet."""
        found = self.map_runs.child(arn) if "/" in arn else None
        if found is None:
            return None
        map_run, child = found
        parent = self.execution(map_run.run.arn).machine
        processor = map_run.command.processor
        machine = structs.replace(
            parent,
            arn=map_run.machine_arn,
            name=f"{parent.name}/{map_run.label}",
            type=processor.processor_config.execution_type or "STANDARD",
            definition=processor,
        )
        live = Live(arn, child.name, machine)
        live.first = child.started
        child.tell_end(live.end)
        if child.last is None:
            self._live[arn] = live
            live.run = child.run
        return live

    def list_executions(self) -> list[Live]:
        """Newest first."""
        return list(reversed(self._live.values()))

    def describe_execution(self, arn: str) -> ExecutionState:
        """What the execution has come to; raises ExecutionDoesNotExist."""
        live = self.execution(arn)
        if live.first is None:
            first = next(self.store.read(arn))
            assert isinstance(first, ev.ExecutionStarted)  # committed before anybody knew the ARN
            live.first = first
        return state_of(live.first, live.last)

    def get_execution_history(self, arn: str) -> Iterator[ev.Event]:
        """Every event and fact so far, in order; raises ExecutionDoesNotExist."""
        self.execution(arn)
        return self.store.read(arn)

    def stop_execution(self, arn: str, *, error: str | None = None, cause: str | None = None) -> None:
        """End a running execution as ABORTED; one that has ended stays as it is."""
        run = self.execution(arn).run
        if run is not None:
            self.engine.post(run.guard, run.stop, error, cause)

    def abort_execution(self, arn: str) -> None:
        """End an execution that has taken its first turn as ABORTED, now; on the engine's thread only."""
        run = self.execution(arn).run
        if run is not None:
            run.guard(run.stop)


def _resume(run: Run, log: list[ev.Event], answered: SimpleQueue[Exception | None]) -> None:
    """On the engine's thread: what does not fit goes to who asked, and nothing is written."""
    try:
        resume(run, log)
    except Exception as fault:
        answered.put(fault)
    else:
        answered.put(None)


def _machine_arn(text: str) -> str:
    """`text`, if it may be a state machine's ARN; raises InvalidArn in AWS's words (FACTS 12)."""
    if not text.startswith("arn:"):
        raise InvalidArn(f"Invalid Arn: 'Invalid ARN prefix: {text}'")
    kind = (*text.split(":"), *[""] * 5)[5]
    if kind != "stateMachine":
        raise InvalidArn(f"Invalid Arn: 'Resource type not valid in this context: {kind}'")
    return text


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
