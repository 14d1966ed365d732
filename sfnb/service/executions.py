"""The actions on executions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from queue import SimpleQueue
from typing import TYPE_CHECKING

from msgspec import structs

from sfnb.engine import events as ev
from sfnb.engine.clock import Clock, JumpClock, new_name
from sfnb.engine.compat import COMPAT, Compat, CompatName
from sfnb.engine.execution import ExecutionState, state_of
from sfnb.engine.limits import Limits
from sfnb.engine.loop import Engine
from sfnb.engine.map_ports import MapData
from sfnb.engine.ports import EventStore, Executor, Tasks
from sfnb.engine.replay import ReplayMismatch
from sfnb.engine.run import Run
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
    InvalidExecutionInput,
    StateMachineTypeNotSupported,
)
from sfnb.values import Payload, size_bytes

if TYPE_CHECKING:
    from sfnb.mocks import Mocks


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

    def start_execution(
        self,
        machine: StateMachineRecord,
        input: Payload,
        *,
        name: str | None = None,
        clock: Clock | None = None,
        limits: Limits | None = None,
        compat: CompatName = "aws",
        mocks: Mocks | None = None,
        on_output: Callable[[str], None] | None = None,
    ) -> Live:
        """Start an execution and return at once.

        compat: what AWS does, or what the States Language says; see `engine.compat`.
        mocks: answers instead of calls.
        on_output: called, on the engine's thread, with what tasks print.
        Raises InvalidInput where the input is too large, InvalidName where AWS would not take `name`.
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
        if arn in self._live:
            raise ExecutionAlreadyExists(f"Execution Already Exists: '{arn}'")
        live = Live(arn, name, machine)
        run = live.run = self._run(live, clock or self.clock(), limits, COMPAT[compat], mocks, on_output)
        live.first = run.accept(input)
        self._live[arn] = live
        self.engine.post(run.guard, run.start, input)
        return live

    def resume_execution(self, machine: StateMachineRecord, name: str, *, clock: Clock | None = None) -> Live:
        """Go on with an execution whose log in the store has no end, where that log stops.

        What had finished is not done again; a task without an answer is called again, with the same key.
        Raises ReplayMismatch where the log does not fit the machine, ExecutionDoesNotExist.
        """
        arn = self._arn("execution", f"{machine.name}:{name}")
        log = list(self.store.read(arn))
        if not log:
            raise ExecutionDoesNotExist(f"Execution Does Not Exist: '{arn}'")
        live = Live(arn, name, machine)
        live.run = self._run(live, clock or self.clock(), self.limits, COMPAT["aws"], None, None)
        answered: SimpleQueue[ReplayMismatch | None] = SimpleQueue()
        self._live[arn] = live
        self.engine.post(_resume, live.run, log, answered)
        mismatch = answered.get()
        if mismatch is not None:
            del self._live[arn]
            raise mismatch
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
            raise StateMachineTypeNotSupported(
                "This operation is not supported by this type of state machine"
            )
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
        on_output: Callable[[str], None],
    ) -> tuple[str, datetime]:
        """Start an execution for a task of another one; answers with its ARN and when it started.

        input: JSON text. clock: of the execution that asks: where it jumps, this one's does too.
        Raises StateMachineDoesNotExist, InvalidExecutionInput and what `start_execution` raises.
        """
        machine = self.describe_state_machine(machine_arn)
        try:
            payload = Payload.of_text(input)
        except ValueError as fault:
            raise InvalidExecutionInput(f"Invalid State Machine Execution Input: '{fault}'") from None
        own = JumpClock(clock.now(), frozen=clock.frozen) if clock.jumps else None
        live = self.start_execution(machine, payload, name=name, clock=own, on_output=on_output)
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
            on_output=on_output or _ignore,
            on_map_run=self.map_runs.opened,
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


def _resume(run: Run, log: list[ev.Event], answered: SimpleQueue[ReplayMismatch | None]) -> None:
    """On the engine's thread: what does not fit goes to who asked, and nothing is written."""
    try:
        run.resume(log)
        answered.put(None)
    except ReplayMismatch as mismatch:
        answered.put(mismatch)


def _ignore(text: str) -> None:
    """Nobody listens."""
