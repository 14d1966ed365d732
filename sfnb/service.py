"""Step Functions in this process: joins a store, an executor, a clock and the functions that stand
for Resources. Its methods carry the names of the AWS API actions.
"""

from __future__ import annotations

import itertools
import math
import re
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from msgspec import structs

from sfnb.asl.decode import load
from sfnb.asl.machine import Definition
from sfnb.asl.source import Source, of_value
from sfnb.asl.validation import Validation, validate_definition
from sfnb.engine import events as ev
from sfnb.engine.activities import ActivityRecord, ActivityTask
from sfnb.engine.clock import Clock, JumpClock, RealClock, new_name
from sfnb.engine.compat import COMPAT, Compat, CompatName
from sfnb.engine.execution import ExecutionState, state_of
from sfnb.engine.limits import AWS_LIMITS, Limits
from sfnb.engine.loop import Engine
from sfnb.engine.map_ports import MapData
from sfnb.engine.ports import AwsSession, EventStore, Executor, Tasks
from sfnb.engine.replay import ReplayMismatch
from sfnb.engine.run import Run
from sfnb.engine.tokens import TaskToken
from sfnb.errors import Diagnostic, InvalidInput, SfnbError
from sfnb.executors import EXECUTORS
from sfnb.items.buckets import Buckets
from sfnb.items.folder import FolderBuckets
from sfnb.items.map_data import BucketData
from sfnb.items.s3 import S3Buckets
from sfnb.map_runs import MapRuns
from sfnb.registry import Registry
from sfnb.stores import STORES
from sfnb.values import EMPTY_OBJECT, Payload, size_bytes

if TYPE_CHECKING:
    from sfnb.asl.commands import InvokeTask
    from sfnb.asl.state import State
    from sfnb.mocks import Mocks
    from sfnb.trial.request import StateTestRequest
    from sfnb.trial.tested import Bench


BUCKETS = "buckets"
"""The folder that stands for S3 unless another is given; it need not exist."""


class ExecutionDoesNotExist(SfnbError):
    """No execution has this ARN."""


class StateMachineDoesNotExist(SfnbError):
    """No state machine has this ARN."""


class ExecutionAlreadyExists(InvalidInput):
    """The name is that of another execution of the machine."""


class InvalidExecutionInput(InvalidInput):
    """A text that is no JSON."""


class StateMachineTypeNotSupported(SfnbError):
    """What is asked for is not to be had of a machine of this type."""


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


MachineType = Literal["STANDARD", "EXPRESS"]


class StateMachineRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A state machine: a definition under a name, with an ARN and a role."""

    arn: str
    name: str
    type: MachineType
    role_arn: str
    source: Source
    definition: Definition
    warnings: tuple[Diagnostic, ...]
    creation_date: datetime


class Live:
    """An execution of this process: its run while it lasts, and its ends."""

    __slots__ = ("_gate", "_watchers", "arn", "first", "last", "machine", "name", "run")

    def __init__(self, arn: str, name: str, machine: StateMachineRecord) -> None:
        self.arn = arn
        self.name = name
        self.machine = machine
        self.run: Run | None = None
        self.first: ev.ExecutionStarted | None = None
        self.last: ev.Event | None = None
        self._watchers: list[Callable[[], None]] = []
        self._gate = threading.Lock()
        self._gate.acquire()

    def end(self, last: ev.Event) -> None:
        self.last = last
        self.run = None
        self._gate.release()
        self._tell()

    @property
    def billed_milliseconds(self) -> int:
        """What AWS would bill of an EXPRESS execution that has ended: full tenths of a second."""
        assert self.first is not None
        assert self.last is not None
        taken = (self.last.timestamp - self.first.timestamp).total_seconds()
        return max(100, math.ceil(taken * 10) * 100)

    def when_ended(self, tell: Callable[[], None]) -> None:
        """Call `tell()` at the end, on the engine's thread; at once if that is past."""
        self._watchers.append(tell)
        if self.last is not None:
            self._tell()

    def _tell(self) -> None:
        watchers = self._watchers
        while watchers:
            try:
                tell = watchers.pop()
            except IndexError:  # the other thread that asked was quicker
                return
            tell()

    def wait(self, timeout_seconds: float | None = None) -> bool:
        """Whether the execution has ended, at the latest after `timeout_seconds`."""
        if not self._gate.acquire(timeout=-1 if timeout_seconds is None else timeout_seconds):
            return False
        self._gate.release()
        return True


class StepFunctions:
    """State machines and their executions.

    store: where events go, in memory by default. clock: makes each execution's clock.
    aws: the way to AWS for tasks that no Python function stands for; None: there is none.
    buckets: what `s3://` means to a Distributed Map; the folder `buckets` where the process runs.
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
        aws: AwsSession | None = None,
        buckets: Buckets | None = None,
    ) -> None:
        self.account = account
        self.region = region
        self.store = store or STORES["memory"]()
        self.engine = Engine()
        self.executor: Executor = executor or EXECUTORS["threads"](loop=lambda: self.engine.loop)
        self.clock = clock
        self.limits = limits
        self.names = names
        self.registry = Registry(aws=aws, executions=self)
        self.buckets: Buckets = buckets or FolderBuckets(BUCKETS)
        self.map_runs = MapRuns()
        self._machines: dict[str, StateMachineRecord] = {}
        self._live: dict[str, Live] = {}
        self._unnamed = itertools.count(1)

    def connect(self, aws: AwsSession) -> None:
        """From now on tasks that no function stands for call AWS, and buckets are S3's."""
        self.registry.aws = aws
        self.buckets = S3Buckets(aws.client("s3", region=self.region))

    # State machines

    def create_state_machine(
        self,
        *,
        source: Source,
        name: str | None = None,
        type: MachineType = "STANDARD",
        role_arn: str | None = None,
    ) -> StateMachineRecord:
        """Check a definition and keep it under `name`; a machine of this name gets the new definition,
        for later executions, and keeps its functions.

        type: an EXPRESS machine runs for five minutes at most, and waits for no job or callback.

        Raises DefinitionError with every finding, InvalidName; nothing is changed then.
        """
        definition, warnings = load(source, type)
        name = check_name(name or self._new_name())
        record = StateMachineRecord(
            arn=self._arn("stateMachine", name),
            name=name,
            type=type,
            role_arn=role_arn or f"arn:aws:iam::{self.account}:role/sfnb",
            source=source,
            definition=definition,
            warnings=warnings,
            creation_date=self.clock().now(),
        )
        self._machines[record.arn] = record
        return record

    def validate_state_machine_definition(self, definition: str, **options: Any) -> Validation:
        """AWS's answer about a definition; nothing is kept. Options: type, severity, max_results."""
        return validate_definition(definition, **options)

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

    def resume_execution(
        self, machine: StateMachineRecord, name: str, *, clock: Clock | None = None
    ) -> Live:
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
            raise StateMachineTypeNotSupported("This operation is not supported by this type of state machine")
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

    # Tasks that are answered from outside

    def send_task_success(self, task_token: str, output: str | Payload) -> None:
        """Answer the task behind a token with JSON text, or with a payload.

        Raises InvalidToken, TaskDoesNotExist, TaskTimedOut (nobody waits any more), InvalidOutput.
        """
        self.registry.tokens.succeed(task_token, output)

    def send_task_failure(self, task_token: str, error: str | None = None, cause: str | None = None) -> None:
        """Fail the task behind a token; raises as `send_task_success` does."""
        self.registry.tokens.fail(task_token, error, cause)

    def send_task_heartbeat(self, task_token: str) -> None:
        """Show that the task is being worked at: its HeartbeatSeconds begin anew."""
        self.registry.tokens.heartbeat(task_token)

    def list_task_tokens(self, execution_arn: str | None = None) -> list[TaskToken]:
        """The tokens that are waited for, oldest first; of one execution, if its ARN is given."""
        return self.registry.tokens.list(execution_arn)

    def create_activity(self, name: str) -> ActivityRecord:
        """An activity of this name, which may have been there before; raises InvalidName."""
        if _NOT_IN_NAMES.search(name) or not 1 <= len(name) <= 80:
            raise InvalidName(f"Invalid Name: '{name}'")
        arn = self._arn("activity", name)
        record = ActivityRecord(arn=arn, name=name, creation_date=self.clock().now())
        return self.registry.activities.create(record)

    def describe_activity(self, arn: str) -> ActivityRecord:
        """Raises ActivityDoesNotExist, InvalidArn."""
        return self.registry.activities.describe(arn)

    def list_activities(self) -> list[ActivityRecord]:
        return self.registry.activities.list()

    def delete_activity(self, arn: str) -> None:
        """Also one that is not there; raises InvalidArn."""
        self.registry.activities.delete(arn)

    def get_activity_task(
        self, activity_arn: str, worker_name: str | None = None, *, wait_seconds: float = 60
    ) -> ActivityTask | None:
        """The next task of an activity; waits for one, in real time, and answers None if none came.

        The worker answers with `send_task_success` or `send_task_failure`.
        Raises ActivityDoesNotExist, InvalidArn.
        """
        return self.registry.activities.take(activity_arn, worker_name, wait_seconds)

    # One state

    def test_state(self, request: StateTestRequest) -> dict[str, Any]:
        """Try one state on an input, and answer as AWS's TestState does; nothing is kept.

        Where there is no mock, a task's call is made. A Wait is not waited for.
        Raises ValidationException, InvalidDefinition, InvalidExecutionInput.
        """
        from sfnb.trial.api import LONGEST, answer

        try:
            payload = Payload.of_text("{}" if request.input is None else request.input)
        except ValueError as fault:
            raise InvalidExecutionInput(f"Invalid State Machine Execution Input: '{fault}'") from None
        return answer(request, payload, self.bench(role_arn=request.role_arn, longest=LONGEST))

    def bench(
        self,
        machine: StateMachineRecord | None = None,
        *,
        mocks: Mocks | None = None,
        on_output: Callable[[str], None] | None = None,
        **options: Any,
    ) -> Bench:
        """What a state of `machine`, or one that no machine has, is tried on; options of the `Bench`."""
        from sfnb.trial.calls import call_for
        from sfnb.trial.tested import Bench

        def call(state: State, command: InvokeTask) -> Payload:
            return call_for(state, command, lambda alone: self._run_once(alone, machine, mocks, on_output))

        return Bench(
            account=self.account,
            region=self.region,
            moment=self.clock().now(),
            call=call,
            **{"limits": self.limits, **options},
        )

    def _run_once(
        self,
        definition: Definition,
        machine: StateMachineRecord | None,
        mocks: Mocks | None,
        on_output: Callable[[str], None] | None,
    ) -> None:
        """Run a definition to its end, as an EXPRESS execution that nobody finds afterwards."""
        name = new_name()
        record = StateMachineRecord(
            arn=self._arn("stateMachine", "TestState") if machine is None else machine.arn,
            name="TestState" if machine is None else machine.name,
            type="EXPRESS",
            role_arn="" if machine is None else machine.role_arn,
            source=of_value({}),
            definition=definition,
            warnings=(),
            creation_date=self.clock().now(),
        )
        live = Live(self._execution_arn(record, name), name, record)
        run = live.run = self._run(live, self.clock(), self.limits, COMPAT["aws"], mocks, on_output)
        run.accept(EMPTY_OBJECT)
        self.engine.post(run.guard, run.start, EMPTY_OBJECT)
        try:
            while not live.wait(0.1):
                """A wait without an end could not be interrupted."""
        except BaseException:
            self.engine.post(run.guard, run.stop)
            raise
        self.store.forget(live.arn)

    def close(self) -> None:
        """Stop everything that is running and let the threads go."""
        for live in self._live.values():
            if live.run is not None:
                self.stop_execution(live.arn)
                live.wait()
        self.executor.close()
        self.engine.close()


def _resume(run: Run, log: list[ev.Event], answered: SimpleQueue[ReplayMismatch | None]) -> None:
    """On the engine's thread: what does not fit goes to who asked, and nothing is written."""
    try:
        run.resume(log)
        answered.put(None)
    except ReplayMismatch as mismatch:
        answered.put(mismatch)


def _ignore(text: str) -> None:
    """Nobody listens."""
