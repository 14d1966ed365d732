"""What the engine needs from outside, as protocols: nothing has to inherit to fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol

import msgspec

from sfnb.engine.activities import Activities
from sfnb.engine.clock import Clock
from sfnb.engine.events import Event
from sfnb.engine.execution import ExecutionState
from sfnb.engine.records import ExecutionFilter, ExecutionRecord
from sfnb.engine.sleepers import Sleepers
from sfnb.engine.tokens import TaskTokens
from sfnb.errors import StatesError
from sfnb.values import Payload


class Append(msgspec.Struct, frozen=True):
    """Events to add to one stream, if it holds `after` records."""

    execution: str
    events: Sequence[Event]
    after: int


TRIGGER = "trigger"
"""The kind of resource that a trigger is."""


class Resource(NamedTuple):
    """A thing that is kept and is no execution; data: what is known of it."""

    arn: str
    kind: str
    data: bytes


class EventStore(Protocol):
    """An append-only log, one stream of records per execution (named by its ARN). From any thread.

    durable: what is appended outlives the process.
    """

    durable: bool

    def append(self, execution: str, events: Sequence[Event], *, after: int) -> None:
        """Add `events` in one transaction if the stream holds `after` records.

        Raises StaleAppend when another writer got there first, or has taken the execution over; StoreFault
        when nothing can be written. Nothing is written then.
        """

    def append_all(self, appends: Sequence[Append]) -> None:
        """The same for several streams, each of them once: all in one transaction, or nothing."""

    def read(self, execution: str, *, after: int = 0) -> Iterator[Event]:
        """The records of one stream in order, leaving out the first `after`; a page at a time."""

    def read_back(self, execution: str) -> Iterator[Event]:
        """The records of one stream, the last one first; a page at a time."""

    def forget(self, execution: str) -> None:
        """Drop a stream; nothing happens where there is none."""

    def executions(self) -> Sequence[str]:
        """Every stream's name, oldest first."""

    def find(self, execution: str) -> ExecutionRecord | None:
        """What is known of an execution; None where there is no such stream."""

    def list(self, wanted: ExecutionFilter) -> Sequence[ExecutionRecord]:
        """Executions, newest first."""

    def map_runs(self, execution: str) -> Sequence[str]:
        """The ARNs of the map runs that an execution's log tells of."""

    def opener(self, map_run: str) -> str | None:
        """The execution that opened a map run; None where no log tells of it."""

    def claim(self, execution: str) -> None:
        """Make it ours to append to; raises ExecutionOwned where another process that lives has it."""

    def keep_definition(self, text: str) -> str:
        """Keep the text of a definition; answers with its key, equal for equal texts."""

    def definition(self, key: str) -> str:
        """The text under a key; raises KeyError."""

    def keep_resource(self, arn: str, kind: str, data: bytes) -> None:
        """Keep what is known of a thing that is no execution, as of a state machine, instead of what was."""

    def drop_resource(self, arn: str) -> None:
        """Forget it; nothing happens where there is none."""

    def change_resources(self, *, keep: Sequence[Resource] = (), drop: Sequence[str] = ()) -> None:
        """Keep these and forget those, in one transaction."""

    def hold_resource(self, arn: str) -> str | None:
        """Make it ours for as long as this process lives; else who it is that lives and holds it."""

    def release_resource(self, arn: str) -> None:
        """Hold it no more, if it is ours."""

    def resource(self, arn: str) -> bytes | None:
        """What is known of a thing; None where nothing is."""

    def resources(self, kind: str) -> Sequence[bytes]:
        """All of a kind, in the order in which each was kept first."""

    def close(self) -> None:
        """Let go of files and locks; executions without an end are nobody's then."""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A Python function to run on a JSON argument.

    name: the task's name, for messages and thread names.
    key: unique in the log and the same when the call is repeated after a crash.
    resource: the ARN or name as the definition has it, for Lambda's `context`.
    timeout_seconds: how long the caller will wait, None for as long as it takes.
    now, wait_until: the execution's clock, so that `sfnb.sleep` and Lambda's remaining time follow it.
        wait_until(moment, wake) calls `wake()` at `moment` and tells the clock that the call is only
        waiting, until then; it returns a function that gives the wait up. From any thread.
    """

    name: str
    function: Callable[..., Any]
    argument: Payload
    key: str
    resource: str
    timeout_seconds: float | None
    now: Callable[[], datetime]
    wait_until: Callable[[datetime, Callable[[], None]], Callable[[], None]]


class Report(Protocol):
    """Where a running call says how it goes. Every method may be called from any thread."""

    def succeeded(self, answer: Payload) -> None: ...

    def failed(self, error: str, message: str, trace: Sequence[str]) -> None:
        """The function raised: `error` is the exception's class name, `message` its text, `trace`
        the stack as Python's `traceback.format_tb` gives it, of the user's own frames."""

    def refused(self, error: str, cause: str | None) -> None:
        """The function raised `TaskError`: Error and Cause are to be taken as they are."""

    def heartbeat(self) -> None: ...

    def printed(self, text: str) -> None: ...


class JobReport(Report, Protocol):
    """The same where it is told how a job goes, which has begun elsewhere."""

    def wait_until(self, moment: datetime, wake: Callable[[], None]) -> Callable[[], None]:
        """Call `wake()` at `moment` of the execution's clock, on the engine's thread. Until then nothing
        runs here, and a clock that jumps may jump there; from then on it may not. Answers with what gives
        the wait up. From any thread."""


class Handle(Protocol):
    """A call under way."""

    def cancel(self) -> None:
        """Nobody waits any more: ask the task to stop (`sfnb.cancelled()`); its answer is dropped."""


class Executor(Protocol):
    """Where calls run.

    `submit` returns at once, or runs the call at once; the outcome goes to `report`: exactly one of
    `succeeded`, `failed` and `refused`, even when the call was cancelled (the engine drops it).
    Raises RuntimeError after `close`.
    """

    def submit(self, call: Call, report: Report) -> Handle: ...

    def close(self) -> None:
        """Let every thread go; calls under way are abandoned."""


Recorded = tuple[type[Event], dict[str, Any]]
"""An event to write: its class and its details."""


class TaskCall(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt of a Task state, as integrations see it.

    request_id: a UUID drawn from the log's key. moment: when it was scheduled.
    execution, machine: the ARNs of what calls. role_arn: the machine's role; "" where there is none.
    token: the attempt's task token, where it has one.
    clock: the execution's. sleepers: who else is on it. on_output: where an execution started by this
        call sends what is printed.
    """

    resource: str
    payload: Payload
    region: str
    account: str
    request_id: str
    moment: datetime
    timeout_seconds: int | None
    heartbeat_seconds: int | None
    credentials: dict[str, Any] | None
    execution: str
    machine: str
    token: str | None
    clock: Clock
    sleepers: Sleepers
    on_output: Callable[[str], None]
    role_arn: str = ""


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """How a call is made: `function` is given `argument` by the executor.

    stands_in: it is a user's function, whose answer the integration makes a result of; else the answer
        is the result as it is.
    follow: for a call that only begins a job: given the answer, it begins to wait for the job's end,
        which goes to the report; its handle stops the job. On the engine's thread. The job has to be on
        the call's clock, which may jump in the meantime. None where the function itself is the job.
    """

    name: str
    function: Callable[..., Any]
    argument: Payload
    stands_in: bool = False
    follow: Callable[[Payload, JobReport], Handle] | None = None


class Queued(msgspec.Struct, frozen=True):
    """The call waits in its activity's queue until a worker takes it."""


class AwsSession(Protocol):
    """The way to AWS."""

    @property
    def place(self) -> str:
        """Where calls go, in a few words."""

    @property
    def in_process(self) -> bool:
        """It ends with this process: what else is in it comes before."""

    def model(self, service: str) -> Any:
        """botocore's model of `service`; asks nobody. Raises botocore's UnknownServiceError."""

    def client(
        self, service: str, *, region: str, role_arn: str | None = None, only: str | None = None
    ) -> Any:
        """A boto3 client of `service` (botocore's name); from any thread."""

    def credentials(self, *, region: str, role_arn: str | None = None) -> Any:
        """botocore's credentials, None where there are none; from any thread."""


class Executions(Protocol):
    """Step Functions in this process, for tasks that start executions.

    Refusals are exceptions whose class is called as AWS's error, with AWS's message.
    """

    def begin_execution(
        self,
        machine_arn: str,
        input: str,
        *,
        name: str | None,
        token: str,
        clock: Clock,
        sleepers: Sleepers,
        on_output: Callable[[str], None],
        synchronous: bool = False,
    ) -> tuple[str, datetime]:
        """Start an execution on the clock of who asks; answers with its ARN and when it started.

        token: the same when the task is repeated; names the execution where nothing else does.
        synchronous: as StartSyncExecution does, which takes EXPRESS machines alone.
        """

    def describe_execution(self, arn: str) -> ExecutionState: ...

    def abort_execution(self, arn: str) -> None:
        """End it as ABORTED before this returns; on the engine's thread."""

    def when_ended(self, arn: str, tell: Callable[[], None]) -> None:
        """Call `tell()` once the execution has ended, on the engine's thread; at once if it has."""


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """What a machine's role is used for besides the calls of tasks: an action on a resource.

    action: `s3:GetObject`. resource: an ARN. role_arn, machine: of what does it, as in `TaskCall`.
    context: what a condition of a policy may ask about, by condition key.
    """

    action: str
    resource: str
    role_arn: str
    machine: str
    region: str
    moment: datetime
    context: tuple[tuple[str, str], ...] = ()


class Permissions(Protocol):
    """The roles whose policies are known here."""

    def refusal(self, call: TaskCall) -> StatesError | None:
        """Why the role of what calls may not make the call; None where it may, or is not known."""

    def denial(self, access: Access) -> StatesError | None:
        """The same of anything else, as the service fails that it is asked of: S3 by its error code."""


class World(Protocol):
    """What integrations can reach. aws: None offline. executions: None where there is no service.

    step_functions: Step Functions' own API, for what `executions` does not say.
    connections: those of HTTP Tasks that this process has itself, by name.
    exchanges: by the ARNs of executions that want to know it, what their HTTP Tasks say and hear.
    """

    aws: AwsSession | None
    step_functions: AwsSession | None
    executions: Executions | None
    tokens: TaskTokens
    activities: Activities

    def way(self, service: str) -> AwsSession | None:
        """The way to a service, by botocore's name: some are in this process; None where there is none."""

    @property
    def connections(self) -> Mapping[str, Any]: ...
    @property
    def exchanges(self) -> Mapping[str, list[Any]]: ...


class Integration(Protocol):
    """What a kind of Resource means: how a call is recorded, what it is given, what its answer becomes."""

    def function_name(self, call: TaskCall) -> str | None:
        """The name under which a Python function may stand for what is called."""

    def argument(self, call: TaskCall) -> Payload:
        """What such a function is given; raises EvaluationError where the parameters will not do."""

    def reach(self, call: TaskCall, world: World) -> Work | Queued | None:
        """How to call the thing itself; None where there is no way, as offline.

        Raises EvaluationError where the parameters will not do: then nothing has been scheduled.
        """

    def submits(self, call: TaskCall) -> bool:
        """Whether the call's answer only says that the work has begun: its result comes later."""

    def scheduled(self, call: TaskCall) -> Recorded: ...

    def started(self, call: TaskCall) -> Recorded: ...

    def submitted(self, call: TaskCall, answer: Payload) -> Recorded: ...

    def result(self, call: TaskCall, answer: Payload) -> Payload:
        """The state's result, made of the function's answer."""

    def succeeded(self, call: TaskCall, result: Payload) -> Recorded: ...

    def cause(self, call: TaskCall, error: str, message: str, trace: Sequence[str]) -> str:
        """The Cause of a failure that is a Python exception."""

    def failed(self, call: TaskCall, failure: StatesError) -> Recorded: ...

    def timed_out(self, call: TaskCall, failure: StatesError) -> Recorded: ...

    def missing(self, call: TaskCall) -> StatesError:
        """The failure where nothing stands for what is called."""

    def label(self, call: TaskCall) -> str:
        """What AWS calls it in a message."""


class Tasks(Protocol):
    """Which integration a Resource belongs to, and what does its calls."""

    @property
    def tokens(self) -> TaskTokens: ...
    @property
    def activities(self) -> Activities: ...

    def integration(self, resource: str) -> Integration: ...

    def answer(self, state: str, call: TaskCall, attempt: int) -> Payload | StatesError | None:
        """The answer that is given without a call, as by a mock; None where the call is to be made.

        attempt: 0, or how often the state has been retried. A Payload is the state's result as it is.
        """

    def work(self, state: str, call: TaskCall, integration: Integration) -> Work | Queued | None:
        """How the call is made: by the function that stands for it, else for real; None: not at all.

        Raises EvaluationError before anything is scheduled, StatesError for a call that is refused.
        """
