"""Step Functions in this process: joins a store, an executor, a clock and the functions that stand
for Resources. Its methods carry the names of the AWS API actions.
"""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Literal

import msgspec

from sfnb.asl.decode import load
from sfnb.asl.machine import Definition
from sfnb.asl.source import Source
from sfnb.engine import events as ev
from sfnb.engine.clock import Clock, RealClock, new_name
from sfnb.engine.execution import ExecutionState, state_of
from sfnb.engine.limits import AWS_LIMITS, Limits
from sfnb.engine.loop import Engine
from sfnb.engine.ports import EventStore, Executor
from sfnb.engine.run import Run
from sfnb.errors import Diagnostic, InvalidInput, SfnbError
from sfnb.executors import EXECUTORS
from sfnb.registry import Registry
from sfnb.stores import STORES
from sfnb.values import Payload, size_bytes


class ExecutionDoesNotExist(SfnbError):
    """No execution has this ARN."""


class StateMachineDoesNotExist(SfnbError):
    """No state machine has this ARN."""


class InvalidName(SfnbError):
    """A name that AWS would not take."""


_NOT_IN_NAMES = re.compile(r"""[\s<>{}\[\]?*"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]""")


def check_name(name: str, what: str = "a state machine") -> str:
    """`name`, if AWS takes it for a state machine or an execution; raises InvalidName.

    Source: AWS API reference, CreateStateMachine, StartExecution.
    """
    bad = _NOT_IN_NAMES.search(name)
    if bad or not 1 <= len(name) <= 80:
        why = f"it holds {bad[0]!r}" if bad else "it has to have 1 to 80 characters"
        raise InvalidName(f"'{name}' is no name for {what}: {why}")
    return name


def usable_name(text: str) -> str:
    """`text`, made a name that AWS takes.

    >>> usable_name("my orders: v2")
    'my-orders--v2'
    """
    return _NOT_IN_NAMES.sub("-", text)[:80] or "machine"


class StateMachineRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A state machine: a definition under a name, with an ARN and a role."""

    arn: str
    name: str
    type: Literal["STANDARD"]
    role_arn: str
    source: Source
    definition: Definition
    warnings: tuple[Diagnostic, ...]
    creation_date: datetime


class Live:
    """An execution of this process: its run while it lasts, and its ends."""

    __slots__ = ("_gate", "arn", "first", "last", "machine", "name", "run")

    def __init__(self, arn: str, name: str, machine: StateMachineRecord) -> None:
        self.arn = arn
        self.name = name
        self.machine = machine
        self.run: Run | None = None
        self.first: ev.ExecutionStarted | None = None
        self.last: ev.Event | None = None
        self._gate = threading.Lock()
        self._gate.acquire()

    def end(self, last: ev.Event) -> None:
        self.last = last
        self.run = None
        self._gate.release()

    def wait(self, timeout_seconds: float | None = None) -> bool:
        """Whether the execution has ended, at the latest after `timeout_seconds`."""
        if not self._gate.acquire(timeout=-1 if timeout_seconds is None else timeout_seconds):
            return False
        self._gate.release()
        return True


class StepFunctions:
    """State machines and their executions.

    store: where events go, in memory by default. clock: makes each execution's clock.
    limits: AWS's own, unless lifted. names: makes the name of an execution that is given none.
    """

    def __init__(
        self,
        *,
        account: str = "123456789012",
        region: str = "us-east-1",
        store: EventStore | None = None,
        executor: Executor | None = None,
        clock: Callable[[], Clock] = RealClock,
        limits: Limits = AWS_LIMITS,
        names: Callable[[], str] = new_name,
    ) -> None:
        self.account = account
        self.region = region
        self.store = store or STORES["memory"]()
        self.engine = Engine()
        self.executor: Executor = executor or EXECUTORS["threads"](loop=lambda: self.engine.loop)
        self.clock = clock
        self.limits = limits
        self.names = names
        self.registry = Registry()
        self._machines: dict[str, StateMachineRecord] = {}
        self._live: dict[str, Live] = {}
        self._unnamed = itertools.count(1)

    # State machines

    def create_state_machine(
        self, *, source: Source, name: str | None = None, role_arn: str | None = None
    ) -> StateMachineRecord:
        """Check a definition and keep it under `name`; a machine of this name gets the new definition,
        for later executions, and keeps its functions.

        Raises DefinitionError with every finding, InvalidName; nothing is changed then.
        """
        definition, warnings = load(source)
        name = check_name(name or self._new_name())
        record = StateMachineRecord(
            arn=self._arn("stateMachine", name),
            name=name,
            type="STANDARD",
            role_arn=role_arn or f"arn:aws:iam::{self.account}:role/sfnb",
            source=source,
            definition=definition,
            warnings=warnings,
            creation_date=self.clock().now(),
        )
        self._machines[record.arn] = record
        return record

    def describe_state_machine(self, arn: str) -> StateMachineRecord:
        """Raises StateMachineDoesNotExist."""
        if arn not in self._machines:
            raise StateMachineDoesNotExist(f"State Machine Does Not Exist: '{arn}'")
        return self._machines[arn]

    def list_state_machines(self) -> list[StateMachineRecord]:
        return list(self._machines.values())

    def _new_name(self) -> str:
        for number in self._unnamed:
            name = "machine" if number == 1 else f"machine-{number}"
            if self._arn("stateMachine", name) not in self._machines:
                return name
        raise AssertionError

    def _arn(self, kind: str, name: str) -> str:
        return f"arn:aws:states:{self.region}:{self.account}:{kind}:{name}"

    # Executions

    def start_execution(
        self,
        machine: StateMachineRecord,
        input: Payload,
        *,
        name: str | None = None,
        clock: Clock | None = None,
        limits: Limits | None = None,
        on_output: Callable[[str], None] | None = None,
    ) -> Live:
        """Start an execution and return at once.

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
        arn = self._arn("execution", f"{machine.name}:{name}")
        if arn in self._live:
            raise InvalidInput(f"Execution Already Exists: '{arn}'")
        live = Live(arn, name, machine)
        run = live.run = self._run(live, clock or self.clock(), limits, on_output)
        run.accept(input)
        self._live[arn] = live
        self.engine.post(run.guard, run.start, input)
        return live

    def _run(self, live: Live, clock: Clock, limits: Limits, on_output: Callable[[str], None] | None) -> Run:
        machine = live.machine
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
            tasks=self.registry.machine(machine.arn),
            limits=limits,
            seed=live.name,
            on_end=live.end,
            on_output=on_output or _ignore,
        )

    def execution(self, arn: str) -> Live:
        """Raises ExecutionDoesNotExist."""
        if arn not in self._live:
            raise ExecutionDoesNotExist(f"Execution Does Not Exist: '{arn}'")
        return self._live[arn]

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

    def close(self) -> None:
        """Stop everything that is running and let the threads go."""
        for live in self._live.values():
            if live.run is not None:
                self.stop_execution(live.arn)
                live.wait()
        self.executor.close()
        self.engine.close()


def _ignore(text: str) -> None:
    """Nobody listens."""
